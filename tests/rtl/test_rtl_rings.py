"""Columns with rings: the order of the weight port, the files, and what is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from neutnngen.errors import ConfigError, DataError
from neutnngen.rtl import Rings, chosen_style, generate_rtl, open_rtl
from neutnngen.rtl.rings import RING_LEAVES, RingPlan
from neutnngen.spec import ColumnSpec, Design


def design(inputs: int = 5, neurons: int = 4, **options: object) -> Design:
    column = ColumnSpec(inputs, neurons, 8, **options)  # type: ignore[arg-type]
    weights = np.random.default_rng(3).integers(0, column.w_max + 1, (neurons, inputs))
    return Design.of_column("ringed", column, weights, np.ones(weights.shape, dtype=bool), 77)


@pytest.mark.parametrize("slots", [1, 2, 3])
@pytest.mark.parametrize("members", [1, 2, 4])
def test_every_bit_of_every_weight_has_one_place(slots: int, members: int) -> None:
    one = design()
    order = RingPlan(one.column, Rings(slots, members)).order()
    found = [place for place in order.places if place is not None]
    assert sorted(found) == [(j, i, k) for j in range(4) for i in range(5) for k in range(3)]
    assert len(order.places) == -(-5 // slots) * slots * 4 * 3  # with the lines that are not there
    assert (order.weights(order.image(one.weights)) == one.weights).all()
    with pytest.raises(DataError, match="wrong length"):
        order.weights([0])


def test_scan_order_by_hand() -> None:
    # One ring of two lines, two neurons: a word leaves at the last head, of slot 0 first, the last neuron's before the first's.
    order = RingPlan(ColumnSpec(2, 2, 2, w_res=1), Rings(2, 2)).order()
    assert order.places == ((1, 0, 0), (1, 1, 0), (0, 0, 0), (0, 1, 0))


def test_a_wave_ends_with_every_weight_at_home() -> None:
    for neurons, members in ((6, 1), (6, 2), (6, 3), (25, 5)):
        plan = RingPlan(ColumnSpec(7, neurons, 8), Rings(2, members))
        assert plan.units % members == 0 and plan.units - members >= plan.column.horizon
        assert plan.clocks == 2 * plan.units


def test_package(tmp_path: Path) -> None:
    one = design()
    package = generate_rtl(one, tmp_path, rings=Rings())
    assert package.rings == Rings(2, 4) and package.unit == 2 and package.clocks == 2 * RingPlan(one.column, Rings(2, 4)).units
    assert [path.stem for path in package.sources] == [*RING_LEAVES, "ringed"]
    for source in package.sources:
        assert re.findall(r"^module (\w+)", source.read_text(), re.MULTILINE) == [source.stem]
    hierarchy = json.loads(package.hierarchy.read_text())
    assert hierarchy["style"] == {"name": "rings", "slots": 2, "members": 4}
    top = package.sources[-1].read_text()
    assert all(f" {instance} (" in top for instance in hierarchy["instances"].values())
    assert hierarchy["registers"]["weight of a synapse, between waves"]["neuron/0/synapse/0"] == package.probes[0, 0]
    again = open_rtl(one, tmp_path)
    assert (again.scan, again.probes, again.rings, again.clocks) == (package.scan, package.probes, package.rings, package.clocks)
    package.hierarchy.write_text("{")
    with pytest.raises(DataError, match="hierarchy"):
        open_rtl(one, tmp_path)


def test_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="must divide"):
        generate_rtl(design(), tmp_path, rings=Rings(2, 3))
    with pytest.raises(ConfigError, match="out of range"):
        generate_rtl(design(), tmp_path, rings=Rings(0))
    with pytest.raises(ConfigError, match="largest potential"):
        generate_rtl(design(tie="largest_potential"), tmp_path, rings=Rings())
    with pytest.raises(ConfigError, match="step response"):
        generate_rtl(design(response="snl"), tmp_path, rings=Rings())
    one = design()
    pruned = np.arange(20).reshape(4, 5) != 7
    with pytest.raises(ConfigError, match="pruned"):
        generate_rtl(Design.of_column("ringed", one.column, one.weights * pruned, pruned, 77), tmp_path, rings=Rings())
    with pytest.raises(ConfigError, match="did you mean 'rings'"):
        chosen_style("ring")
    assert not list(tmp_path.iterdir())
