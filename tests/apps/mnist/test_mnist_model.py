"""A network with its encoder: naming, reading one image, from a folder and back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mnist_cases import MARGIN, TALLY, TWO, shapes

from neutnngen.apps.mnist import model as module
from neutnngen.apps.mnist.blueprint import Blueprint
from neutnngen.apps.mnist.build import build
from neutnngen.apps.mnist.learn import fit
from neutnngen.apps.mnist.model import Model, load_model
from neutnngen.engine import get_engine
from neutnngen.errors import ConfigError, DataError
from neutnngen.spec import NO_SPIKE, ColumnSpec, Design


@pytest.fixture(scope="module")
def model() -> Model:
    return fit(MARGIN, *shapes(200, 1), 3).model


def test_predict_is_the_voter_on_encoded_images(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    images, labels = shapes(50, 3)
    named = model.predict(images)
    assert named.dtype == np.int64 and named.shape == (50,)
    assert np.array_equal(named[:6], get_engine("reference").run(model.design, model.code.encode(images[:6])).winners)
    assert model.error(images, labels) == float(np.mean(named != labels))
    monkeypatch.setattr(module, "CHUNK", 7)
    assert np.array_equal(model.predict(images), named), "in parts as at once"
    assert model.predict(images[:0]).shape == (0,)


@pytest.mark.parametrize("plan", [MARGIN, TALLY, TWO], ids=lambda plan: plan.name)
def test_reading_of_one_image(plan: Blueprint) -> None:
    made = fit(plan, *shapes(100, 1), 3).model
    image = shapes(3, 4)[0][2]
    reading = made.read(image)
    assert reading.label == made.predict(image[None])[0]
    assert reading.strengths.dtype == np.int64 and reading.strengths.shape == (3,)
    assert reading.strengths[reading.label] == reading.strengths.max() > 0
    assert np.array_equal(reading.inputs, made.code.encode(image[None])[0])
    lines = [layer.lines for layer in made.design.network.layers]
    assert [len(layer) for layer in reading.layers] == lines and all((layer != NO_SPIKE).any() for layer in reading.layers)


def test_an_image_without_an_answer() -> None:
    """All weights 0: no segment ever fires, so nobody is voted for."""
    design = build(TALLY, *shapes(60), 3, 0)
    layer = design.state.layers[0]
    made = Model(design.with_state(replace(design.state, layers=(replace(layer, distal=np.zeros_like(layer.distal)),))))
    images, labels = shapes(4)
    assert made.predict(images).tolist() == [-1] * 4 and made.error(images, labels) == 1.0
    assert made.read(images[0]).label == -1 and made.read(images[0]).strengths.tolist() == [0, 0, 0]


def test_title_classes_and_shape(model: Model) -> None:
    assert model.title == f"margin: {model.design.synapses:,} synapses" and model.shape == (10, 10)
    assert model.classes == ("0", "1", "2")
    assert Model(model.design, ("a", "b", "c")).classes == ("a", "b", "c")


def test_folder_round_trip(model: Model, tmp_path: Path) -> None:
    images, _ = shapes(40, 3)
    model.design.save(tmp_path / "one" / "design")
    for folder in (tmp_path / "one", tmp_path / "one" / "design"):
        again = load_model(folder)
        assert again.design.fingerprint() == model.design.fingerprint() and again.blueprint == MARGIN
        assert again.shape == model.shape and np.array_equal(again.predict(images), model.predict(images))
    with pytest.raises(DataError, match="no Design here"):
        load_model(tmp_path)


def test_designs_that_are_not_for_images(model: Model) -> None:
    column = ColumnSpec(4, 2, 3)
    plain = Design.of_column("column", column, np.ones((2, 4)).astype(np.uint8), np.ones((2, 4), bool), 1)
    with pytest.raises(ConfigError, match=r"'column' was not made for images(.|\n)*no provenance(.|\n)*neutnngen apps mnist"):
        Model(plain)
    with pytest.raises(ConfigError, match=r"another size(.|\n)*\(10, 10\)"):
        model.predict(np.zeros((2, 9, 10), np.uint8))
