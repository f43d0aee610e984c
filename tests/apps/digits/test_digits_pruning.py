"""Pruned networks for digits: fewer synapses, results over seeds, a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from digits_cases import images, write_spoken
from neutnngen.apps.digits.code import DigitsCode
from neutnngen.apps.digits.learn import fit
from neutnngen.apps.digits.pairs import Split, paired_anew, split_of
from neutnngen.apps.digits.plan import DigitsPlan
from neutnngen.apps.digits.plots import plot_senses
from neutnngen.apps.digits.pruning import RECIPES, case_of
from neutnngen.apps.digits.results import Results
from neutnngen.apps.digits.study import Task, run_study, trained
from neutnngen.apps.digits.write import rows_of
from neutnngen.apps.pruning.recipes import recipe
from neutnngen.data import load_spoken
from neutnngen.errors import ConfigError
from neutnngen.prune import prune, prune_in_steps

PLAN = DigitsPlan("toy", size=4, stride=2, segments=6, passes=2)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Split:
    folder = write_spoken(tmp_path_factory.mktemp("spoken") / "Tones")
    return split_of(load_spoken(str(folder)), images(), learned=200, judged=100)


def test_what_is_left_still_answers(data: Split, tmp_path: Path) -> None:
    task = Task(PLAN)
    case = case_of(task, data, tmp_path)
    subject = case.make(0)
    assert case.name == "toy" and case_of(Task(PLAN.of("sound")), data, tmp_path).name == "toy_sound"
    assert case_of(Task(PLAN.of("both", "dense")), data, tmp_path).name == "toy_dense"
    whole, answered = subject.score(subject.design)
    assert whole == fit(PLAN, data.train, data.train_labels, 0).model.accuracy(data.judged, data.labels) and answered == 1
    assert trained(task, data, 0, tmp_path).accuracy(data.judged, data.labels) == whole  # it was saved
    found = {}
    for name in RECIPES:
        one = recipe(name)
        if one.steps:
            steps = one.steps_of(0, None)
            made = prune_in_steps(subject.design, steps, 0.25, subject.waves, subject.labels, subject.retrain).design
        else:
            made = prune(subject.design, one.at(0.25, 0), subject.waves, retrain=subject.retrain).design
        assert 0.1 < made.synapses / subject.design.synapses <= 0.26
        found[name] = subject.score(made)[0]
        mask = made.state.layers[0].distal_mask
        assert not (mask & ~subject.design.state.layers[0].distal_mask).any()  # nothing grows across the senses
    assert found["steps to segments"] > whole - 0.1
    assert found["layers, use, rounds"] > whole - 0.1 and found["layers, use, rounds"] > found["layers, random, rounds"]


def test_pairs_are_dealt_anew_within_their_digit(data: Split) -> None:
    waves = DigitsCode.fit("both", data.train, 3).encode(data.train)
    image_lines = waves.shape[1] // 2
    dealt = paired_anew(waves, data.train_labels, image_lines, [0, 1])
    assert (dealt[:, :image_lines] == waves[:, :image_lines]).all() and (dealt != waves).any()
    for digit in range(10):
        own = data.train_labels == digit
        assert sorted(map(bytes, dealt[own, image_lines:])) == sorted(map(bytes, waves[own, image_lines:]))
    assert (paired_anew(waves, data.train_labels, image_lines, [0, 2]) != dealt).any()
    for lines in (0, waves.shape[1]):  # sound alone, image alone
        assert (paired_anew(waves, data.train_labels, lines, [0, 1]) == waves).all()


def test_a_study_writes_what_it_lacks(data: Split, tmp_path: Path, drawn: list[Any]) -> None:
    tasks, out = [Task(PLAN), Task(PLAN.of("sound"))], tmp_path / "out"
    results = Results.open(tmp_path / "results.csv")
    run_study(tasks, data, 2, results, out)
    assert len(results) == 4
    text = (tmp_path / "results.csv").read_text()
    again = Results.open(tmp_path / "results.csv")
    run_study(tasks, data, 2, again, out)
    assert (tmp_path / "results.csv").read_text() == text
    rows = rows_of(again.summary())
    assert [row[1] for row in rows] == ["both", "sound"] and all("±" in row[5] for row in rows)
    path = plot_senses(again.summary(), tmp_path / "s.png")
    assert [len(figure.axes) for figure in drawn] == [1] and path.stat().st_size > 5000
    with pytest.raises(ConfigError, match="no finished run"):
        plot_senses([], tmp_path / "x.png")
