"""A Design as RTL and as a netlist of cells, and what the netlist costs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from neutnngen.flow.bare_timing import bare_period
from neutnngen.flow.steps.synth import by_modules, synthesise
from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import Kit
from neutnngen.rtl import Rings, RtlPackage
from neutnngen.rtl.network import NetworkPackage, build_rtl
from neutnngen.rtl.words import Kind
from neutnngen.spec import Design
from neutnngen.tools import yosys

PERIOD = 10.0
"""ns, of the constraints; the longest path does not depend on it."""


@dataclass(frozen=True)
class Made:
    """A Design's RTL, its netlist and the statistics of the synthesis."""

    design: Design
    package: RtlPackage | NetworkPackage
    netlist: Path
    statistics: yosys.Statistics


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


def make(design: Design, kind: Kind, folder: Path, kit: Kit, rings: Rings | None = None) -> Made:
    """RTL and netlist of a Design; ``folder`` gets rtl/ and synth/."""
    package = build_rtl(design, folder / "rtl", clock_period=PERIOD, kind=kind, rings=rings)
    return Made(design, package, *synthesise(kit, package.sources, package.top, folder, modular=by_modules(design, rings)))


def leakage_of(made: Made, kit: Kit) -> float:
    """W, of all cells: Liberty's values, mean over the states of a cell."""
    return sum(kit.cells[name].leakage * count for name, (count, _) in made.statistics.by_type.items()) * 1e-9


def map_design(design: Design, folder: Path, kind: Kind = "learning", rings: Rings | None = None, kit: Kit | None = None) -> Mapped:
    """Synthesise a Design in cells of a kit (default: NanGate45), and time its netlist by OpenSTA."""
    kit = kit or load_kit()
    made = make(design, kind, folder, kit, rings)
    path = bare_period(made.netlist, made.package.constraints, made.package.top, kit, folder / "timing", PERIOD)
    return Mapped(made.statistics.cells, made.statistics.area, made.statistics.sequential_area, leakage_of(made, kit), path)
