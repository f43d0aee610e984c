"""The compiled part of the router above one search: nets as trees, batches of nets, the count of conflicts.

A net's result is three lists: nodes with its metal, nodes with its cuts (of the layer below the node), and edges ``2 * node + up`` where
``up`` 0 leads to the next stop of the track and 1 to the layer above. Chosen options are one number for each pin.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from neutnngen.place_route.router_kernel import (
    BASE,
    JOIN,
    LEAST,
    NEAR_HIGH,
    NEAR_LOW,
    OWN_CUT,
    PAD,
    PLACE,
    ROOT,
    STOP_AT,
    STOPS,
    TARGET,
    TRACK_AT,
    TREE,
    VERTICAL,
    crowd,
    cuts_near,
    frame,
    label_before,
    layer_of,
    node_of,
    search,
)


@njit(cache=True)
def _add(data, size, value):  # type: ignore[no-untyped-def]
    if size == data.size:
        more = np.empty(2 * size, data.dtype)
        more[:size] = data
        data = more
    data[size] = value
    return data, size + 1


@njit(cache=True)
def _place(layers, stops, tracks, n):  # type: ignore[no-untyped-def]
    layer = layer_of(layers, n)
    t, k = divmod(n - layers[layer, BASE], layers[layer, STOPS])
    a, b = tracks[layers[layer, TRACK_AT] + t, PLACE], stops[layers[layer, STOP_AT] + k, PLACE]
    return (layer, a, b) if layers[layer, VERTICAL] else (layer, b, a)


@njit(cache=True)
def _finish(net, found, size, edges, edge_size, layers, stops, owner, use, history, unit, present):  # type: ignore[no-untyped-def]
    """Join nodes of a track whose line ends would be too close, and lengthen wires below the layer's least length."""
    order = np.sort(found[:size])
    i = 0
    while i < order.size:
        first = order[i]
        layer = layer_of(layers, first)
        base, width, column = layers[layer, BASE], layers[layer, STOPS], layers[layer, STOP_AT]
        track, low = divmod(first - base, width)
        high = low
        end = base + (track + 1) * width
        i += 1
        while i < order.size and order[i] < end:
            k = order[i] - base - track * width
            near = stops[column + k, PLACE] - stops[column + high, PLACE] < layers[layer, JOIN]
            if not near and k > high + 1:
                break
            for j in range(high, k):
                if j > high:
                    found, size = _add(found, size, base + track * width + j)
                if near:
                    edges, edge_size = _add(edges, edge_size, 2 * (base + track * width + j))
            high = k
            i += 1
        while stops[column + high, PLACE] - stops[column + low, PLACE] + 2 * layers[layer, PAD] < layers[layer, LEAST]:
            best, price = -1, 0.0
            for j in (low - 1, high + 1):
                if j < 0 or j >= width:
                    continue
                n = base + track * width + j
                if owner[n] != -1 and owner[n] != net:
                    continue
                now = history[n] * unit + present * crowd(use, layers, stops, layer, n, j)
                if best < 0 or now < price:
                    best, price = j, now
            if best < 0:
                break
            found, size = _add(found, size, base + track * width + best)
            edges, edge_size = _add(edges, edge_size, 2 * (base + track * width + min(best, high if best > high else best)))
            if best < low:
                low = best
            else:
                high = best
    return found, size, edges, edge_size


@njit(cache=True)
def _tree(  # type: ignore[no-untyped-def]
    net, starts, options, has_cut, layers, stops, tracks, wire_cost, via_cost, owner, no_cut, use, cuts, history, unit, mark, present,
    greed, margin, die, cost, parent, state,
):  # fmt: skip
    """Routes one net as a tree that grows from pin to pin; returns (nodes, cuts, edges, chosen option of each pin or -1, buffers)."""
    pins = starts.size - 1
    chosen = np.full(pins, -1, np.int32)
    found, size = np.empty(64, np.int32), 0
    holes, hole_size = np.empty(16, np.int32), 0
    edges, edge_size = np.empty(64, np.int32), 0
    keys, heap = np.empty(4096, np.float32), np.empty(4096, np.int32)
    inside = np.empty((layers.shape[0], 5), np.int64)
    done = np.zeros(pins, np.uint8)
    px, py = np.empty(pins, np.int64), np.empty(pins, np.int64)
    for p in range(pins):
        _, px[p], py[p] = _place(layers, stops, tracks, options[starts[p]])
    near = np.full(pins, np.int64(1) << 40)
    last = 0
    done[0] = 1
    box = np.empty(6, np.int64)
    for _ in range(pins - 1):
        goal = -1
        for p in range(pins):
            if done[p]:
                continue
            near[p] = min(near[p], abs(px[p] - px[last]) + abs(py[p] - py[last]))
            if goal < 0 or near[p] < near[goal]:
                goal = p
        done[goal] = 1
        last = goal
        box[0], box[1], box[2], box[3], box[4], box[5] = 1 << 40, 1 << 40, -(1 << 40), -(1 << 40), 99, -1
        for k in range(starts[goal], starts[goal + 1]):
            layer, x, y = _place(layers, stops, tracks, options[k])
            box[0], box[2], box[1], box[3] = min(box[0], x), max(box[2], x), min(box[1], y), max(box[3], y)
            box[4], box[5] = min(box[4], layer), max(box[5], layer)
            if has_cut[goal]:
                t, s = divmod(options[k] - layers[layer, BASE], layers[layer, STOPS])
                if cuts_near(mark, layers, stops, tracks, layer, t, s, OWN_CUT):
                    continue
            mark[options[k]] |= TARGET
        sources = found[:size] if size else options[starts[0] : starts[1]]
        x0, y0, x1, y1 = box[0], box[1], box[2], box[3]
        best = np.int64(1) << 40
        for q in sources:
            _, x, y = _place(layers, stops, tracks, q)
            away = max(box[0] - x, 0, x - box[2]) + max(box[1] - y, 0, y - box[3])
            if away < best:
                best = away
                x0, x1, y0, y1 = min(box[0], x), max(box[2], x), min(box[1], y), max(box[3], y)
        reached = -1
        count = 0
        for attempt in range(3):
            reach = margin * (1 + 5 * attempt)
            if attempt == 2:
                reach = die
            count = frame(layers, stops, tracks, x0 - reach, y0 - reach, x1 + reach, y1 + reach, inside)
            if count > cost.size // 2:
                cost, parent, state = np.empty(2 * count, np.float32), np.empty(2 * count, np.uint8), np.empty(2 * count, np.uint8)
            # far goals: a shorter list of nodes is worth a slightly longer wire
            eager = greed + min(0.15, 0.15 * best / (20 * margin + 1))
            reached, keys, heap = search(
                net, sources, size == 0, box, layers, stops, tracks, wire_cost, via_cost, owner, no_cut, use, cuts, history, unit,
                mark, present, eager, inside, count, cost, parent, state, keys, heap,
            )  # fmt: skip
            if reached >= 0:
                break
        for k in range(starts[goal], starts[goal + 1]):
            mark[options[k]] &= 255 - TARGET
        if reached < 0:
            continue
        label = reached
        layer, t, s = node_of(layers, inside, label % count)
        n = layers[layer, BASE] + t * layers[layer, STOPS] + s
        for k in range(starts[goal], starts[goal + 1]):
            if options[k] == n:
                chosen[goal] = k
        if has_cut[goal] and not mark[n] & OWN_CUT:
            mark[n] |= OWN_CUT
            holes, hole_size = _add(holes, hole_size, n)
        while True:
            if not mark[n] & TREE:
                mark[n] |= TREE
                found, size = _add(found, size, n)
            step = parent[label]
            if step == ROOT:
                break
            label = label_before(layers, stops, tracks, inside, count, label, step)
            layer, t, s = node_of(layers, inside, label % count)
            p = layers[layer, BASE] + t * layers[layer, STOPS] + s
            if step % 4 >= 2:
                edges, edge_size = _add(edges, edge_size, 2 * min(n, p) + 1)
                if not mark[max(n, p)] & OWN_CUT:
                    mark[max(n, p)] |= OWN_CUT
                    holes, hole_size = _add(holes, hole_size, max(n, p))
            else:
                edges, edge_size = _add(edges, edge_size, 2 * min(n, p))
            n = p
        if chosen[0] < 0:
            for k in range(starts[0], starts[1]):
                if options[k] == n:
                    chosen[0] = k
            if has_cut[0] and not mark[n] & OWN_CUT:
                mark[n] |= OWN_CUT
                holes, hole_size = _add(holes, hole_size, n)
    for n in found[:size]:
        mark[n] = 0
    for n in holes[:hole_size]:
        mark[n] = 0
    found, size, edges, edge_size = _finish(net, found, size, edges, edge_size, layers, stops, owner, use, history, unit, present)
    return found[:size], holes[:hole_size], edges[:edge_size], chosen, cost, parent, state


@njit(cache=True)
def _extend(data, size, values):  # type: ignore[no-untyped-def]
    need = size + values.size
    if need > data.size:
        more = np.empty(2 * need, data.dtype)
        more[:size] = data[:size]
        data = more
    data[size:need] = values
    return data, need


@njit(cache=True)
def route_many(  # type: ignore[no-untyped-def]
    order, lazy, net_pins, starts, options, also, has_cut, layers, stops, tracks, wire_cost, via_cost, owner, no_cut, use, cuts, history,
    unit, mark, present, greed, margin, die, node_start, nodes, hole_start, holes,
):  # fmt: skip
    """Takes up and routes again the nets of ``order``, one after the other.

    ``node_start``, ``nodes``, ``hole_start``, ``holes``: where every net is now. lazy: a net whose conflicts are gone by now stays; its
    count of nodes is returned as -1. Returns (counts of nodes, nodes, counts of cuts, cuts, counts of edges, edges, chosen options by pin).
    """
    n = order.size
    counts = np.zeros((3, n), np.int64)
    found, size = np.empty(1024, np.int32), 0
    drilled, drilled_size = np.empty(1024, np.int32), 0
    edges, edge_size = np.empty(1024, np.int32), 0
    chosen, chosen_size = np.empty(1024, np.int32), 0
    cost, parent, state = np.empty(1 << 16, np.float32), np.empty(1 << 16, np.uint8), np.empty(1 << 16, np.uint8)
    places = np.empty(0, np.int32)
    for i in range(n):
        net = order[i]
        mine = nodes[node_start[net] : node_start[net + 1]]
        own = holes[hole_start[net] : hole_start[net + 1]]
        if lazy and not _conflicts(mine, own, layers, stops, tracks, use, cuts, history, 0, mark, places):
            counts[0, i] = -1
            continue
        for m in mine:
            use[m] -= 1
        for m in own:
            cuts[m] -= 1
        first, end = net_pins[net], net_pins[net + 1]
        a, b, c, d, cost, parent, state = _tree(
            net, starts[first : end + 1], options, has_cut[first:end], layers, stops, tracks, wire_cost, via_cost, owner, no_cut, use, cuts,
            history, unit, mark, present, greed, margin, die, cost, parent, state,
        )  # fmt: skip
        for k in d:
            if k >= 0 and also[k] >= 0:
                a, many = _add(a, a.size, also[k])
                a = a[:many]
        a = np.unique(a)
        for m in a:
            use[m] += 1
        for m in b:
            cuts[m] += 1
        counts[0, i], counts[1, i], counts[2, i] = a.size, b.size, c.size
        found, size = _extend(found, size, a)
        drilled, drilled_size = _extend(drilled, drilled_size, b)
        edges, edge_size = _extend(edges, edge_size, c)
        chosen, chosen_size = _extend(chosen, chosen_size, d)
    return counts, found[:size].copy(), drilled[:drilled_size].copy(), edges[:edge_size].copy(), chosen[:chosen_size].copy()


@njit(cache=True)
def _conflicts(mine, own, layers, stops, tracks, use, cuts, history, raise_by, mark, places):  # type: ignore[no-untyped-def]
    for n in mine:
        mark[n] |= TREE
    count = 0
    i = 0
    while i < mine.size:
        # a bar: metal of the net along one track without a gap
        first = mine[i]
        layer = layer_of(layers, first)
        width = layers[layer, STOPS]
        low = (first - layers[layer, BASE]) % width
        column = layers[layer, STOP_AT]
        end = i + 1
        while end < mine.size and mine[end] == mine[end - 1] + 1 and low + end - i < width:
            end += 1
        before = count
        for j in range(i, end):
            n = mine[j]
            k = low + j - i
            others = 0
            for m in range(n - k + stops[column + k, NEAR_LOW], n - k + stops[column + k, NEAR_HIGH] + 1):
                others += use[m] - (mark[m] & TREE)
            if others:
                if count < places.size:
                    places[count] = n
                count += 1
                history[n] = min(60000, history[n] + raise_by)
        length = stops[column + low + end - i - 1, PLACE] - stops[column + low, PLACE]
        if count > before and raise_by and length < layers[layer, LEAST]:
            # short metal was lengthened after the search, which pays for the landing alone: that becomes as dear
            for j in range(i, end):
                history[mine[j]] = min(60000, history[mine[j]] + raise_by)
        i = end
    for n in mine:
        mark[n] = 0
    for n in own:
        layer = layer_of(layers, n)
        t, k = divmod(n - layers[layer, BASE], layers[layer, STOPS])
        # the net's own cuts keep their distance already
        if cuts_near(cuts, layers, stops, tracks, layer, t, k, 0):
            if count < places.size:
                places[count] = n
            count += 1
            history[n] = min(60000, history[n] + raise_by)
    return count


@njit(cache=True)
def conflicts_many(node_start, nodes, hole_start, holes, layers, stops, tracks, use, cuts, history, raise_by, mark, places):  # type: ignore[no-untyped-def]
    """Conflicts of every net, and their first nodes in ``places`` (nets, some); ``raise_by`` is added to the history there."""
    counts = np.zeros(node_start.size - 1, np.int32)
    for net in range(counts.size):
        counts[net] = _conflicts(
            nodes[node_start[net] : node_start[net + 1]], holes[hole_start[net] : hole_start[net + 1]], layers, stops, tracks, use, cuts,
            history, raise_by, mark, places[net],
        )  # fmt: skip
    return counts
