"""What sets are on this computer, and whether one is sound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neutnngen.data.archive import bundled_folder
from neutnngen.data.checksums import read_sums, verify
from neutnngen.data.formats import read_rows, scan
from neutnngen.data.images import (
    Vouched,
    as_set,
    find_images,
    known_set,
    known_sets,
    load_place,
    locate_images,
    published_place,
    read_arrays,
    vouch,
)
from neutnngen.data.rows import to_table
from neutnngen.data.ucr import find_sets, locate
from neutnngen.errors import DataError


@dataclass(frozen=True)
class Listed:
    """A set on the search path at a glance. train, test: series. shortest, longest: samples. problem: why it does not load as it is."""

    name: str
    folder: Path
    bundled: bool
    train: int
    test: int
    shortest: int
    longest: int
    classes: int
    problem: str


@dataclass(frozen=True)
class Report:
    """What :func:`check_set` found.

    constant: series whose samples are all the same. checksums: ``as fetched``, ``none`` (not fetched by us) or ``differ``.
    problems: why the set does not load as it is. repairs: what ``repair`` would do about it; empty if it cannot.
    """

    name: str
    files: tuple[Path, ...]
    series: int
    train: int
    length: int
    classes: int
    constant: int
    checksums: str
    problems: tuple[str, ...]
    repairs: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.problems


@dataclass(frozen=True)
class ListedImages:
    """A published image set that is on this computer. package: whether an installed Python package carries it; it is then not read here.
    train, test: images. rows, columns: of an image. problem: why it does not load."""

    name: str
    folder: Path
    package: bool
    train: int
    test: int
    rows: int
    columns: int
    classes: int
    problem: str


@dataclass(frozen=True)
class ImageReport:
    """What :func:`check_images` found.

    blank: images whose pixels are all the same. checksums: ``as published``, ``as fetched``, ``none`` (nothing to compare with) or
    ``differ``. problems: why the set does not load.
    """

    name: str
    files: tuple[Path, ...]
    train: int
    test: int
    rows: int
    columns: int
    classes: int
    blank: int
    checksums: str
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.problems


def list_images(folder: Path | None = None) -> list[ListedImages]:
    """Every published image set on the search path, read and compared with its checksums."""
    listed = []
    for known in known_sets().values():
        path = find_images(known, folder)
        if path is None:
            continue
        if not path.is_dir():
            facts = (known.train, known.test, known.rows, known.columns, known.classes)
            listed.append(ListedImages(known.name, path.parent, True, *facts, ""))
            continue
        try:
            data = load_place(published_place(known, path))
            shape = data.train_images.shape
            listed.append(ListedImages(known.name, path, False, shape[0], len(data.test_images), shape[1], shape[2], data.classes, ""))
        except DataError as error:
            if path != folder or known_set(path.resolve().name) == known:  # what lies in the folder itself may be another set
                listed.append(ListedImages(known.name, path, False, 0, 0, 0, 0, 0, error.what))
    return listed


def list_sets(folder: Path | None = None, progress: Callable[[int, int], None] | None = None) -> list[Listed]:
    """Every set of one channel with class labels on the search path; files are read, but no value in them is looked at."""
    found = find_sets(folder)
    bundled = bundled_folder()
    listed = []
    for i, name in enumerate(sorted(found)):
        files = found[name].files
        at = files[0].parent
        try:
            train, test = (scan(file) for file in files)
            shortest, longest = min(train.shortest, test.shortest), max(train.longest, test.longest)
            problem = "missing values" if train.missing or test.missing else "unequal lengths" if shortest != longest else ""
            classes = len(train.classes | test.classes)
            listed.append(Listed(name, at, bundled in at.parents, train.series, test.series, shortest, longest, classes, problem))
        except DataError as error:
            listed.append(Listed(name, at, bundled in at.parents, 0, 0, 0, 0, 0, error.what))
        if progress is not None:
            progress(i + 1, len(found))
    return listed


def check_images(name: str, folder: Path | None = None) -> ImageReport:
    """Load an image set, by name or path, and compare it with its checksums.

    Raises as :func:`neutnngen.data.images.locate_images` for a name or path that leads nowhere; what is wrong inside the files is in the
    report.
    """
    place = locate_images(name, folder)
    problems: list[str] = []
    checksums = "none"
    try:
        arrays = read_arrays(place)
        vouched = Vouched("none", "")
        try:
            vouched = vouch(place, arrays)
            checksums = vouched.state
        except DataError as error:
            checksums = "differ"
            problems.append(_one_line(error))
        data = as_set(place, arrays, vouched)
    except DataError as error:
        return ImageReport(place.name, place.files, 0, 0, 0, 0, 0, 0, checksums, (*problems, _one_line(error)))
    blank = sum(int((np.ptp(part, axis=(1, 2)) == 0).sum()) for part in (data.train_images, data.test_images))
    train, rows, columns = data.train_images.shape
    return ImageReport(
        place.name, place.files, train, len(data.test_images), rows, columns, data.classes, blank, checksums, tuple(problems)
    )


def check_set(name: str, folder: Path | None = None) -> Report:
    """Load a set, by name or path, and compare it with the checksums that were kept when it was fetched.

    Raises as :func:`neutnngen.data.ucr.locate` for a name or path that leads nowhere; what is wrong inside the files is in the report.
    """
    place = locate(name, folder)
    problems: list[str] = []
    checksums = "none"
    try:
        sums = read_sums(place.files[0].parent)
        if sums is not None and verify({*place.files, *(place.files[0].parent / file for file in sums.files)}):
            checksums = "as fetched"
    except DataError as error:
        checksums = "differ"
        problems.append(_one_line(error))
    repairs: tuple[str, ...] = ()
    try:
        parts = [read_rows(file) for file in place.files]
        try:
            table = to_table(parts)
        except DataError as error:
            problems.append(_one_line(error))
            table = to_table(parts, repair=True)
            repairs = table.notes
    except DataError as error:
        if not place.files[0].exists():
            raise
        problems.append(_one_line(error))
        return Report(place.name, place.files, 0, 0, 0, 0, 0, checksums, tuple(problems), ())
    series, length = table.values.shape
    constant = int((np.ptp(table.values, axis=1) == 0).sum())
    classes = len(set(table.labels))
    return Report(place.name, place.files, series, len(parts[0].rows), length, classes, constant, checksums, tuple(problems), repairs)


def _one_line(error: DataError) -> str:
    return error.what if error.got is None else f"{error.what} ({error.got})"
