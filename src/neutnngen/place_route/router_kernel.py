"""The compiled search of the router: A* over the lattice for one net.

State arrays are flat over nodes. ``use[n]`` counts nets with metal at ``n``, ``cuts[n]`` nets with a cut below the layer of ``n``; both
leave out the net that is being routed. ``mark[n]`` holds bits of the net that is being routed and is cleared before the search returns.

A search works in a window: labels are numbered within it, so that its arrays are as large as the window and not as the die. It keeps two
labels for each node: one for a free arrival and one for an arrival so soon after a via that the same kind of via back would put two cuts
too close. Without the second, the cheapest way to many nodes would be one that cannot go on.
"""

from __future__ import annotations

import numpy as np
from numba import njit

# columns of the layer table
VERTICAL, TRACKS, STOPS, BASE, TRACK_AT, STOP_AT, CUT, CUT_SPACING, PAD, LEAST, JOIN = range(11)
# columns of the table of stops (by ``STOP_AT + stop``): place, first and last stop near a line end, first and last stop near a cut,
# track of the layers below and above here, and of the table of tracks: place, first and last track near a cut, stop below and above
PLACE, NEAR_LOW, NEAR_HIGH, CUT_LOW, CUT_HIGH, BELOW, ABOVE = range(7)
TRACK_LOW, TRACK_HIGH, STOP_BELOW, STOP_ABOVE = 1, 2, 3, 4
# bits of ``mark``
TREE, OWN_CUT, TARGET, NO_CUT = 1, 2, 4, 8
# steps: along the track up and down, to the layer above and below; label kinds are added times 4
ROOT = 127


@njit(cache=True, inline="always")
def layer_of(layers, n):  # type: ignore[no-untyped-def]
    layer = layers.shape[0] - 1
    while n < layers[layer, BASE]:
        layer -= 1
    return layer


@njit(cache=True)
def other_node(layers, stops, tracks, layer, t, k, up):  # type: ignore[no-untyped-def]
    """The node above or below (layer, track, stop), or -1 where no via is possible."""
    to = layer + 1 if up else layer - 1
    if to < 0 or to >= layers.shape[0]:
        return -1
    track = stops[layers[layer, STOP_AT] + k, ABOVE if up else BELOW]
    stop = tracks[layers[layer, TRACK_AT] + t, STOP_ABOVE if up else STOP_BELOW]
    if track < 0 or stop < 0:
        return -1
    return layers[to, BASE] + track * layers[to, STOPS] + stop


@njit(cache=True, inline="always")
def crowd(use, layers, stops, layer, n, k):  # type: ignore[no-untyped-def]
    """The most nets at a node or at one of the nodes that must stay empty beyond a line end there: a wire counts once, not by its nodes."""
    at = layers[layer, STOP_AT] + k
    most = 0
    for m in range(n - k + stops[at, NEAR_LOW], n - k + stops[at, NEAR_HIGH] + 1):
        most = max(most, use[m])
    return most


@njit(cache=True)
def cuts_near(cuts, layers, stops, tracks, layer, t, k, bit):  # type: ignore[no-untyped-def]
    """Cuts below the layer that are too close to one at (track, stop): their number, or with a ``bit`` those marked with it."""
    spacing = layers[layer, CUT_SPACING]
    size = layers[layer, CUT]
    width = layers[layer, STOPS]
    row, column = layers[layer, TRACK_AT], layers[layer, STOP_AT]
    total = 0
    for i in range(tracks[row + t, TRACK_LOW], tracks[row + t, TRACK_HIGH] + 1):
        across = max(0, abs(tracks[row + i, PLACE] - tracks[row + t, PLACE]) - size)
        start = layers[layer, BASE] + i * width
        for j in range(stops[column + k, CUT_LOW], stops[column + k, CUT_HIGH] + 1):
            found = cuts[start + j]
            if bit:
                found &= bit
            if found and (i != t or j != k or not bit):
                along = max(0, abs(stops[column + j, PLACE] - stops[column + k, PLACE]) - size)
                if across * across + along * along < spacing * spacing:
                    total += 1 if bit else (found if (i != t or j != k) else 0)
    return total


@njit(cache=True)
def _push(keys, nodes, size, key, node):  # type: ignore[no-untyped-def]
    i = size
    while i > 0:
        up = (i - 1) >> 1
        if keys[up] <= key:
            break
        keys[i] = keys[up]
        nodes[i] = nodes[up]
        i = up
    keys[i] = key
    nodes[i] = node
    return size + 1


@njit(cache=True)
def _pop(keys, nodes, size):  # type: ignore[no-untyped-def]
    """Removes the smallest entry; the caller has read it at position 0."""
    size -= 1
    key, node = keys[size], nodes[size]
    i = 0
    while True:
        child = 2 * i + 1
        if child >= size:
            break
        if child + 1 < size and keys[child + 1] < keys[child]:
            child += 1
        if keys[child] >= key:
            break
        keys[i] = keys[child]
        nodes[i] = nodes[child]
        i = child
    keys[i] = key
    nodes[i] = node
    return size


@njit(cache=True)
def frame(layers, stops, tracks, x0, y0, x1, y1, out):  # type: ignore[no-untyped-def]
    """Fills ``out`` (layers, 5) with first and last track, first and last stop, first label of each layer; returns nodes inside."""
    total = 0
    for layer in range(layers.shape[0]):
        a0, a1, b0, b1 = (x0, x1, y0, y1) if layers[layer, VERTICAL] else (y0, y1, x0, x1)
        row, column = layers[layer, TRACK_AT], layers[layer, STOP_AT]
        across = tracks[row : row + layers[layer, TRACKS], PLACE]
        along = stops[column : column + layers[layer, STOPS], PLACE]
        out[layer, 0] = np.searchsorted(across, a0)
        out[layer, 1] = np.searchsorted(across, a1 + 1) - 1
        out[layer, 2] = np.searchsorted(along, b0)
        out[layer, 3] = np.searchsorted(along, b1 + 1) - 1
        out[layer, 4] = total
        total += max(0, out[layer, 1] - out[layer, 0] + 1) * max(0, out[layer, 3] - out[layer, 2] + 1)
    return total


@njit(cache=True)
def label_of(layers, inside, layer, n):  # type: ignore[no-untyped-def]
    """Number of a node within the window, -1 outside."""
    t, k = divmod(n - layers[layer, BASE], layers[layer, STOPS])
    if t < inside[layer, 0] or t > inside[layer, 1] or k < inside[layer, 2] or k > inside[layer, 3]:
        return -1
    return inside[layer, 4] + (t - inside[layer, 0]) * (inside[layer, 3] - inside[layer, 2] + 1) + k - inside[layer, 2]


@njit(cache=True)
def node_of(layers, inside, label):  # type: ignore[no-untyped-def]
    """(layer, track, stop) of a label."""
    layer = layers.shape[0] - 1
    while label < inside[layer, 4]:
        layer -= 1
    t, k = divmod(label - inside[layer, 4], inside[layer, 3] - inside[layer, 2] + 1)
    return layer, t + inside[layer, 0], k + inside[layer, 2]


@njit(cache=True)
def label_before(layers, stops, tracks, inside, count, label, step):  # type: ignore[no-untyped-def]
    """The label that a step came from."""
    layer, t, k = node_of(layers, inside, label % count)
    way = step % 4
    if way == 0:
        n = layers[layer, BASE] + t * layers[layer, STOPS] + k - 1
    elif way == 1:
        n = layers[layer, BASE] + t * layers[layer, STOPS] + k + 1
    elif way == 2:
        n = other_node(layers, stops, tracks, layer, t, k, False)
        layer -= 1
    else:
        n = other_node(layers, stops, tracks, layer, t, k, True)
        layer += 1
    return label_of(layers, inside, layer, n) + (count if step >= 4 else 0)


@njit(cache=True)
def _last_via(layers, stops, tracks, inside, count, parent, label, layer, k):  # type: ignore[no-untyped-def]
    """Where the path to a label last changed layers, if near enough to matter: (stop there, +1 from above, -1 from below) or (0, 0)."""
    column = layers[layer, STOP_AT]
    here = stops[column + k, PLACE]
    far = layers[layer, CUT] + layers[layer, CUT_SPACING]
    if layer + 1 < layers.shape[0]:
        far = max(far, layers[layer + 1, CUT] + layers[layer + 1, CUT_SPACING])
    at = k
    while abs(stops[column + at, PLACE] - here) < far:
        step = parent[label]
        if step == ROOT:
            break
        way = step % 4
        if way >= 2:
            return at, (-1 if way == 2 else 1)
        # along a track the label before is the next number
        label = label % count + (1 if way == 1 else -1) + (count if step >= 4 else 0)
        at += 1 if way == 1 else -1
    return 0, 0


@njit(cache=True)
def search(  # type: ignore[no-untyped-def]
    net, sources, fresh, box, layers, stops, tracks, wire_cost, via_cost, owner, no_cut, use, cuts, history, unit, mark,
    present, greed, inside, count, cost, parent, state, heap_keys, heap_labels,
):  # fmt: skip
    """A* from ``sources`` to any node marked TARGET; returns (label found or -1, keys, labels).

    box: x0, y0, x1, y1, lowest and highest layer of the targets. state: 0 new, 1 open, 2 closed, all 0 before. fresh: the sources are not
    yet part of the net, so they are paid for.
    """
    size = 0
    keys, heap = heap_keys, heap_labels
    if sources.size + 8 > keys.size:
        keys, heap = np.empty(2 * sources.size + 64, np.float32), np.empty(2 * sources.size + 64, np.int32)
    state[: 2 * count] = 0
    for q in sources:
        layer = layer_of(layers, q)
        label = label_of(layers, inside, layer, q)
        if label < 0 or state[label]:
            continue
        t, k = divmod(q - layers[layer, BASE], layers[layer, STOPS])
        start = np.float32(0)
        if fresh:
            start = np.float32(history[q] * unit + present * crowd(use, layers, stops, layer, q, k))
        a, b = tracks[layers[layer, TRACK_AT] + t, PLACE], stops[layers[layer, STOP_AT] + k, PLACE]
        x, y = (a, b) if layers[layer, VERTICAL] else (b, a)
        cost[label] = start
        state[label] = 1
        parent[label] = ROOT
        h = greed * (max(box[0] - x, 0, x - box[2]) + max(box[1] - y, 0, y - box[3])) + via_cost * max(box[4] - layer, 0, layer - box[5])
        size = _push(keys, heap, size, np.float32(start + h), label)
    while size > 0:
        label = heap[0]
        size = _pop(keys, heap, size)
        if state[label] == 2:
            continue
        state[label] = 2
        bare = label % count
        if label >= count and state[bare] and cost[bare] <= cost[label]:
            continue
        layer, t, k = node_of(layers, inside, bare)
        column = layers[layer, STOP_AT]
        n = layers[layer, BASE] + t * layers[layer, STOPS] + k
        if mark[n] & TARGET:
            return label, keys, heap
        if size + 8 > keys.size:
            more_keys, more_heap = np.empty(2 * keys.size, np.float32), np.empty(2 * keys.size, np.int32)
            more_keys[:size] = keys[:size]
            more_heap[:size] = heap[:size]
            keys, heap = more_keys, more_heap
        via, side = _last_via(layers, stops, tracks, inside, count, parent, label, layer, k)
        second = 4 if label >= count else 0
        for way in range(4):
            if way < 2:
                j = k + 1 - 2 * way
                if j < inside[layer, 2] or j > inside[layer, 3]:
                    continue
                m, ml, mt, mk = n + 1 - 2 * way, layer, t, j
                entry = bare + 1 - 2 * way
                move = abs(stops[column + j, PLACE] - stops[column + k, PLACE]) * wire_cost[layer]
            else:
                m = other_node(layers, stops, tracks, layer, t, k, way == 2)
                if m < 0:
                    continue
                ml = layer + 5 - 2 * way
                entry = label_of(layers, inside, ml, m)
                if entry < 0:
                    continue
                mt, mk = divmod(m - layers[ml, BASE], layers[ml, STOPS])
                move = via_cost
            if (owner[m] != -1 and owner[m] != net) or state[entry] == 2:
                continue
            free = entry
            if way >= 2:
                cut = max(layer, ml)
                at, ct, ck = (m, mt, mk) if ml > layer else (n, t, k)
                if no_cut[at] or cuts_near(mark, layers, stops, tracks, cut, ct, ck, OWN_CUT):
                    continue
                # back through the same cut layer: far enough from where the path came?
                back = abs(stops[column + via, PLACE] - stops[column + k, PLACE])
                if side == ml - layer and back < layers[cut, CUT] + layers[cut, CUT_SPACING]:
                    continue
                move += present * cuts_near(cuts, layers, stops, tracks, cut, ct, ck, 0)
            elif side:
                cut = max(layer, layer + side)
                if abs(stops[column + via, PLACE] - stops[column + mk, PLACE]) < layers[cut, CUT] + layers[cut, CUT_SPACING]:
                    entry += count
                    if state[entry] == 2:
                        continue
            total = np.float32(cost[label] + move + history[m] * unit + present * crowd(use, layers, stops, ml, m, mk))
            if state[entry] and cost[entry] <= total:
                continue
            if entry != free and state[free] and cost[free] <= total:
                continue
            state[entry] = 1
            cost[entry] = total
            parent[entry] = way + second
            a, b = tracks[layers[ml, TRACK_AT] + mt, PLACE], stops[layers[ml, STOP_AT] + mk, PLACE]
            x, y = (a, b) if layers[ml, VERTICAL] else (b, a)
            h = greed * (max(box[0] - x, 0, x - box[2]) + max(box[1] - y, 0, y - box[3])) + via_cost * max(box[4] - ml, 0, ml - box[5])
            size = _push(keys, heap, size, np.float32(total + h), entry)
    return -1, keys, heap
