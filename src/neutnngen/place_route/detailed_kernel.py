"""The compiled parts of detailed placement: what a move is worth, and the moves.

``nets`` is a tuple (cell_start, cell_net, net_start, net_weight, pin_cell, pin_x, pin_y): nets of every cell without repetition, then the
nets as in PlacementArrays, without those too large to count. ``cells`` is a tuple (x, y, width, flip_x, flip_y): centres and outlines in
database units. ``rows`` is a tuple (segment, before, after, low, high, row_y, row_flip): the segment of every cell (-1: does not move) and
its neighbours there, then the ends, the middle height and the mirroring of every segment. ``stamps`` holds, by net, the number of the
evaluation that counted it last; its last entry is that number.
"""

from __future__ import annotations

import numpy as np
from numba import njit

NEAR = 6
"""Neighbours on either side of the wanted place that a cell may change with."""


@njit(cache=True, nogil=True)
def _net_length(k, nets, cells):  # type: ignore[no-untyped-def]
    _, _, net_start, net_weight, pin_cell, pin_x, pin_y = nets
    x, y, _, flip_x, flip_y = cells
    x0 = y0 = np.inf
    x1 = y1 = -np.inf
    for p in range(net_start[k], net_start[k + 1]):
        c = pin_cell[p]
        px, py = x[c] + flip_x[c] * pin_x[p], y[c] + flip_y[c] * pin_y[p]
        x0, x1 = min(x0, px), max(x1, px)
        y0, y1 = min(y0, py), max(y1, py)
    return net_weight[k] * (x1 - x0 + y1 - y0)


@njit(cache=True, nogil=True)
def _length(group, size, nets, cells, stamps):  # type: ignore[no-untyped-def]
    """Length of all nets of ``group[:size]``, each counted once."""
    cell_start, cell_net = nets[0], nets[1]
    stamps[-1] += 1
    stamp = stamps[-1]
    total = 0.0
    for i in range(size):
        for j in range(cell_start[group[i]], cell_start[group[i] + 1]):
            k = cell_net[j]
            if stamps[k] != stamp:
                stamps[k] = stamp
                total += _net_length(k, nets, cells)
    return total


@njit(cache=True, nogil=True)
def total_length(nets, cells):  # type: ignore[no-untyped-def]
    """Weighted half-perimeters of all nets that count."""
    total = 0.0
    for k in range(nets[2].shape[0] - 1):
        total += _net_length(k, nets, cells)
    return total


@njit(cache=True, nogil=True)
def _box_without(k, cell, nets, cells):  # type: ignore[no-untyped-def]
    """Box of a net's other pins."""
    _, _, net_start, _, pin_cell, pin_x, pin_y = nets
    x, y, _, flip_x, flip_y = cells
    x0 = y0 = np.inf
    x1 = y1 = -np.inf
    for p in range(net_start[k], net_start[k + 1]):
        c = pin_cell[p]
        if c != cell:
            px, py = x[c] + flip_x[c] * pin_x[p], y[c] + flip_y[c] * pin_y[p]
            x0, x1 = min(x0, px), max(x1, px)
            y0, y1 = min(y0, py), max(y1, py)
    return x0, x1, y0, y1


@njit(cache=True, nogil=True)
def _wanted(cell, nets, cells, ends_x, ends_y, weights):  # type: ignore[no-untyped-def]
    """The rectangle of places where the cell's nets are shortest: medians of the boxes of their other pins. x1 < x0: no net."""
    cell_start, cell_net, net_weight = nets[0], nets[1], nets[3]
    count = 0
    for j in range(cell_start[cell], cell_start[cell + 1]):
        if count + 2 > ends_x.shape[0]:
            break
        x0, x1, y0, y1 = _box_without(cell_net[j], cell, nets, cells)
        if x1 < x0:
            continue
        ends_x[count], ends_x[count + 1] = x0, x1
        ends_y[count], ends_y[count + 1] = y0, y1
        weights[count] = weights[count + 1] = net_weight[cell_net[j]]
        count += 2
    if count == 0:
        return 0.0, -1.0, 0.0, -1.0
    x0, x1 = _median(ends_x[:count], weights[:count])
    y0, y1 = _median(ends_y[:count], weights[:count])
    return x0, x1, y0, y1


@njit(cache=True, nogil=True)
def _median(ends, weights):  # type: ignore[no-untyped-def]
    """Lower and upper weighted median."""
    order = np.argsort(ends)
    half = weights.sum() / 2
    total = 0.0
    for i in range(order.shape[0]):
        total += weights[order[i]]
        if total > half * (1 + 1e-9):
            return ends[order[i]], ends[order[i]]
        if total >= half * (1 - 1e-9):
            return ends[order[i]], ends[order[min(i + 1, order.shape[0] - 1)]]
    return ends[order[-1]], ends[order[-1]]


@njit(cache=True, nogil=True)
def _free(cell, cells, rows):  # type: ignore[no-untyped-def]
    """From the right edge of the left neighbour to the left edge of the right one."""
    x, _, width, _, _ = cells
    segment, before, after, low, high, _, _ = rows
    a, b = before[cell], after[cell]
    left = low[segment[cell]] if a < 0 else x[a] + width[a] / 2
    right = high[segment[cell]] if b < 0 else x[b] - width[b] / 2
    return left, right


@njit(cache=True, nogil=True)
def _fit(wanted, left, right, width, origin, site):  # type: ignore[no-untyped-def]
    """The centre nearest to ``wanted`` on whole sites between two edges that have room."""
    at = origin + round((wanted - width / 2 - origin) / site) * site
    return min(max(at, left), right - width) + width / 2


@njit(cache=True, nogil=True)
def shift(order, nets, cells, rows, stamps, origin, site):  # type: ignore[no-untyped-def]
    """Move every cell between its neighbours to where its nets are shortest, and mirror it where that helps. Returns what was gained."""
    x, _, width, flip_x, _ = cells
    segment = rows[0]
    ends_x, ends_y, weights = np.empty(128), np.empty(128), np.empty(128)
    group = np.empty(1, np.int64)
    gained = 0.0
    for cell in order:
        if segment[cell] < 0:
            continue
        group[0] = cell
        now = _length(group, 1, nets, cells, stamps)
        flip_x[cell] = -flip_x[cell]
        turned = _length(group, 1, nets, cells, stamps)
        if turned < now - 1e-6:
            gained += now - turned
            now = turned
        else:
            flip_x[cell] = -flip_x[cell]
        left, right = _free(cell, cells, rows)
        if right - left < width[cell] + site / 2:
            continue
        x0, x1, _, _ = _wanted(cell, nets, cells, ends_x, ends_y, weights)
        if x1 < x0:
            continue
        old = x[cell]
        at = _fit(min(max(old, x0), x1), left, right, width[cell], origin, site)
        if at != old:
            x[cell] = at
            then = _length(group, 1, nets, cells, stamps)
            if then < now - 1e-6:
                gained += now - then
            else:
                x[cell] = old
    return gained


@njit(cache=True, nogil=True)
def reorder(order, size, perms, nets, cells, rows, stamps):  # type: ignore[no-untyped-def]
    """Try every order of ``size`` neighbours, from each cell on; the gaps between their places stay. Returns what was gained."""
    x, _, width, _, _ = cells
    segment, before, after, _, _, _, _ = rows
    group, places, gaps = np.empty(size, np.int64), np.empty(size), np.empty(size)
    gained = 0.0
    for first in order:
        if segment[first] < 0:
            continue
        c, n = first, 0
        while n < size and c >= 0:
            group[n] = c
            n += 1
            c = after[c]
        if n < size:
            continue
        start = x[group[0]] - width[group[0]] / 2
        for i in range(size):
            places[i] = x[group[i]]
            if i + 1 < size:
                gaps[i] = (x[group[i + 1]] - width[group[i + 1]] / 2) - (x[group[i]] + width[group[i]] / 2)
        now = best = _length(group, size, nets, cells, stamps)
        chosen = 0
        for k in range(1, perms.shape[0]):
            at = start
            for i in range(size):
                c = group[perms[k, i]]
                x[c] = at + width[c] / 2
                at += width[c] + gaps[i]
            then = _length(group, size, nets, cells, stamps)
            if then < best - 1e-6:
                best, chosen = then, k
        if chosen == 0:
            for i in range(size):
                x[group[i]] = places[i]
            continue
        gained += now - best
        at = start
        left, right = before[group[0]], after[group[size - 1]]
        for i in range(size):
            c = group[perms[chosen, i]]
            x[c] = at + width[c] / 2
            at += width[c] + gaps[i]
            before[c] = left
            if left >= 0:
                after[left] = c
            left = c
        after[left] = right
        if right >= 0:
            before[right] = left
    return gained


@njit(cache=True, nogil=True)
def _put(cell, at, s, cells, rows):  # type: ignore[no-untyped-def]
    x, y, _, _, flip_y = cells
    x[cell], y[cell], flip_y[cell] = at, rows[5][s], rows[6][s]


@njit(cache=True, nogil=True)
def _unlink(cell, rows):  # type: ignore[no-untyped-def]
    _, before, after, _, _, _, _ = rows
    a, b = before[cell], after[cell]
    if a >= 0:
        after[a] = b
    if b >= 0:
        before[b] = a


@njit(cache=True, nogil=True)
def _link(cell, a, b, s, rows):  # type: ignore[no-untyped-def]
    segment, before, after, _, _, _, _ = rows
    segment[cell], before[cell], after[cell] = s, a, b
    if a >= 0:
        after[a] = cell
    if b >= 0:
        before[b] = cell


@njit(cache=True, nogil=True)
def _buckets(cells, rows, bucket, first):  # type: ignore[no-untyped-def]
    """A cell in every stretch of ``bucket`` database units of every segment (the last to its left where it has none, -1 for none).

    first: index of the first stretch of every segment, and the number of all.
    """
    x = cells[0]
    segment, _, _, low, _, _, _ = rows
    found = np.full(first[-1], -1, np.int64)
    for c in range(segment.shape[0]):
        s = segment[c]
        if s >= 0:
            k = first[s] + min(int((x[c] - low[s]) / bucket), first[s + 1] - first[s] - 1)
            found[k] = c
    for s in range(low.shape[0]):
        for k in range(first[s] + 1, first[s + 1]):
            if found[k] < 0:
                found[k] = found[k - 1]
        for k in range(first[s + 1] - 2, first[s] - 1, -1):
            if found[k] < 0:
                found[k] = found[k + 1]
    return found


@njit(cache=True, nogil=True)
def exchange(order, ys, row_start, bucket, first, nets, cells, rows, stamps, origin, site):  # type: ignore[no-untyped-def]
    """Move every cell towards the place where its nets are shortest: into a gap there, or in exchange with a cell. Returns the gain.

    ys, row_start: middles of the rows, ascending, and their segments, as in legalise.Segments.
    """
    x, y, width, _, _ = cells
    segment, before, after, low, high, _, _ = rows
    found = _buckets(cells, rows, bucket, first)
    ends_x, ends_y, weights = np.empty(128), np.empty(128), np.empty(128)
    pair = np.empty(2, np.int64)
    height = ys[1] - ys[0] if ys.shape[0] > 1 else 1.0
    gained = 0.0
    for cell in order:
        if segment[cell] < 0:
            continue
        x0, x1, y0, y1 = _wanted(cell, nets, cells, ends_x, ends_y, weights)
        if x1 < x0:
            continue
        tx, ty = min(max(x[cell], x0), x1), min(max(y[cell], y0), y1)
        if abs(tx - x[cell]) + abs(ty - y[cell]) < height / 2:
            continue
        pair[0] = cell
        alone = _length(pair, 1, nets, cells, stamps)
        own_x, own_s = x[cell], segment[cell]
        own_left, own_right = _free(cell, cells, rows)
        best, best_d, best_at, best_back, best_s, best_side = 1e-6, -1, 0.0, 0.0, -1, 0
        middle = min(max(np.searchsorted(ys, ty - height / 2), 0), ys.shape[0] - 1)
        for row in range(max(0, middle - 1), min(ys.shape[0], middle + 2)):
            for s in range(row_start[row], row_start[row + 1]):
                if tx < low[s] - 20 * site or tx > high[s] + 20 * site or high[s] - low[s] < width[cell]:
                    continue
                d = found[first[s] + min(max(int((tx - low[s]) / bucket), 0), first[s + 1] - first[s] - 1)]
                if d >= 0 and segment[d] != s:
                    continue  # it has moved since the buckets were filled
                if d < 0:  # an empty segment
                    at = _fit(tx, low[s], high[s], width[cell], origin, site)
                    _put(cell, at, s, cells, rows)
                    gain = alone - _length(pair, 1, nets, cells, stamps)
                    _put(cell, own_x, own_s, cells, rows)
                    if gain > best:
                        best, best_d, best_at, best_s, best_side = gain, -1, at, s, 2
                    continue
                while after[d] >= 0 and x[after[d]] <= tx:
                    d = after[d]
                while before[d] >= 0 and x[d] > tx:
                    d = before[d]
                for _ in range(NEAR):
                    if before[d] < 0:
                        break
                    d = before[d]
                for _ in range(2 * NEAR + 1):
                    if d < 0:
                        break
                    if d != cell:
                        left, right = _free(d, cells, rows)
                        # the gap behind d (and before it, at the segment's start)
                        if after[d] != cell:
                            edge = x[d] + width[d] / 2
                            if right - edge >= width[cell]:
                                at = _fit(tx, edge, right, width[cell], origin, site)
                                _put(cell, at, s, cells, rows)
                                gain = alone - _length(pair, 1, nets, cells, stamps)
                                _put(cell, own_x, own_s, cells, rows)
                                if gain > best:
                                    best, best_d, best_at, best_s, best_side = gain, d, at, s, 1
                        if before[d] < 0:
                            edge = x[d] - width[d] / 2
                            if edge - left >= width[cell]:
                                at = _fit(tx, left, edge, width[cell], origin, site)
                                _put(cell, at, s, cells, rows)
                                gain = alone - _length(pair, 1, nets, cells, stamps)
                                _put(cell, own_x, own_s, cells, rows)
                                if gain > best:
                                    best, best_d, best_at, best_s, best_side = gain, d, at, s, -1
                        if before[d] != cell and after[d] != cell and right - left >= width[cell] and own_right - own_left >= width[d]:
                            pair[1] = d
                            now = _length(pair, 2, nets, cells, stamps)
                            d_x = x[d]
                            at = _fit(tx, left, right, width[cell], origin, site)
                            back = _fit(own_x, own_left, own_right, width[d], origin, site)
                            if width[d] == width[cell]:
                                at, back = d_x, own_x
                            _put(cell, at, s, cells, rows)
                            _put(d, back, own_s, cells, rows)
                            gain = now - _length(pair, 2, nets, cells, stamps)
                            _put(cell, own_x, own_s, cells, rows)
                            _put(d, d_x, s, cells, rows)
                            if gain > best:
                                best, best_d, best_at, best_back, best_s, best_side = gain, d, at, back, s, 0
                    d = after[d]
        if best_s < 0:
            continue
        gained += best
        if best_side == 0:
            a, b, c, e = before[cell], after[cell], before[best_d], after[best_d]
            _put(cell, best_at, best_s, cells, rows)
            _put(best_d, best_back, own_s, cells, rows)
            _link(cell, c, e, best_s, rows)
            _link(best_d, a, b, own_s, rows)
            continue
        _unlink(cell, rows)
        _put(cell, best_at, best_s, cells, rows)
        if best_side == 2:
            _link(cell, -1, -1, best_s, rows)
            found[first[best_s] : first[best_s + 1]] = cell  # empty no more
        elif best_side == 1:
            _link(cell, best_d, after[best_d], best_s, rows)
        else:
            _link(cell, before[best_d], best_d, best_s, rows)
    return gained
