"""Tables of delay: values at their points, between them, and units of other libraries."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from chain_block import the_kit

from neutnngen.errors import ConfigError
from neutnngen.pdk.kits import load_kit
from neutnngen.timing.library import BOTH, FROM_RISE, HOLD, NEGATIVE, SETUP, load_timing, read_timing


def test_tables_at_and_between_their_points() -> None:
    # INV_X1, A to ZN, cell_rise of the library: first two slews and loads and their four values
    library = load_timing(the_kit())
    cell = library.cell("INV_X1")
    assert cell.pins == ("A", "ZN") and cell.outputs == (False, True)
    assert cell.arcs.tolist() == [[0, 1, NEGATIVE]]
    table = cell.arc_tables[0][0]
    start, slews, second, loads, at = library.tables.spans[table]
    x, y = library.tables.axes[start : start + slews], library.tables.axes[second : second + loads]
    values = library.tables.values[at : at + slews * loads].reshape(slews, loads)
    assert (slews, loads) == (7, 7) and x[0] == pytest.approx(0.00117378) and y[0] == pytest.approx(0.365616)
    for i in (0, 3, 6):
        for j in (0, 2, 6):
            assert library.lookup(table, x[i], y[j]) == pytest.approx(values[i, j])
    middle = library.lookup(table, (x[2] + x[3]) / 2, (y[4] + y[5]) / 2)
    assert middle == pytest.approx(values[2:4, 4:6].mean())
    slope = (values[0, 6] - values[0, 5]) / (y[6] - y[5])
    assert library.lookup(table, x[0], y[6] + 10) == pytest.approx(values[0, 6] + 10 * slope)


def test_registers_and_gates_of_two_ways() -> None:
    library = load_timing(the_kit())
    flop = library.cell("DFF_X1")
    clock, data = flop.pins.index("CK"), flop.pins.index("D")
    assert {tuple(arc) for arc in flop.arcs.tolist()} == {(clock, k, FROM_RISE) for k in (2, 3)}
    assert sorted(flop.checks.tolist()) == [[data, clock, SETUP, 0], [data, clock, HOLD, 0]]
    assert {sense for *_, sense in library.cell("XOR2_X1").arcs.tolist()} <= {0, 1, BOTH}
    assert flop.largest_load[flop.pins.index("Q")] == pytest.approx(60.73)


def test_another_node_has_other_units(shared: Path) -> None:
    kit = load_kit("asap7", shared / "pdk" / "asap7")
    library = load_timing(kit)
    cell = library.cell("INVx1_ASAP7_75t_R")
    delay = library.lookup(cell.arc_tables[0][0], 0.02, 1.0)  # 20 ps and 1 fF
    assert 0.003 < delay < 0.03
    assert cell.capacitance[0].max() == pytest.approx(kit.cells[cell.name].pins["A"].capacitance)


def test_slews_are_between_the_thresholds_of_the_library(tmp_path: Path) -> None:
    assert load_timing(the_kit()).step_slew == pytest.approx(math.log(7 / 3))  # 30 and 70 %
    texts = {
        "plain": "",  # Liberty's default: 20 and 80 %
        "wide": "slew_lower_threshold_pct_fall : 10; slew_upper_threshold_pct_fall : 90; slew_derate_from_library : 0.5;",
    }
    found = {}
    for name, text in texts.items():
        (tmp_path / name).write_text(f"library ({name}) {{ {text} }}")
        found[name] = read_timing((tmp_path / name,), "typical")
    assert found["plain"].step_slew == pytest.approx(math.log(4))
    assert found["plain"].tail == pytest.approx(math.sqrt(math.log(4) / (2 * math.log(1.6))))
    assert found["wide"].step_slew == pytest.approx(2 * math.log(9))
    assert found["wide"].tail == pytest.approx(math.sqrt(math.log(9) / (2 * math.log(1.8))))


def test_what_is_not_there_is_said(shared: Path) -> None:
    library = load_timing(the_kit())
    with pytest.raises(ConfigError, match="no such cell"):
        library.cell("INV_X3")
    with pytest.raises(ConfigError, match="no such corner"):
        load_timing(the_kit(), "slow")
    slow = load_timing(load_kit("nangate45", shared / "pdk" / "nangate45"), "slow")
    table = slow.cell("INV_X1").arc_tables[0][0]
    assert slow.lookup(table, 0.02, 5.0) > 1.5 * library.lookup(library.cell("INV_X1").arc_tables[0][0], 0.02, 5.0)
