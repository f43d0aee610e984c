"""Geometry and connectivity check of a block, on rectangles alone: it knows nothing of the router's grid.

Rules come from the technology LEF: width, spacing (with the wide-metal rows over parallel run length), cut spacing, via enclosure as the
LEF's default vias have it, minimum area, manufacturing grid, die. Left out: what a cell master violates by itself (see
:mod:`route_internal`), because placement and routing can neither cause nor cure it, and the library's owner has signed the cells off
with a finer deck than LEF expresses. In NanGate these are the metal1 obstructions of WELLTAP_X1 that stand 15 nm off its own rails.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from neutnngen.pdk.technology import Kit, Layer, Rect, Technology
from neutnngen.place_route.block import Block
from neutnngen.place_route.drc_marks import end_marks, suspects
from neutnngen.place_route.pin_access import covered
from neutnngen.place_route.route_internal import OwnMarks, marks
from neutnngen.place_route.route_sweep import Indices, close_pairs, gaps
from neutnngen.place_route.route_view import View, flat_view


class Violation(NamedTuple):
    """A broken rule. ``rect`` is (x0, y0, x1, y1) in micrometres; ``nets`` name nets, or "inside X" for metal within a cell."""

    rule: str
    layer: str
    nets: tuple[str, ...]
    rect: tuple[float, float, float, float]


def check_geometry(block: Block, kit: Kit, view: View | None = None) -> list[Violation]:
    """Every violation of the technology's rules by metal, cuts, ports and cells of a block; empty when clean. view: of the block."""
    view = view or flat_view(block, kit)
    found = list(_unknown_vias(block, kit))
    found += _outside_and_off_grid(view, block, kit)
    own = OwnMarks(view, block, kit)
    for name in view.layers:
        layer = kit.technology.layers[name]
        if layer.kind == "routing":
            found += _metal(view, layer, own, kit)
        elif layer.kind == "cut":
            found += _cuts(view, layer, kit)
    return found + list(_antennas(block, kit))


def _antennas(block: Block, kit: Kit) -> Iterator[Violation]:
    from neutnngen.place_route.antenna import broken_antennas  # it needs this module

    for antenna in broken_antennas(block, kit):
        gate = block.instances[str(antenna.gates[0].instance)]
        master = kit.masters[gate.master]
        yield Violation("antenna", antenna.layer, (antenna.net,), _um((gate.x, gate.y, gate.x + master.width, gate.y + master.height), kit))


def check_connectivity(block: Block, kit: Kit, view: View | None = None) -> list[Violation]:
    """Opens: pins that their net's metal does not join to its first pin, and pieces of metal that touch no pin; empty when whole. view: of
    the block, if known."""
    view = view or flat_view(block, kit)
    piece = _pieces(view, kit)
    found = []
    by_pin: dict[int, int] = {int(pin): int(i) for i, pin in reversed(list(enumerate(view.pin))) if pin >= 0}
    home: dict[int, int] = {}
    for pin, (net, ref) in enumerate(view.pins):
        i = by_pin.get(pin)
        label = "/".join(part for part in ref if part)
        if i is None:
            found.append(Violation("open", "", (view.nets[net], f"{label} has no shape"), (0.0, 0.0, 0.0, 0.0)))
        elif home.setdefault(net, int(piece[i])) != piece[i]:
            found.append(Violation("open", view.layers[view.layer[i]], (view.nets[net], label), _um(view.box[i], kit)))
    with_pin = set(piece[view.pin >= 0].tolist())
    loose = np.nonzero((view.instance < 0) & ~np.isin(piece, np.array(sorted(with_pin), np.int64)))[0]
    for i in {int(piece[i]): int(i) for i in reversed(loose)}.values():
        # supply nets of a block without cells have no pins at all
        if view.net[i] in home:
            found.append(Violation("floating metal", view.layers[view.layer[i]], (view.nets[view.net[i]],), _um(view.box[i], kit)))
    return found


def _um(box: Any, kit: Kit) -> tuple[float, float, float, float]:
    dbu = kit.technology.dbu
    return (int(box[0]) / dbu, int(box[1]) / dbu, int(box[2]) / dbu, int(box[3]) / dbu)


def _names(view: View, indices: Iterable[int]) -> tuple[str, ...]:
    return tuple(sorted({view.nets[view.net[i]] for i in indices}))


def _unknown_vias(block: Block, kit: Kit) -> Iterator[Violation]:
    for net in block.nets.values():
        for via in net.vias:
            if via.name not in kit.technology.vias:
                yield Violation("unknown via", via.name, (net.name,), _um((via.x, via.y, via.x, via.y), kit))


def _outside_and_off_grid(view: View, block: Block, kit: Kit) -> Iterator[Violation]:
    die, box = block.die, view.box
    outside = (box[:, 0] < die.x0) | (box[:, 1] < die.y0) | (box[:, 2] > die.x1) | (box[:, 3] > die.y1)
    off = (box % kit.technology.manufacturing_grid != 0).any(axis=1)
    for rule, bad in (("outside die", outside), ("off manufacturing grid", off)):
        for i in np.nonzero(bad)[0]:
            yield Violation(rule, view.layers[view.layer[i]], _names(view, [i]), _um(box[i], kit))


def _touching(view: View, index: Indices) -> tuple[Indices, Indices]:
    """Pairs of rectangles on one layer that share area or a piece of edge."""
    a, b = close_pairs(view.box[index], None, 0)
    a, b = index[a], index[b]
    gx, gy = gaps(view.box[a], view.box[b])
    joined = (gx <= 0) & (gy <= 0) & ((gx < 0) | (gy < 0))
    return a[joined], b[joined]


def _metal(view: View, layer: Layer, own: OwnMarks, kit: Kit) -> Iterator[Violation]:
    index = view.on(layer.name)
    if not len(index):
        return
    a, b = _touching(view, index)
    n = len(view.box)
    links = coo_matrix((np.ones(len(a), np.int8), (a, b)), shape=(n, n))
    polygon = np.asarray(connected_components(links, directed=False)[1], np.int64)
    different = (view.net[a] != view.net[b]) & ((view.instance[a] != view.instance[b]) | (view.instance[a] < 0))
    for i, j in zip(a[different], b[different], strict=True):
        p, q = view.box[i], view.box[j]
        common = (max(p[0], q[0]), max(p[1], q[1]), min(p[2], q[2]), min(p[3], q[3]))
        yield Violation("short", layer.name, _names(view, (i, j)), _um(common, kit))
    yield from _marked(view, index, layer, polygon, own, kit)
    yield from _wide(view, index, layer, polygon, (a, b), kit)
    for rule, boxes, touching in end_marks(view, index, layer):
        yield Violation(rule, layer.name, _names(view, touching), _um(boxes, kit))


def _marked(view: View, index: Indices, layer: Layer, polygon: Indices, own: OwnMarks, kit: Kit) -> Iterator[Violation]:
    """Width, spacing and area, without what cells violate by themselves."""
    spots = suspects(view.box[index], view.instance[index], polygon[index], layer)
    if not len(spots):
        return
    # shapes around them decide; what the check says elsewhere comes from shapes that were left out
    _, around = close_pairs(spots, view.box[index], 2 * layer.spacing + layer.width)
    context = np.unique(around)
    found = list(marks([(x0, y0, x1, y1) for x0, y0, x1, y1 in view.box[index[context]].tolist()], layer))
    boxes = np.array([box for _, box in found], np.int64).reshape(-1, 4)
    real = set(close_pairs(boxes, spots, 0)[0].tolist())
    at, shape = close_pairs(boxes, view.box[index], 0)
    by_mark: dict[int, list[int]] = {}
    for k, i in zip(at.tolist(), index[shape].tolist(), strict=True):
        by_mark.setdefault(k, []).append(i)
    for k, (rule, box) in enumerate(found):
        touching = by_mark.get(k, [])
        if k in real and not own.explains(rule, layer, box, touching):
            yield Violation(rule, layer.name, _names(view, touching), _um(box, kit))


def _wide(view: View, index: Indices, layer: Layer, polygon: Indices, touching: tuple[Indices, Indices], kit: Kit) -> Iterator[Violation]:
    """Rows of the spacing table for wide metal: parts wider than the row's width against shapes of other polygons."""
    rows = [(width, columns) for width, columns in layer.spacing_table if any(space > layer.spacing for _, space in columns)]
    if not rows:
        return
    # only polygons with a wide rectangle, or two that together may be wide
    least = min(width for width, _ in rows)
    box = view.box
    hull = np.concatenate(
        [np.minimum(box[touching[0], :2], box[touching[1], :2]), np.maximum(box[touching[0], 2:], box[touching[1], 2:])], axis=1
    )
    together = touching[0][np.minimum(hull[:, 2] - hull[:, 0], hull[:, 3] - hull[:, 1]) > least]
    single = index[np.minimum(box[index, 2] - box[index, 0], box[index, 3] - box[index, 1]) > least]
    members = index[np.isin(polygon[index], np.unique(polygon[np.concatenate([together, single])]))]
    if not len(members):
        return
    import klayout.db as kdb  # heavy to load

    drawn: Any = kdb.Region()
    for x0, y0, x1, y1 in box[members].tolist():
        drawn.insert(kdb.Box(x0, y0, x1, y1))
    merged = drawn.merged()
    seen: set[tuple[int, int]] = set()
    for row_width, columns in rows:
        # opening by just more than the width leaves the parts that are wider
        shrink = row_width // 2 + 1
        opened = merged.sized(-shrink).sized(shrink)
        parts = np.array(
            [(p.bbox().left, p.bbox().bottom, p.bbox().right, p.bbox().top) for p in opened.decompose_trapezoids_to_region().each()]
        )
        if not len(parts):
            continue
        parts = parts.astype(np.int64)
        inside, shape = close_pairs(parts, view.box[index], 0)
        own = np.full(len(parts), -1, np.int64)
        gx, gy = gaps(parts[inside], view.box[index[shape]])
        overlap = (gx < 0) & (gy < 0)
        own[inside[overlap]] = polygon[index[shape[overlap]]]
        a, b = close_pairs(parts, view.box[index], max(space for _, space in columns) - 1)
        b = index[b]
        other = own[a] != polygon[b]
        a, b = a[other], b[other]
        gx, gy = gaps(parts[a], view.box[b])
        distance = np.hypot(np.maximum(gx, 0), np.maximum(gy, 0))
        run = np.where(gx > 0, -gy, -gx)
        for length, space in columns:
            bad = (distance < space) & (distance > 0) & ((run > length) if length else (run >= 0)) & (np.minimum(gx, gy) <= 0)
            for i, j in zip(a[bad], b[bad], strict=True):
                if (int(own[i]), int(j)) in seen:
                    continue
                seen.add((int(own[i]), int(j)))
                p, q = parts[i], view.box[j]
                mark = (min(p[2], q[2]), min(p[3], q[3]), max(p[0], q[0]), max(p[1], q[1]))
                mark = (min(mark[0], mark[2]), min(mark[1], mark[3]), max(mark[0], mark[2]), max(mark[1], mark[3]))
                members = np.nonzero(polygon == own[i])[0]
                origins = {int(view.instance[k]) for k in members} | {int(view.instance[j])}
                if len(origins) == 1 and origins != {-1}:
                    continue
                yield Violation(
                    f"spacing of metal wider than {row_width / kit.technology.dbu:g} um",
                    layer.name,
                    _names(view, (int(members[0]), int(j))),
                    _um(mark, kit),
                )


def _cuts(view: View, layer: Layer, kit: Kit) -> Iterator[Violation]:
    index = view.on(layer.name)
    if not len(index):
        return
    a, b = close_pairs(view.box[index], None, layer.spacing - 1)
    a, b = index[a], index[b]
    gx, gy = gaps(view.box[a], view.box[b])
    near = np.hypot(np.maximum(gx, 0), np.maximum(gy, 0)) < layer.spacing
    # the same cut drawn twice is one cut: of one net, or of two cells that draw the cuts of the rail between them both
    within = (view.instance[a] >= 0) & (view.instance[b] >= 0)
    twice = (view.box[a] == view.box[b]).all(axis=1) & ((view.net[a] == view.net[b]) | within)
    alone = (view.instance[a] == view.instance[b]) & (view.instance[a] >= 0)
    for i, j in zip(a[near & ~twice & ~alone], b[near & ~twice & ~alone], strict=True):
        p, q = view.box[i], view.box[j]
        hull = (min(p[0], q[0]), min(p[1], q[1]), max(p[2], q[2]), max(p[3], q[3]))
        yield Violation("cut spacing", layer.name, _names(view, (i, j)), _um(hull, kit))
    for metal, overhangs in legal_overhangs(kit.technology, layer.name).items():
        metal_index = view.on(metal)
        reach = max(max(pair) for pair in overhangs)
        at, shape = close_pairs(view.box[index], view.box[metal_index], reach)
        shape = metal_index[shape]
        same = view.net[shape] == view.net[index[at]]
        at, shape = at[same], shape[same]
        # most cuts lie in one rectangle that is large enough; unions are looked at for the rest
        good = view.instance[index] >= 0  # cuts of a cell are its own affair
        cut, outer = view.box[index[at]], view.box[shape]
        for dx, dy in overhangs:
            need = cut + np.array([-dx, -dy, dx, dy])
            good[at[(outer[:, :2] <= need[:, :2]).all(axis=1) & (outer[:, 2:] >= need[:, 2:]).all(axis=1)]] = True
        around: dict[int, list[int]] = {}
        for k, m in zip(at[~good[at]].tolist(), shape[~good[at]].tolist(), strict=True):
            around.setdefault(k, []).append(m)
        for k in np.nonzero(~good)[0].tolist():
            i = int(index[k])
            metals = [Rect(metal, *view.box[m].tolist()) for m in around.get(k, ())]
            x0, y0, x1, y1 = view.box[i].tolist()
            if not any(covered(Rect(metal, x0 - dx, y0 - dy, x1 + dx, y1 + dy), metals) for dx, dy in overhangs):
                yield Violation("via enclosure", layer.name, _names(view, [i]), _um(view.box[i], kit))


def legal_overhangs(technology: Technology, cut: str) -> dict[str, list[tuple[int, int]]]:
    """For each metal of a cut layer, the smallest overhangs (x, y) over the cut that the LEF's default vias have."""
    found: dict[str, set[tuple[int, int]]] = {}
    for via in technology.vias.values():
        if via.cut != cut or not via.default:
            continue
        cuts = [rect for rect in via.rects if rect.layer == cut]
        for metal in (via.lower, via.upper):
            rect = next(rect for rect in via.rects if rect.layer == metal)
            x = min(min(c.x0 for c in cuts) - rect.x0, rect.x1 - max(c.x1 for c in cuts))
            y = min(min(c.y0 for c in cuts) - rect.y0, rect.y1 - max(c.y1 for c in cuts))
            found.setdefault(metal, set()).add((x, y))
    return {
        metal: sorted(p for p in pairs if not any(q != p and q[0] <= p[0] and q[1] <= p[1] for q in pairs))
        for metal, pairs in found.items()
    }


def _pieces(view: View, kit: Kit) -> Indices:
    """Number of the connected piece of every rectangle; only shapes of one net are joined, and a pin joins its own shapes."""
    rows, columns = joined(view, kit)
    n = len(view.box)
    links = coo_matrix((np.ones(len(rows), np.int8), (rows, columns)), shape=(n, n))
    return np.asarray(connected_components(links, directed=False)[1], np.int64)


def joined(view: View, kit: Kit) -> tuple[Indices, Indices]:
    """Pairs of rectangles of one net that touch or are joined by a cut, and neighbours within one pin."""
    left, right = [], []
    for name in view.layers:
        layer = kit.technology.layers[name]
        if layer.kind == "routing":
            a, b = _touching(view, view.on(name))
        elif layer.kind == "cut":
            metals = {metal for via in kit.technology.vias.values() if via.cut == name for metal in (via.lower, via.upper)}
            cuts = view.on(name)
            metal_index = np.concatenate([view.on(metal) for metal in sorted(metals)] or [np.empty(0, np.int64)])
            a, b = close_pairs(view.box[cuts], view.box[metal_index], 0)
            a, b = cuts[a], metal_index[b]
            gx, gy = gaps(view.box[a], view.box[b])
            a, b = a[(gx < 0) & (gy < 0)], b[(gx < 0) & (gy < 0)]
        else:
            continue
        same = view.net[a] == view.net[b]
        left.append(a[same])
        right.append(b[same])
    pinned = np.nonzero(view.pin >= 0)[0]
    order = pinned[np.argsort(view.pin[pinned], kind="stable")]
    same_pin = view.pin[order[1:]] == view.pin[order[:-1]]
    left.append(order[:-1][same_pin])
    right.append(order[1:][same_pin])
    return np.concatenate(left), np.concatenate(right)
