# mypy: disable-error-code="untyped-decorator"
"""The loops of the timing engine, compiled. Arrays are those of :mod:`neutnngen.timing.graph`.

Columns of arrival, slew and required time: 2 * mode + edge with mode 0 late, 1 early and edge 0 rise, 1 fall.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

Array = Any
LATE, EARLY = 0, 1
POSITIVE, NEGATIVE, BOTH, FROM_RISE, FROM_FALL = range(5)


@njit(cache=True, inline="always")
def _segment(axes: Array, start: int, count: int, x: float) -> tuple[int, float]:
    """Interval of an axis and the place in it, which may lie outside of 0 … 1."""
    if count == 1:
        return 0, 0.0
    k = 0
    while k < count - 2 and axes[start + k + 1] <= x:
        k += 1
    low = axes[start + k]
    return k, (x - low) / (axes[start + k + 1] - low)


@njit(cache=True)
def lookup(spans: Array, axes: Array, values: Array, table: int, x: float, y: float) -> float:
    """Bilinear value of a table."""
    ax, nx, ay, ny, at = spans[table]
    i, u = _segment(axes, ax, nx, x)
    j, v = _segment(axes, ay, ny, y)
    at += i * ny + j
    low: float = values[at] if ny == 1 else values[at] * (1.0 - v) + values[at + 1] * v
    if nx == 1:
        return low
    at += ny
    high: float = values[at] if ny == 1 else values[at] * (1.0 - v) + values[at + 1] * v
    mixed: float = low * (1.0 - u) + high * u
    return mixed


@njit(cache=True)
def _from_edges(sense: int, edge: int) -> tuple[int, int]:
    """First and last edge at an arc's input that may cause ``edge`` at its output."""
    if sense == POSITIVE:
        return edge, edge
    if sense == NEGATIVE:
        return 1 - edge, 1 - edge
    if sense == FROM_RISE:
        return 0, 0
    if sense == FROM_FALL:
        return 1, 1
    return 0, 1


@njit(cache=True)
def order_nodes(in_start: Array, edge_from: Array, out_start: Array, out_edges: Array, edge_to: Array) -> Array:
    """Nodes so that every edge goes forward; fewer than all where there is a loop."""
    n = in_start.size - 1
    missing = np.empty(n, np.int32)
    order = np.empty(n, np.int32)
    tail = 0
    for node in range(n):
        missing[node] = in_start[node + 1] - in_start[node]
        if missing[node] == 0:
            order[tail] = node
            tail += 1
    head = 0
    while head < tail:
        node = order[head]
        head += 1
        for k in range(out_start[node], out_start[node + 1]):
            to = edge_to[out_edges[k]]
            missing[to] -= 1
            if missing[to] == 0:
                order[tail] = to
                tail += 1
    return order[:tail]


@njit(cache=True)
def forward(
    order: Array, in_start: Array, edge_from: Array, edge_sense: Array, edge_tables: Array, wire: Array, load: Array,
    spans: Array, axes: Array, values: Array, arrival: Array, slew: Array, delay: Array, wire_scale: float,
) -> None:  # fmt: skip
    """Arrival and slew of every node from those of the sources, which are set; and the delay of every edge.

    delay: (edge, 8): mode * 4 + edge in * 2 + edge out, nan where there is none. wire: (edge) Elmore delay of edges of nets, ns.
    """
    for node in order:
        for e in range(in_start[node], in_start[node + 1]):
            source = edge_from[e]
            sense = edge_sense[e]
            if sense < 0:
                step = wire[e]
                spread = wire_scale * step
                for mode in range(2):
                    for edge in range(2):
                        k = 2 * mode + edge
                        if not np.isfinite(arrival[source, k]):
                            continue
                        delay[e, mode * 4 + edge * 3] = step
                        time = arrival[source, k] + step
                        width = np.sqrt(slew[source, k] ** 2 + spread * spread)
                        if (mode == 0 and time > arrival[node, k]) or (mode == 1 and time < arrival[node, k]):
                            arrival[node, k] = time
                        if (mode == 0 and width > slew[node, k]) or (mode == 1 and width < slew[node, k]):
                            slew[node, k] = width
                continue
            for edge in range(2):
                table = edge_tables[e, edge]
                if table < 0:
                    continue
                first, last = _from_edges(sense, edge)
                for before in range(first, last + 1):
                    for mode in range(2):
                        j = 2 * mode + before
                        if not np.isfinite(arrival[source, j]):
                            continue
                        step = lookup(spans, axes, values, table, slew[source, j], load[node, edge])
                        delay[e, mode * 4 + before * 2 + edge] = step
                        time = arrival[source, j] + step
                        k = 2 * mode + edge
                        if (mode == 0 and time > arrival[node, k]) or (mode == 1 and time < arrival[node, k]):
                            arrival[node, k] = time
                        width_table = edge_tables[e, 2 + edge]
                        if width_table >= 0:
                            width = max(0.0, lookup(spans, axes, values, width_table, slew[source, j], load[node, edge]))
                            if (mode == 0 and width > slew[node, k]) or (mode == 1 and width < slew[node, k]):
                                slew[node, k] = width


@njit(cache=True)
def mark_reached(order: Array, in_start: Array, edge_from: Array, marked: Array, forth: bool) -> None:
    """Mark all nodes that marked ones lead to (or, not ``forth``, that lead to marked ones)."""
    for k in range(order.size):
        node = order[k] if forth else order[order.size - 1 - k]
        for e in range(in_start[node], in_start[node + 1]):
            if forth and marked[edge_from[e]]:
                marked[node] = True
            elif not forth and marked[node]:
                marked[edge_from[e]] = True


@njit(cache=True)
def backward(order: Array, in_start: Array, edge_from: Array, delay: Array, required: Array) -> None:
    """Required time of every node from those of the end points, which are set."""
    for at in range(order.size - 1, -1, -1):
        node = order[at]
        for e in range(in_start[node], in_start[node + 1]):
            source = edge_from[e]
            for mode in range(2):
                for before in range(2):
                    for edge in range(2):
                        step = delay[e, mode * 4 + before * 2 + edge]
                        if np.isnan(step):
                            continue
                        time = required[node, 2 * mode + edge] - step
                        j = 2 * mode + before
                        if (mode == 0 and time < required[source, j]) or (mode == 1 and time > required[source, j]):
                            required[source, j] = time


@njit(cache=True)
def check_times(
    nodes: Array, kinds: Array, check_tables: Array, arrival: Array, slew: Array, period: float, required: Array,
    spans: Array, axes: Array, values: Array, setup: Array, hold: Array,
) -> None:  # fmt: skip
    """Required times at data pins by their checks. nodes: (check, 2) data pin, clock pin; kinds: (check, 2) setup or hold, clock edge.

    setup, hold: (check, 2) receive the slack for data that rises and falls, nan where data or clock never comes.
    """
    for c in range(nodes.shape[0]):
        data, clock = nodes[c]
        kind, edge = kinds[c]
        for way in range(2):
            setup[c, way] = hold[c, way] = np.nan
            table = check_tables[c, way]
            if table < 0:
                continue
            if kind == 0:
                j, k = 2 * EARLY + edge, 2 * LATE + way
                if np.isfinite(arrival[clock, j]) and np.isfinite(arrival[data, k]):
                    need = lookup(spans, axes, values, table, slew[clock, j], slew[data, k])
                    time = arrival[clock, j] + period - need
                    required[data, k] = min(required[data, k], time)
                    setup[c, way] = time - arrival[data, k]
            else:
                j, k = 2 * LATE + edge, 2 * EARLY + way
                if np.isfinite(arrival[clock, j]) and np.isfinite(arrival[data, k]):
                    need = lookup(spans, axes, values, table, slew[clock, j], slew[data, k])
                    time = arrival[clock, j] + need
                    required[data, k] = max(required[data, k], time)
                    hold[c, way] = arrival[data, k] - time


@njit(cache=True)
def elmore(start: Array, node_start: Array, capacitance: Array, res_start: Array, ends: Array, ohms: Array, roots: Array) -> Array:
    """Elmore delay in ns of every node of every network from its root.

    start: number of networks + 1, offsets of nodes (node_start the same for results); ends: (resistor, 2) local nodes; loops are cut at
    their longest way round.
    """
    result = np.zeros(capacitance.size, np.float64)
    for net in range(start.size - 1):
        base, count = node_start[net], node_start[net + 1] - node_start[net]
        first, last = res_start[net], res_start[net + 1]
        if roots[net] < 0 or last == first:
            continue
        degree = np.zeros(count + 1, np.int32)
        for r in range(first, last):
            degree[ends[r, 0] + 1] += 1
            degree[ends[r, 1] + 1] += 1
        for k in range(count):
            degree[k + 1] += degree[k]
        fill = degree[:count].copy()
        neighbour = np.empty(2 * (last - first), np.int32)
        for r in range(first, last):
            for side in range(2):
                a = ends[r, side]
                neighbour[fill[a]] = r
                fill[a] += 1
        parent = np.full(count, -1, np.int32)
        ohm = np.zeros(count, np.float64)
        seen = np.zeros(count, np.uint8)
        queue = np.empty(count, np.int32)
        queue[0] = roots[net]
        seen[roots[net]] = 1
        head, tail = 0, 1
        while head < tail:
            a = queue[head]
            head += 1
            for k in range(degree[a], degree[a + 1]):
                r = neighbour[k]
                b = ends[r, 1] if ends[r, 0] == a else ends[r, 0]
                if not seen[b]:
                    seen[b] = 1
                    parent[b] = a
                    ohm[b] = ohms[r]
                    queue[tail] = b
                    tail += 1
        below = capacitance[base : base + count].copy()
        for k in range(tail - 1, 0, -1):
            below[parent[queue[k]]] += below[queue[k]]
        for k in range(1, tail):
            b = queue[k]
            result[base + b] = result[base + parent[b]] + ohm[b] * below[b] * 1e-6
    return result


@njit(cache=True)
def spanning(
    start: Array, sinks: Array, source: Array, where: Array, pin: Array, per_um: float, ohm: float, largest: int, length: Array,
    delay: Array,
) -> None:  # fmt: skip
    """Shortest trees of the nets (Prim) from their drivers, and Elmore's delay in ns to each sink through them.

    start: (net + 1,) into ``sinks`` (nodes); source: (net,) node of the driver; where: (node, 2) um; pin: (node,) fF. length (net,) and
    delay (sink,) are overwritten for nets of at most ``largest`` pins.
    """
    for net in range(start.size - 1):
        first, count = start[net], start[net + 1] - start[net] + 1
        if count > largest or count < 2:
            continue
        node = np.empty(count, np.int64)
        node[0] = source[net]
        node[1:] = sinks[first : start[net + 1]]
        near = np.full(count, np.inf)  # distance to the tree
        parent = np.zeros(count, np.int64)
        done = np.zeros(count, np.uint8)
        order = np.empty(count, np.int64)
        near[0] = 0.0
        whole = 0.0
        for k in range(count):
            best = -1
            for i in range(count):
                if not done[i] and (best < 0 or near[i] < near[best]):
                    best = i
            done[best] = 1
            order[k] = best
            whole += near[best]
            x, y = where[node[best], 0], where[node[best], 1]
            for i in range(count):
                if not done[i]:
                    step = abs(where[node[i], 0] - x) + abs(where[node[i], 1] - y)
                    if step < near[i]:
                        near[i], parent[i] = step, best
        length[net] = whole
        below = np.zeros(count)
        for k in range(count - 1, 0, -1):
            i = order[k]
            below[i] += pin[node[i]]
            below[parent[i]] += below[i] + near[i] * per_um
        late = np.zeros(count)
        for k in range(1, count):
            i = order[k]
            late[i] = late[parent[i]] + ohm * near[i] * (near[i] * per_um / 2 + below[i]) * 1e-6
        delay[first : start[net + 1]] = late[1:]


@njit(cache=True)
def cell_delay(
    arcs: Array, arc_tables: Array, slew: Array, load: Array, slack: Array, extra: float, spans: Array, axes: Array, values: Array
) -> float:
    """The longest late delay through a cell to the edge of each output that has least slack.

    slew: (pin, 4), load, slack: (pin, 2) of its pins; extra: fF on top at the outputs.
    """
    worst = 0.0
    for a in range(arcs.shape[0]):
        start, end = arcs[a, 0], arcs[a, 1]
        edge = 0 if slack[end, 0] <= slack[end, 1] else 1
        if arc_tables[a, edge] < 0:
            continue
        first, last = _from_edges(arcs[a, 2], edge)
        width = max(slew[start, first], slew[start, last])
        if np.isfinite(width):
            worst = max(worst, lookup(spans, axes, values, arc_tables[a, edge], width, load[end, edge] + extra))
    return worst
