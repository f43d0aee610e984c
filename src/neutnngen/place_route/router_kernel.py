"""The compiled part of the router: A* over the grid for one net, and the test for conflicts.

State arrays are flat over nodes. ``use[n]`` counts nets with metal at ``n``, ``cuts[n]`` nets with a cut below the layer of ``n``;
both leave out the net that is being routed. Stamps (``seen``, ``tree`` …) hold the number of the search or net that set them, so that
nothing must be cleared.

A search keeps two labels for each node: ``n`` for a free arrival and ``n + nodes`` for an arrival so soon after a via that the same kind
of via back would put two cuts too close. Without the second, the cheapest way to many nodes would be one that cannot go on.
"""

from __future__ import annotations

import numpy as np
from numba import njit

# columns of the layer table
VERTICAL, ACROSS, ALONG, REACH = 0, 1, 2, 3


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
def _crowd(use, layers, n, layer, x, y, nx, ny):  # type: ignore[no-untyped-def]
    """Nets at a node and at the nodes that must stay empty beyond a line end there."""
    total = use[n]
    for k in range(1, layers[layer, REACH] + 1):
        step = k * layers[layer, ALONG]
        if layers[layer, VERTICAL]:
            if y >= step:
                total += use[n - step * nx]
            if y + step < ny:
                total += use[n + step * nx]
        else:
            if x >= step:
                total += use[n - step]
            if x + step < nx:
                total += use[n + step]
    return total


@njit(cache=True)
def _cuts_near(cuts, offsets, first, last, n, x, y, nx, ny):  # type: ignore[no-untyped-def]
    total = 0
    for k in range(first, last):
        i, j = x + offsets[k, 0], y + offsets[k, 1]
        if 0 <= i < nx and 0 <= j < ny:
            total += cuts[n + offsets[k, 1] * nx + offsets[k, 0]]
    return total


@njit(cache=True)
def _own_cut_near(own, stamp, offsets, first, last, n, x, y, nx, ny):  # type: ignore[no-untyped-def]
    for k in range(first, last):
        i, j = x + offsets[k, 0], y + offsets[k, 1]
        if 0 <= i < nx and 0 <= j < ny and own[n + offsets[k, 1] * nx + offsets[k, 0]] == stamp:
            return True
    return False


@njit(cache=True)
def _last_via(parent, label, nodes, plane):  # type: ignore[no-untyped-def]
    """Where the path to a label last changed layers, at most three labels back: (node after the change, the other layer) or -1."""
    layer = label % nodes // plane
    for _ in range(3):
        up = parent[label]
        if up < 0:
            break
        if up % nodes // plane != layer:
            return label % nodes, up % nodes // plane
        label = up
    return -1, -1


@njit(cache=True)
def _too_close(offset_start, offsets, cut, a, b, nx, plane):  # type: ignore[no-untyped-def]
    """True where cuts of this layer at two nodes would break cut spacing."""
    ox, oy = a % nx - b % nx, a % plane // nx - b % plane // nx
    close = False
    for k in range(offset_start[cut], offset_start[cut + 1]):
        close = close or (offsets[k, 0] == ox and offsets[k, 1] == oy)
    return close


@njit(cache=True)
def route_net(  # type: ignore[no-untyped-def]
    net, starts, options, has_cut, shape, pitch, layers, wire_cost, via_cost, offset_start, offsets, owner, no_cut, use, cuts, history,
    present, greed, margin, cost, parent, seen, tree, own_cut, target, stamps,
):  # fmt: skip
    """Routes one net as a tree that grows from pin to pin.

    starts, options: nodes of pin ``p`` are ``options[starts[p]:starts[p + 1]]``; has_cut[p]: the pin is entered through a cut.
    Returns (edges (n, 2), chosen node of each pin or -1 where it cannot be reached).
    """
    nx, ny, nl = shape[0], shape[1], shape[2]
    dx, dy = pitch[0], pitch[1]
    plane = nx * ny
    nodes = plane * nl
    pins = starts.size - 1
    chosen = np.full(pins, -1, np.int32)
    stamps[0] += 1
    mine = stamps[0]
    tree_nodes = np.empty(256, np.int32)
    tree_size = 0
    edges = np.empty((256, 2), np.int32)
    edge_size = 0
    keys = np.empty(4096, np.float32)
    heap = np.empty(4096, np.int32)
    done = np.zeros(pins, np.uint8)
    # distance of each open pin to the nearest pin that is connected
    near = np.full(pins, np.int64(1) << 40)
    last = 0
    done[0] = 1
    for _ in range(pins - 1):
        lx = options[starts[last]] % nx
        ly = (options[starts[last]] % plane) // nx
        goal = -1
        for p in range(pins):
            if done[p]:
                continue
            q = options[starts[p]]
            away = abs(q % nx - lx) * dx + abs((q % plane) // nx - ly) * dy
            near[p] = min(near[p], away)
            if goal < 0 or near[p] < near[goal]:
                goal = p
        done[goal] = 1
        last = goal
        # bounding boxes: of the target, and of target plus the nearest source
        tx0, ty0, tx1, ty1, tl0, tl1 = nx, ny, 0, 0, nl, 0
        for k in range(starts[goal], starts[goal + 1]):
            q = options[k]
            qx, qy, ql = q % nx, (q % plane) // nx, q // plane
            tx0, tx1, ty0, ty1 = min(tx0, qx), max(tx1, qx), min(ty0, qy), max(ty1, qy)
            tl0, tl1 = min(tl0, ql), max(tl1, ql)
        found = -1
        for attempt in range(3):
            reach_x = margin * (1 + 5 * attempt)
            if attempt == 2:
                reach_x = nx + ny
            reach_y = reach_x * dx // dy
            stamps[1] += 2
            opened, closed = stamps[1], stamps[1] + 1
            for k in range(starts[goal], starts[goal + 1]):
                if not has_cut[goal] or not _own_cut_near(
                    own_cut, mine, offsets, offset_start[0], offset_start[1], options[k], options[k] % nx, options[k] % plane // nx, nx, ny
                ):
                    target[options[k]] = opened
            size = 0
            sources = tree_size if tree_size else starts[1] - starts[0]
            best_x0, best_y0, best_x1, best_y1 = tx0, ty0, tx1, ty1
            best = np.int64(1) << 40
            for k in range(sources):
                q = tree_nodes[k] if tree_size else options[starts[0] + k]
                qx, qy = q % nx, (q % plane) // nx
                away = max(tx0 - qx, 0, qx - tx1) * dx + max(ty0 - qy, 0, qy - ty1) * dy
                if away < best:
                    best = away
                    best_x0, best_x1 = min(tx0, qx), max(tx1, qx)
                    best_y0, best_y1 = min(ty0, qy), max(ty1, qy)
            wx0, wx1 = max(0, best_x0 - reach_x), min(nx - 1, best_x1 + reach_x)
            wy0, wy1 = max(0, best_y0 - reach_y), min(ny - 1, best_y1 + reach_y)
            if sources + 1 > keys.size:
                keys = np.empty(2 * sources, np.float32)
                heap = np.empty(2 * sources, np.int32)
            for k in range(sources):
                q = tree_nodes[k] if tree_size else options[starts[0] + k]
                qx, qy, ql = q % nx, (q % plane) // nx, q // plane
                if qx < wx0 or qx > wx1 or qy < wy0 or qy > wy1:
                    continue
                start = np.float32(0)
                if tree_size == 0:
                    start = history[q] + present * _crowd(use, layers, q, ql, qx, qy, nx, ny)
                cost[q] = start
                seen[q] = opened
                parent[q] = -1
                h = greed * (max(tx0 - qx, 0, qx - tx1) * dx + max(ty0 - qy, 0, qy - ty1) * dy)
                size = _push(keys, heap, size, np.float32(start + h), q)
            while size > 0:
                label = heap[0]
                size = _pop(keys, heap, size)
                if seen[label] == closed:
                    continue
                seen[label] = closed
                n = label % nodes
                if label >= nodes and (seen[n] == opened or seen[n] == closed) and cost[n] <= cost[label]:
                    continue
                if target[n] == opened:
                    found = label
                    break
                layer, x, y = n // plane, n % nx, (n % plane) // nx
                if size + 8 > keys.size:
                    more_keys = np.empty(2 * keys.size, np.float32)
                    more_heap = np.empty(2 * keys.size, np.int32)
                    more_keys[:size] = keys[:size]
                    more_heap[:size] = heap[:size]
                    keys, heap = more_keys, more_heap
                for way in range(4):
                    if way < 2:
                        step = layers[layer, ALONG] * (1 - 2 * way)
                        mx, my, ml = x, y, layer
                        if layers[layer, VERTICAL]:
                            my = y + step
                            length = dy
                        else:
                            mx = x + step
                            length = dx
                        if mx < wx0 or mx > wx1 or my < wy0 or my > wy1:
                            continue
                        move = abs(step) * length * wire_cost[layer]
                    else:
                        ml = layer + 5 - 2 * way
                        mx, my = x, y
                        if ml < 0 or ml >= nl:
                            continue
                        move = via_cost
                    m = ml * plane + my * nx + mx
                    if (owner[m] != -1 and owner[m] != net) or seen[m] == closed:
                        continue
                    entry = m
                    via, other = _last_via(parent, label, nodes, plane)
                    if way >= 2:
                        cut = max(layer, ml)
                        at = cut * plane + my * nx + mx
                        first, end = offset_start[cut], offset_start[cut + 1]
                        if no_cut[at] or _own_cut_near(own_cut, mine, offsets, first, end, at, mx, my, nx, ny):
                            continue
                        if other == ml and _too_close(offset_start, offsets, cut, via, n, nx, plane):
                            continue
                        move += present * _cuts_near(cuts, offsets, first, end, at, mx, my, nx, ny)
                    elif via >= 0 and _too_close(offset_start, offsets, max(layer, other), via, m, nx, plane):
                        entry = m + nodes
                        if seen[entry] == closed:
                            continue
                    total = np.float32(cost[label] + move + history[m] + present * _crowd(use, layers, m, ml, mx, my, nx, ny))
                    if seen[entry] == opened and cost[entry] <= total:
                        continue
                    if entry != m and seen[m] == opened and cost[m] <= total:
                        continue
                    seen[entry] = opened
                    cost[entry] = total
                    parent[entry] = label
                    ex, ey = max(tx0 - mx, 0, mx - tx1), max(ty0 - my, 0, my - ty1)
                    h = greed * (ex * dx + ey * dy) + via_cost * max(tl0 - ml, 0, ml - tl1)
                    size = _push(keys, heap, size, np.float32(total + h), entry)
            if found >= 0:
                break
        if found < 0:
            continue
        chosen[goal] = found % nodes
        if has_cut[goal]:
            own_cut[chosen[goal]] = mine
        label = found
        n = label % nodes
        while True:
            if tree[n] != mine:
                tree[n] = mine
                if tree_size == tree_nodes.size:
                    more_nodes = np.empty(2 * tree_size, np.int32)
                    more_nodes[:tree_size] = tree_nodes
                    tree_nodes = more_nodes
                tree_nodes[tree_size] = n
                tree_size += 1
            label = parent[label]
            if label < 0:
                break
            p = label % nodes
            if edge_size == edges.shape[0]:
                more_edges = np.empty((2 * edge_size, 2), np.int32)
                more_edges[:edge_size] = edges
                edges = more_edges
            edges[edge_size, 0], edges[edge_size, 1] = min(n, p), max(n, p)
            edge_size += 1
            if n // plane != p // plane:
                own_cut[max(n, p)] = mine
            n = p
        if chosen[0] < 0:
            chosen[0] = n
            if has_cut[0]:
                own_cut[n] = mine
    return edges[:edge_size].copy(), chosen


@njit(cache=True)
def conflicts(nodes, vias, shape, layers, offset_start, offsets, use, cuts, history, raise_by, tree, stamps, places):  # type: ignore[no-untyped-def]
    """Counts the conflicts of one net that is entered in ``use`` and ``cuts``; their first nodes go to ``places``.

    ``raise_by`` is added to the history of every node in conflict.
    """
    nx, ny = shape[0], shape[1]
    plane = nx * ny
    stamps[0] += 1
    mine = stamps[0]
    for n in nodes:
        tree[n] = mine
    count = 0
    for n in nodes:
        layer, x, y = n // plane, n % nx, (n % plane) // nx
        bad = use[n] > 1
        for k in range(1, layers[layer, REACH] + 1):
            step = k * layers[layer, ALONG]
            for sign in (-1, 1):
                i, j = x, y
                if layers[layer, VERTICAL]:
                    j += sign * step
                else:
                    i += sign * step
                if i < 0 or i >= nx or j < 0 or j >= ny:
                    continue
                m = layer * plane + j * nx + i
                others = use[m] - (1 if tree[m] == mine else 0)
                if others > 0:
                    bad = True
        if bad:
            if count < places.size:
                places[count] = n
            count += 1
            history[n] += raise_by
    for n in vias:
        layer, x, y = n // plane, n % nx, (n % plane) // nx
        if _cuts_near(cuts, offsets, offset_start[layer], offset_start[layer + 1], n, x, y, nx, ny) > 0:
            if count < places.size:
                places[count] = n
            count += 1
            history[n] += raise_by
    return count
