"""Transistors as switches, and whether they do what Liberty states: every cell of the library, and circuits that do something else."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import klayout.db as kdb
import numpy as np
import pytest

from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import Cell, Kit
from neutnngen.place_route.cell_function import check_function, undecided
from neutnngen.place_route.lvs_transistors import cell_transistors
from neutnngen.place_route.switch_level import Transistor, Transistors, X, settle


@cache
def the_kit() -> Kit:
    return load_kit()


@cache
def library() -> Any:
    layout = kdb.Layout()
    layout.read(str(the_kit().cell_gds))
    return layout


@cache
def transistors(name: str) -> Transistors:
    return cell_transistors(library(), name, the_kit())


def check(circuit: Transistors, cell: Cell) -> str | None:
    return check_function(circuit, cell, the_kit().roles)


def with_function(cell: Cell, pin: str, function: str) -> Cell:
    return replace(cell, pins={**cell.pins, pin: replace(cell.pins[pin], function=function)})


INVERTER = Transistors(
    "INV",
    4,
    {"VSS": 0, "VDD": 1, "A": 2, "ZN": 3},
    (Transistor("nmos", 0, 2, 3, 0.4, 0.05), Transistor("pmos", 3, 2, 1, 0.6, 0.05)),
)


def test_an_inverter_drives_the_opposite_and_knows_nothing_of_an_unknown_input() -> None:
    start = np.array([[0] * 3, [1] * 3, [0, 1, X], [X] * 3], np.int8)
    rest = settle(INVERTER, start, (0, 1, 2))
    assert rest.values[3].tolist() == [1, 0, X] and rest.driven[3].tolist() == [True, True, False] and rest.stable.all()


def test_a_net_that_nothing_drives_keeps_its_charge_and_two_drivers_fight() -> None:
    alone = replace(INVERTER, devices=INVERTER.devices[:1])
    rest = settle(alone, np.array([[0, 0], [1, 1], [0, 1], [1, 1]], np.int8), (0, 1, 2))
    assert rest.values[3].tolist() == [1, 0] and rest.driven[3].tolist() == [False, True]
    both = replace(INVERTER, devices=(INVERTER.devices[0], Transistor("nmos", 1, 2, 3, 0.4, 0.05)))
    assert settle(both, np.array([[0], [1], [1], [0]], np.int8), (0, 1, 2)).values[3].tolist() == [X]


def test_a_ring_of_one_inverter_comes_to_no_rest() -> None:
    ring = replace(INVERTER, devices=tuple(device._replace(gate=3) for device in INVERTER.devices))
    assert not settle(ring, np.array([[0], [1], [0], [1]], np.int8), (0, 1, 2)).stable.any()


def test_every_cell_but_clock_gates_does_what_liberty_states() -> None:
    kit = the_kit()
    left = {name for name, cell in kit.cells.items() if undecided(cell)}
    assert left and all(name.startswith("CLKGATE") for name in left)
    # one of each family; the other drives differ in sizes and fingers
    names = [name for name in kit.cells if name not in left and name.endswith("_X1") and not name.startswith("SDFF")]
    assert len(names) > 40 and {"DFF_X1", "DFFRS_X1", "DLH_X1", "FA_X1", "TBUF_X1", "LOGIC0_X1"} <= set(names)
    assert {name: check(transistors(name), kit.cells[name]) for name in names} == dict.fromkeys(names)


def test_another_function_is_found() -> None:
    cells = the_kit().cells
    assert check(transistors("NAND2_X1"), cells["NOR2_X1"]) == "ZN is 1 at A1=0, A2=1, where Liberty states 0"
    wrong = with_function(cells["AOI21_X1"], "ZN", "!(A & (B1 | B2))")
    assert "where Liberty states" in str(check(transistors("AOI21_X1"), wrong))
    assert "where Liberty states 0" in str(check(transistors("LOGIC1_X1"), with_function(cells["LOGIC1_X1"], "Z", "0")))
    assert check(transistors("FA_X1"), with_function(cells["FA_X1"], "CO", "A & B")) is not None
    pins = cells["TBUF_X1"].pins
    always = replace(cells["TBUF_X1"], pins={**pins, "Z": replace(pins["Z"], three_state=None)})
    assert check(transistors("TBUF_X1"), always) == "Z is X at A=0, EN=1, where Liberty states 0"


@pytest.mark.parametrize(
    "change", [{"trigger": "!CK"}, {"data": "!D"}, {"clear": "!D"}, {"kind": "latch"}], ids=["edge", "data", "clear", "latch"]
)
def test_another_memory_is_found(change: dict[str, str]) -> None:
    cell = the_kit().cells["DFF_X1"]
    assert cell.memory is not None
    assert check(transistors("DFF_X1"), cell) is None
    assert "where Liberty states" in str(check(transistors("DFF_X1"), replace(cell, memory=replace(cell.memory, **change))))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["NAND2_X1", "MUX2_X1", "FA_X1", "DFF_X1", "DLH_X1"])
def test_no_transistor_can_be_missing(name: str) -> None:
    """Those that only keep a state count as well."""
    circuit, cell = transistors(name), the_kit().cells[name]
    for i in range(len(circuit.devices)):
        assert check(replace(circuit, devices=circuit.devices[:i] + circuit.devices[i + 1 :]), cell), circuit.devices[i]
