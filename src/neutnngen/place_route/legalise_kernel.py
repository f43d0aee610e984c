"""The compiled part of the legaliser. Lengths are sites, from the left end of all rows; heights are database units."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def _append(wanted, width, last, low, high, before, pull, count, wide, at):  # type: ignore[no-untyped-def]
    """Where a new rightmost cell of a segment would end, and the cluster that it would be part of: (place, last cluster that stays,
    pull, cells, width, left edge)."""
    p, n, w = wanted, 1.0, width
    left = max(low, min(p, high - w))
    cluster = last
    while cluster >= 0 and at[cluster] + wide[cluster] > left:
        p = pull[cluster] + p - n * wide[cluster]
        n += count[cluster]
        w += wide[cluster]
        left = max(low, min(p / n, high - w))
        cluster = before[cluster]
    return left + w - width, cluster, p, n, w, left


@njit(cache=True, nogil=True)
def pack(order, wanted_x, wanted_y, width, home, ys, row_start, low, high, site):  # type: ignore[no-untyped-def]
    """Abacus: cells in ``order`` each go to the segment where appending costs least.

    wanted_x (sites), wanted_y, width (sites): of the cells. home: segment that a cell must go to, -1 for any. ys: places of the rows,
    ascending; their segments are ``row_start[r]:row_start[r + 1]``, from ``low`` to ``high``, left to right. site: width of a site.
    Returns (segment by cell, left edge in whole sites by cell, cells that fit nowhere).
    """
    cells, rows, segments = order.shape[0], ys.shape[0], low.shape[0]
    room = high - low
    last = np.full(segments, -1, np.int64)
    before = np.full(cells, -1, np.int64)  # a cluster has the number of the cell that ended it
    pull, count, wide, at = np.zeros(cells), np.zeros(cells), np.zeros(cells), np.zeros(cells)
    chosen = np.full(cells, -1, np.int64)
    row_of = np.empty(segments, np.int64)
    for r in range(rows):
        row_of[row_start[r] : row_start[r + 1]] = r
    lost = 0
    for cell in order:
        x, y, w = wanted_x[cell], wanted_y[cell], width[cell]
        best, best_cost = -1, np.inf
        if home[cell] >= 0:
            best = home[cell]
        else:
            up = np.searchsorted(ys, y)
            down = up - 1
            while up < rows or down >= 0:
                if down >= 0 and (up >= rows or y - ys[down] <= ys[up] - y):
                    row = down
                    down -= 1
                else:
                    row = up
                    up += 1
                away = abs(ys[row] - y)
                if away >= best_cost:
                    break
                for s in range(row_start[row], row_start[row + 1]):
                    if room[s] < w or away + site * max(low[s] - x, x - (high[s] - w), 0.0) >= best_cost:
                        continue
                    place = _append(x, w, last[s], low[s], high[s], before, pull, count, wide, at)[0]
                    cost = abs(place - x) * site + away
                    if cost < best_cost:
                        best, best_cost = s, cost
        if best < 0:
            lost += 1
            continue
        _, stays, p, n, total, left = _append(x, w, last[best], low[best], high[best], before, pull, count, wide, at)
        before[cell], pull[cell], count[cell], wide[cell], at[cell] = stays, p, n, total, left
        last[best] = cell
        room[best] -= w
        chosen[cell] = best
    # a cluster's left edge is rounded, then its cells follow in their order: widths are whole, so nothing overlaps
    lefts = np.zeros(cells, np.int64)
    for s in range(segments):
        cluster = last[s]
        while cluster >= 0:
            lefts[cluster] = int(at[cluster] + 0.5)
            cluster = before[cluster]
    # the place of the cell that ended a cluster is not its left edge: walk in order and count widths up
    edge = np.full(segments, -1, np.int64)
    owner = np.full(cells, -1, np.int64)
    for s in range(segments):
        cluster = last[s]
        while cluster >= 0:
            owner[cluster] = cluster
            cluster = before[cluster]
    # cells of a cluster are those since the end of the one before it; find each cell's cluster from behind
    current = np.full(segments, -1, np.int64)
    for k in range(cells - 1, -1, -1):
        cell = order[k]
        s = chosen[cell]
        if s < 0:
            continue
        if owner[cell] >= 0:
            current[s] = cell
        owner[cell] = current[s]
    places = np.zeros(cells, np.int64)
    started = np.full(segments, -1, np.int64)
    for cell in order:
        s = chosen[cell]
        if s < 0:
            continue
        if started[s] != owner[cell]:
            started[s] = owner[cell]
            edge[s] = lefts[owner[cell]]
        places[cell] = edge[s]
        edge[s] += int(width[cell])
    return chosen, places, lost
