"""What the router knows while it works: the arrays of the compiled search and where every net is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from neutnngen.place_route.grid import Grid, Int32
from neutnngen.place_route.pin_access import Access, node_places
from neutnngen.place_route.route_store import Int64, Ragged

if TYPE_CHECKING:
    from neutnngen.place_route.router import RouteOptions

UInt8 = npt.NDArray[np.uint8]
PLACES = 8
"""Places of conflicts that are kept for a net."""
PUNISHMENT = 8
"""What a node costs more, in steps of the history, after a rule was broken there that the search does not know."""


class RouterState:
    """The lattice with every net on it. Prices of ``options`` become database units here."""

    def __init__(self, grid: Grid, owner: Int32, no_cut: UInt8, access: Access, options: RouteOptions) -> None:
        self.grid, self.access, self.options = grid, access, options
        self._layers, self._stops, self._tracks = kernel_tables(grid)
        self._pitch = int(np.diff(grid.layers[min(1, len(grid.layers) - 1)].tracks).min())
        prices = [*options.layer_cost, *([options.layer_cost[-1]] * len(grid.layers))]
        self._wire_cost = np.array(prices[: len(grid.layers)], np.float32)
        size = grid.size
        self._owner, self._no_cut = owner, no_cut
        self._use, self._cuts, self._mark = (np.zeros(size, np.uint8) for _ in range(3))
        self._history = np.zeros(size, np.uint16)
        self._unit = np.float32(options.history * self._pitch)
        self._pins, self._has_cut = compact(access)
        nets = len(access.net_pins) - 1
        self.nodes, self.holes, self.edges = (Ragged.empty(nets) for _ in range(3))
        self.chosen = np.full(len(access.refs), -1, np.int32)
        low = min(int(layer.tracks[0]) for layer in grid.layers)
        self._die = 2 * max(int(layer.tracks[-1]) for layer in grid.layers) - 2 * low

    def order(self) -> Int64:
        """Nets with at least two pins to join, short ones first: they have the fewest ways."""
        starts, access = self._pins.start, self.access
        several = np.nonzero(np.diff(starts) > 1)[0]
        open_pins = self._pins.data
        places = node_places(self.grid, access.node[access.start[open_pins]]).astype(np.int64) if len(open_pins) else np.empty((0, 2))
        first = starts[:-1][several]
        spans = np.zeros(len(several), np.int64)
        for axis in (0, 1):
            # reduceat over lists that follow each other without gaps
            bounds = np.stack([first, starts[1:][several]], axis=1).reshape(-1)
            padded = np.append(places[:, axis], 0)
            spans += np.maximum.reduceat(padded, bounds)[::2] - np.minimum.reduceat(padded, bounds)[::2] if len(several) else 0
        return several[np.argsort(spans, kind="stable")]

    def route(self, order: Int64, present: float, margin: int, lazy: bool) -> None:
        """Take up and route again; with ``lazy`` only nets that still have a conflict when their turn comes."""
        from neutnngen.place_route.router_batch import route_many

        options, pitch = self.options, self._pitch
        ways = self._ways()
        counts, nodes, holes, edges, chosen = route_many(
            order.astype(np.int64), lazy, self._pins.start, ways, self.access.node, self.access.also, self._has_cut, self._layers,
            self._stops, self._tracks, self._wire_cost, np.float32(options.via_cost * pitch), self._owner, self._no_cut, self._use,
            self._cuts, self._history, self._unit, self._mark, np.float32(present * pitch), np.float32(options.greed),
            np.int64(margin * pitch), np.int64(self._die), self.nodes.start, self.nodes.data, self.holes.start, self.holes.data,
        )  # fmt: skip
        done = counts[0] >= 0
        moved = order[done]
        self.nodes = self.nodes.replace(moved, counts[0, done], nodes)
        self.holes = self.holes.replace(moved, counts[1, done], holes)
        self.edges = self.edges.replace(moved, counts[2, done], edges)
        self.chosen[np.concatenate([self._pins[net] for net in moved.tolist()] or [np.empty(0, np.int32)])] = chosen

    def _ways(self) -> Int64:
        """Start of the ways of each open pin, and the end of the last."""
        access = self.access
        return np.append(access.start[self._pins.data], access.start[-1])

    def take_up(self, nets: Int64) -> None:
        """Remove nets from the lattice."""
        for net in nets.tolist():
            self._use[self.nodes[net]] -= 1
            self._cuts[self.holes[net]] -= 1
        nothing = np.zeros(len(nets), np.int64)
        self.nodes = self.nodes.replace(nets, nothing, np.empty(0, np.int32))
        self.holes = self.holes.replace(nets, nothing, np.empty(0, np.int32))

    def conflicts(self, raise_by: float) -> tuple[Int32, Int32]:
        """(number of conflicts of every net, their first nodes or -1); the history there rises by ``raise_by`` times its unit."""
        from neutnngen.place_route.router_batch import conflicts_many

        places = np.full((len(self.nodes.start) - 1, PLACES), -1, np.int32)
        counts = conflicts_many(
            self.nodes.start, self.nodes.data, self.holes.start, self.holes.data, self._layers, self._stops, self._tracks, self._use,
            self._cuts, self._history, round(raise_by / self.options.history), self._mark, places,
        )  # fmt: skip
        return counts, places

    def punish(self, nodes: Int32) -> Int64:
        """Make nodes dear for good; returns the nets that have metal there."""
        self._history[nodes] = np.minimum(60000, self._history[nodes].astype(np.int64) + PUNISHMENT)
        owner = np.repeat(np.arange(len(self.nodes.start) - 1), np.diff(self.nodes.start))
        return np.unique(owner[np.isin(self.nodes.data, nodes)])

    def lost(self) -> npt.NDArray[np.bool_]:
        """Nets with a pin that can be entered but was not reached."""
        found = np.zeros(len(self.access.net_pins) - 1, bool)
        open_pins = self._pins.data
        owner = np.repeat(np.arange(len(found)), np.diff(self._pins.start))
        several = np.diff(self._pins.start)[owner] > 1
        found[owner[(self.chosen[open_pins] < 0) & several]] = True
        return found

    def near(self, places: Int32, reach: int) -> Int64:
        """Nets with metal, on any layer, within ``reach`` pitches of the places."""
        span = reach * self._pitch
        spots = node_places(self.grid, places[places >= 0]).astype(np.int64) // span
        around = {(x + i, y + j) for x, y in spots.tolist() for i in (-1, 0, 1) for j in (-1, 0, 1)}
        here = node_places(self.grid, self.nodes.data).astype(np.int64) // span
        keys = np.array(sorted((x << 32) + y for x, y in around), np.int64)
        inside = np.isin((here[:, 0] << 32) + here[:, 1], keys)
        return np.unique(np.repeat(np.arange(len(self.nodes.start) - 1), np.diff(self.nodes.start))[inside])


def compact(access: Access) -> tuple[Ragged, UInt8]:
    """Pins that can be entered, by net, and which of them through a via."""
    is_open = np.diff(access.start) > 0
    kept = np.concatenate([np.zeros(1, np.int64), np.cumsum(is_open)])
    pins = Ragged(kept[access.net_pins], np.nonzero(is_open)[0].astype(np.int32))
    return pins, access.has_cut()[is_open]


def kernel_tables(grid: Grid) -> tuple[Int64, Int32, Int32]:
    """Tables of layers, stops and tracks as :mod:`router_kernel` reads them."""
    layers, stops, tracks = [], [], []
    stop_at = track_at = 0
    for i, layer in enumerate(grid.layers):
        size, spacing = grid.cuts[i]
        layers.append(
            (layer.vertical, len(layer.tracks), len(layer.stops), layer.base, track_at, stop_at, size, spacing, layer.pad_along,
             layer.least, 2 * layer.pad_along + layer.gap)
        )  # fmt: skip
        below = grid.layers[i - 1] if i else None
        above = grid.layers[i + 1] if i + 1 < len(grid.layers) else None
        along, across = layer.stops, layer.tracks
        cut_low, cut_high = _range(along, size + spacing)
        row_low, row_high = _range(across, size + spacing)
        stops.append(
            np.stack(
                [along, layer.near_low, layer.near_high, cut_low, cut_high, _index(below, along, True), _index(above, along, True)], axis=1
            )
        )
        tracks.append(np.stack([across, row_low, row_high, _index(below, across, False), _index(above, across, False)], axis=1))
        stop_at, track_at = stop_at + len(along), track_at + len(across)
    return np.array(layers, np.int64), np.concatenate(stops).astype(np.int32), np.concatenate(tracks).astype(np.int32)


def _range(places: Int32, reach: int) -> tuple[Int64, Int64]:
    """First and last entry closer than ``reach`` to each."""
    return np.searchsorted(places, places - reach + 1), np.searchsorted(places, places + reach) - 1


def _index(other: object, places: Int32, tracks: bool) -> Int64:
    """Where a neighbouring layer has these places among its tracks (or stops), -1 where it has not."""
    from neutnngen.place_route.grid import LayerGrid

    if not isinstance(other, LayerGrid):
        return np.full(len(places), -1, np.int64)
    there = other.tracks if tracks else other.stops
    at = np.minimum(np.searchsorted(there, places), len(there) - 1)
    return np.where(there[at] == places, at, -1)
