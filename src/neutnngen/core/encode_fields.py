"""Encoders that look at several values at once: centre and surround, first difference, projected receptive fields (rules T2, L1)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neutnngen.core.encode_base import (
    MAX_T_RES,
    TensorEncoder,
    check_count,
    check_levels,
    check_range,
    level_times,
    on_off_times,
    real_values,
    sample_values,
)
from neutnngen.errors import ConfigError


@dataclass(frozen=True, eq=False)
class OnOffCentreSurroundEncoder(TensorEncoder):
    """Two lines per pixel, on and off: the pixel against the mean of the others in the (2 radius + 1)² window around it.

    c = pixel − mean(surround); at the border the surround is what lies inside the image. c spikes on the on line, −c on the off line,
    the larger the earlier: see ``on_off_times``. Below the contrast ``threshold`` neither spikes, from ``high`` on at time 0.

    Input (batch, height, width); line 2 (row · width + column) + channel. Errors: ConfigError.
    """

    height: int
    width: int
    radius: int = 1
    threshold: float = 0.1
    high: float = 1.0
    t_res: int = 3
    kind: ClassVar[str] = "onoff"

    def _check(self) -> None:
        for name in ("height", "width", "radius"):
            check_count(self.kind, name, getattr(self, name))
        if self.height * self.width == 1:
            raise ConfigError("an image of one pixel has no surround", got="(1, 1)", allowed="two pixels or more")
        _check_contrast(self.kind, self.threshold, self.high, self.t_res)

    @property
    def lines(self) -> int:
        return 2 * self.height * self.width

    @property
    def times(self) -> tuple[int, int]:
        return 0, (1 << self.t_res) - 1

    def spike_times(self, values: Tensor) -> Tensor:
        image = real_values(values, (self.height, self.width), self.kind)
        return on_off_times(self.contrast(image).flatten(1), self.threshold, self.high, self.t_res)

    def contrast(self, image: Tensor) -> Tensor:
        """Pixel minus mean of its surround: (batch, height, width) float64. Sums run in one fixed order on every device."""
        r = self.radius
        padded = torch.nn.functional.pad(image, (r, r, r, r))
        inside = torch.nn.functional.pad(torch.ones_like(image[:1]), (r, r, r, r)) if len(image) else padded
        total, count = torch.zeros_like(image), torch.zeros_like(image[:1])
        for dy in range(2 * r + 1):
            for dx in range(2 * r + 1):
                if (dy, dx) != (r, r):
                    window = (slice(None), slice(dy, dy + self.height), slice(dx, dx + self.width))
                    total = total + padded[window]
                    count = count + inside[window]
        return image - total / count


@dataclass(frozen=True, eq=False)
class FirstDifferenceEncoder(TensorEncoder):
    """Two lines per step of a series, on for a rise and off for a fall, the larger the earlier: see ``on_off_times``.

    Input (batch, samples); lines 2 i and 2 i + 1 belong to d = x[i + 1] − x[i]. |d| below ``threshold`` does not spike. Errors:
    ConfigError.
    """

    samples: int
    threshold: float = 0.1
    high: float = 1.0
    t_res: int = 3
    kind: ClassVar[str] = "difference"

    def _check(self) -> None:
        check_count(self.kind, "samples", self.samples, 2)
        _check_contrast(self.kind, self.threshold, self.high, self.t_res)

    @property
    def lines(self) -> int:
        return 2 * (self.samples - 1)

    @property
    def times(self) -> tuple[int, int]:
        return 0, (1 << self.t_res) - 1

    def spike_times(self, values: Tensor) -> Tensor:
        series = real_values(values, (self.samples,), self.kind)
        return on_off_times(series[:, 1:] - series[:, :-1], self.threshold, self.high, self.t_res)


@dataclass(frozen=True, eq=False)
class GaussianReceptiveFieldsEncoder(TensorEncoder):
    """A sparse random projection, then N bell-shaped fields per projected dimension; the larger a response, the earlier.

    p_d = Σ_k sign[d, k] · x[index[d, k]]. The response of field n is g = exp(−(p_d − centre[d, n])² / 2 σ_d²); with L = 2^t_res, level
    l = min(L − 1, floor(L g)) spikes at time L − 1 − l and levels below ``drop`` do not. It is computed without exponentials: g ≥ l / L
    is |p_d − centre| ≤ radius_l = σ_d √(2 ln(L / l)).

    inputs: values per sample. index: (dimension, tap) int64 and sign: (dimension, tap) int8, −1 or 1, the projection. centres:
    (dimension, field) float64. radii: (dimension, L − 1) float64, ascending. seed: the projection came from it (provenance only).

    Input (batch, inputs); line d · N + n. Errors: ConfigError.
    """

    inputs: int
    index: Tensor = field(metadata={"dtype": torch.int64})
    sign: Tensor = field(metadata={"dtype": torch.int8})
    centres: Tensor = field(metadata={"dtype": torch.float64})
    radii: Tensor = field(metadata={"dtype": torch.float64})
    drop: int = 1
    seed: int = 0
    kind: ClassVar[str] = "gaussian"

    def _check(self) -> None:
        check_count(self.kind, "inputs", self.inputs)
        tensors = (self.index, self.sign, self.centres, self.radii)
        if any(t.ndim != 2 or t.shape[0] != self.index.shape[0] for t in tensors) or self.index.shape != self.sign.shape:
            raise ConfigError(
                "the gaussian encoder's constants do not fit together",
                got=", ".join(str(tuple(t.shape)) for t in tensors),
                allowed="index and sign (dimension, tap), centres (dimension, field), radii (dimension, level - 1)",
            )
        levels = self.radii.shape[1] + 1
        if levels.bit_count() != 1 or levels > 1 << MAX_T_RES:
            raise ConfigError(
                "the gaussian encoder's radii have the wrong shape", got=tuple(self.radii.shape), allowed="2^t_res - 1 columns"
            )
        check_levels(self.kind, levels.bit_length() - 1, self.drop)
        if self.index.min() < 0 or self.index.max() >= self.inputs:
            raise ConfigError("the gaussian encoder's index is out of range", got=self.index.tolist(), allowed=f"0 … {self.inputs - 1}")
        if (self.sign.abs() != 1).any():
            raise ConfigError("the gaussian encoder's sign is not legal", got=self.sign.tolist(), allowed="-1 or 1")

    @classmethod
    def fit(
        cls,
        values: NDArray[Any] | Tensor,
        dimensions: int,
        fields: int,
        sparsity: float = 0.9,
        width: float = 1.0,
        t_res: int = 3,
        drop: int = 1,
        seed: int = 0,
    ) -> GaussianReceptiveFieldsEncoder:
        """Draw the projection from ``seed`` and spread the fields over what it makes of ``values`` (sample, input).

        Every projected dimension adds or subtracts max(1, round((1 − sparsity) inputs)) different inputs. Its N ≥ 2 centres lie evenly
        from the smallest to the largest projected value (a constant one gets a range of 1) and σ = width × their distance.
        """
        plain = sample_values(values, cls.kind).cpu()
        check_count(cls.kind, "dimensions", dimensions)
        check_count(cls.kind, "fields", fields, 2)
        check_levels(cls.kind, t_res, drop)
        if t_res == 0:
            raise ConfigError("the gaussian encoder's t_res is out of range", got=t_res, allowed=f"1 … {MAX_T_RES}")
        if not 0 <= sparsity < 1:
            raise ConfigError("the gaussian encoder's sparsity is out of range", got=sparsity, allowed="0 ≤ sparsity < 1")
        if not (math.isfinite(width) and width > 0):
            raise ConfigError("the gaussian encoder's width is not legal", got=width, allowed="a finite number > 0")
        inputs = int(plain.shape[1])
        taps = max(1, round((1 - sparsity) * inputs))
        random = np.random.default_rng(seed)
        index = torch.from_numpy(np.stack([np.sort(random.choice(inputs, taps, replace=False)) for _ in range(dimensions)]))
        sign = torch.from_numpy(2 * random.integers(0, 2, (dimensions, taps)) - 1)
        projected = project(plain, index, sign)
        low, high = projected.min(dim=0).values, projected.max(dim=0).values
        pitch = torch.where(high > low, high - low, 1.0) / (fields - 1)
        levels = 1 << t_res
        centres = low[:, None] + pitch[:, None] * torch.arange(fields)
        unit = torch.tensor([math.sqrt(2 * math.log(levels / k)) for k in range(levels - 1, 0, -1)], dtype=torch.float64)
        return cls(inputs, index, sign, centres, width * pitch[:, None] * unit, drop, seed)

    @property
    def lines(self) -> int:
        return self.centres.numel()

    @property
    def times(self) -> tuple[int, int]:
        return 0, int(self.radii.shape[1]) - self.drop

    @property
    def sparsity(self) -> float:
        """Share of the projection's entries that are 0."""
        return 1 - self.index.shape[1] / self.inputs

    def spike_times(self, values: Tensor) -> Tensor:
        projected = project(real_values(values, (self.inputs,), self.kind), self.index, self.sign)
        away = (projected[:, :, None] - self.centres).abs()
        top = int(self.radii.shape[1])
        outside = torch.zeros(away.shape, dtype=torch.int64, device=away.device)
        for k in range(top):
            outside += away > self.radii[:, k, None]
        return level_times(top - outside, top, self.drop).flatten(1)


def project(values: Tensor, index: Tensor, sign: Tensor) -> Tensor:
    """Σ_k sign[d, k] · values[:, index[d, k]]: (batch, dimension) float64.

    Added up tap by tap: a matrix product may add in another order on another device, and a level could flip.
    """
    total = torch.zeros((values.shape[0], index.shape[0]), dtype=torch.float64, device=values.device)
    for k in range(index.shape[1]):
        total += sign[:, k] * values[:, index[:, k]]
    return total


def _check_contrast(kind: str, threshold: float, high: float, t_res: int) -> None:
    check_range(kind, "threshold and high", threshold, high)
    if threshold <= 0:  # at 0 a flat input would spike on both lines
        raise ConfigError(f"the {kind} encoder's threshold is not legal", got=threshold, allowed="a number > 0")
    check_levels(kind, t_res)
