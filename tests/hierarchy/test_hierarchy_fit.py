"""Repeaters by what the wires are as drawn: slews and hold times are kept in the end, and were not at first."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hierarchy_cases import frame, grid_design, pin_directions

from neutnngen.errors import ConfigError
from neutnngen.hierarchy import fit
from neutnngen.hierarchy.chip import BANK, Chip, assemble
from neutnngen.hierarchy.drive import wire_model
from neutnngen.hierarchy.floorplan import free_slots, glue_slots, plan_array
from neutnngen.hierarchy.interface import Interface, Table, Way
from neutnngen.hierarchy.layers import chip_layers
from neutnngen.hierarchy.macro import HardMacro
from neutnngen.hierarchy.netlist import GLUE, chip_netlist
from neutnngen.hierarchy.repeaters import BanksFull, Planner
from neutnngen.hierarchy.timing import WireTiming, time_wires
from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import Kit

LAUNCH, HOLD, SETUP = 0.1, 0.35, 0.2


@pytest.fixture(scope="module")
def kit() -> Kit:
    return load_kit()


def flat(value: float) -> Table:
    return Table(np.array([0.0, 0.2]), np.array([0.0, 100.0]), np.full((2, 2), value))


def timed(macro: HardMacro) -> HardMacro:
    """With outputs that come LAUNCH after the clock; what is shifted in must stay for HOLD after it, other inputs for nothing."""
    ways = {p.name: Way("clk", flat(LAUNCH), flat(LAUNCH), flat(0.05)) for p in macro.pins.values() if p.direction == "output"}
    inputs = {p.name: p for p in macro.pins.values() if p.direction == "input" and p.name != "clk"}
    checks = {name: flat(HOLD if name == "weight_in" else 0.0) for name in inputs}
    return dataclasses.replace(macro, interface=Interface("clk", ways, {}, {n: flat(SETUP) for n in inputs}, checks, {}, {}, {}))


def fitted(kit: Kit, folder: Path) -> tuple[list[str], Chip, WireTiming]:
    """What was said, the chip, and its timing."""
    netlist, layers = chip_netlist(grid_design(5)), chip_layers(kit)
    column, glue = netlist.macros["column_0_0"], netlist.macros[GLUE]
    macros = {column: timed(frame(column, pin_directions(netlist, "column_0_0"), kit, folder, rows=1200))}
    strap = max(r.y1 - r.y0 for m in macros.values() for _, r in m.straps)
    free, pins = free_slots(macros, layers), pin_directions(netlist, GLUE)
    slots = glue_slots(plan_array(netlist, macros, layers, strap), len(pins))[1]
    every = {**macros, glue: timed(frame(glue, pins, kit, folder, free=slots))}
    wires = wire_model(layers, kit)
    buffer = fit.choose_repeater(kit, wires)
    said: list[str] = []
    found = fit.fit_repeaters(netlist, every, macros, kit, wires, buffer, len(pins), said.append)
    while BANK not in every or found.size > fit.bank_size(every[BANK]):
        bank = {name: way for k in range(found.size) for name, way in ((f"a[{k}]", "input"), (f"z[{k}]", "output"))}
        every[BANK] = frame(BANK, {**bank, "high": "output", "low": "output"}, kit, folder, free=free, rows=8)
        found = fit.fit_repeaters(netlist, every, macros, kit, wires, buffer, len(pins), said.append, found)
    plan = found.planner.plan
    chip = assemble(netlist, found.plan, every, kit, plan.segments, plan.used, fit.bank_size(every[BANK]))
    return said, chip, time_wires(chip, buffer, wires)


def test_pins_that_hear_too_early_get_repeaters_and_slow_wires_shorter_ones(
    kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit, "SLACK", 1.6)
    said, chip, timing = fitted(kit, tmp_path)
    first = said[0].split(",")
    assert int(first[-1].split()[0]) > 0, "some pins are too early at first"
    assert int(first[-2].split()[0]) > 0, "some nets are too slow at first"
    assert not timing.short and not timing.slow and timing.slew_violations == timing.overloads == 0
    assert 0 <= timing.hold < 0.3 and timing.checked > len(chip.netlist.places)
    assert timing.period > LAUNCH + SETUP


def test_hold_is_what_the_interface_and_the_clock_say(kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit, "ROUNDS", 1)
    _, _, timing = fitted(kit, tmp_path)
    # the worst pin is a neighbour on the chain: launched as late as the skew allows, and no repeater between
    assert LAUNCH - HOLD - timing.skew <= timing.hold <= LAUNCH - HOLD + timing.skew


def test_wires_are_as_long_as_the_banks_have_room_for(kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With room for fewer repeaters each drives a longer wire; with room for none there is no chip."""
    tried: list[float] = []
    real, enough = fit.plan_repeaters, [0.0]

    def plan_repeaters(*given: Any) -> Planner:
        tried.append(given[5])
        if tried[-1] < enough[0]:
            raise BanksFull("the banks of the tiles have too few repeaters")
        return real(*given)

    monkeypatch.setattr(fit, "plan_repeaters", plan_repeaters)
    monkeypatch.setattr(fit, "ROUNDS", 1)
    fitted(kit, tmp_path)
    first = min(tried)
    enough[0] = 1.2 * first
    fitted(kit, tmp_path)
    assert max(tried) > 1.2 * first
    enough[0] = 10 * first
    with pytest.raises(ConfigError, match="too few repeaters"):
        fitted(kit, tmp_path)
