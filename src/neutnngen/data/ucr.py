"""Time series of the UCR archive: from the installed ``aeon`` package, from a folder, or from one file.

The archive asks to be cited: Dau et al. 2018, arXiv 1810.07758.
"""

from __future__ import annotations

import gzip
import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neutnngen.errors import ConfigError, DataError, MissingTool, nearest

SUFFIXES = (".ts", ".tsv", ".tsv.gz", ".csv", ".csv.gz")
FOLDER_VARIABLE = "NEUTNNGEN_DATA"


@dataclass(frozen=True, eq=False)
class SeriesSet:
    """A labelled set of series of equal length.

    values: (series, sample) float64, finite. labels: (series,) str. source: where it came from, for provenance.
    """

    name: str
    values: NDArray[np.float64]
    labels: NDArray[np.str_]
    source: str

    @property
    def classes(self) -> int:
        return len(set(self.labels.tolist()))


def bundled_folder() -> Path:
    """The folder of data sets inside the installed ``aeon`` package (found without importing it)."""
    found = importlib.util.find_spec("aeon")
    if found is None or found.origin is None:
        raise MissingTool("the package aeon, which holds the example data sets, is not installed", next_step="pip install aeon==1.6.0")
    return Path(found.origin).parent / "datasets" / "data"


def _parts(folder: Path, name: str) -> list[Path]:
    """The train and test file of a set in ``folder`` or in a sub-folder of its name; empty if absent."""
    for place in (folder, folder / name):
        for suffix in SUFFIXES:
            files = [place / f"{name}_{part}{suffix}" for part in ("TRAIN", "TEST")]
            found = [f for f in files if f.is_file()]
            if found:
                return found
    return []


def available(folder: Path | None = None) -> list[str]:
    """Names of the sets that can be loaded by name: those in ``folder`` (or $NEUTNNGEN_DATA) and the bundled ones."""
    names: set[str] = set()
    for place in _search_path(folder):
        for file in [*place.glob("*_TRAIN.*"), *place.glob("*/*_TRAIN.*")]:
            name = file.name.split("_TRAIN")[0]
            parts = _parts(place, name)
            if parts and _is_equal_length(parts[0]):
                names.add(name)
    return sorted(names)


def _is_equal_length(file: Path) -> bool:
    """Whether a .ts file declares one channel of equal length with class labels; other formats have no header and pass."""
    if file.suffix != ".ts":
        return True
    header = []
    with file.open(encoding="utf-8", errors="replace") as stream:
        for line in stream:
            if line.strip().lower() == "@data":
                break
            header.append(line.strip().lower())
    declared = " ".join(header)
    return "@univariate true" in declared and "@equallength true" in declared and "@classlabel true" in declared


def _search_path(folder: Path | None) -> list[Path]:
    places = [folder] if folder is not None else []
    if os.environ.get(FOLDER_VARIABLE):
        places.append(Path(os.environ[FOLDER_VARIABLE]))
    places.append(bundled_folder())
    return places


def load_ucr(name: str, folder: Path | None = None) -> SeriesSet:
    """All series of a set, train then test (clustering uses both), by name or by the path of one file.

    Files are ``NAME_TRAIN`` and ``NAME_TEST`` with .ts, or label-first .tsv or .csv, plain or gzip.
    Raises ConfigError for an unknown name; DataError for a file that cannot be read, has missing values or unequal lengths.
    """
    if folder is not None and not folder.is_dir():
        raise DataError("the data folder does not exist", got=folder, allowed="a folder with NAME_TRAIN.* and NAME_TEST.*")
    as_path = Path(name)
    if as_path.name.endswith(SUFFIXES) or as_path.is_file():
        files, title = [as_path], as_path.name.split(".")[0]
    else:
        files, title = [], name
        for place in _search_path(folder):
            files = _parts(place, name)
            if files:
                break
        if not files:
            names = available(folder)
            close = nearest(name, names)
            raise ConfigError(
                "there is no data set of this name",
                got=name,
                allowed=", ".join(names) + ", or the path of a .ts, .tsv or .csv file",
                next_step=f"did you mean {close!r}?"
                if close
                else f"put NAME_TRAIN.tsv and NAME_TEST.tsv in a folder and set {FOLDER_VARIABLE}",
            )
    values: list[NDArray[np.float64]] = []
    labels: list[str] = []
    length: int | None = None
    for file in files:
        part, part_labels = read_series(file)
        if length is not None and part.shape[1] != length:
            raise DataError("the series have different lengths", got=f"{length} and {part.shape[1]} samples", allowed="one length")
        length = part.shape[1]
        values.append(part)
        labels += part_labels
    return SeriesSet(title, np.vstack(values), np.array(labels), ", ".join(f.name for f in files))


def read_series(file: Path) -> tuple[NDArray[np.float64], list[str]]:
    """Series and labels of one file. Raises DataError that names line and cause."""
    try:
        if file.name.endswith(".gz"):
            with gzip.open(file, "rt", encoding="utf-8") as stream:
                text = stream.read()
        else:
            text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DataError("the data file does not exist", got=file, next_step="check the path") from None
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise DataError(f"the data file cannot be read: {error}", got=file, allowed=", ".join(SUFFIXES)) from None
    is_ts = file.name.endswith(".ts")
    separator = "," if is_ts or ".csv" in file.name else "\t"
    rows: list[NDArray[np.float64]] = []
    labels: list[str] = []
    in_data = not is_ts
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if not in_data:
            in_data = line.lower() == "@data"
            continue
        label, fields = _split_line(line, separator, is_ts, file, number)
        try:
            row = np.array([float(f) for f in fields])
        except ValueError:
            raise DataError(f"line {number} holds a value that is not a number", got=file, allowed="label, then numbers") from None
        if not np.isfinite(row).all():
            raise DataError(
                f"line {number}, sample {int(np.argmin(np.isfinite(row))) + 1} is missing or not finite",
                got=file,
                allowed="finite numbers",
                next_step="fill or drop the series with missing values first",
            )
        if rows and len(row) != len(rows[0]):
            raise DataError(
                f"line {number} has another length than the series before it",
                got=f"{len(row)} samples in {file}",
                allowed=f"{len(rows[0])} samples, as in the first series",
                next_step="cut or resample the series to one length first",
            )
        rows.append(row)
        labels.append(label)
    if not rows or not len(rows[0]):
        raise DataError("the file holds no series", got=file, allowed="one series per line: label, then values")
    return np.vstack(rows), labels


def _split_line(line: str, separator: str, is_ts: bool, file: Path, number: int) -> tuple[str, list[str]]:
    if not is_ts:
        label, *fields = line.split(separator)
        return label.strip(), fields
    channels = line.split(":")
    if len(channels) != 2:
        raise DataError(f"line {number} is not one channel with a label", got=file, allowed="value,value,…:label")
    return channels[1].strip(), channels[0].split(",")
