"""The Design in examples/columns: reproducible from its blueprint and the real images, scoring what it says, equal to its RTL."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import ROOT, need
from neutnngen.apps.mnist.blueprint import load_blueprint
from neutnngen.apps.mnist.designs import LAYERS_FORMAT, layers_alone, score_layers
from neutnngen.apps.mnist.learn import fit
from neutnngen.apps.mnist.study import Split
from neutnngen.data import load_images
from neutnngen.engine import get_engine
from neutnngen.pipeline import find_design
from neutnngen.spec import Design
from neutnngen.verify.network import verify_network

FOLDER = ROOT / "examples" / "columns" / "enable_18x10x24"


def expected() -> dict[str, Any]:
    document = json.loads((FOLDER / "expected.json").read_text())
    assert document["format"] == LAYERS_FORMAT
    return dict(document)


def test_the_column_has_its_shape_and_answers_as_it_did() -> None:
    design = find_design(FOLDER)[0]
    layer = design.network.layers[0]
    column = layer.column
    assert (layer.columns, column.inputs, column.neurons, column.dendrites, column.segments) == (1, 18, 10, 1, 24)
    assert column.proximal.mode == "enable" and design.network.voter is None
    assert (design.fingerprint(), design.synapses) == (expected()["fingerprint"], 18 * 10 * 24)
    with np.load(FOLDER / "waves.npz") as archive:
        for engine in ("compiled", "reference"):
            assert np.array_equal(get_engine(engine).run(design, archive["waves"]).winners, archive["named"])


@pytest.mark.example
def test_training_again_gives_the_same_design(shared: Path) -> None:
    data = Split.of(load_images(str(shared / "data" / "mnist")))
    made = fit(
        load_blueprint(FOLDER / "blueprint.toml"), data.train_images, data.train_labels, data.classes, expected()["training"]["seed"]
    )
    design = layers_alone(made.model.design)
    assert design.fingerprint() == expected()["fingerprint"]
    assert score_layers(design, data) == expected()["wrong"] < 0.7 * len(data.images)


@pytest.mark.tool
def test_rtl_of_a_part_of_it_equals_the_simulator(tmp_path: Path) -> None:
    """Two neurons, six segments of each; the whole column takes minutes (`neutnngen bench designs`)."""
    need("iverilog")
    whole = find_design(FOLDER)[0]
    layer, state = whole.network.layers[0], whole.state.layers[0]
    column = dataclasses.replace(layer.column, neurons=2, segments=6)
    network = dataclasses.replace(whole.network, layers=(dataclasses.replace(layer, column=column),))
    parts = {name: getattr(state, name)[:, :2, :, :6] for name in ("distal", "distal_mask", "bias")}
    design = Design("part", network, dataclasses.replace(whole.state, layers=(dataclasses.replace(state, **parts),)))
    with np.load(FOLDER / "waves.npz") as archive:
        waves = archive["waves"][:12]
    enable = np.random.default_rng(1).random((len(waves), 2)) < 0.7
    report = verify_network(design, waves, np.arange(len(waves)) % 3 > 0, tmp_path, enable=enable)
    assert report.ok and report.learning_waves == 8 and report.spikes > 0, report.message
