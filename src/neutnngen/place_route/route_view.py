"""Every rectangle of a block with its net and its origin, as arrays: what the geometry check looks at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neutnngen.pdk.technology import Kit, Master
from neutnngen.place_route.block import Block, PinRef
from neutnngen.place_route.route_sweep import Boxes, Indices


@dataclass(frozen=True)
class View:
    """Flat layout of a block down to pins and obstructions of its cells.

    box: (n, 4) database units; layer: index into ``layers``; net: index into ``nets``, where entries past the block's nets stand for
    the inside of one instance (obstructions, unconnected pins); instance: index of the instance it belongs to, -1 for routing and ports;
    pin: index into ``pins`` for pins and ports of nets, -1 otherwise.
    """

    box: Boxes
    layer: npt.NDArray[np.int32]
    net: Indices
    instance: Indices
    pin: Indices
    layers: tuple[str, ...]
    nets: tuple[str, ...]
    pins: tuple[tuple[int, PinRef], ...]  # (net index, pin)

    def on(self, layer: str) -> Indices:
        """Indices of the rectangles on a layer."""
        return np.nonzero(self.layer == self.layers.index(layer))[0]


def flat_view(block: Block, kit: Kit) -> View:
    """All metal and cuts of a block. Vias that the technology lacks are left out (the check reports them)."""
    layers = tuple(kit.technology.layers)
    layer_of = {name: i for i, name in enumerate(layers)}
    net_of = {name: i for i, name in enumerate(block.nets)}
    pins: list[tuple[int, PinRef]] = []
    pin_of: dict[PinRef, int] = {}
    rows: list[tuple[int, ...]] = []  # x0 y0 x1 y1 layer net instance pin
    for name, routed in block.nets.items():
        for ref in routed.pins:
            pin_of[ref] = len(pins)
            pins.append((net_of[name], ref))
    for port in block.ports.values():
        if port.rect is not None and port.net in net_of:
            rows.append((*port.rect[1:], layer_of[port.rect.layer], net_of[port.net], -1, pin_of.get(PinRef(None, port.name), -1)))
    parts = [np.array(rows, np.int64).reshape(-1, 8), *_routed(block, kit, layer_of)]
    supply = {"power": net_of.get(kit.roles.power_net, -1), "ground": net_of.get(kit.roles.ground_net, -1)}
    groups: dict[str, list[int]] = {}
    instances = list(block.instances.values())
    for i, instance in enumerate(instances):
        groups.setdefault(instance.master, []).append(i)
    for master_name, members in groups.items():
        master = kit.masters[master_name]
        inside = len(block.nets) + np.array(members, np.int64)
        place = _Placed(master, block, members)
        parts.append(place.rows(master.obstructions, layer_of, inside, np.full(len(members), -1)))
        for pin in master.pins.values():
            net, index = inside.copy(), np.full(len(members), -1, np.int64)
            for k, i in enumerate(members):
                ref = PinRef(instances[i].name, pin.name)
                if ref not in pin_of and supply.get(pin.use, -1) >= 0:
                    pin_of[ref] = len(pins)
                    pins.append((supply[pin.use], ref))
                if ref in pin_of:
                    index[k] = pin_of[ref]
                    net[k] = pins[index[k]][0]
            parts.append(place.rows(pin.rects, layer_of, net, index))
    all_rows = np.concatenate(parts)
    names = (*block.nets, *(f"inside {instance.name}" for instance in instances))
    return View(
        all_rows[:, :4], all_rows[:, 4].astype(np.int32), all_rows[:, 5], all_rows[:, 6], all_rows[:, 7], layers, names, tuple(pins)
    )


def _routed(block: Block, kit: Kit, layer_of: dict[str, int]) -> list[Boxes]:
    """Rows of all wires and vias."""
    wires = [
        (layer_of[w.layer], w.x0, w.y0, w.x1, w.y1, w.width, w.extend, n) for n, net in enumerate(block.nets.values()) for w in net.wires
    ]
    table = np.array(wires, np.int64).reshape(-1, 8)
    layer, x0, y0, x1, y1, width, extend, net = table.T
    half = width // 2
    # as Wire.rect() has it
    flat = (y0 == y1) & ((x0 != x1) | (extend == half))
    dx, dy = np.where(flat, extend, half), np.where(flat, half, extend)
    nothing = np.full(len(table), -1)
    parts = [np.column_stack([x0 - dx, y0 - dy, x1 + dx, y1 + dy, layer, net, nothing, nothing])]
    places: dict[str, list[tuple[int, int, int]]] = {}
    for n, routed in enumerate(block.nets.values()):
        for via in routed.vias:
            places.setdefault(via.name, []).append((via.x, via.y, n))
    for name, found in places.items():
        if name not in kit.technology.vias:
            continue
        x, y, owner = np.array(found, np.int64).T
        nothing = np.full(len(found), -1)
        for rect in kit.technology.vias[name].rects:
            where = np.full(len(found), layer_of[rect.layer])
            parts.append(np.column_stack([x + rect.x0, y + rect.y0, x + rect.x1, y + rect.y1, where, owner, nothing, nothing]))
    return parts


class _Placed:
    """Instances of one master, transformed together."""

    def __init__(self, master: Master, block: Block, members: list[int]) -> None:
        instances = list(block.instances.values())
        chosen = [instances[i] for i in members]
        self._size = (master.width, master.height)
        self._index = np.array(members, np.int64)
        self._x = np.array([i.x for i in chosen], np.int64)
        self._y = np.array([i.y for i in chosen], np.int64)
        self._flip_x = np.array([i.orient in ("FN", "S") for i in chosen])
        self._flip_y = np.array([i.orient in ("FS", "S") for i in chosen])

    def rows(self, rects: tuple[tuple[str, int, int, int, int], ...], layer_of: dict[str, int], net: Indices, pin: Indices) -> Boxes:
        parts = [np.empty((0, 8), np.int64)]
        width, height = self._size
        for name, x0, y0, x1, y1 in (rect for rect in rects if rect[0] in layer_of):
            row = np.empty((len(self._x), 8), np.int64)
            row[:, 0] = self._x + np.where(self._flip_x, width - x1, x0)
            row[:, 1] = self._y + np.where(self._flip_y, height - y1, y0)
            row[:, 2] = self._x + np.where(self._flip_x, width - x0, x1)
            row[:, 3] = self._y + np.where(self._flip_y, height - y0, y1)
            row[:, 4], row[:, 5], row[:, 6], row[:, 7] = layer_of[name], net, self._index, pin
            parts.append(row)
        return np.concatenate(parts)
