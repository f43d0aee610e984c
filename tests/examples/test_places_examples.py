"""The layers in examples/places: whole, recalling what they say, and their dendrites equal to their RTL."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from conftest import ROOT, need
from neutnngen.apps.places.designs import dendrite_as_column, read_expected, score_design
from neutnngen.apps.places.frame import Frame
from neutnngen.apps.places.sizes import FULL, REDUCED
from neutnngen.pipeline import find_design, verify_design
from neutnngen.spec import load_design

FOLDER = ROOT / "examples" / "places"
NAMES = ("full", "reduced")


@pytest.mark.parametrize("name", NAMES)
def test_layers_recall_what_they_say(name: str) -> None:
    expected = read_expected(FOLDER / name)
    assert load_design(FOLDER / name / "design").fingerprint() == expected["fingerprint"]
    score = score_design(FOLDER / name)
    assert score["recalled"] == expected["recalled"] and set(score["recalled"].values()) == {score["edges"]}
    assert score["synapses"] == {"full": FULL, "reduced": REDUCED}[name].synapses


@pytest.mark.example
def test_a_robot_goes_on_with_a_saved_layer() -> None:
    frame = Frame.load(FOLDER / "full" / "design")
    with np.load(FOLDER / "full" / "worlds.npz") as arrays:
        positions, edges = arrays["positions"][7], arrays["edges"]
    dx, dy, _, tail, head = edges[edges[:, 2] == 7][0].tolist()
    frame.observe(tail)
    frame.observe(head, (dx, dy))
    assert frame.where().environment == 7
    places = frame.map()
    assert len(places) == 10
    assert all((positions[int(f)] - positions[head] == place).all() for f, place in places.items())


@pytest.mark.tool
@pytest.mark.parametrize("label", ["dx", "dy", "environment"])
def test_rtl_of_a_dendrite_equals_the_simulator(label: str, tmp_path: Path) -> None:
    need("iverilog")
    whole, run = load_design(FOLDER / "reduced" / "design"), FOLDER / "reduced" / f"dendrite_{label}"
    origin = load_design(run / "design").provenance["dendrite_of"]
    made = dendrite_as_column(whole, origin["layer"], origin["neuron"], origin["dendrite"])
    assert made.fingerprint() == load_design(run / "design").fingerprint()
    shutil.copytree(run, tmp_path / "run")
    report = verify_design(*find_design(tmp_path / "run"), 24)
    assert report.ok and report.learning_waves == 24, report.message
