"""The repeaters of a chip, chosen by what its wires are as drawn: plan, draw, time, and plan anew where a wire is slow or a pin early."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neutnngen.errors import ConfigError
from neutnngen.hierarchy.chip import BANK, HIGH, LOW, assemble, plan_repeaters
from neutnngen.hierarchy.drive import Buffer, WireModel, longest_wire, read_buffers
from neutnngen.hierarchy.floorplan import ArrayPlan, Bands, free_slots, glue_slots, make_bands, plan_array
from neutnngen.hierarchy.layers import chip_layers
from neutnngen.hierarchy.macro import HardMacro, MacroPin
from neutnngen.hierarchy.netlist import GLUE, ChipNetlist, Pin
from neutnngen.hierarchy.repeaters import FANOUT, BanksFull, Planner
from neutnngen.hierarchy.timing import time_wires
from neutnngen.pdk.technology import Kit, Rect

Say = Callable[[str], None]
SLACK = 0.9
"""Share of the longest wire that the first plan of repeaters uses: real wires make detours over the planned ones."""
FAR = (0.5, 0.6, 0.7, 0.8)
"""Shares of the slew's limit at the far end of the longest wire; the first one by which the banks are not too full is taken."""
FULL = 0.75
"""Share of all repeaters that there is room for. Beyond it many stand far from where they are wanted, and their wires are long."""
TIGHTER, TIGHTEST = 0.85, 0.6
"""Shares of its reach that a net keeps at most and at least for the next plan when its wires as drawn are too slow."""
ROUNDS, STALLED = 16, 4
"""Plans that may be made until every slew, load and hold is kept, and how many of them without fewer nets and pins that are wrong."""
WIDER, WIDEST = 64, 4096
"""Tracks that every tile gets more where trunks find none, and most of them."""


@dataclass(frozen=True)
class Fitted:
    """size: repeaters of the fullest bank. shares, pads: see ``plan_repeaters``."""

    plan: ArrayPlan
    planner: Planner
    size: int
    shares: Mapping[str, float]
    pads: Mapping[Pin, int]


def fit_repeaters(
    netlist: ChipNetlist,
    macros: Mapping[str, HardMacro],
    columns: Mapping[str, HardMacro],
    kit: Kit,
    wires: WireModel,
    buffer: Buffer,
    glue_pins: int,
    say: Say,
    before: Fitted | None = None,
) -> Fitted:
    """An array whose nets all have tracks, and repeaters with which every wire as it is drawn keeps slew and load, and every input of a
    macro its hold time. What is slow gets shorter wires, what is early repeaters in its way, round by round.

    macros: with the bank, if there is one yet; where it turns out to be too small, the size that is needed comes back at once. columns:
    those of them that are columns. before: the plan to begin with.

    Raises ConfigError where the nets do not fit. What no plan could mend, or not with the repeaters that there is room for, is left for the
    report.
    """
    layers, bank = chip_layers(kit), macros.get(BANK)
    free = free_slots(columns, layers)
    strap = max(rect.y1 - rect.y0 for macro in columns.values() for _, rect in macro.straps)
    longest = [SLACK * longest_wire(buffer, wires, kit, FANOUT, share) * kit.technology.dbu for share in FAR]
    least = buffer.early(np.array(buffer.max_slew / 4), np.array(buffer.input_cap)).item()  # of a repeater in the way
    now = bank or _draft_bank(macros, free, kit, buffer)
    shares, pads = (dict(before.shares), dict(before.pads)) if before else ({}, {})
    wider = rounds = stalled = 0
    least_wrong = math.inf
    best: Fitted | None = None
    while True:
        plan = plan_array(netlist, columns, layers, strap, wider=wider)
        bands = _rough_bands(plan, {**macros, BANK: now}, netlist)
        glue_x = plan.x_of(glue_slots(plan, glue_pins)[0])
        try:
            planner = plan_repeaters(netlist, plan, macros, bands, glue_x, longest[0], bank_room(free), shares, pads)
            full = sum(planner.plan.used.values()) > FULL * bank_room(free) * len(planner.tiles)
        except BanksFull:
            if best is not None:
                return best
            if len(longest) == 1:
                raise
            full = True
        if full and rounds == 0 and len(longest) > 1:
            longest = longest[1:]
            continue
        size = max([1, *planner.plan.used.values()])
        there = size if bank is None else bank_size(bank)
        if size > there:
            return Fitted(plan, planner, size, shares, pads)
        now = bank or _draft_bank(macros, free, kit, buffer, size)
        trial = assemble(netlist, plan, {**macros, BANK: now}, kit, planner.plan.segments, planner.plan.used, there)
        if trial.wiring.missing:
            wider += WIDER
            if wider >= WIDEST:
                raise ConfigError("the chip's nets do not fit between its columns", got=f"{trial.wiring.missing} wires without a track")
            continue
        timing = time_wires(trial, buffer, wires)
        rounds += 1
        worst = max(timing.slow, key=lambda name: timing.slow[name], default="")
        which = f" ({worst} by {timing.slow[worst]:.2f})" if worst else ""
        say(f"  plan {rounds}: {timing.repeaters:,} repeaters, {len(timing.slow)} nets too slow{which}, {len(timing.short)} pins too early")
        wrong = len(timing.slow) + len(timing.short)
        stalled = 0 if wrong < least_wrong else stalled + 1
        if best is None or wrong < least_wrong:
            best = Fitted(plan, planner, size, dict(shares), dict(pads))
        least_wrong = min(wrong, least_wrong)
        if not wrong or rounds == ROUNDS or stalled == STALLED:
            return best
        for name, excess in timing.slow.items():
            shares[name] = min(TIGHTER, max(TIGHTEST, 1 / excess)) * shares.get(name, 1.0)
        for pin, missing in timing.short.items():
            pads[pin] = pads.get(pin, 0) + math.ceil(missing / least)


def bank_size(bank: HardMacro) -> int:
    """Repeaters of a bank."""
    return sum(name.startswith("a[") for name in bank.pins)


def bank_room(free: tuple[int, ...]) -> int:
    """Repeaters that the slots left by a column are enough for."""
    return (len(free) * 8 // 9 - 6) // 2


def choose_repeater(kit: Kit, wires: WireModel) -> Buffer:
    """The buffer that drives the longest wire with a full fan-out."""
    return max(read_buffers(kit), key=lambda b: longest_wire(b, wires, kit, FANOUT))


def _rough_bands(plan: ArrayPlan, macros: Mapping[str, HardMacro], netlist: ChipNetlist) -> Bands:
    height = max(macros[netlist.macros[name]].height for name in plan.tiles)
    return make_bands(plan, height, macros[BANK].height, macros[netlist.macros[GLUE]].height, np.zeros(plan.rows, dtype=np.int64))


def spread(free: tuple[int, ...], count: int) -> tuple[int, ...]:
    """So many of the slots, evenly over all of them: a bank's pins are near to whatever pin of a column."""
    if count >= len(free):
        return free
    return tuple(free[round(k * (len(free) - 1) / max(1, count - 1))] for k in range(count))


def bank_pins(size: int) -> list[tuple[str, str]]:
    """Name and direction of a bank's pins, in the order of its slots."""
    both = [pair for k in range(size) for pair in ((f"a[{k}]", "input"), (f"z[{k}]", "output"))]
    return [*both, (HIGH, "output"), (LOW, "output")]


def _draft_bank(macros: Mapping[str, HardMacro], free: tuple[int, ...], kit: Kit, buffer: Buffer, size: int = 1) -> HardMacro:
    """A bank before it is laid out, good for a plan: pins on the first free slots, as low as a few rows."""
    layers = chip_layers(kit)
    rect = Rect(layers.pin.name, 0, 0, layers.pin.width, layers.pin.width)
    free = spread(free, 2 * size + 2)
    pins = {name: MacroPin(name, way, (free[k] + 2) * layers.slot, rect, buffer.input_cap) for k, (name, way) in enumerate(bank_pins(size))}
    height = 8 * kit.technology.sites[kit.roles.core_site].height
    return HardMacro(BANK, 0, height, pins, (), Path(), 0, 0.0, 0.0, {})
