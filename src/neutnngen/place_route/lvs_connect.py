"""What metal joins in a layout whose shapes are all made of rectangles, with arrays: the fast way of :mod:`lvs`.

The metal of every library cell is sorted into connected pieces once. In the layout, each rectangle of wiring and each piece of each
placed cell is a node; rectangles of one layer that share area or a piece of edge are joined, and cuts join the metals that they overlap.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import klayout.db as kdb
import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from neutnngen.pdk.technology import Kit
from neutnngen.place_route.lvs_layout import joining_layers
from neutnngen.place_route.route_sweep import close_pairs, gaps

Ints = npt.NDArray[np.int64]


class NotRectilinear(Exception):
    """A shape of the layout is not made of rectangles along the axes."""


@dataclass(frozen=True)
class Piecewise:
    """Metal of one cell: rectangles (n, 4), their layer and piece, and the pieces that hold each pin."""

    box: Ints
    layer: Ints
    piece: Ints
    pieces: int
    pins: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Placed:
    """Placements of library cells in the top cell, in its order: cell, displacement, quarter turns and mirror of each."""

    cells: list[str]
    x: Ints
    y: Ints
    turn: Ints
    mirror: npt.NDArray[np.bool_]


def boxes_of(shapes: Iterable[Any]) -> list[tuple[int, int, int, int]]:
    """Rectangles that cover the same area as the shapes; texts are passed over. Raises NotRectilinear."""
    found: list[tuple[int, int, int, int]] = []
    for shape in shapes:
        if shape.is_box():
            box = shape.box
            found.append((box.left, box.bottom, box.right, box.top))
        elif shape.is_polygon() or shape.is_path():
            polygon = shape.polygon
            if not polygon.is_rectilinear():
                raise NotRectilinear
            for part in polygon.decompose_trapezoids():
                box = part.bbox()
                found.append((box.left, box.bottom, box.right, box.top))
    return found


def _array(rows: Iterable[tuple[int, ...]], columns: int) -> Ints:
    return np.array(list(rows), np.int64).reshape(-1, columns)


def links(box: Ints, layer: Ints, kit: Kit) -> tuple[Ints, Ints]:
    """Pairs of rectangles that are joined. layer: index into the technology's layers."""
    order = {name: i for i, name in enumerate(kit.technology.layers)}
    left, right = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    on = {number: np.nonzero(layer == number)[0] for number in np.unique(layer).tolist()}
    for index in on.values():
        a, b = close_pairs(box[index], None, 0)
        a, b = index[a], index[b]
        gx, gy = gaps(box[a], box[b])
        joined = (gx <= 0) & (gy <= 0) & ((gx < 0) | (gy < 0))
        left.append(a[joined])
        right.append(b[joined])
    for cut, metal in sorted({(via.cut, metal) for via in kit.technology.vias.values() for metal in (via.lower, via.upper)}):
        cuts, metals = on.get(order[cut]), on.get(order[metal])
        if cuts is None or metals is None:
            continue
        a, b = close_pairs(box[cuts], box[metals], 0)
        a, b = cuts[a], metals[b]
        gx, gy = gaps(box[a], box[b])
        left.append(a[(gx < 0) & (gy < 0)])
        right.append(b[(gx < 0) & (gy < 0)])
    return np.concatenate(left), np.concatenate(right)


def groups_of(count: int, pairs: Iterable[tuple[Ints, Ints]]) -> Ints:
    """Number of the connected group of every node."""
    both = list(pairs)
    a, b = np.concatenate([p[0] for p in both]), np.concatenate([p[1] for p in both])
    graph = coo_matrix((np.ones(len(a), np.int8), (a, b)), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def pieces_of(cell: Any, layout: Any, kit: Kit, scale: int) -> Piecewise:
    """Connected pieces of a library cell's metal. Raises NotRectilinear."""
    rows: list[tuple[int, ...]] = []
    order = {name: i for i, name in enumerate(kit.technology.layers)}
    for layer in joining_layers(kit):
        region: Any = kdb.Region(cell.begin_shapes_rec(layout.layer(*layer.gds))).merged()
        for polygon in region.each():
            if not polygon.is_rectilinear():
                raise NotRectilinear
            for part in polygon.decompose_trapezoids():
                box = part.bbox()
                rows.append((box.left, box.bottom, box.right, box.top, order[layer.name]))
    table = _array(rows, 5)
    box, of_layer = np.ascontiguousarray(table[:, :4]), table[:, 4]
    piece = groups_of(len(box), [links(box, of_layer, kit)]) if len(box) else np.empty(0, np.int64)
    pins: dict[str, tuple[int, ...]] = {}
    for pin in kit.masters[cell.name].pins.values():
        held: set[int] = set()
        for rect in pin.rects:
            x, y = scale * (rect.x0 + rect.x1) // 2, scale * (rect.y0 + rect.y1) // 2
            inside = (of_layer == order[rect.layer]) & (box[:, 0] <= x) & (x <= box[:, 2]) & (box[:, 1] <= y) & (y <= box[:, 3])
            held.update(piece[inside].tolist())
        pins[pin.name] = tuple(sorted(held))
    return Piecewise(box, of_layer, piece, int(piece.max()) + 1 if len(piece) else 0, pins)


def turned(points: Ints, turn: int, mirror: bool) -> Ints:
    """Points (n, 2) mirrored at the x axis, then turned by quarters."""
    x, y = points[:, 0], -points[:, 1] if mirror else points[:, 1]
    return np.stack([(x, y), (-y, x), (-x, -y), (y, -x)][turn], axis=1)


def wiring_of(layout: Any, top: Any, kit: Kit) -> tuple[Ints, Ints]:
    """Rectangles and layers of all that is no library cell: shapes of the top cell, and of via cells and the like under it."""
    order = {name: i for i, name in enumerate(kit.technology.layers)}
    layers = [(order[layer.name], layout.layer(*layer.gds)) for layer in joining_layers(kit)]
    parts: list[Ints] = []
    for number, index in layers:
        rows = boxes_of(top.shapes(index).each())
        parts.append(np.concatenate([_array(rows, 4), np.full((len(rows), 1), number)], axis=1))
    places: dict[int, list[tuple[int, int, int, int]]] = {}
    for reference in top.each_inst():
        if reference.cell.name not in kit.masters:
            trans = reference.trans
            places.setdefault(reference.cell_index, []).append((trans.disp.x, trans.disp.y, trans.angle, int(trans.is_mirror())))
    library = [cell.cell_index() for cell in layout.each_cell() if cell.name in kit.masters]
    for cell_index, rows in places.items():
        cell = layout.cell(cell_index)
        own: list[tuple[int, ...]] = []
        for number, index in layers:
            shapes: Any = cell.begin_shapes_rec(index)
            shapes.unselect_cells(library)
            region: Any = kdb.Region(shapes).merged()
            if not region.is_empty() and not all(polygon.is_rectilinear() for polygon in region.each()):
                raise NotRectilinear
            own += [(b.left, b.bottom, b.right, b.top, number) for p in region.each() for b in (t.bbox() for t in p.decompose_trapezoids())]
        table, at = _array(own, 5), _array(rows, 4)
        for turn, mirror in _kinds(at):
            here = at[(at[:, 2] == turn) & (at[:, 3] == mirror)]
            box = _placed_boxes(table[:, :4], turn, mirror, here[:, 0], here[:, 1])
            parts.append(np.concatenate([box, np.tile(table[:, 4], len(here))[:, None]], axis=1))
    whole = np.concatenate(parts)
    return np.ascontiguousarray(whole[:, :4]), whole[:, 4]


def _kinds(at: Ints) -> list[tuple[int, bool]]:
    """Different (quarter turns, mirror) of rows x, y, turn, mirror."""
    return [(int(turn), bool(mirror)) for turn, mirror in np.unique(at[:, 2:], axis=0).tolist()]


def _placed_boxes(box: Ints, turn: int, mirror: bool, x: Ints, y: Ints) -> Ints:
    """All rectangles of a cell at all places: first all of the first place."""
    a, b = turned(box[:, :2], turn, mirror), turned(box[:, 2:], turn, mirror)
    shifted = np.concatenate([np.minimum(a, b), np.maximum(a, b)], axis=1)
    return np.asarray((shifted[None, :, :] + np.stack([x, y, x, y], axis=1)[:, None, :]).reshape(-1, 4))


def join(
    layout: Any, top: Any, kit: Kit, scale: int, placed: Placed, labels: list[tuple[int, int, int]]
) -> tuple[dict[str, Piecewise], Ints, Ints, Ints, npt.NDArray[np.bool_]]:
    """Join everything.

    labels: (layer, x, y) of the texts of ports. Returns the pieces of the cells, the group of every piece (from ``start[i]`` on for
    placement i), ``start``, the group of every label (-1 where it lies on no metal), and whether a group has more than one node.
    Raises NotRectilinear.
    """
    inner = {name: pieces_of(layout.cell(name), layout, kit, scale) for name in sorted(set(placed.cells))}
    count = np.array([inner[name].pieces for name in placed.cells], np.int64)
    start = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    box, layer = wiring_of(layout, top, kit)
    node = start[-1] + np.arange(len(box))
    boxes, layers, nodes = [box], [layer], [node]
    of_cell: dict[tuple[str, int, bool], list[int]] = {}
    for i, kind in enumerate(zip(placed.cells, placed.turn.tolist(), placed.mirror.tolist(), strict=True)):
        of_cell.setdefault(kind, []).append(i)
    for (name, turn, mirror), members in of_cell.items():
        cell, index = inner[name], np.array(members, np.int64)
        boxes.append(_placed_boxes(cell.box, turn, mirror, placed.x[index], placed.y[index]))
        layers.append(np.tile(cell.layer, len(index)))
        nodes.append((start[index][:, None] + cell.piece[None, :]).reshape(-1))
    box, layer, node = np.concatenate(boxes), np.concatenate(layers), np.concatenate(nodes)
    a, b = links(box, layer, kit)
    size = int(start[-1]) + len(boxes[0])
    group = groups_of(size, [(node[a], node[b])])
    of_label = np.full(len(labels), -1, np.int64)
    at = _array(labels, 3)
    for number in np.unique(at[:, 0]).tolist():
        which, on = np.nonzero(at[:, 0] == number)[0], np.nonzero(layer == number)[0]
        a, b = close_pairs(at[which][:, [1, 2, 1, 2]], box[on], 0)
        of_label[which[a]] = group[node[on[b]]]
    several = np.bincount(group, minlength=1) > 1
    return inner, group[: start[-1]], start, of_label, several
