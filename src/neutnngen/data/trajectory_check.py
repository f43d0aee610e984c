"""What recorded movement is on this computer, and whether a recording is sound."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neutnngen.data.checksums import verify
from neutnngen.data.packaged import is_wheel
from neutnngen.data.trajectories import find_trajectory, locate_trajectory, read_place
from neutnngen.data.trajectory_files import content_of, parsed
from neutnngen.data.trajectory_sets import DISTRIBUTION, KNOWN, Trajectory, TrajectoryPlace
from neutnngen.errors import DataError

FASTEST = 5.0
"""Metres a second above which a step is a jump of the camera rather than of the rat."""


@dataclass(frozen=True)
class ListedTrajectory:
    """A published recording that is on this computer. package: whether it lies in an installed Python package. width, height: metres.
    problem: why it does not load."""

    name: str
    folder: Path
    package: bool
    samples: int
    seconds: float
    width: float
    height: float
    problem: str


@dataclass(frozen=True)
class TrajectoryReport:
    """What :func:`check_trajectory` found.

    hertz: samples per second, the median. outside: samples outside of the arena. jumps: steps faster than ``FASTEST``. Neither keeps it
    from loading. checksums: ``as published``, ``as fetched``, ``none`` or ``differ``. problems: why it does not load.
    """

    name: str
    files: tuple[Path, ...]
    samples: int
    seconds: float
    hertz: float
    width: float
    height: float
    outside: int
    jumps: int
    checksums: str
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.problems


def list_trajectories(folder: Path | None = None) -> list[ListedTrajectory]:
    """Every published recording on the search path, read and compared with its checksum."""
    listed = []
    for known in KNOWN.values():
        file = find_trajectory(known, folder)
        if file is None:
            continue
        package = f"{DISTRIBUTION}/data" in file.as_posix()
        try:
            data = read_place(TrajectoryPlace(known.name, file, known))
            listed.append(ListedTrajectory(known.name, file.parent, package, len(data.times), data.seconds, *data.size, ""))
        except DataError as error:
            listed.append(ListedTrajectory(known.name, file.parent, package, 0, 0.0, 0.0, 0.0, error.what))
    return listed


def check_trajectory(name: str, folder: Path | None = None) -> TrajectoryReport:
    """Load a recording, by name or path, and compare it with its checksum.

    Raises as :func:`neutnngen.data.trajectories.load_trajectory` for a name or path that leads nowhere; what is wrong inside the file is
    in the report.
    """
    place = locate_trajectory(name, folder)
    checksums = "differ"
    try:
        content = content_of(place)
        checksums = "as published" if place.known is not None else "as fetched" if verify([place.file]) else "none"
        data = parsed(content, place)
    except DataError as error:
        if is_wheel(place.file) and checksums == "differ" and "SHA-256" not in error.what:
            checksums = "none"
        problem = error.what if error.got is None else f"{error.what} ({error.got})"
        return TrajectoryReport(place.name, (place.file,), 0, 0.0, 0.0, 0.0, 0.0, 0, 0, checksums, (problem,))
    return _report(data, place.file, checksums)


def _report(data: Trajectory, file: Path, checksums: str) -> TrajectoryReport:
    steps = np.diff(data.times)
    speeds = np.hypot(*np.diff(data.positions, axis=0).T) / steps
    outside = ((data.positions < 0) | (data.positions > data.size)).any(axis=1)
    return TrajectoryReport(
        data.name,
        (file,),
        len(data.times),
        data.seconds,
        float(1 / np.median(steps)),
        *data.size,
        int(outside.sum()),
        int((speeds > FASTEST).sum()),
        checksums,
        (),
    )
