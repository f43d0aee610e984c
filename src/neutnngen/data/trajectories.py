"""Recorded movement of rats in an open arena: by name, from a .npz file, or from a wheel.

A name is looked for in the given folder, in $NEUTNNGEN_DATA, in the folder of fetched sets, and in an installed package ``ratinabox``, of
which nothing is imported. What goes by a name is what was published, or is refused.
"""

from __future__ import annotations

import os
from pathlib import Path

from neutnngen.data.archive import named_places, user_folder
from neutnngen.data.packaged import installed_member, is_wheel
from neutnngen.data.trajectory_files import content_of, parsed
from neutnngen.data.trajectory_sets import DISTRIBUTION, FIRST, GET_IT, KNOWN, KnownTrajectory, Trajectory, TrajectoryPlace
from neutnngen.errors import DataError, nearest, unknown_name

KIND = "trajectories"


def known_trajectory(name: str) -> KnownTrajectory | None:
    """The published recording of a name, in upper or lower case; None for any other name."""
    return next((known for title, known in KNOWN.items() if title.lower() == name.lower()), None)


def looks_like_trajectory(name: str) -> bool:
    """Whether a name that no set has is close to that of a recording."""
    return nearest(name.lower(), map(str.lower, KNOWN)) is not None


def is_trajectory(name: str) -> bool:
    """Whether a name or path means recorded movement rather than time series or images."""
    path = Path(name)
    return (os.sep not in name and known_trajectory(name) is not None) or path.suffix == ".npz" or _holds_rats(path)


def load_trajectory(name: str, folder: Path | None = None) -> Trajectory:
    """Recorded movement.

    Parameters
    ----------
    name: ``Sargolini`` or ``Tanni``; or path of a .npz file with ``t`` (sample,) seconds and ``pos`` (sample, 2) metres, and perhaps
        ``size`` (2,) metres, without which the positions are moved so that they begin at 0 and the size is what they extend over; or path
        of a wheel of ``ratinabox``, of which Sargolini is read.
    folder: where a named recording is looked for first, there or in a sub-folder of its name; or a wheel that it is taken from.

    Raises
    ------
    ConfigError: unknown name.
    DataError: a recording that is not on this computer; a file that is missing, damaged or holds something else; one that goes by a
        published name and is not what was published.
    """
    return read_place(locate_trajectory(name, folder))


def locate_trajectory(name: str, folder: Path | None = None) -> TrajectoryPlace:
    """The file of a recording; see :func:`load_trajectory`."""
    path, known = Path(name).expanduser(), None if os.sep in name else known_trajectory(name)
    if known is not None:
        if folder is not None and not folder.exists():
            raise DataError("the data folder does not exist", got=folder, allowed=f"a folder with {known.file}")
        file = find_trajectory(known, folder)
        if file is None:
            raise DataError(
                "the recording is not on this computer",
                got=known.name,
                allowed=f"{known.file}, in a folder {known.name} in {user_folder(KIND) if folder is None else folder}",
                next_step=f"neutnngen data fetch {known.name}",
            )
        return TrajectoryPlace(known.name, file, known)
    if path.suffix == ".npz" or is_wheel(path):
        if not path.is_file():
            raise DataError("there is no such file", got=name, allowed="a .npz file with t and pos, or a wheel", next_step=GET_IT)
        return TrajectoryPlace(FIRST, path, KNOWN[FIRST]) if is_wheel(path) else TrajectoryPlace(path.stem, path)
    raise unknown_name("there is no recorded movement of this name", name, [*KNOWN, "the path of a .npz file", "the path of a wheel"])


def find_trajectory(known: KnownTrajectory, folder: Path | None = None) -> Path | None:
    """The first file or wheel on the search path that goes by this name, as yet not looked into."""
    if folder is not None and is_wheel(folder):
        return folder
    for place in named_places(folder, KIND):
        found = trajectory_in(place, known)
        if found is not None:
            return found
    return installed_member(DISTRIBUTION, known.member)


def trajectory_in(place: Path, known: KnownTrajectory) -> Path | None:
    """The file of a recording in its sub-folder, or in the folder itself."""
    return next((file for inner in (place / known.name, place) if (file := inner / known.file).is_file()), None)


def read_place(place: TrajectoryPlace) -> Trajectory:
    """The recording that lies somewhere; raises DataError as :func:`load_trajectory`."""
    return parsed(content_of(place), place)


def _holds_rats(path: Path) -> bool:
    return is_wheel(path) and path.name.startswith(f"{DISTRIBUTION}-")
