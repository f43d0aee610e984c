"""Legal rows and sites for a placement that overlaps, with little movement.

Cells are taken from left to right; each goes to the row where it and the cells that it pushes aside end nearest to where they want to
be. Source: P. Spindler, U. Schlichtmann, F. M. Johannes, "Abacus: Fast Legalization of Standard Cell Circuits with Minimal Movement",
ISPD 2008. A legal placement comes back as it was.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import NamedTuple

from neutnngen.errors import ConfigError
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block, Instance, Orientation, Row

_UPRIGHT: dict[Orientation, Orientation] = {"N": "N", "FN": "FN", "FS": "N", "S": "FN"}
_FLIPPED: dict[Orientation, Orientation] = {"N": "FS", "FN": "S", "FS": "FS", "S": "S"}


class _Cluster(NamedTuple):
    """Cells that touch: ``pull`` is the sum of the places that they want for the cluster's left edge."""

    first: int  # index of its first cell in the segment
    cells: int
    pull: float
    width: int
    at: float  # left edge, sites


@dataclass
class _Segment:
    """A stretch of a row between fixed cells; all lengths in sites from the row's left end."""

    row: Row
    low: int
    high: int
    used: int = 0
    cells: list[tuple[str, int]] = field(default_factory=list)  # name, width
    clusters: list[_Cluster] = field(default_factory=list)

    def append(self, wanted: float, width: int) -> tuple[float, int, _Cluster]:
        """Where a new rightmost cell would end, how many clusters it would join, and the cluster that it would be part of."""
        cells, pull, total = 1, wanted, width
        at = self._clamp(pull, total)
        joined = 0
        while joined < len(self.clusters):
            left = self.clusters[-1 - joined]
            if left.at + left.width <= at:
                break
            pull = left.pull + pull - cells * left.width
            cells += left.cells
            total += left.width
            at = self._clamp(pull / cells, total)
            joined += 1
        first = self.clusters[-joined].first if joined else len(self.cells)
        return at + total - width, joined, _Cluster(first, cells, pull, total, at)

    def take(self, name: str, wanted: float, width: int) -> None:
        _, joined, cluster = self.append(wanted, width)
        if joined:
            del self.clusters[-joined:]
        self.clusters.append(cluster)
        self.cells.append((name, width))
        self.used += width

    def _clamp(self, at: float, width: int) -> float:
        return max(self.low, min(at, self.high - width))

    def places(self) -> list[tuple[str, int]]:
        """(name, left edge in whole sites) of every cell: rounding keeps the order, because widths are whole."""
        found = []
        for cluster in self.clusters:
            at = int(cluster.at + 0.5)
            for name, width in self.cells[cluster.first : cluster.first + cluster.cells]:
                found.append((name, at))
                at += width
        return found


def legalise(block: Block, kit: Kit) -> Block:
    """Move the movable cells to whole sites of rows, without overlap, each near its present place. Fixed cells stay.

    Raises
    ------
    ConfigError: the block has no rows, or the cells do not fit into them.
    """
    made = block.copy()
    if not made.rows:
        raise ConfigError("the block has no rows", got=block.name, next_step="make_floorplan first")
    movable = [instance for instance in made.instances.values() if not instance.fixed]
    leftmost_first = sorted(movable, key=lambda i: (i.x, i.y, i.name))
    segments = _fill(made, kit, leftmost_first)
    if segments is None:  # greedy packing left a cell over: the widest first always packs better, at the price of more movement
        widest_first = sorted(movable, key=lambda i: (-kit.masters[i.master].width, i.x, i.y, i.name))
        homes = _fill(made, kit, widest_first)
        if homes is None:
            raise ConfigError(
                "the cells do not fit into the rows",
                got=f"{sum(kit.masters[i.master].width for i in movable)} database units of cells",
                allowed=f"{sum(_site(kit, row) * row.sites for row in made.rows)} database units of rows, less fixed cells",
                next_step="lower layout.utilisation",
            )
        segments = [_again(made, kit, segment) for segment in homes]
    for segment in segments:
        site = _site(kit, segment.row)
        upright = segment.row.orient == "N"
        for name, at in segment.places():
            instance = made.instances[name]
            instance.x, instance.y = segment.row.x + at * site, segment.row.y
            instance.orient = (_UPRIGHT if upright else _FLIPPED)[instance.orient]
            instance.placed = True
    return made


def _site(kit: Kit, row: Row) -> int:
    return kit.technology.sites[row.site].width


def _segments(block: Block, kit: Kit) -> list[_Segment]:
    """Free stretches of all rows, rows from bottom to top."""
    fixed: dict[int, list[tuple[int, int]]] = {}
    for instance in block.instances.values():
        if instance.fixed:
            fixed.setdefault(instance.y, []).append((instance.x, instance.x + kit.masters[instance.master].width))
    found = []
    for row in sorted(block.rows, key=lambda r: (r.y, r.x)):
        site = _site(kit, row)
        at = 0
        for x0, x1 in [*sorted(fixed.get(row.y, ())), (row.x + row.sites * site, row.x + row.sites * site)]:
            end = min((x0 - row.x) // site, row.sites)
            if end > at:
                found.append(_Segment(row, at, end))
            at = max(at, -(-(x1 - row.x) // site))
    return found


def _fill(block: Block, kit: Kit, cells: list[Instance]) -> list[_Segment] | None:
    """Every cell in the segment where it costs least to append it; None if one fits nowhere."""
    segments = _segments(block, kit)
    by_y: dict[int, list[_Segment]] = {}
    for segment in segments:
        by_y.setdefault(segment.row.y, []).append(segment)
    ys = sorted(by_y)
    for instance in cells:
        width = kit.masters[instance.master].width
        best: tuple[float, _Segment] | None = None
        for y in _by_distance(ys, instance.y):
            if best is not None and abs(y - instance.y) >= best[0]:
                break
            for segment in by_y[y]:
                site = _site(kit, segment.row)
                sites = -(-width // site)
                if segment.used + sites > segment.high - segment.low:
                    continue
                wanted = (instance.x - segment.row.x) / site
                at, _, _ = segment.append(wanted, sites)
                cost = abs(at - wanted) * site + abs(y - instance.y)
                if best is None or cost < best[0]:
                    best = cost, segment
        if best is None:
            return None
        segment = best[1]
        site = _site(kit, segment.row)
        segment.take(instance.name, (instance.x - segment.row.x) / site, -(-width // site))
    return segments


def _by_distance(ys: list[int], y: int) -> list[int]:
    """Row places, nearest first."""
    right = bisect_left(ys, y)
    left = right - 1
    found = []
    while left >= 0 or right < len(ys):
        if right >= len(ys) or (left >= 0 and y - ys[left] <= ys[right] - y):
            found.append(ys[left])
            left -= 1
        else:
            found.append(ys[right])
            right += 1
    return found


def _again(block: Block, kit: Kit, segment: _Segment) -> _Segment:
    """The same cells in the same segment, from left to right."""
    site = _site(kit, segment.row)
    fresh = _Segment(segment.row, segment.low, segment.high)
    for name, width in sorted(segment.cells, key=lambda c: (block.instances[c[0]].x, c[0])):
        fresh.take(name, (block.instances[name].x - segment.row.x) / site, width)
    return fresh
