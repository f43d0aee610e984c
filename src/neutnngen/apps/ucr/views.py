"""The views of a series and their spike code: nine descriptions, each with the same number of line pairs.

| view | what it describes | what makes it |
|---|---|---|
| values | the course of the values | means of 32 parts |
| shape | the course of the slopes, wherever it lies in time | alignment to a common shape, means of 32 parts |
| order, long order | which way the series goes, over short and long spans | orders of four points (comparisons, counters) |
| slope order | the same of the slopes | comparisons, counters |
| motifs, long motifs, slope motifs | which windows occur, and how often | columns with STDP, counters (rule L3) |
| bands | how fast it swings | energy of frequency bands |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.ucr.learning import Waves
from neutnngen.apps.ucr.motifs import MotifCounter
from neutnngen.apps.ucr.transforms import (
    Array,
    align,
    band_energies,
    common_shape,
    lag_of,
    ordinal_words,
    segment_means,
    slopes,
    z_normalise,
)
from neutnngen.core.encode_population import PopulationEncoder
from neutnngen.errors import ConfigError

VIEWS = ("values", "shape", "order", "long order", "slope order", "motifs", "long motifs", "slope motifs", "bands")
LEAST = 12  # samples of the shortest series that can be described
PARTS = 32


@dataclass(frozen=True, eq=False)
class ViewEncoder:
    """From series (series, sample) to spike times (series, line) uint8; made by ``fit``, which sees no label.

    Everything before the line comparisons may compute with real numbers; what leaves is an integer code, and what the motif columns do
    inside is integer too. length: samples of a series. reference: (sample,) common shape of the slopes. counters: the motif columns.
    encoders: one for each view, in the order of VIEWS.
    """

    length: int
    reference: Array
    counters: tuple[MotifCounter, ...]
    encoders: tuple[PopulationEncoder, ...]

    @classmethod
    def fit(cls, values: NDArray[np.floating], pairs: int = 12, seed: int = 0) -> ViewEncoder:
        """values: (series, sample) finite. pairs: line pairs of each view. Raises ConfigError for series that are too short."""
        return cls.fit_encode(values, pairs, seed)[0]

    @classmethod
    def fit_encode(cls, values: NDArray[np.floating], pairs: int = 12, seed: int = 0) -> tuple[ViewEncoder, Waves]:
        """``fit``, and what ``encode`` gives of the same series, which are described only once."""
        if values.ndim != 2 or values.shape[1] < LEAST:
            raise ConfigError("the series are too short to be described", got=values.shape, allowed=f"(series, {LEAST} samples or more)")
        plain = z_normalise(values)
        slope = slopes(plain)
        reference = common_shape(slope)
        kinds = ((plain, 0.05), (plain, 0.1), (plain, 0.2), (slope, 0.1))
        counters = tuple(MotifCounter.fit(source, fraction, 10 * seed + n) for n, (source, fraction) in enumerate(kinds))
        features = _describe(plain, reference, counters)
        made = cls(values.shape[1], reference, counters, tuple(PopulationEncoder.fit(f, pairs) for f in features))
        return made, made._code(features)

    def features(self, values: NDArray[np.floating]) -> list[Array]:
        """The views before they are compared with constants: (series, feature) each."""
        values = np.asarray(values, dtype=np.float64)
        if values.ndim != 2 or values.shape[1] != self.length:
            raise ConfigError("the series do not fit the encoder", got=values.shape, allowed=f"(series, {self.length})")
        return _describe(z_normalise(values), self.reference, self.counters)

    def encode(self, values: NDArray[np.floating]) -> Waves:
        """values: (series, sample). Returns (series, line) uint8, view after view."""
        return self._code(self.features(values))

    def _code(self, features: list[Array]) -> Waves:
        return np.hstack([e.encode(f) for e, f in zip(self.encoders, features, strict=True)])

    @property
    def lines(self) -> int:
        return sum(e.lines for e in self.encoders)

    @property
    def view_lines(self) -> list[tuple[int, int]]:
        """First line and number of lines of each view."""
        widths = [e.lines for e in self.encoders]
        return list(zip(np.cumsum([0, *widths[:-1]]).tolist(), widths, strict=True))

    def to_dict(self) -> dict[str, Any]:
        """As JSON values, for a Design's provenance; the motif columns by their weights."""
        return {
            "kind": "views",
            "length": self.length,
            "reference": self.reference.tolist(),
            "counters": [c.to_dict() for c in self.counters],
            "encoders": [e.to_dict() for e in self.encoders],
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ViewEncoder:
        """The encoder that ``to_dict`` wrote, for instance into a Design's provenance. Raises ConfigError for another kind."""
        if values.get("kind") != "views":
            raise ConfigError("this describes another kind of encoder", got=values.get("kind"), allowed="views")
        return cls(
            values["length"],
            np.array(values["reference"]),
            tuple(MotifCounter.from_dict(c) for c in values["counters"]),
            tuple(PopulationEncoder.from_dict(e) for e in values["encoders"]),
        )


def _describe(plain: Array, reference: Array, counters: tuple[MotifCounter, ...]) -> list[Array]:
    length = plain.shape[1]
    slope = slopes(plain)
    short = sorted({1, *(max(1, length // n) for n in (60, 30, 15))})
    short = [lag for lag in short if 3 * lag < length - 1]
    long = sorted({lag_of(length, f) for f in (0.2, 0.35)})
    small, middle, large, on_slopes = counters
    often = {c: np.sqrt(c.count(source)) for c, source in ((small, plain), (middle, plain), (large, plain), (on_slopes, slope))}
    for c, n in often.items():
        n /= np.sqrt((length - (c is on_slopes) - c.window) // c.step + 1)  # as shares, so that window lengths weigh alike
    return [
        segment_means(plain, PARTS),
        segment_means(align(slope, reference), PARTS),
        ordinal_words(plain, short),
        ordinal_words(plain, long),
        ordinal_words(slope, short),
        np.hstack([often[small], often[middle], often[large]]),
        often[large],
        often[on_slopes],
        band_energies(plain),
    ]
