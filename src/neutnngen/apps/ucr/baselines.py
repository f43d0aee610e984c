"""Public clustering methods to compare with, each by name and by a kept library: k-means, k-shape, k-medoids under DTW.

All see the series z-normalised one by one. A method is used in two steps, so that work which does not depend on the seed is done once::

    method = BASELINES["dtw_kmedoids"]
    prepared = method.prepare(train)
    result = method.fit(prepared, clusters=2, seed=0)
    result.labels, result.assign(test)
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.ucr.transforms import z_normalise
from neutnngen.errors import ConfigError, unknown_name

STARTS = 10
WINDOW = 0.1
DTW_CELLS = 1.5e10
SECONDS_PER_CELL = 4e-9


@dataclass(frozen=True, eq=False)
class Prepared:
    """Series as a method sees them. values: (series, sample) z-normalised. distances: (series, series), for methods that work on them.
    seconds: what it cost, once for all seeds."""

    values: NDArray[np.float64]
    distances: NDArray[np.float64] | None
    seconds: float


@dataclass(frozen=True, eq=False)
class Fitted:
    """A grouping and its rule. labels: (series,) int64 of the fitted series, from 0. assign: labels of any series (series, sample) of the
    same length, not normalised. total: what the method made small."""

    labels: NDArray[np.int64]
    assign: Callable[[NDArray[np.floating]], NDArray[np.int64]]
    total: float


@dataclass(frozen=True)
class Baseline:
    """A method. fit_prepared(prepared, clusters, seed) is deterministic for a seed. uses_dtw: it needs all pairs of DTW distances."""

    name: str
    title: str
    fit_prepared: Callable[[Prepared, int, int], Fitted]
    uses_dtw: bool = False

    def refusal(self, series: int, length: int) -> str | None:
        """Why the method is not run on so many series of such a length, or None: its estimated cost is above DTW_CELLS."""
        if not self.uses_dtw or dtw_cells(series, length) <= DTW_CELLS:
            return None
        seconds = dtw_cells(series, length) * SECONDS_PER_CELL
        return f"not run ({series:,} series of {length}: DTW between all would take about {seconds:,.0f} s)"

    def prepare(self, values: NDArray[np.floating]) -> Prepared:
        """values: (series, sample) finite floats. Raises ConfigError for another shape, or where ``refusal`` gives a reason."""
        start = time.perf_counter()
        normal = z_normalise(values)
        reason = self.refusal(*normal.shape)
        if reason:
            raise ConfigError(f"{self.title} is too slow here: {reason}", allowed=f"{DTW_CELLS:.2g} cells of warping paths")
        distances = dtw_distances(normal) if self.uses_dtw else None
        return Prepared(normal, distances, time.perf_counter() - start)

    def fit(self, prepared: Prepared, clusters: int, seed: int) -> Fitted:
        """Group the prepared series."""
        if not 1 <= clusters <= len(prepared.values):
            raise ConfigError("the number of groups is out of range", got=clusters, allowed=f"1 to the {len(prepared.values)} series")
        return self.fit_prepared(prepared, clusters, seed)


def baseline(name: str) -> Baseline:
    """The method of this name. Raises ConfigError for an unknown one."""
    if name not in BASELINES:
        raise unknown_name("there is no baseline of this name", name, BASELINES)
    return BASELINES[name]


def shape_distances(values: NDArray[np.float64], shapes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shape-based distance 1 - (largest cross-correlation over all shifts) / (norm · norm), from 0 to 2; 1 to a series of zeros.

    values: (series, sample). shapes: (shape, sample). Gives (series, shape). Paparrizos and Gravano 2015.
    """
    length = values.shape[1]
    size = 1 << (2 * length - 2).bit_length()  # at least 2·length - 1, so that the circular correlation does not wrap around
    spectra = np.conj(np.fft.rfft(shapes, size))
    shape_norms = np.linalg.norm(shapes, axis=1)
    distances = np.ones((len(values), len(shapes)))
    for first in range(0, len(values), 1024):  # in blocks: the spectra of all pairs at once would fill the memory
        block = values[first : first + 1024]
        spectrum = np.fft.rfft(block, size)
        norms = np.linalg.norm(block, axis=1)
        for j, norm in enumerate(shape_norms):
            peak = np.fft.irfft(spectrum * spectra[j], size)
            best = np.maximum(peak[:, :length].max(axis=1), peak[:, size - length + 1 :].max(axis=1, initial=-np.inf))
            product = norms * norm
            distances[first : first + 1024, j] -= np.divide(best, product, out=np.zeros_like(best), where=product > 0)
    return distances


def dtw_cells(series: int, length: int) -> float:
    """Cells of the warping matrices of all pairs of series: pairs · samples · width of the Sakoe-Chiba band."""
    return series * (series - 1) / 2 * length * (2 * WINDOW * length + 1)


def dtw_distances(values: NDArray[np.float64], others: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """Dynamic-time-warping distance (root of the summed squares, window of a tenth of the length) by aeon, one thread.

    values: (series, sample). others: (other, sample), None for the distances among ``values``.
    """
    from aeon.distances import dtw_pairwise_distance

    second = None if others is None else others[:, None, :]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numba warns of a cast inside aeon that cannot overflow
        squares = dtw_pairwise_distance(values[:, None, :], second, window=WINDOW, n_jobs=1)
    return np.asarray(np.sqrt(squares), dtype=np.float64)


def k_medoids(
    distances: NDArray[np.float64], clusters: int, seed: int, starts: int = STARTS
) -> tuple[NDArray[np.int64], NDArray[np.int64], float]:
    """Medoids (indices), labels and summed distance to the medoids: the best of ``starts`` random starts.

    distances: (series, series). Alternates between the nearest medoid for every series and the most central member for every group, as
    long as the sum gets smaller.
    """
    rng = np.random.default_rng(seed)
    best: tuple[NDArray[np.int64], NDArray[np.int64], float] | None = None
    for _ in range(starts):
        medoids = rng.choice(len(distances), clusters, replace=False)
        found = improve_medoids(distances, medoids)
        if best is None or found[2] < best[2]:
            best = found
    if best is None:
        raise ConfigError("the number of starts is out of range", got=starts, allowed="an integer ≥ 1")
    return best


def improve_medoids(distances: NDArray[np.float64], medoids: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], float]:
    """Medoids, labels and summed distance that alternation reaches from given medoids (indices)."""
    labels, total = _nearest_of(distances, medoids)
    while True:
        moved = medoids.copy()
        for group in range(len(medoids)):
            members = np.flatnonzero(labels == group)
            if len(members):  # a group is empty only where its medoid equals another one
                moved[group] = members[distances[np.ix_(members, members)].sum(axis=0).argmin()]
        new_labels, new_total = _nearest_of(distances, moved)
        if not new_total < total:
            return medoids, labels, total
        medoids, labels, total = moved, new_labels, new_total


def _nearest_of(distances: NDArray[np.float64], medoids: NDArray[np.int64]) -> tuple[NDArray[np.int64], float]:
    to_medoids = distances[:, medoids]
    return to_medoids.argmin(axis=1), float(to_medoids.min(axis=1).sum())


def _fit_kmeans(prepared: Prepared, clusters: int, seed: int) -> Fitted:
    from sklearn.cluster import KMeans

    model = KMeans(clusters, init="k-means++", n_init=STARTS, random_state=seed).fit(prepared.values)

    def assign(values: NDArray[np.floating]) -> NDArray[np.int64]:
        return np.asarray(model.predict(z_normalise(values)), dtype=np.int64)

    return Fitted(np.asarray(model.labels_, dtype=np.int64), assign, float(model.inertia_))


def _fit_kshape(prepared: Prepared, clusters: int, seed: int) -> Fitted:
    from aeon.clustering import KShape

    # One random start, as published: choosing the best of three by its sum of distances did not score better on 13 sets.
    model = KShape(clusters, n_init=1, random_state=seed).fit(prepared.values[:, None, :])
    shapes = np.asarray(model.cluster_centres_)[:, 0, :]
    distances = shape_distances(prepared.values, shapes)

    def assign(values: NDArray[np.floating]) -> NDArray[np.int64]:
        return np.asarray(shape_distances(z_normalise(values), shapes).argmin(axis=1), dtype=np.int64)

    return Fitted(np.asarray(distances.argmin(axis=1), dtype=np.int64), assign, float(distances.min(axis=1).sum()))


def _fit_dtw_kmedoids(prepared: Prepared, clusters: int, seed: int) -> Fitted:
    distances = dtw_distances(prepared.values) if prepared.distances is None else prepared.distances
    medoids, labels, total = k_medoids(distances, clusters, seed)
    centres = prepared.values[medoids]

    def assign(values: NDArray[np.floating]) -> NDArray[np.int64]:
        return np.asarray(dtw_distances(z_normalise(values), centres).argmin(axis=1), dtype=np.int64)

    return Fitted(labels, assign, total)


BASELINES: dict[str, Baseline] = {
    b.name: b
    for b in (
        Baseline("kmeans", "k-means", _fit_kmeans),
        Baseline("kshape", "k-shape", _fit_kshape),
        Baseline("dtw_kmedoids", "k-medoids, DTW", _fit_dtw_kmedoids, uses_dtw=True),
    )
}
