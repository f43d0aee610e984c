"""``neutnngen apps ucr``: a study as table, files and JSON; Designs; wrong input."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from neutnngen.cli.main import main


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two sets of two shapes, train and test."""
    rng = np.random.default_rng(1)
    for name in ("Alpha", "Beta"):
        for part, count in (("TRAIN", 12), ("TEST", 20)):
            rows = []
            for k in range(count):
                shape = np.linspace(-1, 1, 24) * (1 if k % 2 else -1) + rng.normal(0, 0.1, 24)
                rows.append("\t".join([str(k % 2), *(f"{v:.3f}" for v in shape)]))
            (tmp_path / f"{name}_{part}.tsv").write_text("\n".join(rows) + "\n")
    return tmp_path


def test_study(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    arguments = ["apps", "ucr", "--dataset", "Alpha", "Beta", "--folder", str(folder), "--seeds", "2", "--methods", "neutnn", "kmeans"]
    assert main([*arguments, "--out", str(out), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [(r["dataset"], r["method"], r["runs"]) for r in document["results"]] == [
        (s, m, 2) for s in ("Alpha", "Beta") for m in ("neutnn", "kmeans")
    ]
    assert all(r["rand"]["mean"] == 1.0 and r["degenerate"] == 0 for r in document["results"])
    assert all(Path(f).is_file() for f in document["files"])
    before = (out / "results.csv").read_text()
    assert main([*arguments, "--out", str(out), "--protocol", "train2test"]) == 0
    assert "NeuTNN" in capsys.readouterr().out
    after = (out / "results.csv").read_text()
    assert after.startswith(before) and after.count("train2test") == 8, "the first study's rows stay"


def test_designs(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["apps", "ucr", "--dataset", "Alpha", "--folder", str(folder), "--seeds", "1", "--designs", str(tmp_path / "d")]
    assert main(arguments) == 0
    assert "neutnn_inference" in capsys.readouterr().out
    assert (tmp_path / "d" / "Alpha" / "neutnn" / "design" / "design.json").is_file()


@pytest.mark.parametrize(
    ("extra", "code", "words"),
    [
        (["--dataset", "Alpa"], 2, "did you mean"),
        (["--dataset", "Alpha", "--methods", "kmean"], 2, "did you mean 'kmeans'"),
        (["--dataset", "Alpha", "--clusters", "1"], 2, "number of clusters"),
        (["--dataset", "Alpha", "--protocol", "some"], 2, "invalid choice"),
        (["--dataset", "Short"], 2, "too short"),
    ],
)
def test_wrong_input(extra: list[str], code: int, words: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for part in ("TRAIN", "TEST"):
        (folder / f"Short_{part}.tsv").write_text("a\t1\t2\t3\nb\t3\t2\t1\na\t1\t2\t4\n")
    assert main(["apps", "ucr", *extra, "--folder", str(folder), "--seeds", "1", "--out", str(tmp_path / "o")]) == code
    assert words in capsys.readouterr().err
