"""What conflicts leave behind: the history of nodes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import Kit, Rect
from neutnngen.place_route.block import Block, Net
from neutnngen.place_route.grid import FREE, Grid, build_grid
from neutnngen.place_route.pin_access import find_access
from neutnngen.place_route.route_store import Ragged
from neutnngen.place_route.router import RouteOptions
from neutnngen.place_route.router_state import RouterState


@pytest.fixture(scope="module")
def kit() -> Kit:
    """Wires of metal3 are at least 900 nm long."""
    plain = load_kit("nangate45")
    layers = dict(plain.technology.layers)
    layers["metal3"] = replace(layers["metal3"], min_area=140 * 1800)
    return replace(plain, technology=replace(plain.technology, layers=layers))


def _state(kit: Kit, bars: list[tuple[int, int]]) -> tuple[RouterState, Grid, int]:
    """Nets with a bar each on track 10 of metal3, from stop to stop; and the number of the track's first node."""
    die = Rect("", 0, 0, 40000, 40000)
    block = Block("b", die, die)
    grid = build_grid(block, kit)
    nets = [Net(f"n{i}", "signal") for i in range(len(bars))]
    access = find_access(block, kit, grid, nets)
    state = RouterState(grid, np.full(grid.size, FREE, np.int32), np.zeros(grid.size, np.uint8), access, RouteOptions())
    base = grid.layers[1].node(10, 0)
    nodes = [np.arange(base + low, base + high + 1, dtype=np.int32) for low, high in bars]
    state.nodes = Ragged.of(np.array([len(one) for one in nodes]), np.concatenate(nodes))
    for one in nodes:
        state._use[one] += 1
    return state, grid, base


@pytest.mark.parametrize(("bars", "dear"), [([(10, 12), (13, 40)], [10, 11, 12, 13]), ([(10, 30), (31, 50)], [30, 31])])
def test_short_metal_in_conflict_is_dear_as_a_whole(kit: Kit, bars: list[tuple[int, int]], dear: list[int]) -> None:
    """Its length came after the search, which pays for the landing alone; of a long wire, the place of the conflict is dear."""
    state, _, base = _state(kit, bars)
    counts, _ = state.conflicts(1.0)
    assert counts.min() > 0
    raised = (np.nonzero(state._history)[0] - base).tolist()
    assert raised == dear


def test_a_look_alone_raises_nothing(kit: Kit) -> None:
    state, _, _ = _state(kit, [(10, 12), (13, 17)])
    state.conflicts(0.0)
    assert not state._history.any()
