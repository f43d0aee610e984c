"""Worlds, senses and the tasks of the benchmark on small settings; studies that go on; saved layers; pictures and the film."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from neutnngen.apps.places import explore as exploring
from neutnngen.apps.places import study
from neutnngen.apps.places.designs import dendrite_as_column, dendrite_lines, read_expected, save_design, score_design
from neutnngen.apps.places.explore import Explored, Setting, explore
from neutnngen.apps.places.film import make_film
from neutnngen.apps.places.memory import WAVES, EdgeMemory
from neutnngen.apps.places.navigate import navigate_task
from neutnngen.apps.places.recall import capacity_task, random_edges, recall_task, score_recall
from neutnngen.apps.places.recognise import predict_task, recognise_task
from neutnngen.apps.places.results import Results
from neutnngen.apps.places.sizes import LABELS, REDUCED, Sizes
from neutnngen.apps.places.study import TASKS, run_study
from neutnngen.apps.places.world import NOISES, Senses, World, make_worlds, tour, walk
from neutnngen.apps.places.write import write_study
from neutnngen.engine import get_engine
from neutnngen.errors import ConfigError, DataError
from pictures import ink

SMALL = Setting(Sizes(15, 15, 6, 6, 6, 8), 6, 6, 14)


@pytest.fixture(scope="module")
def explored() -> Explored:
    return explore(SMALL, 0)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting named small, and few edges to fill it with."""
    monkeypatch.setitem(exploring.SETTINGS, "small", SMALL)


def figures(found: Any) -> dict[tuple[str, str], float]:
    return {(condition, measure): value for condition, measure, value, _ in found}


def test_worlds_are_the_same_for_a_seed_and_can_be_walked() -> None:
    one, two = (make_worlds(3, 8, 20, 7, np.random.default_rng(5)) for _ in range(2))
    for a, b in zip(one, two, strict=True):
        assert np.array_equal(a.positions, b.positions)
        path = tour(a, np.random.default_rng(0))
        assert set(path) == set(range(8)) and all(a.near[x, y] for x, y in pairwise(path))
        steps = walk(a, 12, np.random.default_rng(1))
        assert len(steps) == 12 and all(a.near[x, y] for x, y in pairwise(steps))
    assert a.at(a.positions[3]) == 3 and a.at(np.array([-1, -1])) is None
    with pytest.raises(ConfigError, match="no world of this kind"):
        make_worlds(1, 30, 5, 2, np.random.default_rng(0))


def test_senses_err_as_often_as_they_say() -> None:
    world = World(np.array([[0, 0], [4, 0], [8, 3]]), 10, 9)
    path, rng = [0, 1, 2] * 2000, np.random.default_rng(0)
    seen = Senses(missing=0.1, wrong=0.2, jitter=0.1).see(world, path, rng)
    assert 0.08 < sum(s is None for s in seen) / len(path) < 0.12
    there = [(p, s) for p, s in zip(path, seen, strict=True) if s is not None]
    assert 0.17 < np.mean([s.feature != p for p, s in there]) < 0.23
    clean = Senses().see(world, [0, 1, 2], rng)
    assert [s and (s.feature, s.displacement) for s in clean] == [(0, (0, 0)), (1, (4, 0)), (2, (4, 3))]
    missed = Senses(missing=1.0).see(world, [0, 1, 2], rng)
    assert missed[1:] == [None, None]


def test_all_that_was_explored_is_recalled(explored: Explored) -> None:
    found = figures(recall_task(explored))
    assert [found["one exploration", label] for label in LABELS] == [1.0] * 5
    assert found["one exploration", "edges stored"] == len(explored.edges) > 30
    for environment, world in enumerate(explored.worlds):
        edges = explored.frame.edges(environment)
        assert len(edges) and all((world.step(tail, head) == (x, y)).all() for x, y, _, tail, head in edges.tolist())


def test_scores_tell_exact_extra_wrong_and_silent() -> None:
    memory = EdgeMemory(REDUCED)
    stored = np.array([[1, 0, 0, 0, 1], [1, 1, 1, 3, 4]])
    memory.store(stored)
    assert score_recall(memory, stored, stored, "dx") == (1, 0, 0, 0)
    assert score_recall(memory, stored, stored[:1], "dx")[1:3] == (0, 0.5), "an answer that should not be there is wrong"
    never = np.array([[0, 0, 2, 2, 3]])
    assert score_recall(memory, never, never, "dx") == (0, 0, 0, 1)
    memory.store(np.array([[0, 0, 0, 0, 1]]))  # the same edge with another dx
    assert score_recall(memory, stored[:1], stored, "dx") == (0, 1, 0, 0)


def test_capacity_falls_gracefully_and_sooner_where_learning_is_not_taught() -> None:
    taught, plain = (figures(capacity_task(SMALL, 0, taught=t)) for t in (True, False))
    counts = list(dict.fromkeys(c for c, _ in taught))
    assert taught[counts[0], "exact"] == 1.0 > plain[counts[0], "exact"]
    assert taught[counts[-1], "exact"] < 0.75, "the curve goes on until the layer fails"
    assert taught[counts[-1], "silent"] > taught[counts[-1], "wrong"], "it would rather be silent than wrong"
    for count in counts:
        assert sum(taught[count, kind] for kind in ("exact", "extra", "wrong", "silent")) == pytest.approx(1)
    edges = random_edges(REDUCED, 100, np.random.default_rng(0))
    assert len(np.unique(edges, axis=0)) == 100 and (edges[:, 3] != edges[:, 4]).all()


def test_recognition_prediction_navigation(explored: Explored) -> None:
    rng = np.random.default_rng(3)
    found = figures(recognise_task(explored, 40, rng))
    assert found["clean", "environment after 4"] >= 0.95 and found["clean", "sure, but wrong after 4"] == 0
    assert found["10 % wrong", "environment after 6"] >= 0.85
    assert found["clean", "environment after 2"] <= found["clean", "environment after 6"]
    found = figures(predict_task(explored, 20, rng))
    assert found["clean", "feature at a displacement"] >= 0.95 and found["clean", "nothing where there is nothing"] >= 0.95
    assert found["clean", "nearest feature in a direction"] >= 0.9
    found = figures(navigate_task(explored, 20, rng))
    assert found["clean", "arrived"] == 1.0 and 1 <= found["clean", "length / shortest"] <= 1.2
    assert {condition for condition, _ in found} == set(NOISES)


def test_a_study_goes_on_and_writes_tables_and_pictures(small: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "results.csv"
    run_study("small", ["recall", "capacity"], 1, Results.open(path), 5)
    before = path.read_text()
    ticks: list[tuple[int, int]] = []
    run_study("small", TASKS, 2, results := Results.open(path), 5, lambda *tick: ticks.append(tick))
    assert path.read_text().startswith(before) and ticks[-1] == (10, 10)
    after = path.read_text()
    monkeypatch.setattr(study, "explore", lambda *_: pytest.fail("everything is done"))
    run_study("small", TASKS, 2, Results.open(path), 5)
    assert path.read_text() == after
    files = write_study(results, "small", TASKS, 2, tmp_path)
    assert [f.name for f in files] == ["small.md", "small-capacity.png", "small-recognise.png", "small-worlds.png"]
    text = files[0].read_text()
    assert text.count("MEASURED") == 5 and "| dx | 100.00 ± 0.00 % |" in text
    assert all(ink(picture) > 0.01 for picture in files[1:])
    with pytest.raises(ConfigError, match="did you mean 'recall'"):
        run_study("small", ["recal"], 1, results)
    with pytest.raises(ConfigError, match="did you mean 'small'"):
        run_study("smal", ["recall"], 1, results)


def test_the_film_has_three_acts(tmp_path: Path, drawn: list[Any]) -> None:
    film = Image.open(make_film(tmp_path / "film.gif", Setting(Sizes(15, 15, 2, 6, 6, 8), 2, 6, 14)))
    titles = [figure.axes[0].get_title(loc="left") for figure in drawn]
    assert film.format == "GIF" and film.n_frames > 10  # type: ignore[attr-defined]
    for act in ("exploring environment 1", "put down somewhere", "on to feature", "arrived at feature"):
        assert any(title.startswith(act) for title in titles), act


def test_a_saved_layer_is_asked_again(small: None, tmp_path: Path) -> None:
    folder = save_design("small", tmp_path, 1, "test")
    expected, score = read_expected(folder), score_design(folder)
    assert score["recalled"] == expected["recalled"] == dict.fromkeys(LABELS, expected["edges"]) and score["edges"] == expected["edges"]
    (folder / "expected.json").write_text("{}")
    with pytest.raises(DataError, match="does not say what"):
        read_expected(folder)
    (folder / "worlds.npz").unlink()
    with pytest.raises(DataError, match="cannot be read"):
        score_design(folder)


def test_a_dendrite_is_a_classic_column(explored: Explored) -> None:
    """Rules P1 and C2: alone it fires when it fires in the layer, and taught alone it learns what it learns there (rule R15)."""
    blank, after = EdgeMemory(SMALL.sizes).design(), explored.frame.design()
    waves = SMALL.sizes.waves(np.repeat(explored.edges, WAVES, axis=0))
    layer, neuron, dendrite = 2, 3, 1
    lines = dendrite_lines(blank, layer, neuron, dendrite)
    own, head = SMALL.sizes.first[2] + neuron, SMALL.sizes.first[4] + dendrite
    taught = (waves[:, own] == 0) & (waves[:, head] == 0)
    assert taught.sum() >= 2 * WAVES
    alone = get_engine().run(dendrite_as_column(blank, layer, neuron, dendrite), waves[taught][:, lines], True)
    expected = dendrite_as_column(after, layer, neuron, dendrite)
    assert np.array_equal(alone.final.weights, expected.weights)
