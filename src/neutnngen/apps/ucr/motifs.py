"""Motifs: a classic column learns windows of series online; how often each of its neurons wins over a series describes that series.

The windows of a sample are waves one after another; a counter per neuron adds up its wins (rule L3). Counts are integers, and what reads
them compares them with constants.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from neutnngen.apps.ucr.learning import STDP, sample_start, taught, winners
from neutnngen.apps.ucr.transforms import Array, counts, segment_means
from neutnngen.core.encode_population import PopulationEncoder
from neutnngen.spec import ColumnSpec, Design, LfsrSpec

POINTS = 8  # means that a window is reduced to
MOTIFS = 16  # neurons
WINDOWS = 6000  # at most so many are learned from
EPOCHS = 4
FLAT = 0.2  # a window that varies less (in standard deviations of its series) is not stretched to deviation 1
DRIVE = 0.6  # θ per point: low, so that most neurons can win


@dataclass(frozen=True, eq=False)
class MotifCounter:
    """window: samples of a window, ``step`` of which lie between two. encoder: of a window's means. column: trained, a classic one."""

    window: int
    step: int
    encoder: PopulationEncoder
    column: Design

    @classmethod
    def fit(cls, values: Array, fraction: float, seed: int) -> MotifCounter:
        """Learn from ``values`` (series, sample), z-normalised; a window is ``fraction`` of a series, at least 4 samples."""
        window = max(4, int(fraction * values.shape[1]))
        step = max(1, window // 8)
        means = window_means(values, window, step)
        scale = float(np.sqrt((means**2).mean())) or 1.0
        cuts = np.tile((np.arange(1, 8) - 4) / 1.75 * scale, (means.shape[1], 1))  # three bits over two standard deviations to both sides
        encoder = PopulationEncoder(means.shape[1], torch.arange(means.shape[1]), torch.from_numpy(cuts))
        chosen = np.random.default_rng(seed).permutation(len(means))[:WINDOWS]
        waves = encoder.encode(means[chosen])
        threshold = max(1, round(DRIVE * means.shape[1]))
        spec = ColumnSpec(
            encoder.lines, MOTIFS, threshold, tie="largest_potential", stdp=STDP, lfsr=LfsrSpec(seed=1 + seed % ((1 << 31) - 1))
        )
        return cls(window, step, encoder, taught(sample_start(spec, waves, seed, "motifs"), waves, EPOCHS, seed))

    def to_dict(self) -> dict[str, Any]:
        """As JSON values: all that ``count`` needs."""
        column = self.column.column
        return {
            "window": self.window,
            "step": self.step,
            "encoder": self.encoder.to_dict(),
            "threshold": column.threshold,
            "weights": self.column.weights.tolist(),
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> MotifCounter:
        """The counter that ``to_dict`` wrote; its column counts as before, the random state to learn on is not kept."""
        encoder = PopulationEncoder.from_dict(values["encoder"])
        weights = np.array(values["weights"], dtype=np.uint8)
        spec = ColumnSpec(weights.shape[1], weights.shape[0], values["threshold"], tie="largest_potential", stdp=STDP)
        design = Design.of_column("motifs", spec, weights, np.ones(weights.shape, dtype=bool), spec.lfsr.seed)
        return cls(values["window"], values["step"], encoder, design)

    def count(self, values: Array) -> NDArray[np.int64]:
        """values: (series, sample). Returns (series, neuron): over how many windows each neuron wins."""
        waves = self.encoder.encode(window_means(values, self.window, self.step))
        won = winners(self.column, waves).reshape(len(values), -1)
        return counts(np.where(won < 0, MOTIFS, won), MOTIFS + 1)[:, :MOTIFS]


def window_means(values: Array, window: int, step: int) -> Array:
    """All windows, series by series, each as at most POINTS means of mean 0 and deviation 1: (series × window, point)."""
    windows = np.lib.stride_tricks.sliding_window_view(values, window, axis=1)[:, ::step]
    means = segment_means(windows.reshape(-1, window), POINTS)
    means = means - means.mean(axis=1, keepdims=True)
    return np.asarray(means / np.maximum(means.std(axis=1, keepdims=True), FLAT))
