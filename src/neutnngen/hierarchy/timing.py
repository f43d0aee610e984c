"""Timing of a chip between its macros, ESTIMATED: Elmore's delay of every wire as drawn, the library's tables for every repeater, and what
the macros' interfaces say of their outputs and inputs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from neutnngen.hierarchy.chip import BANK, HIGH, LOW, Chip
from neutnngen.hierarchy.drive import LN9, Buffer, WireModel
from neutnngen.hierarchy.elmore import pin_delays
from neutnngen.hierarchy.interface import Interface
from neutnngen.hierarchy.netlist import PORT, Pin

PORT_CAP = 7.0
"""fF that a chip's output port is taken to load."""
CLOCK = "clk"

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class WireTiming:
    """delay: ns from the net's driver, by pin of a macro or port that ends a net of the network. latency: smallest and largest delay of the
    clock, ns. slew_violations: pins, repeaters' too, whose slew is above its limit; overloads: drivers above their largest load; slow: nets
    of the network with either, and by which factor. capacitance: fF of all wires.

    Between registers of different macros: checked: pins; period: shortest one of the clock, ns; hold: worst slack, ns (data's wires take no
    time); short: by pin what is missing to hold.
    """

    delay: dict[Pin, float]
    latency: tuple[float, float]
    largest_slew: float
    slew_violations: int
    overloads: int
    slow: Mapping[str, float]
    capacitance: float
    load: Floats
    inside: Floats
    repeaters: int
    checked: int
    period: float
    hold: float
    short: Mapping[Pin, float]

    @property
    def skew(self) -> float:
        """ns."""
        return self.latency[1] - self.latency[0]

    def worst(self) -> float:
        """Largest delay of a net that is no clock, ns."""
        return max((delay for pin, delay in self.delay.items() if pin.name != CLOCK), default=0.0)


class _Wires:
    """All nets as arrays. Of nets: total fF; out: (late, early, slew) at the driver; root: net that the network's driver drives; launched:
    whether a register of a macro sends. Of terminals, the pins that a net drives: net, wire's delay, late, early, slew."""

    def __init__(self, chip: Chip, wires: WireModel) -> None:
        wiring = chip.wiring
        self.chip, self.names = chip, wiring.names
        self.module = {p.instance: p.module for p in chip.placements}
        loads = [[self._capacitance(pin) for pin in ends[1:]] for ends in wiring.ends]
        self.constant = np.array([origin in (HIGH, LOW) for origin in wiring.origins])
        dbu = chip.plan.layers.technology.dbu
        um = wiring.length / dbu
        self.wire_cap = um * wires.capacitance
        self.total = self.wire_cap + np.array([sum(row) for row in loads])
        self.start = np.concatenate([[0], np.cumsum([len(row) for row in loads])]).astype(np.int64)
        self.wire = np.concatenate([np.zeros(0), *pin_delays(wiring, loads, wires, dbu, self.constant.tolist())])
        self.pins = [pin for ends in wiring.ends for pin in ends[1:]]
        self.at = {pin: k for k, pin in enumerate(self.pins)}
        self.net = np.repeat(np.arange(len(loads)), np.diff(self.start))
        self.driver = [ends[0] for ends in wiring.ends]
        driven = {pin: n for n, pin in enumerate(self.driver)}
        self.follow = np.array([self._next(k, driven) for k in range(len(self.pins))], dtype=np.int64)
        nets, terminals = len(loads), len(self.pins)
        self.out_late, self.out_early, self.out_slew = (np.zeros(nets) for _ in range(3))
        self.root, self.launched = np.full(nets, -1), np.zeros(nets, dtype=bool)
        self.late, self.early, self.slew = (np.zeros(terminals) for _ in range(3))
        self.known = np.zeros(terminals, dtype=bool)
        self.through_bank = np.zeros(nets, dtype=bool)
        self.inside = np.zeros(nets)

    def _capacitance(self, pin: Pin) -> float:
        return PORT_CAP if pin.instance == PORT else self.chip.macros[self.module[pin.instance]].pins[pin.name].capacitance

    def _next(self, terminal: int, driven: Mapping[Pin, int]) -> int:
        pin = self.pins[terminal]
        if self.constant[self.net[terminal]] or self.module.get(pin.instance) != BANK:
            return -1
        return driven[Pin(pin.instance, "z" + pin.name[1:])]

    def interface(self, pin: Pin) -> Interface | None:
        return None if pin.instance == PORT else self.chip.macros[self.module[pin.instance]].interface

    @cached_property
    def roots(self) -> list[int]:
        """Nets that no repeater drives."""
        return [n for n, pin in enumerate(self.driver) if not self.constant[n] and self.module.get(pin.instance) != BANK]

    def spread(self, level: Ints, buffer: Buffer, *, clock: bool) -> None:
        """From drivers through all repeaters to the ends. clock: late and early are one."""
        self.root[level] = level
        while len(level):
            count = self.start[level + 1] - self.start[level]
            terminals = np.repeat(self.start[level] - np.concatenate([[0], np.cumsum(count)[:-1]]), count) + np.arange(count.sum())
            net = self.net[terminals]
            self.late[terminals] = self.out_late[net] + self.wire[terminals]
            self.early[terminals] = self.out_early[net] + (self.wire[terminals] if clock else 0.0)
            self.slew[terminals] = np.hypot(self.out_slew[net], LN9 * self.wire[terminals])
            self.known[terminals] = True
            on = terminals[self.follow[terminals] >= 0]
            level = self.follow[on]
            delay = buffer.delay(self.slew[on], self.total[level])
            self.out_late[level] = self.late[on] + delay
            self.out_early[level] = self.early[on] + (delay if clock else buffer.early(self.slew[on], self.total[level]))
            self.out_slew[level] = buffer.slew(self.slew[on], self.total[level])
            self.root[level], self.launched[level] = self.root[self.net[on]], self.launched[self.net[on]]
            self.through_bank[level] = True
            self.inside[level] = buffer.energy(self.slew[on], self.total[level])


def time_wires(chip: Chip, buffer: Buffer, wires: WireModel) -> WireTiming:
    """Delays of all nets. The chip's inputs, and outputs of macros without an interface, start at 0 with half the largest slew."""
    nets = _Wires(chip, wires)
    clocks = np.array([n for n in nets.roots if nets.driver[n] == Pin(PORT, CLOCK)], dtype=np.int64)
    nets.out_slew[clocks] = buffer.max_slew / 2
    nets.spread(clocks, buffer, clock=True)
    ticks: dict[str, int] = {}
    for terminal in np.flatnonzero(nets.known).tolist():
        pin = nets.pins[terminal]
        known = nets.interface(pin)
        if nets.follow[terminal] < 0 and pin.instance != PORT and pin.name == (known.clock if known else CLOCK):
            ticks[pin.instance] = terminal
    gone = set(clocks.tolist())
    waiting = [n for n in nets.roots if n not in gone]
    while waiting:
        ready = [n for n in waiting if _ready(nets, n)] or waiting  # ways in a circle start as if their inputs came at 0
        _launch(nets, ready, ticks, buffer)
        nets.spread(np.array(ready, dtype=np.int64), buffer, clock=False)
        gone = set(ready)
        waiting = [n for n in waiting if n not in gone]
    return _judge(nets, ticks, buffer)


def _ready(nets: _Wires, net: int) -> bool:
    pin = nets.driver[net]
    interface = nets.interface(pin)
    if interface is None:
        return True
    starts = (nets.at.get(Pin(pin.instance, way.start)) for way in interface.through.get(pin.name, ()))
    return all(nets.known[k] or nets.constant[nets.net[k]] for k in starts if k is not None)


def _launch(nets: _Wires, ready: list[int], ticks: Mapping[str, int], buffer: Buffer) -> None:
    """Times at the drivers of nets, those of equal macros' equal pins together."""
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for net in ready:
        pin = nets.driver[net]
        groups[nets.module.get(pin.instance, PORT), pin.name].append(net)
    for (module, name), some in groups.items():
        mine = np.array(some, dtype=np.int64)
        interface = nets.chip.macros[module].interface if module else None
        late, early, slew = np.full(len(mine), -np.inf), np.full(len(mine), np.inf), np.zeros(len(mine))
        load = nets.total[mine]
        way = interface.launches.get(name) if interface else None
        if way is not None:
            at = np.array([ticks[nets.driver[n].instance] for n in some], dtype=np.int64)
            late = nets.late[at] + way.late.at(nets.slew[at], load)
            early = nets.early[at] + way.early.at(nets.slew[at], load)
            slew = way.slew.at(nets.slew[at], load)
            nets.launched[mine] = True
        for through in interface.through.get(name, ()) if interface else ():
            at = np.array([nets.at.get(Pin(nets.driver[n].instance, through.start), -1) for n in some], dtype=np.int64)
            real = (at >= 0) & nets.known[at]
            here, load_here = at[real], load[real]
            slew[real] = np.maximum(slew[real], through.slew.at(nets.slew[here], load_here))
            sent = nets.launched[nets.net[here]]
            index = np.flatnonzero(real)[sent]
            here, load_here = here[sent], load_here[sent]
            late[index] = np.maximum(late[index], nets.late[here] + through.late.at(nets.slew[here], load_here))
            early[index] = np.minimum(early[index], nets.early[here] + through.early.at(nets.slew[here], load_here))
            nets.launched[mine[index]] = True
        free = ~np.isfinite(late)
        nets.out_late[mine], nets.out_early[mine] = np.where(free, 0.0, late), np.where(free, 0.0, early)
        nets.out_slew[mine] = np.where(slew > 0, slew, buffer.max_slew / 2)


def _judge(nets: _Wires, ticks: Mapping[str, int], buffer: Buffer) -> WireTiming:
    """Limits, setup and hold of all ends."""
    origins = nets.chip.wiring.origins
    slew_limit = np.full(len(nets.pins), buffer.max_slew)
    load_limit = np.where(nets.through_bank, buffer.max_cap, np.inf)
    checks: dict[tuple[str, str], list[int]] = defaultdict(list)
    for terminal in np.flatnonzero(nets.known & (nets.follow < 0)).tolist():
        pin = nets.pins[terminal]
        if pin.instance != PORT:
            checks[nets.module[pin.instance], pin.name].append(terminal)
    for net in nets.roots:
        interface = nets.interface(nets.driver[net])
        if interface is not None:
            load_limit[net] = interface.load_limit.get(nets.driver[net].name, np.inf)
    short: dict[Pin, float] = {}
    period, hold, checked = 0.0, np.inf, 0
    for (module, name), some in checks.items():
        interface = nets.chip.macros[module].interface
        if interface is None:
            continue
        mine = np.array(some, dtype=np.int64)
        slew_limit[mine] = np.minimum(slew_limit[mine], interface.slew_limit.get(name, np.inf))
        mine = mine[nets.launched[nets.net[mine]]]
        tick = np.array([ticks[nets.pins[k].instance] for k in mine.tolist()], dtype=np.int64)
        setup, keep = interface.setup.get(name), interface.hold.get(name)
        if not len(mine) or setup is None or keep is None:
            continue
        checked += len(mine)
        period = max(period, float((nets.late[mine] + setup.at(nets.slew[tick], nets.slew[mine]) - nets.early[tick]).max()))
        slack = nets.early[mine] - nets.late[tick] - keep.at(nets.slew[tick], nets.slew[mine])
        hold = min(hold, float(slack.min()))
        short |= {nets.pins[k]: -value for k, value in zip(mine.tolist(), slack.tolist(), strict=True) if value < 0}
    excess = np.zeros(len(nets.names))
    np.maximum.at(excess, nets.net[nets.known], (nets.slew / slew_limit)[nets.known])
    excess = np.maximum(excess, np.where(nets.constant, 0.0, nets.total / load_limit))
    slow: dict[str, float] = {}
    for net in np.flatnonzero(excess > 1).tolist():
        slow[origins[net]] = max(slow.get(origins[net], 1.0), float(excess[net]))
    ends = np.flatnonzero(nets.known & (nets.follow < 0)).tolist()
    inputs = np.bincount(nets.net[nets.follow >= 0], minlength=len(nets.names)) * buffer.input_cap
    delay = {nets.pins[k]: float(nets.late[k] - nets.out_late[nets.root[nets.net[k]]]) for k in ends}
    clock = [float(nets.late[k]) for k in ticks.values()]
    return WireTiming(
        delay=delay,
        latency=(min(clock, default=0.0), max(clock, default=0.0)),
        largest_slew=float(nets.slew.max(initial=0.0)),
        slew_violations=int((nets.slew > slew_limit)[nets.known].sum()),
        overloads=int((nets.total > load_limit)[~nets.constant].sum()),
        slow=slow,
        capacitance=float(nets.wire_cap.sum()),
        load=np.where(nets.constant, 0.0, nets.wire_cap + inputs),
        inside=nets.inside,
        repeaters=int(nets.through_bank.sum()),
        checked=checked,
        period=period,
        hold=hold,
        short=short,
    )
