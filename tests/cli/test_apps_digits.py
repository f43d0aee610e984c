"""``neutnngen apps digits``: a study as table, files and JSON, pruned, saved and measured again; wrong input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digits_cases import images, write_idx, write_spoken
from neutnngen.apps.digits import plan
from neutnngen.apps.digits.designs import read_expected
from neutnngen.apps.digits.plan import CATALOGUE, DigitsPlan
from neutnngen.cli.main import main

TOY = DigitsPlan("toy", size=4, stride=2, segments=6, passes=2)


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_network: None) -> Path:
    """A folder to work in, with both sets and a design."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(plan.CATALOGUE, "toy", TOY)
    write_spoken(tmp_path / "Tones")
    write_idx(tmp_path / "bars", images())
    return tmp_path


SETS = ["--sound", "./Tones", "--images", "./bars", "--pairs", "200", "--judged", "100", "--design", "toy"]


def run_json(arguments: list[str], capsys: pytest.CaptureFixture[str], code: int = 0) -> Any:
    assert main(["apps", "digits", *arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert set(run_json(["--list"], capsys)["designs"]) == set(CATALOGUE)
    assert main(["apps", "digits", "--list"]) == 0 and "64 windows" in capsys.readouterr().out


def test_a_study_of_senses_and_masks_goes_on_where_it_stopped(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [*SETS, "--senses", "both", "sound", "image", "--masks", "dendrites", "dense", "--out", "out"]
    document = run_json(arguments, capsys)
    rows = {(row["sense"], row["masks"]): row for row in document["results"]}
    assert set(rows) == {("both", "dendrites"), ("both", "dense"), ("sound", "dendrites"), ("image", "dendrites")}
    assert rows["both", "dendrites"]["accuracy"] > 0.8
    assert rows["both", "dense"]["synapses"] == rows["both", "dense"]["dense"] == rows["both", "dendrites"]["dense"]
    assert all(Path(f).is_file() for f in document["files"]) and any(f.endswith("senses.png") for f in document["files"])
    table = Path("out/results.csv").read_text().splitlines()
    Path("out/results.csv").write_text("\n".join(table[:-1]) + "\n")  # as if stopped before the last row
    assert main(["apps", "digits", *arguments]) == 0
    shown = capsys.readouterr().out
    again = Path("out/results.csv").read_text().splitlines()
    assert "MEASURED on 100 test pairs of Tones and bars, 200 learned" in shown
    assert again[:-1] == table[:-1] and again[-1].split(",")[:-1] == table[-1].split(",")[:-1]  # but for the seconds


def test_a_saved_network_is_measured_again(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = run_json([*SETS, "--out", "out", "--save", "saved"], capsys)["results"][0]
    expected = read_expected(Path("saved/toy"))
    assert (expected["synapses"], expected["accuracy"], expected["pruning"]) == (row["synapses"], row["accuracy"], None)
    measured = run_json([*SETS[:8], "--design", "saved/toy"], capsys)["results"][0]
    assert (measured["wrong"], measured["synapses"]) == (expected["wrong"], expected["synapses"])
    with np.load("saved/toy/waves.npz") as archive:
        assert set(archive) == {"waves", "classes", "named"} and len(archive["waves"]) == 32


def test_curves_of_pruning(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["prune", *SETS, "--keeps", "0.4", "--out", "out"]
    document = run_json(arguments, capsys)
    points = {point["recipe"]: point for point in document["points"]}
    pruned = {"steps to segments", "layers, use, rounds", "layers, random, rounds"}
    assert set(points) == {"dense", "dense, 3 × 4 passes more", *pruned}
    assert points["dense, 3 × 4 passes more"]["density"] == 1
    assert all(0.2 < points[name]["density"] <= 0.41 for name in pruned)
    assert points["steps to segments"]["score"] > 0.7 and points["layers, use, rounds"]["score"] > 0.7
    assert all(Path(f).is_file() for f in document["files"])
    assert main(["apps", "digits", *arguments]) == 0
    assert "MEASURED accuracy" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "what", "code"),
    [
        (["--design", "smal"], "did you mean 'small'?", 2),
        (["--seeds", "0"], "an integer ≥ 1", 2),
        (["--pairs", "201"], "1 … 200", 2),
        (["--sound", "FSD"], "FSDD", 2),
        (["--sound", "./bars"], "no WAV files", 3),
        (["--seeds", "1", "prune", "--keeps", "1.5"], "between 0 and 1", 2),
    ],
)
def test_wrong_input(arguments: list[str], what: str, code: int, work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["apps", "digits", *SETS, *arguments]) == code
    shown = capsys.readouterr()
    assert what in shown.err and "Traceback" not in shown.err
