"""Cell area per synapse of columns by synthesis: NanGate45 typical, Yosys with ABC, before layout."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neutnngen.flow.bare_timing import bare_period
from neutnngen.flow.config import LayoutConfig
from neutnngen.flow.state import State
from neutnngen.flow.step import StepContext
from neutnngen.flow.steps.synth import Synth
from neutnngen.pdk.kits import load_kit
from neutnngen.rtl import generate_rtl
from neutnngen.rtl.network import generate_network
from neutnngen.rtl.words import Kind
from neutnngen.spec import ColumnSpec, Design
from neutnngen.tools import yosys

FORMAT, VERSION = "neutnngen-bench-silicon", "1.0"
TOP = "column"
PERIOD = 10.0
"""ns, of the constraints; the longest path does not depend on it."""
CASES: tuple[tuple[int, int, Kind], ...] = (
    (65, 2, "learning"),
    (16, 4, "learning"),
    (65, 2, "programmable"),
    (65, 2, "frozen"),
    (270, 25, "frozen"),
    (270, 25, "learning"),
)
QUICK = 4
"""Cases that take seconds."""
PUBLIC = {(65, 2, "learning"): 95.3, (16, 4, "learning"): 95.0}
"""µm² per synapse of public RTL of the same function with the same tools (TNN column of prabsy96/TNNGen)."""

Tell = Callable[[int, int], None]


def column_design(inputs: int, neurons: int) -> Design:
    """A dense column of 3-bit weights, seeded uniform, θ a quarter of the largest potential, all else the default."""
    column = ColumnSpec(inputs, neurons, max(1, round(inputs * 7 / 4)))
    weights = np.random.default_rng(1).integers(0, 8, (neurons, inputs))
    return Design.of_column(TOP, column, weights, np.ones(weights.shape, dtype=bool), 1)


@dataclass(frozen=True)
class Mapped:
    """A netlist of cells. area: µm². sequential: of it flip-flops. leakage: W. path: ns from register to register, without wires."""

    cells: int
    area: float
    sequential: float
    leakage: float
    path: float

    def minus(self, other: Mapped) -> Mapped:
        """What is in this one and not in the other; the path is this one's."""
        parts = (self.cells - other.cells, self.area - other.area, self.sequential - other.sequential, self.leakage - other.leakage)
        return Mapped(*parts, self.path)

    def times(self, factor: float) -> Mapped:
        """So many of it."""
        return Mapped(round(self.cells * factor), self.area * factor, self.sequential * factor, self.leakage * factor, self.path)


def rtl_of(design: Design, kind: Kind, folder: Path) -> tuple[tuple[Path, ...], Path, int]:
    """Write the RTL that stands for a Design here into ``folder``: sources, constraints, and clocks of a wave."""
    if kind == "learning" and design.network.classic is not None:
        package = generate_rtl(design, folder, clock_period=PERIOD)
        return package.sources, package.constraints, design.column.wave_clocks
    made = generate_network(design, folder, clock_period=PERIOD, kind=kind)
    return made.sources, made.constraints, made.clocks


def synthesise(design: Design, kind: Kind, folder: Path) -> tuple[yosys.Statistics, int]:
    """Cells and areas of a Design's RTL, and the clocks of a wave; ``folder`` gets rtl/ and synth/."""
    sources, _, clocks = rtl_of(design, kind, folder / "rtl")
    names = tuple(f"rtl/{path.name}" for path in sources)
    step = folder / "synth"
    step.mkdir(parents=True)
    context = StepContext(step, folder, State({name: Path(name) for name in names}), LayoutConfig())  # type: ignore[misc]
    Synth(load_kit(), "", names, design.name).run(context)
    return yosys.parse_statistics((step / "statistics.json").read_text(encoding="utf-8")), clocks


def map_design(design: Design, folder: Path, kind: Kind = "learning") -> Mapped:
    """Synthesise a Design, and time its netlist by OpenSTA."""
    kit = load_kit()
    made, _ = synthesise(design, kind, folder)
    leakage = sum(kit.cells[name].leakage * count for name, (count, _) in made.by_type.items()) * 1e-9
    path = bare_period(folder / "synth" / "netlist.v", folder / "rtl" / "constraints.sdc", design.name, kit, folder / "timing", PERIOD)
    return Mapped(made.cells, made.area, made.sequential_area, leakage, path)


def bench_silicon(quick: bool = False, tell: Tell | None = None) -> dict[str, Any]:
    """Synthesise all cases; JSON values with format, version, yosys and cases: column, kind, clocks of a wave, areas in µm² per synapse
    (all, sequential), cells, seconds, and where public RTL was measured its area. quick: only what takes seconds."""
    cases = CASES[:QUICK] if quick else CASES
    done: list[dict[str, Any]] = []
    for inputs, neurons, kind in cases:
        began = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="neutnngen-") as folder:
            made, clocks = synthesise(column_design(inputs, neurons), kind, Path(folder))
        synapses = inputs * neurons
        done.append(
            {
                "column": f"{inputs}×{neurons}",
                "kind": kind,
                "clocks": clocks,
                "area": made.area / synapses,
                "sequential": made.sequential_area / synapses,
                "cells": made.cells,
                "public": PUBLIC.get((inputs, neurons, kind)),
                "seconds": time.perf_counter() - began,
            }
        )
        if tell is not None:
            tell(len(done), len(cases))
    return {"format": FORMAT, "version": VERSION, "yosys": yosys.require(), "cases": done}
