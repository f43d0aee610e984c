"""Waves a minute of a learning column in RTL against the simulator: compiled by Verilator, and interpreted by Icarus Verilog.

Both compare every output, every weight and the random state after every wave, with the same engine as judge, on one core; a further
case compares weights and random state only now and then. Compiling Verilator's model is paid once and told apart; all else counts.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from neutnngen.bench.engine_speed import machine
from neutnngen.engine import get_engine
from neutnngen.rtl import generate_rtl
from neutnngen.spec import ColumnSpec, Design
from neutnngen.verify import random_waves, verify_rtl
from neutnngen.verify.compare import VerifyReport
from neutnngen.verify.compiled_model import compile_model
from neutnngen.verify.fast import verify_fast

FORMAT, VERSION = "neutnngen-bench-verify", "1.0"
INPUTS, NEURONS = 65, 2
SELDOM = 1000
"""Waves from one comparison of weights to the next in the further case."""

Tell = Callable[[int, int], None]


@contextmanager
def one_core() -> Iterator[None]:
    """Everything that is started meanwhile runs on one core, where the system can bind to one."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def bench_design() -> Design:
    """A column of 65 inputs and 2 neurons, random weights, the default plasticity."""
    rng = np.random.default_rng(7)
    column = ColumnSpec(INPUTS, NEURONS, threshold=2 * INPUTS)
    shape = (NEURONS, INPUTS)
    return Design.of_column("bench", column, rng.integers(0, column.w_max + 1, shape), np.ones(shape, dtype=bool), column.lfsr.seed)


def bench_verify(quick: bool = False, tell: Tell | None = None) -> dict[str, Any]:
    """Measure; JSON values with format, version, machine, compile_seconds and cases: name, waves, waves_per_minute of the median round,
    ratio to Icarus. quick: fewer waves and rounds. Raises MissingTool, ToolFailed, and CheckFailed where RTL and engine differ.
    """
    rounds, many, few = (1, 5000, 200) if quick else (3, 100_000, 1500)
    design, engine = bench_design(), get_engine("compiled", threads=1)
    waves = random_waves(design.column, many, 1)
    with tempfile.TemporaryDirectory(prefix="neutnngen-bench-") as scratch, one_core():
        folder = Path(scratch)
        package = generate_rtl(design, folder / "rtl")
        began = time.perf_counter()
        model = compile_model(design, package, folder)
        compiled = time.perf_counter() - began

        def fast(count: int, every: int) -> VerifyReport:
            return verify_fast(design, waves[:count], True, folder, engine=engine, every=every, model=model)

        def slow(count: int, every: int) -> VerifyReport:
            return verify_rtl(design, waves[:count], True, folder / "icarus", package=package, engine=engine)

        cases = [
            ("Icarus Verilog, weights after every wave", slow, few, 1),
            ("Verilator, weights after every wave", fast, many, 1),
            (f"Verilator, weights after every {SELDOM} waves", fast, many, SELDOM),
        ]
        seconds: list[list[float]] = [[] for _ in cases]
        for _, work, _, every in cases:  # the engine's own kernels are compiled at their first use
            _seconds(work, 2, every)
        for number in range(rounds):  # rounds alternate, so that a busy machine touches all cases
            for place, (_, work, count, every) in enumerate(cases):
                seconds[place].append(_seconds(work, count, every))
                if tell is not None:
                    tell(number * len(cases) + place + 1, rounds * len(cases))
    done: list[dict[str, Any]] = []
    for (name, _, count, every), spent in zip(cases, seconds, strict=True):
        rate = 60 * count / statistics.median(spent)
        done.append({"case": name, "waves": count, "every": every, "waves_per_minute": rate, "seconds": spent})
    for entry in done:
        entry["ratio"] = entry["waves_per_minute"] / done[0]["waves_per_minute"]
    facts = {"inputs": INPUTS, "neurons": NEURONS, "compile_seconds": compiled, "rounds": rounds}
    return {"format": FORMAT, "version": VERSION, "machine": machine(), **facts, "cases": done}


def _seconds(work: Callable[[int, int], VerifyReport], count: int, every: int) -> float:
    began = time.perf_counter()
    work(count, every).raise_if_different()
    return time.perf_counter() - began
