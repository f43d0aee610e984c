"""TNN7 views: sizes at the kit's scale, functions as Liberty has them, and a kit with the macro that is a full adder."""

from __future__ import annotations

from pathlib import Path

import klayout.db as kdb
import pytest

from neutnngen.errors import ConfigError, DataError
from neutnngen.flow.config import LayoutConfig
from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.liberty import read_cells, read_liberty
from neutnngen.pdk.macros import Macro, full_adder_macro, read_tnn7, truth_table, verilog_expression, with_adder
from neutnngen.pdk.technology import Kit


@pytest.fixture(scope="module")
def views(shared: Path) -> tuple[Kit, dict[str, Macro]]:
    kit = load_kit("asap7", shared / "pdk" / "asap7")
    return kit, read_tnn7(shared / "pdk" / "tnn7", kit)


def test_functions_become_verilog() -> None:
    assert verilog_expression("(A * !B) + C") == "(A & ~B) | C"
    with pytest.raises(DataError):
        verilog_expression("A ? B : C")
    assert truth_table("(a & ~b) | c", ("a", "b", "c")) == (0, 1, 0, 0, 1, 1, 1, 1)
    with pytest.raises(DataError, match="no input"):
        truth_table("a & d", ("a", "b"))


def test_the_macros_fit_the_rows(views: tuple[Kit, dict[str, Macro]]) -> None:
    kit, macros = views
    site = kit.technology.sites[kit.roles.core_site]
    assert len(macros) == 13 and sum(macro.cell is not None for macro in macros.values()) == 9
    for macro in macros.values():
        assert macro.master.height == site.height and macro.master.width % site.width == 0, macro.name
        assert 0.05 < macro.area < 1.0
        for pin in macro.master.pins.values():
            for rect in pin.rects:
                assert rect.x0 >= 0 and rect.x1 <= macro.master.width, (macro.name, pin.name)
    assert macros["flogic_8x1"].width == pytest.approx(5.4 / 4)  # the smaller of two files of one name


def test_pins_of_lef_and_liberty_agree(views: tuple[Kit, dict[str, Macro]]) -> None:
    _, macros = views
    for macro in macros.values():
        if macro.cell is not None and macro.name not in ("fsm_output_macro",):
            signals = {pin.name for pin in macro.master.pins.values() if pin.use in ("signal", "clock")}
            assert {name for name in macro.cell.pins if name in signals} == set(macro.cell.pins) - {"GND"}, macro.name


def test_the_full_adder_is_found_by_its_functions(views: tuple[Kit, dict[str, Macro]], tmp_path: Path) -> None:
    kit, macros = views
    found = full_adder_macro(macros)
    assert found is not None and found[0].name == "add_inv"
    assert found[1] == {"a": "A", "b": "B", "ci": "CI", "s": "SUM", "co": "CARRY"}
    assert full_adder_macro({name: macro for name, macro in macros.items() if name != "add_inv"}) is None
    with pytest.raises(ConfigError, match="full adder"):
        with_adder(kit, {}, tmp_path)
    made = with_adder(kit, macros, tmp_path)
    assert made.roles.full_adder == ("add_inv", found[1]) and kit.roles.full_adder != made.roles.full_adder
    cell = read_cells(read_liberty(made.liberty[-1]), ())["add_inv"]
    assert cell.area == pytest.approx(0.972 * 0.27, rel=1e-4)
    assert "dont_use" not in made.liberty[-1].read_text()
    drawn = kdb.Layout()
    drawn.read(str(made.cell_gds))
    box = drawn.cell("add_inv").bbox()
    assert box.width() * drawn.dbu == pytest.approx(0.972) and drawn.cell(kit.roles.flop) is not None


def test_a_folder_of_another_kind(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no TNN7 macros"):
        read_tnn7(tmp_path, load_kit())


def test_the_configuration_of_macros(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such macros"):
        LayoutConfig(macros="tnn8")
    with pytest.raises(ConfigError, match="folder"):
        LayoutConfig(macros="tnn7", style="rings")
    with pytest.raises(ConfigError, match="rings"):
        LayoutConfig(macros="tnn7", macros_folder=tmp_path)
