"""From series of any length, with holes, to one table: refused as they are, or repaired on request and the repair counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neutnngen.errors import DataError


@dataclass(frozen=True)
class Record:
    """One series as text. line: its number in the file. fields: its samples, not yet numbers."""

    line: int
    label: str
    fields: list[str]


@dataclass(frozen=True, eq=False)
class Rows:
    """The series of one file: rows of any length, NaN where a value is missing, never infinite; labels and line numbers beside them.

    padded: NaN at the end of a row may be padding of a shorter series (.tsv of the 2018 archive).
    """

    file: Path
    rows: tuple[NDArray[np.float64], ...]
    labels: tuple[str, ...]
    lines: tuple[int, ...]
    padded: bool


@dataclass(frozen=True, eq=False)
class SeriesTable:
    """values: (series, sample) float64, finite. labels: one for each series. notes: what was repaired, one sentence each."""

    values: NDArray[np.float64]
    labels: tuple[str, ...]
    notes: tuple[str, ...] = ()


def to_table(parts: Sequence[Rows], repair: bool = False) -> SeriesTable:
    """The series of all parts in one table.

    repair: fill missing values by linear interpolation (ends take the nearest value) and resample series linearly to the longest of all
    parts; NaN at the end of a row of a ``padded`` part means that the series is shorter.
    Raises DataError for missing values and unequal lengths without ``repair``, and with it for a series of fewer than 2 samples to go by.
    """
    labels = tuple(label for part in parts for label in part.labels)
    if repair:
        rows, notes = _repaired(parts)
    else:
        _check(parts)
        rows, notes = [row for part in parts for row in part.rows], ()
    return SeriesTable(np.vstack(rows), labels, notes)


def _check(parts: Sequence[Rows]) -> None:
    length = len(parts[0].rows[0])
    for part in parts:
        repairable = f"mend the file, or load with repair=True (--repair); neutnngen data check {part.file} tells what that changes"
        for i, (line, row) in enumerate(zip(part.lines, part.rows, strict=True)):
            missing = np.isnan(row)
            if missing.any():
                tail = bool(part.padded and missing[int(np.argmax(missing)) :].all())
                raise DataError(
                    f"line {line}, sample {int(np.argmax(missing)) + 1} is missing or not finite",
                    got=f"{int(missing.sum())} missing of {len(row)} samples in {part.file}"
                    + (", all at the end: the series is shorter than the others" if tail else ""),
                    allowed="finite numbers",
                    next_step=repairable,
                )
            if len(row) == length:
                continue
            if i == 0:
                raise DataError(
                    "the series have different lengths in the two parts",
                    got=f"{length} samples in {parts[0].file.name}, {len(row)} in {part.file}",
                    allowed="one length",
                    next_step=repairable,
                )
            raise DataError(
                f"line {line} has another length than the series before it",
                got=f"{len(row)} samples in {part.file}",
                allowed=f"{length} samples, as in the first series",
                next_step=repairable,
            )


def _repaired(parts: Sequence[Rows]) -> tuple[list[NDArray[np.float64]], tuple[str, ...]]:
    cut = [[_without_padding(row) if part.padded else row for row in part.rows] for part in parts]
    longest = max(len(row) for rows in cut for row in rows)
    made: list[NDArray[np.float64]] = []
    shorter = values = holed = resampled = 0
    for part, rows in zip(parts, cut, strict=True):
        for line, whole, row in zip(part.lines, part.rows, rows, strict=True):
            known = np.isfinite(row)
            good = known.all() and len(row) == longest
            if not good and known.sum() < 2:
                raise DataError(
                    f"line {line} cannot be repaired: fewer than 2 of its samples are known",
                    got=f"{int(known.sum())} known samples in {part.file}",
                    allowed="at least 2",
                    next_step="remove this series from the file",
                )
            shorter += len(row) < len(whole)
            values += int((~known).sum())
            holed += not known.all()
            resampled += len(row) != longest
            made.append(row if good else _resampled(row, known, longest))
    notes = []
    if values:
        notes.append(f"{values} missing values in {holed} series filled by linear interpolation")
    if shorter:
        notes.append(f"{shorter} series end in NaN and are taken as shorter")
    if resampled:
        notes.append(f"{resampled} of {len(made)} series resampled to {longest} samples")
    return made, tuple(notes)


def _without_padding(row: NDArray[np.float64]) -> NDArray[np.float64]:
    known = np.flatnonzero(np.isfinite(row))
    return row[: known[-1] + 1] if len(known) else row


def _resampled(row: NDArray[np.float64], known: NDArray[np.bool_], length: int) -> NDArray[np.float64]:
    """The known samples read linearly at ``length`` points from the first sample to the last; ends take the nearest known value."""
    where = np.linspace(0, len(row) - 1, length)
    return np.interp(where, np.flatnonzero(known), row[known])
