"""A layout under an independent rule deck: which markers come from cells themselves, which from what was made around them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import klayout.db as kdb

from neutnngen.errors import DataError
from neutnngen.files import write_atomic
from neutnngen.flow.decks import Deck, Waiver
from neutnngen.place_route.gds import read_gds
from neutnngen.tools.klayout import DeckReport, Marker, run_deck

APART = 20.0
"""Micrometres between cells that stand alone: more than any rule looks."""
TOLERANCE = 0.0011
"""Micrometres by which a marker may leave the one of the cell alone: one step of the report's rounding."""
SHOWN_PLACES = 20

_Box = tuple[float, float, float, float]


@dataclass
class RuleCount:
    """Markers of one rule. markers: as the deck lists them, once for each cell; in_layout: over all placements of those cells; places:
    boxes of what is not waived in micrometres of the layout, the first of them; cells: in which cells the markers lie."""

    rule: str
    description: str
    markers: int = 0
    in_layout: int = 0
    waived: int = 0
    cause: str = ""
    cells: Counter[str] = field(default_factory=Counter)
    places: list[tuple[str, _Box]] = field(default_factory=list)

    @property
    def unwaived(self) -> int:
        return self.markers - self.waived


@dataclass(frozen=True)
class DeckResult:
    """rules: number of rules that were checked. found: those with markers. antenna: whether the antenna section ran. seconds: of the deck
    on the layout and on its cells alone."""

    rules: int
    found: tuple[RuleCount, ...]
    antenna: bool
    seconds: tuple[float, float]

    @property
    def unwaived(self) -> int:
        return sum(count.unwaived for count in self.found)


def check_with_deck(gds: Path, deck: Deck, path: Path, folder: Path, *, antenna: bool) -> DeckResult:
    """Run a deck over a GDSII file and over its cells alone. path: the deck's file; folder: gets scripts, logs and reports.

    Raises MissingTool without KLayout, ToolFailed if it fails, DataError for files that cannot be read.
    """
    script = write_atomic(folder / "deck.lydrc", deck.text(path, antenna=antenna))
    layout = _read(gds)
    top = layout.top_cell().name
    alone_gds = folder / "cells_alone.gds"
    alone_top = write_cells_alone(layout, alone_gds)

    def run(source: Path, cell: str, name: str) -> tuple[float, DeckReport]:
        output = folder / f"{name}.lyrdb"
        values = {"input": str(source), "topcell": cell, "output": str(output)}
        done, report = run_deck(script, values, folder, folder / f"{name}.log", output)
        return done.seconds, report

    seconds, report = run(gds, top, "layout")
    seconds_alone, alone = run(alone_gds, alone_top, "cells_alone")
    found = judge(report, alone, deck.waivers, layout)
    return DeckResult(len(report.rules), tuple(found), antenna, (seconds, seconds_alone))


def write_cells_alone(layout: Any, path: Path) -> str:
    """Write every cell that the top cell uses once, far from all others; returns the name of the new top cell."""
    alone = kdb.Layout()
    alone.dbu = layout.dbu
    source = layout.top_cell()
    children = sorted((layout.cell(index) for index in source.each_child_cell()), key=lambda cell: str(cell.name))
    name = "cells_alone"
    while any(cell.name == name for cell in layout.each_cell()):
        name += "_"
    top = alone.create_cell(name)
    at = 0
    for child in children:
        cell = alone.create_cell(child.name)
        cell.copy_tree(child)
        box = cell.bbox()
        top.insert(kdb.CellInstArray(cell.cell_index(), kdb.Trans(at - box.left, -box.bottom)))
        at += box.width() + round(APART / alone.dbu)
    path.parent.mkdir(parents=True, exist_ok=True)
    alone.write(str(path))
    return name


def judge(report: DeckReport, alone: DeckReport, waivers: Sequence[Waiver], layout: Any) -> list[RuleCount]:
    """Sort the markers of a layout: waived is what a waiver names and the cell alone has at the same place."""
    own: dict[tuple[str, str], list[_Box]] = {}
    for marker in alone.markers:
        own.setdefault((marker.rule, _base(marker.cell)), []).append(marker.box)
    top = layout.top_cell()
    placed = Counter(instance.cell.name for instance in top.each_inst())
    found: dict[str, RuleCount] = {}
    for marker in report.markers:
        count = found.setdefault(marker.rule, RuleCount(marker.rule, report.rules.get(marker.rule, "")))
        count.markers += 1
        cause, cell, times = _explain(marker, own, waivers, layout, placed)
        count.in_layout += times
        count.cells[cell] += 1
        if cause is not None:
            count.waived += 1
            count.cause = cause
        elif len(count.places) < SHOWN_PLACES:
            count.places.append((cell, _place(marker, layout)))
    return sorted(found.values(), key=lambda count: (-count.unwaived, count.rule))


def _base(cell: str) -> str:
    """Name of a cell without the mark of a variant that KLayout made of it."""
    return cell.partition("$")[0]


def _explain(
    marker: Marker, own: dict[tuple[str, str], list[_Box]], waivers: Sequence[Waiver], layout: Any, placed: Counter[str]
) -> tuple[str | None, str, int]:
    """(cause of the waiver or None, cell, how often it is there). A marker of the top cell is looked for in the cells that it touches."""
    top = layout.top_cell()
    name = _base(marker.cell)
    if name != top.name:
        return _waiver(marker.rule, name, marker.box, own, waivers), name, max(1, placed[name])
    box = kdb.DBox(*marker.box)
    for instance in top.each_touching_inst(box.enlarged(TOLERANCE, TOLERANCE).to_itype(layout.dbu)):
        inner = instance.dcplx_trans.inverted() * box
        inside = (inner.left, inner.bottom, inner.right, inner.top)
        cause = _waiver(marker.rule, instance.cell.name, inside, own, waivers)
        if cause is not None:
            return cause, instance.cell.name, 1
    return None, top.name, 1


def _waiver(rule: str, cell: str, box: _Box, own: dict[tuple[str, str], list[_Box]], waivers: Sequence[Waiver]) -> str | None:
    cause = next((waiver.cause for waiver in waivers if waiver.covers(rule, cell)), None)
    if cause is None:
        return None
    for known in own.get((rule, cell), ()):
        if all(a >= b - TOLERANCE for a, b in zip(box[:2], known[:2], strict=True)) and all(
            a <= b + TOLERANCE for a, b in zip(box[2:], known[2:], strict=True)
        ):
            return cause
    return None


def _place(marker: Marker, layout: Any) -> _Box:
    """Box of a marker in the layout, at the first placement of its cell."""
    box = kdb.DBox(*marker.box)
    name = _base(marker.cell)
    for instance in layout.top_cell().each_inst():
        if instance.cell.name == name:
            box = instance.dcplx_trans * box
            break
    return (round(box.left, 4), round(box.bottom, 4), round(box.right, 4), round(box.top, 4))


def _read(gds: Path) -> Any:
    layout = read_gds(gds)
    if len(layout.top_cells()) != 1:
        raise DataError(f"{gds.name} has no single top cell")
    return layout
