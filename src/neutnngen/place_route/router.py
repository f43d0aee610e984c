"""Detailed routing by negotiated congestion.

Every net is routed on the grid of :mod:`grid` as if it might share nodes with others, at a price; nets in conflict are taken up and
routed again at a rising price, with a memory of where conflicts were, until none is left. Source: L. McMurchie and C. Ebeling,
"PathFinder: A Negotiation-Based Performance-Driven Router for FPGAs", FPGA 1995.

The rules that hold by construction: one empty node between line ends of different nets, cuts never side by side, vias at pins enclosed
by the pin's metal, spacing to power metal by the wide-metal table. What is left of conflicts after the last iteration is reported.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from neutnngen.pdk.technology import Kit, Rect
from neutnngen.place_route.block import Block, Net, Via
from neutnngen.place_route.grid import BLOCKED, FREE, Grid, Int32, block_fixed, block_rect, build_grid
from neutnngen.place_route.pin_access import Access, AccessFinder, PinAccess
from neutnngen.place_route.route_shapes import nodes_to_shapes

# rounds without progress before the surroundings of the last conflicts are cleared, and how many tracks around them
STUCK = 4
CLEARING = 8

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class RouteOptions:
    """Settings of the router; costs are in database units of wire length.

    seed: order in which conflicting nets are routed again.
    max_iterations: rounds of rip-up and reroute after the first.
    greed: weight of the distance to go in A*; 1 finds shortest paths, more is faster and up to that factor longer.
    via_cost, layer_cost: price of a via; price per length of each signal layer, bottom to top (the last one repeats).
    present, present_growth, present_limit: price of a conflict in the first round, its growth per round, its largest value.
    history: the least that a conflict leaves behind at its nodes after every round.
    margin: grid columns around the straight connection that are searched first.
    """

    seed: int = 0
    max_iterations: int = 60
    greed: float = 1.15
    via_cost: float = 700.0
    layer_cost: tuple[float, ...] = (1.3, 1.05, 1.0, 1.0, 1.0)
    present: float = 400.0
    present_growth: float = 1.4
    present_limit: float = 20000.0
    history: float = 300.0
    margin: int = 24


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


@dataclass
class _Task:
    """A net on the grid."""

    net: Net
    index: int
    pins: list[PinAccess]
    starts: Int32
    options: Int32
    has_cut: np.ndarray[tuple[int], np.dtype[np.uint8]]
    span: int
    edges: Int32 = field(default_factory=lambda: np.empty((0, 2), np.int32))
    nodes: Int32 = field(default_factory=lambda: np.empty(0, np.int32))
    cuts: Int32 = field(default_factory=lambda: np.empty(0, np.int32))
    chosen: Int32 = field(default_factory=lambda: np.empty(0, np.int32))


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
    tasks, failed = _tasks(result, kit, grid, owner, no_cut)
    state = _State(grid, owner, no_cut, options)
    iterations, overflow = _negotiate(tasks, state, options, progress)
    length = vias = 0
    for task in tasks:
        shapes = nodes_to_shapes(grid, task.edges, task.nodes)
        task.net.wires, task.net.vias = shapes.wires, shapes.vias
        _enter_pins(task, grid)
        length += sum(wire.x1 - wire.x0 + wire.y1 - wire.y0 for wire in task.net.wires)
        vias += len(task.net.vias)
    failed += _failures(tasks, state, grid)
    return RouteResult(result, iterations, overflow, kit.technology.to_um(length), vias, tuple(failed))


def _tasks(
    block: Block, kit: Kit, grid: Grid, owner: Int32, no_cut: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
) -> tuple[list[_Task], list[FailedNet]]:
    """Nets with at least two pins that can be entered; pins that cannot are reported."""
    finder = AccessFinder(block, kit, grid)
    nets = [net for net in block.nets.values() if net.use in ("signal", "clock")]
    access = [list(finder.net(net)) for net in nets]
    for index, pins in enumerate(access):
        for pin in pins:
            for rect in pin.shapes:
                block_rect(owner, grid, kit.technology, rect, index)
    flat, flat_cut = owner.reshape(-1), no_cut.reshape(-1)
    for index, pins in enumerate(access):
        for pin in pins:
            if len(pin.options) == 1:
                _reserve(flat, grid, pin.options[0].node, index)
    tasks, failed = [], []
    for index, (net, pins) in enumerate(zip(nets, access, strict=True)):
        net.wires, net.vias = [], []
        usable = []
        for pin in pins:
            ways = tuple(a for a in pin.options if flat[a.node] in (FREE, index) and not (a.via is not None and flat_cut[a.node]))
            if ways:
                usable.append(PinAccess(pin.ref, ways, pin.shapes))
            elif len(pins) > 1:
                failed.append(FailedNet(net.name, f"pin {_pin_name(pin)} has no free position for a via on the grid", pin.shapes))
        if len(usable) > 1:
            tasks.append(_task(net, index, usable, grid))
    return tasks, failed


def _reserve(owner: Int32, grid: Grid, node: int, net: int) -> None:
    """A pin with one way in keeps it, and the nodes beyond both ends of its landing: no price would ever make it move."""
    index, place = divmod(node, grid.nx * grid.ny)
    y, x = divmod(place, grid.nx)
    layer = grid.layers[index]
    if owner[node] == FREE:
        owner[node] = net
    for k in range(1, layer.reach + 1):
        for step in (-k * layer.along, k * layer.along):
            i, j = (x, y + step) if layer.vertical else (x + step, y)
            if 0 <= i < grid.nx and 0 <= j < grid.ny:
                beyond = grid.node(index, i, j)
                if owner[beyond] != net:
                    # between two such pins no net may pass
                    owner[beyond] = net if owner[beyond] == FREE else BLOCKED


def _task(net: Net, index: int, pins: list[PinAccess], grid: Grid) -> _Task:
    counts = [len(pin.options) for pin in pins]
    nodes = np.array([a.node for pin in pins for a in pin.options], np.int32)
    x, y = nodes % grid.nx, nodes // grid.nx % grid.ny
    span = int((x.max() - x.min()) * grid.dx + (y.max() - y.min()) * grid.dy)
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    has_cut = np.array([pin.options[0].via is not None for pin in pins], np.uint8)
    return _Task(net, index, pins, starts, nodes, has_cut, span)


class _State:
    """The arrays that the kernel works on."""

    def __init__(self, grid: Grid, owner: Int32, no_cut: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], options: RouteOptions) -> None:
        size, layers = grid.size, grid.layers
        self.shape = np.array([grid.nx, grid.ny, len(layers)], np.int32)
        self.pitch = np.array([grid.dx, grid.dy], np.int32)
        self.layers = np.array([(layer.vertical, layer.across, layer.along, layer.reach) for layer in layers], np.int32)
        prices = [*options.layer_cost, *([options.layer_cost[-1]] * len(layers))]
        self.wire_cost = np.array(prices[: len(layers)], np.float32)
        self.offset_start = np.cumsum([0, *(len(offsets) for offsets in grid.conflicts)]).astype(np.int32)
        self.offsets = np.array([o for offsets in grid.conflicts for o in offsets] or [(0, 0)], np.int32)
        self.owner, self.no_cut = owner.reshape(-1), no_cut.reshape(-1)
        self.use, self.cuts = np.zeros(size, np.int16), np.zeros(size, np.int16)
        self.history = np.zeros(size, np.float32)
        self.cost = np.empty(2 * size, np.float32)
        self.parent = np.empty(2 * size, np.int32)
        self.seen = np.zeros(2 * size, np.int32)
        self.tree, self.own_cut, self.target = (np.zeros(size, np.int32) for _ in range(3))
        self.stamps = np.zeros(2, np.int64)
        self.places = np.empty(8, np.int32)
        self.options = options

    def enter(self, task: _Task, sign: int) -> None:
        self.use[task.nodes] += sign
        self.cuts[task.cuts] += sign

    def route(self, task: _Task, present: float, margin: int) -> None:
        from neutnngen.place_route.router_kernel import route_net

        options = self.options
        task.edges, task.chosen = route_net(
            np.int32(task.index), task.starts, task.options, task.has_cut, self.shape, self.pitch, self.layers, self.wire_cost,
            np.float32(options.via_cost), self.offset_start, self.offsets, self.owner, self.no_cut, self.use, self.cuts, self.history,
            np.float32(present), np.float32(options.greed), np.int64(margin), self.cost, self.parent, self.seen, self.tree, self.own_cut,
            self.target, self.stamps,
        )  # fmt: skip
        plane = int(self.shape[0] * self.shape[1])
        low, high = task.edges[:, 0], task.edges[:, 1]
        pins = task.chosen[(task.chosen >= 0) & (task.has_cut == 1)]
        task.nodes = np.unique(np.concatenate([low, high, task.chosen[task.chosen >= 0]])).astype(np.int32)
        task.cuts = np.unique(np.concatenate([high[high // plane != low // plane], pins])).astype(np.int32)

    def conflicts(self, task: _Task, raise_by: float) -> int:
        from neutnngen.place_route.router_kernel import conflicts

        return int(
            conflicts(
                task.nodes, task.cuts, self.shape, self.layers, self.offset_start, self.offsets, self.use, self.cuts, self.history,
                np.float32(raise_by), self.tree, self.stamps, self.places,
            )
        )  # fmt: skip


def _negotiate(tasks: list[_Task], state: _State, options: RouteOptions, progress: Progress | None) -> tuple[int, int]:
    """Rounds of routing until no conflict is left; returns (rounds, conflicts left)."""
    random = np.random.default_rng(options.seed)
    present = options.present
    # short nets first: they have the fewest ways
    order = sorted(range(len(tasks)), key=lambda i: (tasks[i].span, i))
    for i in order:
        state.route(tasks[i], present, options.margin)
        state.enter(tasks[i], 1)
    overflow, iteration = 0, 0
    best, since = 1 << 60, 0
    for iteration in range(options.max_iterations + 1):
        bad, places = [], []
        overflow = 0
        for i, task in enumerate(tasks):
            count = state.conflicts(task, max(options.history, present / 4))
            if count:
                bad.append(i)
                overflow += count
                places.append(state.places[: min(count, state.places.size)].copy())
        if progress is not None:
            progress(iteration, overflow)
        if not bad or iteration == options.max_iterations:
            break
        best, since = (overflow, 0) if overflow < best else (best, since + 1)
        present = min(present * options.present_growth, options.present_limit)
        margin = options.margin * (1 + iteration // 4)
        again = [int(i) for i in random.permutation(np.array(bad))]
        if since >= STUCK:
            # nets that block each other for long are given their surroundings: everything near is taken up, they choose first
            since = 0
            near = _near(tasks, state, np.concatenate(places), CLEARING)
            others = [int(i) for i in random.permutation(near) if int(i) not in set(again)]
            for i in again + others:
                state.enter(tasks[i], -1)
            for i in again + others:
                state.route(tasks[i], present, margin)
                state.enter(tasks[i], 1)
            continue
        for i in again:
            task = tasks[i]
            # another net may have moved away since
            if iteration and not state.conflicts(task, 0.0):
                continue
            state.enter(task, -1)
            state.route(task, present, margin)
            state.enter(task, 1)
    return iteration, overflow


def _near(tasks: list[_Task], state: _State, places: Int32, reach: int) -> Int32:
    """Indices of tasks with metal, on any layer, within ``reach`` columns and rows of the places."""
    nx, ny = int(state.shape[0]), int(state.shape[1])
    marked = np.zeros((ny, nx), bool)
    for place in places:
        x, y = int(place) % nx, int(place) // nx % ny
        marked[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1] = True
    flat = marked.reshape(-1)
    return np.array([i for i, task in enumerate(tasks) if flat[task.nodes % (nx * ny)].any()], np.int32)


def _enter_pins(task: _Task, grid: Grid) -> None:
    """The vias at pins, and stubs to ports that lie between nodes."""
    for pin, node in zip(task.pins, task.chosen, strict=True):
        way: Access | None = next((a for a in pin.options if a.node == node), None)
        if way is None:
            continue
        if way.via is not None:
            _, x, y = grid.place(way.node)
            task.net.vias.append(Via(way.via, x, y))
        if way.stub is not None:
            task.net.wires.append(way.stub)


def _failures(tasks: list[_Task], state: _State, grid: Grid) -> list[FailedNet]:
    found = []
    for task in tasks:
        # the first pin is where the tree starts; without a path to any other it has no node either
        lost = [pin for pin, node in zip(task.pins[1:], task.chosen[1:], strict=True) if node < 0]
        if lost:
            names = ", ".join(_pin_name(pin) for pin in lost)
            shapes = tuple(rect for pin in lost for rect in pin.shapes)
            found.append(FailedNet(task.net.name, f"no path from {_pin_name(task.pins[0])} to {names}", shapes))
        count = state.conflicts(task, 0.0)
        if count:
            places = tuple(_node_rect(grid, int(node)) for node in state.places[: min(count, state.places.size)])
            found.append(FailedNet(task.net.name, f"{count} conflicts with other nets", places))
    return found


def _pin_name(pin: PinAccess) -> str:
    return "/".join(part for part in pin.ref if part)


def _node_rect(grid: Grid, node: int) -> Rect:
    """The metal that a node stands for."""
    index, x, y = grid.place(node)
    layer = grid.layers[index]
    half = (layer.pad_across, layer.pad_along) if layer.vertical else (layer.pad_along, layer.pad_across)
    return Rect(layer.name, x - half[0], y - half[1], x + half[0], y + half[1])
