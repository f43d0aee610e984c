"""A Design as RTL and as a netlist of cells, and what the netlist costs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from neutnngen.flow.bare_timing import bare_block, bare_period
from neutnngen.flow.gate_netlist import gate_model
from neutnngen.flow.measured_power import measure_power
from neutnngen.flow.steps.synth import by_modules, synthesise
from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block
from neutnngen.rtl import Rings, RtlPackage
from neutnngen.rtl.network import NetworkPackage, build_rtl
from neutnngen.rtl.words import Kind
from neutnngen.spec import Design
from neutnngen.tools import yosys
from neutnngen.verify import Stimuli
from neutnngen.verify.network import measure_netlist

PERIOD = 10.0
"""ns, of the constraints and of the clock at which power is given; the longest path does not depend on it."""


@dataclass(frozen=True)
class Made:
    """A Design's RTL, its netlist and the statistics of the synthesis."""

    design: Design
    package: RtlPackage | NetworkPackage
    netlist: Path
    statistics: yosys.Statistics


@dataclass(frozen=True)
class Mapped:
    """A netlist of cells. area: µm². sequential: of it flip-flops. leakage: W. path: ns from register to register, without wires. power: W
    at a clock of ``PERIOD`` with the activity of real waves, without wires and clock tree; 0 if none were played."""

    cells: int
    area: float
    sequential: float
    leakage: float
    path: float
    power: float = 0.0

    def minus(self, other: Mapped) -> Mapped:
        """What is in this one and not in the other; the path is this one's."""
        less = {name: getattr(self, name) - getattr(other, name) for name in EXTENSIVE}
        return replace(self, **less)

    def times(self, factor: float) -> Mapped:
        """So many of it."""
        more = {name: getattr(self, name) * factor for name in EXTENSIVE}
        return replace(self, **more | {"cells": round(self.cells * factor)})


EXTENSIVE = ("cells", "area", "sequential", "leakage", "power")
"""Figures that add up over pieces."""


def make(design: Design, kind: Kind, folder: Path, kit: Kit, rings: Rings | None = None) -> Made:
    """RTL and netlist of a Design; ``folder`` gets rtl/ and synth/."""
    package = build_rtl(design, folder / "rtl", clock_period=PERIOD, kind=kind, rings=rings)
    return Made(design, package, *synthesise(kit, package.sources, package.top, folder, modular=by_modules(design, rings)))


def leakage_of(made: Made, kit: Kit) -> float:
    """W, of all cells: Liberty's values, mean over the states of a cell."""
    return sum(kit.cells[name].leakage * count for name, (count, _) in made.statistics.by_type.items()) * 1e-9


def map_design(
    design: Design,
    folder: Path,
    kind: Kind = "learning",
    rings: Rings | None = None,
    kit: Kit | None = None,
    waves: Stimuli | None = None,
) -> Mapped:
    """Synthesise a Design in cells of a kit (default: NanGate45), and time its netlist by OpenSTA.

    waves: played in the gates for the power, and compared with the simulator. Raises CheckFailed where they differ.
    """
    kit = kit or load_kit()
    made = make(design, kind, folder, kit, rings)
    block = bare_block(made.netlist, kit)
    path = bare_period(block, made.package.constraints, kit, folder / "timing", PERIOD)
    power = 0.0 if waves is None else power_of(made, block, waves, kit, folder / "power")
    return Mapped(made.statistics.cells, made.statistics.area, made.statistics.sequential_area, leakage_of(made, kit), path, power)


def power_of(made: Made, block: Block, waves: Stimuli, kit: Kit, folder: Path) -> float:
    """W at a clock of ``PERIOD``. block: the netlist as it is timed."""
    report, activity = measure_netlist(gate_model(block, kit), made.package, made.design, waves, folder)
    report.raise_if_different()
    return measure_power(block, kit, activity, folder, clock_period=PERIOD).total.total
