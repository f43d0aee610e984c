"""``neutnngen apps places``: a study as table, files and JSON; saved layers; the film; wrong input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from neutnngen.cli.main import main


def run_json(arguments: list[str], capsys: pytest.CaptureFixture[str], code: int = 0) -> Any:
    assert main(["apps", "places", *arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_a_study_and_its_saved_layer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["recall", "navigate", "--design", "reduced", "--trials", "4", "--out", str(tmp_path)]
    document = run_json([*arguments, "--save", str(tmp_path / "saved")], capsys)
    assert {f["measure"]: f["mean"] for f in document["results"]["recall"]}["tail"] == 1.0
    assert all(Path(f).is_file() for f in document["files"]) and len(document["files"]) == 4
    assert main(["apps", "places", *arguments]) == 0
    shown = capsys.readouterr().out
    assert "MEASURED recall of every stored label" in shown and "MEASURED put down somewhere, on to a feature" in shown
    asked = run_json(["--design", str(tmp_path / "saved" / "reduced")], capsys)["results"]
    assert asked["synapses"] == 10_880 and set(asked["recalled"].values()) == {asked["edges"]}


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["recal"], "did you mean 'recall'?"),
        (["--design", "ful"], "did you mean 'full'?"),
        (["--seeds", "0"], "an integer ≥ 1"),
        (["film", "recall"], "runs alone"),
        (["rat", "--trajectory", "Sargolino"], "Sargolini"),
    ],
)
def test_wrong_input(arguments: list[str], what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], no_network: None) -> None:
    assert main(["apps", "places", *arguments, "--out", str(tmp_path / "out")]) in (2, 3)
    shown = capsys.readouterr()
    assert what in shown.err and "Traceback" not in shown.err
