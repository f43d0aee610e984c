"""Ports on the die's edge, each where its net is shortest (an assignment problem over free edge tracks)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression, linear_sum_assignment

from neutnngen.errors import ConfigError, nearest
from neutnngen.pdk.technology import Kit, Rect
from neutnngen.place_route.block import Block, Port
from neutnngen.place_route.power_grid import widest_spacing
from neutnngen.place_route.wiring import pin_place

Side = Literal["left", "right", "bottom", "top"]
SPACING_TRACKS = 3
PORT_LENGTH_WIDTHS = 4

MANY_PORTS = 1000
"""Ports up to which the exact assignment is solved; its time grows with the cube of their number."""


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
    near = max(widest_spacing(layer) + PORT_LENGTH_WIDTHS * layer.width for layer in (side_layer, end_layer))
    taken = [
        rect
        for net in block.nets.values()
        if net.use in ("power", "ground")
        for rect in (wire.rect() for wire in net.wires)
        if rect.layer in kit.pin_layers
        and (rect.x0 < die.x0 + near or rect.x1 > die.x1 - near or rect.y0 < die.y0 + near or rect.y1 > die.y1 - near)
    ]
    clear = {layer.name: widest_spacing(layer) for layer in (side_layer, end_layer)}
    return [s for s in slots if not any(_close(s, t, clear[s.layer]) for t in taken)]


def _close(a: Rect, b: Rect, space: int) -> bool:
    return a.layer == b.layer and b.x0 - space < a.x1 and a.x0 < b.x1 + space and b.y0 - space < a.y1 and a.y0 < b.y1 + space


def side_of(rect: Rect, block: Block, kit: Kit) -> Side:
    """The side of the die that an edge slot touches."""
    if rect.layer == kit.pin_layers[0]:
        return "left" if rect.x0 == block.die.x0 else "right"
    return "bottom" if rect.y0 == block.die.y0 else "top"


def place_ports(
    block: Block,
    kit: Kit,
    sides: Mapping[str, Side] | None = None,
    *,
    order: Mapping[Side, Sequence[str]] | None = None,
    even: bool = False,
) -> Block:
    """Give every signal port the edge slot that is best for all together.

    The cost of a slot is its distance to the centre of the port's placed pins. Without placed cells ports spread evenly in their order,
    round the die or along their side, so that the bits of a bus stay together. sides: the side of the die for ports that must have one.
    order: ports of a side in the order that they must keep, from bottom to top or from left to right. even: those lie evenly along their
    side instead of as near to their cells as the order allows. More than ``MANY_PORTS`` ports are placed side by side, which is near the
    best for all.

    Raises
    ------
    ConfigError: no floorplan, unknown port or side, a port in two orders, or more ports than an edge has slots.
    """
    order = order or {}
    if not block.rows:
        raise ConfigError("the block has no floorplan yet", got=block.name, next_step="make_floorplan first")
    made = block.copy()
    ports = [p for p in made.ports.values() if made.nets[p.net].use in ("signal", "clock")]
    names = [p.name for p in ports]
    sides = _all_sides(sides or {}, order, names)
    slots = edge_slots(made, kit)
    slot_sides = np.array([side_of(slot, made, kit) for slot in slots])
    for side, count in Counter(sides.values()).items():
        if count > (slot_sides == side).sum():
            raise ConfigError(
                f"the {side} edge of the die is too short for its ports",
                got=f"{count} ports",
                allowed=f"{(slot_sides == side).sum()}",
                next_step="lower the utilisation, or spread the ports over more sides",
            )
    if len(slots) < len(ports):
        raise ConfigError(
            "the die's edge is too short for its ports",
            got=f"{len(ports)} ports",
            allowed=f"{len(slots)}",
            next_step="lower the utilisation",
        )
    if not ports:
        return made
    middles = np.array([[(s.x0 + s.x1) / 2, (s.y0 + s.y1) / 2] for s in slots])
    spread = _spread(made, names, sides)
    wanted = np.array([_wanted(made, kit, port) or spread[port.name] for port in ports])
    index = {name: i for i, name in enumerate(names)}
    free = np.ones(len(slots), np.bool_)
    chosen = np.full(len(ports), -1)
    for side, listed in order.items():
        along, places = _edge(side, slot_sides, middles, free)
        own = np.array([index[name] for name in listed], np.intp)
        targets = np.linspace(-0.5, len(places) - 0.5, 2 * len(listed) + 1)[1::2] if even else _nearest(places, wanted[own, along[1]])
        chosen[own] = along[0][_in_order(targets, len(places))]
        free[chosen[own]] = False
    rest = np.flatnonzero(chosen < 0)
    if len(rest) > MANY_PORTS:
        for side, members in _share_out([names[i] for i in rest.tolist()], wanted[rest], sides, slot_sides, free, made.die).items():
            along, places = _edge(side, slot_sides, middles, free)
            group = rest[members]
            group = group[np.argsort(wanted[group, along[1]], kind="stable")]
            chosen[group] = along[0][_in_order(_nearest(places, wanted[group, along[1]]), len(places))]
    elif len(rest):
        open_slots = np.flatnonzero(free)
        cost = np.abs(middles[None, open_slots, :] - wanted[rest, None, :]).sum(axis=2)
        for row, i in enumerate(rest):
            if names[i] in sides:
                cost[row, slot_sides[open_slots] != sides[names[i]]] = np.inf
        chosen[rest] = open_slots[linear_sum_assignment(cost)[1]]
    for port, slot in zip(ports, chosen.tolist(), strict=True):
        port.rect = slots[slot]
    return made


def _edge(
    side: Side, slot_sides: NDArray[np.str_], middles: NDArray[np.float64], free: NDArray[np.bool_]
) -> tuple[tuple[NDArray[np.intp], int], NDArray[np.float64]]:
    """((free slots of a side along it, its axis), their places)."""
    axis = 1 if side in ("left", "right") else 0
    found = np.flatnonzero((slot_sides == side) & free)
    found = found[np.argsort(middles[found, axis])]
    return (found, axis), middles[found, axis]


def _nearest(places: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fractional number of the slot at each wanted place."""
    found: NDArray[np.float64] = np.interp(wanted, places, np.arange(len(places)))
    return found


def _in_order(targets: NDArray[np.float64], slots: int) -> NDArray[np.intp]:
    """Different slots in ascending order, near the targets (least squares: isotonic regression)."""
    rank = np.arange(len(targets))
    level = isotonic_regression(targets - rank).x if len(targets) else targets
    found: NDArray[np.intp] = np.clip(np.rint(level), 0, slots - len(targets)).astype(np.intp) + rank
    return found


def _share_out(
    names: list[str],
    wanted: NDArray[np.float64],
    sides: Mapping[str, Side],
    slot_sides: NDArray[np.str_],
    free: NDArray[np.bool_],
    die: Rect,
) -> dict[Side, NDArray[np.intp]]:
    """Ports by side: their own where they have one, else the nearest with room; those that lose most by another side choose first."""
    all_sides: tuple[Side, ...] = get_args(Side)
    x, y = wanted[:, 0], wanted[:, 1]
    away = {"left": x - die.x0, "right": die.x1 - x, "bottom": y - die.y0, "top": die.y1 - y}
    distance = np.stack([away[side] for side in all_sides], axis=1)
    for i, name in enumerate(names):
        if name in sides:
            distance[i] = np.where([side == sides[name] for side in all_sides], 0.0, np.inf)
    room = [int(((slot_sides == side) & free).sum()) for side in all_sides]
    ranked = np.sort(distance, axis=1)
    members: dict[Side, list[int]] = {side: [] for side in all_sides}
    for i in np.argsort(ranked[:, 0] - ranked[:, 1], kind="stable").tolist():
        best = min((k for k in range(len(all_sides)) if room[k]), key=lambda k: float(distance[i, k]))
        room[best] -= 1
        members[all_sides[best]].append(i)
    return {side: np.array(found, np.intp) for side, found in members.items()}


def _all_sides(sides: Mapping[str, Side], order: Mapping[Side, Sequence[str]], names: list[str]) -> dict[str, Side]:
    """Sides of ports, with those that their order gives them."""
    made = dict(sides)
    seen: set[str] = set()
    for side, listed in order.items():
        for name in listed:
            if name in seen or sides.get(name, side) != side:
                raise ConfigError("a port has two places in the order of ports", got=name, allowed="each port once, on one side")
            seen.add(name)
            made[name] = side
    _check_sides(made, names)
    return made


def _check_sides(sides: Mapping[str, Side], names: list[str]) -> None:
    known = set(names)
    for name, side in sides.items():
        if name not in known:
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
