"""Ports on the die's edge, each where its net is shortest (an assignment problem over free edge tracks)."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from neutnngen.errors import ConfigError
from neutnngen.pdk.technology import Kit, Rect
from neutnngen.place_route.block import Block, PinRef, Port
from neutnngen.place_route.wiring import pin_place

SPACING_TRACKS = 3
PORT_LENGTH_WIDTHS = 4


def edge_slots(block: Block, kit: Kit) -> list[Rect]:
    """Port shapes that may be used together: on tracks, at least three tracks apart, clear of the corners and of supply straps."""
    slots: list[Rect] = []
    die, core = block.die, block.core
    side_layer, end_layer = (kit.technology.layers[name] for name in kit.pin_layers)
    for layer, along_x in ((side_layer, False), (end_layer, True)):
        half, length = layer.width // 2, PORT_LENGTH_WIDTHS * layer.width
        low, high = (core.x0, core.x1) if along_x else (core.y0, core.y1)
        first = -(-(low - layer.offset) // layer.pitch)
        last = (high - layer.offset) // layer.pitch
        for track in range(first, last + 1, SPACING_TRACKS):
            at = layer.offset + track * layer.pitch
            if along_x:
                slots.append(Rect(layer.name, at - half, die.y0, at + half, die.y0 + length))
                slots.append(Rect(layer.name, at - half, die.y1 - length, at + half, die.y1))
            else:
                slots.append(Rect(layer.name, die.x0, at - half, die.x0 + length, at + half))
                slots.append(Rect(layer.name, die.x1 - length, at - half, die.x1, at + half))
    taken = [wire.rect() for net in block.nets.values() if net.use in ("power", "ground") for wire in net.wires]
    return [
        s for s in slots if not any(t.layer == s.layer and t.x0 <= s.x1 and s.x0 <= t.x1 and t.y0 <= s.y1 and s.y0 <= t.y1 for t in taken)
    ]


def place_ports(block: Block, kit: Kit) -> Block:
    """Give every signal port the edge slot that is best for all together.

    The cost of a slot is its distance to the centre of the port's placed pins; without placed cells ports spread evenly in name order.
    """
    made = block.copy()
    ports = [p for p in made.ports.values() if made.nets[p.net].use in ("signal", "clock")]
    slots = edge_slots(made, kit)
    if len(slots) < len(ports):
        raise ConfigError(
            "the die's edge is too short for its ports",
            got=f"{len(ports)} ports",
            allowed=f"{len(slots)}",
            next_step="lower the utilisation",
        )
    middles = np.array([[(s.x0 + s.x1) / 2, (s.y0 + s.y1) / 2] for s in slots])
    wanted = np.array([_wanted(made, kit, port, i, len(ports), slots) for i, port in enumerate(ports)])
    cost = np.abs(middles[None, :, :] - wanted[:, None, :]).sum(axis=2)
    rows, columns = linear_sum_assignment(cost)
    for row, column in zip(rows, columns, strict=True):
        ports[row].rect = slots[column]
    return made


def _wanted(block: Block, kit: Kit, port: Port, index: int, count: int, slots: list[Rect]) -> tuple[float, float]:
    places = [
        pin_place(block, kit, ref) for ref in block.nets[port.net].pins if ref.instance is not None and block.instances[ref.instance].placed
    ]
    if places:
        xs, ys = [p[0] for p in places], [p[1] for p in places]
        return sorted(xs)[len(xs) // 2], sorted(ys)[len(ys) // 2]
    angle = 2 * np.pi * index / count
    half_x, half_y = (block.die.x1 - block.die.x0) / 2, (block.die.y1 - block.die.y0) / 2
    del slots
    return half_x + half_x * float(np.cos(angle)), half_y + half_y * float(np.sin(angle))


def port_pin(port: Port) -> PinRef:
    """The port as a pin of its net."""
    return PinRef(None, port.name)
