"""The silicon benchmark synthesises what it says and orders the kinds as they must be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from neutnngen.bench import silicon
from neutnngen.bench.silicon import column_design, synthesise
from neutnngen.cli.main import main


@pytest.mark.tool
def test_kinds_of_a_small_column(tmp_path: Path) -> None:
    design = column_design(8, 2)
    made = {kind: synthesise(design, kind, tmp_path / kind)[0] for kind in ("learning", "programmable", "frozen")}  # type: ignore[arg-type]
    assert made["learning"].area > made["programmable"].area > made["frozen"].area > 0
    flop = 4.522  # DFF_X1; three for every weight that is held
    assert made["programmable"].sequential_area - made["frozen"].sequential_area == pytest.approx(16 * 3 * flop, rel=0.1)


@pytest.mark.tool
def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silicon, "CASES", ((6, 2, "learning"), (6, 2, "frozen")))
    assert main(["bench", "silicon", "--quick", "--out", str(tmp_path)]) == 0
    assert "SYNTHESIS" in capsys.readouterr().out
    document = json.loads((tmp_path / "silicon.json").read_text())
    assert [case["kind"] for case in document["cases"]] == ["learning", "frozen"] and document["cases"][0]["clocks"] == 15
