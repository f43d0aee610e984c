"""The steps that the clustering stages share: spread samples, code distance, restarts, online learning (rules R1 … R13)."""

from __future__ import annotations

import math

import numpy as np
import pytest

from neutnngen.apps.ucr.learning import (
    STDP,
    as_times,
    best_column,
    code_distance,
    sample_start,
    seeded,
    spread_samples,
    started,
    taught,
    winners,
)
from neutnngen.core.encode_population import PopulationEncoder
from neutnngen.core.initial import weights_of_times
from neutnngen.engine import get_engine
from neutnngen.spec import NO_SPIKE, ColumnSpec, DendriticColumnSpec, Design, LfsrSpec, ProximalSpec
from neutnngen.train import train
from neutnngen.train.plan import presentation_order

X = NO_SPIKE


def two_groups(count: int = 24, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Waves of ten pairs of lines, and which of two patterns each was made from."""
    rng = np.random.default_rng(seed)
    groups = rng.permutation(np.arange(count) % 2)
    pattern = np.array([1, 1, -1, 1, -1, 1, -1, -1, -1, 1])
    values = np.where(groups[:, None] == 1, 1.0, -1.0) * pattern + rng.normal(0, 0.7, (count, 10))
    return PopulationEncoder.fit(values, 10).encode(values), groups


def column(waves: np.ndarray, neurons: int = 2, threshold: int = 11, seed: int = 9) -> ColumnSpec:
    return ColumnSpec(waves.shape[1], neurons, threshold, tie="largest_potential", stdp=STDP, lfsr=LfsrSpec(seed=seed))


def same_states(one: Design, other: Design) -> bool:
    return one.fingerprint() == other.fingerprint()


def test_as_times_puts_silence_after_the_latest_spike() -> None:
    assert as_times(np.array([[0, 3, X], [5, X, 1]], dtype=np.uint8)).tolist() == [[0, 3, 6], [5, 6, 1]]
    assert as_times(np.full((1, 2), X, dtype=np.uint8)).tolist() == [[1, 1]]
    assert as_times(np.array([[254, X]], dtype=np.uint8)).tolist() == [[254, 255]]


def test_spread_samples_are_distinct_and_follow_the_generator() -> None:
    waves = np.random.default_rng(1).integers(0, 8, (30, 6)).astype(np.uint8)
    drawn = [spread_samples(waves, 30, np.random.default_rng(seed)) for seed in (3, 3, 4)]
    assert np.array_equal(drawn[0], drawn[1]) and not np.array_equal(drawn[0], drawn[2])
    assert sorted(drawn[0].tolist()) == list(range(30))


def test_spread_samples_reach_every_kind_of_wave_before_they_repeat_one() -> None:
    kinds = np.array([[0, 0, 7], [0, 0, 6], [7, 7, 0], [X, 7, 0]], dtype=np.uint8)
    waves = np.repeat(kinds, [20, 1, 15, 2], axis=0)
    for seed in range(20):
        chosen = spread_samples(waves, 4, np.random.default_rng(seed))
        assert len({waves[n].tobytes() for n in chosen}) == 4
        assert len({waves[n].tobytes() for n in spread_samples(waves, 6, np.random.default_rng(seed))}) == 4


def test_spread_samples_prefer_what_is_far() -> None:
    waves = np.array([[0, 0]] * 10 + [[0, 1]] * 10 + [[7, 7]], dtype=np.uint8)  # distances 1 and 14: ten times 1 against 196
    chosen = [spread_samples(waves, 2, np.random.default_rng(seed)) for seed in range(100)]
    assert sum(20 in c.tolist() for c in chosen) > 80


def test_spread_samples_of_equal_waves() -> None:
    chosen = spread_samples(np.full((5, 4), 3, dtype=np.uint8), 8, np.random.default_rng(0))
    assert chosen.shape == (8,) and ((chosen >= 0) & (chosen < 5)).all()


def test_code_distance_by_hand() -> None:
    waves = np.array([[0, 0], [2, 0], [1, 3], [7, 7], [7, 5]], dtype=np.uint8)
    labels = np.array([0, 0, 0, 1, 1])
    # medians (1, 0) and (7, 6): 1 + 1 + 3 and 1 + 1 clocks over 5 waves of 2 lines
    assert code_distance(waves, labels) == pytest.approx(7 / 10)
    assert code_distance(waves, np.array([0, 0, 0, -1, -1])) == pytest.approx(7 / 10)  # none is a group of its own
    assert code_distance(waves, np.arange(5)) == 0
    assert code_distance(waves, np.zeros(5, dtype=int)) == math.inf == code_distance(waves, np.full(5, -1))
    silent = np.array([[0], [X], [X], [3]], dtype=np.uint8)  # no spike counts as 4
    assert code_distance(silent, np.array([0, 0, 1, 1])) == pytest.approx((4 + 1) / 4)


def test_started_puts_the_weights_into_the_design_with_their_rule() -> None:
    spec = DendriticColumnSpec(3, 2, 2, segments=2, proximal=ProximalSpec("enable"), inhibition="one_largest_potential")
    weights = np.arange(12).reshape(2, 2, 3) % 8
    design = started(spec, weights, {"rule": "mine"}, "name")
    assert design.name == "name" and design.provenance == {"initial_weights": {"rule": "mine"}}
    assert design.state.layers[0].distal.reshape(2, 2, 3).tolist() == weights.tolist()
    assert design.state.layers[0].distal_mask.all()


def test_sample_start_copies_waves_that_lie_apart() -> None:
    waves, groups = two_groups()
    spec = column(waves)
    design = sample_start(spec, waves, seed=4)
    rule = design.provenance["initial_weights"]
    assert design.column == spec and (rule["rule"], rule["seed"]) == ("spread samples", 4)
    assert rule["waves"] == spread_samples(waves, 2, np.random.default_rng(4)).tolist()
    assert len(set(groups[rule["waves"]])) == 2
    copied = waves[rule["waves"]]
    assert np.array_equal(design.weights, weights_of_times(copied, 7, 7)) and np.array_equal(design.weights, 7 - copied)
    assert design.lfsr_state == 9


def test_taught_equals_the_reference_engine() -> None:
    """The fast path and the rules in plain Python end in the same weights and random state, to the bit (rule A2)."""
    waves, _ = two_groups(14)
    start = sample_start(column(waves), waves, 2)
    for seed in (0, 7):
        learned = taught(start, waves, 3, seed)
        assert same_states(learned, train(start, waves, epochs=3, order="shuffled", seed=seed, engine="reference").design)
        order = presentation_order(len(waves), 3, seed).ravel()
        assert same_states(learned, get_engine("reference").run(start, waves[order], True).final)
        assert not np.array_equal(learned.weights, start.weights) and learned.lfsr_state != start.lfsr_state


def test_taught_with_enable_equals_the_reference_engine() -> None:
    waves, groups = two_groups(14)
    spec = DendriticColumnSpec(
        waves.shape[1],
        2,
        11,
        segments=2,
        tie="largest_potential",
        proximal=ProximalSpec("enable"),
        inhibition="one_largest_potential",
        stdp=STDP,
    )
    start = started(spec, 7 - waves[:4], {"rule": "test"})
    enable = groups[:, None] == np.arange(2)
    learned = taught(start, waves, 2, 5, enable)
    expected = train(start, waves, enable=enable, epochs=2, order="shuffled", seed=5, engine="reference").design
    assert same_states(learned, expected)
    assert not same_states(learned, taught(start, waves, 2, 5, np.ones((14, 2), dtype=bool)))
    only = taught(start, waves, 2, 5, np.tile([True, False], (14, 1))).state.layers[0].distal
    assert np.array_equal(only[0, 1], start.state.layers[0].distal[0, 1]) and not np.array_equal(only, start.state.layers[0].distal)


def test_taught_is_seeded_and_leaves_its_design() -> None:
    waves, _ = two_groups()
    start = sample_start(column(waves), waves, 0)
    before = start.fingerprint()
    learned = [taught(start, waves, 2, seed) for seed in (1, 1, 2)]
    assert start.fingerprint() == before
    assert same_states(learned[0], learned[1]) and not same_states(learned[0], learned[2])


def test_winners_name_lines_and_never_learn() -> None:
    waves, groups = two_groups()
    design = taught(sample_start(column(waves), waves, 1), waves, 4, 1)
    before = design.fingerprint()
    won = winners(design, waves)
    assert design.fingerprint() == before and np.array_equal(winners(design, waves), won)
    assert won.dtype == np.int64 and np.array_equal(won, get_engine("reference").run(design, waves).winners)
    assert max(np.mean(won == groups), np.mean(won == 1 - groups)) > 0.9
    assert winners(design, np.full_like(waves[:2], X)).tolist() == [-1, -1]


def test_best_column_keeps_the_smallest_badness() -> None:
    waves, _ = two_groups()
    spec, seeds = column(waves, neurons=4), [5, 1, 8, 2]
    tried = [taught(sample_start(spec, waves, seed), waves, 2, seed) for seed in seeds]
    told = [winners(design, waves) for design in tried]
    for wanted in range(len(seeds)):
        asked: list[np.ndarray] = []

        def badness(labels: np.ndarray, wanted: int = wanted, asked: list[np.ndarray] = asked) -> float:
            asked.append(labels)
            return float(len(asked) - 1 != wanted)

        design, labels = best_column(spec, waves, seeds, 2, badness)
        assert same_states(design, tried[wanted]) and np.array_equal(labels, told[wanted])
        assert all(np.array_equal(a, b) for a, b in zip(asked, told, strict=True))
    distances = [code_distance(waves, labels) for labels in told]
    design, labels = best_column(spec, waves, seeds, 2)
    assert len(set(distances)) > 1 and same_states(design, tried[int(np.argmin(distances))])
    assert code_distance(waves, labels) == min(distances)


def test_best_column_of_equal_ones_is_the_first() -> None:
    waves, _ = two_groups()
    spec = column(waves)
    for constant in (0.5, math.inf):
        design, _ = best_column(spec, waves, [3, 4], 1, lambda labels, constant=constant: constant)
        assert same_states(design, taught(sample_start(spec, waves, 3), waves, 1, 3))


def test_seeded_registers_differ_and_stay_legal() -> None:
    base = LfsrSpec()
    assert seeded(base, 0) == base
    made = [seeded(base, n) for n in range(500)]
    assert len({one.seed for one in made}) == 500 and {(one.width, one.taps) for one in made} == {(base.width, base.taps)}
    small = LfsrSpec(11, (11, 9), 3)
    assert all(1 <= seeded(small, n).seed < 1 << 11 for n in (1, 10**4, 10**12))
