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
