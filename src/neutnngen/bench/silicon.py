"""Cell area per synapse of columns by synthesis: Yosys with ABC, typical corner, before buffering and layout."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neutnngen.bench.mapped import Made, leakage_of, make
from neutnngen.pdk.cell_models import write_models
from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import Kit
from neutnngen.rtl import Rings, RtlPackage
from neutnngen.rtl.words import Kind
from neutnngen.spec import ColumnSpec, Design
from neutnngen.tools import yosys
from neutnngen.verify import NetlistFiles, measure_gates, random_waves
from neutnngen.verify.fast import verify_fast

FORMAT, VERSION = "neutnngen-bench-silicon", "1.1"
TOP = "column"


@dataclass(frozen=True)
class Case:
    """A column of inputs × neurons of a kind; rings: its style."""

    inputs: int
    neurons: int
    kind: Kind
    rings: Rings | None = None

    @property
    def style(self) -> str:
        """How it is built, in words."""
        if self.rings is None:
            return "parallel"
        return f"rings of {self.rings.slots} lines × {self.rings.members} neurons"


CASES = (
    Case(65, 2, "learning"),
    Case(65, 2, "learning", Rings(1, 2)),
    Case(65, 2, "learning", Rings(2, 2)),
    Case(65, 2, "learning", Rings(3, 2)),
    Case(16, 4, "learning"),
    Case(16, 4, "learning", Rings(2, 4)),
    Case(65, 2, "programmable"),
    Case(65, 2, "frozen"),
    Case(16, 4, "frozen"),
    Case(270, 25, "learning", Rings(2, 5)),
    Case(270, 25, "learning", Rings(1, 5)),
    Case(270, 25, "frozen"),
    Case(270, 25, "learning"),
)
QUICK = 9
"""Cases that take seconds."""
RTL_WAVES, GATE_WAVES = 200, 40
"""Random waves, most of them learning, of the comparison with the simulator."""
GATE_SYNAPSES = 200
"""Largest column whose gates are compared."""
PUBLIC = {("nangate45", 65, 2): 95.3, ("nangate45", 16, 4): 95.0}
"""µm² per synapse of public RTL of the same learning column with the same tools (TNN column of prabsy96/TNNGen)."""

Tell = Callable[[int, int], None]


def column_design(inputs: int, neurons: int) -> Design:
    """A dense column of 3-bit weights, seeded uniform, θ a quarter of the largest potential, all else the default."""
    column = ColumnSpec(inputs, neurons, max(1, round(inputs * 7 / 4)))
    weights = np.random.default_rng(1).integers(0, 8, (neurons, inputs))
    return Design.of_column(TOP, column, weights, np.ones(weights.shape, dtype=bool), 1)


def make_case(case: Case, kit: Kit, folder: Path) -> Made:
    """A column's RTL and netlist."""
    return make(column_design(case.inputs, case.neurons), case.kind, folder, kit, case.rings)


def check_case(case: Case, made: Made, kit: Kit, folder: Path) -> dict[str, int]:
    """Compare what was synthesised with the simulator: the RTL, and the netlist of a small column that learns; values that were equal by
    level.

    Raises CheckFailed at a difference.
    """
    learning = case.kind == "learning"
    waves = random_waves(made.design.column, RTL_WAVES, 3, silent=0.3)
    learn = np.random.default_rng(2).random(RTL_WAVES) < (0.8 if learning else 0.0)
    reports = [verify_fast(made.design, waves, learn, folder / "verify", package=made.package)]
    if isinstance(made.package, RtlPackage) and case.inputs * case.neurons <= GATE_SYNAPSES:
        part = slice(0, GATE_WAVES)
        gates = folder / "gates"
        models = write_models(kit, folder / "cell_models.v") if kit.verilog is None else kit.verilog
        reports.append(
            measure_gates(
                NetlistFiles(made.netlist, models), made.design, waves[part], learn[part], gates, package=made.package, activity=False
            )[0]
        )
    for report in reports:
        report.raise_if_different()
    return {report.level: report.values for report in reports}


def bench_silicon(quick: bool = False, tell: Tell | None = None, *, kit: Kit | None = None) -> dict[str, Any]:
    """Synthesise all cases, and compare each with the simulator; JSON values with format, version, kit, yosys and cases: column, kind,
    style, clocks of a wave, areas in µm² per synapse (all, sequential), leakage in W per synapse, cells, seconds, values that were equal
    in RTL and gates, and where public RTL was measured its area.

    quick: only what takes seconds, without the comparison. kit: default NanGate45. Raises CheckFailed where hardware and simulator differ.
    """
    node = kit or load_kit()
    cases = CASES[:QUICK] if quick else CASES
    done: list[dict[str, Any]] = []
    for case in cases:
        with tempfile.TemporaryDirectory(prefix="neutnngen-") as name:
            folder, began = Path(name), time.perf_counter()
            made = make_case(case, node, folder)
            seconds = time.perf_counter() - began
            equal = {} if quick else check_case(case, made, node, folder)
        synapses = case.inputs * case.neurons
        done.append(
            {
                "column": f"{case.inputs}×{case.neurons}",
                "kind": case.kind,
                "style": case.style,
                "clocks": made.package.clocks,
                "area": made.statistics.area / synapses,
                "sequential": made.statistics.sequential_area / synapses,
                "leakage": leakage_of(made, node) / synapses,
                "cells": made.statistics.cells,
                "public": PUBLIC.get((node.name, case.inputs, case.neurons)) if case.kind == "learning" else None,
                "seconds": seconds,
                "equal": equal,
            }
        )
        if tell is not None:
            tell(len(done), len(cases))
    return {"format": FORMAT, "version": VERSION, "kit": node.name, "yosys": yosys.require(), "cases": done}
