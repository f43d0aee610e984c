"""``neutnngen data``: list, fetch and check, as tables and as JSON, with their exit codes."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from neutnngen.cli.main import main


@pytest.fixture(autouse=True)
def home(no_network: None, tmp_path: Path) -> Path:
    """An empty home, and the sources of the archive at a port where nobody listens."""
    return tmp_path / "home"


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """A zip file as the archive's: three series, one of them constant."""
    with zipfile.ZipFile(tmp_path / "Toy.zip", "w") as archive:
        archive.writestr("Toy/Toy_TRAIN.ts", "@data\n1,2,3:a\n2,2,2:b\n")
        archive.writestr("Toy/Toy_TEST.ts", "@data\n3,2,1:c\n")
    return tmp_path / "Toy.zip"


def run_json(arguments: list[str], capsys: pytest.CaptureFixture[str], code: int = 0) -> Any:
    assert main([*arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_fetch_check_list_train(packed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    digest = hashlib.sha256(packed.read_bytes()).hexdigest()
    arguments = ["data", "fetch", "Toy", "--source", str(packed), "--to", str(tmp_path / "sets"), "--sha256", digest]
    first = run_json(arguments, capsys)["sets"][0]
    assert (first["name"], first["state"], first["folder"]) == ("Toy", "fetched", str(tmp_path / "sets" / "Toy"))
    assert run_json(arguments, capsys)["sets"][0]["state"] == "already there"
    checked = run_json(["data", "check", "Toy", "--folder", str(tmp_path / "sets")], capsys)
    report = checked["sets"][0]
    assert checked["ok"] and report["checksums"] == "as fetched" and report["problems"] == []
    assert [report[k] for k in ("series", "train", "length", "classes", "constant")] == [3, 2, 3, 3, 1]
    listed = run_json(["data", "list", "--folder", str(tmp_path / "sets")], capsys)
    entry = next(e for e in listed["sets"] if e["name"] == "Toy")
    assert [entry[k] for k in ("train", "test", "shortest", "longest", "classes", "bundled")] == [2, 1, 3, 3, 3, False]
    (tmp_path / "sets" / "Toy" / "Toy_TEST.ts").write_text("@data\n3,2,2:c\n")
    changed = run_json(["data", "check", str(tmp_path / "sets" / "Toy")], capsys, 1)["sets"][0]
    assert changed["checksums"] == "differ" and "has changed" in changed["problems"][0] and changed["series"] == 3


def test_tables(packed: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "fetch", "Toy", "--source", str(packed)]) == 0
    text = capsys.readouterr().out
    assert "Toy: fetched" in text and "trusted on first use" in text and "1810.07758" in text
    assert main(["data", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    folded = "".join(word for line in lines for word in line.replace("│", " ").split())
    assert str(home)[:12] in folded and any("Toy" in line for line in lines)
    bundled = next(line for line in lines if "ItalyPowerDemand" in line)
    assert bundled.replace("│", " ").split() == ["ItalyPowerDemand", "bundled", "67", "1029", "24", "2"]
    assert any("PickupGestureWiimoteZ " in line and "29 … 361" in line and "unequal lengths" in line for line in lines)
    assert not any("BasicMotions" in line or "Covid3Month " in line for line in lines)
    assert "more sets of the UCR archive" in lines[-1]
    assert main(["data", "check", "Toy", "GunPoint"]) == 0
    assert "as fetched" in capsys.readouterr().out


def test_list_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    listed = run_json(["data", "list"], capsys)
    names = [e["name"] for e in listed["sets"]]
    assert "GunPoint" in names and all(e["bundled"] for e in listed["sets"])
    assert "Coffee" in listed["to_fetch"] and "GunPoint" not in listed["to_fetch"]
    assert main(["data", "--json", "list"]) == 0
    assert json.loads(capsys.readouterr().out) == listed


def test_check_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "holes.csv").write_text("1,2,,3\n2,1,1\n")
    (tmp_path / "words.csv").write_text("1,2,[/b]\n")
    report = run_json(["data", "check", str(tmp_path / "holes.csv"), "GunPoint"], capsys, 1)
    assert not report["ok"] and [s["ok"] for s in report["sets"]] == [False, True]
    holes = report["sets"][0]
    assert "line 1, sample 2 is missing" in holes["problems"][0] and holes["checksums"] == "none"
    assert holes["repairs"] == ["1 missing values in 1 series filled by linear interpolation", "1 of 2 series resampled to 3 samples"]
    assert main(["data", "check", str(tmp_path / "words.csv")]) == 1
    text = capsys.readouterr().out.replace("\n", "")
    assert "line 1, sample 2 is not a number" in text and "[/b]" in text and "not ok" in text
    broken = run_json(["data", "check", "PickupGestureWiimoteZ"], capsys, 1)["sets"][0]
    assert broken["repairs"] == ["99 of 100 series resampled to 361 samples"] and broken["series"] == 100


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["data"], 2, ["ACTION"]),
        (["data", "lst"], 2, ["lst"]),
        (["data", "fetch"], 2, ["NAME"]),
        (["data", "fetch", "Cofee"], 2, ["did you mean 'Coffee'"]),
        (["data", "fetch", "Coffee"], 3, ["could not be downloaded", "Coffee_TRAIN.ts", "by hand"]),
        (["data", "check", "Coffee"], 3, ["neutnngen data fetch Coffee"]),
        (["data", "check", "Cofee"], 2, ["did you mean 'Coffee'"]),
        (["data", "check", "missing.tsv"], 3, ["does not exist"]),
    ],
)
def test_bad_input(
    arguments: list[str], code: int, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == code
    message = capsys.readouterr().err
    for word in ["error[", *words]:
        assert word in message


@pytest.mark.parametrize("action", ["list", "fetch", "check"])
def test_every_action_has_help_with_an_example_and_json(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", action, "--help"]) == 0
    text = capsys.readouterr().out
    assert "example:" in text and f"neutnngen data {action}" in text and "--json" in text
