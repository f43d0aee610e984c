"""The baselines on small series whose groups are known, and their parts against plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from neutnngen.apps.ucr.baselines import (
    BASELINES,
    baseline,
    dtw_distances,
    improve_medoids,
    k_medoids,
    shape_distances,
    z_normalise,
)
from neutnngen.apps.ucr.scores import Scores
from neutnngen.errors import ConfigError

Data = tuple[NDArray[np.float64], NDArray[np.int64]]


def bumps(count: int, seed: int, shift: int = 0, length: int = 40) -> Data:
    """Two shapes (one bump, two bumps) of random size and offset, each moved by up to ``shift`` samples."""
    rng = np.random.default_rng(seed)
    classes = rng.permutation(np.arange(count) % 2)
    time = np.arange(length)
    values = np.empty((count, length))
    for i, c in enumerate(classes):
        middle = length / 2 + rng.integers(-shift, shift + 1)
        at = [middle] if c == 0 else [middle - 6, middle + 6]
        shape = sum(np.exp(-(((time - a) / 2.5) ** 2)) for a in at)
        values[i] = rng.uniform(0.5, 20) * (shape + rng.normal(0, 0.03, length)) + rng.uniform(-50, 50)
    return values, classes


def naive_shape_distance(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    n = len(x)
    best = -np.inf
    for lag in range(-n + 1, n):
        best = max(best, sum(x[t + lag] * y[t] for t in range(n) if 0 <= t + lag < n))
    norm = float(np.linalg.norm(x) * np.linalg.norm(y))
    return float(1 - best / norm) if norm else 1.0


@pytest.mark.parametrize("length", [1, 2, 7, 8, 9, 33])
def test_shape_distance_is_that_of_a_plain_loop(length: int) -> None:
    rng = np.random.default_rng(length)
    values, shapes = rng.normal(size=(5, length)), rng.normal(size=(3, length))
    shapes[2] = -np.abs(shapes[2])  # against a positive series, every shift correlates negatively
    values[3], values[4] = np.abs(values[3]), 0.0
    expected = [[naive_shape_distance(x, s) for s in shapes] for x in values]
    np.testing.assert_allclose(shape_distances(values, shapes), expected, atol=1e-12)


def test_shape_distance_over_several_blocks() -> None:
    values = np.random.default_rng(0).normal(size=(2100, 12))
    whole = shape_distances(values, values[:2])
    np.testing.assert_allclose(whole[1500], [naive_shape_distance(values[1500], values[0]), naive_shape_distance(values[1500], values[1])])
    assert whole[0, 0] == pytest.approx(0, abs=1e-12)


def test_z_normalise() -> None:
    values = z_normalise(np.array([[1.0, 2.0, 3.0], [0.1, 0.1, 0.1], [1e9, 1e9 + 1, 1e9 + 2]]))
    np.testing.assert_allclose(values[0], [-(1.5**0.5), 0, 1.5**0.5])
    assert values[1].tolist() == [0, 0, 0]
    np.testing.assert_allclose(values[2], values[0])
    for bad in (np.array([1.0, 2.0]), np.array([[1.0, np.nan]]), np.zeros((0, 3))):
        with pytest.raises(ConfigError, match="table of finite numbers"):
            z_normalise(bad)


@pytest.mark.parametrize("name", list(BASELINES))
def test_every_baseline_groups_repeats_and_labels_a_larger_unseen_set(name: str) -> None:
    method = BASELINES[name]
    train, train_classes = bumps(30, seed=1)
    test, test_classes = bumps(70, seed=2)
    prepared = method.prepare(train)
    result = method.fit(prepared, 2, seed=4)
    assert result.labels.dtype == np.int64 and result.labels.shape == (30,)
    assert np.array_equal(result.labels, method.fit(prepared, 2, seed=4).labels)
    assert np.array_equal(result.assign(train), result.labels), "the same rule labels the fitted series"
    labels = result.assign(test)
    assert labels.dtype == np.int64 and labels.shape == (70,)
    assert Scores.of(train_classes, result.labels).adjusted_rand == 1.0
    assert Scores.of(test_classes, labels).adjusted_rand == 1.0
    assert np.array_equal(labels, np.concatenate([result.assign(test[:5]), result.assign(test[5:])])), "each series on its own"


def test_kshape_recovers_shifted_shapes_that_kmeans_does_not() -> None:
    values, classes = bumps(80, seed=3, shift=9)
    scores = {}
    for name in ("kmeans", "kshape"):
        method = BASELINES[name]
        prepared = method.prepare(values)
        scores[name] = max(Scores.of(classes, method.fit(prepared, 2, seed).labels).adjusted_rand for seed in range(3))
    assert scores["kshape"] > 0.95
    assert scores["kmeans"] < 0.5


def test_kshape_objective_is_the_sum_of_distances_to_the_shapes() -> None:
    values, _ = bumps(24, seed=5, shift=3)
    result = BASELINES["kshape"].fit(BASELINES["kshape"].prepare(values), 2, seed=0)
    assert 0 <= result.total < shape_distances(z_normalise(values), z_normalise(values)[:2]).min(axis=1).sum()


def test_dtw_distance_by_hand() -> None:
    x = np.zeros((1, 20))
    y = x.copy()
    x[0, 8:10] = 1.0
    y[0, 10:12] = 1.0  # two samples later: within the window of a tenth of 20
    z = np.roll(x, 6, axis=1)  # too late: both bumps are met by zeros
    assert dtw_distances(x, y)[0, 0] == 0.0
    assert dtw_distances(x, z)[0, 0] == pytest.approx(2.0)
    both = dtw_distances(np.vstack([x, y, z]))
    assert np.array_equal(both, both.T) and both[0, 2] == pytest.approx(2.0)


def test_medoids_are_never_worse_than_their_start_and_the_best_of_all_starts() -> None:
    rng = np.random.default_rng(7)
    points = rng.normal(size=(60, 3))
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    for _ in range(50):
        start = rng.choice(60, 4, replace=False)
        medoids, labels, total = improve_medoids(distances, start)
        assert total <= distances[:, start].min(axis=1).sum()
        assert total == pytest.approx(distances[np.arange(60), medoids[labels]].sum())
        for group in range(4):  # no member is more central than the medoid
            members = np.flatnonzero(labels == group)
            sums = distances[np.ix_(members, members)].sum(axis=0)
            assert sums[members == medoids[group]][0] == pytest.approx(sums.min())
    totals = [k_medoids(distances, 4, seed=1, starts=n)[2] for n in (1, 3, 10)]
    assert totals == sorted(totals, reverse=True) and totals[2] < totals[0]


def test_medoids_with_equal_series() -> None:
    medoids, labels, total = k_medoids(np.zeros((5, 5)), 2, seed=0)
    assert total == 0.0 and len(set(medoids.tolist())) == 2 and set(labels.tolist()) == {0}


def test_distances_are_computed_once_and_a_large_set_is_refused() -> None:
    method = BASELINES["dtw_kmedoids"]
    values, _ = bumps(12, seed=0)
    assert method.prepare(values).distances is not None and BASELINES["kmeans"].prepare(values).distances is None
    assert method.refusal(905, 270) is None
    assert BASELINES["kmeans"].refusal(7163, 152) is None
    assert "not run (7,163 series of 152: DTW between all would take about" in (method.refusal(7163, 152) or "")
    with pytest.raises(ConfigError, match="too slow"):
        method.prepare(np.zeros((20_000, 200)))


def test_bad_requests() -> None:
    method = baseline("kmeans")
    prepared = method.prepare(np.eye(4))
    for clusters in (0, 5):
        with pytest.raises(ConfigError, match="number of groups"):
            method.fit(prepared, clusters, 0)
    with pytest.raises(ConfigError, match="did you mean 'kshape'"):
        baseline("kshapes")
