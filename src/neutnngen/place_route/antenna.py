"""Antenna rules: metal that is drawn before a diffusion is joined to it charges the gates below.

When a layer is etched, metal of a net is what lies on it and below and hangs together so far. Where such a piece has gates but no diffusion
(no driver, no diode), its area on this layer over the area of its gates must stay below the layer's ratio. Kits without a ratio allow any.
Remedy: a diode of the kit beside a gate, on free sites, and the net routed again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from neutnngen.errors import ConfigError
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block, Instance, Orientation, PinRef
from neutnngen.place_route.drc import joined
from neutnngen.place_route.route_view import View, flat_view
from neutnngen.place_route.router import FailedNet, Progress, RouteOptions, RouteResult, pin_shapes, route

ROUNDS = 3
"""How often diodes are added and the block routed again."""


class Antenna(NamedTuple):
    """One piece of a net at one layer: metal area there over gate area, and what the kit allows (0: no rule)."""

    net: str
    layer: str
    ratio: float
    allowed: float
    gates: tuple[PinRef, ...]

    @property
    def broken(self) -> bool:
        return 0 < self.allowed < self.ratio


def antenna_ratios(block: Block, kit: Kit) -> list[Antenna]:
    """Every piece with gates and without diffusion, by layer; pieces without metal on the layer are left out."""
    view = flat_view(block, kit)
    left, right = joined(view, kit)
    n = len(view.box)
    signal = np.array([net.use in ("signal", "clock") for net in block.nets.values()] + [False] * (len(view.nets) - len(block.nets)))
    gate, diffusion = _pin_areas(view, block, kit)
    size = (view.box[:, 2:] - view.box[:, :2]).astype(float)
    area = size.prod(axis=1) / kit.technology.dbu**2
    found: list[Antenna] = []
    order = list(view.layers)
    reach = [i for i, name in enumerate(order) if kit.technology.layers[name].kind == "routing"]
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    for level in reach:
        kept = (view.layer[left] <= level) & (view.layer[right] <= level)
        links = coo_matrix((np.ones(int(kept.sum()), np.int8), (left[kept], right[kept])), shape=(n, n))
        piece = connected_components(links, directed=False)[1]
        count = int(piece.max()) + 1 if n else 0
        # a pin of several rectangles is one gate
        gates, drains, metal = (np.zeros(count) for _ in range(3))
        first = _first_of_pin(view)
        np.add.at(gates, piece[first], gate[view.pin[first]])
        np.add.at(drains, piece[first], diffusion[view.pin[first]])
        here = (view.layer == level) & (view.instance < 0) & (view.pin < 0) & signal[view.net]
        np.add.at(metal, piece[here], area[here])
        bad = np.nonzero((gates > 0) & (drains == 0) & (metal > 0))[0]
        if not len(bad):
            continue
        where = np.isin(piece[first], bad)
        members: dict[int, list[PinRef]] = {}
        for i in first[where].tolist():
            if gate[view.pin[i]] > 0:
                members.setdefault(int(piece[i]), []).append(view.pins[view.pin[i]][1])
        net_of = {int(piece[i]): view.nets[view.net[i]] for i in first[where].tolist()}
        allowed = kit.technology.layers[order[level]].antenna_ratio
        found += [Antenna(net_of[p], order[level], float(metal[p] / gates[p]), allowed, tuple(members[p])) for p in bad.tolist()]
    return found


def broken_antennas(block: Block, kit: Kit) -> list[Antenna]:
    """Pieces above the ratio of their layer; empty, without a look at the layout, for kits that state none."""
    if not any(layer.antenna_ratio for layer in kit.technology.layers.values()):
        return []
    return [antenna for antenna in antenna_ratios(block, kit) if antenna.broken]


def route_with_diodes(block: Block, kit: Kit, options: RouteOptions | None = None, progress: Progress | None = None) -> RouteResult:
    """:func:`route`, then diodes where antenna rules are broken and all routed again; what stays broken is among the failed nets.

    Raises ConfigError as :func:`insert_diodes` does.
    """
    result = route(block, kit, options, progress)
    broken = broken_antennas(result.block, kit)
    for _ in range(ROUNDS):
        if not broken or result.failed:
            break
        result = route(insert_diodes(result.block, kit, broken), kit, options, progress)
        broken = broken_antennas(result.block, kit)
    failed = tuple(
        FailedNet(a.net, f"antenna ratio {a.ratio:.0f} on {a.layer}, at most {a.allowed:g}", pin_shapes(a.gates[0], result.block, kit))
        for a in broken
    )
    return replace(result, failed=(*result.failed, *failed))


def _first_of_pin(view: View) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """One rectangle for every pin."""
    pinned = np.nonzero(view.pin >= 0)[0]
    return np.asarray(pinned[np.unique(view.pin[pinned], return_index=True)[1]], np.int64)


def _pin_areas(view: View, block: Block, kit: Kit) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], ...]:
    """Gate and diffusion area of every pin of the view; a port counts as diffusion: what drives it is outside."""
    gate, diffusion = np.zeros(len(view.pins)), np.zeros(len(view.pins))
    for i, (_, ref) in enumerate(view.pins):
        if ref.instance is None:
            diffusion[i] = 1.0
            continue
        master = kit.masters[block.instances[ref.instance].master]
        pin = master.pins[ref.pin]
        gate[i], diffusion[i] = pin.gate_area, pin.diffusion_area
        # libraries that state no diffusion still have it at outputs and in the diode, which some list as a gate
        if master.name == kit.roles.antenna:
            gate[i], diffusion[i] = 0.0, diffusion[i] or 1.0
        elif pin.direction == "output":
            diffusion[i] = diffusion[i] or 1.0
    return gate, diffusion


def insert_diodes(block: Block, kit: Kit, broken: Sequence[Antenna]) -> Block:
    """The block with one diode of the kit near a gate of every broken piece, placed on free sites and joined to the net; not yet routed.

    Raises
    ------
    ConfigError: the kit has no diode, or no free sites are left for one.
    """
    if kit.roles.antenna is None:
        raise ConfigError(
            "antenna rules are broken and the kit has no diode", got=broken[0].net, next_step="name roles.antenna in the kit's description"
        )
    made = block.copy()
    master = kit.masters[kit.roles.antenna]
    pin = next(pin.name for pin in master.pins.values() if pin.use == "signal")
    free = _FreeSites(made, kit)
    for antenna in dict.fromkeys((a.net, a.gates[0]) for a in broken):
        net, ref = antenna
        gate = made.instances[str(ref.instance)]
        spot = free.take(gate.x, gate.y, master.width)
        if spot is None:
            raise ConfigError("no free sites for an antenna diode", got=f"net {net}", next_step="lower layout.utilisation")
        x, y, orient = spot
        name = f"antenna_{len(made.instances)}"
        made.instances[name] = Instance(name, master.name, x, y, orient, placed=True, kind="antenna")
        made.nets[net].pins.append(PinRef(name, pin))
    return made


class _FreeSites:
    """Free stretches of the rows."""

    def __init__(self, block: Block, kit: Kit) -> None:
        self._site = kit.technology.sites[kit.roles.core_site]
        taken: dict[int, list[tuple[int, int]]] = {row.y: [] for row in block.rows}
        for instance in block.instances.values():
            if instance.y in taken:
                taken[instance.y].append((instance.x, instance.x + kit.masters[instance.master].width))
        self._free: dict[int, list[tuple[int, int]]] = {}
        self._orient: dict[int, Orientation] = {}
        for row in block.rows:
            at, spans = row.x, []
            end = row.x + row.sites * self._site.width
            for low, high in [*sorted(taken[row.y]), (end, end)]:
                if low > at:
                    spans.append((at, low))
                at = max(at, high)
            self._free[row.y], self._orient[row.y] = spans, row.orient

    def take(self, x: int, y: int, width: int) -> tuple[int, int, Orientation] | None:
        """The nearest free stretch of this width; None where there is none."""
        best: tuple[int, int, int] | None = None
        for row, spans in self._free.items():
            away = abs(row - y)
            if best is not None and away >= best[0]:
                continue
            for low, high in spans:
                if high - low >= width:
                    place = min(max(x, low), high - width)
                    place = low + (place - low) // self._site.width * self._site.width
                    if best is None or away + abs(place - x) < best[0]:
                        best = away + abs(place - x), place, row
        if best is None:
            return None
        _, place, row = best
        spans = self._free[row]
        low, high = next(span for span in spans if span[0] <= place and place + width <= span[1])
        spans.remove((low, high))
        spans += [span for span in ((low, place), (place + width, high)) if span[0] < span[1]]
        return place, row, self._orient[row]
