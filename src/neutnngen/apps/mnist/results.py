"""Results of runs on images: one row per run, stored as CSV row by row, and their summary over the seeds.

A file begins with ``# format: neutnngen-mnist-results, version 1.0``. A study that was stopped goes on where it stopped.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from neutnngen.errors import DataError
from neutnngen.files import write_atomic

FORMAT, VERSION = "neutnngen-mnist-results", "1.0"
FIRST_LINE = f"# format: {FORMAT}, version {VERSION}"
KINDS: dict[str, Any] = {"str": str, "int": int, "float": float}


@dataclass(frozen=True)
class Row:
    """One run of one design.

    design, family: names; families are compared with each other. part: ``test``, or ``validation`` where the last tenth and more of the
    training images was held back. images: learned from. passes, jitter: see Blueprint. synapses: that exist. weight_bits: of all of them.
    first_error: share of wrong images after the first pass (on ``part``; nan if there was one pass only, then it is ``error``).
    error: at the end. silent: share of images without a class. learn_seconds: of learning. images_per_second: of classifying, engine and
    encoder. area, leakage, energy: mm², mW, nJ per image, nan where not estimated; ``silicon`` says how they came about.
    """

    design: str
    family: str
    data: str
    part: str
    seed: int
    images: int
    passes: int
    jitter: int
    synapses: int
    weight_bits: int
    error: float
    first_error: float
    silent: float
    learn_seconds: float
    images_per_second: float
    area: float
    leakage: float
    energy: float
    silicon: str

    @property
    def key(self) -> tuple[Any, ...]:
        """What makes a run; no two rows of a table have the same."""
        return self.design, self.data, self.part, self.seed, self.images, self.passes, self.jitter


@dataclass(frozen=True)
class Summary:
    """A design over its seeds. rows: its runs. error, first_error, sd: mean and sample deviation of the error, as shares."""

    rows: tuple[Row, ...]
    error: float
    sd: float
    first_error: float

    @property
    def first(self) -> Row:
        """The run of the first seed, for what all have alike."""
        return self.rows[0]


class Results:
    """Rows, no run twice; with a ``path`` every added row is appended to that file at once."""

    def __init__(self, rows: Iterable[Row] = (), path: Path | None = None) -> None:
        self._rows = {row.key: row for row in rows}
        self._path = path

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)

    def has(self, key: tuple[Any, ...]) -> bool:
        """Whether the run with this ``Row.key`` is there."""
        return key in self._rows

    def add(self, row: Row) -> None:
        """Take in one more run."""
        self._rows[row.key] = row
        if self._path is not None:
            with self._path.open("a", encoding="utf-8", newline="") as stream:
                stream.write(_lines([row]))

    def write(self, path: Path) -> Path:
        """The whole table as a file."""
        return write_atomic(path, f"{FIRST_LINE}\n{','.join(f.name for f in fields(Row))}\n{_lines(self)}")

    @classmethod
    def read(cls, path: Path) -> Results:
        """Raises DataError for a file that is missing, of another format, or has a broken line."""
        try:
            first, _, rest = path.read_text(encoding="utf-8").partition("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"the table of results cannot be read: {error}", got=path) from None
        if first.rpartition(".")[0] != FIRST_LINE.rpartition(".")[0]:
            raise DataError("the file is no table of results that this release reads", got=first[:80], allowed=FIRST_LINE)
        lines = csv.DictReader(io.StringIO(rest, newline=""))
        rows = []
        for line in lines:
            try:
                if None in line or None in line.values():
                    raise ValueError("it has too many cells or too few")
                rows.append(Row(**{f.name: KINDS[str(f.type)](line[f.name]) for f in fields(Row)}))
            except (KeyError, TypeError, ValueError) as error:
                step = "delete that line; its run will be done again"
                raise DataError(f"line {lines.line_num + 1} is broken: {error!r}", got=path, next_step=step) from None
        return cls(rows)

    @classmethod
    def open(cls, path: Path) -> Results:
        """The table in this file, or a new one there; rows that are added are appended to it."""
        table = cls.read(path) if path.exists() else cls()
        if not path.exists():
            table.write(path)
        table._path = path
        return table

    def summary(self) -> list[Summary]:
        """Runs of the same design, data, part and training together, in the order of the table."""
        groups: dict[tuple[Any, ...], list[Row]] = {}
        for row in self:
            groups.setdefault((row.design, row.data, row.part, row.images, row.passes, row.jitter), []).append(row)
        return [_summary(tuple(rows)) for rows in groups.values()]


def _summary(rows: tuple[Row, ...]) -> Summary:
    errors = [row.error for row in rows]
    firsts = [row.error if math.isnan(row.first_error) else row.first_error for row in rows]
    return Summary(rows, fmean(errors), stdev(errors) if len(errors) > 1 else math.nan, fmean(firsts))


def _lines(rows: Iterable[Row]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    for row in rows:
        writer.writerow(asdict(row).values())
    return stream.getvalue()
