"""Encoders as PyTorch modules: real values in, (batch, line) uint8 spike times out (rules T2, L1).

Each is thin over the encoder of the same name in ``neutnngen.core``, whose docstring has the formula. Fitted constants are buffers; the
other settings are constructor arguments and, as everywhere in PyTorch, no part of ``state_dict``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neutnngen.core.encode import QuantileEncoder
from neutnngen.core.encode_base import TensorEncoder, sample_values
from neutnngen.core.encode_fields import FirstDifferenceEncoder, GaussianReceptiveFieldsEncoder, OnOffCentreSurroundEncoder
from neutnngen.core.encode_population import PopulationEncoder
from neutnngen.core.encode_sound import LogMelEncoder
from neutnngen.core.encode_values import (
    IntensityEncoder,
    MedianThresholdEncoder,
    OneHotEncoder,
    PosNegEncoder,
    check_quantile,
    quantile_times,
)
from neutnngen.core.log_mel import MelPlan

Data = NDArray[Any] | Tensor


class Encoder(nn.Module):
    """Base of the encoder modules.

    ``lines``: number of output lines. ``times``: first and last possible spike time. Errors of all: ConfigError for settings, shapes and
    NaN or infinite elements.
    """

    core: ClassVar[Any]
    lines: int
    times: tuple[int, int]

    def __init__(self, encoder: TensorEncoder | QuantileEncoder) -> None:
        super().__init__()
        self._settings: dict[str, Any] = {}
        for f in fields(encoder):
            value = getattr(encoder, f.name)
            if isinstance(value, np.ndarray):
                value = torch.from_numpy(value)
            if isinstance(value, Tensor):
                self.register_buffer(f.name, value.detach().clone())
            else:
                self._settings[f.name] = value
        self.lines, self.times = encoder.lines, encoder.times

    @property
    def encoder(self) -> Any:
        """The encoder of the core with the present constants."""
        return self.core(**self._settings, **dict(self.named_buffers()))

    def forward(self, x: Tensor) -> Tensor:
        """x: (batch, …) as the encoder states, on the module's device. Returns (batch, lines) uint8 spike times."""
        times: Tensor = self.encoder.spike_times(x)
        return times

    def to_dict(self) -> dict[str, Any]:
        """As JSON values, for a Design's provenance."""
        described: dict[str, Any] = self.encoder.to_dict()
        return described

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The module that ``to_dict`` described."""
        return cls.from_encoder(cls.core.from_dict(values))

    @classmethod
    def from_encoder(cls, encoder: TensorEncoder | QuantileEncoder) -> Self:
        """The module over an encoder of the core."""
        return cls(**{f.name: getattr(encoder, f.name) for f in fields(encoder)})

    def extra_repr(self) -> str:
        settings = "".join(f", {k}={v}" for k, v in self._settings.items())
        return f"{self.lines} lines, times {self.times[0]} … {self.times[1]}{settings}"

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        # .half() or .to(float32) of a whole network would round the constants and change the code: follow the device, keep the type
        before = dict(self._buffers)
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        for name, old in before.items():
            new = self._buffers[name]
            if old is not None and new is not None and new.dtype != old.dtype:
                self._buffers[name] = old.to(new.device)
        return self


class Intensity(Encoder):
    """(batch, values) to one line per value, larger is earlier: see ``IntensityEncoder``."""

    core = IntensityEncoder

    def __init__(self, values: int, low: float = 0.0, high: float = 1.0, t_res: int = 3, drop: int = 0) -> None:
        super().__init__(IntensityEncoder(values, low, high, t_res, drop))


class PosNeg(Encoder):
    """(batch, values) to two lines per value, one of which spikes at time 0: see ``PosNegEncoder``."""

    core = PosNegEncoder

    def __init__(self, values: int, cut: float = 0.5) -> None:
        super().__init__(PosNegEncoder(values, cut))


class OnOffCentreSurround(Encoder):
    """(batch, height, width) to on and off lines by contrast: see ``OnOffCentreSurroundEncoder``."""

    core = OnOffCentreSurroundEncoder

    def __init__(self, height: int, width: int, radius: int = 1, threshold: float = 0.1, high: float = 1.0, t_res: int = 3) -> None:
        super().__init__(OnOffCentreSurroundEncoder(height, width, radius, threshold, high, t_res))


class FirstDifference(Encoder):
    """(batch, samples) to on and off lines of every step: see ``FirstDifferenceEncoder``."""

    core = FirstDifferenceEncoder

    def __init__(self, samples: int, threshold: float = 0.1, high: float = 1.0, t_res: int = 3) -> None:
        super().__init__(FirstDifferenceEncoder(samples, threshold, high, t_res))


class GaussianReceptiveFields(Encoder):
    """(batch, inputs) to fields of a sparse random projection, made by ``fit``: see ``GaussianReceptiveFieldsEncoder``.

    Buffers: ``index``, ``sign``, ``centres``, ``radii``.
    """

    core = GaussianReceptiveFieldsEncoder

    def __init__(self, inputs: int, index: Tensor, sign: Tensor, centres: Tensor, radii: Tensor, drop: int = 1, seed: int = 0) -> None:
        super().__init__(GaussianReceptiveFieldsEncoder(inputs, index, sign, centres, radii, drop, seed))

    @classmethod
    def fit(
        cls,
        values: Data,
        dimensions: int,
        fields: int,
        sparsity: float = 0.9,
        width: float = 1.0,
        t_res: int = 3,
        drop: int = 1,
        seed: int = 0,
    ) -> Self:
        """See ``GaussianReceptiveFieldsEncoder.fit``."""
        return cls.from_encoder(GaussianReceptiveFieldsEncoder.fit(values, dimensions, fields, sparsity, width, t_res, drop, seed))


class OneHot(Encoder):
    """(batch,) category indices to one line each at time 0: see ``OneHotEncoder``."""

    core = OneHotEncoder

    def __init__(self, categories: int) -> None:
        super().__init__(OneHotEncoder(categories))


class MedianThreshold(Encoder):
    """(batch, bins) to one line per bin, above its median, made by ``fit``: see ``MedianThresholdEncoder``. Buffer: ``cuts``."""

    core = MedianThresholdEncoder

    def __init__(self, cuts: Tensor) -> None:
        super().__init__(MedianThresholdEncoder(cuts))

    @classmethod
    def fit(cls, values: Data, t_res: int = 0) -> Self:
        """values: (sample, bin)."""
        return cls.from_encoder(MedianThresholdEncoder.fit(values, t_res))


class LogMel(Encoder):
    """(batch, samples) of sound to one line per place of its log-mel map, above the place's median, made by ``fit``: see ``LogMelEncoder``.

    Buffer: ``cuts``.
    """

    core = LogMelEncoder

    def __init__(
        self,
        samples: int,
        cuts: Tensor,
        rate: int = 8000,
        frames: int = 28,
        bins: int = 28,
        window: float = 0.032,
        low: float = 100.0,
        high: float = 4000.0,
        quiet: float = 0.1,
        level: str = "recording",
    ) -> None:
        super().__init__(LogMelEncoder(samples, cuts, rate, frames, bins, window, low, high, quiet, level))

    @classmethod
    def fit(cls, recordings: Sequence[NDArray[np.floating]] | Data, plan: MelPlan | None = None, t_res: int = 3) -> Self:
        """recordings: (sample,) each, of any lengths."""
        return cls.from_encoder(LogMelEncoder.fit(recordings, plan, t_res))


class Population(Encoder):
    """(batch, features) to pairs of lines whose times add up to a constant, made by ``fit``: see ``PopulationEncoder``.

    Buffers: ``feature``, ``cuts``.
    """

    core = PopulationEncoder

    def __init__(self, features: int, feature: Tensor, cuts: Tensor) -> None:
        super().__init__(PopulationEncoder(features, feature, cuts))

    @classmethod
    def fit(cls, values: Data, pairs: int, t_res: int = 3, width: float = 1.0) -> Self:
        """values: (sample, feature)."""
        return cls.from_encoder(PopulationEncoder.fit(values, pairs, t_res, width))


class Quantile(Encoder):
    """(batch, lines) to one line per value by quantile, made by ``fit``: see ``QuantileEncoder``. Buffer: ``cuts``."""

    core = QuantileEncoder
    cuts: Tensor

    def __init__(self, cuts: Data, drop: int, rank: bool = False) -> None:
        check_quantile(cuts, drop)
        super().__init__(QuantileEncoder(torch.as_tensor(cuts, dtype=torch.float64).cpu().numpy(), drop, rank))

    @classmethod
    def fit(cls, values: Data, t_res: int = 3, drop: int | None = None, rank: bool = False) -> Self:
        """values: (sample, line). ``drop`` defaults to half the levels."""
        return cls.from_encoder(QuantileEncoder.fit(sample_values(values, "quantile").cpu().numpy(), t_res, drop, rank))

    @property
    def encoder(self) -> QuantileEncoder:
        """The encoder of the core with the present constants."""
        return QuantileEncoder(self.cuts.cpu().numpy().copy(), self._settings["drop"], self._settings["rank"])

    def forward(self, x: Tensor) -> Tensor:
        """x: (batch, lines). Returns (batch, lines) uint8 spike times, equal to ``QuantileEncoder.encode``."""
        return quantile_times(x, self.cuts, self._settings["drop"], self._settings["rank"])
