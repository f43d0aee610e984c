"""A world that changes: what the worlds are, who learns from them, and that the summary says what the curves hold."""

from __future__ import annotations

import dataclasses
import functools
import json
from typing import Any

import numpy as np
import pytest

from neutnngen.apps.mnist.blueprint import Blueprint, CodePlan, LayerPlan, ReadoutPlan
from neutnngen.apps.mnist.build import build
from neutnngen.apps.mnist.continual import FORMAT, RUNS, VERSION, ContinualResult, Phase, Run, run_continual, swap_of, transpose
from neutnngen.apps.mnist.learn import learn_block
from neutnngen.apps.mnist.model import Model
from neutnngen.engine import get_engine
from neutnngen.errors import ConfigError

BARS = Blueprint("bars", (LayerPlan(4, 2, segments=6),), ReadoutPlan(margin=1.0), CodePlan(cut=0.5))
TAUGHT = Blueprint("taught", (LayerPlan(4, 2, segments=3, classes=True),), ReadoutPlan(margin=1.0))
PHASES = (240, 250, 250)


def bars(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """8 × 8: a bright horizontal bar in the upper, middle or lower third, with noise. Transposed, thirds are no more told by rows."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, count)
    images = rng.integers(0, 90, (count, 8, 8)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        row = 3 * label + int(rng.integers(0, 2))
        image[row, rng.integers(0, 3) :] = 255
    flips = rng.random((count, 8, 8)) < 0.03
    return np.where(flips, 255, images).astype(np.uint8), labels.astype(np.uint8)


@functools.cache
def streamed(seed: int = 1, blueprint: Blueprint = BARS, block: int = 20) -> ContinualResult:
    images, labels = bars(740)
    return run_continual(blueprint, images, labels, 3, seed, held=bars(150, 9), images_per_phase=PHASES, block=block)


def test_transposing_twice_is_identity() -> None:
    images, _ = bars(5)
    assert np.array_equal(transpose(transpose(images)), images)
    assert transpose(images)[3, 1, 6] == images[3, 6, 1]
    assert not np.array_equal(transpose(images), images)


def test_swap_has_no_fixed_point_and_is_seeded() -> None:
    swaps = [swap_of(5, seed) for seed in range(60)]
    for swap in swaps:
        assert sorted(swap) == list(range(5))
        assert all(swap[c] != c for c in range(5))
    assert swap_of(5, 7) == swaps[7]
    assert len(set(swaps)) > 20
    assert swap_of(2, 0) == (1, 0)
    with pytest.raises(ConfigError, match="classes"):
        swap_of(1, 0)


def test_worlds_have_the_stated_lengths() -> None:
    result = streamed()
    assert [(p.start, p.stop, p.transposed, p.swapped) for p in result.phases] == [
        (0, 240, False, False),
        (240, 490, True, False),
        (490, 740, True, True),
    ]
    sizes = np.diff(result.blocks, prepend=0)
    assert sizes.tolist() == [20] * 12 + ([20] * 12 + [10]) * 2, "no block is in two worlds"
    for number, phase in enumerate(result.phases):
        looks = result.looks[result.look_phase == number]
        assert (looks[0], looks[-1]) == (phase.start, phase.stop)
        assert set(looks[1:].tolist()) <= set(result.blocks.tolist())
    for run in RUNS:
        assert len(result.runs[run].blocks) == len(result.blocks)
        assert len(result.runs[run].present) == len(result.runs[run].first) == len(result.looks)


def test_without_lengths_half_a_quarter_and_the_rest() -> None:
    images, labels = bars(50)
    seen: list[tuple[int, int]] = []
    result = run_continual(
        BARS, images[:43], labels[:43], 3, held=bars(10, 9), block=8, progress=lambda done, total: seen.append((done, total))
    )
    assert [p.stop - p.start for p in result.phases] == [21, 10, 12]
    assert [done for done, _ in seen] == result.blocks.tolist()
    assert {total for _, total in seen} == {43}


@pytest.mark.parametrize("blueprint", [BARS, TAUGHT], ids=lambda b: b.name)
def test_a_plain_loop_finds_the_same_errors(blueprint: Blueprint) -> None:
    """Everything again, spelled out, with a network of its own for every run."""
    result = streamed(2, blueprint)
    images, labels = bars(740)
    held, held_labels = bars(150, 9)
    order = np.random.default_rng([2, 2]).permutation(740)
    swap = np.array(result.swap)
    expected: dict[str, list[float]] = {run: [] for run in RUNS}
    ends: dict[str, list[float]] = {run: [] for run in RUNS}
    opened: dict[str, tuple[Model, Any]] = {}
    for number, phase in enumerate(result.phases):
        chosen = order[phase.start : phase.stop]
        shown = images[chosen].swapaxes(1, 2) if number else images[chosen]
        told = swap[labels[chosen]] if number == 2 else labels[chosen].astype(np.int64)
        for run in RUNS:
            if number == 0 or run == "fresh":
                model = Model(build(blueprint, shown, told, 3, 2))
                opened[run] = model, get_engine().open(model.design)
        for start in range(0, len(chosen), 20):
            part = slice(start, start + 20)
            for run, (model, session) in opened.items():
                expected[run].append(float((Model(session.design()).predict(shown[part]) != told[part]).mean()))
                if run != "frozen" or number == 0:
                    learn_block(model, session, shown[part], told[part], 0)
        present = held.swapaxes(1, 2) if number else held
        for run, (_, session) in opened.items():
            ends[run].append(Model(session.design()).error(present, swap[held_labels] if number == 2 else held_labels))
    for run in RUNS:
        assert result.runs[run].blocks.tolist() == expected[run], run
        assert [result.at_end(run, number) for number in range(3)] == ends[run], run


def test_learning_recovers_and_frozen_weights_do_not() -> None:
    for seed in (1, 2, 3):
        result = streamed(seed)
        assert result.at_end("learning", 0) < 0.05
        for number in (1, 2):
            assert result.at_start("learning", number) > 0.4, "the change is felt"
            assert result.at_end("learning", number) < 0.05
            assert result.at_end("frozen", number) > 0.4
        assert result.recovered_after("frozen", 1) is None
        assert result.recovered_after("frozen", 2) is None


def test_frozen_stands_still_and_forgets_nothing() -> None:
    result = streamed()
    frozen, learning = result.runs["frozen"], result.runs["learning"]
    assert len(set(frozen.present[result.look_phase == 1])) == 1
    assert len(set(frozen.first[result.look_phase > 0])) == 1
    assert result.forgotten("frozen", 1) == result.forgotten("frozen", 2) == 0
    assert result.forgotten("learning", 1) > 0.05
    assert result.forgotten("learning", 2) > 0.05
    inside = result.look_phase == 0
    assert np.array_equal(learning.present[inside], learning.first[inside])
    for run in RUNS:
        assert np.array_equal(result.runs[run].present[inside], learning.present[inside]), "one network up to the first change"


def test_seeds_decide() -> None:
    again, other = streamed.__wrapped__(), streamed(2)
    assert again.summary() == streamed().summary()
    assert not np.array_equal(other.runs["learning"].blocks, again.runs["learning"].blocks)


def by_hand() -> ContinualResult:
    """Three worlds of 40, 30 and 40 images; blocks of 20, one of them cut short; looks at both ends of a world and in between."""
    phases = (Phase("a", 0, 40, False, False), Phase("b", 40, 70, True, False), Phase("c", 70, 110, True, True))
    learning = Run(
        np.array([0.9, 0.3, 0.8, 0.2, 0.9, 0.1]),
        np.array([0.9, 0.4, 0.1, 0.7, 0.11, 0.105, 0.8, 0.104, 0.6]),
        np.array([0.9, 0.4, 0.1, 0.1, 0.2, 0.35, 0.35, 0.5, 0.75]),
    )
    frozen = Run(learning.blocks, np.array([0.9, 0.4, 0.1, *[0.7] * 3, *[0.9] * 3]), np.array([0.9, 0.4, *[0.1] * 7]))
    fresh = dataclasses.replace(learning, present=np.array([0.9, 0.4, 0.1, 0.9, 0.5, 0.2, 0.9, 0.5, 0.114]))
    return ContinualResult(
        "hand",
        5,
        77,
        20,
        200,
        (1, 2, 0),
        phases,
        np.array([20, 40, 60, 70, 90, 110]),
        np.array([0, 20, 40, 40, 60, 70, 70, 90, 110]),
        np.repeat([0, 1, 2], 3),
        {"learning": learning, "frozen": frozen, "fresh": fresh},
    )


def test_summary_by_hand() -> None:
    summary = by_hand().summary()
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    assert (summary["format"], summary["version"]) == (FORMAT, VERSION)
    assert (summary["design"], summary["seed"], summary["images"], summary["held"]) == ("hand", 5, 110, 200)
    first, second, third = summary["phases"]
    assert first["runs"]["learning"] == {"end": 0.1, "online": pytest.approx(0.6)}
    assert second["back_level"] == pytest.approx(0.11), "a point above 0.1, which is less than a fifth of it"
    assert second["look_every"] == 20
    assert second["runs"]["learning"] == {
        "end": 0.105,
        "online": pytest.approx((20 * 0.8 + 10 * 0.2) / 30),
        "right_after": 0.7,
        "forgotten": pytest.approx(0.25),
        "back_after": 20,
    }
    assert second["runs"]["frozen"]["back_after"] is None
    assert second["runs"]["frozen"]["forgotten"] == 0
    assert third["back_level"] == pytest.approx(0.115)
    assert third["runs"]["learning"]["back_after"] is None, "one lucky look is no recovery"
    assert third["runs"]["fresh"]["back_after"] == 40
    assert third["runs"]["learning"]["forgotten"] == pytest.approx(0.65)


def test_small_errors_count_as_back_within_a_fifth() -> None:
    result = by_hand()
    run = dataclasses.replace(result.runs["learning"], present=result.runs["learning"].present / 10)
    small = dataclasses.replace(result, runs={**result.runs, "learning": run})
    assert small.back_level(1) == pytest.approx(0.012)
    unharmed = np.array([0.9, 0.4, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1])
    kept = dataclasses.replace(result, runs={**result.runs, "learning": dataclasses.replace(run, present=unharmed)})
    assert kept.recovered_after("learning", 1) == 0


def test_what_does_not_fit_is_refused() -> None:
    images, labels = bars(40)
    held = bars(10, 9)
    for phases in ((20, 20), (20, 20, 0), (20, 20, 20), (10, 10, 10, 10)):
        with pytest.raises(ConfigError, match="worlds do not fit"):
            run_continual(BARS, images, labels, 3, held=held, images_per_phase=phases)
    with pytest.raises(ConfigError, match="cannot be transposed"):
        run_continual(BARS, images[:, :6], labels, 3, held=held)
    with pytest.raises(ConfigError, match="needs a label"):
        run_continual(BARS, images, labels[:-1], 3, held=held)
    with pytest.raises(ConfigError, match="the held-back set is no class"):
        run_continual(BARS, images, labels, 3, held=(held[0], held[1] + 3))
    with pytest.raises(ConfigError, match="another size"):
        run_continual(BARS, images, labels, 3, held=(held[0][:, :6, :6], held[1]))
    with pytest.raises(ConfigError, match="block"):
        run_continual(BARS, images, labels, 3, held=held, block=0)
