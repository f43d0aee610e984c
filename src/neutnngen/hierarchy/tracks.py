"""Routing of a chip's nets on two layers: exact, and without search.

A net is a trunk on a vertical track, a branch on a horizontal track in every row of macros where it has pins, and a stub from every pin to
its row's branch. Pins of macros of one column of tiles stand on tracks of their own, trunks on the tracks between, and branches and trunks
share tracks by the left-edge rule: sorted by where they begin, each takes a track whose last one has ended (n log n). So no two nets can
meet, whatever the netlist: there is nothing to rip up. Only a row or a column of tiles can be too narrow, which is reported as how much is
missing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Terminals:
    """Where nets end, one entry each. net: its number. x, y: middle of the topmost via of its riser, or of a port's end. row, column: of
    tiles. port: whether it is a port of the chip, which stands on a track for trunks."""

    net: Ints
    x: Ints
    y: Ints
    row: Ints
    column: Ints
    port: NDArray[np.bool_]


@dataclass(frozen=True)
class Branches:
    """Horizontal wires to be: one for each net and row. net, row; x0, x1: its ends."""

    net: Ints
    row: Ints
    x0: Ints
    x1: Ints


@dataclass(frozen=True)
class Trunks:
    """Vertical wires to be. net; column: of tiles; first, last: rows; fixed: track that it must have (a port's), or -1."""

    net: Ints
    column: Ints
    first: Ints
    last: Ints
    fixed: Ints


def trunks_of(terminals: Terminals, nets: int) -> Trunks:
    """A trunk for every net that has pins in several rows, or a port; in the column of tiles of its port or of its first terminal."""
    low = np.full(nets, np.iinfo(np.int64).max)
    high = np.full(nets, -1)
    np.minimum.at(low, terminals.net, terminals.row)
    np.maximum.at(high, terminals.net, terminals.row)
    fixed = np.full(nets, -1)
    column = np.full(nets, -1)
    # the terminals of a net are in the order driver, sinks; the first one written last stays
    column[terminals.net[::-1]] = terminals.column[::-1]
    at_port = terminals.port
    fixed[terminals.net[at_port]] = terminals.x[at_port]
    column[terminals.net[at_port]] = terminals.column[at_port]
    chosen = np.flatnonzero((high > low) | (fixed >= 0))
    return Trunks(chosen, column[chosen], low[chosen], high[chosen], fixed[chosen])


def pack(start: Ints, end: Ints, wanted: Ints, tracks: Ints, fixed: Ints | None = None) -> tuple[Ints, int]:
    """Give every interval a track by the left-edge rule; returns the track's place for each (-1: none was free) and how many got none.

    start, end: closed intervals, with the space that they need counted in. wanted: place at which each would be best. tracks: places.
    fixed: place of the track that an interval must have, else -1; no two such intervals on one track.
    """
    got = np.full(len(start), -1)
    taken_from = np.full(len(tracks), np.iinfo(np.int64).max)
    taken_to = np.full(len(tracks), np.iinfo(np.int64).min)
    if fixed is not None:
        bound = fixed >= 0
        got[bound] = fixed[bound]
        at = np.searchsorted(tracks, fixed[bound])
        taken_from[at], taken_to[at] = start[bound], end[bound]
    ended = np.full(len(tracks), np.iinfo(np.int64).min)
    missing = 0
    for i in np.lexsort((end, start)):
        if got[i] >= 0:
            continue
        free = np.flatnonzero((ended < start[i]) & ((taken_from > end[i]) | (taken_to < start[i])))
        if len(free) == 0:
            missing += 1
            continue
        k = free[np.argmin(np.abs(tracks[free] - wanted[i]))]
        got[i] = tracks[k]
        ended[k] = end[i]
    return got, missing


def density(start: Ints, end: Ints) -> int:
    """Most intervals that cover one place."""
    if len(start) == 0:
        return 0
    at = np.concatenate([start, end + 1])
    step = np.concatenate([np.ones(len(start), dtype=np.int64), -np.ones(len(end), dtype=np.int64)])
    order = np.lexsort((step, at))
    return int(np.cumsum(step[order]).max())


def branches_of(terminals: Terminals, trunks: Trunks, trunk_x: Ints, nets: int) -> Branches:
    """Every net's horizontal wires, from its leftmost to its rightmost pin of the row and its trunk. A row where all of it stands on the
    trunk's own track needs none."""
    place = np.full(nets, -1)
    place[trunks.net] = trunk_x
    key = terminals.net * (int(terminals.row.max()) + 2) + terminals.row if len(terminals.row) else terminals.net
    keys, at = np.unique(key, return_inverse=True)
    x0 = np.full(len(keys), np.iinfo(np.int64).max)
    x1 = np.full(len(keys), np.iinfo(np.int64).min)
    np.minimum.at(x0, at, terminals.x)
    np.maximum.at(x1, at, terminals.x)
    net, row = np.zeros(len(keys), dtype=np.int64), np.zeros(len(keys), dtype=np.int64)
    net[at], row[at] = terminals.net, terminals.row
    there = place[net] >= 0
    x0 = np.where(there, np.minimum(x0, place[net]), x0)
    x1 = np.where(there, np.maximum(x1, place[net]), x1)
    real = x1 > x0
    return Branches(net[real], row[real], x0[real], x1[real])
