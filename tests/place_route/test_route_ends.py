"""Slanted line ends: one end is lengthened past the other where there is room, and only there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import EndRule, Kit, Rect
from neutnngen.place_route.block import Block
from neutnngen.place_route.grid import FREE, Grid, build_grid
from neutnngen.place_route.route_ends import settle_ends, slant
from neutnngen.place_route.route_shapes import LayerWires, Shapes


@pytest.fixture(scope="module")
def kit() -> Kit:
    plain = load_kit("nangate45")
    layers = dict(plain.technology.layers)
    layers["metal3"] = replace(layers["metal3"], end_rules=(EndRule(200, 150, 150, 260, 0),))
    return replace(plain, technology=replace(plain.technology, layers=layers))


@pytest.fixture(scope="module")
def grid(kit: Kit) -> Grid:
    die = Rect("", 0, 0, 40000, 40000)
    return build_grid(Block("b", die, die), kit)


def _shapes(grid: Grid, kit: Kit, rows: list[tuple[int, int, int, int]]) -> Shapes:
    """Wires (net, track, low, high) on metal3."""
    nothing = np.empty((0, 4), np.int64)
    wires = [LayerWires(*np.array(rows if layer.name == "metal3" else nothing, np.int64).reshape(-1, 4).T) for layer in grid.layers]
    return Shapes(wires, nothing, tuple(kit.technology.vias))


def _settle(grid: Grid, kit: Kit, rows: list[tuple[int, int, int, int]]) -> tuple[list[tuple[int, ...]], int]:
    shapes = _shapes(grid, kit, rows)
    left = settle_ends(grid, kit, shapes, np.full(grid.size, FREE, np.int32), {})
    found = shapes.wires[1]
    return sorted(zip(*(part.tolist() for part in (found.net, found.track, found.low, found.high)), strict=True)), len(left)


def test_slant_needs_the_larger_of_both_rules(kit: Kit) -> None:
    layer = kit.technology.layers["metal3"]
    assert slant(layer, 140) == 150 and slant(layer, 150) == 0
    assert slant(replace(layer, corner_spacing=300), 180) == 240


def test_end_is_lengthened_past_the_other(grid: Grid, kit: Kit) -> None:
    # metal of net 0 ends at 5000 + 70, that of net 1 begins at 5200 - 70 on the next track
    wires, left = _settle(grid, kit, [(0, 10, 2000, 5000), (1, 11, 5200, 9000)])
    assert left == 0 and wires == [(0, 10, 2000, 5065), (1, 11, 5200, 9000)]
    assert wires[0][3] + 70 > wires[1][2] - 70


def test_far_or_passing_ends_stay(grid: Grid, kit: Kit) -> None:
    for start in (5000 + 70 + 150 + 70, 4900):
        rows = [(0, 10, 2000, 5000), (1, 11, start, 9000)]
        assert _settle(grid, kit, rows) == (rows, 0)


def test_other_end_moves_where_the_first_has_no_room(grid: Grid, kit: Kit) -> None:
    # net 2 lies ahead of net 0 on its own track, at the least distance
    rows = [(0, 10, 2000, 5000), (2, 10, 5000 + 70 + 260 + 70, 9000), (1, 11, 5200, 9000)]
    wires, left = _settle(grid, kit, rows)
    assert left == 0 and [wire for wire in wires if wire[0] != 1] == sorted(rows[:2])
    moved = next(wire for wire in wires if wire[0] == 1)
    assert moved[2] - 70 < 5000 + 70


def test_ends_without_room_are_reported(grid: Grid, kit: Kit) -> None:
    ahead, behind = 5000 + 70 + 260 + 70, 5200 - 70 - 260 - 70
    rows = [(0, 10, 2000, 5000), (2, 10, ahead, 9000), (1, 11, 5200, 9000), (3, 11, 1000, behind)]
    wires, left = _settle(grid, kit, rows)
    assert wires == sorted(rows) and left > 0
