"""Speed of the compiled engine next to the yardstick: in one process, in interleaved rounds, as ratios of medians.

Every case first proves that both give equal results (rule A2); only then is it timed. Both are timed as a user calls them: the
engine with its checks and layout conversions, the yardstick with the allocation of its results. Compiling is not timed.
"""

from __future__ import annotations

import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from neutnngen.engine import CompiledEngine
from neutnngen.engine.compiled import ColumnBank, kernel_laws
from neutnngen.errors import CheckFailed
from neutnngen.spec import NO_SPIKE, ColumnSpec, Design

FORMAT = "neutnngen-bench-engine"
VERSION = "1.0"

Code = Literal["graded", "posneg"]
Results = tuple[Any, ...]
Tell = Callable[[int, int], None]


def make_waves(rng: np.random.Generator, count: int, inputs: int, t_in_max: int, code: Code) -> NDArray[np.uint8]:
    """Waves around ten patterns, (wave, input) uint8.

    graded: every line spikes, at a pattern's time moved by -1, 0 or 1. posneg: a line spikes at 0 or not at all, half of each in a
    pattern, of which one line in ten is turned over.
    """
    patterns = rng.integers(0, t_in_max + 1 if code == "graded" else 2, (10, inputs))
    waves = patterns[rng.integers(0, 10, count)]
    if code == "graded":
        return np.clip(waves + rng.integers(-1, 2, waves.shape), 0, t_in_max).astype(np.uint8)
    return np.where(waves ^ (rng.random(waves.shape) < 0.1), NO_SPIKE, 0).astype(np.uint8)


def make_design(rng: np.random.Generator, inputs: int, neurons: int) -> Design:
    """A column with the default plasticity and random weights, that fires about half-way through a wave."""
    column = ColumnSpec(inputs, neurons, threshold=inputs)
    weights = rng.integers(0, column.w_max + 1, (neurons, inputs)).astype(np.uint8)
    return Design("bench", column, weights, np.ones(weights.shape, dtype=bool), int(rng.integers(1, 1 << 31)))


def plain_run(designs: list[Design], waves: NDArray[np.uint8], learn: bool) -> Results:
    """The yardstick on columns of one kind from the Designs' states; waves: (column, wave, input).

    Returns outputs, winners, random states and final weights, all with the columns first.
    """
    from neutnngen.bench.yardstick import plain_columns

    column, laws = designs[0].column, kernel_laws(designs[0].column)
    columns, count = waves.shape[:2]
    weights = np.stack([d.weights for d in designs])
    exists = np.stack([d.mask for d in designs])
    state = np.array([d.lfsr_state for d in designs], dtype=np.uint64)
    outputs = np.full((columns, count, column.neurons), NO_SPIKE, dtype=np.uint8)
    winners = np.empty((columns, count), dtype=np.int32)
    states = np.empty((columns, count), dtype=np.uint64)
    plain_columns(
        column.horizon, column.threshold, column.w_max, column.lfsr.width, *laws[1:], weights, exists, waves, np.full(count, learn), state,
        outputs, winners, states,
    )  # fmt: skip
    return outputs, winners, states, weights


def compiled_run(design: Design, waves: NDArray[np.uint8], learn: bool) -> Results:
    """The engine on one column, in the form of ``plain_run``."""
    trace = CompiledEngine().run(design, waves, learn)
    return trace.outputs[None], trace.winners[None], trace.lfsr[None], trace.final.weights[None]


def bank_run(designs: list[Design], waves: NDArray[np.uint8], learn: bool, threads: int) -> Results:
    """The engine on many columns, in the form of ``plain_run``."""
    bank = ColumnBank(designs)
    return (*bank.run(waves, learn, threads=threads), bank.weights())


def compare(name: str, runs: dict[str, Callable[[], Results]], rounds: int) -> tuple[dict[str, list[float]], Results]:
    """Seconds of every run in ``rounds`` interleaved rounds, after a round that proves the results equal, and these results.

    Raises CheckFailed, naming the case, if two results differ.
    """
    first: Results | None = None
    for label, run in runs.items():
        result = run()
        if first is None:
            first = result
        elif not all(np.array_equal(a, b) for a, b in zip(first, result, strict=True)):
            raise CheckFailed(f"benchmark case {name}: {label} differs from the yardstick", allowed="equal results (rule A2)")
    assert first is not None
    seconds: dict[str, list[float]] = {label: [] for label in runs}
    for _ in range(rounds):
        for label, run in runs.items():
            start = time.perf_counter()
            run()
            seconds[label].append(time.perf_counter() - start)
    return seconds, first


def _entry(
    name: str, designs: list[Design], waves: NDArray[np.uint8], runs: dict[str, Callable[[], Results]], rounds: int
) -> dict[str, Any]:
    """One case measured: seconds, ratios, rates; see ``bench_engine``."""
    seconds, result = compare(name, runs, rounds)
    medians = {label: statistics.median(values) for label, values in seconds.items()}
    count = waves.shape[1]
    synapses = sum(d.synapses for d in designs)
    winners = result[1]
    fired = result[0].min(axis=-1)[winners >= 0]
    return {
        "case": name,
        "columns": len(designs),
        "inputs": designs[0].column.inputs,
        "neurons": designs[0].column.neurons,
        "synapses": synapses,
        "waves": count,
        "fired_share": float((winners >= 0).mean()),
        "mean_firing_clock": float(fired.mean()) if fired.size else None,
        "seconds": seconds,
        "median_seconds": medians,
        "microseconds_per_wave": {label: 1e6 * m / count for label, m in medians.items()},
        "synapses_per_second": {label: synapses * count / m for label, m in medians.items()},
        "ratio_to_yardstick": {label: medians["yardstick"] / m for label, m in medians.items() if label != "yardstick"},
    }


def _single(name: str, inputs: int, neurons: int, count: int, code: Code, learn: bool, rounds: int) -> dict[str, Any]:
    rng = np.random.default_rng(7)
    design = make_design(rng, inputs, neurons)
    waves = make_waves(rng, count, inputs, design.column.t_in_max, code)
    runs: dict[str, Callable[[], Results]] = {
        "yardstick": lambda: plain_run([design], waves[None], learn),
        "compiled": lambda: compiled_run(design, waves, learn),
    }
    return _entry(name, [design], waves[None], runs, rounds)


def _many(columns: int, count: int, threads: int, rounds: int) -> dict[str, Any]:
    rng = np.random.default_rng(8)
    designs = [make_design(rng, 32, 12) for _ in range(columns)]
    waves = np.stack([make_waves(rng, count, 32, designs[0].column.t_in_max, "graded") for _ in designs])
    runs: dict[str, Callable[[], Results]] = {"yardstick": lambda: plain_run(designs, waves, True)}
    for n in range(1, threads + 1):
        runs["compiled" if n == 1 else f"compiled, {n} threads"] = lambda n=n: bank_run(designs, waves, True, n)  # type: ignore[misc]
    return _entry(f"c: {columns} columns 32×12, online STDP", designs, waves, runs, rounds)


def machine() -> dict[str, Any]:
    """What the figures were taken on."""
    import numba

    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
        model = names[0] if names else model
    return {"cpu": model, "cores": int(numba.config.NUMBA_NUM_THREADS), "numba": numba.__version__, "python": platform.python_version()}


def bench_engine(quick: bool = False, tell: Tell | None = None) -> dict[str, Any]:
    """Measure all cases; JSON values with format, version, machine, cases and curve (cost by number of synapses).

    quick: fewer waves, three rounds, the curve only to 10^5 synapses. tell: called with (done, total) after every case. Every entry
    holds medians, ratios and all single seconds. Raises CheckFailed if the engine and the yardstick differ anywhere.
    """
    rounds, share = (3, 10) if quick else (7, 1)
    threads = min(2, int(machine()["cores"]))
    sizes = [10**k for k in range(3, 6 if quick else 8)]
    jobs: list[Callable[[], dict[str, Any]]] = [
        lambda: _single("a: 784×64, 8 input times, online STDP", 784, 64, 3000 // share, "graded", True, rounds),
        lambda: _single("a: 784×64, 8 input times, inference", 784, 64, 3000 // share, "graded", False, rounds),
        lambda: _single("b: 784×64, all spikes at 0, online STDP", 784, 64, 3000 // share, "posneg", True, rounds),
        lambda: _single("b: 784×64, all spikes at 0, inference", 784, 64, 3000 // share, "posneg", False, rounds),
        lambda: _many(625, 400 // share, threads, rounds),
    ]
    for size in sizes:
        neurons = round(size**0.5 / 4)
        inputs = round(size / neurons)
        count = min(max(100_000_000 // share // size, 20), 5000)
        jobs.append(lambda s=size, p=inputs, q=neurons, c=count: _single(f"d: {s:.0e} synapses", p, q, c, "graded", True, rounds))  # type: ignore[misc]
    entries = []
    for done, job in enumerate(jobs, start=1):
        entries.append(job())
        if tell is not None:
            tell(done, len(jobs))
    cases = len(jobs) - len(sizes)
    return {
        "format": FORMAT,
        "version": VERSION,
        "machine": machine(),
        "rounds": rounds,
        "cases": entries[:cases],
        "curve": entries[cases:],
    }
