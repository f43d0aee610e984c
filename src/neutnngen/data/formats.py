"""Labelled time series in files: .ts, .tsv, .csv, .txt, .arff, each also as .gz.

- ``.ts``: the header of aeon and sktime, one channel; ``value,value,…:label``.
- ``.tsv``, ``.csv``, ``.txt``: label first, then the values, separated by tabs, commas or blanks (the UCR archives of 2015 and 2018).
  A file with any other name is read in this way too: those of 2015 have no suffix.
- ``.arff``: numeric attributes, the nominal class last (:mod:`neutnngen.data.arff`).

Missing is an empty field, ``?`` or ``NaN``. Every error names file, line and cause.
"""

from __future__ import annotations

import gzip
import math
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neutnngen.data.arff import arff_records
from neutnngen.data.rows import Record, Rows, SeriesTable, to_table
from neutnngen.errors import DataError

KINDS = (".ts", ".tsv", ".csv", ".txt", ".arff")
SUFFIXES = tuple(kind + packed for kind in KINDS for packed in ("", ".gz"))
_MISSING = {"", "?"}
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
_FLOAT_LABEL = re.compile(r"[+-]?\d+(\.\d*)?[eE][+-]?\d+")  # the .txt files print the class as 1.0000000e+00
_REFUSED = {  # header lines of a .ts file that rule a file out: (tag, value) and the reason
    ("univariate", "false"): "several channels",
    ("timestamps", "true"): "time stamps",
    ("classlabel", "false"): "no class label",
    ("targetlabel", "true"): "no class label: the targets are real numbers",
}


@dataclass(frozen=True)
class Scan:
    """A file at a glance, no value read. series: how many. shortest, longest: samples, padding included. missing: any missing value."""

    series: int
    shortest: int
    longest: int
    classes: frozenset[str]
    missing: bool


def kind_of(file: Path) -> str:
    """The kind of file by its name, without .gz; ``.txt`` (label first) for every other name."""
    suffix = Path(file.name.removesuffix(".gz")).suffix
    return suffix if suffix in KINDS else ".txt"


def read_series(file: Path, repair: bool = False) -> SeriesTable:
    """Series and labels of one file, of equal length and without holes.

    repair: fill missing values and resample series of unequal length, see :func:`neutnngen.data.rows.to_table`; what was done is in
    ``notes``. Raises DataError that names file, line and cause.
    """
    return to_table([read_rows(file)], repair)


def read_rows(file: Path) -> Rows:
    """Series of one file as they are: any length, NaN where a value is missing. Raises DataError that names file, line and cause."""
    rows: list[NDArray[np.float64]] = []
    labels: list[str] = []
    lines: list[int] = []
    for record in _records(file):
        rows.append(_numbers(record, file))
        labels.append(record.label)
        lines.append(record.line)
    return Rows(file, tuple(rows), tuple(labels), tuple(lines), kind_of(file) == ".tsv")


def scan(file: Path) -> Scan:
    """Number, lengths and classes of the series, without reading the values (much quicker)."""
    lengths: list[int] = []
    classes: set[str] = set()
    missing = False
    for record in _records(file):
        lengths.append(len(record.fields))
        classes.add(record.label)
        missing = missing or any(mark in ",".join(record.fields).lower() for mark in ("nan", "?")) or "" in map(str.strip, record.fields)
    return Scan(len(lengths), min(lengths), max(lengths), frozenset(classes), missing)


def refusal(file: Path) -> str | None:
    """Why the header of a .ts file rules it out (``several channels``), from the header alone; None for the other kinds."""
    declared = read_header(file)
    return next((reason for (tag, value), reason in _REFUSED.items() if declared.get(tag) == value), None)


def read_header(file: Path) -> dict[str, str]:
    """Tags of a .ts header, lower case without ``@``; empty for the other kinds and for a file that cannot be read."""
    declared: dict[str, str] = {}
    if kind_of(file) != ".ts":
        return declared
    try:
        with gzip.open(file, "rb") if file.name.endswith(".gz") else file.open("rb") as stream:
            for line in stream:
                tag, _, value = line.decode("latin-1").strip().lower().partition(" ")
                if tag == "@data":
                    break
                if tag.startswith("@"):
                    declared[tag[1:]] = (value.split() or [""])[0]
    except (OSError, EOFError, zlib.error):
        return {}
    return declared


def _text(file: Path) -> str:
    try:
        data = file.read_bytes()
        if file.name.endswith(".gz"):
            data = gzip.decompress(data)
    except FileNotFoundError:
        raise DataError("the data file does not exist", got=file, next_step="check the path") from None
    except (OSError, EOFError, zlib.error) as error:  # EOFError and zlib.error: cut or damaged gzip
        raise DataError(
            f"the data file cannot be read: {error}", got=file, allowed=", ".join(SUFFIXES), next_step="copy or fetch it again"
        ) from None
    if _BINARY.search(data):
        raise DataError("the data file cannot be read: it is binary, not text", got=file, allowed=", ".join(SUFFIXES))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")  # names in the comments of old files; a value in it is refused as a number


def _records(file: Path) -> Iterator[Record]:
    """The series of a file as text, each with its label and at least one field; at least one series."""
    lines = list(enumerate(_text(file).replace("\r\n", "\n").replace("\r", "\n").split("\n"), start=1))
    kind = kind_of(file)
    found = arff_records(lines, file) if kind == ".arff" else _ts_records(lines, file) if kind == ".ts" else _label_first(lines, file)
    count = 0
    for record in found:
        if record.label.lower() in ("", "?", "nan"):
            raise DataError(f"line {record.line} has no class label", got=file, allowed="a label for every series")
        if not record.fields or not "".join(record.fields).strip():
            raise DataError(f"line {record.line} holds a label but no values", got=file, allowed="one series per line: label and values")
        count += 1
        yield record
    if not count:
        raise DataError("the file holds no series", got=file, allowed="one series per line: label and values")


def _label_first(lines: Sequence[tuple[int, str]], file: Path) -> Iterator[Record]:
    for number, line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if "," in line:
            label, *fields = line.split(",")
        elif "\t" in line.lstrip():
            label, *fields = line.split("\t")
        else:
            label, *fields = line.split()
        label = label.strip()
        if _FLOAT_LABEL.fullmatch(label):
            label = f"{float(label):.15g}"
        if _is_fraction(label):
            raise DataError(
                f"line {number} has no class label: it starts with a value",
                got=f"{label} in {file}",
                allowed="the class as a whole number or a word, then the values",
            )
        yield Record(number, label, fields)


def _is_fraction(label: str) -> bool:
    """Whether a label is a number with a fraction, which no class of the archive is: the file then holds values only."""
    try:
        value = float(label)
    except ValueError:
        return False
    return math.isfinite(value) and not value.is_integer()


def _ts_records(lines: Sequence[tuple[int, str]], file: Path) -> Iterator[Record]:
    in_data = False
    for number, line in lines:
        line = line.strip()
        if not line or line[0] in "#%":
            continue
        if in_data:
            yield _ts_record(number, line, file)
            continue
        tag, _, value = line.lower().partition(" ")
        in_data = tag == "@data"
        reason = _REFUSED.get((tag[1:], (value.split() or [""])[0]))
        if not line.startswith("@"):
            raise DataError(f"line {number} comes before @data", got=f"{line[:60]!r} in {file}", allowed="header lines that start with @")
        if reason:
            raise DataError(f"line {number} declares {reason}", got=f"{line} in {file}", allowed="one channel with class labels")
    if not in_data:
        raise DataError("the file has no @data line", got=file, allowed="a .ts header, @data, then value,value,…:label")


def _ts_record(number: int, line: str, file: Path) -> Record:
    channels = line.split(":")
    if len(channels) != 2 or "," in channels[1]:
        labelled = "," not in channels[-1]
        found = f"{len(channels) - labelled} channels{'' if labelled else ' and no class label'}"
        if len(channels) == 1:
            found = "no class label"
        raise DataError(
            f"line {number} is not one channel with a label: it has {found}",
            got=file,
            allowed="value,value,…:label",
            next_step="write each channel as a file of its own" if len(channels) > 1 else "add the label after a colon",
        )
    return Record(number, channels[1].strip(), channels[0].split(","))


def _numbers(record: Record, file: Path) -> NDArray[np.float64]:
    """The samples of a series; NaN where one is missing."""
    fields = record.fields
    try:
        row = np.array([float(field) for field in fields])
        plain = "_" not in ",".join(fields)  # Python reads 1_000 as a number
    except ValueError:
        plain = False
    if not plain:
        row = np.array([_number(field.strip(), record.line, i + 1, file) for i, field in enumerate(fields)])
    infinite = np.isinf(row)
    if infinite.any():
        first = int(np.argmax(infinite))
        raise DataError(f"line {record.line}, sample {first + 1} is infinite", got=f"{fields[first]} in {file}", allowed="finite numbers")
    return row


def _number(field: str, line: int, sample: int, file: Path) -> float:
    try:
        if "_" not in field:
            return math.nan if field in _MISSING else float(field)
    except ValueError:
        pass
    raise DataError(f"line {line}, sample {sample} is not a number", got=f"{field!r} in {file}", allowed="numbers, and one class label")
