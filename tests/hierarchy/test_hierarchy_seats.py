"""Seats of repeaters in their banks: each its own, and those behind outputs of columns beside them."""

from __future__ import annotations

import numpy as np

from neutnngen.hierarchy.fit import spread
from neutnngen.hierarchy.netlist import PORT, Pin
from neutnngen.hierarchy.repeaters import Node, Segment
from neutnngen.hierarchy.seats import seat_repeaters

TILE = (1, 0)


def pin(node: str, name: str) -> Node:
    return Node(Pin(node, name), (-1, -1), -1)


def test_outputs_of_columns_get_the_nearest_repeater_and_no_two_the_same() -> None:
    places = {"left": 10.0, "middle": 480.0, "right": 990.0, "sink": 520.0}
    repeaters = [Node(None, TILE, k) for k in range(5)]
    segments = [
        Segment("in", pin(PORT, "in"), (repeaters[0],)),
        Segment("in", repeaters[0], (pin("column", "sink"),)),
        *(Segment(name, pin("column", name), (repeaters[k],)) for k, name in ((1, "right"), (2, "left"), (3, "middle"))),
        Segment("far", repeaters[1], (repeaters[4],)),
        Segment("far", repeaters[4], (pin(PORT, "out"),)),
    ]
    slots = np.array([0.0, 100.0, 500.0, 800.0, 1000.0])
    seats = seat_repeaters(segments, lambda p: places[p.name], lambda _: 0.0, slots)
    assert (seats[TILE, 1], seats[TILE, 2], seats[TILE, 3]) == (4, 0, 2)
    # the sink's own repeater comes after the outputs, the one between repeaters last
    assert seats[TILE, 0] == 3 and seats[TILE, 4] == 1
    assert len(set(seats.values())) == 5


def test_slots_of_a_bank_are_spread_over_all_that_are_free() -> None:
    free = tuple(range(3, 203, 2))
    some = spread(free, 11)
    assert len(set(some)) == 11 and set(some) <= set(free) and (some[0], some[-1]) == (free[0], free[-1])
    assert max(np.diff(some)) <= 22
    assert spread(free, 500) == free
