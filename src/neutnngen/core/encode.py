"""Encoders: real values to spike times (rule T2; one declared line count and time range each)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neutnngen.errors import ConfigError
from neutnngen.spec import NO_SPIKE


@dataclass(frozen=True, eq=False)
class QuantileEncoder:
    """One line per value; the larger a value is among its kind, the earlier its spike.

    With ``rank`` every value is first replaced by its rank within its own series (ties by position), which makes the code independent
    of offset, scale and any monotone distortion of a series. Every line has its own cut points: the quantiles 1/L … (L-1)/L (L =
    2^t_res levels) of the values that it saw while fitting. Level l = number of cut points below the value spikes at time L-1-l; levels
    below ``drop`` do not spike, so with ``drop`` = L/2 a line spikes when its value is above its median. No labels are used, and after
    fitting only comparisons with constants are needed.

    cuts: (line, L-1) float64, ascending.
    """

    cuts: NDArray[np.float64]
    drop: int
    rank: bool = False
    kind: ClassVar[str] = "quantile"

    @property
    def lines(self) -> int:
        return int(self.cuts.shape[0])

    @property
    def t_in_max(self) -> int:
        """Latest spike time; times of this encoder are 0 … t_in_max - drop."""
        return int(self.cuts.shape[1])

    @property
    def times(self) -> tuple[int, int]:
        """First and last possible spike time."""
        return 0, self.t_in_max - self.drop

    @classmethod
    def fit(cls, values: NDArray[np.floating], t_res: int = 3, drop: int | None = None, rank: bool = False) -> QuantileEncoder:
        """Take the cut points from ``values`` (sample, line). ``drop`` defaults to half the levels."""
        levels = 1 << t_res
        drop = levels // 2 if drop is None else drop
        if not 0 <= drop < levels:
            raise ConfigError("the encoder's drop is out of range", got=drop, allowed=f"0 … {levels - 1}")
        cuts = np.quantile(_ranked(values, rank), np.arange(1, levels) / levels, axis=0).T
        return cls(np.ascontiguousarray(cuts), drop, rank)

    def encode(self, values: NDArray[np.floating]) -> NDArray[np.uint8]:
        """values: (sample, line). Returns (sample, line) uint8 spike times."""
        values = np.asarray(values, dtype=np.float64)
        if values.ndim != 2 or values.shape[1] != self.lines:
            raise ConfigError("the series do not fit the encoder", got=values.shape, allowed=f"(sample, {self.lines})")
        values = _ranked(values, self.rank)
        level = (values[:, :, None] > self.cuts[None]).sum(axis=2)
        return np.where(level < self.drop, NO_SPIKE, self.t_in_max - level).astype(np.uint8)

    def to_dict(self) -> dict[str, Any]:
        """As JSON values, for a Design's provenance."""
        return {"kind": "quantile", "drop": self.drop, "rank": self.rank, "cuts": self.cuts.tolist()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> QuantileEncoder:
        return cls(np.array(values["cuts"], dtype=np.float64), int(values["drop"]), bool(values["rank"]))


def _ranked(values: NDArray[np.floating], rank: bool) -> NDArray[np.float64]:
    plain: NDArray[np.float64] = np.asarray(values, dtype=np.float64)
    if not rank:
        return plain
    order = plain.argsort(axis=1, kind="stable")
    return order.argsort(axis=1, kind="stable").astype(np.float64)
