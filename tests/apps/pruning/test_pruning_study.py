"""Curves of pruning: rows that are kept, what counts as a loss, tables and pictures, and each application on something small."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from neutnngen.apps.mnist.blueprint import Blueprint, CodePlan, LayerPlan, ReadoutPlan
from neutnngen.apps.mnist.pruning import case_of as image_case
from neutnngen.apps.mnist.study import Split
from neutnngen.apps.places.pruning import case_of as place_case
from neutnngen.apps.pruning.recipes import DENSE, RECIPES, recipe
from neutnngen.apps.pruning.results import Results, Row
from neutnngen.apps.pruning.study import Case, Subject, run_curves
from neutnngen.apps.pruning.write import rows, sparsest_without_loss, write_curves
from neutnngen.apps.ucr.pruning import case_of as series_case
from neutnngen.data import SeriesSet
from neutnngen.errors import ConfigError
from neutnngen.spec import ColumnSpec, Design


def row(recipe_name: str, keep: float, seed: int, score: float, design: str = "a") -> Row:
    return Row(design, recipe_name, keep, seed, 100, round(100 * keep), score, math.nan, 1.0, 9, 0.0)


def results() -> Results:
    """Dense 0.8 ± 0.02; one recipe that holds to a half and breaks at a fifth, one that is broken at a half but not at a fifth."""
    table = Results()
    for seed, dense in enumerate((0.78, 0.80, 0.82)):
        table.add(row(DENSE, 1.0, seed, dense), row("weight", 0.5, seed, dense - 0.01), row("weight", 0.2, seed, dense - 0.05))
        table.add(row("random", 0.5, seed, dense - 0.2), row("random", 0.2, seed, dense))
    return table


def test_a_loss_within_one_deviation_counts_as_none() -> None:
    points = {(p.recipe, p.keep): p for p in results().points()}
    half, fifth = points["weight", 0.5], points["weight", 0.2]
    assert half.lost == pytest.approx(0.01) and half.dense_sd == pytest.approx(0.02) and half.no_loss
    assert fifth.lost == pytest.approx(0.05) and not fifth.no_loss
    assert half.density == 0.5 and half.seeds == 3


def test_the_sparsest_point_without_a_loss_is_not_behind_a_loss() -> None:
    assert [(p.recipe, p.keep) for p in sparsest_without_loss(results().points())] == [("weight", 0.5)]


def test_table_and_picture(tmp_path: Path) -> None:
    files = write_curves(results(), tmp_path, "Rand index")
    text = files[0].read_text()
    assert "| a | weight | 50.0 % | 0.790 ± 0.020 | 0.800 ± 0.020 | +0.010, none | 100.0 % | 3 |" in text
    assert "+0.050 |" in text and files[1].stat().st_size > 5000
    assert len(rows(results().points())) == 4, "dense is no row of its own"


class Counted:
    """A column of eight lines, and how often it was made."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self, seed: int) -> Subject:
        self.made += 1
        rng = np.random.default_rng(seed)
        design = Design.of_column("eight", ColumnSpec(8, 2, 10), rng.integers(0, 8, (2, 8)), np.ones((2, 8), dtype=bool), 1)
        return Subject(design, rng.integers(0, 8, (20, 8)).astype(np.uint8), lambda one: (one.synapses / 16, 0.0))


def test_a_study_goes_on(tmp_path: Path) -> None:
    make = Counted()
    table = Results.open(tmp_path / "prune.csv")
    chosen = [recipe("weight"), recipe("weight, rounds")]
    seen: list[tuple[int, int]] = []
    run_curves([Case("eight", make)], chosen, [0.5, 0.25], 2, table, lambda done, total: seen.append((done, total)))
    assert make.made == 2 and seen[-1] == (8, 8)
    again = Results.open(tmp_path / "prune.csv")
    assert len(again) == len(table) == 2 * (1 + 1 + 4)
    run_curves([Case("eight", make)], chosen, [0.5, 0.25], 2, again)
    assert make.made == 2, "nothing was missing"
    points = {(p.recipe, p.keep): p for p in again.points()}
    assert points["weight", 0.25].score == 0.25 and points["dense, 3 × 2 passes more", 1.0].density == 1
    with pytest.raises(ConfigError, match="number of seeds"):
        run_curves([], chosen, [0.5], 0, again)
    with pytest.raises(ConfigError, match="share of synapses to keep is out of range"):
        run_curves([], chosen, [1.0], 1, again)


def test_an_unknown_recipe() -> None:
    with pytest.raises(ConfigError, match="no such recipe"):
        recipe("weights")
    assert all(one.name == name for name, one in RECIPES.items())


def test_series() -> None:
    rng = np.random.default_rng(1)
    classes = np.arange(30) % 2
    values = np.linspace(-1, 1, 24) * np.where(classes, 1, -1)[:, None] + rng.normal(0, 0.1, (30, 24))
    data = SeriesSet("toy", values, np.array(["a", "b"])[classes], "made here")
    table = run_curves([series_case(data)], [recipe("weight")], [0.5], 1, Results())
    points = {p.recipe: p for p in table.points()}
    assert points[DENSE].score == 1 and points["weight"].score == 1 and points["weight"].density == 0.5
    with pytest.raises(ConfigError, match="no such model"):
        series_case(data, "kmeans")


def test_place_cells_keep_what_they_know() -> None:
    """Nine tenths gone by weight: every label is recalled; at random hardly any."""
    table = run_curves([place_case("reduced")], [recipe("network, weight"), recipe("random")], [0.1], 1, Results())
    points = {p.recipe: p for p in table.points()}
    assert points["network, weight"].density <= 0.1
    assert points[DENSE].score == points["network, weight"].score == 1
    assert points["random"].score < 0.2


@pytest.mark.parametrize("kind", ["margin", "tally"])
def test_images(kind: str, tmp_path: Path) -> None:
    """Two classes, bright above or below. A voter that learns is pruned too, one that only counts is not."""
    rng = np.random.default_rng(0)
    labels = np.arange(300) % 2
    images = (rng.random((300, 6, 6)) * 90).astype(np.uint8)
    images[labels == 0, :3] += 150
    images[labels == 1, 3:] += 150
    layer = LayerPlan(3, 1, segments=4, classes=kind == "tally", output="neurons" if kind == "tally" else "segments")
    plan = Blueprint("toy", (layer,), ReadoutPlan(kind), CodePlan())
    data = Split("toy", "test", images[:200], labels[:200], images[200:], labels[200:], 2)
    table = run_curves([image_case(plan, data, tmp_path, waves=100)], [recipe("weight"), recipe("weight, rounds")], [0.5], 1, Results())
    points = {p.recipe: p for p in table.points()}
    assert points[DENSE].score > 0.9
    assert points["weight"].score > 0.8 and points["weight, rounds"].score > 0.8
    assert points["weight"].density < (0.52 if kind == "margin" else 0.6)
    assert (tmp_path / "dense" / "toy-0" / "design").is_dir()
