"""The functions from series to features, against naive loops and values computed by hand."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from neutnngen.apps.ucr.transforms import (
    WORD,
    WORDS,
    align,
    band_energies,
    best_shifts,
    common_shape,
    counts,
    lag_of,
    ordinal_words,
    segment_means,
    slopes,
    z_normalise,
)
from neutnngen.errors import ConfigError


def noise(seed: int, series: int = 5, length: int = 50) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(series, length))


def bump(length: int, at: int) -> np.ndarray:
    """(sample,) a short unsymmetric shape that begins at ``at``, zero elsewhere."""
    values = np.zeros(length)
    values[at : at + 5] = [1, 3, 4, -3, -5]
    return values


def test_z_normalise() -> None:
    by_hand = [[-1, -1, 1, 1], [-1 / 3**0.5] * 3 + [3**0.5]]
    assert np.allclose(z_normalise(np.array([[1, 1, 3, 3], [0, 0, 0, 8]])), by_hand)
    values = noise(0) * [[1e-9], [1], [1e9], [3], [5]] + [[0], [7], [0], [-1e3], [1e-3]]
    normal = z_normalise(values)
    assert np.allclose(normal.mean(axis=1), 0, atol=1e-9) and np.allclose(normal.std(axis=1), 1)
    for row, one in zip(values, normal, strict=True):
        assert np.allclose(one, (row - row.mean()) / row.std())


@pytest.mark.parametrize("value", [0.0, 1.0, 0.1, -3.7e8, 1e-8])
def test_z_normalise_of_a_constant_series_is_zero(value: float) -> None:
    normal = z_normalise(np.stack([np.full(33, value), np.arange(33.0)]))
    assert (normal[0] == 0).all() and normal[1].std() == pytest.approx(1)


def test_z_normalise_refuses_what_is_no_table() -> None:
    for bad in (np.zeros(4), np.zeros((0, 4)), np.array([[0.0, np.nan]]), np.array([[0.0, np.inf]])):
        with pytest.raises(ConfigError):
            z_normalise(bad)


@pytest.mark.parametrize(("length", "segments"), [(8, 4), (7, 3), (50, 32), (33, 32), (100, 7), (9, 1)])
def test_segment_means(length: int, segments: int) -> None:
    values = noise(1, length=length)
    means = segment_means(values, segments)
    assert means.shape == (5, segments)
    first = [length * k // segments for k in range(segments + 1)]
    for n in range(5):
        for k in range(segments):
            assert means[n, k] == pytest.approx(values[n, first[k] : first[k + 1]].mean())


def test_segment_means_by_hand_and_of_short_series() -> None:
    assert segment_means(np.array([[1.0, 3, 5, 9, 2, 2]]), 3).tolist() == [[2, 7, 2]]
    assert segment_means(np.array([[1.0, 3, 5, 9, 2]]), 2).tolist() == [[2, 16 / 3]]  # two, then three
    values = noise(2, length=6)
    assert np.array_equal(segment_means(values, 6), values) and np.array_equal(segment_means(values, 9), values)


def test_slopes_are_differences_of_a_moving_average() -> None:
    short = noise(3, length=64)
    assert np.allclose(slopes(short), z_normalise(np.diff(short, axis=1)))
    for length in (128, 200, 261):
        values, width = noise(4, 3, length), length // 64
        smooth = np.empty_like(values)
        for n in range(3):
            for t in range(length):
                window = [values[n, min(max(t - width // 2 + k, 0), length - 1)] for k in range(width)]
                smooth[n, t] = np.mean(window)
        assert np.allclose(slopes(values), z_normalise(np.diff(smooth, axis=1)))


def test_slopes_of_constant_and_straight_series_are_zero() -> None:
    assert (slopes(np.zeros((2, 300))) == 0).all()
    assert (slopes(z_normalise(np.arange(40.0)[None])) == 0).all()


@pytest.mark.parametrize("length", [60, 130, 300, 1000])
def test_slopes_of_level_parts_are_equal(length: int) -> None:
    """On a plateau nothing rises or falls: rounding errors there would be words of noise to the order of the slopes."""
    at, margin = length // 4, length // 64 + 2
    values = z_normalise(np.where((np.arange(length) >= at) & (np.arange(length) < 3 * at), 0.7, 0.1)[None])
    slope = slopes(values)[0]
    level = np.concatenate([slope[: at - margin], slope[at + margin : 3 * at - margin], slope[3 * at + margin :]])
    assert len(level) > length // 2 and len(np.unique(level)) == 1


def test_best_shifts_count_how_far_a_series_lags() -> None:
    reference = bump(40, 12)
    values = np.stack([bump(40, 12 + lag) for lag in (0, 5, -7, 20)])
    assert best_shifts(values, reference).tolist() == [0, 5, -7, 20]
    assert best_shifts(np.zeros((2, 40)), reference).tolist() == [0, 0]


def test_best_shifts_against_a_naive_correlation() -> None:
    values, reference = noise(5, 6, 21), noise(6, 1, 21)[0]
    for row, shift in zip(values, best_shifts(values, reference), strict=True):
        lags = range(-20, 21)
        naive = [sum(row[t + lag] * reference[t] for t in range(21) if 0 <= t + lag < 21) for lag in lags]
        assert lags[int(np.argmax(naive))] == shift


def test_align_undoes_a_known_shift() -> None:
    reference = bump(40, 12)
    values = np.stack([bump(40, 12 + lag) for lag in (0, 5, -7, 20)])
    assert np.array_equal(align(values, reference), np.tile(reference, (4, 1)))


def test_align_brings_in_zeros_only() -> None:
    reference, late = bump(40, 12), bump(40, 17)
    late[:4], late[39] = 0.25, 0.5  # the first five samples leave
    expected = bump(40, 12)
    expected[34] = 0.5
    assert np.array_equal(align(late[None], reference)[0], expected)
    early = bump(40, 9)
    early[0], early[-3:] = 0.5, 0.25
    expected = bump(40, 12)
    expected[3] = 0.5
    assert np.array_equal(align(early[None], reference)[0], expected)


def test_common_shape_of_shifted_copies_is_their_shape() -> None:
    rng = np.random.default_rng(7)
    values = z_normalise(np.stack([bump(60, 25 + lag) for lag in rng.integers(-8, 9, 30)]) + rng.normal(0, 0.05, (30, 60)))
    shape = common_shape(values)
    assert shape.shape == (60,) and shape.mean() == pytest.approx(0, abs=1e-9) and shape.std() == pytest.approx(1)
    at = best_shifts(shape[None], bump(60, 25))[0]
    assert np.corrcoef(shape, bump(60, 25 + at))[0, 1] > 0.99
    assert np.corrcoef(values.mean(axis=0), bump(60, 25))[0, 1] < 0.9  # without alignment it is washed out
    assert np.array_equal(common_shape(np.zeros((3, 20))), np.zeros(20))


def naive_words(row: np.ndarray, lag: int) -> np.ndarray:
    """Share of windows by the order of its points, the earlier of equal points counting as the smaller."""
    orders = list(permutations(range(WORD)))
    found = np.zeros(WORDS)
    windows = len(row) - (WORD - 1) * lag
    for t in range(windows):
        points = row[[t + k * lag for k in range(WORD)]]
        rank = tuple(int(r) for r in np.argsort(np.argsort(points, kind="stable"), kind="stable"))
        found[orders.index(rank)] += 1
    return found / windows


@pytest.mark.parametrize("ties", [False, True])
def test_ordinal_words_against_a_naive_count(ties: bool) -> None:
    values = np.random.default_rng(8).integers(0, 3, (4, 60)).astype(float) if ties else noise(8, 4, 60)
    words = ordinal_words(values, [1, 2, 19])
    assert words.shape == (4, 3 * WORDS)
    for n, row in enumerate(values):
        expected = np.concatenate([naive_words(row, lag) for lag in (1, 2, 19)])
        assert np.allclose(words[n] ** 2, expected)
        assert np.count_nonzero(expected) > 20


def test_ordinal_words_by_hand() -> None:
    rising, falling = 0, WORDS - 1  # first and last permutation
    words = ordinal_words(np.stack([np.arange(9.0), -np.arange(9.0), np.zeros(9)]), [1])
    assert [int(row.argmax()) for row in words] == [rising, falling, rising] and (words.max(axis=1) == 1).all()
    values = np.array([[0.0, 9, 1, 8, 2, 7, 3]])  # lag 2 sees 0 1 2 3 once, lag 1 never
    assert ordinal_words(values, [2])[0, rising] == 1 and ordinal_words(values, [1])[0, rising] == 0


def test_ordinal_words_ignore_growing_functions_of_the_values() -> None:
    values = noise(9)
    assert np.array_equal(ordinal_words(values, [1, 3]), ordinal_words(np.exp(2 * values) - 5, [1, 3]))
    assert not np.array_equal(ordinal_words(values, [1, 3]), ordinal_words(-values, [1, 3]))


def test_counts() -> None:
    assert counts(np.array([[0, 2, 2], [1, 1, 1]]), 4).tolist() == [[1, 0, 2, 0], [0, 3, 0, 0]]


@pytest.mark.parametrize("length", [12, 13, 48, 100, 1000])
def test_a_word_at_its_lag_fits_the_series(length: int) -> None:
    for fraction in (0.01, 0.2, 0.35, 1.0):
        lag = lag_of(length, fraction)
        assert lag >= 1 and (WORD - 1) * lag < length
        assert ordinal_words(noise(0, 1, length), [lag]).shape == (1, WORDS)
    assert lag_of(100, 0.3) == 10 and lag_of(100, 1.0) == 33 and lag_of(100, 0.001) == 1


def test_band_energies_ignore_circular_shifts_and_signs() -> None:
    values = noise(10, 4, 101)
    bands = band_energies(values)
    assert np.allclose(bands, band_energies(np.roll(values, 17, axis=1)), atol=1e-9)
    assert np.allclose(bands, band_energies(3 - values), atol=1e-9)  # neither does the mean count
    assert not np.allclose(bands, band_energies(values[:, np.random.default_rng(0).permutation(101)]), atol=0.1)


def test_band_energies_find_the_frequency_of_a_sine() -> None:
    length = 128
    sines = np.stack([np.sin(2 * np.pi * k * np.arange(length) / length) for k in (1, 2, 5, 30, 64 - 1)])
    bands = band_energies(sines, bands=6)
    loudest = bands.argmax(axis=1)
    assert (np.diff(loudest) >= 0).all() and loudest[0] == 0 and loudest[-1] == bands.shape[1] - 1 and len(set(loudest)) >= 3
    others = np.sort(bands, axis=1)[:, :-1]
    assert (bands.max(axis=1) - others.max(axis=1) > 5).all()


def test_band_energies_cover_every_frequency_once_and_are_finite() -> None:
    for length in (12, 13, 48, 200):
        values = z_normalise(noise(11, 3, length))
        power = np.abs(np.fft.rfft(values, axis=1))[:, 1:] ** 2
        whole = band_energies(values, bands=1)
        mean = power.mean(axis=1)
        assert np.allclose(whole[:, 0], np.log(mean * (1 + 1e-3)))
        assert len(np.unique(np.round(band_energies(np.eye(length)), 6))) == 1  # an impulse has the same power at all of them
        silent = band_energies(np.zeros((2, length)))
        assert np.isfinite(silent).all() and len(np.unique(silent)) == 1
