"""Results of clustering runs: one row per run, a table that is stored as CSV row by row, and its summary over the seeds.

A file begins with ``# format: neutnngen-ucr-results, version 1.0``; then come the column names and one line per run. A study that was
stopped goes on where it stopped: ``ResultTable.open(path)`` reads what is there, ``has`` says what is done, ``add`` appends at once.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.ucr.scores import Grouping, Scores, degenerate
from neutnngen.errors import ConfigError, DataError, nearest
from neutnngen.files import write_atomic

FORMAT, VERSION = "neutnngen-ucr-results", "1.0"
FIRST_LINE = f"# format: {FORMAT}, version {VERSION}"


@dataclass(frozen=True)
class ResultRow:
    """One run of one method on one set.

    protocol: "all" (fit and label all series) or "train2test" (fit the training series, label the test series). series, length: of those
    labelled. clusters: groups asked for. scores, groups, largest_share, unassigned, seconds: None where the method was not run, and
    ``note`` says why. degenerate: reason of ``scores.degenerate``, empty for a real grouping. seconds: fitting and labelling.
    """

    dataset: str
    method: str
    protocol: str
    seed: int
    series: int
    length: int
    clusters: int
    scores: Scores | None
    groups: int | None
    largest_share: float | None
    unassigned: int | None
    degenerate: str
    seconds: float | None
    note: str = ""

    @property
    def key(self) -> tuple[str, str, str, int]:
        return self.dataset, self.method, self.protocol, self.seed

    @classmethod
    def of(
        cls,
        run: tuple[str, str, str, int],
        length: int,
        clusters: int,
        classes: NDArray[Any],
        labels: NDArray[np.integer],
        seconds: float,
        note: str = "",
    ) -> ResultRow:
        """The row of a finished run. run: dataset, method, protocol, seed. classes, labels: (series,)."""
        facts = Grouping.of(labels)
        reason = degenerate(labels, clusters) or ""
        scores = Scores.of(classes, labels)
        sizes = (facts.groups, facts.largest_share, facts.unassigned)
        return cls(*run, len(labels), length, clusters, scores, *sizes, reason, seconds, note)

    @classmethod
    def not_run(cls, run: tuple[str, str, str, int], series: int, length: int, clusters: int, reason: str) -> ResultRow:
        """The row of a run that was left out, so that the gap in a table is explained and not tried again."""
        return cls(*run, series, length, clusters, None, None, None, None, "", None, reason)


@dataclass(frozen=True)
class MeanSd:
    """Mean and sample standard deviation over the seeds; the deviation of a single run is not a number."""

    mean: float
    sd: float

    @classmethod
    def of(cls, values: Sequence[float]) -> MeanSd:
        return cls(fmean(values), stdev(values) if len(values) > 1 else math.nan)


@dataclass(frozen=True)
class Summary:
    """A method on a set over its seeds. runs: finished runs. degenerate: share of them that are degenerate. note: of the first run."""

    dataset: str
    method: str
    runs: int
    rand: MeanSd
    adjusted_rand: MeanSd
    nmi: MeanSd
    degenerate: float
    seconds: float
    note: str


def _optional(kind: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda text: kind(text) if text else None


# Column names in order, each with what reads it and what writes it.
COLUMNS: dict[str, tuple[Callable[[str], Any], Callable[[ResultRow], object]]] = {
    "dataset": (str, lambda r: r.dataset),
    "method": (str, lambda r: r.method),
    "protocol": (str, lambda r: r.protocol),
    "seed": (int, lambda r: r.seed),
    "series": (int, lambda r: r.series),
    "length": (int, lambda r: r.length),
    "clusters": (int, lambda r: r.clusters),
    "rand": (_optional(float), lambda r: r.scores and r.scores.rand),
    "adjusted_rand": (_optional(float), lambda r: r.scores and r.scores.adjusted_rand),
    "nmi": (_optional(float), lambda r: r.scores and r.scores.nmi),
    "groups": (_optional(int), lambda r: r.groups),
    "largest_share": (_optional(float), lambda r: r.largest_share),
    "unassigned": (_optional(int), lambda r: r.unassigned),
    "degenerate": (str, lambda r: r.degenerate),
    "seconds": (_optional(float), lambda r: r.seconds),
    "note": (str, lambda r: r.note),
}


class ResultTable:
    """Rows of results, no run twice; with a ``path`` every added row is appended to that file at once."""

    def __init__(self, rows: Iterable[ResultRow] = (), path: Path | None = None) -> None:
        self._rows: dict[tuple[str, str, str, int], ResultRow] = {}
        self._path: Path | None = None
        for row in rows:
            self.add(row)
        self._path = path

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[ResultRow]:
        return iter(self._rows.values())

    @property
    def datasets(self) -> list[str]:
        """Names of the sets, in the order of their first row; ``methods`` and ``protocols`` likewise."""
        return list(dict.fromkeys(r.dataset for r in self))

    @property
    def methods(self) -> list[str]:
        return list(dict.fromkeys(r.method for r in self))

    @property
    def protocols(self) -> list[str]:
        return list(dict.fromkeys(r.protocol for r in self))

    def has(self, dataset: str, method: str, protocol: str, seed: int) -> bool:
        """Whether this run is in the table, finished or with the reason why it was not run."""
        return (dataset, method, protocol, seed) in self._rows

    def add(self, row: ResultRow) -> None:
        """Take in one more run. Raises ConfigError if the table has it."""
        if row.key in self._rows:
            raise ConfigError("the table has this run already", got=", ".join(map(str, row.key)), next_step="ask has() first")
        self._rows[row.key] = row
        if self._path is not None:
            with self._path.open("a", encoding="utf-8", newline="") as stream:
                stream.write(_lines([row]))

    def only(self, protocol: str) -> ResultTable:
        """The rows of one protocol, as a table of its own that no file belongs to."""
        return ResultTable(r for r in self if r.protocol == protocol)

    def write(self, path: Path) -> Path:
        """The whole table as a file."""
        return write_atomic(path, f"{FIRST_LINE}\n{','.join(COLUMNS)}\n{_lines(self)}")

    @classmethod
    def read(cls, path: Path) -> ResultTable:
        """Raises DataError for a file that is missing, of another format, or has an unknown column or a broken line."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"the table of results cannot be read: {error}", got=path) from None
        first, _, rest = text.partition("\n")
        name, _, version = first.removeprefix("# format: ").partition(", version ")
        if name != FORMAT or version.split(".")[0] != VERSION.split(".", maxsplit=1)[0]:
            raise DataError("the file is no table of results that this release reads", got=first[:80], allowed=FIRST_LINE)
        lines = csv.reader(io.StringIO(rest, newline=""))
        header = next(lines, [])
        if header != list(COLUMNS):
            unknown = [c for c in header if c not in COLUMNS]
            close = nearest(unknown[0], COLUMNS) if unknown else None
            what = f"the table has an unknown column {unknown[0]!r}" if unknown else "the columns of the table are incomplete or mixed up"
            step = f"did you mean {close!r}?" if close else None
            raise DataError(what, got=path, allowed=", ".join(COLUMNS), next_step=step)
        try:
            return cls(_row(dict(zip(COLUMNS, fields, strict=True))) for fields in lines)
        except ValueError as error:
            step = "delete that line; its run will be done again"
            raise DataError(f"line {lines.line_num + 1} is broken: {error}", got=path, next_step=step) from None

    @classmethod
    def open(cls, path: Path) -> ResultTable:
        """The table in this file, or a new one there; rows that are added are appended to it."""
        table = cls.read(path) if path.exists() else cls()
        if not path.exists():
            table.write(path)
        table._path = path
        return table

    def summary(self) -> list[Summary]:
        """Each set and method that was run, in the order of the table. Raises ConfigError if the table mixes protocols."""
        if len(self.protocols) > 1:
            step = "take one with only(protocol)"
            raise ConfigError("the table mixes protocols, which cannot be averaged", got=", ".join(self.protocols), next_step=step)
        runs: dict[tuple[str, str], list[tuple[ResultRow, Scores]]] = {}
        for row in self:
            if row.scores is not None:
                runs.setdefault((row.dataset, row.method), []).append((row, row.scores))
        return [_summary(rows) for rows in runs.values()]


def _summary(runs: Sequence[tuple[ResultRow, Scores]]) -> Summary:
    first = runs[0][0]
    rand, adjusted, nmi = (MeanSd.of([getattr(s, name) for _, s in runs]) for name in ("rand", "adjusted_rand", "nmi"))
    share = fmean(bool(row.degenerate) for row, _ in runs)
    seconds = fmean(row.seconds or 0.0 for row, _ in runs)
    return Summary(first.dataset, first.method, len(runs), rand, adjusted, nmi, share, seconds, first.note)


def _lines(rows: Iterable[ResultRow]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    for row in rows:
        writer.writerow([write(row) for _, write in COLUMNS.values()])
    return stream.getvalue()


def _row(fields: dict[str, str]) -> ResultRow:
    values = {name: read(fields[name]) for name, (read, _) in COLUMNS.items()}
    measures = [values.pop(name) for name in ("rand", "adjusted_rand", "nmi")]
    return ResultRow(**values, scores=None if None in measures else Scores(*measures))
