"""Encoder for spoken sound: log-mel map, median of every place of the map (rules T2, L1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neutnngen.core.encode_base import TensorEncoder, check_count, real_values
from neutnngen.core.encode_values import MedianThresholdEncoder
from neutnngen.core.log_mel import MelPlan, log_mel
from neutnngen.errors import ConfigError


@dataclass(frozen=True, eq=False)
class LogMelEncoder(TensorEncoder):
    """One line per place of the log-mel map (frame by frame, bin fastest), which spikes where the map is above the place's median.

    The map is that of ``log_mel`` with the settings of ``MelPlan``; the times are those of ``MedianThresholdEncoder`` with the same cuts:
    the further above the median, the earlier. A recording that is shorter than ``samples`` is filled up with zeros at its end; they are no
    part of what is spoken, unless ``quiet`` is 0.

    Input (batch, samples), full scale −1 … 1. Errors: ConfigError. The map is computed in NumPy, in float64, on the CPU.
    """

    samples: int
    cuts: Tensor = field(metadata={"dtype": torch.float64})
    rate: int = 8000
    frames: int = 28
    bins: int = 28
    window: float = 0.032
    low: float = 100.0
    high: float = 4000.0
    quiet: float = 0.1
    level: str = "recording"
    kind: ClassVar[str] = "logmel"

    def _check(self) -> None:
        check_count(self.kind, "samples", self.samples)
        median, plan = MedianThresholdEncoder(self.cuts), self.plan
        if median.lines != plan.frames * plan.bins:
            raise ConfigError(
                "the logmel encoder's cuts have the wrong shape",
                got=tuple(self.cuts.shape),
                allowed=f"({plan.frames} frames × {plan.bins} bins, a power of 2)",
            )

    @classmethod
    def fit(
        cls, recordings: Sequence[NDArray[np.floating]] | NDArray[Any] | Tensor, plan: MelPlan | None = None, t_res: int = 3
    ) -> LogMelEncoder:
        """Take medians and levels from recordings: (sample,) each, of any lengths. ``samples`` becomes the longest."""
        chosen = MelPlan() if plan is None else plan
        median = MedianThresholdEncoder.fit(maps_of([np.asarray(one) for one in recordings], chosen).reshape(len(recordings), -1), t_res)
        settings = {name: getattr(chosen, name) for name in ("rate", "frames", "bins", "window", "low", "high", "quiet", "level")}
        return cls(max(len(one) for one in recordings), median.cuts, **settings)

    @property
    def plan(self) -> MelPlan:
        """How sound becomes a map. Raises ConfigError where the settings are not legal."""
        return MelPlan(self.rate, self.frames, self.bins, self.window, self.low, self.high, self.quiet, self.level)

    @property
    def lines(self) -> int:
        return int(self.cuts.shape[0])

    @property
    def times(self) -> tuple[int, int]:
        return 0, int(self.cuts.shape[1]) - 1

    def spike_times(self, values: Tensor) -> Tensor:
        plain = real_values(values, (self.samples,), self.kind)
        return self.map_times(torch.from_numpy(maps_of(list(plain.cpu().numpy()), self.plan)).to(values.device))

    def map_times(self, maps: Tensor) -> Tensor:
        """The second half of the code: (batch, frame, bin) maps to (batch, line) uint8 spike times."""
        return MedianThresholdEncoder(self.cuts.to(maps.device)).spike_times(maps.flatten(1))


def maps_of(recordings: Sequence[NDArray[np.floating]], plan: MelPlan) -> NDArray[np.float64]:
    """(recording, frame, bin): ``log_mel`` of each."""
    made = np.empty((len(recordings), plan.frames, plan.bins))
    for n, wave in enumerate(recordings):
        made[n] = log_mel(wave, plan)
    return made
