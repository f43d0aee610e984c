"""Parts of the geometry check that look at pairs of rectangles: where an exact look is needed, and the rules of line ends and corners."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from neutnngen.pdk.technology import Layer
from neutnngen.place_route.route_sweep import Boxes, Indices, close_pairs, gaps
from neutnngen.place_route.route_view import View


def suspects(box: Boxes, instance: Indices, polygon: Indices, layer: Layer) -> Boxes:
    """Boxes of one layer within which a width, spacing or area may be too small; without any, the layer is clean.

    Every violation touches one of them; most of them are none. Pairs within one cell are left out: nothing foreign takes part.
    """
    found = []
    size = box[:, 2:] - box[:, :2]
    found.append(box[(size.min(axis=1) < layer.width) & (instance < 0)])
    a, b = close_pairs(box, None, max(layer.spacing - 1, 0))
    foreign = (instance[a] != instance[b]) | (instance[a] < 0)
    a, b = a[foreign], b[foreign]
    gx, gy = gaps(box[a], box[b])
    touching = (gx <= 0) & (gy <= 0) & ((gx < 0) | (gy < 0))
    neck = touching & (np.hypot(gx, gy) < layer.width)
    found.append(_between(box[a[neck]], box[b[neck]]))
    apart = ~touching & (np.hypot(np.maximum(gx, 0), np.maximum(gy, 0)) < layer.spacing)
    between = _between(box[a[apart]], box[b[apart]])
    found.append(between[~((polygon[a[apart]] == polygon[b[apart]]) & _filled(between, box))])
    if layer.min_area and len(box):
        found.append(_small(box, size.prod(axis=1), instance, polygon, layer))
    return np.concatenate(found)


def _between(a: Boxes, b: Boxes) -> Boxes:
    """What lies between two boxes or is common to them."""
    low, high = np.maximum(a[:, :2], b[:, :2]), np.minimum(a[:, 2:], b[:, 2:])
    return np.concatenate([np.minimum(low, high), np.maximum(low, high)], axis=1)


def _filled(gap: Boxes, box: Boxes) -> npt.NDArray[np.bool_]:
    """True for gaps that one box covers."""
    filled = np.zeros(len(gap), bool)
    at, by = close_pairs(gap, box, 0)
    inside = (box[by, :2] <= gap[at, :2]).all(axis=1) & (box[by, 2:] >= gap[at, 2:]).all(axis=1)
    filled[at[inside]] = True
    return filled


def _small(box: Boxes, area: Indices, instance: Indices, polygon: Indices, layer: Layer) -> Boxes:
    """Boxes of polygons, not of one cell alone, of which no single box has the least area."""
    names, home = np.unique(polygon, return_inverse=True)
    largest = np.zeros(len(names), np.int64)
    np.maximum.at(largest, home, area)
    low, high = np.full(len(names), 1 << 40), np.full(len(names), -2)
    np.minimum.at(low, home, instance)
    np.maximum.at(high, home, instance)
    small = (largest < layer.min_area) & ((low != high) | (low < 0))
    return np.asarray(box[small[home]], np.int64)


def end_marks(view: View, index: Indices, layer: Layer) -> Iterator[tuple[str, Any, list[int]]]:
    """(rule, marker box, rectangles of the view) of line ends and corners that are too close, and of widths that the layer does not allow.

    A condition on a parallel edge beside the end is read as always true, which is stricter. Metal of one cell alone is left out.
    """
    if not layer.end_rules and not layer.corner_spacing and not layer.widths:
        return
    box, home = _polygons(view, index)
    cell = _one_cell(view, index, home, len(box))
    first = np.zeros(len(box), np.int64)
    first[home[::-1]] = index[::-1]
    size = np.minimum(box[:, 2] - box[:, 0], box[:, 3] - box[:, 1])
    if layer.widths:
        for k in np.nonzero((cell < 0) & ~np.isin(size, layer.widths))[0].tolist():
            yield "width not in the table", box[k], [int(first[k])]
    reach = max([layer.corner_spacing, *(max(r.spacing, r.end_to_end, r.within) for r in layer.end_rules)])
    a, b = close_pairs(box, None, reach - 1)
    other = (cell[a] != cell[b]) | (cell[a] < 0)
    a, b = a[other], b[other]
    gx, gy = gaps(box[a], box[b])
    corner = (gx >= 0) & (gy >= 0) & (gx * gx + gy * gy < layer.corner_spacing**2)
    for i, j, mark in zip(a[corner].tolist(), b[corner].tolist(), _between(box[a[corner]], box[b[corner]]), strict=True):
        yield "corner spacing", mark, [int(first[i]), int(first[j])]
    for rule in layer.end_rules:
        bad = np.zeros(len(a), bool)
        for ahead, beside, axis in ((gx, gy, 0), (gy, gx, 1)):
            # the edges that face each other are as long as the boxes are across
            ends = [box[k, 3 - axis] - box[k, 1 - axis] < rule.width for k in (a, b)]
            facing = (ahead >= 0) & (beside < 0)
            bad |= facing & ends[0] & ends[1] & (ahead < max(rule.spacing, rule.end_to_end))
            bad |= (
                (ends[0] | ends[1]) & (ahead >= 0) & (beside < rule.within) & (ahead < rule.spacing) & (ahead + np.maximum(beside, 0) > 0)
            )
        for i, j, mark in zip(a[bad].tolist(), b[bad].tolist(), _between(box[a[bad]], box[b[bad]]), strict=True):
            yield "end-of-line spacing", mark, [int(first[i]), int(first[j])]


def _polygons(view: View, index: Indices) -> tuple[Boxes, Indices]:
    """Merged shapes of a layer that are rectangles, and the one of every entry of ``index``; other polygons stay in pieces.

    Rectangles of equal height that touch end to end become one; that is all that a layer with rules for line ends has.
    """
    box = view.box[index]
    home = np.arange(len(box))
    made = box.copy()
    for axis in (0, 1):
        order = np.lexsort((made[:, 2 + axis], made[:, axis], made[:, 3 - axis], made[:, 1 - axis]))
        rows = made[order]
        same = (rows[1:, 1 - axis] == rows[:-1, 1 - axis]) & (rows[1:, 3 - axis] == rows[:-1, 3 - axis])
        # the farthest end so far within one band
        band = np.concatenate([[0], np.cumsum(~same)])
        far = np.maximum.accumulate(rows[:, 2 + axis] + band * (1 << 40)) - band * (1 << 40)
        start = np.concatenate([[True], ~same | (rows[1:, axis] > far[:-1])]) if len(rows) else np.zeros(0, bool)
        group = np.cumsum(start) - 1
        joined = rows[start].copy()
        np.maximum.at(joined[:, 2 + axis], group, rows[:, 2 + axis])
        back = np.empty(len(made), np.int64)
        back[order] = group
        home, made = back[home], joined
    # pieces within a larger piece are no shapes of their own
    at, by = close_pairs(made, None, 0)
    inside = np.arange(len(made))
    for p, q in ((at, by), (by, at)):
        within = (made[q, :2] <= made[p, :2]).all(axis=1) & (made[q, 2:] >= made[p, 2:]).all(axis=1)
        inside[p[within]] = q[within]
    kept, home = np.unique(inside[home], return_inverse=True)
    return made[kept], home


def _one_cell(view: View, index: Indices, home: Indices, count: int) -> Indices:
    """Instance of each merged shape, -1 where it is not one cell's alone."""
    low, high = np.full(count, 1 << 40), np.full(count, -2)
    np.minimum.at(low, home, view.instance[index])
    np.maximum.at(high, home, view.instance[index])
    return np.where(low == high, low, -1)
