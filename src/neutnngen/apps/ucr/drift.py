"""Drift of a stream: what happens to the series half-way, by a pure and seeded function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.ucr.transforms import Array, z_normalise
from neutnngen.errors import ConfigError
from neutnngen.spec.column import check_range, check_word


@dataclass(frozen=True)
class Drift:
    """What happens to the series half-way, each z-normalised first.

    kind: ``shift`` moves a series in time by ``size`` of its length, and what leaves at one end comes in at the other; ``offset`` adds a
    smooth curve, the same to all series, of ``size`` standard deviations. over: waves over which it grows from nothing to all, 0 for a
    sudden one. seed: of the curve.
    """

    kind: Literal["shift", "offset"] = "shift"
    size: float = 0.25
    over: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        check_word("drift.kind", self.kind, ("shift", "offset"))
        check_range("drift.over", self.over, 0, 1 << 30)
        check_range("drift.seed", self.seed, 0, 1 << 30)
        if not np.isfinite(self.size):
            raise ConfigError("drift.size is not a number", got=self.size, allowed="a share of the length, or standard deviations")

    @property
    def pace(self) -> str:
        """In words."""
        return f"gradual, over {self.over:,} waves" if self.over else "sudden"


def inject_drift(values: NDArray[np.floating], drift: Drift, share: float | NDArray[np.floating] = 1.0) -> Array:
    """values: (series, sample), finite. share: how far the drift has come, 0 … 1, one value or (series,). Returns them z-normalised."""
    plain = z_normalise(values)
    length = plain.shape[1]
    amount = np.broadcast_to(np.asarray(share, dtype=np.float64) * drift.size, len(plain))[:, None]
    if drift.kind == "offset":
        return np.asarray(plain + amount * _curve(length, drift.seed))
    moved = (np.arange(length) - np.round(amount * length).astype(np.int64)) % length
    return np.take_along_axis(plain, moved, axis=1)


def _curve(length: int, seed: int) -> Array:
    """(sample,) three slow waves with seeded sizes and phases, of mean 0 and standard deviation 1."""
    rng = np.random.default_rng(seed)
    angle = 2 * np.pi * np.arange(length) / length
    waves = [rng.normal() / k * np.sin(k * angle) + rng.normal() / k * np.cos(k * angle) for k in (1, 2, 3)]
    return np.asarray(z_normalise(np.sum(waves, axis=0)[None])[0])
