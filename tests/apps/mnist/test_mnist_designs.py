"""Saved Designs score what they say, and single columns are what they were in their network."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mnist_cases import CLASSIC, MARGIN, SIDE, TALLY, TWO, shape_set, shapes

from neutnngen.apps.mnist.blueprint import Blueprint, LayerPlan, ReadoutPlan
from neutnngen.apps.mnist.build import build
from neutnngen.apps.mnist.designs import SAVED_WAVES, column_of, read_expected, save_design, save_layers, score_design, score_layers
from neutnngen.apps.mnist.learn import fit
from neutnngen.apps.mnist.model import Model, load_model
from neutnngen.apps.mnist.results import Results
from neutnngen.apps.mnist.study import Split, Task, run_study
from neutnngen.core.lines import lines_read
from neutnngen.engine import get_engine
from neutnngen.errors import ConfigError, DataError
from neutnngen.pipeline import find_design, load_waves
from neutnngen.spec import NO_SPIKE, Design

DATA = Split.of(shape_set(240, 60))


def saved(task: Task, out: Path, seeds: int = 2) -> Path:
    results = run_study([task], DATA, seeds, Results(), out)
    return save_design(results.summary()[0], DATA, out, out / "saved", "a test")


def test_a_saved_design_scores_what_it_says(tmp_path: Path) -> None:
    task = Task(MARGIN, passes=2, jitter=1)
    results = run_study([task], DATA, 3, Results(), tmp_path)
    place = save_design(results.summary()[0], DATA, tmp_path, tmp_path / "saved", "a test")
    assert place == tmp_path / "saved" / "margin"
    expected = read_expected(place)
    online = [fit(MARGIN, DATA.train_images, DATA.train_labels, 3, seed, passes=2, jitter=1).online[-1] for seed in range(3)]
    seed = int(np.argmin(online))
    row = next(r for r in results if r.seed == seed)
    assert expected["training"] == {"passes": 2, "jitter": 1, "seed": seed, "seeds_tried": 3}, "chosen by what was learned, not by the test"
    assert expected["data"] == {"set": "Shapes", "part": "test", "images": 60, "learned": 240} and expected["made_by"] == "a test"
    score = score_design(place, DATA)
    assert score["wrong"] == expected["wrong"] == round(row.error * 60) and score["error"] == expected["error"] == row.error
    assert score["images"] == 60 and score["images_per_second"] > 0 and score["design"] == "margin"
    model = load_model(place)
    assert model.design.fingerprint() == expected["fingerprint"] and score["synapses"] == expected["synapses"] == model.design.synapses
    other = Split.of(shape_set(240, 30))
    assert score_design(place, other)["images"] == 30, "of any images of the size"


def test_saved_waves_are_the_code_of_the_first_training_images(tmp_path: Path) -> None:
    place = saved(Task(MARGIN), tmp_path, 1)
    model = load_model(place)
    with np.load(place / "waves.npz") as archive:
        waves, classes, named = archive["waves"], archive["classes"], archive["named"]
    assert np.array_equal(waves, model.code.encode(DATA.train_images[:SAVED_WAVES])) and len(waves) == SAVED_WAVES
    assert np.array_equal(classes, DATA.train_labels[:SAVED_WAVES])
    for engine in ("reference", "compiled"):
        assert np.array_equal(get_engine(engine).run(model.design, waves[:8]).winners, named[:8])


def test_columns_are_saved_as_run_folders(tmp_path: Path) -> None:
    place = saved(Task(TWO), tmp_path, 1)
    model = load_model(place)
    for number in range(2):
        design, run = find_design(place / f"column{number}")
        assert design.name == f"two_column{number}" and design.column.neurons == (6, 8)[number]
        waves = load_waves(run)
        origin = design.provenance["column_of"]
        assert (origin["layer"], origin["fingerprint"]) == (number, model.design.fingerprint())
        assert np.array_equal(waves, seen_by(model, DATA.train_images[:SAVED_WAVES], number)[:, origin["column"]])
        assert len(np.unique(waves, axis=0)) == max(
            len(np.unique(seen, axis=0)) for seen in np.moveaxis(seen_by(model, DATA.train_images[:SAVED_WAVES], number), 1, 0)
        )
    assert not (saved(Task(TALLY), tmp_path / "other", 1) / "column0").exists()


def test_what_is_saved_is_the_run_of_the_row(tmp_path: Path) -> None:
    """Also where another training of the same design and seed came after it."""
    data = replace(DATA, train_images=DATA.train_images[:20], train_labels=DATA.train_labels[:20])
    once = run_study([Task(MARGIN, passes=1)], data, 1, Results(), tmp_path)
    more = run_study([Task(MARGIN, passes=4)], data, 1, Results(), tmp_path)
    assert next(iter(once)).error != next(iter(more)).error
    place = save_design(once.summary()[0], data, tmp_path, tmp_path / "saved", "a test")
    expected = read_expected(place)
    assert score_design(place, data)["wrong"] == expected["wrong"] and expected["training"]["passes"] == 1


def test_expected_files_that_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot be read(.|\n)*expected.json"):
        read_expected(tmp_path)
    good = {"format": "neutnngen-mnist-design", "version": "1.0", "wrong": 3}
    for text in ("{", json.dumps({**good, "format": "other"}), json.dumps({**good, "version": "2.0"}), "{}"):
        (tmp_path / "expected.json").write_text(text)
        with pytest.raises(DataError, match=r"expected.json"):
            read_expected(tmp_path)
    (tmp_path / "expected.json").write_text(json.dumps({**good, "version": "1.4"}))
    assert read_expected(tmp_path)["wrong"] == 3


def test_an_expected_file_that_is_no_object(tmp_path: Path) -> None:
    (tmp_path / "expected.json").write_text("[1]")
    with pytest.raises(DataError, match=r"expected.json"):
        read_expected(tmp_path)


# Single columns


def seen_by(model: Model, images: np.ndarray, layer: int) -> np.ndarray:
    """(image, column, input) what the columns of a layer see."""
    times = model.code.encode(images)
    layers = get_engine().run(model.design, times, keep_layers=True).layers
    assert layers is not None
    spec = model.design.network.layers[layer]
    made: np.ndarray = lines_read(model.design.network, [times, *layers[:layer]], spec.column.t_in_max)[:, spec.wiring.table()]
    return made


@pytest.mark.parametrize(("plan", "layer"), [(TWO, 0), (TWO, 1), (CLASSIC, 0), (MARGIN, 0)])
def test_a_column_behaves_as_in_its_network(plan: Blueprint, layer: int) -> None:
    model = fit(plan, *shapes(120, 1), 3).model
    images = shapes(40, 5)[0]
    layers = get_engine().run(model.design, model.code.encode(images), keep_layers=True).layers
    assert layers is not None
    spec, inputs = model.design.network.layers[layer], seen_by(model, images, layer)
    spikes = 0
    for column in range(spec.columns):
        single = column_of(model.design, layer, column, f"c{column}")
        waves = np.ascontiguousarray(inputs[:, column])
        expected = layers[layer].reshape(len(images), spec.columns, -1)[:, column]
        outputs = get_engine().run(single, waves).outputs
        assert np.array_equal(outputs, expected)
        assert np.array_equal(get_engine("reference").run(single, waves[:5]).outputs, expected[:5])
        spikes += int((outputs != NO_SPIKE).sum())
        assert single.name == f"c{column}" and single.provenance["column_of"]["column"] == column
    assert spikes > 0.5 * len(images) * spec.columns, "not a comparison of silence"


def test_a_column_learns_as_in_its_network() -> None:
    """With the random state that it has there: the same weights after the same waves (rules R7, R8)."""
    images, labels = shapes(60, 1)
    design = build(CLASSIC, images, labels, 3, 0)
    model = Model(design)
    waves, inputs = model.code.encode(images), seen_by(model, images, 0)
    learn = np.zeros((60, 2), bool)
    learn[:, 0] = True
    after = get_engine().run(design, waves, learn).final
    for column in range(4):
        single = get_engine().run(column_of(design, 0, column, "c"), np.ascontiguousarray(inputs[:, column]), True).final
        assert np.array_equal(single.weights, after.state.layers[0].distal[column, 0, 0])
        assert single.lfsr_state == after.state.layers[0].lfsr[column]
        assert not np.array_equal(single.weights, design.state.layers[0].distal[column, 0, 0])


def test_a_layer_that_is_no_classic_column_is_refused() -> None:
    images, labels = shapes(60, 1)
    several = replace(MARGIN, layers=(replace(MARGIN.layers[0], share=1.0),))
    for plan in (TALLY, several):
        with pytest.raises(ConfigError, match=rf"layer 0 of '{plan.name}' is not made of classic columns(.|\n)*one dendrite"):
            column_of(build(plan, images, labels, 3, 0), 0, 0, "c")
    assert isinstance(column_of(build(MARGIN, images, labels, 3, 0), 0, 7, "c"), Design)


def test_layers_without_a_read_out_that_only_counts(tmp_path: Path) -> None:
    layer = LayerPlan(SIDE, segments=4, classes=True, output="neurons", inhibition="one_largest_potential")
    task = Task(Blueprint("alone", (layer,), ReadoutPlan("tally")))
    summary = run_study([task], DATA, 1, Results(), tmp_path).summary()[0]
    place = save_layers(summary, DATA, tmp_path, tmp_path / "saved", "a test")
    expected = json.loads((place / "expected.json").read_text())
    design = find_design(place)[0]
    assert design.network.voter is None and design.fingerprint() == expected["fingerprint"]
    assert expected["wrong"] == score_layers(design, DATA) == round(summary.rows[0].error * len(DATA.images)) < 40, "as with the read-out"
    learned = run_study([Task(MARGIN)], DATA, 1, Results(), tmp_path).summary()[0]
    with pytest.raises(ConfigError, match="needs its read-out"):
        save_layers(learned, DATA, tmp_path, tmp_path / "saved", "a test")
