"""The benchmark of the verification measures equal things and writes what it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conftest import need
from neutnngen.bench import verify_speed
from neutnngen.cli.main import main


@pytest.mark.tool
def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for program in ("verilator", "g++", "make", "iverilog"):
        need(program)
    monkeypatch.setattr(verify_speed, "INPUTS", 6)
    assert main(["bench", "verify", "--quick", "--out", str(tmp_path)]) == 0
    assert "waves a minute" in capsys.readouterr().out
    document = json.loads((tmp_path / "verify.json").read_text())
    assert document["inputs"] == 6 and document["compile_seconds"] > 0
    assert [case["every"] for case in document["cases"]] == [1, 1, verify_speed.SELDOM]
    assert document["cases"][0]["ratio"] == 1 and document["cases"][1]["ratio"] > 1
