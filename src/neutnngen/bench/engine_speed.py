"""Speed of the engines, side by side in one process with a plain compiled loop as the yardstick: interleaved rounds, ratios of medians.

Every case first proves that all give equal results (rule A2); only then is it timed. Both are timed as a user calls them: the engine with
its checks, the yardstick with the allocation of its results. Compiling and the engine's opening of a Design are not timed.
"""

from __future__ import annotations

import functools
import platform
import statistics
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.bench.peer_speed import bench_peers
from neutnngen.bench.workloads import Work, columns_work, dendritic_work
from neutnngen.engine import get_engine
from neutnngen.engine.compiled import kernel_laws
from neutnngen.errors import CheckFailed
from neutnngen.spec import NO_SPIKE, as_classic

FORMAT = "neutnngen-bench-engine"
VERSION = "2.0"
YARDSTICK = "yardstick"

Tell = Callable[[int, int], None]


class PlainRun:
    """The yardstick on classic columns with lines of their own, with the parts of a session that the benchmark uses."""

    def __init__(self, work: Work) -> None:
        layer, state = work.design.network.layers[0], work.design.state.layers[0]
        column = as_classic(layer.column)
        assert column is not None
        self.column, self.laws = column, kernel_laws(column)
        self.weights = state.distal.reshape(layer.columns, column.neurons, column.inputs).copy()
        self.exists = state.distal_mask.reshape(self.weights.shape).copy()
        self.lfsr = state.lfsr.copy()
        self.waves = np.ascontiguousarray(work.waves.reshape(len(work.waves), layer.columns, column.inputs).transpose(1, 0, 2))
        self.learn = np.full(len(work.waves), work.learn)

    def run(self) -> NDArray[np.uint8]:
        """Output times (column, wave, neuron)."""
        from neutnngen.bench.yardstick import plain_columns

        columns, count = self.waves.shape[:2]
        outputs = np.full((columns, count, self.column.neurons), NO_SPIKE, dtype=np.uint8)
        plain_columns(
            self.column.horizon, self.column.threshold, self.column.w_max, self.column.lfsr.width, *self.laws[1:], self.weights,
            self.exists, self.waves, self.learn, self.lfsr, outputs,
        )  # fmt: skip
        return outputs


class Runner:
    """One way to do a work; ``run`` does all its waves and goes on from the state where it stands."""

    def __init__(self, label: str, work: Work, engine: str = "compiled", threads: int | None = 1, device: str = "cpu") -> None:
        self.label, self.work = label, work
        self.plain = PlainRun(work) if label == YARDSTICK else None
        self.session = None if self.plain else get_engine(engine, threads=threads, device=device).open(work.design)

    def run(self) -> Any:
        """Do the waves; the yardstick's outputs or the session's Result."""
        if self.plain is not None:
            return self.plain.run()
        assert self.session is not None
        return self.session.run(self.work.waves, self.work.learn, enable=self.work.enable)

    def results(self) -> tuple[NDArray[Any], ...]:
        """``run``, then outputs (wave, line), weights and random states, the same for all runners."""
        columns, count = self.work.design.network.layers[0].columns, len(self.work.waves)
        if self.plain is not None:
            outputs = self.run().transpose(1, 0, 2).reshape(count, -1)
            return outputs, self.plain.weights.reshape(columns, -1).copy(), self.plain.lfsr.copy()
        assert self.session is not None
        outputs = self.run().outputs
        state = self.session.state().layers[0]
        return outputs, state.distal.reshape(columns, -1), state.lfsr


def compare(name: str, runners: list[Runner], rounds: int) -> tuple[dict[str, list[float]], NDArray[np.uint8]]:
    """Seconds of every runner in ``rounds`` interleaved rounds, after a round that proves the results equal, and its outputs.

    Raises CheckFailed, naming the case, if two results differ.
    """
    first: tuple[NDArray[Any], ...] | None = None
    for runner in runners:
        result = runner.results()
        if first is None:
            first = result
        elif not all(np.array_equal(a, b) for a, b in zip(first, result, strict=True)):
            raise CheckFailed(f"benchmark case {name}: {runner.label} differs from {runners[0].label}", allowed="equal results (rule A2)")
    assert first is not None
    seconds: dict[str, list[float]] = {runner.label: [] for runner in runners}
    for _ in range(rounds):
        for runner in runners:
            start = time.perf_counter()
            runner.run()
            seconds[runner.label].append(time.perf_counter() - start)
    return seconds, first[0]


def measure(work: Work, runners: list[Runner], rounds: int) -> dict[str, Any]:
    """One case: seconds, rates, and ratios to the yardstick if it is among the runners."""
    seconds, outputs = compare(work.name, runners, rounds)
    medians = {label: statistics.median(values) for label, values in seconds.items()}
    layer, count = work.design.network.layers[0], len(work.waves)
    fired = outputs[outputs != NO_SPIKE]
    plain = medians.get(YARDSTICK)
    return {
        "case": work.name,
        "columns": layer.columns,
        "inputs": layer.column.inputs,
        "synapses": work.design.synapses,
        "waves": count,
        "spikes_per_column_and_wave": float(fired.size / max(1, count * layer.columns)),
        "mean_firing_clock": float(fired.mean()) if fired.size else None,
        "seconds": seconds,
        "median_seconds": medians,
        "microseconds_per_wave": {label: 1e6 * m / count for label, m in medians.items()},
        "waves_per_second": {label: count / m for label, m in medians.items()},
        "synapses_per_second": {label: work.design.synapses * count / m for label, m in medians.items()},
        "ratio_to_yardstick": {} if plain is None else {label: plain / m for label, m in medians.items() if label != YARDSTICK},
    }


def _classic(work: Work, threads: int, rounds: int) -> dict[str, Any]:
    runners = [Runner(YARDSTICK, work), Runner("compiled", work)]
    runners += [Runner(f"compiled, {n} threads", work, threads=n) for n in range(2, threads + 1)]
    return measure(work, runners, rounds)


def _dendritic(work: Work, threads: int, rounds: int) -> dict[str, Any]:
    return measure(
        work, [Runner("compiled" if n == 1 else f"compiled, {n} threads", work, threads=n) for n in range(1, threads + 1)], rounds
    )


def _curve_case(name: str, inputs: int, neurons: int, count: int, rounds: int) -> dict[str, Any]:
    return _classic(columns_work(name, 1, inputs, neurons, count, "graded", True), 1, rounds)


def full_pass(work: Work, waves: int) -> dict[str, Any]:
    """Seconds for one training pass of at least ``waves`` waves (the work's, over and over) on all threads."""
    runner = Runner("compiled", work, threads=None)
    times = -(-waves // len(work.waves))
    start = time.perf_counter()
    for _ in range(times):
        runner.run()
    return {"case": work.name, "waves": times * len(work.waves), "seconds": time.perf_counter() - start}


def machine() -> dict[str, Any]:
    """What the figures were taken on."""
    import numba

    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
        model = names[0] if names else model
    return {"cpu": model, "cores": int(numba.config.NUMBA_NUM_THREADS), "numba": numba.__version__, "python": platform.python_version()}


def training_memory(work: Work) -> dict[str, Any]:
    """Bytes per synapse while training, the Design's own arrays included, its waves and their results not."""
    few = Work(work.name, work.design, work.waves[:1], work.learn, None if work.enable is None else work.enable[:1])
    own = sum(0 if 0 in a.strides and a.size > 1 else a.nbytes for _, a in work.design.state.arrays())  # a view of one element is no memory
    Runner("compiled", few).run()  # so that no compilation is counted
    tracemalloc.start()
    try:
        Runner("compiled", few).run()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    total = peak + own
    return {"case": work.name, "synapses": work.design.synapses, "bytes": total, "bytes_per_synapse": total / work.design.synapses}


def cuda_cases(works: list[Work], rounds: int) -> dict[str, Any]:
    """The torch engine on a CUDA device, with the share of the memory's rate that reading every weight once per wave comes to."""
    import torch

    if not torch.cuda.is_available():
        return {"measured": False, "reason": "no CUDA device on this machine"}
    block = torch.empty(1 << 28, dtype=torch.uint8, device="cuda")
    target = torch.empty_like(block)
    target.copy_(block)
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(10):
        target.copy_(block)
    torch.cuda.synchronize()
    rate = 20 * block.numel() / (time.perf_counter() - start)
    entries = []
    for work in works:
        entry = measure(work, [Runner("compiled", work, threads=None), Runner("torch, cuda", work, engine="torch", device="cuda")], rounds)
        entry["share_of_memory_rate"] = entry["synapses_per_second"]["torch, cuda"] / rate
        entries.append(entry)
    return {"measured": True, "device": torch.cuda.get_device_name(), "memory_bytes_per_second": rate, "cases": entries}


def _beside_peers(case: dict[str, Any], waves: NDArray[np.uint8], rounds: int, say: Callable[[str], None] | None) -> list[dict[str, Any]]:
    """The peers' entries on the same work, with how many times as fast the compiled engine was in ``case``."""
    ours = case["waves_per_second"]["compiled"]
    entries = bench_peers(waves, rounds, tell=say)
    return [{**e, "engine_ratio": ours / e["samples_per_second"] if e["measured"] else None} for e in entries]


def bench_engine(
    quick: bool = False, tell: Tell | None = None, *, peers: bool = False, say: Callable[[str], None] | None = None
) -> dict[str, Any]:
    """Measure all cases; JSON values with format, version, machine, cases, curve (cost by number of synapses), full_pass (as many
    waves as MNIST has images), memory, cuda and peers.

    quick: fewer waves, three rounds, the curve only to 10^5 synapses. tell: called with (done, total) after every case. peers: also other
    simulators (see ``bench_peers``); say: told before each of their installations and runs. Every entry holds medians, ratios and all
    single seconds. Raises CheckFailed if engines and yardstick differ anywhere.
    """
    rounds, share = (3, 10) if quick else (7, 1)
    threads = min(2, int(machine()["cores"]))
    sizes = [10**k for k in range(3, 6 if quick else 8)]
    cases: list[Callable[[], dict[str, Any]]] = [
        lambda: _classic(columns_work("784×64, 8 input times, online STDP", 1, 784, 64, 3000 // share, "graded", True), 1, rounds),
        lambda: _classic(columns_work("784×64, 8 input times, inference", 1, 784, 64, 3000 // share, "graded", False), 1, rounds),
        lambda: _classic(columns_work("784×64, all spikes at 0, online STDP", 1, 784, 64, 3000 // share, "posneg", True), 1, rounds),
        lambda: _classic(columns_work("784×64, all spikes at 0, inference", 1, 784, 64, 3000 // share, "posneg", False), 1, rounds),
        lambda: _classic(columns_work("625 columns 32×12, online STDP", 625, 32, 12, 400 // share, "graded", True), threads, rounds),
        lambda: _dendritic(dendritic_work("576 × 10 × 24 × 18 dendritic, enabled learning", 2000 // share, True), threads, rounds),
        lambda: _dendritic(dendritic_work("576 × 10 × 24 × 18 dendritic, inference", 2000 // share, False), threads, rounds),
    ]
    curve: list[Callable[[], dict[str, Any]]] = []
    for size in sizes:
        neurons = round(size**0.5 / 4)
        count = min(max(100_000_000 // share // size, 20), 5000)
        curve.append(functools.partial(_curve_case, f"{size:.0e} synapses", round(size / neurons), neurons, count, rounds))
    done = []
    for job in [*cases, *curve]:
        done.append(job())
        if tell is not None:
            tell(len(done), len(cases) + len(curve))
    online = columns_work("784×64, 8 input times, online STDP", 1, 784, 64, 200, "graded", True)
    layers = [dendritic_work("576 × 10 × 24 × 18 dendritic, enabled learning", 200, True)]
    layers += [columns_work("4000×256, 8 input times, online STDP", 1, 4000, 256, 200, "graded", True)]
    return {
        "format": FORMAT,
        "version": VERSION,
        "machine": machine(),
        "rounds": rounds,
        "cases": done[: len(cases)],
        "curve": done[len(cases) :],
        "full_pass": full_pass(dendritic_work("576 × 10 × 24 × 18 dendritic, enabled learning", 2000 // share, True), 60_000 // share),
        "memory": [training_memory(work) for work in layers],
        "cuda": cuda_cases(layers, rounds),
        "peers": _beside_peers(done[0], online.waves, rounds, say) if peers else [],
    }
