"""Values of signals at chosen times, from the value-change dump of a simulation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from neutnngen.errors import DataError

Values = dict[str, list[int | None]]
"""Signal, by its path under the test bench (``dut.line_3.age``), to its value at every chosen time; None where a bit was unknown."""


def read_vcd_values(path: Path, times: Sequence[int]) -> Values:
    """Every signal's value just before each of ``times`` (ascending, in the dump's unit of time, from its first time stamp on).

    Raises DataError if the file is no VCD or ends before the last time.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
        head, mark, body = text.partition("$enddefinitions")
        if not mark:
            raise ValueError("no complete header")
        names = _names(head)
        return _sampled(names, body, times)
    except OSError as error:
        raise DataError(f"the value-change dump cannot be read: {error}", got=path) from None
    except (ValueError, IndexError, KeyError) as error:
        raise DataError(f"the value-change dump cannot be read: {error!r}", got=path) from None


def _names(head: str) -> dict[str, list[str]]:
    """Identifier to the signals that share it."""
    scopes: list[str] = []
    names: dict[str, list[str]] = {}
    words = iter(head.split())
    for word in words:
        if word == "$scope":
            next(words)
            scopes.append(next(words))
        elif word == "$upscope":
            scopes.pop()
        elif word == "$var":
            kind, _, identifier, name = next(words), next(words), next(words), next(words)
            if kind not in ("parameter", "real"):
                names.setdefault(identifier, []).append(".".join([*scopes[1:], name]))
    return names


def _sampled(names: dict[str, list[str]], body: str, times: Sequence[int]) -> Values:
    now: dict[str, int | None] = dict.fromkeys(names)
    found: dict[str, list[int | None]] = {identifier: [] for identifier in names}
    left = iter(times)
    first: int | None = None
    wanted = next(left, None)
    rows = iter(body.splitlines())
    for row in rows:
        if wanted is None:
            break
        kind = row[:1]
        if kind == "#":
            moment = int(row[1:])
            first = moment if first is None else first
            while wanted is not None and moment - first >= wanted:
                for identifier, value in now.items():
                    found[identifier].append(value)
                wanted = next(left, None)
        elif kind in ("0", "1", "x", "z", "X", "Z"):
            now[row[1:].strip()] = int(kind) if kind in "01" else None
        elif kind in ("b", "B"):
            word, identifier = row[1:].split()
            now[identifier] = int(word, 2) if set(word) <= {"0", "1"} else None
    if wanted is not None:
        raise ValueError("it ends before the last time")
    return {name: found[identifier] for identifier, shared in names.items() for name in shared}
