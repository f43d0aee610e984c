"""Delays of wires against a tree worked out by hand, and tables against SciPy's."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator

from neutnngen.errors import DataError
from neutnngen.hierarchy.chip import Wiring
from neutnngen.hierarchy.drive import WireModel
from neutnngen.hierarchy.elmore import pin_delays
from neutnngen.hierarchy.interface import Interface, Table, Way, _document, read_interface
from neutnngen.hierarchy.netlist import Pin

DBU = 1000
WIRES = WireModel(resistance=2.0, capacitance=0.1, riser=3.0)


def test_a_trunk_with_two_branches_is_what_elmore_says() -> None:
    # driver at (0, 0), up 100 um to (0, 100): there 50 um right to sink a, and on 200 um up to sink b
    um = DBU
    vertical = np.array([[0, -10, -10, 10, 300 * um + 10]])
    horizontal = np.array([[0, -10, 100 * um - 10, 50 * um + 10, 100 * um + 10]])
    risers = np.array([[0, 0, 0], [0, 50 * um, 100 * um], [0, 0, 300 * um]])
    ends = ((Pin("d", "z"), Pin("a", "i"), Pin("b", "i")),)
    vias = np.array([[0, 0, 100 * um]])
    none = np.zeros(0, dtype=np.int64)
    wiring = Wiring(("n",), ("n",), ends, vertical, horizontal, vias, risers, (), {}, np.array([350.0 * um]), none, 0)
    a, b = pin_delays(wiring, [[4.0, 6.0]], WIRES, DBU, [False])[0]
    common = 3.0 * (35.0 + 10.0) + 200.0 * (10.0 / 2 + 5.0 + 20.0 + 10.0)
    to_a = 100.0 * (5.0 / 2 + 4.0) + 3.0 * 4.0
    to_b = 400.0 * (20.0 / 2 + 6.0) + 3.0 * 6.0
    assert a == pytest.approx((common + to_a) * 1e-6) and b == pytest.approx((common + to_b) * 1e-6)
    assert pin_delays(wiring, [[4.0, 6.0]], WIRES, DBU, [True])[0].tolist() == [0.0, 0.0]


def test_tables_are_linear_between_points_and_flat_beyond() -> None:
    rng = np.random.default_rng(0)
    first, second, values = np.array([0.0, 0.1, 0.5]), np.array([1.0, 2.0, 8.0, 9.0]), rng.random((3, 4))
    table, theirs = Table(first, second, values), RegularGridInterpolator((first, second), values)
    x, y = rng.uniform(-0.2, 0.8, 50), rng.uniform(0, 12, 50)
    assert table.at(x, y) == pytest.approx(theirs(np.stack([np.clip(x, 0, 0.5), np.clip(y, 1, 9)], axis=1)))
    single = Table(np.array([0.1]), np.array([3.0]), np.array([[7.0]]))
    assert single.at(x, y) == pytest.approx(np.full(50, 7.0))


def test_an_interface_comes_back_from_its_file(tmp_path: Path) -> None:
    table = Table(np.array([0.0, 0.1]), np.array([1.0, 2.0]), np.array([[1.0, 2.0], [3.0, 4.0]]))
    way = Way("clk", table, table, table)
    made = Interface(
        "clk", {"q": way}, {"q": (Way("d", table, table, table),)}, {"d": table}, {"d": table}, {"d": np.inf}, {"q": 5.0}, {"d": 2.0}
    )
    path = tmp_path / "interface.json"
    path.write_text(json.dumps(_document(made)))
    found = read_interface(path)
    assert found.slew_limit == {"d": np.inf} and found.load_limit == {"q": 5.0} and found.clock == "clk"
    assert (found.launches["q"].late.values == table.values).all() and found.through["q"][0].start == "d"
    path.write_text("{}")
    with pytest.raises(DataError, match="interface of a macro"):
        read_interface(path)
