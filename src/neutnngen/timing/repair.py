"""Repair of a placed block by the timing engine's numbers: gate sizes for setup, slews and loads, delay buffers for hold.

Wires are estimated from places, so a margin is kept; the cells' widths and number change, so the block must be made legal afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from neutnngen.errors import ConfigError
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block, PinRef
from neutnngen.place_route.buffering import add_buffer, fresh, tidy
from neutnngen.place_route.wiring import buffer_pins, centre, cluster, load, pick_buffer, pin_capacitance, pin_place, split_net
from neutnngen.timing import kernel
from neutnngen.timing.engine import Engine, make_engine
from neutnngen.timing.families import families
from neutnngen.timing.library import FALL, RISE, CellTiming, TimingLibrary, load_timing

PATIENCE = 12
"""Rounds of buffers without fewer overloaded drivers than ever before, after which no further one follows."""


@dataclass(frozen=True)
class RepairOptions:
    """setup_margin, hold_margin: ns of slack to reach; share of a pin's limits of slew and load to stay under; rounds: of sizing at most;
    hold_tries: rounds of delay buffers; hold_buffers: the most in front of one pin."""

    setup_margin: float = 0.0
    hold_margin: float = 0.02
    share: float = 0.8
    rounds: int = 60
    hold_tries: int = 4
    hold_buffers: int = 12

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise ConfigError("the share of a pin's limits is out of range", got=self.share, allowed="above 0, at most 1")


@dataclass(frozen=True)
class RepairReport:
    """Slacks in ns before and after (ESTIMATED wires); resized: cells of another strength; buffers: for slews and loads; hold_buffers;
    unrepaired: pins whose slew, load or hold could not be mended at some corner."""

    setup_before: float
    setup_after: float
    hold_before: float
    hold_after: float
    resized: int
    buffers: int
    hold_buffers: int
    unrepaired: tuple[str, ...] = ()


class _Sizer:
    """Exchanges cells in an engine, batch by batch, keeping what helps."""

    def __init__(self, engine: Engine, kit: Kit) -> None:
        self.engine = engine
        self.graph = engine.graph
        self.families = families(kit, self.graph.library)
        block = self.graph.block
        self.fixed = {k for k, name in enumerate(self.graph.instances) if block.instances[name].kind == "clock"}
        fan = self.graph.edge_sense < 0
        self.driver_of = {int(b): int(a) for a, b in zip(self.graph.edge_from[fan], self.graph.edge_to[fan], strict=True)}

    def arc_delay(self, cell: CellTiming, number: int, extra: float = 0.0) -> float:
        """The longest delay through instance ``number`` if it were ``cell``, at its present slews and loads plus ``extra`` fF."""
        engine, tables = self.engine, self.graph.library.tables
        mine = slice(int(self.graph.base[number]), int(self.graph.base[number + 1]))
        slack = engine.required[mine, :2] - engine.arrival[mine, :2]
        rows = (cell.arcs, cell.arc_tables, engine.slew[mine], engine.load[mine], slack)
        return float(kernel.cell_delay(*rows, extra, tables.spans, tables.axes, tables.values))

    def gain(self, number: int, new: CellTiming) -> float:
        """ns won by the exchange: through the cell itself, less what its inputs cost their drivers."""
        old = self.graph.cells[number]
        won = self.arc_delay(old, number) - self.arc_delay(new, number)
        base, cost = int(self.graph.base[number]), 0.0
        for pin in range(len(old.pins)):
            more = float((new.capacitance[pin] - old.capacitance[pin]).max())
            source = self.driver_of.get(base + pin, -1)
            who = self.graph.instance_of(source) if source >= 0 else -1
            if who >= 0 and more != 0:
                driver = self.graph.cells[who]
                cost = max(cost, self.arc_delay(driver, who, more) - self.arc_delay(driver, who))
        return won - cost

    def candidates(self, limit: float) -> list[tuple[float, int, CellTiming]]:
        """(ns won, instance, cell) for instances with setup slack below ``limit``, best first."""
        late, _ = self.engine.slack()
        found = []
        for k, cell in enumerate(self.graph.cells):
            choice = self.families.get(cell.name, ())
            nodes = slice(int(self.graph.base[k]), int(self.graph.base[k + 1]))
            if k in self.fixed or not choice or not (late[nodes] < limit).any():
                continue
            at = choice.index(cell)
            options = [(self.gain(k, new), -abs(choice.index(new) - at), new) for new in choice[max(0, at - 1) : at + 3] if new is not cell]
            won, _, new = max(options, key=lambda option: option[:2])
            if won > 1e-4:
                found.append((won, k, new))
        return sorted(found, key=lambda row: (-row[0], row[1]))

    def score(self, margin: float) -> tuple[float, float]:
        setup, _ = self.engine.end_slack()
        short = np.minimum(setup - margin, 0.0)
        return float(short.min(initial=0.0)), float(short.sum())

    def improve(self, margin: float, rounds: int) -> None:
        """Exchange cells on paths that are too slow until they are not, or nothing helps."""
        self.engine.update()
        worst, total = self.score(margin)
        share = 0.5
        for _ in range(rounds):
            if worst >= 0:
                return
            # near the worst paths first: cells of paths that are hardly late wait for their turn
            offers = self.candidates(margin + 0.7 * worst)
            batch = self._apart(offers, max(1, ceil(share * len(offers))))
            if not batch:
                return
            before = [(k, self.graph.cells[k]) for _, k, _ in batch]
            for _, k, new in batch:
                self.graph.cells[k] = new
            self.engine.retable()
            self.engine.update()
            now = self.score(margin)
            if now[0] > worst or (now[0] == worst and now[1] > total):
                worst, total, share = *now, min(1.0, 1.5 * share)
                continue
            for k, old in before:
                self.graph.cells[k] = old
            self.engine.retable()
            self.engine.update()
            if len(batch) == 1:
                return
            share *= 0.4

    def _apart(self, offers: list[tuple[float, int, CellTiming]], count: int) -> list[tuple[float, int, CellTiming]]:
        """The best offers of which none drives another: their gains were reckoned with the neighbours as they are."""
        taken: set[int] = set()
        beside: set[int] = set()
        chosen = []
        for offer in offers:
            number = offer[1]
            base = int(self.graph.base[number])
            sources = {self.graph.instance_of(self.driver_of.get(base + pin, -1)) for pin in range(len(self.graph.cells[number].pins))}
            if number not in beside and not sources & taken:
                chosen.append(offer)
                taken.add(number)
                beside |= sources - {-1}
            if len(chosen) == count:
                break
        return chosen

    def strengthen(self, share: float) -> None:
        """Exchange drivers whose slew or load is beyond ``share`` of a limit for the smallest cell of the family that keeps both."""
        for _ in range(4):
            changed = False
            for node in self.overloaded(share):
                k = self.graph.instance_of(node)
                cell = self.graph.cells[k]
                choice = self.families.get(cell.name, ())
                if k in self.fixed or not choice or choice.index(cell) + 1 == len(choice):
                    continue
                self.graph.cells[k] = choice[choice.index(cell) + 1]
                changed = True
            if not changed:
                return
            self.engine.retable()
            self.engine.update()

    def overloaded(self, share: float) -> list[int]:
        """Drivers (cells) of nets with a slew or load beyond ``share`` of its limit. On the slew of an open output nothing hangs."""
        engine, graph = self.engine, self.graph
        slews, loads = engine.violations(share)
        driving = set(graph.net_driver.tolist())
        found = {node for node, *_ in loads}
        for node, *_ in slews:
            found.add(self.driver_of.get(node, node))
        return sorted(node for node in found & driving if graph.instance_of(node) >= 0)


def repair(
    block: Block,
    kit: Kit,
    period: float,
    options: RepairOptions | None = None,
    library: TimingLibrary | None = None,
    corners: Sequence[TimingLibrary] = (),
) -> tuple[Block, RepairReport]:
    """A block whose cells have the strength that the period (ns) asks for and whose slews, loads and hold times are mended.

    The block must be placed; taps, fillers and clock buffers stay. corners: where the period, slews and loads must be kept beside
    ``library``. Errors as of ``build_graph``.
    """
    options, library = options or RepairOptions(), library or load_timing(kit)
    made = block.copy()
    engine = make_engine(made, kit, period, library=library)
    engine.update()
    setup, hold = engine.end_slack()
    before = float(setup.min(initial=np.inf)), float(hold.min(initial=np.inf))
    start = {name: instance.master for name, instance in made.instances.items()}

    buffers = 0
    unrepaired: dict[str, None] = {}
    for corner in (*corners, library):  # the one of hold last: its figures are reported
        if corners:  # else the engine above still is that of the block
            engine = make_engine(made, kit, period, library=corner)
            engine.update()
        sizer, added, heavy = _relieve(made, kit, engine, options.share)
        buffers += added
        unrepaired |= dict.fromkeys(heavy)
        sizer.improve(options.setup_margin, options.rounds)
        _take(made, sizer)
    delays, late = _fix_hold(made, kit, period, options, library)
    engine = make_engine(made, kit, period, library=library)
    engine.update()
    setup, hold = engine.end_slack()
    resized = sum(made.instances[name].master != master for name, master in start.items())
    after = float(setup.min(initial=np.inf)), float(hold.min(initial=np.inf))
    return made, RepairReport(before[0], after[0], before[1], after[1], resized, buffers, delays, tuple(unrepaired | dict.fromkeys(late)))


def _relieve(block: Block, kit: Kit, engine: Engine, share: float) -> tuple[_Sizer, int, list[str]]:
    """Mend slews and loads: stronger drivers first, then buffers, round by round while there are fewer left; what is left comes back."""
    sizer, buffers, left, idle = _Sizer(engine, kit), 0, 1 << 60, 0
    while True:
        sizer.strengthen(share)
        _take(block, sizer)
        heavy = [sizer.graph.ref(node) for node in sizer.overloaded(share)]
        idle = 0 if len(heavy) < left else idle + 1
        if not heavy or idle == PATIENCE:
            return sizer, buffers, [f"{driver.instance}/{driver.pin}" for driver in heavy]
        added, stuck = _split_heavy(block, kit, heavy)
        buffers += added
        if not added or (len(heavy) >= left and added >= left):
            return sizer, buffers, stuck
        left = min(left, len(heavy))
        engine = make_engine(block, kit, engine.period, library=engine.graph.library)
        engine.update()
        sizer = _Sizer(engine, kit)


def _take(block: Block, sizer: _Sizer) -> None:
    for name, cell in zip(sizer.graph.instances, sizer.graph.cells, strict=True):
        block.instances[name].master = cell.name


def _split_heavy(block: Block, kit: Kit, drivers: list[PinRef]) -> tuple[int, list[str]]:
    """Relieve drivers that no strength helps. A gate whose load is mostly wire gets a strong buffer beside it that takes all sinks; else a
    buffer takes the half of the sinks that lies farther away, in their middle, or on the way to them where the wire is the load."""
    net_of = {ref: net for net in block.nets.values() for ref in net.pins}
    made = 0
    left: list[str] = []
    for driver in drivers:
        net = net_of[driver]
        sinks = [ref for ref in split_net(block, kit, net)[1] if ref.instance is not None]
        whole = load(block, kit, net)
        long = sum(pin_capacitance(block, kit, ref) for ref in sinks) < whole / 2
        own = block.instances[driver.instance or ""].kind == "buffer"
        if net.use != "signal" or not sinks or (len(sinks) < 2 and not long):
            left.append(f"{driver.instance}/{driver.pin}")
            continue
        spots = [pin_place(block, kit, ref) for ref in sinks]
        x, y = pin_place(block, kit, driver)
        label = fresh(block, f"slew_{tidy(net.name)}")
        if long and not own:
            add_buffer(block, kit, label, pick_buffer(kit, kit.roles.buffers, whole), (x, y), net, sinks)
        else:
            parts = cluster(spots, ceil(len(sinks) / 2))
            centres = [centre([spots[i] for i in part]) for part in parts]
            far = max(range(len(parts)), key=lambda k: abs(centres[k][0] - x) + abs(centres[k][1] - y))
            at = centres[far]
            if long:
                at = (at[0] + x) // 2, (at[1] + y) // 2
            cell = kit.roles.buffers[min(2, len(kit.roles.buffers) - 1)]
            add_buffer(block, kit, label, cell, at, net, [sinks[i] for i in parts[far]])
        made += 1
    return made, left


def _fix_hold(block: Block, kit: Kit, period: float, options: RepairOptions, library: TimingLibrary) -> tuple[int, list[str]]:
    """Delay buffers in front of pins whose data comes too early, where setup leaves room."""
    cell = library.cell(kit.roles.buffers[0])
    entry, _ = buffer_pins(kit, cell.name)
    made = 0
    left: list[str] = []
    count: dict[PinRef, int] = {}
    for _ in range(options.hold_tries):
        engine = make_engine(block, kit, period, library=library)
        engine.update()
        setup, hold = engine.end_slack()
        graph = engine.graph
        late = [int(n) for n in np.nonzero(hold < options.hold_margin)[0]]
        net_of = {ref: net for net in block.nets.values() for ref in net.pins}
        left, added = [], 0
        for node in late:
            ref = graph.ref(node)
            if ref.instance is None:
                continue  # what a port sees outside is an assumption, no reason for cells
            load = float(cell.capacitance[cell.pins.index(entry)].min())
            slew = float(engine.slew[node, 2:].min())
            step = min(library.lookup(cell.arc_tables[0][edge], slew, load) for edge in (RISE, FALL))
            slow = max(library.lookup(cell.arc_tables[0][edge], slew, load) for edge in (RISE, FALL))
            wanted = max(1, ceil((options.hold_margin - hold[node]) / step))
            room = int(max(0.0, setup[node] - options.setup_margin) / slow)
            number = min(wanted, room, options.hold_buffers - count.get(ref, 0))
            if number < 1:
                left.append(f"{ref.instance}/{ref.pin}")
                continue
            net, at = net_of[ref], pin_place(block, kit, ref)
            for _ in range(number):
                label = fresh(block, f"hold_{tidy(f'{ref.instance}_{ref.pin}')}_{count.get(ref, 0)}")
                net = add_buffer(block, kit, label, cell.name, at, net, [ref])
                count[ref] = count.get(ref, 0) + 1
                added += 1
        made += added
        if not added:
            break
    return made, left
