"""Pin places, wire-length and load estimates that placement, buffering and clock tree share."""

from __future__ import annotations

from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from neutnngen.pdk.technology import Kit, Master
from neutnngen.place_route.block import Block, Instance, Net, PinRef, transform

DETOUR = 1.28
"""Length of a net's way to one of its sinks over their distance, for estimates of delay."""
_PINS = (3, 4, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 35, 40, 45, 50)
_LENGTHS = (1.0, 1.0828, 1.1536, 1.2206, 1.2823, 1.3385, 1.3991, 1.4493, 1.6899, 1.8924, 2.0743, 2.2334, 2.3895, 2.5356, 2.6625, 2.7933)
ROUTED = 1.03
"""Routed length over that of the shortest tree."""


@overload
def routed_length(half_perimeter: float, pins: int) -> float: ...
@overload
def routed_length(half_perimeter: NDArray[np.float64], pins: NDArray[np.int32]) -> NDArray[np.float64]: ...
def routed_length(half_perimeter: Any, pins: Any) -> Any:
    """Routed length of nets with so many pins (ESTIMATED), in the unit of their half-perimeter; arrays or numbers.

    Trees of n pins are longer than their half-perimeter by a factor that depends on n alone: C. E. Cheng, RISA, ICCAD 1994, table 1. On
    routed columns of both nodes the means lie within 10 % of it.
    """
    return half_perimeter * ROUTED * np.interp(pins, _PINS, _LENGTHS)


def pin_offset(master: Master, pin: str) -> tuple[int, int]:
    """Centre of a pin's metal relative to the cell's corner in orientation N."""
    rects = master.pins[pin].rects
    return (min(r.x0 for r in rects) + max(r.x1 for r in rects)) // 2, (min(r.y0 for r in rects) + max(r.y1 for r in rects)) // 2


def pin_place(block: Block, kit: Kit, ref: PinRef) -> tuple[int, int]:
    """Where a pin is, database units; a port without a place counts as the die's centre."""
    if ref.instance is None:
        rect = block.ports[ref.pin].rect
        if rect is None:
            return (block.die.x0 + block.die.x1) // 2, (block.die.y0 + block.die.y1) // 2
        return (rect.x0 + rect.x1) // 2, (rect.y0 + rect.y1) // 2
    instance = block.instances[ref.instance]
    return offset_place(kit.masters[instance.master], instance, ref.pin)


def offset_place(master: Master, instance: Instance, pin: str) -> tuple[int, int]:
    x, y = pin_offset(master, pin)
    rect = transform(master.pins[pin].rects[0]._replace(x0=x, x1=x, y0=y, y1=y), master, instance)
    return rect.x0, rect.y0


def half_perimeter(block: Block, kit: Kit, net: Net) -> int:
    """Half the perimeter of the box around a net's pins."""
    if len(net.pins) < 2:
        return 0
    places = [pin_place(block, kit, ref) for ref in net.pins]
    xs, ys = [p[0] for p in places], [p[1] for p in places]
    return max(xs) - min(xs) + max(ys) - min(ys)


def hpwl(block: Block, kit: Kit) -> float:
    """Sum of half-perimeters of all signal and clock nets in micrometres (ESTIMATED wire length)."""
    total = sum(half_perimeter(block, kit, net) for net in block.nets.values() if net.use in ("signal", "clock"))
    return kit.technology.to_um(total)


def wire_capacitance(kit: Kit) -> float:
    """fF per micrometre that estimates assume: the mean of the two lowest signal layers."""
    layers = [kit.technology.layers[name] for name in kit.signal_layers[:2]]
    return sum(layer.capacitance for layer in layers) / len(layers)


def wire_resistance(kit: Kit) -> float:
    """Ohm per micrometre that estimates assume, likewise."""
    layers = [kit.technology.layers[name] for name in kit.signal_layers[:2]]
    return sum(layer.resistance for layer in layers) / len(layers)


def pin_capacitance(block: Block, kit: Kit, ref: PinRef) -> float:
    """fF of a sink; a port counts as the kit's output load."""
    if ref.instance is None:
        return kit.roles.output_load
    return kit.cells[block.instances[ref.instance].master].pins[ref.pin].capacitance


def drives(block: Block, kit: Kit, ref: PinRef) -> bool:
    """Whether the pin is the driver of its net."""
    if ref.instance is None:
        return block.ports[ref.pin].direction == "input"
    return kit.masters[block.instances[ref.instance].master].pins[ref.pin].direction == "output"


def split_net(block: Block, kit: Kit, net: Net) -> tuple[PinRef | None, list[PinRef]]:
    """(driver, sinks) of a net."""
    driver = next((ref for ref in net.pins if drives(block, kit, ref)), None)
    return driver, [ref for ref in net.pins if ref != driver]


def load(block: Block, kit: Kit, net: Net) -> float:
    """fF that the driver of a net sees: pins and estimated wire (ESTIMATED)."""
    _, sinks = split_net(block, kit, net)
    wire = routed_length(kit.technology.to_um(half_perimeter(block, kit, net)), len(net.pins)) * wire_capacitance(kit)
    return wire + sum(pin_capacitance(block, kit, ref) for ref in sinks)


def buffer_pins(kit: Kit, cell: str) -> tuple[str, str]:
    """(input, output) pin of a buffer."""
    pins = kit.cells[cell].pins.values()
    return next(p.name for p in pins if p.direction == "input"), next(p.name for p in pins if p.direction == "output")


def pick_buffer(kit: Kit, choice: tuple[str, ...], load_ff: float, share: float = 0.5) -> str:
    """The weakest buffer of ``choice`` that this load takes to at most ``share`` of its largest, else the strongest."""
    for cell in choice:
        limit = kit.cells[cell].pins[buffer_pins(kit, cell)[1]].max_capacitance
        if limit is not None and load_ff <= share * limit:
            return cell
    return choice[-1]


def cluster(places: list[tuple[int, int]], largest: int) -> list[list[int]]:
    """Indices grouped by place into the fewest equal parts of at most ``largest``: the longer side is cut at its proportional median."""

    def cut(indices: list[int], parts: int) -> list[list[int]]:
        if parts == 1:
            return [indices]
        xs, ys = [places[i][0] for i in indices], [places[i][1] for i in indices]
        axis = 0 if max(xs) - min(xs) >= max(ys) - min(ys) else 1
        ordered = sorted(indices, key=lambda i: (places[i][axis], places[i][1 - axis], i))
        first = parts // 2
        at = round(len(ordered) * first / parts)
        return cut(ordered[:at], first) + cut(ordered[at:], parts - first)

    return cut(list(range(len(places))), -(-len(places) // largest)) if places else []


def centre(places: list[tuple[int, int]]) -> tuple[int, int]:
    """Mean of places."""
    return sum(p[0] for p in places) // len(places), sum(p[1] for p in places) // len(places)
