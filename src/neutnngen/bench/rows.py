"""Tables of a benchmark as CSV: a frozen dataclass of str, int and float fields per row, written whole after every row."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import MISSING, asdict, fields
from pathlib import Path
from typing import Any, TypeVar

from neutnngen.errors import DataError
from neutnngen.files import write_atomic

R = TypeVar("R")


def read_table(path: Path, kind: type[R]) -> list[R]:
    """Rows of an earlier run; none if there is no file. Columns that it lacks keep their defaults.

    Raises DataError for a file of another kind.
    """
    if not path.is_file():
        return []
    kinds: dict[str, Callable[[str], Any]] = {f.name: {"int": int, "float": float}.get(str(f.type), str) for f in fields(kind)}  # type: ignore[arg-type]
    optional = {f.name for f in fields(kind) if f.default is not MISSING}  # type: ignore[arg-type]
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            return [kind(**_values(row, kinds, optional)) for row in csv.DictReader(stream)]
    except (KeyError, ValueError, TypeError) as problem:
        raise DataError(f"the table cannot be read: {problem!r}", got=path, next_step=f"move {path} away") from None


def _values(row: dict[str, str], kinds: dict[str, Callable[[str], Any]], optional: set[str]) -> dict[str, Any]:
    """Fields of a row; one that an older table lacks keeps its default."""
    return {name: convert(row[name]) for name, convert in kinds.items() if name in row or name not in optional}


def write_table(path: Path, kind: type[R], rows: Iterable[R]) -> Path:
    """Write the rows in their order; floats with six digits."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [f.name for f in fields(kind)], lineterminator="\n")  # type: ignore[arg-type]
    writer.writeheader()
    for row in rows:
        values = asdict(row)  # type: ignore[call-overload]
        writer.writerow({name: f"{value:.6g}" if isinstance(value, float) else value for name, value in values.items()})
    return write_atomic(path, text.getvalue())
