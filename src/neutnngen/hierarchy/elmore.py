"""Delay of the chip's wires to each of their pins: Elmore's delay through trunk, branches and stubs as they are drawn.

Source: W. C. Elmore, "The transient response of damped linear networks with particular regard to wideband amplifiers", J. Appl. Phys. 1948.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from neutnngen.hierarchy.chip import Wiring
from neutnngen.hierarchy.drive import WireModel
from neutnngen.hierarchy.netlist import PORT

Point = tuple[int, int]
Line = tuple[bool, int, int, int]  # vertical, where, from, to


def pin_delays(
    wiring: Wiring, loads: Sequence[Sequence[float]], wires: WireModel, dbu: int, skip: Sequence[bool]
) -> list[NDArray[np.float64]]:
    """ns from the driver of every net to each of its other pins, in their order. loads: fF of these pins. skip: nets that need no delay."""
    lines: list[list[Line]] = [[] for _ in wiring.names]
    for net, x0, y0, x1, y1 in wiring.vertical.tolist():
        half = (x1 - x0) // 2
        lines[net].append((True, (x0 + x1) // 2, y0 + half, y1 - half))
    for net, x0, y0, x1, y1 in wiring.horizontal.tolist():
        half = (y1 - y0) // 2
        lines[net].append((False, (y0 + y1) // 2, x0 + half, x1 - half))
    joints: list[list[Point]] = [[] for _ in wiring.names]
    for net, x, y in wiring.vias.tolist():
        joints[net].append((x, y))
    risers = iter(wiring.risers.tolist())
    found = []
    for number, ends in enumerate(wiring.ends):
        places: list[Point] = []
        for pin in ends:
            if pin.instance == PORT:
                rect = wiring.ports[pin.name]
                # its middle is within the wire that ends there
                places.append(((rect.x0 + rect.x1) // 2, (rect.y0 + rect.y1) // 2))
            else:
                _, x, y = next(risers)
                places.append((x, y))
        if skip[number]:
            found.append(np.zeros(len(ends) - 1))
        else:
            found.append(_delays(lines[number], joints[number], places, loads[number], wires, dbu))
    return found


def _delays(
    lines: list[Line], joints: list[Point], places: list[Point], loads: Sequence[float], wires: WireModel, dbu: int
) -> NDArray[np.float64]:
    """Of one net; places: of its driver and its other pins."""
    number = {point: k for k, point in enumerate(dict.fromkeys([*places, *joints]))}
    points = list(number)
    near: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for vertical, where, low, high in lines:
        on = sorted((p[1] if vertical else p[0], k) for p, k in number.items() if p[0 if vertical else 1] == where)
        on = [(at, k) for at, k in on if low <= at <= high]
        for (a, first), (b, second) in pairwise(on):
            near[first].append((second, (b - a) / dbu))
            near[second].append((first, (b - a) / dbu))
    cap = [0.0] * len(points)
    for place, load in zip(places[1:], loads, strict=True):
        cap[number[place]] += load
    root = number[places[0]]
    order, parent, length = [root], {root: root}, {root: 0.0}
    for at in order:  # grows while it is read: breadth first
        for other, um in near[at]:
            if other not in parent:
                parent[other], length[other] = at, um
                order.append(other)
    below = {at: cap[at] for at in order}
    for at in reversed(order[1:]):
        below[parent[at]] += below[at] + length[at] * wires.capacitance
    delay = {root: wires.riser * below[root] * 1e-6}
    for at in order[1:]:
        ohm = length[at] * wires.resistance
        delay[at] = delay[parent[at]] + ohm * (length[at] * wires.capacitance / 2 + below[at]) * 1e-6
    most = max(delay.values())  # of a pin that no wire reaches, which the check of the layout finds
    return np.array([delay.get(number[p], most) + wires.riser * load * 1e-6 for p, load in zip(places[1:], loads, strict=True)])
