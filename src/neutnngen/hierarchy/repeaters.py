"""Long wires cut by repeaters: every net of the chip becomes a tree of short nets through buffers in the banks of the tiles.

Sinks close together get a common buffer, such buffers again, until one is left (n log n: every level halves the number of places in each
direction); what is longer than a repeater may drive gets repeaters on its way. Trees of the clock are balanced: every path has as many
buffers.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from neutnngen.errors import ConfigError
from neutnngen.hierarchy.netlist import ChipNet, Pin

FANOUT = 8
"""Most inputs that a repeater drives."""
NEAR = 0.25
"""Share of a repeater's reach that an output of a macro drives by itself."""

Tile = tuple[int, int]
Place = tuple[float, float]


class BanksFull(ConfigError):
    """There is room for fewer repeaters than the wires need."""


class Node(NamedTuple):
    """Something that a wire ends at: a pin, or repeater ``number`` of the bank of a tile."""

    pin: Pin | None
    tile: Tile
    number: int


@dataclass(frozen=True)
class Segment:
    """A wire between repeaters. origin: the net that it is a part of."""

    origin: str
    driver: Node
    sinks: tuple[Node, ...]


@dataclass
class Plan:
    """segments: all wires. used: repeaters by tile, in use."""

    segments: list[Segment] = field(default_factory=list)
    used: Counter[Tile] = field(default_factory=Counter)


@dataclass
class _Branch:
    """A point of a tree with what hangs on it."""

    place: Place
    node: Node


class Planner:
    """Cuts nets. tiles: places of banks, (x, y) by tile. reach: longest wire of a repeater, database units. room: repeaters of a bank, None
    for as many as are asked for. where: place of a pin. tile_of: tile of a place (nearest)."""

    def __init__(
        self, tiles: dict[Tile, Place], reach: float, room: int | None, where: Callable[[Pin], Place], tile_of: Callable[[Place], Tile]
    ) -> None:
        self.tiles, self.reach, self.room, self.where, self.tile_of = tiles, reach, room, where, tile_of
        self.pitch = max(_widest_gap(place[k] for place in tiles.values()) for k in (0, 1))
        self.plan = Plan()

    def cut(
        self, net: ChipNet, *, balanced: bool = False, weak: bool = False, share: float = 1.0, pads: Mapping[Pin, int] | None = None
    ) -> None:
        """Add the net's segments to the plan. weak: its driver is a macro's output, which drives a short wire only. share: of the reach,
        what this net may use. pads: repeaters right before some sinks, which make them later."""
        whole = self.reach
        self.reach = share * whole
        try:
            self._cut(net, balanced, weak, share < 1, pads or {})
        finally:
            self.reach = whole

    def _cut(self, net: ChipNet, balanced: bool, weak: bool, slow: bool, pads: Mapping[Pin, int]) -> None:
        """slow: the net is known to be too slow without a repeater, however short it seems."""
        driver = Node(net.driver, (-1, -1), -1)
        branches = [self._padded(net.name, pin, pads.get(pin, 0)) for pin in net.sinks]
        start = self.where(net.driver)
        size = 2
        while len(branches) > 1 and (balanced or len(branches) > FANOUT or self._comb([b.place for b in branches]) > self.reach):
            branches = self._gather(net.name, branches, size, balanced)
            size *= 2
        own = self._comb([start, *(b.place for b in branches)])
        if weak and (slow or own > NEAR * self.reach):
            repeater = self._take(start)
            self._wire(net.name, driver, [repeater])
            driver, start = repeater, self.tiles[repeater.tile]
        if len(branches) > 1 and own > self.reach:
            branches = [self._common(net.name, branches)]
        if len(branches) == 1:
            branches = [self._legs(net.name, start, branches, None)[0]]
        self._wire(net.name, driver, [b.node for b in branches])

    def _padded(self, origin: str, pin: Pin, count: int) -> _Branch:
        """A sink behind so many repeaters beside it."""
        end = _Branch(self.where(pin), Node(pin, (-1, -1), -1))
        for _ in range(count):
            repeater = self._take(end.place)
            self._wire(origin, repeater, [end.node])
            end = _Branch(self.tiles[repeater.tile], repeater)
        return end

    def _gather(self, origin: str, branches: list[_Branch], size: int, balanced: bool) -> list[_Branch]:
        """One buffer for the branches of every block of ``size`` × ``size`` tiles."""
        groups: dict[Tile, list[_Branch]] = defaultdict(list)
        for branch in branches:
            row, column = self.tile_of(branch.place)
            groups[row // size, column // size].append(branch)
        most, levels = None, 0
        if balanced:
            most = max(self._steps(_middle([b.place for b in group]), b.place) for group in groups.values() for b in group)
            levels = max(_levels(len(group)) for group in groups.values())
        made = []
        for group in groups.values():
            if len(group) == 1 and not balanced:
                made += group
                continue
            for part in range(0, len(group), 2 * FANOUT) if not balanced else [0]:
                members = group[part : part + 2 * FANOUT] if not balanced else group
                made.append(self._common(origin, members, most, levels))
        return made

    def _common(self, origin: str, members: Sequence[_Branch], most: int | None = None, levels: int = 0) -> _Branch:
        """A buffer amid the members that drives them all. levels: of more buffers between, at least."""
        root = self._take(_middle([b.place for b in members]))
        place = self.tiles[root.tile]
        ends = self._legs(origin, place, members, most)
        for _ in range(max(levels, _levels(len(ends)))):  # more legs than a repeater drives: buffers beside it
            parts = [ends[k : k + FANOUT] for k in range(0, len(ends), FANOUT)]
            ends = []
            for part in parts:
                beside = self._take(place)
                self._wire(origin, beside, [b.node for b in part])
                ends.append(_Branch(self.tiles[beside.tile], beside))
        self._wire(origin, root, [b.node for b in ends])
        return _Branch(place, root)

    def _steps(self, start: Place, end: Place) -> int:
        """Repeaters evenly on the way, so many that every wire between the banks that they are in is short enough."""
        count = int(_length(start, end) // self.reach)
        for more in range(count, 2 * count + 3):
            stops = [start, *(self.tiles[self.tile_of(_between(start, end, k / (more + 1)))] for k in range(1, more + 1)), end]
            if all(_length(a, b) <= self.reach for a, b in pairwise(stops)):
                return more
        return count

    def _hops(self, start: Place, end: Place) -> list[Place]:
        """Banks on the way from start, each as far from the one before as a repeater reaches, or else the next one."""
        found: list[Place] = []
        here = start
        while (left := _length(here, end)) > self.reach:
            far = max(1.5 * self.reach, 2 * self.pitch)
            stops = [self.tiles[self.tile_of(_between(here, end, min(1.0, far * k / (30 * left))))] for k in range(1, 31)]
            ahead = [stop for stop in stops if stop != here and _length(stop, end) < left]
            if not ahead:
                break
            here = next((stop for stop in reversed(ahead) if _length(here, stop) <= self.reach), ahead[0])
            found.append(here)
        return found

    def _legs(self, origin: str, start: Place, members: Sequence[_Branch], most: int | None) -> list[_Branch]:
        """The members, with repeaters on the way to those that are far. most: so many on the way to each, near or far."""
        crowded = len(members) > 1 and self._comb([start, *(b.place for b in members)]) > self.reach
        ends = []
        for branch in members:
            if most is not None:
                stops = [_between(start, branch.place, (k - 1) / max(1, most) if crowded else k / (most + 1)) for k in range(1, most + 1)]
            else:
                stops = self._hops(start, branch.place)
                if crowded and _length(start, branch.place) > self.reach / 2:
                    stops = [start, *stops]  # with a crowd of legs the first repeater is beside the start, so that the common wire is short
            node = branch.node
            for place in reversed(stops):
                repeater = self._take(place)
                self._wire(origin, repeater, [node])
                node = repeater
            ends.append(_Branch(branch.place if node is branch.node else self.tiles[node.tile], node))
        return ends

    def _comb(self, places: Sequence[Place]) -> float:
        """Length of a wire through all places as it is routed: a trunk, and a branch in every row of tiles."""
        rows: dict[int, list[float]] = defaultdict(list)
        for place in places:
            rows[self.tile_of(place)[0]].append(place[0])
        ys = [place[1] for place in places]
        trunk = [places[0][0]] if len(rows) > 1 else []
        return max(ys) - min(ys) + sum(max([*xs, *trunk]) - min([*xs, *trunk]) for xs in rows.values())

    def _take(self, place: Place) -> Node:
        """A free repeater, as near to the place as there is one."""
        tile = self.tile_of(place)
        if self.room is not None and self.plan.used[tile] >= self.room:
            free = [t for t in self.tiles if self.plan.used[t] < self.room]
            if not free:
                raise BanksFull(
                    "the banks of the tiles have too few repeaters",
                    got=f"{sum(self.plan.used.values())} in use",
                    allowed=f"{self.room} per tile",
                    next_step="fewer columns, or columns with a longer lower edge (a lower layout.aspect)",
                )
            tile = min(free, key=lambda t: (_length(self.tiles[t], place), t))
        number = self.plan.used[tile]
        self.plan.used[tile] += 1
        return Node(None, tile, number)

    def _wire(self, origin: str, driver: Node, sinks: list[Node]) -> None:
        self.plan.segments.append(Segment(origin, driver, tuple(sinks)))


def _levels(legs: int) -> int:
    """Levels of buffers between a buffer and so many legs."""
    levels = 0
    while legs > FANOUT:
        legs = -(-legs // FANOUT)
        levels += 1
    return levels


def _middle(places: Sequence[Place]) -> Place:
    return sum(p[0] for p in places) / len(places), sum(p[1] for p in places) / len(places)


def _widest_gap(numbers: Iterable[float]) -> float:
    return max((b - a for a, b in pairwise(sorted(set(numbers)))), default=0.0)


def _between(a: Place, b: Place, part: float) -> Place:
    return a[0] + part * (b[0] - a[0]), a[1] + part * (b[1] - a[1])


def _length(a: Place, b: Place) -> float:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])
