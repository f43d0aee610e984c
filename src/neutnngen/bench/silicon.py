"""Cell area per synapse of columns by synthesis: Yosys with ABC, typical corner, before buffering and layout."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neutnngen.flow.steps.synth import synthesise
from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import Kit
from neutnngen.rtl import Rings, generate_rtl
from neutnngen.rtl.network import generate_network
from neutnngen.rtl.words import Kind
from neutnngen.spec import ColumnSpec, Design
from neutnngen.tools import yosys

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
PUBLIC = {("nangate45", 65, 2): 95.3, ("nangate45", 16, 4): 95.0}
"""µm² per synapse of public RTL of the same learning column with the same tools (TNN column of prabsy96/TNNGen)."""

Tell = Callable[[int, int], None]


def column_design(inputs: int, neurons: int) -> Design:
    """A dense column of 3-bit weights, seeded uniform, θ a quarter of the largest potential, all else the default."""
    column = ColumnSpec(inputs, neurons, max(1, round(inputs * 7 / 4)))
    weights = np.random.default_rng(1).integers(0, 8, (neurons, inputs))
    return Design.of_column(TOP, column, weights, np.ones(weights.shape, dtype=bool), 1)


def synthesise_case(case: Case, kit: Kit, folder: Path) -> tuple[yosys.Statistics, int]:
    """Cells and areas of a column's RTL, and the clocks of a wave."""
    design = column_design(case.inputs, case.neurons)
    if case.kind == "learning":
        package = generate_rtl(design, folder / "rtl", rings=case.rings)
        return synthesise(kit, package.sources, TOP, folder, modular=case.rings is not None)[1], package.clocks
    other = generate_network(design, folder / "rtl", kind=case.kind)
    return synthesise(kit, other.sources, TOP, folder)[1], other.clocks


def bench_silicon(quick: bool = False, tell: Tell | None = None, *, kit: Kit | None = None) -> dict[str, Any]:
    """Synthesise all cases; JSON values with format, version, kit, yosys and cases: column, kind, style, clocks of a wave, areas in µm² per
    synapse (all, sequential), cells, seconds, and where public RTL was measured its area. quick: only what takes seconds. kit: default
    NanGate45."""
    node = kit or load_kit()
    cases = CASES[:QUICK] if quick else CASES
    done: list[dict[str, Any]] = []
    for case in cases:
        began = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="neutnngen-") as folder:
            made, clocks = synthesise_case(case, node, Path(folder))
        synapses = case.inputs * case.neurons
        done.append(
            {
                "column": f"{case.inputs}×{case.neurons}",
                "kind": case.kind,
                "style": case.style,
                "clocks": clocks,
                "area": made.area / synapses,
                "sequential": made.sequential_area / synapses,
                "cells": made.cells,
                "public": PUBLIC.get((node.name, case.inputs, case.neurons)) if case.kind == "learning" else None,
                "seconds": time.perf_counter() - began,
            }
        )
        if tell is not None:
            tell(len(done), len(cases))
    return {"format": FORMAT, "version": VERSION, "kit": node.name, "yosys": yosys.require(), "cases": done}
