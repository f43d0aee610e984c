"""The Design in examples/columns: reproducible from its blueprint and the real images, scoring what it says, equal to its RTL."""

from __future__ import annotations

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
from neutnngen.bench.pieces import pieces
from neutnngen.data import load_images
from neutnngen.engine import get_engine
from neutnngen.pipeline import find_design, load_waves
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
def test_rtl_of_a_neuron_equals_the_simulator(tmp_path: Path) -> None:
    """One of the ten neurons, on the real waves, enabled in two of three; the whole takes minutes (`neutnngen verify`)."""
    need("iverilog")
    design = find_design(FOLDER)[0]
    (piece,) = pieces(design)
    assert (piece.count, piece.design.synapses) == (10, 18 * 24)
    waves = load_waves(FOLDER)[:12]
    enable = np.arange(12)[:, None] % 3 > 0
    report = verify_network(piece.design, waves, True, tmp_path, enable=enable)
    assert report.ok and report.learning_waves == 12 and report.spikes == 8, report.message
