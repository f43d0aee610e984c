"""Encoders that treat every value on its own: intensity, sign, category, median, quantile (rules T2, L1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neutnngen.core.encode_base import (
    MAX_T_RES,
    TensorEncoder,
    as_tensor,
    check_count,
    check_cuts,
    check_levels,
    check_range,
    cuts_below,
    equal_cuts,
    level_times,
    real_values,
    sample_values,
)
from neutnngen.errors import ConfigError
from neutnngen.spec import NO_SPIKE


@dataclass(frozen=True, eq=False)
class IntensityEncoder(TensorEncoder):
    """One line per value; larger is earlier.

    With L = 2^t_res, level l = min(L − 1, floor(L (v − low) / (high − low))) spikes at time L − 1 − l; values outside low … high
    saturate. Levels below ``drop`` do not spike: ``drop=1`` silences the lowest.

    Input (batch, values). Errors: ConfigError.
    """

    values: int
    low: float = 0.0
    high: float = 1.0
    t_res: int = 3
    drop: int = 0
    kind: ClassVar[str] = "intensity"

    def _check(self) -> None:
        check_count(self.kind, "values", self.values)
        check_range(self.kind, "low and high", self.low, self.high)
        check_levels(self.kind, self.t_res, self.drop)

    @property
    def lines(self) -> int:
        return self.values

    @property
    def times(self) -> tuple[int, int]:
        return 0, (1 << self.t_res) - 1 - self.drop

    def spike_times(self, values: Tensor) -> Tensor:
        plain = real_values(values, (self.values,), self.kind)
        levels = 1 << self.t_res
        cuts = torch.tensor(equal_cuts(self.low, self.high, levels, 1), dtype=torch.float64, device=plain.device)
        return level_times(torch.bucketize(plain, cuts, right=True), levels - 1, self.drop)


@dataclass(frozen=True, eq=False)
class PosNegEncoder(TensorEncoder):
    """Two lines per value, one of which spikes at time 0: the first where the value is above ``cut``, else the second.

    Input (batch, values); line 2 i + c belongs to value i. Errors: ConfigError.
    """

    values: int
    cut: float = 0.5
    kind: ClassVar[str] = "posneg"

    def _check(self) -> None:
        check_count(self.kind, "values", self.values)
        if not np.isfinite(self.cut):
            raise ConfigError("the posneg encoder's cut is not legal", got=self.cut, allowed="a finite number")

    @property
    def lines(self) -> int:
        return 2 * self.values

    @property
    def times(self) -> tuple[int, int]:
        return 0, 0

    def spike_times(self, values: Tensor) -> Tensor:
        above = real_values(values, (self.values,), self.kind) > self.cut
        return _at_zero(torch.stack([above, ~above], dim=-1).flatten(1))


@dataclass(frozen=True, eq=False)
class OneHotEncoder(TensorEncoder):
    """A category index 0 … categories − 1 becomes a spike at time 0 on the line of that index.

    Input (batch,) of an integer type. Errors: ConfigError, also for an index out of range.
    """

    categories: int
    kind: ClassVar[str] = "onehot"

    def _check(self) -> None:
        check_count(self.kind, "categories", self.categories)

    @property
    def lines(self) -> int:
        return self.categories

    @property
    def times(self) -> tuple[int, int]:
        return 0, 0

    def spike_times(self, values: Tensor) -> Tensor:
        real_values(values, (), self.kind)  # shape and NaN; a float cannot be an index even if finite
        if values.is_floating_point() or values.dtype == torch.bool:
            raise ConfigError("the onehot encoder takes category indices", got=values.dtype, allowed="an integer type")
        index = values.to(torch.int64)
        bad = (index < 0) | (index >= self.categories)
        if bad.any():
            at = int(bad.nonzero()[0])
            raise ConfigError(
                "a category index is out of range", got=f"element [{at}] = {int(index[at])}", allowed=f"0 … {self.categories - 1}"
            )
        return _at_zero(index[:, None] == torch.arange(self.categories, device=index.device))


@dataclass(frozen=True, eq=False)
class MedianThresholdEncoder(TensorEncoder):
    """One line per bin, which spikes where the value is above the bin's median.

    cuts: (line, L) float64, ascending, L = 2^t_res: the quantiles 1/2 + k / 2L, k = 0 … L − 1, of the values that the bin was fitted on;
    with L = 1 the median only. n > 0 cuts below a value spike at time L − n, none does not spike. It equals the quantile encoder of one
    bit more without its lower half. No labels are used.

    Input (batch, lines). Errors: ConfigError.
    """

    cuts: Tensor = field(metadata={"dtype": torch.float64})
    kind: ClassVar[str] = "median"

    def _check(self) -> None:
        check_cuts(self.kind, self.cuts, 1 << MAX_T_RES)
        if self.cuts.shape[1].bit_count() != 1:
            raise ConfigError("the median encoder's cuts have the wrong shape", got=tuple(self.cuts.shape), allowed="(line, a power of 2)")

    @classmethod
    def fit(cls, values: NDArray[Any] | Tensor, t_res: int = 0) -> MedianThresholdEncoder:
        """Take medians and levels from ``values`` (sample, line)."""
        check_levels(cls.kind, t_res)
        levels = 1 << t_res
        plain = sample_values(values, cls.kind).cpu().numpy()
        at = np.arange(levels, 2 * levels) / (2 * levels)
        return cls(torch.from_numpy(np.ascontiguousarray(np.quantile(plain, at, axis=0).T)))

    @property
    def lines(self) -> int:
        return int(self.cuts.shape[0])

    @property
    def times(self) -> tuple[int, int]:
        return 0, int(self.cuts.shape[1]) - 1

    def spike_times(self, values: Tensor) -> Tensor:
        plain = real_values(values, (self.lines,), self.kind)
        return level_times(cuts_below(plain, self.cuts), int(self.cuts.shape[1]), 1)


def quantile_times(values: Tensor, cuts: Tensor, drop: int, rank: bool) -> Tensor:
    """The code of ``QuantileEncoder`` on tensors of any device, equal to it in every time.

    values: (batch, line). cuts: (line, L − 1) float64, ascending. Returns (batch, line) uint8. Errors: ConfigError.
    """
    plain = real_values(values, (int(cuts.shape[0]),), "quantile")
    if rank:
        plain = plain.argsort(dim=1, stable=True).argsort(dim=1, stable=True).to(torch.float64)
    return level_times(cuts_below(plain, cuts), int(cuts.shape[1]), drop)


def check_quantile(cuts: Tensor | NDArray[Any], drop: int) -> None:
    """Raise ConfigError unless these can be the constants of a quantile encoder."""
    check_cuts("quantile", as_tensor(cuts), (1 << MAX_T_RES) - 1)
    if not 0 <= drop <= cuts.shape[1]:
        raise ConfigError("the encoder's drop is out of range", got=drop, allowed=f"0 … {cuts.shape[1]}")


def _at_zero(spikes: Tensor) -> Tensor:
    return torch.where(spikes, 0, NO_SPIKE).to(torch.uint8)
