"""``neutnngen apps mnist``: a study as table, files and JSON; saved Designs; the list; wrong input."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neutnngen.apps.mnist.catalogue import CATALOGUE
from neutnngen.cli.main import main

TOML = """
name = "toy"
passes = 2
[code]
kind = "posneg"
cut = 0.4
[readout]
segments = 2
[[layers]]
size = 4
stride = 4
segments = 4
threshold = 0.4
"""


def write_set(folder: Path, train: int, test: int, side: int = 8) -> Path:
    """Four IDX files: two classes, the upper or the lower half bright, in noise."""
    rng = np.random.default_rng(3)
    folder.mkdir()
    for part, count in (("train", train), ("t10k", test)):
        labels = (np.arange(count) % 2).astype(np.uint8)
        images = rng.integers(0, 60, (count, side, side)).astype(np.uint8)
        images[labels == 0, : side // 2] += 150
        images[labels == 1, side // 2 :] += 150
        for name, array in ((f"{part}-images-idx3-ubyte", images), (f"{part}-labels-idx1-ubyte", labels)):
            head = bytes([0, 0, 8, array.ndim]) + b"".join(struct.pack(">I", n) for n in array.shape)
            (folder / name).write_bytes(head + array.tobytes())
    return folder


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_network: None) -> Path:
    """A folder to work in, with a set and a design."""
    monkeypatch.chdir(tmp_path)
    write_set(tmp_path / "halves", 80, 30)
    (tmp_path / "toy.toml").write_text(TOML)
    return tmp_path


def run_json(arguments: list[str], capsys: pytest.CaptureFixture[str], code: int = 0) -> Any:
    assert main(["apps", "mnist", *arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)


TOY = ["--data", "./halves", "--design", "toy.toml"]


def test_list(capsys: pytest.CaptureFixture[str], work: Path) -> None:
    assert main(["apps", "mnist", "--list"]) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in CATALOGUE) and "published: active dendrites" in text
    listed = run_json(["--list"], capsys)["designs"]
    assert list(listed) == list(CATALOGUE) and listed["small"]["layers"][0]["size"] == 7
    assert sorted(p.name for p in work.iterdir()) == ["halves", "toy.toml"], "nothing is written"


def test_help_has_an_example_and_the_application_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["apps", "mnist", "--help"]) == 0
    text = capsys.readouterr().out
    assert "examples:" in text and "neutnngen apps mnist --design small" in text and "--json" in text
    assert main(["apps", "--help"]) == 0
    assert "classify images" in capsys.readouterr().out


def test_a_design_is_learned_saved_and_measured(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = run_json([*TOY, "--seeds", "2", "--jitter", "1", "--out", "out", "--save", "kept"], capsys)
    assert sorted(document) == ["files", "results"]
    rows = document["results"]
    assert [(r["design"], r["family"], r["data"], r["part"], r["seed"]) for r in rows] == [
        ("toy", "named", "halves", "test", s) for s in (0, 1)
    ]
    assert all((r["images"], r["passes"], r["jitter"], r["synapses"]) == (80, 2, 1, 4 * 4 * 32 + 16 * 4) for r in rows)
    assert all(r["error"] <= 0.1 and r["first_error"] <= 0.5 and r["area"] > 0 for r in rows)
    files = [Path(f) for f in document["files"]]
    assert all(f.is_file() for f in files)
    assert {"results.csv", "table.md", "pareto.png", "confusion-toy.png", "mistakes-toy.png", "curves.png", "expected.json"} == {
        f.name for f in files
    }
    expected = json.loads((work / "kept" / "toy" / "expected.json").read_text())
    for folder in ("kept/toy", "kept/toy/design"):
        measured = run_json(["--data", "./halves", "--design", folder, "--out", "other"], capsys)["results"]
        assert [(m["design"], m["wrong"], m["images"], m["synapses"]) for m in measured] == [("toy", expected["wrong"], 30, 576)]
        assert measured[0]["error"] == expected["error"] and measured[0]["images_per_second"] > 0
    assert not (work / "other").exists(), "measuring writes nothing"
    assert main(["apps", "mnist", "--data", "./halves", "--design", "kept/toy"]) == 0
    assert "MEASURED error on 30 test images of halves" in capsys.readouterr().out


def test_a_study_goes_on_and_keeps_its_rows(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["apps", "mnist", *TOY, "--out", "out"]) == 0
    text = capsys.readouterr().out
    assert "MEASURED error on 30 test images of halves, 80 learned" in text and "toy" in text and "ESTIMATED" in text
    before = (work / "out" / "results.csv").read_text()
    first = run_json([*TOY, "--out", "out", "--seeds", "2"], capsys)["results"]
    assert [r["seed"] for r in first] == [0, 1]
    after = (work / "out" / "results.csv").read_text()
    assert after.startswith(before) and len(after.splitlines()) == 4
    only = run_json([*TOY, "--out", "out", "--passes", "1", "--images", "40"], capsys)["results"]
    assert [(r["passes"], r["images"], r["seed"]) for r in only] == [(1, 40, 0)], "only what was asked for is shown"
    assert (work / "out" / "results.csv").read_text().startswith(after)


def test_validation(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The last 10,000 training images are classified; the test images have no say."""
    folder = write_set(work / "many", 10_060, 4)
    arguments = ["--data", "./many", "--design", "toy.toml", "--validate", "--passes", "1"]
    first = run_json([*arguments, "--out", "a"], capsys)["results"][0]
    assert (first["part"], first["images"]) == ("validation", 60) and first["error"] < 0.2
    labels = folder / "t10k-labels-idx1-ubyte"
    labels.write_bytes(labels.read_bytes()[:-4] + bytes([1, 0, 0, 1]))
    second = run_json([*arguments, "--out", "b"], capsys)["results"][0]
    assert {k: first[k] for k in ("error", "silent", "synapses")} == {k: second[k] for k in ("error", "silent", "synapses")}
    assert main(["apps", "mnist", *arguments, "--out", "b"]) == 0
    assert "MEASURED error on 10,000 validation images of many, 60 learned" in capsys.readouterr().out
    capsys.readouterr()
    document = run_json([*TOY, "--validate", "--out", "c"], capsys, 2)
    assert "too few images to hold some back" in document["error"]["what"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--design", "smal"], 2, ["no design of this name", "did you mean 'small'"]),
        (["--design", "none.toml"], 3, ["no such design file", "next:    neutnngen apps mnist --list"]),
        (["--design", "key.toml"], 2, ["unknown key in [layers.0]", "segmnts", "did you mean 'segments'"]),
        (["--design", "broken.toml"], 2, ["not valid TOML", "broken.toml"]),
        (["--design", "big.toml", "--data", "./halves"], 2, ["layer 0: the window is larger", "1 … 8"]),
        (["--data", "MNIST"], 3, ["not on this computer", "next:    neutnngen data fetch MNIST"]),
        (["--data", "FashonMNIST"], 2, ["no image set of this name", "did you mean 'FashionMNIST'"]),
        (["--data", "./empty"], 3, ["holds no image set", "train-images-idx3-ubyte", "next:"]),
        ([*TOY, "--images", "81"], 2, ["number of images is out of range", "81", "1 … 80"]),
        ([*TOY, "--seeds", "0"], 2, ["number of seeds", "≥ 1"]),
        ([*TOY, "--passes", "0"], 2, ["passes is out of range", "1 …"]),
        ([*TOY, "--seeds", "many"], 2, ["invalid int value", "--help"]),
        ([*TOY, "--dropout"], 2, ["--dropout", "--help"]),
        (["--design", "toy.toml", "tiny", "--draw"], 2, ["the page shows one network"]),
    ],
)
def test_wrong_input(arguments: list[str], code: int, words: list[str], work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (work / "key.toml").write_text('name = "key"\n[[layers]]\nsize = 3\nsegmnts = 4\n')
    (work / "broken.toml").write_text("[[layers\n")
    (work / "big.toml").write_text('name = "big"\n[[layers]]\nsize = 9\n')
    (work / "empty").mkdir()
    assert main(["apps", "mnist", "--data", "./halves", *arguments]) == code
    captured = capsys.readouterr()
    assert captured.err.count("error[") == 1 and "Traceback" not in captured.err and captured.out == ""
    for word in words:
        assert word in captured.err


def test_saved_designs_and_what_they_do_not_fit(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["apps", "mnist", *TOY, "--passes", "1", "--out", "out", "--save", "kept"]) == 0
    write_set(work / "wide", 20, 10, 12)
    capsys.readouterr()
    for arguments, words in (
        (["--data", "./halves", "--design", "kept/toy", "toy.toml"], "cannot be mixed"),
        (["--data", "./wide", "--design", "kept/toy"], "another size"),
    ):
        document = run_json(arguments, capsys, 2)
        assert words in document["error"]["what"] and document["error"]["exit_code"] == 2 and document["error"]["allowed"]
    (work / "kept" / "toy" / "design" / "design.npz").write_bytes(b"nothing")
    assert main(["apps", "mnist", "--data", "./halves", "--design", "kept/toy"]) == 3
    assert "do not match their checksum" in capsys.readouterr().err


@pytest.mark.parametrize("extra", [["--seeds", "0"], ["--passes", "0"]])
def test_nothing_is_left_behind_by_wrong_numbers(extra: list[str], work: Path) -> None:
    assert main(["apps", "mnist", *TOY, *extra, "--out", "out"]) == 2
    assert not (work / "out").exists()
