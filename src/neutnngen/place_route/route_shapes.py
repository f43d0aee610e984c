"""From grid nodes to wires and vias."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from neutnngen.place_route.block import Via, Wire
from neutnngen.place_route.grid import Grid, Int32


class Shapes(NamedTuple):
    wires: list[Wire]
    vias: list[Via]


def nodes_to_shapes(grid: Grid, edges: Int32, nodes: Int32) -> Shapes:
    """Metal of one net: maximal straight wires, and vias between signal layers.

    edges: (n, 2) pairs of neighbouring nodes, smaller first; nodes: all nodes of the net, ascending.
    Nodes of the net that are closer than the spacing of line ends are joined, because a gap between them would be too narrow.
    """
    plane = grid.nx * grid.ny
    change = edges[:, 0] // plane != edges[:, 1] // plane
    vias = []
    for node in np.unique(edges[change, 1]):
        index, x, y = grid.place(node)
        via = grid.vias[index]
        assert via is not None  # an edge between layers ends above layer 0
        vias.append(Via(via.name, x, y))
    wires = []
    for index, layer in enumerate(grid.layers):
        here = edges[~change & (edges[:, 0] // plane == index)]
        step = layer.along * (grid.nx if layer.vertical else 1)
        pairs = [here]
        mine = nodes[nodes // plane == index]
        for k in range(1, layer.reach + 1):
            near = mine[np.isin(mine + k * step, mine, assume_unique=True)]
            if not layer.vertical:
                near = near[near % grid.nx + k * step < grid.nx]
            pairs += [np.stack([near + i * step, near + (i + 1) * step], axis=1) for i in range(k)]
        wires += _straight(grid, index, np.unique(np.concatenate(pairs)[:, 0]), step)
    return Shapes(wires, vias)


def _straight(grid: Grid, index: int, starts: Int32, step: int) -> list[Wire]:
    """Maximal runs of unit pieces; piece ``n`` leads from node ``n`` to ``n + step``."""
    layer = grid.layers[index]
    have = set(starts.tolist())
    half = layer.width // 2
    wires = []
    for first in sorted(have):
        if first - step in have and _same_track(grid, first - step, first, layer.vertical):
            continue
        last = first
        while last in have:
            last += step
            if not _same_track(grid, first, last, layer.vertical):
                break
        _, x0, y0 = grid.place(first)
        _, x1, y1 = grid.place(last)
        wires.append(Wire(layer.name, x0, y0, x1, y1, layer.width, half))
    return wires


def _same_track(grid: Grid, a: int, b: int, vertical: bool) -> bool:
    plane = grid.nx * grid.ny
    return a // plane == b // plane and (a % grid.nx == b % grid.nx if vertical else a // grid.nx == b // grid.nx)
