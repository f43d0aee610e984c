"""Delays of a chip's own wires, ESTIMATED: Elmore's delay of every wire, the library's tables for every repeater, along the trees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neutnngen.hierarchy.chip import BANK, Chip
from neutnngen.hierarchy.drive import LN9, Buffer, WireModel
from neutnngen.hierarchy.netlist import PORT, Pin

PORT_CAP = 7.0
"""fF that a chip's output port is taken to load."""


@dataclass(frozen=True)
class WireTiming:
    """Over all pins of macros and ports that end a net of the network. delay, slew: ns from the net's driver, by pin. latency: smallest
    and largest delay of the clock, ns. slew_violations: pins, repeaters' too, whose slew is above the library's limit. overloads:
    repeaters above their largest load. capacitance: fF of all wires."""

    delay: dict[Pin, float]
    latency: tuple[float, float]
    largest_slew: float
    slew_violations: int
    overloads: int
    capacitance: float
    repeaters: int

    @property
    def skew(self) -> float:
        """ns."""
        return self.latency[1] - self.latency[0]

    def worst(self) -> float:
        """Largest delay of a net that is no clock, ns."""
        return max((delay for pin, delay in self.delay.items() if pin.name != "clk"), default=0.0)


def time_wires(chip: Chip, buffer: Buffer, wires: WireModel) -> WireTiming:
    """Delays of all nets. Macros' outputs and the chip's inputs start with the slew that a repeater gives at half its limit."""
    wiring = chip.wiring
    um = wiring.length / chip.plan.layers.technology.dbu
    module = {p.instance: p.module for p in chip.placements}
    modules_pins = {name: macro.pins for name, macro in chip.macros.items()}

    def cap(pin: Pin) -> float:
        return PORT_CAP if pin.instance == PORT else modules_pins[module[pin.instance]][pin.name].capacitance

    count = len(wiring.names)
    load = np.array([sum(cap(pin) for pin in ends[1:]) for ends in wiring.ends])
    total = um * wires.capacitance + load
    elmore = (um * wires.resistance * (um * wires.capacitance / 2 + load) + 2 * wires.riser * total) * 1e-6
    driven: dict[Pin, int] = {ends[0]: number for number, ends in enumerate(wiring.ends)}
    after: list[list[int]] = [[] for _ in range(count)]
    constant = {"high", "low"}
    for number, ends in enumerate(wiring.ends):
        for pin in ends[1:]:
            if module.get(pin.instance) == BANK and wiring.origins[number] not in constant:
                after[number].append(driven[Pin(pin.instance, "z" + pin.name[1:])])
    arrival, slew = np.zeros(count), np.zeros(count)
    level = np.array(
        [n for n, ends in enumerate(wiring.ends) if module.get(ends[0].instance) != BANK and wiring.origins[n] not in constant],
        dtype=np.int64,
    )
    start: NDArray[np.float64] = np.full(len(level), buffer.max_slew / 2)
    bad = overloads = repeaters = 0
    largest = 0.0
    first = True
    while len(level):
        if first:
            out, begin = start, np.zeros(len(level))
        else:
            begin = arrival[level] + buffer.delay(slew[level], total[level])
            out = buffer.slew(slew[level], total[level])
            overloads += int((total[level] > buffer.max_cap).sum())
            repeaters += len(level)
        end_slew = np.hypot(out, LN9 * elmore[level])
        end = begin + elmore[level]
        arrival[level], slew[level] = end, end_slew
        largest = max(largest, float(end_slew.max()))
        bad += int((end_slew > buffer.max_slew).sum())
        following: list[int] = []
        for number in level.tolist():
            for child in after[number]:
                # a child starts with what arrives at its repeater; its own values replace these when its level comes
                arrival[child], slew[child] = arrival[number], slew[number]
                following.append(child)
        level = np.array(following, dtype=np.int64)
        first = False
    delay = {
        pin: float(arrival[number])
        for number, ends in enumerate(wiring.ends)
        if wiring.origins[number] not in constant
        for pin in ends[1:]
        if module.get(pin.instance) != BANK
    }
    clock = [d for pin, d in delay.items() if pin.name == "clk" and pin.instance != PORT]
    wire_cap = float((um * wires.capacitance).sum())
    return WireTiming(delay, (min(clock, default=0.0), max(clock, default=0.0)), largest, bad, overloads, wire_cap, repeaters)
