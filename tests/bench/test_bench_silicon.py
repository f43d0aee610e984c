"""The silicon benchmark synthesises what it says and orders kinds and styles as they must be."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from conftest import need
from neutnngen.bench import silicon
from neutnngen.bench.silicon import Case, check_case, make_case
from neutnngen.cli.main import main
from neutnngen.errors import CheckFailed
from neutnngen.pdk.kits import load_kit
from neutnngen.rtl import Rings
from neutnngen.spec import Design

FLOP = 4.522
"""µm² of a DFF_X1."""


@pytest.mark.tool
def test_kinds_and_styles_of_a_small_column(tmp_path: Path) -> None:
    cases = {
        "learning": Case(8, 2, "learning"),
        "rings": Case(8, 2, "learning", Rings(2, 2)),
        "programmable": Case(8, 2, "programmable"),
        "frozen": Case(8, 2, "frozen"),
    }
    made = {name: make_case(case, load_kit(), tmp_path / name).statistics for name, case in cases.items()}
    assert made["learning"].area > made["rings"].area > made["programmable"].area > made["frozen"].area > 0
    # three for every weight that is held
    assert made["programmable"].sequential_area - made["frozen"].sequential_area == pytest.approx(16 * 3 * FLOP, rel=0.1)
    assert "FA_X1" in made["rings"].by_type and "FA_X1" not in made["learning"].by_type


@pytest.mark.tool
def test_cells_of_a_kit_of_several_libraries(tmp_path: Path, shared: Path) -> None:
    kit = load_kit("asap7", shared / "pdk" / "asap7")
    made = make_case(Case(8, 2, "learning", Rings(2, 2)), kit, tmp_path).statistics
    assert set(made.by_type) <= set(kit.cells) and not any(kit.cells[name].dont_use for name in made.by_type if "TIE" not in name)
    assert made.by_type["FAx1_ASAP7_75t_R"][0] > 0 and made.by_type["DFFHQNx1_ASAP7_75t_R"][0] > 48


@pytest.mark.tool
def test_what_is_measured_is_compared(tmp_path: Path) -> None:
    for program in ("verilator", "g++", "make", "iverilog"):
        need(program)
    kit, case = load_kit(), Case(6, 2, "learning", Rings(2, 2))
    made = make_case(case, kit, tmp_path)
    equal = check_case(case, made, kit, tmp_path)
    assert equal["rtl"] > 200 * 12 and equal["gates"] > 40 * 2
    one = made.design
    wrong = dataclasses.replace(made, design=Design.of_column(one.name, one.column, one.weights, one.mask, one.lfsr_state + 1))
    with pytest.raises(CheckFailed, match="random state"):
        check_case(case, wrong, kit, tmp_path / "wrong")


@pytest.mark.tool
def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silicon, "CASES", (Case(6, 2, "learning"), Case(6, 2, "learning", Rings(2, 2)), Case(6, 2, "frozen")))
    assert main(["bench", "silicon", "--quick", "--out", str(tmp_path)]) == 0
    assert "SYNTHESIS" in capsys.readouterr().out
    document = json.loads((tmp_path / "silicon.json").read_text())
    assert [case["kind"] for case in document["cases"]] == ["learning", "learning", "frozen"]
    assert [case["clocks"] for case in document["cases"]] == [15, 32, 15]
