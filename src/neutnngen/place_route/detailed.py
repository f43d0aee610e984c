"""Detailed placement: a legal placement made better by moves that keep it legal.

Rounds of three kinds of moves. Cells go to the place where their nets are shortest, into a gap or in exchange with a cell there (M. Pan,
N. Viswanathan, C. Chu, "An Efficient and Effective Detailed Placement Algorithm", ICCAD 2005); neighbours in a row change their order;
cells slide and are mirrored between their neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations

import numpy as np

from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block, Orientation
from neutnngen.place_route.detailed_kernel import exchange, reorder, shift, total_length
from neutnngen.place_route.legalise import free_segments
from neutnngen.place_route.placement_arrays import Indices, PlacementArrays, placement_arrays

LARGEST_NET = 64
"""Nets with more pins do not count: a cell inside their box cannot change them, and looking at all pins takes long."""

ENOUGH = 0.002
"""Relative gain of a round below which no further round follows."""

_ORIENTATIONS: dict[tuple[bool, bool], Orientation] = {(False, False): "N", (True, False): "FN", (False, True): "FS", (True, True): "S"}


def improve(block: Block, kit: Kit, *, rounds: int = 6, window: int = 3, net_weights: Mapping[str, float] | None = None) -> Block:
    """Shorter wires for a legal placement, which stays legal. Deterministic.

    rounds: at most. window: neighbours in a row whose order may change at once. net_weights: importance of nets, 1 where not named.
    """
    arrays = placement_arrays(block, kit, net_weights)
    segments = free_segments(block, kit)
    site, origin = float(segments.site), float(segments.origin)
    height = kit.technology.sites[block.rows[0].site].height
    low, high = segments.low * site + origin, segments.high * site + origin
    row_y = np.array([row.y + height / 2 for row in segments.row])
    row_flip = np.array([1.0 if row.orient == "N" else -1.0 for row in segments.row])
    ys = segments.ys + height / 2
    nets = _nets(arrays)
    cells = arrays.x.copy(), arrays.y.copy(), arrays.width, arrays.flip_x.copy(), arrays.flip_y.copy()
    stamps = np.zeros(len(nets[2]), np.int64)

    segment = np.full(len(arrays.x), -1, np.int64)
    before, after = segment.copy(), segment.copy()
    movable = np.flatnonzero(arrays.movable)
    lookup = np.searchsorted(ys, arrays.y[movable] - 1e-6)
    for_row = [np.arange(segments.row_start[r], segments.row_start[r + 1]) for r in range(len(ys))]
    order = movable[np.lexsort((arrays.x[movable], lookup))]
    rows_of = np.searchsorted(ys, arrays.y[order] - 1e-6)
    for r, found in enumerate(for_row):
        inside = order[rows_of == r] if len(found) else order[:0]
        if len(inside):
            segment[inside] = found[np.searchsorted(low[found], arrays.x[inside], side="right") - 1]
    same = segment[order[1:]] == segment[order[:-1]]
    after[order[:-1][same]] = order[1:][same]
    before[order[1:][same]] = order[:-1][same]
    rows = segment, before, after, low, high, row_y, row_flip

    bucket = 16 * site
    first = np.concatenate([[0], np.cumsum(np.maximum(1, np.ceil((high - low) / bucket)))]).astype(np.int64)
    perms = np.array(list(permutations(range(window))), np.int64)
    length = total_length(nets, cells)
    for _ in range(rounds):
        start = length
        exchange(order, ys, segments.row_start, bucket, first, nets, cells, rows, stamps, origin, site)
        reorder(order, window, perms, nets, cells, rows, stamps)
        shift(order, nets, cells, rows, stamps, origin, site)
        shift(order[::-1], nets, cells, rows, stamps, origin, site)
        length = total_length(nets, cells)
        if length > start * (1 - ENOUGH):
            break
    made = block.copy()
    x, y = np.rint(cells[0] - arrays.width / 2).astype(np.int64), np.rint(cells[1] - arrays.height / 2).astype(np.int64)
    for k in movable.tolist():
        instance = made.instances[arrays.names[k]]
        instance.x, instance.y = int(x[k]), int(y[k])
        instance.orient = _ORIENTATIONS[bool(cells[3][k] < 0), bool(cells[4][k] < 0)]
    return made


def _nets(arrays: PlacementArrays) -> tuple[Indices, ...]:
    """The tuple ``nets`` of the kernel."""
    pins = np.diff(arrays.net_start)
    kept = pins <= LARGEST_NET
    of_pin = np.repeat(kept, pins)
    start = np.concatenate([[0], np.cumsum(pins[kept])]).astype(np.int64)
    pin_cell = arrays.pin_cell[of_pin].astype(np.int64)
    net_of_pin = np.repeat(np.arange(int(kept.sum())), pins[kept])
    both = np.unique(np.stack([pin_cell, net_of_pin], axis=1), axis=0)
    cell_start = np.searchsorted(both[:, 0], np.arange(len(arrays.x) + 1))
    return (
        cell_start,
        np.ascontiguousarray(both[:, 1]),
        start,
        arrays.net_weight[kept],
        pin_cell,
        arrays.pin_x[of_pin],
        arrays.pin_y[of_pin],
    )  # type: ignore[return-value]
