"""What a series looks like from several sides: pure functions from series to features, before any spike.

Every function takes z-normalised series (series, sample) float64 and returns (series, feature) float64. Nothing here sees a label.
"""

from __future__ import annotations

from itertools import pairwise, permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.errors import ConfigError

Array = NDArray[np.float64]
WORD = 4  # points of an ordinal word
WORDS = 24  # orders of four points


def z_normalise(values: NDArray[np.floating]) -> Array:
    """Each series with mean 0 and (population) standard deviation 1; a constant series becomes 0."""
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2 or not values.size or not np.isfinite(values).all():
        raise ConfigError("the series are not a table of finite numbers", got=values.shape, allowed="(series, sample)")
    centred = values - values.mean(axis=1, keepdims=True)
    spread = centred.std(axis=1, keepdims=True)
    # A constant series leaves rounding errors of its own size; scaling those up would make noise of it.
    flat = spread <= 1e-12 * np.abs(values).max(axis=1, keepdims=True)
    return np.asarray(np.where(flat, 0.0, centred / np.where(flat, 1.0, spread)))


def segment_means(values: Array, segments: int) -> Array:
    """Piecewise aggregate approximation: means of at most ``segments`` consecutive parts of nearly equal length."""
    length = values.shape[1]
    if length <= segments:
        return values
    edges = np.linspace(0, length, segments + 1).astype(int)
    sums = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)
    return np.asarray((sums[:, edges[1:]] - sums[:, edges[:-1]]) / np.diff(edges), dtype=np.float64)


def slopes(values: Array) -> Array:
    """Differences of neighbours after a moving average over 1/64 of the length, z-normalised again."""
    width = max(1, values.shape[1] // 64)
    if width > 1:  # means of windows, not differences of sums, so that a level part stays level to the bit
        padded = np.pad(values, ((0, 0), (width // 2, width - 1 - width // 2)), mode="edge")
        values = np.lib.stride_tricks.sliding_window_view(padded, width, axis=1).mean(axis=2)
    return z_normalise(np.diff(values, axis=1))


def best_shifts(values: Array, reference: Array) -> NDArray[np.int64]:
    """(series,) how many samples each series lags behind ``reference`` (sample,), by the largest cross-correlation."""
    length = values.shape[1]
    spectrum = np.fft.rfft(values, 2 * length, axis=1) * np.conj(np.fft.rfft(reference, 2 * length))
    shift = np.fft.irfft(spectrum, 2 * length, axis=1).argmax(axis=1)
    return np.asarray(np.where(shift >= length, shift - 2 * length, shift))


def align(values: Array, reference: Array) -> Array:
    """Every series moved to where it fits ``reference`` best; what comes in from outside is 0."""
    length = values.shape[1]
    source = np.arange(length) + best_shifts(values, reference)[:, None]
    moved = np.take_along_axis(values, np.clip(source, 0, length - 1), axis=1)
    return np.asarray(np.where((source >= 0) & (source < length), moved, 0.0))


def common_shape(values: Array, rounds: int = 3) -> Array:
    """A reference (sample,) for ``align``: the series nearest to the median, then the mean of the aligned series, a few times."""
    middle = ((values - np.median(values, axis=0)) ** 2).sum(axis=1).argmin()
    reference = values[middle]
    for _ in range(rounds):
        reference = z_normalise(align(values, reference).mean(axis=0)[None])[0]
        if not reference.any():
            return np.asarray(values[middle])
    return np.asarray(reference)


def _word_numbers() -> NDArray[np.int64]:
    """(64,) number of the ordinal word that six pairwise comparisons make; combinations that cannot occur are 0."""
    numbers = np.zeros(64, dtype=np.int64)
    for number, order in enumerate(permutations(range(WORD))):
        numbers[_comparisons([np.array(x) for x in order])] = number
    return numbers


def _comparisons(points: list[NDArray[Any]]) -> NDArray[np.int64]:
    code = np.zeros(points[0].shape, dtype=np.int64)
    bit = 0
    for i in range(WORD):
        for j in range(i + 1, WORD):
            code |= (points[i] > points[j]).astype(np.int64) << bit
            bit += 1
    return code


_NUMBERS = _word_numbers()


def ordinal_words(values: Array, lags: list[int]) -> Array:
    """Square roots of how often each order of four points ``lag`` apart occurs, for every lag: (series, lag × 24).

    Only comparisons and counters: the ordinal patterns of Bandt and Pompe (2002). Equal points count as rising.
    """
    parts = []
    for lag in lags:
        windows = values.shape[1] - (WORD - 1) * lag
        words = _NUMBERS[_comparisons([values[:, i * lag : i * lag + windows] for i in range(WORD)])]
        parts.append(np.sqrt(counts(words, WORDS) / windows))
    return np.hstack(parts)


def counts(symbols: NDArray[np.int64], kinds: int) -> NDArray[np.int64]:
    """symbols: (series, place) 0 … kinds - 1. Returns (series, kind): how often each occurs in a series."""
    rows = np.arange(len(symbols))[:, None] * kinds
    return np.bincount((rows + symbols).ravel(), minlength=len(symbols) * kinds).reshape(len(symbols), kinds)


def lag_of(length: int, fraction: float) -> int:
    """The lag at which a word spans ``fraction`` of a series, as long as that fits."""
    return max(1, min(round(fraction * length / (WORD - 1)), (length - 1) // (WORD - 1)))


def band_energies(values: Array, bands: int = 24) -> Array:
    """Logarithms of the power in geometrically spaced frequency bands; 1/1000 of a series' mean is added, so silence is finite."""
    power = np.abs(np.fft.rfft(values, axis=1))[:, 1:] ** 2
    edges = np.unique(np.round(np.geomspace(1, power.shape[1] + 1, bands + 1)).astype(int)) - 1
    energy = np.stack([power[:, a:b].mean(axis=1) for a, b in pairwise(edges)], axis=1)
    return np.asarray(np.log(energy + 1e-3 * energy.mean(axis=1, keepdims=True) + 1e-12))
