"""Macros against their functions, wrappers against our leaves, and figures that follow from the views."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from conftest import need
from neutnngen.bench.macros import bench_macros, check_model, macro_model, wrapper_checks
from neutnngen.bench.macros_page import macro_cells, markdown_tables
from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.macros import Macro, Register
from neutnngen.pdk.technology import Cell, CellPin, Master


def macro(name: str, functions: dict[str, str], inputs: str, register: Register | None = None) -> Macro:
    """A macro with this function, as read from Liberty."""
    pins = {pin: CellPin(pin, "input", 1.0, None, None) for pin in inputs.split()}
    pins |= {pin: CellPin(pin, "output", 0.0, 10.0, function) for pin, function in functions.items()}
    master = Master(name, "core", 54, 270, "site", {}, ())
    return Macro(name, master, 0.054, 0.27, Cell(name, 0.1, 0.1, pins, False), None, functions, frozenset(functions), register)


ADDER = {"CARRY": "(A & B) | (A & CI) | (B & CI)", "SUM": "A ^ B ^ CI"}
CASES = {
    "STDP_CASES_0": "EIN & EOUT & ~GREATER",
    "STDP_CASES_1": "EIN & EOUT & GREATER",
    "STDP_CASES_2": "(EIN ^ EOUT) & ~GREATER",
    "STDP_CASES_3": "(EIN ^ EOUT) & GREATER",
}
COUNTER = {
    "NEXT_STATE_0": "~STATE_0 & (IN | STATE_1 | STATE_2)",
    "NEXT_STATE_1": "STATE_0 ^ STATE_1",
    "NEXT_STATE_2": "STATE_2 ^ (STATE_0 & STATE_1)",
    "OUT": "IN | STATE_0 | STATE_1 | STATE_2",
}
COUNTER_INPUTS = "IN STATE_0 STATE_1 STATE_2"


@pytest.mark.tool
def test_a_model_is_compared_with_its_function(tmp_path: Path) -> None:
    need("iverilog")
    right = macro("add_inv", ADDER, "A B CI")
    assert "assign SUM = A ^ B ^ CI;" in macro_model(right)
    assert check_model(right, tmp_path / "right").equal and check_model(right, tmp_path / "right").vectors == 8
    wrong = check_model(macro("add_inv", {**ADDER, "SUM": "A ^ B | CI"}, "A B CI"), tmp_path / "wrong")
    assert not wrong.equal and wrong.mismatches == 2
    memory = Register("ff", "IQ", "CLK", "(D & RST_B)")
    found = check_model(macro("synch_reset_b", {"Q": "IQ"}, "CLK D RST_B", memory), tmp_path / "ff")
    assert found.equal and found.known > 1000
    late = dataclasses.replace(memory, data="(D | ~RST_B)")
    assert not check_model(macro("synch_reset_b", {"Q": "IQ"}, "CLK D RST_B", late), tmp_path / "wrong_ff").equal
    latch = Register("latch", "IOUT", "~INHIBIT", "DATA_IN")
    assert check_model(macro("inhibit_pass", {"OUT": "IOUT"}, "DATA_IN INHIBIT", latch), tmp_path / "latch").equal
    assert not check_model(
        macro("inhibit_pass", {"OUT": "IOUT"}, "DATA_IN INHIBIT", dataclasses.replace(latch, clock="INHIBIT")), tmp_path / "wrong_latch"
    ).equal


@pytest.mark.tool
def test_the_wrappers_are_our_leaves(tmp_path: Path) -> None:
    need("iverilog")
    macros = {
        "add_inv": macro("add_inv", ADDER, "A B CI"),
        "stdp_case_gen_macro": macro("stdp_case_gen_macro", CASES, "EIN EOUT GREATER"),
        "fsm_simple_macro": macro("fsm_simple_macro", COUNTER, COUNTER_INPUTS),
    }
    found = wrapper_checks(macros, tmp_path / "right")
    assert set(found) == {"full_adder", "weight_update", "spike_input"} and all(one.equal for one in found.values())
    assert found["weight_update"].vectors == 3 * 2**12
    broken = {
        "add_inv": macro("add_inv", {**ADDER, "CARRY": "A & B"}, "A B CI"),
        "stdp_case_gen_macro": macro("stdp_case_gen_macro", {**CASES, "STDP_CASES_3": "EIN & GREATER"}, "EIN EOUT GREATER"),
        "fsm_simple_macro": macro("fsm_simple_macro", {**COUNTER, "NEXT_STATE_2": "STATE_2"}, COUNTER_INPUTS),
    }
    assert not any(one.equal for one in wrapper_checks(broken, tmp_path / "wrong").values())


@pytest.mark.tool
def test_the_public_macros(shared: Path, tmp_path: Path) -> None:
    """Three of the Liberty files, which are large, and all of LEF."""
    for program in ("iverilog", "sta"):
        need(program)
    (tmp_path / "lib").mkdir()
    (tmp_path / "lef").symlink_to(shared / "pdk" / "tnn7" / "lef")
    for name in ("add_inv", "stdp", "synch_reset_b"):
        file = f"{name}_tt_0.7_25_ccs.lib.gz"
        (tmp_path / "lib" / file).symlink_to(shared / "pdk" / "tnn7" / "lib" / file)
    document = bench_macros(tmp_path, load_kit("asap7", shared / "pdk" / "asap7"), column=(8, 2))
    rows = {row["name"]: row for row in document["macros"]}
    checked = {name for name, row in rows.items() if row["checked"] is not None}
    assert len(rows) == 13 and checked == {"add_inv", "stdp_case_gen_macro", "synch_reset_b"}
    assert all(rows[name]["checked"]["mismatches"] == 0 for name in checked)
    assert document["wrappers"] and all(found["mismatches"] == 0 for found in document["wrappers"].values())
    adder = rows["add_inv"]
    assert 0.01 < adder["own"]["delay"] < 0.2 and adder["cells"]["area"] > adder["own"]["area"]
    cells, macro = document["columns"]
    assert macro["cell"] == "add_inv" and macro["adders"] == cells["adders"] > 0 and macro["area"] != cells["area"]
    assert all(0 < found[side]["area"] < 20 for found in document["replaced"].values() for side in ("cells", "macro"))
    text = markdown_tables(document)
    assert text.count("\n| ") > len(rows) and macro_cells(rows["incdec_macro"])[1] == "missing"
