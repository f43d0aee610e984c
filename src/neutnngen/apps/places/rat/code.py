"""From position and direction to spike times: modules of grid cells, and head-direction cells. Only integers come out."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.places.rat.walk import Walk
from neutnngen.errors import ConfigError
from neutnngen.spec import NO_SPIKE
from neutnngen.spec.column import check_range

T_RES = 3
LEVELS = 1 << T_RES
Times = NDArray[np.uint8]


@dataclass(frozen=True)
class CodeSettings:
    """What the code is made of.

    scales: distance between the fields of a module's cells, in sides of the arena (of the square with its area). phases: cells along
    either axis of a module's rhombus of phases, so phases² cells. rate: share of the largest rate from which a grid cell spikes at all.
    directions: head-direction cells, whose preferred directions are spread evenly.
    """

    scales: tuple[float, ...] = (0.3, 0.45, 0.68, 1.0)
    phases: int = 5
    rate: float = 0.55
    directions: int = 8

    def __post_init__(self) -> None:
        object.__setattr__(self, "scales", tuple(self.scales))
        if not self.scales or min(self.scales) <= 0:
            raise ConfigError("the scales of the grid modules are not legal", got=self.scales, allowed="one number > 0 or more")
        check_range("code.phases", self.phases, 2, 16)
        check_range("code.directions", self.directions, 0, 64)
        if not 0 <= self.rate < 1:
            raise ConfigError("code.rate is out of range", got=self.rate, allowed="0 ≤ rate < 1")


@dataclass(frozen=True)
class RatCode:
    """The code of one animal in one arena: orientation and offsets of the modules come from its seed.

    A grid cell's rate is the sum of three cosines, 60° apart (Hafting et al. 2005, doi 10.1038/nature03721), so its fields lie on a
    hexagonal lattice. Modules differ in scale and are turned against each other by 60° / modules. From ``rate`` on the rate is cut into 8
    levels; level l spikes at 7 - l (rule T2): the higher the rate the earlier. A head-direction cell does the same with the cosine of the
    angle to its direction. side: of the arena, millimetres.
    """

    settings: CodeSettings
    side: float
    seed: int
    kind: str = field(default="grid", init=False)

    @property
    def grid_lines(self) -> int:
        return len(self.settings.scales) * self.settings.phases**2

    @property
    def lines(self) -> int:
        """Grid cells module by module, then head-direction cells."""
        return self.grid_lines + self.settings.directions

    @cached_property
    def _random(self) -> tuple[float, NDArray[np.float64], float]:
        """Orientation of the first module, (module, 2) offsets of phase, direction of the first head-direction cell; radians."""
        rng = np.random.default_rng([self.seed, 10])
        turn, offsets = rng.uniform(0, np.pi / 3), rng.uniform(0, 2 * np.pi, (len(self.settings.scales), 2))
        return float(turn), offsets, float(rng.uniform(0, 2 * np.pi))

    def grid(self, positions: NDArray[np.int64]) -> Times:
        """positions: (wave, 2) millimetres, within the arena or not. Returns (wave, grid line) uint8 spike times."""
        turn, offsets, _ = self._random
        modules = len(self.settings.scales)
        parts = []
        steps = 2 * np.pi * np.arange(self.settings.phases) / self.settings.phases
        for number, scale in enumerate(self.settings.scales):
            angles = turn + np.pi / 3 * (number / modules + np.arange(3))
            waves = 4 * np.pi / (np.sqrt(3) * scale * self.side) * (positions @ np.stack([np.cos(angles), np.sin(angles)]))  # (wave, 3)
            one, two = (axis.ravel() for axis in np.meshgrid(steps + offsets[number, 0], steps + offsets[number, 1], indexing="ij"))
            shifts = np.stack([one, two, two - one])  # the third direction is the second less the first
            rate = sum(np.cos(waves[:, k, None] - shifts[k]) for k in range(3))
            parts.append(spikes_of((np.asarray(rate) + 1.5) / 4.5, self.settings.rate))
        return np.concatenate(parts, axis=1)

    @property
    def preferred(self) -> NDArray[np.float64]:
        """(direction,) radians, preferred directions of the head-direction cells."""
        return np.asarray(self._random[2] + 2 * np.pi * np.arange(self.settings.directions) / max(1, self.settings.directions))

    def directions(self, headings: NDArray[np.float64]) -> Times:
        """headings: (wave,) radians. Returns (wave, direction) uint8 spike times."""
        return spikes_of((np.cos(headings[:, None] - self.preferred) + 1) / 2, self.settings.rate)

    def encode(self, positions: NDArray[np.int64], headings: NDArray[np.float64]) -> Times:
        """positions: (wave, 2) millimetres. headings: (wave,) radians. Returns (wave, line) uint8 spike times."""
        return np.concatenate([self.grid(positions), self.directions(headings)], axis=1)

    def walked(self, walk: Walk) -> Times:
        """The code of every wave of a walk."""
        return self.encode(walk.positions, walk.headings)

    def to_dict(self) -> dict[str, Any]:
        """As JSON values, for a Design's provenance."""
        use = self.settings
        return {
            "kind": self.kind,
            "side_mm": self.side,
            "seed": self.seed,
            "scales": list(use.scales),
            "phases": use.phases,
            "rate": use.rate,
            "directions": use.directions,
        }


@dataclass(frozen=True)
class Noise:
    """What becomes of a code on its way. jitter: the most clocks that a spike comes early or late (within 0 … 7). lost: per cent of the
    spikes that do not come at all."""

    jitter: int = 0
    lost: int = 0

    def __post_init__(self) -> None:
        check_range("noise.jitter", self.jitter, 0, LEVELS - 1)
        check_range("noise.lost", self.lost, 0, 100)

    @property
    def name(self) -> str:
        parts = ([f"jitter ±{self.jitter}"] if self.jitter else []) + ([f"{self.lost} % lost"] if self.lost else [])
        return ", ".join(parts) or "as it is"

    def on(self, times: Times, seed: int) -> Times:
        """times: (wave, line). Returns them with noise, the same for the same seed."""
        if not self.jitter and not self.lost:
            return times
        rng = np.random.default_rng([seed, 11, self.jitter, self.lost])
        spikes = times != NO_SPIKE
        late = rng.integers(-self.jitter, self.jitter + 1, times.shape)
        moved = np.clip(times.astype(np.int64) + late, 0, LEVELS - 1)
        kept = spikes & (rng.integers(0, 100, times.shape) >= self.lost)
        return np.where(kept, moved, NO_SPIKE).astype(np.uint8)


def spikes_of(rate: NDArray[np.float64], least: float) -> Times:
    """Rates 0 … 1 as spike times: the largest at 0, below ``least`` none."""
    level = np.clip(np.floor((rate - least) / (1 - least) * LEVELS), -1, LEVELS - 1)
    return np.where(level < 0, NO_SPIKE, LEVELS - 1 - level).astype(np.uint8)
