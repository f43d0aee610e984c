"""Line ends on neighbouring tracks: where two face each other at a slant and are too close, one is lengthened until they run side by side.

Works on bars, the metal of one net along one track. Wires that are too short for the layer's minimum area get their length here too; the
search has kept the room free.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from neutnngen.pdk.technology import Kit, Layer
from neutnngen.place_route.grid import Grid, Int32, LayerGrid, via_pad
from neutnngen.place_route.route_shapes import LayerWires, Shapes
from neutnngen.place_route.route_store import Int64

PASSES = 6


def slant(layer: Layer, lateral: int) -> int:
    """Least distance, along the tracks, of two ends that do not pass each other on tracks with ``lateral`` between their wires."""
    needed = 0
    for rule in layer.end_rules:
        if layer.width < rule.width and lateral < rule.within:
            needed = max(needed, rule.spacing)
    if layer.corner_spacing > lateral:
        needed = max(needed, int(np.ceil(np.sqrt(layer.corner_spacing**2 - lateral**2))))
    return needed


def settle_ends(grid: Grid, kit: Kit, shapes: Shapes, owner: Int32, fixed: dict[str, Int64]) -> Int32:
    """Lengthens wires of ``shapes`` in place; returns the nodes at ends that stay too close.

    fixed: by layer, (n, 4) boxes of metal that the router does not own, such as pins and obstructions of cells.
    """
    left = []
    for index, layer in enumerate(grid.layers):
        metal = kit.technology.layers[layer.name]
        laterals = np.diff(layer.tracks) - layer.width
        needed = np.array([0, *(slant(metal, int(v)) for v in laterals), 0], np.int64)
        if not needed.any() and not layer.least:
            continue
        left.append(_settle(grid, index, kit, shapes, owner, fixed.get(layer.name), needed))
    return np.concatenate(left) if left else np.empty(0, np.int32)


def _settle(grid: Grid, index: int, kit: Kit, shapes: Shapes, owner: Int32, fixed: Int64 | None, needed: Int64) -> Int32:
    layer = grid.layers[index]
    half = layer.width // 2
    wires = shapes.wires[index]
    net, track = [wires.net], [wires.track]
    low, high = [wires.low - half], [wires.high + half]
    for name_index, name in enumerate(shapes.names):
        via = kit.technology.vias[name]
        if layer.name not in (via.lower, via.upper):
            continue
        here = shapes.vias[shapes.vias[:, 1] == name_index]
        across, along = (here[:, 2], here[:, 3]) if layer.vertical else (here[:, 3], here[:, 2])
        pad = via_pad(via, layer.name)[layer.vertical]
        net.append(here[:, 0])
        track.append(np.searchsorted(layer.tracks, across))
        low.append(along - pad)
        high.append(along + pad)
    if fixed is not None and len(fixed):
        boxes = fixed if layer.vertical else fixed[:, [1, 0, 3, 2]]
        middle = (boxes[:, 0] + boxes[:, 2]) // 2
        at = np.clip(np.searchsorted(layer.tracks, middle), 1, len(layer.tracks) - 1)
        at -= (middle - layer.tracks[at - 1]) < (layer.tracks[at] - middle)
        net.append(np.full(len(boxes), -1))
        track.append(at)
        low.append(boxes[:, 1])
        high.append(boxes[:, 3])
    nets, tracks, lows, highs = (np.concatenate(part).astype(np.int64) for part in (net, track, low, high))
    bars = _merge(nets, tracks, lows, highs)
    start = np.searchsorted(bars[:, 1], np.arange(len(layer.tracks) + 1))
    before = bars.copy()
    step = kit.technology.manufacturing_grid
    stops = layer.stops.astype(np.int64)
    bad = _lengthen(
        bars, start, needed, stops, owner[layer.base : layer.base + layer.size], layer.pad_along, layer.gap, layer.least, step, PASSES
    )
    _draw(wires, bars, before, half)
    return _near_nodes(layer, bars, bad)


def _merge(net: Int64, track: Int64, low: Int64, high: Int64) -> Int64:
    """Rows net, track, low, high of metal that touches, by track and place; fixed metal (net -1) joins what it touches and stays fixed."""
    order = np.lexsort((high, low, track))
    rows: list[list[int]] = []
    for n, t, a, b in zip(net[order].tolist(), track[order].tolist(), low[order].tolist(), high[order].tolist(), strict=True):
        if rows and rows[-1][1] == t and a <= rows[-1][3]:
            rows[-1][3] = max(rows[-1][3], b)
            rows[-1][0] = max(rows[-1][0], n)
        else:
            rows.append([n, t, a, b])
    return np.array(rows, np.int64).reshape(-1, 4)


@njit(cache=True)
def _first_at(bars, first, end, place, column):  # type: ignore[no-untyped-def]
    """First bar of a track whose ``column`` is at least ``place``."""
    while first < end:
        middle = (first + end) // 2
        if bars[middle, column] < place:
            first = middle + 1
        else:
            end = middle
    return first


@njit(cache=True)
def _facing(bars, start, needed, track, place, up):  # type: ignore[no-untyped-def]
    """A bar on a neighbouring track whose end faces an end at ``place`` and is too close (the farthest one), or -1."""
    worst = -1
    for side in (-1, 1):
        other = track + side
        if other < 0 or other >= start.size - 1:
            continue
        distance = needed[track] if side < 0 else needed[track + 1]
        if not distance:
            continue
        if up:
            j = _first_at(bars, start[other], start[other + 1], place, 2)
            if j < start[other + 1] and bars[j, 2] < place + distance and (worst < 0 or bars[j, 2] > bars[worst, 2]):
                worst = j
        else:
            j = _first_at(bars, start[other], start[other + 1], place + 1, 3) - 1
            if j >= start[other] and bars[j, 3] > place - distance and (worst < 0 or bars[j, 3] < bars[worst, 3]):
                worst = j
    return worst


@njit(cache=True)
def _room(bars, start, stops, owner, pad, gap, i, up):  # type: ignore[no-untyped-def]
    """How far an end of bar ``i`` may go."""
    track, net = bars[i, 1], bars[i, 0]
    if net < 0:
        return bars[i, 3] if up else bars[i, 2]
    base = track * stops.size
    if up:
        limit = np.int64(1) << 40
        if i + 1 < start[track + 1]:
            limit = bars[i + 1, 2] - gap
        k = np.searchsorted(stops, bars[i, 3] + 1) - 1
        while k + 1 < stops.size and stops[k] + pad < limit and (owner[base + k + 1] == -1 or owner[base + k + 1] == net):
            k += 1
        return max(bars[i, 3], min(limit, stops[max(k, 0)] + pad))
    limit = -(np.int64(1) << 40)
    if i > start[track]:
        limit = bars[i - 1, 3] + gap
    k = np.searchsorted(stops, bars[i, 2])
    while k > 0 and (k == stops.size or stops[k] - pad > limit) and (owner[base + k - 1] == -1 or owner[base + k - 1] == net):
        k -= 1
    return min(bars[i, 2], max(limit, stops[min(k, stops.size - 1)] - pad))


@njit(cache=True)
def _move(bars, start, needed, stops, owner, pad, gap, step, i, up):  # type: ignore[no-untyped-def]
    """Lengthen an end of bar ``i`` past what faces it; True where nothing faces it any more."""
    room = _room(bars, start, stops, owner, pad, gap, i, up)
    place = bars[i, 3] if up else bars[i, 2]
    for _ in range(8):
        j = _facing(bars, start, needed, bars[i, 1], place, up)
        if j < 0:
            if up:
                bars[i, 3] = place
            else:
                bars[i, 2] = place
            return True
        place = bars[j, 2] + step if up else bars[j, 3] - step
        if (up and place > room) or (not up and place < room):
            return False
    return False


@njit(cache=True)
def _lengthen(bars, start, needed, stops, owner, pad, gap, least, step, passes):  # type: ignore[no-untyped-def]
    """Gives short bars their length and slanted ends their overlap; returns bars with an end that stays too close or that stay short."""
    n = bars.shape[0]
    for i in range(n):
        missing = least - (bars[i, 3] - bars[i, 2])
        if bars[i, 0] < 0 or missing <= 0:
            continue
        # the room that the search kept: up to the pad of the outermost stop
        for up in (True, False):
            missing = least - (bars[i, 3] - bars[i, 2])
            if missing <= 0:
                break
            room = _room(bars, start, stops, owner, pad, gap, i, up)
            if up:
                k = np.searchsorted(stops, bars[i, 3] + 1) - 1
                bars[i, 3] = max(bars[i, 3], min(room, bars[i, 3] + missing, stops[k] + pad))
            else:
                k = min(np.searchsorted(stops, bars[i, 2]), stops.size - 1)
                bars[i, 2] = min(bars[i, 2], max(room, bars[i, 2] - missing, stops[k] - pad))
        for up in (True, False):
            missing = least - (bars[i, 3] - bars[i, 2])
            if missing > 0:
                room = _room(bars, start, stops, owner, pad, gap, i, up)
                if up:
                    bars[i, 3] = max(bars[i, 3], min(room, bars[i, 3] + missing))
                else:
                    bars[i, 2] = min(bars[i, 2], max(room, bars[i, 2] - missing))
    bad = np.zeros(n, np.uint8)
    for _ in range(passes):
        again = False
        bad[:] = 0
        for i in range(n):
            if bars[i, 0] >= 0 and bars[i, 3] - bars[i, 2] < least:
                bad[i] = 1
            for up in (True, False):
                j = _facing(bars, start, needed, bars[i, 1], bars[i, 3] if up else bars[i, 2], up)
                if j < 0:
                    continue
                if (bars[i, 0] >= 0 and _move(bars, start, needed, stops, owner, pad, gap, step, i, up)) or (
                    bars[j, 0] >= 0 and _move(bars, start, needed, stops, owner, pad, gap, step, j, not up)
                ):
                    again = True
                else:
                    bad[i] = 1
                    bad[j] = 1
        if not again:
            break
    return bad


def _draw(wires: LayerWires, bars: Int64, before: Int64, half: int) -> None:
    """Every bar that has become longer is one wire, in place of those within it."""
    longer = (bars[:, 2] != before[:, 2]) | (bars[:, 3] != before[:, 3])
    grown = np.nonzero(longer)[0]
    if len(wires.net) and len(grown):
        reach = 1 << 40
        home = np.searchsorted(before[:, 1] * reach + before[:, 2], wires.track * reach + wires.low - half, "right") - 1
        kept = ~longer[home]
        wires.net, wires.track, wires.low, wires.high = wires.net[kept], wires.track[kept], wires.low[kept], wires.high[kept]
    wires.net = np.concatenate([wires.net, bars[grown, 0]])
    wires.track = np.concatenate([wires.track, bars[grown, 1]])
    wires.low = np.concatenate([wires.low, bars[grown, 2] + half])
    wires.high = np.concatenate([wires.high, bars[grown, 3] - half])


def _near_nodes(layer: LayerGrid, bars: Int64, bad: npt.NDArray[np.uint8]) -> Int32:
    """Nodes at both ends of the bars that are left."""
    found = bars[bad == 1]
    found = found[found[:, 0] >= 0]
    last = len(layer.stops) - 1
    low = np.minimum(np.searchsorted(layer.stops, found[:, 2]), last)
    high = np.maximum(np.searchsorted(layer.stops, found[:, 3], "right") - 1, 0)
    base = layer.base + found[:, 1] * len(layer.stops)
    return np.unique(np.concatenate([base + low, base + high])).astype(np.int32)
