"""Layout against netlist at the level of transistors, from the GDSII file alone.

What is drawn becomes one flat circuit of transistors (:mod:`lvs_transistors`). What is wanted is the gate netlist with every instance
replaced by the transistors of its cell, which come from the library's own GDSII and are shown to do what Liberty states of the cell
(:mod:`cell_function`). KLayout's ``NetlistComparer`` compares the two: connections, width and length of every transistor, wells included.
Marks at pins only tell it which nets to try first; a wrong one makes a difference, never hides one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import klayout.db as kdb

from neutnngen.errors import CheckFailed
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block
from neutnngen.place_route.cell_function import check_function, undecided
from neutnngen.place_route.gds import INSTANCE_PROPERTY, gds_scale, read_gds
from neutnngen.place_route.lvs_device_compare import Placed, Reference, compare_circuits, ports_of
from neutnngen.place_route.lvs_layout import FindingKind, LvsFinding, first_findings, middle, read_top
from neutnngen.place_route.lvs_transistors import Mark, cell_transistors, extract_transistors, require_devices
from neutnngen.place_route.switch_level import Transistors
from neutnngen.place_route.verilog_netlist import read_netlist

MOST_FINDINGS = 200
"""Findings that are kept; all are counted."""
ORDER: tuple[FindingKind, ...] = (
    "cell function",
    "missing port",
    "extraction",
    "short",
    "open",
    "well",
    "transistor size",
    "extra transistor",
    "missing transistor",
    "port",
    "net",
)
"""Findings in the order of how much they explain."""


@dataclass(frozen=True)
class DevicesResult:
    """Outcome of a comparison, with what was compared so that "equal" cannot mean "empty".

    differences: how many, of which ``findings`` has the first. transistors, nets: of the layout, before transistors side by side are taken
    as one. proven: cells whose transistors were shown to do what Liberty states; undecided: the others, and why.
    """

    findings: tuple[LvsFinding, ...]
    differences: int
    transistors: int
    nets: int
    instances: int
    proven: tuple[str, ...]
    undecided: dict[str, str]

    @property
    def clean(self) -> bool:
        return not self.differences

    def require_clean(self) -> None:
        """Raise :class:`CheckFailed` with the first findings unless the transistors are those of the netlist."""
        if not self.clean:
            got = first_findings(self.findings, self.differences)
            raise CheckFailed("the transistors of the layout are not those of the netlist", got=got, allowed="no difference")


def compare_devices(gds: Path, netlist: Path, kit: Kit, progress: Callable[[str], None] | None = None) -> DevicesResult:
    """Compare the transistors of a GDSII file of :func:`write_gds` with a flat gate netlist.

    Cells without signal pins (fillers, decoupling capacitors, taps) count as the layout places them. progress: is told what begins.

    Raises ConfigError for a kit that does not describe its transistors, DataError where a file cannot be read; differences are findings.
    """
    require_devices(kit)
    tell = progress or (lambda _what: None)
    block = read_netlist(netlist, kit)
    layout, top = read_top(gds, block.name)
    placed = _placements(top, kit)
    masters = {name: instance.master for name, instance in block.instances.items()}
    masters |= {name: cell for name, (cell, _) in placed.items() if name not in masters and not _has_signals(kit, cell)}
    found: list[LvsFinding] = []
    tell("cells")
    cells, proven, left = _library(sorted(set(masters.values())), kit, found)
    tell("extraction")
    drawn = extract_transistors(layout, top, kit, _marks(block, layout, top, placed, kit))
    transistors, nets = sum(1 for _ in drawn.circuit.each_device()), sum(1 for _ in drawn.circuit.each_net())
    for text, place in drawn.problems:
        found.append(LvsFinding("extraction", text, (), place))
    tell("comparison")
    reference = Reference(block, masters, cells, kit)
    compare_circuits(drawn, reference, block, placed, kit, found)
    first = sorted(found, key=lambda finding: ORDER.index(finding.kind))[:MOST_FINDINGS]
    return DevicesResult(tuple(first), len(found), transistors, nets, len(masters), proven, left)


def _placements(top: Any, kit: Kit) -> Placed:
    """Library cells of the layout; those without a name get one of their own (the comparison of cells says so)."""
    placed: Placed = {}
    for reference in top.each_inst():
        if reference.cell.name in kit.masters:
            name = reference.property(INSTANCE_PROPERTY)
            unique = isinstance(name, str) and name not in placed
            placed[name if unique else f"{reference.cell.name} {reference.trans}"] = (reference.cell.name, reference.trans)
    return placed


def _has_signals(kit: Kit, cell: str) -> bool:
    return any(pin.use in ("signal", "clock") for pin in kit.masters[cell].pins.values())


def _library(names: list[str], kit: Kit, found: list[LvsFinding]) -> tuple[dict[str, Transistors], tuple[str, ...], dict[str, str]]:
    """Transistors of every cell; which of them were shown to do what Liberty states, and why others were not."""
    library = read_gds(kit.cell_gds)
    cells = {name: cell_transistors(library, name, kit) for name in names}
    proven: list[str] = []
    left: dict[str, str] = {}
    for name, circuit in cells.items():
        if not any(pin.direction == "output" for pin in kit.masters[name].pins.values()):
            continue  # fillers, taps, antenna diodes: nothing to state
        reason = undecided(kit.cells[name]) if name in kit.cells else "it is not in Liberty"
        if reason is not None:
            left[name] = reason
            continue
        wrong = check_function(circuit, kit.cells[name], kit.roles)
        if wrong is None:
            proven.append(name)
        else:
            found.append(LvsFinding("cell function", f"{name}: {wrong}"))
    return cells, tuple(proven), left


# ------------------------------------------------------------------------------------------------------------------------------ layout


def _marks(block: Block, layout: Any, top: Any, placed: Placed, kit: Kit) -> list[Mark]:
    """A number for every net at one of its pins ("N7"), and one for every port where it is labelled ("P3")."""
    scale = gds_scale(kit, layout.dbu)
    marks = []
    for number, net in enumerate(block.nets.values()):
        for ref in net.pins:
            if ref.instance is None or placed.get(ref.instance, ("",))[0] != block.instances[ref.instance].master:
                continue
            rects = kit.masters[block.instances[ref.instance].master].pins[ref.pin].rects
            if rects:
                largest = max(rects, key=lambda r: (r.x1 - r.x0) * (r.y1 - r.y0))
                at = placed[ref.instance][1] * middle((largest,), scale)
                marks.append(Mark(f"N{number}", largest.layer, at.x, at.y))
                break
    ports = {port: f"P{number}" for number, port in enumerate(ports_of(block, kit))}
    for layer in kit.technology.routing_layers:
        for shape in top.shapes(layout.layer(*layer.gds)).each(kdb.Shapes.STexts):
            if shape.text.string in ports:
                marks.append(Mark(ports[shape.text.string], layer.name, shape.text.x, shape.text.y))
    return marks
