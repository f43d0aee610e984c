"""The self-test: every mutant of the table is caught, and one that is no mutant is called missed."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from conftest import need
from neutnngen.cli.main import main
from neutnngen.errors import ConfigError
from neutnngen.verify import self_test
from neutnngen.verify.self_test import MUTANTS, mutated, run_self_test, subjects


def test_mutants_are_many_and_name_subjects_that_exist() -> None:
    assert len(MUTANTS) >= 40 and len({m.name for m in MUTANTS}) == len(MUTANTS)
    assert {name for m in MUTANTS for name in m.subjects} <= set(subjects())
    assert {"G1", "D1", "R1", "R7", "S2", "T3", "T4", "T5", "C1", "P3", "R8", "R9", "R10", "R12", "R14", "R15"} <= {m.rule for m in MUTANTS}


@pytest.mark.tool
def test_all_are_caught(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    need("iverilog")
    assert main(["verify", "--self-test", "--out", str(tmp_path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["caught"] == len(document["mutants"]) == len(MUTANTS)
    assert all("at wave" in mutant["detail"] for mutant in document["mutants"])


@pytest.mark.tool
def test_what_is_equal_is_called_missed_and_a_text_must_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need("iverilog")
    line = MUTANTS[0].line
    assert line is not None
    first = dataclasses.replace(MUTANTS[0], line=dataclasses.replace(line, put=line.find))
    broken = dataclasses.replace(MUTANTS[0], name="no_verilog", line=dataclasses.replace(line, put="1 +"))
    monkeypatch.setattr(self_test, "MUTANTS", (first, broken))
    monkeypatch.setattr(self_test, "subjects", lambda: {"classic": subjects()["classic"]})
    assert [one.outcome for one in run_self_test(tmp_path)] == ["missed", "invalid"]
    wrong = dataclasses.replace(first, line=dataclasses.replace(line, find="nowhere"))
    with pytest.raises(ConfigError, match="does not fit"):
        mutated(wrong, subjects()["classic"].design, tmp_path / "wrong")


def test_nothing_to_verify(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify"]) == 2
    assert "--self-test" in capsys.readouterr().err
