"""What the two ways of reading a layout for :mod:`lvs` share: findings, and what was found in the layout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import klayout.db as kdb

from neutnngen.errors import DataError
from neutnngen.pdk.technology import Kit, Layer
from neutnngen.place_route.gds import read_gds

FindingKind = Literal[
    "short",
    "open",
    "missing instance",
    "extra instance",
    "wrong cell",
    "missing port",
    "extra port",
    "internal metal",
    "cell function",
    "extraction",
    "well",
    "missing transistor",
    "extra transistor",
    "transistor size",
    "net",
    "port",
]
Key = tuple[str, int, int, int, bool]
Terminal = tuple[str | None, str]  # (instance, pin); (None, port)


@dataclass(frozen=True)
class LvsFinding:
    """One difference; ``nets`` are names of the netlist, ``place`` is in micrometres where there is one."""

    kind: FindingKind
    what: str
    nets: tuple[str, ...] = ()
    place: tuple[float, float] | None = None


def read_top(gds: Path, name: str) -> tuple[Any, Any]:
    """The layout and its cell of this name. Raises DataError where there is none."""
    layout = read_gds(gds)
    top = layout.cell(name)
    if top is None:
        present = ", ".join(cell.name for cell in layout.top_cells())
        raise DataError(f"{gds.name} has no cell of the netlist's name", got=present, allowed=name)
    return layout, top


def first_findings(findings: Sequence[LvsFinding], count: int, shown: int = 5) -> str:
    """The first findings in one line, of ``count`` that there are."""
    more = f" and {count - shown} more" if count > shown else ""
    return "; ".join(_line(finding) for finding in findings[:shown]) + more


def _line(finding: LvsFinding) -> str:
    place = "" if finding.place is None else f" at ({finding.place[0]:.3f}, {finding.place[1]:.3f}) um"
    return f"{finding.kind}: {finding.what}{place}"


@dataclass
class DrawnLayout:
    """What was extracted: groups of terminals that metal joins, and where each terminal is."""

    masters: dict[str, str]  # instance -> cell
    groups: dict[Terminal, int]  # terminal -> number of the extracted net; absent where no metal but its own touches it
    places: dict[Terminal, tuple[float, float]]
    touched: list[tuple[str, int]]  # instance whose inner metal lies on the extracted net of this number
    problems: list[LvsFinding]


def placement_key(cell: str, trans: Any, unit: float) -> Key:
    """Cell and placement of a reference; ``trans`` counts in ``unit`` per database unit of the layout."""
    quarter = round(trans.angle / 90) % 4 if isinstance(trans, kdb.DCplxTrans) else trans.angle
    return cell, round(trans.disp.x / unit), round(trans.disp.y / unit), quarter, trans.is_mirror()


def middle(rects: tuple[Any, ...], scale: int) -> Any:
    largest = max(rects, key=lambda r: (r.x1 - r.x0) * (r.y1 - r.y0))
    return kdb.Point(scale * (largest.x0 + largest.x1) // 2, scale * (largest.y0 + largest.y1) // 2)


def joining_layers(kit: Kit) -> list[Layer]:
    """Routing layers and the cuts between them; cuts below the lowest metal join what only cells have."""
    cuts = {via.cut for via in kit.technology.vias.values()}
    return [layer for layer in kit.technology.layers.values() if layer.kind == "routing" or layer.name in cuts]
