"""Ports on the die's edge, each where its net is shortest (an assignment problem over free edge tracks)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Literal, get_args

import numpy as np
from scipy.optimize import linear_sum_assignment

from neutnngen.errors import ConfigError, nearest
from neutnngen.pdk.technology import Kit, Layer, Rect
from neutnngen.place_route.block import Block, Port
from neutnngen.place_route.wiring import pin_place

Side = Literal["left", "right", "bottom", "top"]
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
    near = max(_clearance(layer) + PORT_LENGTH_WIDTHS * layer.width for layer in (side_layer, end_layer))
    taken = [
        rect
        for net in block.nets.values()
        if net.use in ("power", "ground")
        for rect in (wire.rect() for wire in net.wires)
        if rect.layer in kit.pin_layers
        and (rect.x0 < die.x0 + near or rect.x1 > die.x1 - near or rect.y0 < die.y0 + near or rect.y1 > die.y1 - near)
    ]
    clear = {layer.name: _clearance(layer) for layer in (side_layer, end_layer)}
    return [s for s in slots if not any(_close(s, t, clear[s.layer]) for t in taken)]


def _clearance(layer: Layer) -> int:
    """The largest spacing that the layer ever asks."""
    return max([layer.spacing, *(space for _, columns in layer.spacing_table for _, space in columns)])


def _close(a: Rect, b: Rect, space: int) -> bool:
    return a.layer == b.layer and b.x0 - space < a.x1 and a.x0 < b.x1 + space and b.y0 - space < a.y1 and a.y0 < b.y1 + space


def side_of(rect: Rect, block: Block, kit: Kit) -> Side:
    """The side of the die that an edge slot touches."""
    if rect.layer == kit.pin_layers[0]:
        return "left" if rect.x0 == block.die.x0 else "right"
    return "bottom" if rect.y0 == block.die.y0 else "top"


def place_ports(block: Block, kit: Kit, sides: Mapping[str, Side] | None = None) -> Block:
    """Give every signal port the edge slot that is best for all together.

    The cost of a slot is its distance to the centre of the port's placed pins. Without placed cells ports spread evenly in their order,
    round the die or along their side, so that the bits of a bus stay together. sides: the side of the die for ports that must have one.

    Raises
    ------
    ConfigError: no floorplan, unknown port or side, or more ports than an edge has slots.
    """
    sides = sides or {}
    if not block.rows:
        raise ConfigError("the block has no floorplan yet", got=block.name, next_step="make_floorplan first")
    made = block.copy()
    ports = [p for p in made.ports.values() if made.nets[p.net].use in ("signal", "clock")]
    _check_sides(sides, [p.name for p in ports])
    slots = edge_slots(made, kit)
    slot_sides = [side_of(slot, made, kit) for slot in slots]
    for side, count in Counter(sides.values()).items():
        if count > slot_sides.count(side):
            raise ConfigError(
                f"the {side} edge of the die is too short for its ports",
                got=f"{count} ports",
                allowed=f"{slot_sides.count(side)}",
                next_step="lower the utilisation, or spread the ports over more sides",
            )
    if len(slots) < len(ports):
        raise ConfigError(
            "the die's edge is too short for its ports",
            got=f"{len(ports)} ports",
            allowed=f"{len(slots)}",
            next_step="lower the utilisation",
        )
    middles = np.array([[(s.x0 + s.x1) / 2, (s.y0 + s.y1) / 2] for s in slots])
    if not ports:
        return made
    spread = _spread(made, [p.name for p in ports], sides)
    wanted = np.array([_wanted(made, kit, port) or spread[port.name] for port in ports])
    cost = np.abs(middles[None, :, :] - wanted[:, None, :]).sum(axis=2)
    for i, port in enumerate(ports):
        if port.name in sides:
            cost[i, [k for k, side in enumerate(slot_sides) if side != sides[port.name]]] = np.inf
    rows, columns = linear_sum_assignment(cost)
    for row, column in zip(rows, columns, strict=True):
        ports[row].rect = slots[column]
    return made


def _check_sides(sides: Mapping[str, Side], names: list[str]) -> None:
    for name, side in sides.items():
        if name not in names:
            close = nearest(name, names)
            raise ConfigError(
                "a side is given for a port that the block lacks", got=name, allowed=f"did you mean {close}?" if close else None
            )
        if side not in get_args(Side):
            raise ConfigError(f"unknown side for port {name}", got=side, allowed=", ".join(get_args(Side)))


def _wanted(block: Block, kit: Kit, port: Port) -> tuple[int, int] | None:
    """Median of the places of a port's placed pins; None without any."""
    refs = [ref for ref in block.nets[port.net].pins if ref.instance is not None and block.instances[ref.instance].placed]
    if not refs:
        return None
    places = [pin_place(block, kit, ref) for ref in refs]
    xs, ys = sorted(p[0] for p in places), sorted(p[1] for p in places)
    return xs[len(xs) // 2], ys[len(ys) // 2]


def _spread(block: Block, names: list[str], sides: Mapping[str, Side]) -> dict[str, tuple[float, float]]:
    """Places for ports that nothing pulls: in order along their side, or round the die."""
    die = block.die
    found: dict[str, tuple[float, float]] = {}
    for side in get_args(Side):
        members = [name for name in names if sides.get(name) == side]
        for i, name in enumerate(members):
            part = (i + 0.5) / len(members)
            x, y = die.x0 + part * (die.x1 - die.x0), die.y0 + part * (die.y1 - die.y0)
            found[name] = {"left": (die.x0, y), "right": (die.x1, y), "bottom": (x, die.y0), "top": (x, die.y1)}[side]
    free = [name for name in names if name not in found]
    half_x, half_y = (die.x1 - die.x0) / 2, (die.y1 - die.y0) / 2
    for i, name in enumerate(free):
        angle = 2 * np.pi * i / len(free)
        found[name] = die.x0 + half_x + half_x * float(np.cos(angle)), die.y0 + half_y + half_y * float(np.sin(angle))
    return found
