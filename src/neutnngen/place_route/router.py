"""Detailed routing by negotiated congestion.

Every net is routed on the lattice of :mod:`grid` as if it might share nodes with others, at a price; nets in conflict are taken up and
routed again at a rising price, with a memory of where conflicts were, until none is left. Source: L. McMurchie and C. Ebeling,
"PathFinder: A Negotiation-Based Performance-Driven Router for FPGAs", FPGA 1995.

The rules that hold by construction: line ends of different nets keep the spacing of ends, cuts keep theirs, vias at pins are enclosed by
the pin's metal, wires have their minimum area, spacing to power metal is that of the wide-metal table. What is left of conflicts after the
last round is reported.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from neutnngen.pdk.technology import Kit, Rect
from neutnngen.place_route.block import Block, Net, PinRef, transform
from neutnngen.place_route.grid import BLOCKED, FREE, Grid, Int32, block_fixed, block_rect, build_grid
from neutnngen.place_route.pin_access import Access, find_access
from neutnngen.place_route.route_ends import settle_ends
from neutnngen.place_route.route_shapes import edges_to_shapes
from neutnngen.place_route.route_store import Int64
from neutnngen.place_route.router_state import RouterState

# rounds without progress before the surroundings of the last conflicts are cleared, and how many tracks around them
STUCK = 4
CLEARING = 8
# how often nets are routed again because of line ends that only the finished wires show
END_ROUNDS = 10

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class RouteOptions:
    """Settings of the router; prices are in steps, the least distance of two tracks of the second signal layer, as lengths of wire.

    seed: order in which conflicting nets are routed again.
    max_iterations: rounds of rip-up and reroute after the first.
    greed: weight of the distance to go in A*; 1 finds shortest paths, more is faster and up to that factor longer.
    via_cost, layer_cost: price of a via; price per length of each signal layer, bottom to top (the last one repeats).
    present, present_growth, present_limit: price of a conflict in the first round, its growth per round, its largest value.
    history: the least that a conflict leaves behind at its nodes after every round.
    margin: steps around the straight connection that are searched first.
    """

    seed: int = 0
    max_iterations: int = 60
    greed: float = 1.15
    via_cost: float = 2.5
    layer_cost: tuple[float, ...] = (1.3, 1.05, 1.0, 1.0, 1.0)
    present: float = 1.4
    present_growth: float = 1.4
    present_limit: float = 30.0
    history: float = 1.0
    margin: int = 30


class FailedNet(NamedTuple):
    """A net that the router could not finish cleanly; ``places`` in database units."""

    net: str
    reason: str
    places: tuple[Rect, ...]


@dataclass(frozen=True)
class RouteResult:
    """A routed block. ``overflow`` is the number of conflicts left; 0 and no failed net mean a clean layout."""

    block: Block
    iterations: int
    overflow: int
    wirelength_um: float
    vias: int
    failed: tuple[FailedNet, ...] = ()


def route(block: Block, kit: Kit, options: RouteOptions | None = None, progress: Progress | None = None) -> RouteResult:
    """Route every signal and clock net of a placed block.

    Wires and vias of these nets are made anew; power and ground stay as they are.

    Parameters
    ----------
    block: instances placed, ports with shapes, power grid drawn; left as it is.
    progress: called with (iteration, conflicts left) after every iteration.

    Returns
    -------
    A result whose ``failed`` names nets with pins that cannot be reached or conflicts that remained; the caller decides.
    """
    options = options or RouteOptions()
    result = block.copy()
    grid = build_grid(result, kit)
    owner, no_cut = block_fixed(grid, result, kit)
    nets = [net for net in result.nets.values() if net.use in ("signal", "clock")]
    for net in nets:
        net.wires, net.vias = [], []
    access = find_access(result, kit, grid, nets)
    _own_pins(owner, grid, result, kit, access)
    access = _usable(owner, no_cut, grid, access)
    failed = _closed_pins(nets, access, result, kit)
    state = RouterState(grid, owner, no_cut, access, options)
    fixed = _fixed_metal(grid, result, kit)
    order, lazy, iterations = state.order(), False, 0
    for attempt in range(END_ROUNDS):
        state.route(order, options.present, options.margin, lazy)
        iterations, overflow = _negotiate(state, options, progress, iterations)
        shapes = edges_to_shapes(grid, state.edges, access, state.chosen)
        bad = settle_ends(grid, kit, shapes, owner, fixed)
        if overflow or not len(bad) or attempt == END_ROUNDS - 1:
            break
        order = state.punish(bad)
        iterations += 1
    wires, vias = shapes.lists(grid, len(nets))
    length = 0
    for net, its_wires, its_vias in zip(nets, wires, vias, strict=True):
        net.wires, net.vias = its_wires, its_vias
        length += sum(wire.x1 - wire.x0 + wire.y1 - wire.y0 for wire in its_wires)
    failed += _failures(state, nets, result, kit)
    failed += _short_ends(state, nets, bad)
    return RouteResult(result, iterations, overflow, kit.technology.to_um(length), sum(len(net.vias) for net in nets), tuple(failed))


def _own_pins(owner: Int32, grid: Grid, block: Block, kit: Kit, access: Access) -> None:
    """Metal of pins on signal layers keeps other nets away."""
    signal = {layer.name for layer in grid.layers}
    within = {(m.name, pin.name) for m in kit.masters.values() for pin in m.pins.values() if any(r.layer in signal for r in pin.rects)}
    for net in range(len(access.net_pins) - 1):
        for ref in access.refs[access.net_pins[net] : access.net_pins[net + 1]]:
            if ref.instance is not None and (block.instances[ref.instance].master, ref.pin) not in within:
                continue
            for rect in pin_shapes(ref, block, kit):
                if rect.layer in signal:
                    block_rect(owner, grid, kit.technology, rect, net)


def pin_shapes(ref: PinRef, block: Block, kit: Kit) -> tuple[Rect, ...]:
    """Metal of a pin or port in block coordinates."""
    if ref.instance is None:
        rect = block.ports[ref.pin].rect
        return () if rect is None else (rect,)
    instance = block.instances[ref.instance]
    master = kit.masters[instance.master]
    return tuple(transform(rect, master, instance) for rect in master.pins[ref.pin].rects)


def _usable(owner: Int32, no_cut: np.ndarray[tuple[int], np.dtype[np.uint8]], grid: Grid, access: Access) -> Access:
    """Access without ways that are blocked; pins with a single way keep it."""
    net_of_pin = np.repeat(np.arange(len(access.net_pins) - 1), np.diff(access.net_pins))
    net = np.repeat(net_of_pin, np.diff(access.start))

    def good() -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        mine = owner[access.node]
        other = owner[np.maximum(access.also, 0)]
        ok = ((mine == FREE) | (mine == net)) & ((access.also < 0) | (other == FREE) | (other == net))
        return np.asarray(ok & ~((access.via >= 0) & (no_cut[access.node] != 0)))

    access = access.keep(good())
    net = np.repeat(net_of_pin, np.diff(access.start))
    single = np.nonzero(np.diff(access.start) == 1)[0]
    wanted = net_of_pin[single]
    several = np.diff(access.net_pins)[wanted] > 1
    for pin, mine in zip(single[several].tolist(), wanted[several].tolist(), strict=True):
        _reserve(owner, grid, int(access.node[access.start[pin]]), mine)
    return access.keep(good())


def _reserve(owner: Int32, grid: Grid, node: int, net: int) -> None:
    """A pin with one way in keeps it, and the nodes beyond both ends of its landing: no price would ever make it move."""
    layer = grid.layers[grid.layer_of(node)]
    stop = (node - layer.base) % len(layer.stops)
    for k in range(int(layer.near_low[stop]), int(layer.near_high[stop]) + 1):
        near = node - stop + k
        if owner[near] != net:
            # between two such pins no net may pass
            owner[near] = net if owner[near] == FREE or near == node else BLOCKED


def _closed_pins(nets: list[Net], access: Access, block: Block, kit: Kit) -> list[FailedNet]:
    """Pins of nets with at least two that cannot be entered."""
    failed = []
    closed = np.diff(access.start) == 0
    for i, net in enumerate(nets):
        if len(net.pins) < 2:
            continue
        for pin in range(int(access.net_pins[i]), int(access.net_pins[i + 1])):
            if closed[pin]:
                ref = access.refs[pin]
                reason = f"pin {pin_name(ref)} has no free position for a via on the grid"
                failed.append(FailedNet(net.name, reason, pin_shapes(ref, block, kit)))
    return failed


def _negotiate(state: RouterState, options: RouteOptions, progress: Progress | None, done: int) -> tuple[int, int]:
    """Rounds of routing until no conflict is left; returns (rounds with those ``done`` before, conflicts left)."""
    random = np.random.default_rng(options.seed + done)
    present = options.present
    overflow, iteration = 0, done
    best, since = 1 << 60, 0
    for iteration in range(done, max(done, options.max_iterations) + 1):
        counts, places = state.conflicts(max(options.history, present / 3))
        overflow = int(counts.sum())
        if progress is not None:
            progress(iteration, overflow)
        if not overflow or iteration >= options.max_iterations:
            break
        best, since = (overflow, 0) if overflow < best else (best, since + 1)
        present = min(present * options.present_growth, options.present_limit)
        margin = options.margin * (1 + (iteration - done) // 4)
        bad = np.nonzero(counts)[0]
        again = random.permutation(bad)
        if since >= STUCK:
            # nets that block each other for long are given their surroundings: everything near is taken up, they choose first
            since = 0
            others = np.setdiff1d(state.near(places, CLEARING), bad)
            again = np.concatenate([again, random.permutation(others)])
            state.take_up(again)
            state.route(again, present, margin, lazy=False)
        else:
            state.route(again, present, margin, lazy=True)
    return iteration, overflow


def _fixed_metal(grid: Grid, block: Block, kit: Kit) -> dict[str, Int64]:
    """Boxes of cells and ports on signal layers."""
    signal = {layer.name for layer in grid.layers}
    found: dict[str, list[tuple[int, ...]]] = {name: [] for name in signal}
    shapes: dict[str, list[Rect]] = {}
    for name in {instance.master for instance in block.instances.values()}:
        master = kit.masters[name]
        rects = (*master.obstructions, *(rect for pin in master.pins.values() for rect in pin.rects))
        shapes[name] = [rect for rect in rects if rect.layer in signal]
    for instance in block.instances.values():
        for rect in shapes[instance.master]:
            found[rect.layer].append(transform(rect, kit.masters[instance.master], instance)[1:])
    for port in block.ports.values():
        if port.rect is not None and port.rect.layer in signal:
            found[port.rect.layer].append(port.rect[1:])
    return {name: np.array(boxes, np.int64).reshape(-1, 4) for name, boxes in found.items()}


def _short_ends(state: RouterState, nets: list[Net], bad: Int32) -> list[FailedNet]:
    found = []
    owner = np.repeat(np.arange(len(nets)), np.diff(state.nodes.start))
    for net in np.unique(owner[np.isin(state.nodes.data, bad)]).tolist():
        places = tuple(_node_rect(state.grid, int(node)) for node in np.intersect1d(state.nodes[net], bad)[:8])
        found.append(FailedNet(nets[net].name, "line ends on neighbouring tracks stay too close, or a wire too short", places))
    return found


def _failures(state: RouterState, nets: list[Net], block: Block, kit: Kit) -> list[FailedNet]:
    found = []
    access = state.access
    counts, places = state.conflicts(0.0)
    for i in np.nonzero(state.lost() | (counts > 0))[0].tolist():
        pins = [pin for pin in range(int(access.net_pins[i]), int(access.net_pins[i + 1])) if access.start[pin + 1] > access.start[pin]]
        lost = [access.refs[pin] for pin in pins[1:] if state.chosen[pin] < 0]
        if lost:
            shapes = tuple(rect for ref in lost for rect in pin_shapes(ref, block, kit))
            names = ", ".join(pin_name(ref) for ref in lost)
            found.append(FailedNet(nets[i].name, f"no path from {pin_name(access.refs[pins[0]])} to {names}", shapes))
        if counts[i]:
            rects = tuple(_node_rect(state.grid, int(node)) for node in places[i] if node >= 0)
            found.append(FailedNet(nets[i].name, f"{counts[i]} conflicts with other nets", rects))
    return found


def pin_name(ref: PinRef) -> str:
    """ "instance/pin", or the port's name."""
    return "/".join(part for part in ref if part)


def _node_rect(grid: Grid, node: int) -> Rect:
    """The metal that a node stands for."""
    index, x, y = grid.place(node)
    layer = grid.layers[index]
    half = (layer.pad_across, layer.pad_along) if layer.vertical else (layer.pad_along, layer.pad_across)
    return Rect(layer.name, x - half[0], y - half[1], x + half[0], y + half[1])
