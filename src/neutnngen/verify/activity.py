"""Switching activity of every net, from the value-change dump of a simulation."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from neutnngen.errors import DataError


class NetActivity(NamedTuple):
    """toggles: changes between 0 and 1 per clock (the clock itself has 2). duty: fraction of the time at 1."""

    toggles: float
    duty: float


Activity = dict[str, NetActivity]
"""Net, as the netlist names it (bit of a bus: ``name[3]``, no backslash), to its activity."""

_SCALE = {"s": 1e9, "ms": 1e6, "us": 1e3, "ns": 1.0, "ps": 1e-3, "fs": 1e-6}
_RANGE = re.compile(r"^\[(-?\d+)(?::(-?\d+))?\]$")


def _net_names(reference: list[str], size: int) -> list[str]:
    """Names of a variable's bits, highest bit first, as values are written."""
    name = reference[0].removeprefix("\\")
    if size == 1:
        # A scalar may carry one index, and an escaped name may end like one; a range [0:0] is a bus of one bit.
        bounds = _RANGE.match(reference[1]) if len(reference) > 1 else None
        return [f"{name}[{bounds[1]}]" if bounds else name]
    bounds = _RANGE.match(reference[1]) if len(reference) > 1 else None
    high, low = (int(bounds[1]), int(bounds[2])) if bounds and bounds[2] is not None else (size - 1, 0)
    step = -1 if high > low else 1
    return [f"{name}[{index}]" for index in range(high, low + step, step)]


def read_vcd_activity(path: Path, clock_period: float) -> Activity:
    """Activity of all nets of a VCD file, between its first time and ``$dumpoff`` (or its last time).

    clock_period: ns. The file is read as a stream. Unknown values count neither as a change nor as 1. Raises DataError if the file is
    cut off, has no duration, or is no VCD.
    """
    try:
        with path.open(encoding="utf-8", errors="replace") as stream:
            return _read(stream, clock_period)
    except (ValueError, IndexError, KeyError) as error:
        raise DataError(f"the value-change dump cannot be read: {error!r}", got=path) from None
    except OSError as error:
        raise DataError(f"the value-change dump cannot be read: {error}", got=path) from None


def _read(stream: Iterable[str], clock_period: float) -> Activity:
    rows = iter(stream)
    bits: dict[str, range] = {}  # identifier to the positions of its bits, highest first
    nets: list[tuple[str, int]] = []  # name and position; several names may share one
    count = 0
    scale = 0.0
    definition: list[str] = []
    for row in rows:  # the header is made of words that end with $end
        definition += row.split()
        if not definition or definition[-1] != "$end":
            continue
        if definition[0] == "$timescale":
            text = "".join(definition[1:-1])
            unit = text.lstrip("0123456789")
            scale = int(text[: len(text) - len(unit)]) * _SCALE[unit]
        elif definition[0] == "$var" and definition[1] not in ("parameter", "integer", "real"):
            size, identifier = int(definition[2]), definition[3]
            if identifier not in bits:
                bits[identifier] = range(count, count + size)
                count += size
            nets += zip(_net_names(definition[4:-1], size), bits[identifier], strict=True)
        elif definition[0] == "$enddefinitions":
            break
        definition = []
    else:
        raise ValueError("no complete header")
    if scale == 0.0:
        raise ValueError("no time scale")

    toggles = [0] * count
    high = [0] * count  # time at 1
    value = ["x"] * count
    since = [0] * count
    first: int | None = None
    now = 0
    for row in rows:
        kind = row[0]
        if kind in "01xzXZ":
            word, identifier = kind, row[1:].rstrip()
        elif kind in "bB":
            word, identifier = row[1:].split()
        elif kind == "#":
            now = int(row[1:])
            if first is None:
                first = now
            continue
        elif row.startswith("$dumpoff"):
            break
        else:
            continue
        positions = bits.get(identifier)
        if positions is None:
            continue
        if len(word) < len(positions):  # left out on the left: zeros, or unknown as the first digit is
            word = ("0" if word[0] in "01" else word[0]) * (len(positions) - len(word)) + word
        for position, new in zip(positions, word, strict=True):
            old = value[position]
            if new == old:
                continue
            if old == "1":
                high[position] += now - since[position]
                toggles[position] += new == "0"
            elif old == "0":
                toggles[position] += new == "1"
            value[position] = new
            since[position] = now
    else:
        raise ValueError("it ends before the waves do (no $dumpoff)")
    if first is None or now <= first:
        raise ValueError("no duration")
    for position in range(count):
        if value[position] == "1":
            high[position] += now - since[position]
    span = now - first
    clocks = span * scale / clock_period
    return {name: NetActivity(toggles[position] / clocks, high[position] / span) for name, position in nets}
