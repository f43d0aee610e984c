"""Population code: the more a feature varies, the more lines it gets, each with a threshold of its own (rules T2, L1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neutnngen.core.encode_base import (
    TensorEncoder,
    check_count,
    check_cuts,
    check_levels,
    cuts_below,
    level_times,
    real_values,
    sample_values,
)
from neutnngen.errors import ConfigError


@dataclass(frozen=True, eq=False)
class PopulationEncoder(TensorEncoder):
    """Pairs of lines, each pair on one feature: with L = 2^t_res levels, the high line spikes at L − 1 − l, the low line at l.

    l = number of the pair's L − 1 cuts below the feature, so the two times of a pair always add up to L − 1 and every wave carries the
    same amount of drive: a ramp-no-leak segment then measures how far a wave is from its weights. After fitting only comparisons with
    constants are needed. No labels are used.

    features: how many values a sample has. feature: (pair,) the value that a pair reads. cuts: (pair, L − 1) ascending.
    """

    features: int
    feature: Tensor = field(metadata={"dtype": torch.int64})
    cuts: Tensor = field(metadata={"dtype": torch.float64})
    kind: ClassVar[str] = "population"

    def _check(self) -> None:
        check_count(self.kind, "features", self.features)
        levels = self.cuts.shape[-1] + 1 if self.cuts.ndim == 2 else 0
        if levels < 2 or levels & (levels - 1):
            raise ConfigError(
                "the population encoder's cuts have the wrong shape", got=tuple(self.cuts.shape), allowed="(pair, 2^t_res − 1)"
            )
        check_levels(self.kind, levels.bit_length() - 1)
        check_cuts(self.kind, self.cuts, levels - 1)
        if self.feature.shape != self.cuts.shape[:1]:
            raise ConfigError("the population encoder's feature does not fit its cuts", got=tuple(self.feature.shape), allowed="(pair,)")
        if int(self.feature.min()) < 0 or int(self.feature.max()) >= self.features:
            raise ConfigError(
                "the population encoder reads a feature that is not there", got=self.feature.tolist(), allowed=f"0 … {self.features - 1}"
            )

    @property
    def lines(self) -> int:
        return 2 * int(self.feature.shape[0])

    @property
    def times(self) -> tuple[int, int]:
        return 0, int(self.cuts.shape[1])

    @classmethod
    def fit(cls, values: NDArray[np.floating] | Tensor, pairs: int, t_res: int = 3, width: float = 1.0) -> PopulationEncoder:
        """Share ``pairs`` among the features in proportion to their standard deviations (largest remainder; a constant gets none).

        values: (sample, feature). The n pairs of a feature are centred at its quantiles (j + ½) / n; the cuts of a pair lie at
        ``width`` · σ · (2k − L) / (L − 1) around that, k = 1 … L − 1. If all features are constant, the first gets all pairs.
        """
        check_count(cls.kind, "pairs", pairs)
        check_levels(cls.kind, t_res)
        if not width > 0:
            raise ConfigError("the population encoder's width is not legal", got=width, allowed="a number > 0")
        plain = sample_values(values, cls.kind).cpu().numpy()
        spread = plain.std(axis=0)
        count = _shares(spread, pairs)
        levels = 1 << t_res
        grid = (np.arange(1, levels) - levels / 2) / ((levels - 1) / 2)
        feature = np.repeat(np.arange(len(spread)), count)
        centre = np.concatenate([np.quantile(plain[:, f], (np.arange(n) + 0.5) / n) for f, n in enumerate(count) if n])
        cuts = centre[:, None] + width * spread[feature][:, None] * grid
        return cls(plain.shape[1], torch.from_numpy(feature), torch.from_numpy(cuts))

    def spike_times(self, values: Tensor) -> Tensor:
        """values: (batch, feature). Returns (batch, 2 · pair) uint8, the high line of a pair before the low one."""
        plain = real_values(values, (self.features,), self.kind)
        top = int(self.cuts.shape[1])
        level = cuts_below(plain[:, self.feature.to(plain.device)], self.cuts.to(plain.device))
        return torch.stack([level_times(level, top, 0), level_times(top - level, top, 0)], dim=-1).flatten(1)


def _shares(spread: NDArray[np.float64], pairs: int) -> NDArray[np.int64]:
    """Whole numbers in proportion to ``spread`` that add up to ``pairs`` (largest remainder, then lowest index)."""
    tiny = spread <= 1e-12 * max(1.0, float(spread.max()))
    wanted = np.where(tiny, 0.0, spread)
    if not wanted.any():
        wanted[0] = 1.0
    exact = pairs * wanted / wanted.sum()
    count = np.floor(exact).astype(np.int64)
    count[np.argsort(count - exact, kind="stable")[: pairs - int(count.sum())]] += 1
    return np.asarray(count)
