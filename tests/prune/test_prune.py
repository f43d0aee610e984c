"""Pruning as a whole: answers, thresholds, learning, regrowth, the sparsest design, and what the hardware is."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest

from neutnngen.engine import get_engine
from neutnngen.errors import ConfigError
from neutnngen.prune import (
    Choice,
    Plan,
    accuracy_loss,
    agreement,
    answers_of,
    disagreement,
    drop_dead,
    exists_in,
    kept,
    narrowed,
    parts_of,
    prune,
    scored,
    sparsest,
    with_masks,
    with_threshold,
)
from neutnngen.rtl import generate_rtl
from neutnngen.spec import NO_SPIKE, ColumnSpec, Design
from random_designs import random_case

LINES = 24


def grouped(count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Waves of two groups: one has its early lines in the first half, one in the second; a third of the lines says nothing."""
    rng = np.random.default_rng(0)
    group = np.arange(count) % 2
    waves = rng.integers(4, 8, (count, LINES)).astype(np.uint8)
    early = rng.integers(0, 3, (count, LINES))
    half = np.arange(LINES) < LINES // 2
    waves = np.where(half == (group == 0)[:, None], early, waves).astype(np.uint8)
    waves[:, ::3] = rng.integers(0, 8, (count, LINES // 3))
    return waves, group


def column() -> Design:
    """A neuron for each group, strong where it is early."""
    rng = np.random.default_rng(1)
    half = np.arange(LINES) < LINES // 2
    weights = np.where([half, ~half], rng.integers(5, 8, (2, LINES)), rng.integers(0, 3, (2, LINES)))
    return Design.of_column("pair", ColumnSpec(LINES, 2, 40), weights, np.ones((2, LINES), dtype=bool), 1)


def named(design: Design, waves: np.ndarray) -> np.ndarray:
    return get_engine().open(design).run(waves).winners


@pytest.mark.parametrize("method", ["weight", "use", "information"])
def test_half_of_the_synapses_and_the_same_answers(method: str) -> None:
    waves, group = grouped()
    design = column()
    assert (named(design, waves) == group).all()
    made = prune(design, Plan(0.5, method), waves)  # type: ignore[arg-type]
    assert made.design.synapses == 24 and made.kept == 0.5 and design.synapses == 48
    assert (named(made.design, waves) == group).all() and made.rounds[-1].agreement == 1
    assert made.design.provenance["pruning"]["of"] == design.fingerprint()


def test_rounds_fall_geometrically_and_learn_over_what_is_left() -> None:
    waves, _ = grouped()
    made = prune(column(), Plan(0.25, "weight", Choice("synapse", "neuron"), rounds=2, epochs=2), waves)
    assert [r.synapses for r in made.rounds] == [24, 12]
    layer = made.design.state.layers[0]
    assert int(layer.learned) == 4 * len(waves) and not layer.distal[~layer.distal_mask].any()
    assert layer.distal[layer.distal_mask].any()


def test_thresholds_follow() -> None:
    """With three quarters gone at random, θ 40 is not reached; the search brings the neurons back."""
    waves, _ = grouped()
    wanted = answers_of(column(), waves)
    bare = prune(column(), Plan(0.25, "random", recalibrate=False), waves).design
    again = prune(column(), Plan(0.25, "random"), waves).design
    assert bare.column.threshold == 40 and again.column.threshold < 40
    assert agreement(again, waves, wanted) > agreement(bare, waves, wanted)


def test_regrowth_gives_back_what_would_be_in_time() -> None:
    waves, group = grouped()
    made = prune(column(), Plan(0.5, "random", regrow=0.4, rounds=3, seed=2), waves)
    assert made.design.synapses <= 24
    plain = prune(column(), Plan(0.5, "random", rounds=3, seed=2), waves)
    right = [float((named(one.design, waves) == group).mean()) for one in (plain, made)]
    assert right[1] >= right[0]
    (part,) = parts_of(made.design)
    mask = exists_in(made.design, part)[0]
    own = np.arange(LINES) < LINES // 2
    assert mask[0, own].sum() > mask[0, ~own].sum(), "neuron 0 has its synapses where its group is early"


def test_regrowth_respects_the_masks_that_were_given() -> None:
    waves, _ = grouped()
    design = column()
    state = design.state.layers[0]
    allowed = np.broadcast_to(np.arange(LINES) % 4 != 1, (2, LINES))
    design = Design.of_column("pair", design.column, state.distal[0, 0, 0] * allowed, allowed, 1)
    made = prune(design, Plan(0.6, "random", regrow=0.5, rounds=2), waves).design
    assert not (made.mask & ~allowed).any()


def test_the_sparsest_within_a_loss() -> None:
    waves, _ = grouped()
    design = column()
    tight, loose = (sparsest(design, Plan(), most, waves=waves) for most in (0.0, 0.2))
    loss = disagreement(design, waves)
    assert loss(tight.design) == 0 and loss(loose.design) <= 0.2
    assert loose.design.synapses <= tight.design.synapses < 24
    with pytest.raises(ConfigError, match="measured on waves"):
        sparsest(design, Plan(recalibrate=False), 0.1)


def test_loss_against_labels() -> None:
    waves, group = grouped()
    assert accuracy_loss(column(), waves, group)(with_threshold(column(), 0, 168)) == 1


@pytest.mark.parametrize("seed", range(30))
def test_what_is_dead_changes_no_answer(seed: int) -> None:
    case = random_case(seed, 16)
    keep = kept(scored(case.design, "random", seed=seed), 0.5)
    for before in (case.design, with_masks(case.design, keep)):
        after = drop_dead(before)
        assert after.synapses <= before.synapses
        runs = [
            get_engine().run(one, case.waves, case.learn, enable=case.enable, labels=case.labels, keep_layers=True)
            for one in (before, after)
        ]
        assert runs[0].layers is not None and runs[1].layers is not None
        assert all((a == b).all() for a, b in zip(runs[0].layers, runs[1].layers, strict=True))
        assert (runs[0].winners == runs[1].winners).all()


def test_a_neuron_that_cannot_fire_has_no_synapses_left() -> None:
    design = with_threshold(column(), 0, 7 * 6 + 1)
    mask = np.ones((2, LINES), dtype=bool)
    mask[0, 6:] = False
    dead = drop_dead(Design.of_column("pair", design.column, design.weights * mask, mask, 1))
    assert not dead.mask[0].any() and dead.mask[1].all()


def test_nothing_left_is_an_error() -> None:
    with pytest.raises(ConfigError, match="no synapse is left"):
        prune(column(), Plan(0.05, "weight", recalibrate=False))


def test_waves_are_asked_for() -> None:
    with pytest.raises(ConfigError, match="need training waves"):
        prune(column(), Plan(0.5))
    with pytest.raises(ConfigError, match="share of synapses to keep"):
        Plan(0)


def test_pruned_synapses_have_no_gates(tmp_path: Path) -> None:
    """The RTL instantiates what is left, and nothing on a line that nobody reads."""
    waves, _ = grouped()
    made = prune(column(), Plan(0.5, "weight", Choice("input", "column")), waves).design
    lines = made.mask.any(axis=0)
    assert lines.sum() == 12
    text = (generate_rtl(made, tmp_path).folder / "pair.sv").read_text()
    synapses = {tuple(map(int, found)) for found in re.findall(r"\bsynapse_(\d+)_(\d+) \(", text)}
    assert synapses == {(int(j), int(i)) for j, i in np.argwhere(made.mask)}
    assert {int(i) for i in re.findall(r"\bline_(\d+) \(", text)} == set(np.flatnonzero(lines).tolist())
    assert NO_SPIKE not in waves


def test_a_narrowed_column_answers_and_learns_the_same() -> None:
    waves, _ = grouped()
    made = prune(column(), Plan(0.5, "weight", Choice("input", "column")), waves).design
    small = narrowed(made)
    assert small.design.column.inputs == 12 and small.design.mask.all()
    seen = small.waves(waves)
    runs = [get_engine().run(one, times, True) for one, times in ((made, waves), (small.design, seen))]
    assert (runs[0].winners == runs[1].winners).all()
    assert (runs[0].final.weights[:, small.lines] == runs[1].final.weights).all()


def test_sets_of_lines_that_are_judged_as_wholes_keep_the_answers() -> None:
    """Lines come in pairs, and every neuron needs one of each pair: no line matters while its twin is there."""
    rng = np.random.default_rng(2)
    half = rng.integers(0, 8, (200, 10)).astype(np.uint8)
    waves = np.repeat(half, 2, axis=1)
    weights = np.repeat(rng.integers(0, 8, (4, 10)), 2, axis=1)
    design = Design.of_column("twins", ColumnSpec(20, 4, 40), weights, np.ones((4, 20), dtype=bool), 1)
    plan = Plan(0.5, "random", Choice("input", "column"), rounds=4)
    drawn = dataclasses.replace(plan, draws=40)
    once = [prune(design, dataclasses.replace(plan, seed=seed), waves).rounds[-1].agreement for seed in range(4)]
    best = prune(design, drawn, waves).rounds[-1]
    assert best.synapses == 40 and best.agreement is not None
    assert best.agreement > np.mean([met for met in once if met is not None]) + 0.05
    assert prune(design, drawn, waves).rounds[-1] == best, "draws are seeded"


def test_draws_are_random_choices_and_need_waves() -> None:
    with pytest.raises(ConfigError, match="only random choices"):
        Plan(0.5, "weight", draws=2)
    with pytest.raises(ConfigError, match="need training waves"):
        prune(column(), Plan(0.5, "random", recalibrate=False, draws=2))
