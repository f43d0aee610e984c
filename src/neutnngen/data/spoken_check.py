"""Which sets of recordings are on this computer, and whether one is sound."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neutnngen.data.spoken import KNOWN, digest_of, locate_spoken, read_spoken, spoken_places
from neutnngen.errors import DataError


@dataclass(frozen=True)
class ListedSpoken:
    """A set on the search path. train, test: recordings. seconds: of all. problem: why it does not load."""

    name: str
    folder: Path
    train: int
    test: int
    seconds: float
    classes: int
    problem: str


@dataclass(frozen=True)
class SpokenReport:
    """What :func:`check_spoken` found.

    speakers: 0 where their names are not known. shortest, longest: seconds. silent: recordings whose samples are all the same. checksums:
    ``as measured``, the recordings with which the figures of the documentation were measured; ``differ`` from them; or ``none``, where
    there is nothing to compare with. problems: why the set does not load.
    """

    name: str
    path: Path
    train: int
    test: int
    classes: int
    speakers: int
    shortest: float
    longest: float
    silent: int
    checksums: str
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.problems


def list_spoken(folder: Path | None = None) -> list[ListedSpoken]:
    """Every set on the search path; all of its files are read."""
    listed = []
    for place in spoken_places(folder):
        try:
            data = read_spoken(place)
            test = int(data.test.sum())
            listed.append(ListedSpoken(place.name, place.path, len(data.labels) - test, test, data.seconds, len(data.classes), ""))
        except DataError as error:
            listed.append(ListedSpoken(place.name, place.path, 0, 0, 0.0, 0, error.what))
    return listed


def check_spoken(name: str, folder: Path | None = None) -> SpokenReport:
    """Load a set, by name or path.

    Raises as :func:`neutnngen.data.spoken.locate_spoken` for a name or path that leads nowhere; what is wrong inside is in the report.
    """
    place = locate_spoken(name, folder)
    try:
        data = read_spoken(place)
        digest = digest_of(place)
        measured = any(digest == known.digest for known in KNOWN.values())
        checksums = "as measured" if measured else "none" if place.known is None else "differ"
    except DataError as error:
        said = error.what if error.got is None else f"{error.what} ({error.got})"
        return SpokenReport(place.name, place.path, 0, 0, 0, 0, 0.0, 0.0, 0, "none", (said,))
    lengths = np.array([len(one) for one in data.recordings]) / data.rate
    silent = sum(int(np.ptp(one) == 0) for one in data.recordings)
    problems = []
    for part, chosen in (("train", ~data.test), ("test", data.test)):
        absent = [c for n, c in enumerate(data.classes) if n not in set(data.labels[chosen].tolist())]
        if absent:
            problems.append(f"the {part} part has no recording of {', '.join(absent)}")
    speakers = len(set(data.speakers) - {""})
    test = int(data.test.sum())
    count = len(data.labels) - test, test, len(data.classes), speakers
    extent = float(lengths.min()), float(lengths.max()), silent
    return SpokenReport(place.name, place.path, *count, *extent, checksums, tuple(problems))
