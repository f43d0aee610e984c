"""Recorded movement at a fixed rate, as a stream of waves: positions in whole millimetres and directions of movement."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neutnngen.data import Trajectory
from neutnngen.errors import ConfigError
from neutnngen.spec.column import check_range

LOOK_BACK = 0.2
"""Seconds over which a direction is taken."""
SLOWEST = 25.0
"""Millimetres a second below which the direction stays what it was."""


@dataclass(frozen=True, eq=False)
class Walk:
    """A wave each ``1 / hertz`` seconds.

    positions: (wave, 2) int64 millimetres from the lower left corner. headings: (wave,) float64 radians, anticlockwise from the x axis:
    direction of movement, for want of a recorded head. size: of the arena, millimetres.
    """

    positions: NDArray[np.int64]
    headings: NDArray[np.float64]
    size: tuple[int, int]
    hertz: int

    def __len__(self) -> int:
        return len(self.positions)

    def part(self, first: int, last: int | None = None) -> Walk:
        """Waves first … last - 1."""
        return Walk(self.positions[first:last], self.headings[first:last], self.size, self.hertz)

    @property
    def side(self) -> float:
        """Side of the square with the area of the arena, millimetres."""
        return float(np.sqrt(self.size[0] * self.size[1]))


def walk_of(trajectory: Trajectory, hertz: int) -> Walk:
    """The movement at ``hertz`` waves a second, between samples by linear interpolation. Raises ConfigError for too slow a rate."""
    check_range("hertz", hertz, 1, 1000)
    seconds = np.arange(int(trajectory.seconds * hertz) + 1) / hertz
    if len(seconds) < 10:
        raise ConfigError("the movement is too short", got=f"{len(seconds)} waves of {trajectory.name}", allowed="10 waves or more")
    exact = np.stack([np.interp(seconds, trajectory.times, trajectory.positions[:, axis]) for axis in (0, 1)], axis=1)
    positions = np.rint(1000 * exact).astype(np.int64)
    width, height = (round(1000 * metres) for metres in trajectory.size)
    return Walk(positions, _headings(1000 * exact, hertz), (width, height), hertz)


def _headings(exact: NDArray[np.float64], hertz: int) -> NDArray[np.float64]:
    """Direction of the way since ``LOOK_BACK`` ago; where that is too short, the last one."""
    back = max(1, round(LOOK_BACK * hertz))
    start = np.maximum(np.arange(len(exact)) - back, 0)
    way = exact - exact[start]
    fast = np.hypot(*way.T) >= SLOWEST * back / hertz
    last = np.maximum.accumulate(np.where(fast, np.arange(len(exact)), 0))
    return np.asarray(np.arctan2(way[:, 1], way[:, 0])[last])
