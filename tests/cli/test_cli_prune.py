"""``neutnngen prune``: a pruned run folder that the other commands take, JSON, and errors."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from neutnngen.cli.main import main
from neutnngen.files import write_arrays
from neutnngen.spec import (
    ColumnSpec,
    DendriticColumnSpec,
    Design,
    LayerSpec,
    ListWiring,
    NetworkSpec,
    ProximalSpec,
    VoterSpec,
    as_network,
    blank_state,
    load_design,
)
from neutnngen.spec.state import state_from_arrays


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run folder with a column of two neurons on eight lines, and its waves."""
    rng = np.random.default_rng(0)
    waves = rng.integers(0, 8, (40, 8)).astype(np.uint8)
    weights = np.array([[7, 6, 5, 6, 1, 0, 1, 0], [0, 1, 0, 1, 6, 5, 6, 7]])
    Design.of_column("eight", ColumnSpec(8, 2, 12), weights, np.ones((2, 8), dtype=bool), 1).save(tmp_path / "run" / "design")
    write_arrays(tmp_path / "run" / "waves.npz", waves=waves)
    return tmp_path / "run"


def test_keep_half(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prune", str(run), "--method", "weight", "--keep", "0.5", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["before"]["synapses"], document["after"]["synapses"]) == (16, 8)
    assert document["agreement"] > 0.9 and document["plan"]["method"] == "weight"
    assert document["after"]["area"] < document["before"]["area"] and document["after"]["kind"] == "ESTIMATED"
    pruned = load_design(run / "pruned" / "design")
    assert pruned.synapses == 8 and pruned.mask[0, :4].all() and pruned.mask[1, 4:].all()
    assert main(["rtl", str(run / "pruned")]) == 0


def test_text_says_how_many_answers_stay(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "other"
    assert main(["prune", str(run), "--method", "use", "--keep", "0.5", "--rounds", "2", "--epochs", "1", "--out", str(out)]) == 0
    text = capsys.readouterr().out
    assert "MEASURED" in text and "ESTIMATED" in text and "50.0%" in text and str(out / "design") in text


def test_max_loss(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = []
    for loss in ("0", "0.3"):
        assert main(["prune", str(run), "--max-loss", loss, "--json"]) == 0
        document = json.loads(capsys.readouterr().out)
        assert 1 - document["agreement"] <= float(loss) + 1e-9
        found.append(document["after"]["synapses"])
    assert found[1] <= found[0] < 16


def test_whole_lines_make_a_smaller_column_that_rings_can_build(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prune", str(run), "--keep", "0.5", "--structure", "input", "--narrow", "--json"]) == 0
    lines = json.loads(capsys.readouterr().out)["lines"]
    pruned = load_design(run / "pruned" / "design")
    assert len(lines) == pruned.column.inputs == 4 and pruned.mask.all()
    with np.load(run / "waves.npz") as all_waves, np.load(run / "pruned" / "waves.npz") as waves:
        assert (waves["waves"] == all_waves["waves"][:, lines]).all()
    assert main(["rtl", str(run / "pruned"), "--style", "rings"]) == 0


def test_labels_serve_a_design_that_learns_from_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two neurons with enable lines: retraining is taught by ``classes``."""
    network = as_network(DendriticColumnSpec(8, 2, 6, segments=2, proximal=ProximalSpec("enable")))
    rng = np.random.default_rng(0)
    arrays = dict(blank_state(network).arrays())
    arrays["layer0.distal"] = rng.integers(0, 8, arrays["layer0.distal"].shape).astype(np.uint8)
    Design("taught", network, state_from_arrays(network, arrays)).save(tmp_path / "run" / "design")
    waves = rng.integers(0, 8, (20, 8)).astype(np.uint8)
    write_arrays(tmp_path / "run" / "waves.npz", waves=waves, classes=np.arange(20) % 2)
    assert main(["prune", str(tmp_path / "run"), "--keep", "0.5", "--epochs", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["after"]["synapses"] == 16
    assert int(load_design(tmp_path / "run" / "pruned" / "design").state.layers[0].learned) == 20


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--keep", "0"], 2, ["share of synapses to keep", "above 0"]),
        ([], 2, ["--keep", "--max-loss"]),
        (["--keep", "0.5", "--max-loss", "1"], 2, ["not allowed with"]),
        (["--keep", "0.5", "--structure", "input", "--pool", "neuron"], 2, ["cannot be removed one by one", "column"]),
        (["--keep", "0.5", "--structure", "block"], 2, ["needs to know them"]),
        (["--keep", "0.5", "--structure", "block", "--blocks", "0:4", "4:9"], 2, ["block 1 is not among the inputs"]),
        (["--keep", "0.5", "--blocks", "0-4"], 2, ["block of inputs cannot be read", "FIRST:COUNT"]),
        (["--keep", "0.5", "--waves", "missing.npz"], 3, ["waves cannot be read", "missing.npz"]),
        (["--keep", "0.05", "--no-recalibrate"], 2, ["no synapse is left", "keep more"]),
    ],
)
def test_bad_input(arguments: list[str], code: int, words: list[str], run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prune", str(run), *arguments]) == code
    text = capsys.readouterr().err
    assert all(word in text for word in words), text


def test_no_waves(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run / "waves.npz").unlink()
    assert main(["prune", str(run), "--keep", "0.5"]) == 2
    assert "need training waves" in capsys.readouterr().err
    assert main(["prune", str(run), "--keep", "0.5", "--no-recalibrate"]) == 0


def test_whole_columns_that_a_voter_can_do_without(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Four columns of which two see nothing but silent lines; the network of the others is as small as they are."""
    spec = DendriticColumnSpec(2, 2, 4, proximal=ProximalSpec("enable"), inhibition="all_earliest", output="neurons")
    layer = LayerSpec(spec, ListWiring(((0, 1), (4, 5), (2, 3), (6, 7))))
    network = NetworkSpec(8, (layer,), voter=VoterSpec(2, w_res=1, fraction=(1, 1)))
    arrays = dict(blank_state(network).arrays())
    arrays["layer0.distal"] = arrays["layer0.distal"] + np.array([[[[7, 0]]], [[[0, 7]]]], dtype=np.uint8)
    arrays["voter.weights"] = np.tile(np.eye(2, dtype=np.uint8), (4, 1))
    arrays["voter.mask"] = arrays["voter.weights"].astype(bool)
    Design("columns", network, state_from_arrays(network, arrays)).save(tmp_path / "design")
    classes = np.arange(20) % 2
    waves = np.full((20, 8), 255, dtype=np.uint8)
    waves[np.arange(20), classes] = waves[np.arange(20), 2 + classes] = 0
    write_arrays(tmp_path / "waves.npz", waves=waves, classes=classes)
    command = ["prune", str(tmp_path), "--structure", "column", "--method", "lead", "--keep", "0.5", "--narrow", "--json"]
    assert main(command) == 0
    assert json.loads(capsys.readouterr().out)["agreement"] == 1
    small = load_design(tmp_path / "pruned" / "design")
    assert small.network.layers[0].wiring.table().tolist() == [[0, 1], [2, 3]] and small.synapses == 12
    assert main(["rtl", str(tmp_path / "pruned")]) == 0
    assert main(["prune", str(tmp_path), "--method", "lead", "--keep", "0.5"]) == 2
    assert "whole columns" in capsys.readouterr().err
