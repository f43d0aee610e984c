"""Liberty reader: group tree, units converted once, facts of cells."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from neutnngen.errors import DataError
from neutnngen.pdk.liberty import library_units, nominal_voltage, parse_liberty, read_cells, read_liberty

TEXT = """/* header
two lines */
library (lib) {
  time_unit : "10ps"; leakage_power_unit : 1pW; voltage_unit : "1V"; nom_voltage : 0.7;
  capacitive_load_unit (2, pf);
  default_input_pin_cap : 0.5;
  cell (DFF) {
    area : 4.5;
    ff ("IQ", "IQN") { next_state : "D"; clocked_on : "!CKN"; }
    cell_leakage_power : 99;
    leakage_power () { when : "D & !CKN"; value : 1000; }
    leakage_power () { when : "!D"; value : 3000 }
    pin (D) { direction : input; capacitance : 0.25; }
    pin (CKN) { direction : input; }
    pin (Q) { direction : output; max_capacitance : 3; function : "IQ";
      timing () { related_pin : "CKN"; cell_rise (t) { values ("1, 2", \\
        "3, 4"); } }
    }
  }
  cell (TIE_X1) { area : 1; cell_leakage_power : 7; pin (Z) { direction : output; function : "1"; } }
}
"""


def test_leakage_that_is_listed_once_for_each_supply() -> None:
    """Both supplies of a state add up; the mean is over states."""
    listed = (("A", 200, "VDD"), ("A", 20, "VSS"), ("!A", 100, "VDD"), ("!A", 0, "VSS"))
    one = 'leakage_power () {{ when : "{}"; value : {}; related_pg_pin : {}; }} leakage_power () {{ value : 9; }}'
    states = " ".join(one.format(*values) for values in listed)
    library = parse_liberty(f'library (lib) {{ leakage_power_unit : "1pW"; cell (INV) {{ area : 1; {states} }} }}')
    assert read_cells(library)["INV"].leakage == pytest.approx(0.16)


def test_memory_of_a_flip_flop() -> None:
    memory = read_cells(parse_liberty(TEXT))["DFF"].memory
    assert memory is not None
    assert (memory.kind, memory.state, memory.inverse, memory.trigger, memory.data) == ("flip-flop", "IQ", "IQN", "!CKN", "D")


def test_cells_in_contract_units() -> None:
    library = parse_liberty(TEXT)
    units = library_units(library)
    assert (units.time, units.capacitance, units.energy) == pytest.approx((0.01, 2000.0, 2000.0))
    assert nominal_voltage(library) == pytest.approx(0.7)
    cells = read_cells(library, ("TIE_*",))
    flop = cells["DFF"]
    assert flop.sequential
    assert not flop.dont_use
    assert flop.leakage == pytest.approx(2.0)  # mean of the states, pW to nW
    assert flop.pins["D"].capacitance == pytest.approx(500.0)
    assert flop.pins["CKN"].capacitance == pytest.approx(1000.0)  # the library's default
    assert flop.pins["Q"].max_capacitance == pytest.approx(6000.0)
    assert [pin.name for pin in flop.pins.values() if pin.is_clock] == ["CKN"]
    tie = cells["TIE_X1"]
    assert (tie.sequential, tie.dont_use, tie.pins["Z"].function) == (False, True, "1")
    assert tie.leakage == pytest.approx(0.007)


def test_tables_stay_in_the_tree() -> None:
    library = parse_liberty(TEXT)
    pin = next(p for p in next(library.each("cell")).each("pin") if p.name == "Q")
    table = next(next(pin.each("timing")).each("cell_rise"))
    assert table.call("values") == ("1, 2", "3, 4")


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (TEXT.rstrip()[:-1], "never closed"),
        (TEXT + "}", "without its opening"),
        (TEXT.replace("area : 4.5;", "= 4.5;"), "line 8"),
        ("cell (a) { }", "no library group"),
    ],
)
def test_broken_text_is_told(broken: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        parse_liberty(broken)


def test_gzip(tmp_path: Path) -> None:
    path = tmp_path / "a.lib.gz"
    path.write_bytes(gzip.compress(TEXT.encode()))
    assert read_liberty(path) == parse_liberty(TEXT)
    path.write_bytes(b"not gzip")
    with pytest.raises(DataError):
        read_liberty(path)
