"""A block as arrays of cells, nets and pins, as the compiled parts of placement see it; and its places back into a block.

Places are those of cell centres and pin offsets are relative to them, so that a mirrored cell's offsets only change sign. All lengths are
database units; halves are exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block, Instance, collector_paused
from neutnngen.place_route.wiring import pin_offset

Floats = NDArray[np.float64]
Indices = NDArray[np.int32]


@dataclass(frozen=True)
class PlacementArrays:
    """``names`` are the instances (fillers left out), which come first; after them one point for every port that has a place.

    x, y: centres. width, height: outlines, 0 for ports. movable: neither fixed nor a port. flip_x, flip_y: -1 where the cell is mirrored
    in x (orientations FN and S) or y (FS and S), else 1.
    net_names, net_start: pins of net k are ``net_start[k]:net_start[k + 1]``; every net has at least two. net_weight: importance.
    pin_cell: index of the pin's cell. pin_x, pin_y: offset from its centre in orientation N.
    """

    names: list[str]
    x: Floats
    y: Floats
    width: Floats
    height: Floats
    movable: NDArray[np.bool_]
    flip_x: Floats
    flip_y: Floats
    net_names: list[str]
    net_start: Indices
    net_weight: Floats
    pin_cell: Indices
    pin_x: Floats
    pin_y: Floats


def placement_arrays(block: Block, kit: Kit, net_weights: Mapping[str, float] | None = None) -> PlacementArrays:
    """The block's signal and clock nets and all that they join; nets without two placeable pins are left out."""
    with collector_paused():
        return _arrays(block, kit, net_weights or {})


def _arrays(block: Block, kit: Kit, weights: Mapping[str, float]) -> PlacementArrays:
    instances = [i for i in block.instances.values() if i.kind != "filler"]
    ports = [(p.name, p.rect) for p in block.ports.values() if p.rect is not None]
    masters = [kit.masters[i.master] for i in instances]
    index = {i.name: k for k, i in enumerate(instances)}
    port_index = {name: len(instances) + k for k, (name, _) in enumerate(ports)}
    # offsets of a master's pins are asked for once, not for every instance
    offsets: dict[tuple[str, str], tuple[float, float]] = {}
    cells: list[int] = []
    xs: list[float] = []
    ys: list[float] = []
    start = [0]
    names = []
    for net in block.nets.values():
        if net.use not in ("signal", "clock"):
            continue
        for instance, pin in net.pins:
            if instance is None:
                at = port_index.get(pin)
                if at is None:
                    continue
                cells.append(at)
                xs.append(0.0)
                ys.append(0.0)
                continue
            at = index[instance]
            key = instances[at].master, pin
            offset = offsets.get(key)
            if offset is None:
                x, y = pin_offset(masters[at], pin)
                offset = offsets[key] = x - masters[at].width / 2, y - masters[at].height / 2
            cells.append(at)
            xs.append(offset[0])
            ys.append(offset[1])
        if len(cells) - start[-1] < 2:
            del cells[start[-1] :], xs[start[-1] :], ys[start[-1] :]
            continue
        start.append(len(cells))
        names.append(net.name)
    none = [0.0] * len(ports)
    return PlacementArrays(
        [i.name for i in instances],
        np.array([i.x + m.width / 2 for i, m in zip(instances, masters, strict=True)] + [float((r.x0 + r.x1) // 2) for _, r in ports]),
        np.array([i.y + m.height / 2 for i, m in zip(instances, masters, strict=True)] + [float((r.y0 + r.y1) // 2) for _, r in ports]),
        np.array([float(m.width) for m in masters] + none),
        np.array([float(m.height) for m in masters] + none),
        np.array([not i.fixed for i in instances] + [False] * len(ports), np.bool_),
        np.array([-1.0 if i.orient in ("FN", "S") else 1.0 for i in instances] + [1.0] * len(ports)),
        np.array([-1.0 if i.orient in ("FS", "S") else 1.0 for i in instances] + [1.0] * len(ports)),
        names,
        np.array(start, np.int32),
        np.array([weights.get(name, 1.0) for name in names]),
        np.array(cells, np.int32),
        np.array(xs),
        np.array(ys),
    )


def with_places(block: Block, arrays: PlacementArrays, x: Floats, y: Floats) -> Block:
    """A copy of the block whose movable cells have these centres, rounded to whole database units."""
    made = block.copy()
    left = np.rint(x - arrays.width / 2).astype(np.int64).tolist()
    low = np.rint(y - arrays.height / 2).astype(np.int64).tolist()
    movable = arrays.movable.tolist()
    for k, name in enumerate(arrays.names):
        if movable[k]:
            instance: Instance = made.instances[name]
            instance.x, instance.y, instance.placed = left[k], low[k], True
    return made


def total_hpwl(block: Block, kit: Kit) -> float:
    """As :func:`wiring.hpwl`, in micrometres, compiled: for blocks with hundred thousands of pins. Ports without a place do not count."""
    arrays = placement_arrays(block, kit)
    px = arrays.x[arrays.pin_cell] + arrays.pin_x * arrays.flip_x[arrays.pin_cell]
    py = arrays.y[arrays.pin_cell] + arrays.pin_y * arrays.flip_y[arrays.pin_cell]
    # pins of a net with one place count once each: their box is the same
    return kit.technology.to_um(round(float(half_perimeters(arrays.net_start, px, py).sum())))


@njit(cache=True, nogil=True)
def half_perimeters(net_start, px, py):  # type: ignore[no-untyped-def]
    """Half the perimeter of every net's box; px, py: places of its pins."""
    nets = net_start.shape[0] - 1
    found = np.zeros(nets)
    for k in range(nets):
        first = net_start[k]
        x0 = x1 = px[first]
        y0 = y1 = py[first]
        for i in range(first + 1, net_start[k + 1]):
            x0, x1 = min(x0, px[i]), max(x1, px[i])
            y0, y1 = min(y0, py[i]), max(y1, py[i])
        found[k] = x1 - x0 + y1 - y0
    return found
