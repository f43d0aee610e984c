"""Where the router may enter a pin: grid nodes with a via that the pin's metal encloses, or nodes on the pin's own layer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from neutnngen.pdk.technology import Kit, Rect, ViaDef
from neutnngen.place_route.block import Block, Net, PinRef, Wire, transform
from neutnngen.place_route.grid import Grid


@dataclass(frozen=True)
class Access:
    """One way into a pin: a grid node, the via to place there (None on the pin's own layer), a stub of wire to reach it (or None)."""

    node: int
    via: str | None
    stub: Wire | None = None


@dataclass(frozen=True)
class PinAccess:
    """A pin of a net with all its ways in; ``options`` is empty where the grid cannot reach it."""

    ref: PinRef
    options: tuple[Access, ...]
    shapes: tuple[Rect, ...]


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


def pin_vias(kit: Kit, grid: Grid, lower: str) -> tuple[ViaDef, ...]:
    """Vias from a pin layer to the first signal layer whose upper metal is no wider than a wire there, smallest first."""
    top = grid.layers[0]
    found = []
    for via in kit.technology.vias.values():
        if via.lower != lower or via.upper != top.name:
            continue
        upper = next(rect for rect in via.rects if rect.layer == top.name)
        half = (upper.x1, upper.y1) if top.vertical else (upper.y1, upper.x1)
        if half[0] <= top.pad_across and half[1] <= top.pad_along:
            found.append(via)
    return tuple(found)


class AccessFinder:
    """Finds pin access; results for one master, orientation and position relative to the tracks are kept."""

    def __init__(self, block: Block, kit: Kit, grid: Grid) -> None:
        self._block, self._kit, self._grid = block, kit, grid
        self._vias: dict[str, tuple[ViaDef, ...]] = {}
        self._seen: dict[tuple[str, str, str, int, int], tuple[tuple[int, int, int, str | None], ...]] = {}

    def net(self, net: Net) -> Iterator[PinAccess]:
        """Access of every pin of a net, in the net's order."""
        for ref in net.pins:
            yield self._port(ref) if ref.instance is None else self._cell(ref, ref.instance)

    def _cell(self, ref: PinRef, name: str) -> PinAccess:
        grid, instance = self._grid, self._block.instances[name]
        master = self._kit.masters[instance.master]
        shapes = tuple(transform(rect, master, instance) for rect in master.pins[ref.pin].rects)
        # tracks repeat: only the position relative to them matters
        col, px = divmod(instance.x - grid.x0, grid.dx)
        row, py = divmod(instance.y - grid.y0, grid.dy)
        key = (instance.master, ref.pin, instance.orient, px, py)
        if key not in self._seen:
            found = self._enclosed(shapes)
            self._seen[key] = tuple((layer, x - col, y - row, via) for layer, x, y, via in found)
        options = []
        for layer, x, y, via in self._seen[key]:
            i, j = x + col, y + row
            if 0 <= i < grid.nx and 0 <= j < grid.ny:
                options.append(Access(grid.node(layer, i, j), via))
        return PinAccess(ref, tuple(options), shapes)

    def _enclosed(self, shapes: Sequence[Rect]) -> Iterator[tuple[int, int, int, str | None]]:
        grid = self._grid
        for layer_name in dict.fromkeys(rect.layer for rect in shapes):
            rects = [rect for rect in shapes if rect.layer == layer_name]
            index = grid.layer_index(layer_name)
            if layer_name not in self._vias:
                self._vias[layer_name] = pin_vias(self._kit, grid, layer_name)
            for x, y in _nodes(grid, rects):
                cx, cy = grid.x0 + x * grid.dx, grid.y0 + y * grid.dy
                if index is not None:
                    yield index, x, y, None
                    continue
                for via in self._vias[layer_name]:
                    metal = [r for r in via.rects if r.layer == layer_name]
                    if all(covered(Rect(r.layer, cx + r.x0, cy + r.y0, cx + r.x1, cy + r.y1), rects) for r in metal):
                        yield 0, x, y, via.name
                        break

    def _port(self, ref: PinRef) -> PinAccess:
        grid, rect = self._grid, self._block.ports[ref.pin].rect
        if rect is None:
            return PinAccess(ref, (), ())
        index = grid.layer_index(rect.layer)
        if index is None:
            return PinAccess(ref, (), (rect,))
        layer = grid.layers[index]
        inside = [Access(grid.node(index, x, y), None) for x, y in _nodes(grid, [rect]) if _on_lattice(grid, index, x, y)]
        return PinAccess(ref, tuple(inside) or tuple(self._stubs(index, layer.vertical, rect)), (rect,))

    def _stubs(self, index: int, vertical: bool, rect: Rect) -> Iterator[Access]:
        """Ports between nodes of a track: the nearest node and a stub along the track."""
        grid, layer = self._grid, self._grid.layers[index]
        cx, cy = (rect.x0 + rect.x1) // 2, (rect.y0 + rect.y1) // 2
        x = min(max(round((cx - grid.x0) / grid.dx), 0), grid.nx - 1)
        y = min(max(round((cy - grid.y0) / grid.dy), 0), grid.ny - 1)
        if vertical:
            y = min(round(y / layer.along) * layer.along, (grid.ny - 1) // layer.along * layer.along)
        else:
            x = min(round(x / layer.along) * layer.along, (grid.nx - 1) // layer.along * layer.along)
        nx, ny = grid.x0 + x * grid.dx, grid.y0 + y * grid.dy
        if not _on_lattice(grid, index, x, y) or (nx if vertical else ny) != (cx if vertical else cy):
            return
        half = layer.width // 2
        yield Access(grid.node(index, x, y), None, Wire(layer.name, min(nx, cx), min(ny, cy), max(nx, cx), max(ny, cy), layer.width, half))


def _nodes(grid: Grid, rects: Iterable[Rect]) -> Iterator[tuple[int, int]]:
    """Columns and rows under the rectangles; beyond the die too, because a result may serve a cell elsewhere."""
    found: dict[tuple[int, int], None] = {}
    for rect in rects:
        for y in range(-((grid.y0 - rect.y0) // grid.dy), (rect.y1 - grid.y0) // grid.dy + 1):
            for x in range(-((grid.x0 - rect.x0) // grid.dx), (rect.x1 - grid.x0) // grid.dx + 1):
                found[x, y] = None
    return iter(found)


def _on_lattice(grid: Grid, index: int, x: int, y: int) -> bool:
    layer = grid.layers[index]
    steps = (layer.across, layer.along) if layer.vertical else (layer.along, layer.across)
    return 0 <= x < grid.nx and 0 <= y < grid.ny and x % steps[0] == 0 and y % steps[1] == 0
