"""The electrostatic placer: its slopes are those of its functions, its result is spread, short, fixed where it must be, and follows seed,
weights and start."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from netlist_block import shift_register, the_kit

from neutnngen.errors import ConfigError
from neutnngen.pdk.technology import Rect
from neutnngen.place_route.electrostatic import Schedule, Spread, _cosines, _sines, _Spreader, spread
from neutnngen.place_route.electrostatic_kernel import wire_slope
from neutnngen.place_route.placement import place_global
from neutnngen.place_route.placement_arrays import PlacementArrays, placement_arrays, total_hpwl, with_places
from neutnngen.place_route.wiring import hpwl

CORE = Rect("", 0, 0, 40_000, 40_000)


def grid_of_cells(side: int = 16) -> PlacementArrays:
    """side x side cells, each joined to its right and upper neighbour; four fixed cells in the corners hold the mesh."""
    count = side * side
    corners = [0, side - 1, count - side, count - 1]
    pins: list[int] = []
    for i in range(side):
        for j in range(side):
            pins += [i * side + j, (i + 1) * side + j] if i + 1 < side else []
            pins += [i * side + j, i * side + j + 1] if j + 1 < side else []
    pins += corners
    nets = (len(pins) - 4) // 2 + 1
    start = np.append(np.arange(nets) * 2, len(pins)).astype(np.int32)
    place = np.full((2, count), 20_000.0)
    place[:, corners] = [[1000, 1000, 39_000, 39_000], [1000, 39_000, 1000, 39_000]]
    movable = np.ones(count, np.bool_)
    movable[corners] = False
    one = np.ones(count)
    cells = np.array(pins, np.int32)
    names = [f"c{k}" for k in range(count)]
    nothing = np.zeros(len(pins))
    return PlacementArrays(
        names, place[0], place[1], one * 1500, one * 1500, movable, one, one, [f"n{k}" for k in range(nets)], start, np.ones(nets), cells,
        nothing, nothing,
    )  # fmt: skip


@cache
def meshed(seed: int = 0) -> Spread:
    return spread(grid_of_cells(), CORE, density=0.8, schedule=Schedule(growth=1.1), seed=seed)


@pytest.mark.parametrize("axis", [0, 1])
def test_the_transforms_are_sums_of_waves(axis: int) -> None:
    waves = np.random.default_rng(1).random((6, 5)).astype(np.float32)
    n = waves.shape[axis]
    phase = np.pi * np.outer(np.arange(n) + 0.5, np.arange(n)) / n
    for found, base in ((_cosines(waves, axis), np.cos(phase)), (_sines(waves, axis), np.sin(phase))):
        # both leave the factor 2 that scipy's transforms have
        assert found == pytest.approx(2 * np.moveaxis(np.tensordot(base, waves, (1, axis)), 0, axis), rel=1e-4, abs=1e-4)


def test_the_slope_of_wires_is_their_difference_quotient() -> None:
    random = np.random.default_rng(2)
    start, cells = np.array([0, 2, 5, 9]), np.array([0, 1, 1, 2, 3, 0, 2, 3, 4])
    weight, pin = np.array([1.0, 2.0, 0.5]), random.normal(size=9)
    x, y, gamma = random.normal(size=5) * 3, random.normal(size=5) * 3, 0.7

    def smooth(x: np.ndarray) -> float:
        """The weighted-average length along one axis, written out."""
        total = 0.0
        for k in range(3):
            at = x[cells[start[k] : start[k + 1]]] + pin[start[k] : start[k + 1]]
            up, down = np.exp(at / gamma), np.exp(-at / gamma)
            total += weight[k] * ((at * up).sum() / up.sum() - (at * down).sum() / down.sum())
        return float(total)

    slope_x, slope_y = np.zeros(5), np.zeros(5)
    total = wire_slope(start, weight, cells, pin, pin, x, y, gamma, 1.0, 1.0, slope_x, slope_y)
    for places, slope in ((x, slope_x), (y, slope_y)):
        for k in range(5):
            step = np.zeros(5)
            step[k] = 1e-5
            assert slope[k] == pytest.approx((smooth(places + step) - smooth(places - step)) / 2e-5, abs=1e-6)
    assert total > 0


def test_the_field_pushes_away_from_a_crowd() -> None:
    spreader = _Spreader(grid_of_cells(), CORE, (), 0.8, Schedule(), 0, False)
    cell = 40
    spreader.x[cell], spreader.y[cell] = spreader.nx * 0.7, spreader.ny * 0.4
    _, _, energy_x, energy_y = spreader.slopes(spreader.x, spreader.y)
    # all other cells are in the middle: the energy falls to the right and downwards
    assert energy_x[cell] < 0 < energy_y[cell]


def test_a_mesh_unfolds() -> None:
    arrays, made = grid_of_cells(), meshed()
    assert made.overflow < 0.07
    assert made.x.min() >= 750 and made.x.max() <= 39_250 and made.y.min() >= 750 and made.y.max() <= 39_250
    fixed = ~arrays.movable
    assert np.array_equal(made.x[fixed], arrays.x[fixed]) and np.array_equal(made.y[fixed], arrays.y[fixed])
    # the only order without crossings is the mesh itself, laid out by its corners (c0 lower left, c15 upper left, c240 lower right)
    x, y = made.x.reshape(16, 16), made.y.reshape(16, 16)
    assert (np.diff(x.mean(axis=1)) > 0).all() and (np.diff(y.mean(axis=0)) > 0).all()


def test_the_seed_decides() -> None:
    again = spread(grid_of_cells(), CORE, density=0.8, schedule=Schedule(growth=1.1), seed=0)
    assert np.array_equal(again.x, meshed().x) and np.array_equal(again.y, meshed().y)
    assert not np.array_equal(meshed(1).x, meshed().x)


def test_blocked_places_stay_free() -> None:
    hole = Rect("", 12_000, 12_000, 28_000, 28_000)
    made = spread(grid_of_cells(), CORE, [hole], density=1.0, schedule=Schedule(growth=1.1))
    inside = (made.x > 13_500) & (made.x < 26_500) & (made.y > 13_500) & (made.y < 26_500)
    open_inside = (meshed().x > 13_500) & (meshed().x < 26_500) & (meshed().y > 13_500) & (meshed().y < 26_500)
    assert inside.sum() < 0.2 * open_inside.sum()


def test_placement_goes_on_from_present_places() -> None:
    arrays, made = grid_of_cells(), meshed()
    arrays.x[:], arrays.y[:] = made.x, made.y
    further = spread(arrays, CORE, density=0.8, schedule=Schedule(growth=1.1), from_present=True)
    moved = np.abs(further.x - made.x) + np.abs(further.y - made.y)
    assert further.overflow < 0.07 and further.iterations < made.iterations
    assert np.median(moved) < 2500
    # heavier nets become shorter from there
    heavy = list(range(0, 400, 40))
    arrays.net_weight[heavy] = 8.0
    pulled = spread(arrays, CORE, density=0.8, schedule=Schedule(growth=1.1), from_present=True)

    def length(places: Spread) -> float:
        return sum(float(np.ptp(places.x[c]) + np.ptp(places.y[c])) for c in (arrays.pin_cell[2 * k : 2 * k + 2] for k in heavy))

    assert length(pulled) < 0.8 * length(made)


def test_arrays_of_a_block_and_back() -> None:
    kit = the_kit()
    block = shift_register(5)
    for k, instance in enumerate(block.instances.values()):
        instance.x, instance.y, instance.orient, instance.placed = 1000 * k, 2800 * (k % 3), ("N", "FN", "FS", "S")[k % 4], True
    for k, port in enumerate(block.ports.values()):
        port.rect = Rect("metal3", 0, 500 * k, 100, 500 * k + 70)
    arrays = placement_arrays(block, kit)
    assert with_places(block, arrays, arrays.x, arrays.y) == block
    assert total_hpwl(block, kit) == hpwl(block, kit)
    with pytest.raises(ConfigError, match="start"):
        from neutnngen.place_route.floorplan import make_floorplan

        place_global(make_floorplan(block, kit)[0], kit, start="later")  # type: ignore[arg-type]
