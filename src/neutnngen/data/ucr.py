"""Time series of the UCR archive: by name, from a folder, or from one file.

A name is looked for in the given folder, in $NEUTNNGEN_DATA, in the folder of fetched sets, and among the sets inside ``aeon``.
The archive asks to be cited: Dau et al. 2018, arXiv 1810.07758.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neutnngen.data.archive import archive_records, search_path
from neutnngen.data.checksums import verify
from neutnngen.data.formats import SUFFIXES, read_header, read_rows, refusal
from neutnngen.data.rows import to_table
from neutnngen.errors import ConfigError, DataError, NeutnngenError

_SUFFIXES = (*SUFFIXES, "")  # the archive of 2015 has no suffix
_PART = re.compile(r"(.+)_(?:TRAIN|TEST)(\.[a-z.]+)?")
KINDS_TEXT = ".ts, .tsv, .csv, .txt or .arff, also .gz"


@dataclass(frozen=True, eq=False)
class SeriesSet:
    """A labelled set of series of equal length.

    values: (series, sample) float64, finite. labels: (series,) str. source: where it came from and what was repaired, for provenance.
    train: how many of the leading series belong to the train part; all of them where the set is one file (the default).
    notes: what was repaired, one sentence each.
    """

    name: str
    values: NDArray[np.float64]
    labels: NDArray[np.str_]
    source: str
    train: int = -1
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        count = len(self.values)
        if self.train == -1:
            object.__setattr__(self, "train", count)
        if len(self.labels) != count:
            raise ConfigError("every series needs one label", got=f"{len(self.labels)} labels", allowed=f"{count} labels")
        if not 0 <= self.train <= count:
            raise ConfigError("the train part is larger than the set", got=self.train, allowed=f"0 … {count} series")

    @property
    def classes(self) -> int:
        return len(set(self.labels.tolist()))

    @property
    def train_part(self) -> SeriesSet:
        return replace(self, values=self.values[: self.train], labels=self.labels[: self.train])

    @property
    def test_part(self) -> SeriesSet:
        """The series after the train part: none where the set is one file."""
        return replace(self, values=self.values[self.train :], labels=self.labels[self.train :], train=0)


@dataclass(frozen=True)
class Place:
    """Where a set lies: its train and its test file, or one file."""

    name: str
    files: tuple[Path, ...]


def load_ucr(name: str, folder: Path | None = None, repair: bool = False) -> SeriesSet:
    """All series of a set, train then test (clustering uses both).

    Parameters
    ----------
    name: name of a set; or path of one file; or path of a folder with ``NAME_TRAIN`` and ``NAME_TEST`` files, or with one data file.
    folder: where a named set is looked for first, there or in a sub-folder of its name.
    repair: fill missing values and bring series of unequal length to the longest; told in ``notes`` and ``source``.

    Raises
    ------
    ConfigError: unknown name.
    DataError: a set of the archive that is not on this computer; a file that is missing, cannot be read, has changed since it was fetched,
        or, without ``repair``, has missing values or unequal lengths.
    """
    place = locate(name, folder)
    source = ", ".join(file.name for file in place.files)
    if verify(place.files):
        source += " (SHA-256 as fetched)"
    parts = [read_rows(file) for file in place.files]
    table = to_table(parts, repair)
    if table.notes:
        source += "; repaired: " + "; ".join(table.notes)
    return SeriesSet(place.name, table.values, np.array(table.labels), source, len(parts[0].rows), table.notes)


def available(folder: Path | None = None) -> list[str]:
    """Names of the sets that can be loaded by name as they are, in any place of the search path."""
    return sorted(name for name, place in find_sets(folder).items() if all(_is_equal_length(file) for file in place.files))


def find_sets(folder: Path | None = None) -> dict[str, Place]:
    """Sets of one channel with class labels on the search path, by name; the first place that holds a set wins."""
    found: dict[str, Place] = {}
    for place in search_path(folder):
        for file in sorted([*place.glob("*_TRAIN*"), *place.glob("*/*_TRAIN*")]):
            match = _PART.fullmatch(file.name)
            if match is None or match.group(1) in found:
                continue
            files = pair_in(place, match.group(1))
            if len(files) == 2 and not any(refusal(f) for f in files):
                found[match.group(1)] = Place(match.group(1), files)
    return found


def locate(name: str, folder: Path | None = None) -> Place:
    """The files of a set; see :func:`load_ucr` for what a name can be and what is raised."""
    if folder is not None and not folder.is_dir():
        raise DataError("the data folder does not exist", got=folder, allowed="a folder with NAME_TRAIN.* and NAME_TEST.*")
    path = Path(name).expanduser()
    is_path = "/" in name or os.sep in name or name in (".", "..")
    if path.is_file() or (path.name.endswith(SUFFIXES) and not path.is_dir()):
        return Place(path.name.split(".")[0], (path,))
    if is_path:
        if path.is_dir():
            return _in_folder(path)
        raise DataError("there is no such file or folder", got=name, allowed=f"a file ({KINDS_TEXT}) or a folder with one set")
    for place in search_path(folder):  # a name means the same set in whatever folder it is typed
        files = pair_in(place, name)
        if len(files) == 1:
            raise DataError(
                "the set lacks one of its two parts",
                got=f"only {files[0]}",
                allowed=f"{name}_TRAIN.* and {name}_TEST.* in one folder",
                next_step=f"add the other part, or load this one alone by its path: {files[0]}",
            )
        if files:
            return Place(name, files)
    if name and path.is_dir():
        return _in_folder(path)
    raise _unknown(name, folder)


def pair_in(folder: Path, name: str) -> tuple[Path, ...]:
    """Train and test file of a set in ``folder`` or in a sub-folder of its name; one if the other is missing; empty if both are."""
    parent = re.sub(r"(_eq)?(_nmv)?$", "", name)  # the archive keeps versions without gaps beside the original
    best: tuple[Path, ...] = ()
    for place in dict.fromkeys((folder, folder / name, folder / parent)):
        files = [[place / f"{name}_{part}{suffix}" for part in ("TRAIN", "TEST")] for suffix in _SUFFIXES]
        there = [[file for file in pair if file.is_file()] for pair in files]
        for pair in there:
            if len(pair) == 2:
                return tuple(pair)
        parts = [next((file for file in column if file.is_file()), None) for column in zip(*files, strict=True)]
        mixed = tuple(file for file in parts if file is not None)
        if len(mixed) == 2:
            return mixed
        best = best or mixed
    return best


def _in_folder(folder: Path) -> Place:
    """The one set that a folder holds."""
    files = [file for file in sorted(folder.iterdir()) if file.is_file()]
    names = {match.group(1) for file in files if (match := _PART.fullmatch(file.name)) and (match.group(2) or "") in _SUFFIXES}
    pairs = {name: pair for name in sorted(names) if len(pair := pair_in(folder, name)) == 2}
    title = folder.resolve().name
    if title in pairs:
        return Place(title, pairs[title])
    if len(pairs) == 1:
        return Place(*pairs.popitem())
    data = [file for file in files if file.name.endswith(SUFFIXES)]
    if not pairs and len(data) == 1:
        return Place(data[0].name.split(".")[0], (data[0],))
    raise DataError(
        "the folder holds more than one set" if pairs else "the folder holds no set",
        got=f"{folder}: {_some(pairs or [file.name for file in data]) or 'no data file'}",
        allowed=f"NAME_TRAIN.* and NAME_TEST.*, or one data file ({KINDS_TEXT})",
        next_step="give the path of a file, or the name of a set and this folder as the data folder" if data else "check the path",
    )


def _is_equal_length(file: Path) -> bool:
    """Whether the header of a .ts file says so, or says nothing; other kinds have no header and pass."""
    return read_header(file).get("equallength", "true") == "true"


def _unknown(name: str, folder: Path | None) -> NeutnngenError:
    """What to tell about a name that is nowhere on the search path."""
    if name in archive_records():
        return DataError(
            "the data set is not on this computer",
            got=name,
            allowed="a set in one of " + ", ".join(str(place) for place in search_path(folder)),
            next_step=f"neutnngen data fetch {name}",
        )
    local = available(folder)
    close = difflib.get_close_matches(name, sorted({*local, *archive_records()}), n=3, cutoff=0.6)
    if close:
        next_step = "did you mean " + " or ".join(repr(c) for c in close) + "?"
        if close[0] not in local:
            next_step += f" If so: neutnngen data fetch {close[0]}"
    else:
        next_step = "neutnngen data list, or give the path of a file"
    return ConfigError(
        "there is no data set of this name", got=name, allowed=f"{_some(local)}, or the path of a file ({KINDS_TEXT})", next_step=next_step
    )


def _some(names: Iterable[str], most: int = 20) -> str:
    listed = list(names)
    return ", ".join(listed[:most]) + (f" and {len(listed) - most} more" if len(listed) > most else "")
