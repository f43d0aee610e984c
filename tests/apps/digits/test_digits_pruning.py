"""Pruned networks for digits: the voter's smaller weights, fewer synapses, results over seeds, pictures."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digits_cases import images, write_spoken
from neutnngen.apps.digits.learn import fit
from neutnngen.apps.digits.model import Model
from neutnngen.apps.digits.pairs import Split, split_of
from neutnngen.apps.digits.plan import DigitsPlan
from neutnngen.apps.digits.plots import plot_pruning, plot_senses
from neutnngen.apps.digits.pruning import Cut, cuts_of, lowered, pruned, run_pruning
from neutnngen.apps.digits.results import Results, Row, losses
from neutnngen.apps.digits.study import Task, run_study
from neutnngen.apps.digits.write import pruned_rows_of, rows_of
from neutnngen.data import load_spoken
from neutnngen.engine import get_engine
from neutnngen.errors import ConfigError

PLAN = DigitsPlan("toy", size=4, stride=2, segments=6, passes=2)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Split:
    folder = write_spoken(tmp_path_factory.mktemp("spoken") / "Tones")
    return split_of(load_spoken(str(folder)), images(), learned=200, judged=100)


@pytest.fixture(scope="module")
def model(data: Split) -> Model:
    return fit(PLAN, data.train, data.train_labels, 0).model


def test_a_lowered_voter_gives_the_same_answers(model: Model, data: Split) -> None:
    waves = model.code.encode(data.judged)
    made = lowered(model.design)
    before, after = (get_engine().run(design, waves) for design in (model.design, made))
    assert before.votes is not None and after.votes is not None
    apart = before.votes.astype(int) - after.votes
    assert (apart == apart[:, :1]).all() and apart.min() > 0  # every class loses the same
    assert np.array_equal(before.winners, after.winners)
    state = made.state.voter
    assert state is not None and (state.weights.min(axis=1) == 0).all() and lowered(made).state.equals(made.state)


def test_a_line_that_has_lost_a_synapse_is_not_lowered(model: Model) -> None:
    voter = model.design.state.voter
    assert voter is not None
    mask = np.ones(voter.mask.shape, dtype=bool)
    mask[3, 4] = False
    state = dataclasses.replace(model.design.state, voter=dataclasses.replace(voter, weights=np.where(mask, voter.weights, 0), mask=mask))
    made = lowered(model.design.with_state(state)).state.voter
    assert made is not None and np.array_equal(made.weights[3], np.where(mask, voter.weights, 0)[3]) and made.weights[2].min() == 0


def test_what_is_left_still_answers(model: Model, data: Split) -> None:
    whole = model.accuracy(data.judged, data.labels)
    found = {}
    for method in ("use", "random"):
        made = pruned(model, data.train, data.train_labels, Cut(method, 0.25, 2))
        assert 0.1 < made.design.synapses / model.design.synapses <= 0.26
        found[method] = made.accuracy(data.judged, data.labels)
        mask = made.design.state.layers[0].distal_mask
        assert not (mask & ~model.design.state.layers[0].distal_mask).any()  # nothing grows across the senses
    assert found["use"] > whole - 0.1 and found["use"] > found["random"]


def test_a_study_writes_what_it_lacks(data: Split, tmp_path: Path, drawn: list[Any]) -> None:
    task, out = Task(PLAN), tmp_path / "out"
    results = Results.open(tmp_path / "results.csv")
    run_study([task, Task(PLAN.of("sound"))], data, 2, results, out)
    cuts = cuts_of(["weight"], [0.5], 1)
    assert [(c.method, c.keep) for c in cuts] == [("none", 1.0), ("weight", 0.5)]
    run_pruning([task], cuts, data, 2, results, out)
    assert len(results) == 8
    text = (tmp_path / "results.csv").read_text()
    again = Results.open(tmp_path / "results.csv")
    run_pruning([task], cuts, data, 2, again, out)
    assert (tmp_path / "results.csv").read_text() == text
    found = losses(again.summary())
    assert [(one.pruned.first.method, one.pruned.first.rounds) for one in found] == [("none", 1), ("weight", 1)]
    assert found[0].removed == 0 and 0.5 <= found[1].removed < 0.6
    assert len(rows_of(again.summary())) == 2 and len(pruned_rows_of(found)) == 2
    plot_pruning(found, tmp_path / "p.png")
    plot_senses(again.summary(), tmp_path / "s.png")
    assert [len(figure.axes) for figure in drawn] == [1, 1] and (tmp_path / "s.png").stat().st_size > 5000
    labels = [text.get_text() for text in drawn[0].axes[0].get_legend().get_texts()]
    assert any("whole network" in label for label in labels) and "by weight" in labels


def row(seed: int, accuracy: float, method: str = "none", keep: float = 1.0, rounds: int = 0, synapses: int = 1000) -> Row:
    return Row("d", "both", "dendrites", "S", "I", "test", seed, 10, 1, method, keep, rounds, synapses, 2000, accuracy, 0.0, 1.0)


def test_a_loss_is_none_within_one_deviation_of_the_whole_network() -> None:
    whole = [row(0, 0.95), row(1, 0.97)]  # mean 0.96, deviation 0.0141
    for values, none in (((0.94, 0.96), True), ((0.94, 0.95), False), ((0.99, 0.99), True)):
        results = Results([*whole, *(row(n, v, "use", 0.1, 4, 100) for n, v in enumerate(values))])
        (loss,) = losses(results.summary())
        assert loss.none == none and (loss.removed, loss.of_dense) == (0.9, 0.95)
        assert loss.lost == pytest.approx(0.96 - sum(values) / 2)
    alone = Results([row(0, 0.95), row(0, 0.94, "use", 0.1, 4, 100)])  # one seed has no deviation: any loss counts
    assert not losses(alone.summary())[0].none
    assert losses(Results([row(0, 0.9), row(0, 0.9, "use", 0.1, 4), row(1, 0.9, "use", 0.1, 4)]).summary()) == []  # other seeds


def test_cuts_that_are_not_legal() -> None:
    with pytest.raises(ConfigError, match="no such method"):
        Cut("size", 0.5)
    with pytest.raises(ConfigError, match="not pruned keeps everything"):
        Cut("weight", 1.0)
    with pytest.raises(ConfigError, match="curve is of one network"):
        plot_pruning([], Path("x.png"))
    with pytest.raises(ConfigError, match="no finished run"):
        plot_senses([], Path("x.png"))
