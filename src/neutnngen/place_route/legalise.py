"""Legal rows and sites for a placement that overlaps, with little movement.

Cells are taken from left to right; each goes to the row where it and the cells that it pushes aside end nearest to where they want to
be. Source: P. Spindler, U. Schlichtmann, F. M. Johannes, "Abacus: Fast Legalization of Standard Cell Circuits with Minimal Movement",
ISPD 2008. A legal placement comes back as it was.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neutnngen.errors import ConfigError
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block, Orientation, Row
from neutnngen.place_route.legalise_kernel import pack

_UPRIGHT: dict[Orientation, Orientation] = {"N": "N", "FN": "FN", "FS": "N", "S": "FN"}
_FLIPPED: dict[Orientation, Orientation] = {"N": "FS", "FN": "S", "FS": "FS", "S": "S"}


@dataclass(frozen=True)
class Segments:
    """Free stretches of rows between fixed cells, from bottom to top and from left to right.

    row: row of each. low, high: ends in whole sites from ``origin``. ys: places of the rows, ascending; the segments at ``ys[r]`` are
    ``row_start[r]:row_start[r + 1]``.
    """

    row: list[Row]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    ys: NDArray[np.float64]
    row_start: NDArray[np.int64]
    origin: int
    site: int


def free_segments(block: Block, kit: Kit) -> Segments:
    """Where movable cells may be. All rows have the same site width and phase. ConfigError for a block without rows."""
    if not block.rows:
        raise ConfigError("the block has no rows", got=block.name, next_step="make_floorplan first")
    height = kit.technology.sites[block.rows[0].site].height
    site = kit.technology.sites[block.rows[0].site].width
    origin = min(row.x for row in block.rows)
    heights = sorted({row.y for row in block.rows})
    fixed: dict[int, list[tuple[int, int]]] = {}
    for instance in block.instances.values():
        if instance.fixed:
            master = kit.masters[instance.master]
            touched = heights[bisect_right(heights, instance.y - height) : bisect_left(heights, instance.y + master.height)]
            for y in touched:  # a hard block stands on many rows
                fixed.setdefault(y, []).append((instance.x, instance.x + master.width))
    rows: list[Row] = []
    low: list[int] = []
    high: list[int] = []
    ys: list[int] = []
    start = [0]
    for row in sorted(block.rows, key=lambda r: (r.y, r.x)):
        end = row.x + row.sites * site
        at = row.x
        if not ys or ys[-1] != row.y:
            ys.append(row.y)
            start.append(len(rows))
        for x0, x1 in [*sorted(span for span in fixed.get(row.y, ()) if span[1] > row.x and span[0] < end), (end, end)]:
            until = min(origin + (x0 - origin) // site * site, end)
            if until > at:
                rows.append(row)
                low.append((at - origin) // site)
                high.append((until - origin) // site)
            at = max(at, origin - (origin - x1) // site * site)
        start[-1] = len(rows)
    lows, highs = np.array(low, np.float64), np.array(high, np.float64)
    return Segments(rows, lows, highs, np.array(ys, np.float64), np.array(start, np.int64), origin, site)


def legalise(block: Block, kit: Kit) -> Block:
    """Move the movable cells to whole sites of rows, without overlap, each near its present place. Fixed cells stay.

    Raises
    ------
    ConfigError: the block has no rows, or the cells do not fit into them.
    """
    segments = free_segments(block, kit)
    made = block.copy()
    movable = [instance for instance in made.instances.values() if not instance.fixed]
    site, origin = segments.site, segments.origin
    x = np.array([i.x for i in movable], np.float64)
    y = np.array([i.y for i in movable], np.float64)
    wanted = (x - origin) / site
    width = np.array([-(-kit.masters[i.master].width // site) for i in movable], np.float64)
    names = np.array([i.name for i in movable])
    nowhere = np.full(len(movable), -1, np.int64)

    def fill(order: NDArray[np.int64], home: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
        result: tuple[NDArray[np.int64], NDArray[np.int64], int] = pack(
            order, wanted, y, width, home, segments.ys, segments.row_start, segments.low, segments.high, float(site)
        )
        return result

    leftmost_first = np.lexsort((names, y, x))
    chosen, places, lost = fill(leftmost_first, nowhere)
    if lost:  # greedy packing left a cell over: the widest first always packs better, at the price of more movement
        homes, _, lost = fill(np.lexsort((names, y, x, -width)), nowhere)
        if lost:
            raise ConfigError(
                "the cells do not fit into the rows",
                got=f"{int(width.sum()) * site} database units of cells",
                allowed=f"{int((segments.high - segments.low).sum()) * site} database units of rows, less fixed cells",
                next_step="lower layout.utilisation",
            )
        chosen, places, lost = fill(leftmost_first, homes)
    for instance, segment, at in zip(movable, chosen.tolist(), places.tolist(), strict=True):
        row = segments.row[segment]
        instance.x, instance.y = origin + at * site, row.y
        instance.orient = (_UPRIGHT if row.orient == "N" else _FLIPPED)[instance.orient]
        instance.placed = True
    return made
