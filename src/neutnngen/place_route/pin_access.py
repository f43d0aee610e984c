"""Where the router may enter a pin: nodes with a via that the pin's metal encloses, or nodes on the pin's own layer.

Where no node fits, a via between two stops of a track serves with a stub of wire to the nearer one; the other is kept empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

import numpy as np
import numpy.typing as npt
from numba import njit

from neutnngen.pdk.technology import Kit, Rect, ViaDef
from neutnngen.place_route.block import Block, Instance, Net, Orientation, PinRef, transform
from neutnngen.place_route.grid import Grid, Int32, LayerGrid, via_pad

Int64 = npt.NDArray[np.int64]
Box = tuple[int, int, int, int]


class Region(NamedTuple):
    """Places where a via (None: a wire on the pin's own layer) may stand; relative to the cell's corner, closed on all sides."""

    layer: int
    via: str | None
    box: Box


@dataclass(frozen=True)
class Access:
    """Ways into the pins of nets, as arrays.

    Pins of net ``i`` are ``net_pins[i]`` up to ``net_pins[i + 1]``, ways of pin ``p`` are ``start[p]`` up to ``start[p + 1]``. Of each way:
    node, via (index into ``names``, -1 none), place (x, y) of the via or of the stub's end, and a second node that it keeps (or -1).
    """

    refs: tuple[PinRef, ...]
    net_pins: Int64
    start: Int64
    node: Int32
    via: Int32
    place: Int32
    also: Int32
    names: tuple[str, ...]

    def has_cut(self) -> npt.NDArray[np.uint8]:
        """1 for pins that are entered through a via."""
        found = np.zeros(len(self.refs), np.uint8)
        if len(self.via):
            first = np.minimum(self.start[:-1], len(self.via) - 1)
            found[(np.diff(self.start) > 0) & (self.via[first] >= 0)] = 1
        return found

    def keep(self, good: npt.NDArray[np.bool_]) -> Access:
        """Without the ways that are not ``good``."""
        kept = np.concatenate([np.zeros(1, np.int64), np.cumsum(good)])
        return Access(
            self.refs, self.net_pins, kept[self.start], self.node[good], self.via[good], self.place[good], self.also[good], self.names
        )


def covered(rect: Rect, by: Sequence[Rect]) -> bool:
    """True where the union of ``by`` (same layer) covers ``rect``."""
    left = [(rect.x0, rect.y0, rect.x1, rect.y1)]
    for b in by:
        rest = []
        for x0, y0, x1, y1 in left:
            if b.x0 >= x1 or b.x1 <= x0 or b.y0 >= y1 or b.y1 <= y0:
                rest.append((x0, y0, x1, y1))
                continue
            if b.x0 > x0:
                rest.append((x0, y0, b.x0, y1))
            if b.x1 < x1:
                rest.append((b.x1, y0, x1, y1))
            mid0, mid1 = max(x0, b.x0), min(x1, b.x1)
            if b.y0 > y0:
                rest.append((mid0, y0, mid1, b.y0))
            if b.y1 < y1:
                rest.append((mid0, b.y1, mid1, y1))
        left = rest
        if not left:
            return True
    return not left


def largest_boxes(rects: Sequence[Rect]) -> list[Box]:
    """Every rectangle inside the union that no larger one holds."""
    xs = sorted({x for r in rects for x in (r.x0, r.x1)})
    ys = sorted({y for r in rects for y in (r.y0, r.y1)})
    inside = [
        (x0, y0, x1, y1)
        for i, x0 in enumerate(xs)
        for x1 in xs[i + 1 :]
        for j, y0 in enumerate(ys)
        for y1 in ys[j + 1 :]
        if covered(Rect("", x0, y0, x1, y1), rects)
    ]
    return [a for a in inside if not any(b != a and b[0] <= a[0] and b[1] <= a[1] and b[2] >= a[2] and b[3] >= a[3] for b in inside)]


def pin_vias(kit: Kit, grid: Grid, lower: str) -> tuple[ViaDef, ...]:
    """Vias from a pin layer to the first signal layer whose upper metal is no wider than what the lattice expects at a node there."""
    top = grid.layers[0]
    found = []
    for via in kit.technology.vias.values():
        if via.lower != lower or via.upper != top.name:
            continue
        x, y = via_pad(via, top.name)
        across, along = (x, y) if top.vertical else (y, x)
        if across <= top.pad_across and along <= top.pad_along:
            found.append(via)
    return tuple(found)


def pin_regions(kit: Kit, grid: Grid, shapes: Sequence[Rect]) -> list[Region]:
    """Regions for a pin of these shapes; on its own signal layer where it has metal there."""
    found: list[Region] = []
    for name in dict.fromkeys(rect.layer for rect in shapes):
        index = grid.layer_index(name)
        boxes = largest_boxes([rect for rect in shapes if rect.layer == name])
        if index is not None:
            found += [Region(index, None, _centre(grid.layers[index], box)) for box in boxes]
            continue
        for via in pin_vias(kit, grid, name):
            x, y = via_pad(via, name)
            for x0, y0, x1, y1 in boxes:
                if x1 - x0 >= 2 * x and y1 - y0 >= 2 * y:
                    found.append(Region(0, via.name, (x0 + x, y0 + y, x1 - x, y1 - y)))
    own = [region for region in found if region.via is None]
    return own or found


def _centre(layer: LayerGrid, box: Box) -> Box:
    """Where the centre of a wire may lie so that it stands out of the box as little as possible beside."""
    x0, y0, x1, y1 = box
    if layer.vertical:
        inset = min(layer.width, x1 - x0) // 2
        return x0 + inset, y0, x1 - inset, y1
    inset = min(layer.width, y1 - y0) // 2
    return x0, y0 + inset, x1, y1 - inset


@njit(cache=True)
def _count_nodes(rects, layers, places, fill, node, source):  # type: ignore[no-untyped-def]
    """Nodes within rectangles (across, along); rows: layer, pin, low and high across, low and high along. Returns their number."""
    total = 0
    for r in range(rects.shape[0]):
        base, track_at, tracks, stop_at, stops = layers[rects[r, 0]]
        across, along = places[track_at : track_at + tracks], places[stop_at : stop_at + stops]
        t0, t1 = np.searchsorted(across, rects[r, 2]), np.searchsorted(across, rects[r, 3] + 1)
        k0, k1 = np.searchsorted(along, rects[r, 4]), np.searchsorted(along, rects[r, 5] + 1)
        for t in range(t0, t1):
            for k in range(k0, k1):
                if fill:
                    node[total] = base + t * stops + k
                    source[total] = r
                total += 1
    return total


def find_access(block: Block, kit: Kit, grid: Grid, nets: Sequence[Net]) -> Access:
    """Access to every pin of the nets, in their order."""
    names = tuple(kit.technology.vias)
    via_index = {name: i for i, name in enumerate(names)}
    refs = tuple(ref for net in nets for ref in net.pins)
    # pins that look alike, with their cell's corner
    alike: dict[tuple[str, str, str], list[tuple[int, int, int]]] = {}
    parts = [np.empty((0, 7), np.int64)]
    for p, ref in enumerate(refs):
        if ref.instance is None:
            rect = block.ports[ref.pin].rect
            regions = [] if rect is None else [r for r in pin_regions(kit, grid, [rect]) if r.via is None]
            parts.append(_rows(grid, regions, via_index, [(p, 0, 0)]))
        else:
            instance = block.instances[ref.instance]
            alike.setdefault((instance.master, ref.pin, instance.orient), []).append((p, instance.x, instance.y))
    for (name, pin_name, orient), members in alike.items():
        master = kit.masters[name]
        corner = Instance("", name, 0, 0, cast(Orientation, orient))
        regions = pin_regions(kit, grid, [transform(r, master, corner) for r in master.pins[pin_name].rects])
        parts.append(_rows(grid, regions, via_index, members))
    table = np.concatenate(parts)
    layers, places = _layer_table(grid)
    nothing = np.empty(0, np.int32)
    total = _count_nodes(table, layers, places, False, nothing, nothing)
    node, source = np.empty(total, np.int32), np.empty(total, np.int32)
    _count_nodes(table, layers, places, True, node, source)
    pin, via = table[source, 1], table[source, 6].astype(np.int32)
    # one way for each pin and node: the first, that is the smallest via
    order = np.lexsort((np.arange(total), node, pin))
    first = np.ones(total, bool)
    first[1:] = (pin[order][1:] != pin[order][:-1]) | (node[order][1:] != node[order][:-1])
    order = order[first]
    node, pin, via = node[order], pin[order], via[order]
    place = node_places(grid, node)
    also = np.full(len(node), -1, np.int32)
    bare = np.nonzero(np.bincount(pin, minlength=len(refs)) == 0)[0]
    rows = table[np.isin(table[:, 1], bare)]
    rows = rows[np.argsort(rows[:, 1], kind="stable")]
    extra = [(int(row[1]), *way) for row in rows for way in _between(grid, row)]
    if extra:
        more = np.array(extra, np.int64)
        pin, node = np.concatenate([pin, more[:, 0]]), np.concatenate([node, more[:, 1].astype(np.int32)])
        via, also = np.concatenate([via, more[:, 2].astype(np.int32)]), np.concatenate([also, more[:, 5].astype(np.int32)])
        place = np.concatenate([place, more[:, 3:5].astype(np.int32)])
        order = np.argsort(pin, kind="stable")
        node, pin, via, also, place = node[order], pin[order], via[order], also[order], place[order]
    start = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.bincount(pin, minlength=len(refs)))])
    net_pins = np.concatenate([np.zeros(1, np.int64), np.cumsum([len(net.pins) for net in nets], dtype=np.int64)])
    return Access(refs, net_pins, start, node, via, place, also, names)


def _rows(grid: Grid, regions: Sequence[Region], via_index: dict[str, int], members: Sequence[tuple[int, int, int]]) -> Int64:
    """Rows layer, pin, low and high across, low and high along, via: every region at every member (pin, x, y)."""
    pins = np.array(members, np.int64).reshape(-1, 3)
    found = [np.empty((0, 7), np.int64)]
    for layer, via, (x0, y0, x1, y1) in regions:
        xs, ys = (pins[:, 1] + x0, pins[:, 1] + x1), (pins[:, 2] + y0, pins[:, 2] + y1)
        spans = (*xs, *ys) if grid.layers[layer].vertical else (*ys, *xs)
        same = np.full(len(pins), layer), np.full(len(pins), -1 if via is None else via_index[via])
        found.append(np.column_stack([same[0], pins[:, 0], *spans, same[1]]))
    return np.concatenate(found)


def _layer_table(grid: Grid) -> tuple[Int64, Int32]:
    rows, places, at = [], [], 0
    for layer in grid.layers:
        rows.append((layer.base, at, len(layer.tracks), at + len(layer.tracks), len(layer.stops)))
        places += [layer.tracks, layer.stops]
        at += len(layer.tracks) + len(layer.stops)
    return np.array(rows, np.int64), np.concatenate(places).astype(np.int32)


def node_places(grid: Grid, nodes: Int32) -> Int32:
    """(n, 2) places x, y of nodes."""
    found = np.empty((len(nodes), 2), np.int32)
    for layer in grid.layers:
        here = (nodes >= layer.base) & (nodes < layer.base + layer.size)
        track, stop = np.divmod(nodes[here] - layer.base, len(layer.stops))
        across, along = layer.tracks[track], layer.stops[stop]
        found[here] = np.stack([across, along] if layer.vertical else [along, across], axis=1)
    return found


def _between(grid: Grid, row: Int64) -> Iterator[tuple[int, int, int, int, int]]:
    """Ways (node, via, x, y, second node) from a region that holds no node but crosses a track between two stops."""
    layer: LayerGrid = grid.layers[int(row[0])]
    stops = layer.stops
    t0, t1 = np.searchsorted(layer.tracks, row[2]), np.searchsorted(layer.tracks, row[3], "right")
    right = int(np.searchsorted(stops, row[4]))
    for track in range(int(t0), int(t1)):
        for at, other in ((right - 1, right), (right, right - 1)):
            if not 0 <= at < len(stops):
                continue
            along = min(max(int(stops[at]), int(row[4])), int(row[5]))
            across = int(layer.tracks[track])
            x, y = (across, along) if layer.vertical else (along, across)
            yield layer.node(track, at), int(row[6]), x, y, layer.node(track, other) if 0 <= other < len(stops) else -1
