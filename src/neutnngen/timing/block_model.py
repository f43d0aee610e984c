"""Timing model of a whole block, so that a chip is timed without what is inside: its interface as NLDM tables.

Delays and checks come from analyses of the block over slews of the clock, slews of the data and loads of the outputs, all of the same load.
Checks are tabled at the kit's load of outputs. Where the shortest way from one pin
to another is faster than the longest, both are given as arcs (the shorter one marked early): timers take the worst of each.
Paths from register to register inside are not part of it: they are met where the block's own timing is met at the same clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from neutnngen.errors import ConfigError
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block
from neutnngen.place_route.extract import Parasitics
from neutnngen.timing import kernel
from neutnngen.timing.engine import Engine
from neutnngen.timing.graph import build_graph
from neutnngen.timing.kernel import EARLY, LATE
from neutnngen.timing.library import FALL, RISE, Floats, TimingLibrary, load_timing
from neutnngen.timing.wires import Wires, estimate_wires, extracted_wires

EDGES = (RISE, FALL)
LARGE = 20_000
"""Cells from which on three slews make the tables: each input and slew is an analysis of its own."""
_SAME = 1e-7
"""ns: shortest and longest ways that differ by less are one arc."""


@dataclass(frozen=True)
class Arc:
    """A delay from a pin to an output. sense: of Liberty, or rising_edge or falling_edge of the clock; early: the shortest way.

    delay, slew: by edge of the output (slew of the input, load) in ns, None where it has no such edge.
    """

    start: str
    sense: str
    early: bool
    delay: tuple[Floats | None, Floats | None]
    slew: tuple[Floats | None, Floats | None]


@dataclass(frozen=True)
class Check:
    """kind: Liberty's timing type; times: by edge of the data (slew of the clock, slew of the data) in ns, None if unchecked."""

    clock: str
    kind: str
    times: tuple[Floats | None, Floats | None]


@dataclass(frozen=True)
class BlockModel:
    """What a chip needs to know of a block's timing. slews, clock_slews: ns; loads: fF; area: um2; leakage: nW, of the typical corner.

    capacitance: (rise, fall) fF of each input; slew_limit: ns; load_limit: fF, of outputs (both inf where the cells state none).
    """

    block: Block
    clocks: tuple[str, ...]
    slews: Floats
    clock_slews: Floats
    loads: Floats
    area: float
    leakage: float
    capacitance: dict[str, tuple[float, float]]
    slew_limit: dict[str, float]
    load_limit: dict[str, float]
    arcs: dict[str, tuple[Arc, ...]]
    checks: dict[str, tuple[Check, ...]]


class _Loaded:
    """Engines of one block at any load of its outputs; wires follow the load linearly, as Elmore's delay does."""

    def __init__(self, block: Block, kit: Kit, parasitics: Parasitics | None, library: TimingLibrary) -> None:
        self.graph, self.kit = build_graph(block, kit, library), kit
        self.step = max(1.0, kit.roles.output_load)
        self.wires = [
            estimate_wires(self.graph, one) if parasitics is None else extracted_wires(self.graph, one, parasitics)
            for one in (self._kit(0.0), self._kit(self.step))
        ]

    def _kit(self, load: float) -> Kit:
        return replace(self.kit, roles=replace(self.kit.roles, output_load=load))

    def engine(self, load: float) -> Engine:
        zero, one = self.wires
        wires = Wires(zero.capacitance, zero.delay + (one.delay - zero.delay) * (load / self.step))
        return Engine(self.graph, self._kit(load), wires, 1.0)


def _edge_only(edge: int) -> Floats:
    """Arrivals of an edge at time 0 and none of the other."""
    found = np.array([-np.inf, -np.inf, np.inf, np.inf])
    found[[edge, 2 + edge]] = 0.0
    return found


def block_model(block: Block, kit: Kit, parasitics: Parasitics | None = None, library: TimingLibrary | None = None) -> BlockModel:
    """The model of a placed block (wires ESTIMATED) or of a routed one with its parasitics. library: another corner.

    Raises ConfigError for a block with several clocks, and as ``build_graph``.
    """
    library = library or load_timing(kit)
    loaded = _Loaded(block, kit, parasitics, library)
    graph, base = loaded.graph, int(loaded.graph.base[-1])
    empty, nominal = loaded.engine(0.0), loaded.engine(kit.roles.output_load)
    clocks = empty.clock_ports
    if len(clocks) > 1:
        raise ConfigError("a timing model is made of blocks with one clock", got=", ".join(clocks))
    node = {name: base + k for k, name in enumerate(graph.ports)}
    inputs = [n for n in graph.ports if block.ports[n].direction == "input" and n not in clocks]
    outputs = [n for n in graph.ports if block.ports[n].direction == "output"]
    table = library.tables.spans[library.cell(kit.roles.driving_cell).arc_tables[0][0]]
    slews, driven = (library.tables.axes[at : at + count] for at, count in ((table[0], table[1]), (table[2], table[3])))
    if len(graph.cells) > LARGE:
        slews = slews[:: max(1, (slews.size - 1) // 2)]
    limits = np.concatenate([[np.inf], *(cell.limit for cell in graph.cells)])[1:]
    largest = np.concatenate([[np.inf], *(cell.largest_load for cell in graph.cells)])[1:]
    driver = dict(zip(graph.nets, graph.net_driver, strict=True))
    slew_limit, load_limit = {}, {}
    at = {name: k for k, name in enumerate(graph.nets)}
    for name in (*clocks, *inputs):
        k = at[block.ports[name].net]
        inside = graph.sinks[graph.sink_start[k] : graph.sink_start[k + 1]]
        slew_limit[name] = float(limits[inside[inside < base]].min(initial=np.inf))
    for name in outputs:
        who = int(driver[block.ports[name].net])
        load_limit[name] = float(largest[who] - empty.load[who].max()) if 0 <= who < base else np.inf
    finite = [x for x in load_limit.values() if 0 < x < np.inf]
    top = max(finite) if finite else float(driven[-1])
    loads = top * np.array([0.0, 1 / 32, 1 / 8, 1 / 4, 1 / 2, 1.0])
    clock_slews = slews[:: 2 if slews.size > 4 else 1]
    arcs: dict[str, list[Arc]] = {name: [] for name in outputs}
    engines = [loaded.engine(float(load)) for load in loads]
    for clock in clocks:
        for name, found in _launches(engines, node, clock, outputs, clock_slews):
            arcs[name].append(found)
    for name, found in _ways_through(engines, node, inputs, outputs, slews):
        arcs[name].append(found)
    checks: dict[str, list[Check]] = {name: [] for name in inputs}
    for clock in clocks:
        for name, check in _checks(nominal, node, clock, inputs, slews, clock_slews):
            checks[name].append(check)
    die, um = block.die, kit.technology.to_um
    return BlockModel(
        block=block,
        clocks=tuple(clocks),
        slews=slews,
        clock_slews=clock_slews,
        loads=loads,
        area=um(die.x1 - die.x0) * um(die.y1 - die.y0),
        leakage=sum(kit.cells[i.master].leakage for i in block.instances.values() if i.master in kit.cells),
        capacitance={n: (float(empty.load[node[n], RISE]), float(empty.load[node[n], FALL])) for n in (*clocks, *inputs)},
        slew_limit=slew_limit,
        load_limit=load_limit,
        arcs={name: tuple(found) for name, found in arcs.items()},
        checks={name: tuple(found_) for name, found_ in checks.items()},
    )


def _marked(engine: Engine, seeds: Sequence[int], *, forth: bool) -> npt.NDArray[np.bool_]:
    """All nodes that the seeds lead to, or that lead to them; registers are the end of data."""
    graph = engine.graph
    found = np.zeros(graph.size, np.bool_)
    found[list(seeds)] = True
    kernel.mark_reached(graph.order, graph.in_start, graph.edge_from, found, forth)
    return found


def _checks(
    engine: Engine, node: dict[str, int], clock: str, inputs: list[str], slews: Floats, clock_slews: Floats
) -> Iterator[tuple[str, Check]]:
    """Setup and hold of inputs: how long before (after) the clock's edge at its port the data must come (stay).

    Each input has its slew while all others have the smallest; only what it leads to is analysed anew. Registers send with the clock's
    largest slew there.
    """
    graph = engine.graph
    rows = np.array([node[name] for name in inputs], np.int64)
    fast = [(int(row), np.zeros(4), np.full(4, slews[0])) for row in rows]
    ticks = np.unique(graph.checks[:, 1])
    cones = []
    for row in rows:
        reached = _marked(engine, [row], forth=True)
        some = np.nonzero(reached[graph.checks[:, 0]])[0].astype(np.int32)
        mine = np.unique(graph.checks[some, 1])
        cones.append((graph.order[reached[graph.order]], some, mine, np.searchsorted(ticks, mine)))
    for edge, word in zip(EDGES, ("rising", "falling"), strict=True):
        needs = np.full((rows.size, 2, 2, clock_slews.size, slews.size), np.nan)  # input, setup or hold, edge of the data
        states = []
        for clock_slew in clock_slews:
            engine.propagate([*fast, (node[clock], _edge_only(edge), np.full(4, clock_slew))])
            states.append((engine.arrival[ticks], engine.slew[ticks]))
        if not np.isfinite(engine.arrival[graph.checks[:, 1], graph.checks[:, 3]]).any():
            continue  # this edge of the clock is where nothing is checked
        for k, (row, (order, some, mine, at)) in enumerate(zip(rows, cones, strict=True)):
            for j in range(slews.size - 1, -1, -1) if some.size else ():  # the smallest comes last, for the next input
                engine.propagate([(int(row), np.zeros(4), np.full(4, slews[j]))], order)
                for i, (arrival, slew) in enumerate(states):
                    engine.arrival[mine], engine.slew[mine] = arrival[at], slew[at]
                    engine.require(order, some)
                    needs[k, 0, :, i, j] = engine.period - engine.required[row, :2]
                    needs[k, 1, :, i, j] = engine.required[row, 2:]
        for name, both in zip(inputs, needs, strict=True):
            for kind, times in zip(("setup", "hold"), both, strict=True):
                found = [x if np.isfinite(x).all() else None for x in times]
                if any(x is not None for x in found):
                    yield name, Check(clock, f"{kind}_{word}", (found[0], found[1]))


def _arcs(start: str, sense: str, delay: Floats, slew: Floats) -> Iterator[Arc]:
    """The longest and, where it differs, the shortest way. delay, slew: (mode, edge, slew, load)."""
    real = np.asarray(np.isfinite(delay).all(axis=(2, 3)))
    both = np.logical_and(real[LATE], real[EARLY])
    if not both.any():
        return
    same = (abs(delay[LATE, both] - delay[EARLY, both]) < _SAME).all() and (abs(slew[LATE, both] - slew[EARLY, both]) < _SAME).all()
    for mode in (LATE,) if same else (LATE, EARLY):
        tables = [tuple(part[mode, edge] if both[edge] else None for edge in EDGES) for part in (delay, slew)]
        yield Arc(start, sense, mode == EARLY, (tables[0][0], tables[0][1]), (tables[1][0], tables[1][1]))


def _launches(
    engines: list[Engine], node: dict[str, int], clock: str, outputs: list[str], clock_slews: Floats
) -> Iterator[tuple[str, Arc]]:
    """Arcs from the clock to outputs."""
    rows = np.array([node[name] for name in outputs], np.int64)
    for edge, word in zip(EDGES, ("rising_edge", "falling_edge"), strict=True):
        delay, slew = (np.empty((rows.size, 4, clock_slews.size, len(engines))) for _ in range(2))
        for j, engine in enumerate(engines):
            for i, clock_slew in enumerate(clock_slews):
                engine.propagate([(node[clock], _edge_only(edge), np.full(4, clock_slew))])
                delay[:, :, i, j], slew[:, :, i, j] = engine.arrival[rows], engine.slew[rows]
        shape = (2, 2, clock_slews.size, len(engines))
        for k, name in enumerate(outputs):
            yield from ((name, arc) for arc in _arcs(clock, word, delay[k].reshape(shape), slew[k].reshape(shape)))


def _ways_through(
    engines: list[Engine], node: dict[str, int], inputs: list[str], outputs: list[str], slews: Floats
) -> Iterator[tuple[str, Arc]]:
    """Arcs from inputs to outputs without a register between; each from the nodes on its ways alone."""
    graph = engines[0].graph
    ends = _marked(engines[0], [node[name] for name in outputs], forth=False)
    for engine in engines:
        engine.propagate(())
    for start in inputs:
        if not ends[node[start]]:
            continue
        reached = _marked(engines[0], [node[start]], forth=True)
        order = graph.order[(reached & ends)[graph.order]]
        mine = [name for name in outputs if reached[node[name]]]
        rows = np.array([node[name] for name in mine], np.int64)
        delay, slew = (np.empty((2, rows.size, 4, slews.size, len(engines))) for _ in range(2))
        for j, engine in enumerate(engines):
            for i, width in enumerate(slews):
                for edge in EDGES:
                    engine.propagate([(node[start], _edge_only(edge), np.full(4, width))], order)
                    delay[edge, :, :, i, j], slew[edge, :, :, i, j] = engine.arrival[rows], engine.slew[rows]
            engine.propagate((), order)
        shape = (2, 2, slews.size, len(engines))
        for k, name in enumerate(mine):
            for sense, flip in (("positive_unate", False), ("negative_unate", True)):
                pick = [np.stack([part[e ^ flip, k].reshape(shape)[:, e] for e in EDGES], axis=1) for part in (delay, slew)]
                yield from ((name, arc) for arc in _arcs(start, sense, pick[0], pick[1]))
