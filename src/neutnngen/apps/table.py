"""Results of runs as a table: one frozen dataclass per row, stored as CSV row by row, so that a study that was stopped goes on.

A file begins with ``# format: NAME, version 1.0``; then come the column names and one line per row.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

from neutnngen.errors import DataError
from neutnngen.files import write_atomic

KINDS: dict[str, Any] = {"str": str, "int": int, "float": float}


class Keyed(Protocol):
    """A dataclass of str, int and float fields; ``key`` is what makes a run."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def key(self) -> tuple[Any, ...]: ...


R = TypeVar("R", bound=Keyed)


class Table(Generic[R]):
    """Rows, no key twice; with a ``path`` every added row is appended to that file at once. A subclass names ROW, FORMAT and VERSION."""

    ROW: type[Any]
    FORMAT: str
    VERSION: str = "1.0"

    def __init__(self, rows: Iterable[R] = (), path: Path | None = None) -> None:
        self._rows = {row.key: row for row in rows}
        self._path = path

    def __iter__(self) -> Iterator[R]:
        return iter(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)

    def has(self, key: tuple[Any, ...]) -> bool:
        """Whether the run with this ``key`` is there."""
        return key in self._rows

    def add(self, *rows: R) -> None:
        """Take in more rows; in the file they are there together or not at all."""
        self._rows |= {row.key: row for row in rows}
        if self._path is not None:
            with self._path.open("a", encoding="utf-8", newline="") as stream:
                stream.write(_lines(rows))

    def write(self, path: Path) -> Path:
        """The whole table as a file."""
        return write_atomic(path, f"{self.first_line()}\n{','.join(f.name for f in fields(self.ROW))}\n{_lines(self)}")

    @classmethod
    def first_line(cls) -> str:
        """How a file begins."""
        return f"# format: {cls.FORMAT}, version {cls.VERSION}"

    @classmethod
    def read(cls, path: Path) -> Self:
        """Raises DataError for a file that is missing, of another format, or has a broken line."""
        try:
            first, _, rest = path.read_text(encoding="utf-8").partition("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"the table of results cannot be read: {error}", got=path) from None
        wanted = cls.first_line()
        if first.rpartition(".")[0] != wanted.rpartition(".")[0]:
            raise DataError("the file is no table of results that this release reads", got=first[:80], allowed=wanted)
        lines = csv.DictReader(io.StringIO(rest, newline=""))
        rows = []
        for line in lines:
            try:
                if None in line or None in line.values():
                    raise ValueError("it has too many cells or too few")
                rows.append(cls.ROW(**{f.name: KINDS[str(f.type)](line[f.name]) for f in fields(cls.ROW)}))
            except (KeyError, TypeError, ValueError) as error:
                step = "delete that line; its run will be done again"
                raise DataError(f"line {lines.line_num + 1} is broken: {error!r}", got=path, next_step=step) from None
        return cls(rows)

    @classmethod
    def open(cls, path: Path) -> Self:
        """The table in this file, or a new one there; rows that are added are appended to it."""
        table = cls.read(path) if path.exists() else cls()
        if not path.exists():
            table.write(path)
        table._path = path
        return table


def _lines(rows: Iterable[Any]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    for row in rows:
        writer.writerow(asdict(row).values())
    return stream.getvalue()


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Cells as a table of Markdown."""
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"
