"""The parts of place cells on movement: walk, code, noise, read-out, baseline, columns, path integration."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from rat_tracks import track

from neutnngen.apps.places.rat.baseline import nearest_moments
from neutnngen.apps.places.rat.cells import ONCE, CellSettings, answers, build, settled
from neutnngen.apps.places.rat.code import CodeSettings, Noise, RatCode
from neutnngen.apps.places.rat.path import PathSettings, integrate, landmark_code, sensed_steps
from neutnngen.apps.places.rat.readout import FieldLearner, Fields, maps
from neutnngen.apps.places.rat.results import distances
from neutnngen.apps.places.rat.walk import walk_of
from neutnngen.data import Trajectory
from neutnngen.engine import get_engine
from neutnngen.errors import ConfigError
from neutnngen.spec import NO_SPIKE

SMALL = CellSettings(columns=4, cells=64)


def test_walk() -> None:
    walk = walk_of(Trajectory("line", np.array([0.0, 1, 3]), np.array([[0.0, 0], [0.1, 0], [0.1, 0.2]]), (0.1, 0.2), ""), 10)
    assert len(walk) == 31 and walk.size == (100, 200) and walk.side == pytest.approx(np.sqrt(20_000))
    assert walk.positions[[0, 5, 10, 20, 30]].tolist() == [[0, 0], [50, 0], [100, 0], [100, 100], [100, 200]]
    assert walk.headings[5] == 0 and walk.headings[30] == pytest.approx(np.pi / 2)
    part = walk.part(10, 20)
    assert len(part) == 10 and part.positions[0].tolist() == [100, 0]
    still = walk_of(Trajectory("still", np.array([0.0, 1, 9]), np.array([[0.0, 0], [0.1, 0.1], [0.1, 0.1]]), (1, 1), ""), 10)
    assert still.headings[-1] == pytest.approx(np.pi / 4)  # it has stopped and still looks where it went
    with pytest.raises(ConfigError, match="too short"):
        walk_of(track(0.2), 10)


def test_grid_cells_have_fields_on_a_hexagonal_lattice() -> None:
    code = RatCode(CodeSettings(scales=(0.5,), phases=4), 1000.0, 3)
    turn, _, _ = code._random
    here = np.random.default_rng(0).integers(0, 1000, (200, 2)).astype(np.float64)
    for k in range(6):  # a step of the scale, at right angles to a wave
        angle = turn + np.pi / 6 + k * np.pi / 3
        away = here + 500 * np.array([np.cos(angle), np.sin(angle)])
        same = code.grid(here) == code.grid(away)  # type: ignore[arg-type]
        assert same.mean() > 0.999  # but for rounding at the edge of a level
    assert (code.grid(here) != code.grid(here + 120)).any()  # type: ignore[arg-type]


def test_code() -> None:
    walk = walk_of(track(20), 25)
    code = RatCode(CodeSettings(), walk.side, 0)
    times = code.walked(walk)
    assert times.shape == (len(walk), 108) and code.lines == 108 and code.grid_lines == 100 and times.dtype == np.uint8
    assert set(np.unique(times)) <= {*range(8), NO_SPIKE}
    assert ((times != NO_SPIKE).sum(axis=1) > 10).all()
    assert np.array_equal(times, RatCode(CodeSettings(), walk.side, 0).walked(walk))
    assert not np.array_equal(times, RatCode(CodeSettings(), walk.side, 1).walked(walk))
    assert json.loads(json.dumps(code.to_dict()))["scales"] == [0.3, 0.45, 0.68, 1.0]
    first = code.directions(code.preferred)
    assert (first.argmin(axis=1) == np.arange(8)).all() and (first.min(axis=1) == 0).all()
    assert RatCode(CodeSettings(directions=0), walk.side, 0).walked(walk).shape == (len(walk), 100)
    for wrong in ({"scales": ()}, {"scales": (0.0,)}, {"phases": 1}, {"rate": 1.0}, {"directions": -1}):
        with pytest.raises(ConfigError):
            CodeSettings(**wrong)


def test_noise() -> None:
    times = RatCode(CodeSettings(), 450, 0).walked(walk_of(track(20), 25))
    spikes = times != NO_SPIKE
    assert Noise().on(times, 0) is times
    moved = Noise(jitter=1).on(times, 0)
    assert np.array_equal(moved != NO_SPIKE, spikes) and moved[spikes].max() <= 7
    assert set(np.unique(moved[spikes].astype(int) - times[spikes])) == {-1, 0, 1}
    fewer = Noise(lost=10).on(times, 0)
    assert ((fewer == times) | (fewer == NO_SPIKE)).all() and (fewer != NO_SPIKE).sum() / spikes.sum() == pytest.approx(0.9, abs=0.02)
    both = Noise(1, 10)
    assert both.name == "jitter ±1, 10 % lost" and np.array_equal(both.on(times, 3), both.on(times, 3))
    with pytest.raises(ConfigError):
        Noise(lost=101)


def test_read_out_learns_by_shifts() -> None:
    learner = FieldLearner(2, 3)
    learner.learn(np.array([[1, -1], [1, 2], [1, 2], [1, -1]]), np.array([[100, 200], [200, 200], [300, 0], [0, 0]]))
    fields = learner.fields
    assert fields.wins.tolist() == [[0, 4, 0], [0, 0, 2]]
    first = 100 * 16  # then half the way, half the way, a quarter of the way
    for there in (200, 300):
        first += (there * 16 - first) >> 1
    first += (0 - first) >> 2
    assert fields.middles[0, 1, 0] == first and fields.middles[1, 2].tolist() == [250 * 16, 100 * 16]
    learner.learn(np.array([[1, 2]]), np.array([[0, 0]]))
    assert fields.wins[0, 1] == 4  # what was given before stays as it was
    many = FieldLearner(1, 1)
    many.learn(np.zeros((500, 1), int), np.full((500, 2), 70))
    many.learn(np.zeros((1, 1), int), np.array([[134, 70]]))
    assert many.fields.middles[0, 0].tolist() == [71 * 16, 70 * 16]  # 1 / 2^6 of the way


def test_read_out_takes_the_middle_half() -> None:
    middles = 16 * np.array([[[10, 0]], [[20, 0]], [[31, 0]], [[900, 0]]])
    fields = Fields(middles, np.ones((4, 1), int))
    where = fields.locate(np.array([[-1, -1, -1, -1], [0, 0, 0, 0], [-1, -1, -1, -1], [0, 0, -1, -1], [-1, -1, -1, 0]]), (5, 6))
    assert where.tolist() == [[5, 6], [25, 0], [25, 0], [15, 0], [900, 0]]
    unknown = dataclasses.replace(fields, wins=np.zeros((4, 1), int))
    assert unknown.locate(np.zeros((2, 4), int), (5, 6)).tolist() == [[5, 6], [5, 6]]


def test_maps() -> None:
    made = maps(np.array([0, 1, 1, -1]), np.array([[0, 0], [0, 0], [99, 49], [99, 49]]), 2, (100, 50), 10)
    assert made.shape == (2, 5, 10) and made[0, 0, 0] == made[1, 0, 0] == made[1, 4, 9] == 0.5 and made[0, 4, 9] == 0
    assert np.isnan(made[:, 2, 2]).all()


def test_nearest_moment_is_the_nearest() -> None:
    times = RatCode(CodeSettings(phases=3), 450, 0).walked(walk_of(track(30), 25))
    learned, asked = times[:500], Noise(1, 10).on(times[500:], 0)
    plain = [np.where(part == NO_SPIKE, 8, part).astype(int) for part in (learned, asked)]
    far = np.abs(plain[1][:, None] - plain[0][None]).sum(axis=2)
    assert np.array_equal(nearest_moments(learned, asked), far.argmin(axis=1))
    assert len(nearest_moments(learned, asked[:0])) == 0


def test_cells_settle_once_and_stay() -> None:
    walk = walk_of(track(60), 25)
    times = RatCode(CodeSettings(), walk.side, 0).grid(walk.positions)
    design = build("cells", SMALL, times[:500], 0, {})
    assert not settled(design).any() and design.network.layers[0].columns == 4
    session = get_engine().open(design)
    winners = answers(session, times[:800], learn=True)
    assert winners.shape == (800, 4) and winners.max() > 3
    before = session.design()
    done = settled(before)
    assert 0.05 < done.mean() < 1
    used = np.array([np.isin(np.arange(64), winners[:, c]) for c in range(4)])
    weights = before.state.layers[0].distal.reshape(4, 64, -1)
    assert (weights[~used] == SMALL.first_weight).all() and not done[~used].any()  # cells that never answered are as they were
    answers(session, times[800:], learn=True)
    after = session.design().state.layers[0].distal.reshape(4, 64, -1)
    assert np.array_equal(after[done], weights[done]) and (after != weights).any()
    frozen = session.design().fingerprint()
    answers(session, times)
    assert session.design().fingerprint() == frozen


def test_reference_engine_gives_the_same() -> None:
    walk = walk_of(track(8), 25)
    times = RatCode(CodeSettings(), walk.side, 0).grid(walk.positions)
    design = build("cells", CellSettings(columns=2, cells=8), times, 3, {})
    ours, judge = (get_engine(name).open(design) for name in ("compiled", "reference"))
    assert np.array_equal(answers(ours, times, learn=True), answers(judge, times, learn=True))
    assert ours.design().fingerprint() == judge.design().fingerprint()


def test_settings_that_are_refused() -> None:
    assert (ONCE.mu_search, ONCE.mu_min, ONCE.at_zero, ONCE.at_max) == (0, 0, 0, 0)
    for wrong in ({"columns": 0}, {"share": 0}, {"first_weight": 8}, {"drive": 0}, {"cells": 1}):
        with pytest.raises(ConfigError):
            CellSettings(**wrong)
    for path in ({"bias": -1.0}, {"landmarks": 0}, {"reach": 0}, {"cells": 1}):
        with pytest.raises(ConfigError):
            PathSettings(**path)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="no spike"):
        build("cells", SMALL, np.full((9, 20), NO_SPIKE, np.uint8), 0, {})


def test_path_integration() -> None:
    walk = walk_of(track(140), 25)
    learned, asked = walk.part(0, 2500), walk.part(2500)
    code = RatCode(CodeSettings(), walk.side, 0)
    exact = PathSettings(speed_noise=0, gain=0, bias=0, drift=0)
    steps = sensed_steps(asked, code, exact, 0)
    assert steps.dtype == np.int64 and steps[0].tolist() == [0, 0]
    assert np.median(distances(integrate(learned, asked, code, exact, 0).alone, asked)) < 4  # head-direction cells see 8 directions
    alone, corrected = [], []
    for seed in range(3):
        made = integrate(learned, asked, code, PathSettings(drift=15, bias=10, reach=80), seed)
        alone.append(np.median(distances(made.alone, asked)))
        corrected.append(np.median(distances(made.corrected, asked)))
        assert made.met.any() and np.median(distances(made.corrected, asked)[made.met]) < 4
        assert ((made.landmarks >= 0) & (made.landmarks <= walk.size)).all() and made.design.network.inputs == 16 * 6
    assert np.mean(corrected) < 0.6 * np.mean(alone)
    with pytest.raises(ConfigError, match="head-direction"):
        integrate(learned, asked, RatCode(CodeSettings(directions=2), walk.side, 0), exact, 0)
    with pytest.raises(ConfigError, match="no landmark was met"):
        integrate(learned.part(0, 100), asked, code, PathSettings(landmarks=1, reach=1), 0)


def test_landmark_code() -> None:
    walk = walk_of(Trajectory("line", np.array([0.0, 10]), np.array([[0.0, 0.1], [0.2, 0.1]]), (0.2, 0.2), ""), 10)
    times = landmark_code(walk, np.array([[100, 100], [500, 500]]), 60)
    assert times.shape == (101, 32) and (times[:, 16:] == NO_SPIKE).all()
    near = (times != NO_SPIKE).any(axis=1)
    assert near.sum() == (np.abs(walk.positions[:, 0] - 100) <= 60).sum()
    there = times[walk.positions[:, 0] == 100][0, :16].reshape(4, 4)
    assert (there[1:3, 1:3] == 2).all() and there[0, 0] == NO_SPIKE and times.min() == 2  # the four cells next to the landmark
