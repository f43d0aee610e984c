"""From edges on the lattice to wires and vias, as arrays first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neutnngen.place_route.block import Via, Wire
from neutnngen.place_route.grid import Grid, Int32
from neutnngen.place_route.pin_access import Access, node_places
from neutnngen.place_route.route_store import Int64, Ragged


@dataclass
class LayerWires:
    """Wires of one layer: net, track, first and last place of the centre line along it; stand-alone via pads have none."""

    net: Int64
    track: Int64
    low: Int64
    high: Int64


@dataclass
class Shapes:
    """wires: by layer. vias: (net, via, x, y) with ``via`` an index into ``names``; the signal vias come first, those of pins after."""

    wires: list[LayerWires]
    vias: Int64
    names: tuple[str, ...]

    def lists(self, grid: Grid, nets: int) -> tuple[list[list[Wire]], list[list[Via]]]:
        """The wires and vias of every net."""
        wires: list[list[Wire]] = [[] for _ in range(nets)]
        vias: list[list[Via]] = [[] for _ in range(nets)]
        for layer, found in zip(grid.layers, self.wires, strict=True):
            half = layer.width // 2
            across = layer.tracks[found.track].astype(np.int64)
            ends = (across, found.low, across, found.high) if layer.vertical else (found.low, across, found.high, across)
            for net, x0, y0, x1, y1 in zip(found.net.tolist(), *(end.tolist() for end in ends), strict=True):
                wires[net].append(Wire(layer.name, x0, y0, x1, y1, layer.width, half))
        for net, name, x, y in self.vias.tolist():
            vias[net].append(Via(self.names[name], x, y))
        return wires, vias


def edges_to_shapes(grid: Grid, edges: Ragged, access: Access, chosen: Int32) -> Shapes:
    """Maximal straight wires and vias of every net; edges are ``2 * node + up``, ``chosen`` the way into each pin or -1."""
    nets = len(edges.start) - 1
    owner = np.repeat(np.arange(nets), np.diff(edges.start))
    order = np.lexsort((edges.data, owner))
    owner, data = owner[order], edges.data[order]
    first = np.ones(len(data), bool)
    first[1:] = (owner[1:] != owner[:-1]) | (data[1:] != data[:-1])
    owner, node, up = owner[first], (data >> 1)[first], (data & 1)[first].astype(bool)
    vias = []
    for index in range(1, len(grid.layers)):
        below, via = grid.layers[index - 1], grid.vias[index]
        assert via is not None  # neighbouring signal layers are joined
        here = up & (node >= below.base) & (node < below.base + below.size)
        vias.append(np.column_stack([owner[here], np.full(here.sum(), access.names.index(via.name)), node_places(grid, node[here])]))
    ways, net_of_pin = chosen, np.repeat(np.arange(nets), np.diff(access.net_pins))
    entered = (ways >= 0) & (access.via[np.maximum(ways, 0)] >= 0)
    ways = ways[entered]
    vias.append(np.column_stack([net_of_pin[entered], access.via[ways], access.place[ways]]))
    wires = []
    stubs = _stubs(grid, access, chosen, net_of_pin)
    for index, layer in enumerate(grid.layers):
        here = ~up & (node >= layer.base) & (node < layer.base + layer.size)
        net, low = owner[here], node[here] - layer.base
        last = np.ones(len(low), bool)
        # a run ends where the next piece is of another net or does not start where this one ends; an edge never leaves its track
        last[:-1] = (net[1:] != net[:-1]) | (low[1:] != low[:-1] + 1) | (low[1:] % len(layer.stops) == 0)
        start = np.concatenate([np.zeros(1, np.int64), np.nonzero(last)[0][:-1] + 1]) if len(low) else np.empty(0, np.int64)
        track, at = np.divmod(low[start], len(layer.stops))
        made = LayerWires(net[start], track.astype(np.int64), layer.stops[at].astype(np.int64),
                          layer.stops[(low[last] + 1) % len(layer.stops)].astype(np.int64))  # fmt: skip
        more = stubs[stubs[:, 0] == index]
        if len(more):
            made = LayerWires(
                *(np.concatenate([a, b]) for a, b in zip((made.net, made.track, made.low, made.high), more[:, 1:].T, strict=True))
            )
        wires.append(made)
    return Shapes(wires, np.concatenate(vias).astype(np.int64), access.names)


def _stubs(grid: Grid, access: Access, chosen: Int32, net_of_pin: Int64) -> Int64:
    """(layer, net, track, low, high) of the wires that lead from a via or port between stops to its node."""
    found = []
    pins = np.nonzero(chosen >= 0)[0]
    ways = chosen[pins]
    away = np.nonzero((access.place[ways] != node_places(grid, access.node[ways])).any(axis=1))[0] if len(ways) else ways
    for pin, way in zip(pins[away].tolist(), ways[away].tolist(), strict=True):
        index = grid.layer_of(int(access.node[way]))
        layer = grid.layers[index]
        track, stop = divmod(int(access.node[way]) - layer.base, len(layer.stops))
        a, b = int(layer.stops[stop]), int(access.place[way, 1 if layer.vertical else 0])
        found.append((index, int(net_of_pin[pin]), track, min(a, b), max(a, b)))
    return np.array(found, np.int64).reshape(-1, 5)
