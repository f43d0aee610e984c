"""From edges on the lattice to wires and vias."""

from __future__ import annotations

import numpy as np

from neutnngen.place_route.block import Via, Wire
from neutnngen.place_route.grid import Grid
from neutnngen.place_route.pin_access import node_places
from neutnngen.place_route.route_store import Ragged


def edges_to_shapes(grid: Grid, edges: Ragged) -> tuple[list[list[Wire]], list[list[Via]]]:
    """Metal of every net: maximal straight wires, and vias between signal layers; edges are ``2 * node + up``."""
    nets = len(edges.start) - 1
    wires: list[list[Wire]] = [[] for _ in range(nets)]
    vias: list[list[Via]] = [[] for _ in range(nets)]
    owner = np.repeat(np.arange(nets), np.diff(edges.start))
    order = np.lexsort((edges.data, owner))
    owner, data = owner[order], edges.data[order]
    first = np.ones(len(data), bool)
    first[1:] = (owner[1:] != owner[:-1]) | (data[1:] != data[:-1])
    owner, node, up = owner[first], (data >> 1)[first], (data & 1)[first].astype(bool)
    for index in range(1, len(grid.layers)):
        below, via = grid.layers[index - 1], grid.vias[index]
        assert via is not None  # neighbouring signal layers are joined
        here = up & (node >= below.base) & (node < below.base + below.size)
        for net, (x, y) in zip(owner[here].tolist(), node_places(grid, node[here]).tolist(), strict=True):
            vias[net].append(Via(via.name, x, y))
    for layer in grid.layers:
        here = ~up & (node >= layer.base) & (node < layer.base + layer.size)
        net, low = owner[here], node[here]
        if not len(low):
            continue
        # a run ends where the next piece is of another net or does not start where this one ends; an edge never leaves its track
        last = np.ones(len(low), bool)
        last[:-1] = (net[1:] != net[:-1]) | (low[1:] != low[:-1] + 1) | ((low[1:] - layer.base) % len(layer.stops) == 0)
        start = np.concatenate([np.zeros(1, np.int64), np.nonzero(last)[0][:-1] + 1])
        a, b = node_places(grid, low[start]), node_places(grid, low[last] + 1)
        half = layer.width // 2
        for n, (x0, y0), (x1, y1) in zip(net[start].tolist(), a.tolist(), b.tolist(), strict=True):
            wires[n].append(Wire(layer.name, x0, y0, x1, y1, layer.width, half))
    return wires, vias
