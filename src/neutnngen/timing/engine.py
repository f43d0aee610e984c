"""Static timing analysis of one block: late and early arrivals with a propagated clock, setup and hold, slews and loads.

Constraints are those of the project's SDC: one clock, inputs that arrive and outputs that are needed a share of the period away from its
edge, ports driven by the kit's driving cell and the clock by its strongest clock buffer. Delays: tables of the library at the total load
of the net (no effective capacitance), Elmore along wires. Slews along wires: Kashyap et al., "PERI", ICCAD 2002.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from neutnngen.errors import ConfigError
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block
from neutnngen.place_route.extract import Parasitics
from neutnngen.timing import kernel
from neutnngen.timing.graph import NET, Graph, build_graph
from neutnngen.timing.library import FALL, HOLD, RISE, SETUP, CellTiming, Floats, Ints, TimingLibrary, load_timing
from neutnngen.timing.wires import Wires, estimate_wires, extracted_wires, pin_capacitances

PORT_SHARE = 0.2
"""Input and output delay over the period, as in the constraints of the flow."""


class PathPoint(NamedTuple):
    """A pin on a path: its cell (empty for ports), edge "^" or "v", arrival and slew in ns, load in fF where it drives a net."""

    pin: str
    cell: str
    edge: str
    arrival: float
    slew: float
    load: float | None


@dataclass(frozen=True)
class TimingReport:
    """Figures of one corner, in ns; negative slack is too late (setup) or too early (hold).

    register_slack: the worst setup slack of paths from register to register, inf where there is none. latency: shortest and longest delay
    of the clock to a register. skew: their difference. slew_violations, load_violations: (pin, slew in ns or load in fF, its limit).
    setup_path, hold_path: the worst ones, from start to end.
    """

    corner: str
    period: float
    setup_slack: float
    hold_slack: float
    setup_tns: float
    hold_tns: float
    register_slack: float
    latency: tuple[float, float]
    slew_violations: tuple[tuple[str, float, float], ...]
    load_violations: tuple[tuple[str, float, float], ...]
    setup_path: tuple[PathPoint, ...]
    hold_path: tuple[PathPoint, ...]

    @property
    def skew(self) -> float:
        return self.latency[1] - self.latency[0]

    @property
    def shortest_period(self) -> float:
        """Period at which paths between registers just meet setup."""
        return self.period - self.register_slack


class Engine:
    """Analysis of a block whose cells may be exchanged for others of the same shape. Arrays are (node, 4), see :mod:`kernel`."""

    def __init__(self, graph: Graph, kit: Kit, wires: Wires, period: float) -> None:
        if not period > 0:
            raise ConfigError("the clock period must be above 0", got=f"{period} ns")
        self.graph, self.kit, self.wires, self.period = graph, kit, wires, period
        size = graph.size
        self.arrival, self.slew, self.required = (np.empty((size, 4)) for _ in range(3))
        self.delay = np.empty((graph.edge_from.size, 8))
        self.setup, self.hold = (np.empty((len(graph.checks), 2)) for _ in range(2))
        self._edge_tables = np.full((graph.edge_from.size, 4), -1, np.int32)
        self._check_tables = np.full((len(graph.checks), 2), -1, np.int32)
        self._of_net = np.repeat(np.arange(len(graph.nets)), np.diff(graph.sink_start))
        along = graph.edge_sense == NET
        self._wire = np.zeros(graph.edge_from.size)
        self._wire[along] = wires.delay[graph.edge_arc[along]]
        self._clock = [k for k, name in enumerate(graph.ports) if graph.block.nets[graph.block.ports[name].net].use == "clock"]
        self.retable()

    def retable(self) -> None:
        """Take up ``graph.cells`` after changes: tables of arcs and checks, loads."""
        graph = self.graph
        inside = graph.edge_instance >= 0
        kinds: dict[str, int] = {}
        rows: list[Ints] = []
        checks: list[Ints] = []
        offsets: list[int] = []
        check_offsets: list[int] = []
        number = np.empty(len(graph.cells), np.int32)
        for k, cell in enumerate(graph.cells):
            if cell.name not in kinds:
                kinds[cell.name] = len(kinds)
                offsets.append(sum(len(row) for row in rows))
                check_offsets.append(sum(len(row) for row in checks))
                rows.append(cell.arc_tables)
                checks.append(cell.check_tables)
            number[k] = kinds[cell.name]
        if rows:
            at = np.array(offsets)[number[graph.edge_instance[inside]]] + graph.edge_arc[inside]
            self._edge_tables[inside] = np.concatenate(rows)[at]
            self._check_tables[:] = np.concatenate(checks)[np.array(check_offsets)[number[graph.check_instance]] + graph.check_number]
        self.pins = pin_capacitances(graph, self.kit.roles.output_load)
        total = np.repeat(self.wires.capacitance[:, None], 2, axis=1)
        np.add.at(total, self._of_net, self.pins[graph.sinks])
        self.load = np.zeros((graph.size, 2))
        driven = graph.net_driver >= 0
        self.load[graph.net_driver[driven]] = total[driven]

    def _drive(self, node: int, cell: CellTiming, start: tuple[float, float]) -> None:
        """A port behind a driving cell: what its load adds to the cell's delay, and its slew."""
        library = self.graph.library
        for edge in (RISE, FALL):
            tables = cell.arc_tables[0]
            load = self.load[node, edge]
            extra = library.lookup(tables[edge], 0.0, load) - library.lookup(tables[edge], 0.0, 0.0)
            width = library.lookup(tables[2 + edge], 0.0, load)
            for mode in (kernel.LATE, kernel.EARLY):
                self.arrival[node, 2 * mode + edge] = start[edge] + extra
                self.slew[node, 2 * mode + edge] = width

    def _clear(self) -> None:
        late = slice(0, 2)
        self.arrival[:], self.slew[:], self.required[:] = np.inf, np.inf, -np.inf
        self.arrival[:, late], self.slew[:, late], self.required[:, late] = -np.inf, 0.0, np.inf
        self.delay[:] = np.nan

    def _forward(self, order: Ints | None = None) -> None:
        graph, tables = self.graph, self.graph.library.tables
        order = graph.order if order is None else order
        kernel.forward(
            order, graph.in_start, graph.edge_from, graph.edge_sense, self._edge_tables, self._wire, self.load, tables.spans,
            tables.axes, tables.values, self.arrival, self.slew, self.delay, graph.library.step_slew,
        )  # fmt: skip

    def _ends(self, checks: Ints | None = None) -> None:
        graph, tables = self.graph, self.graph.library.tables
        which = slice(None) if checks is None else checks
        setup, hold = self.setup[which], self.hold[which]
        kernel.check_times(
            graph.checks[which, :2], graph.checks[which, 2:], self._check_tables[which], self.arrival, self.slew, self.period,
            self.required, tables.spans, tables.axes, tables.values, setup, hold,
        )  # fmt: skip
        self.setup[which], self.hold[which] = setup, hold

    def update(self, *, inputs: bool = True) -> None:
        """Analyse anew. inputs: also paths that begin at data inputs (else from registers only)."""
        graph, roles, library = self.graph, self.kit.roles, self.graph.library
        self._clear()
        clock_cell, data_cell = library.cell(roles.clock_buffers[-1]), library.cell(roles.driving_cell)
        for k, name in enumerate(graph.ports):
            node = int(graph.base[-1]) + k
            if graph.block.ports[name].direction != "input":
                if inputs:
                    self.required[node] = [(1 - PORT_SHARE) * self.period] * 2 + [-PORT_SHARE * self.period] * 2
            elif k in self._clock:
                self._drive(node, clock_cell, (0.0, self.period / 2))
            elif inputs:
                self._drive(node, data_cell, (PORT_SHARE * self.period,) * 2)
        self._forward()
        self._ends()
        kernel.backward(graph.order, graph.in_start, graph.edge_from, self.delay, self.required)

    def propagate(self, starts: Iterable[tuple[int, Floats, Floats]], order: Ints | None = None) -> None:
        """Arrivals from other starts: node, its four arrivals, its four slews. order: visit these nodes alone, the others keep theirs."""
        if order is None:
            self._clear()
        else:
            self.arrival[order], self.slew[order] = (-np.inf, -np.inf, np.inf, np.inf), (0.0, 0.0, np.inf, np.inf)
        for node, arrival, slew in starts:
            self.arrival[node], self.slew[node] = arrival, slew
        self._forward(order)

    def require(self, order: Ints, checks: Ints) -> None:
        """Required times of the nodes of ``order`` by some checks and nothing else, after :meth:`propagate`."""
        self.required[order] = (np.inf, np.inf, -np.inf, -np.inf)
        self._ends(checks)
        kernel.backward(order, self.graph.in_start, self.graph.edge_from, self.delay, self.required)

    def slack(self) -> tuple[Floats, Floats]:
        """(setup, hold) slack of every node in ns, inf where no path goes through."""
        with np.errstate(invalid="ignore"):
            late = np.where(np.isfinite(self.arrival[:, :2]), self.required[:, :2] - self.arrival[:, :2], np.inf).min(axis=1)
            early = np.where(np.isfinite(self.arrival[:, 2:]), self.arrival[:, 2:] - self.required[:, 2:], np.inf).min(axis=1)
        return late, early

    @property
    def clock_ports(self) -> list[str]:
        """Input ports of clock nets."""
        return [self.graph.ports[k] for k in self._clock]

    def end_slack(self) -> tuple[Floats, Floats]:
        """(setup, hold) slack of data pins and output ports, (node) with inf everywhere else."""
        graph = self.graph
        found = np.full((2, graph.size), np.inf)
        for kind, values in ((SETUP, self.setup), (HOLD, self.hold)):
            mine = graph.checks[:, 2] == kind
            worst = np.nanmin(np.where(np.isnan(values), np.inf, values), axis=1) if len(values) else np.empty(0)
            np.minimum.at(found[kind], graph.checks[mine, 0], worst[mine])
        late, early = self.slack()
        for k, name in enumerate(graph.ports):
            if graph.block.ports[name].direction == "output":
                node = int(graph.base[-1]) + k
                found[SETUP, node], found[HOLD, node] = late[node], early[node]
        return found[SETUP], found[HOLD]

    def _name(self, node: int) -> str:
        ref = self.graph.ref(node)
        return ref.pin if ref.instance is None else f"{ref.instance}/{ref.pin}"

    def _trace(self, node: int, mode: int) -> tuple[PathPoint, ...]:
        """The path that makes the worst slack at an end point."""
        graph = self.graph
        gap = (self.required[node] - self.arrival[node])[2 * mode : 2 * mode + 2] * (1 if mode == kernel.LATE else -1)
        edge = int(np.argmin(np.where(np.isfinite(gap), gap, np.inf)))
        points = []
        while True:
            ref, k = graph.ref(node), 2 * mode + edge
            cell = "" if ref.instance is None else graph.cells[graph.instance_number(ref.instance)].name
            drives = self.load[node].max() if self.load[node].any() else None
            points.append(PathPoint(self._name(node), cell, "^v"[edge], float(self.arrival[node, k]), float(self.slew[node, k]), drives))
            best = None
            for e in range(graph.in_start[node], graph.in_start[node + 1]):
                for before in (RISE, FALL):
                    step = self.delay[e, mode * 4 + before * 2 + edge]
                    if not np.isnan(step):
                        off = abs(self.arrival[graph.edge_from[e], 2 * mode + before] + step - self.arrival[node, k])
                        if best is None or off < best[0]:
                            best = (off, int(graph.edge_from[e]), before)
            if best is None:
                return tuple(reversed(points))
            node, edge = best[1], best[2]

    def clock_latency(self) -> tuple[float, float]:
        """Shortest and longest delay from the clock port to a register, ns."""
        found = [
            self.arrival[clock, 2 * mode + edge] - (edge * self.period / 2)
            for clock, edge in np.unique(self.graph.checks[:, [1, 3]], axis=0)
            for mode in (kernel.LATE, kernel.EARLY)
        ]
        times = [t for t in found if np.isfinite(t)]
        return (float(min(times)), float(max(times))) if times else (0.0, 0.0)

    def violations(self, share: float = 1.0) -> tuple[list[tuple[int, float, float]], list[tuple[int, float, float]]]:
        """(slew, load) violations of ``share`` of the limits: node, value, limit. Slews are with the library's ``tail``."""
        graph = self.graph
        limit, largest = np.full(graph.size, np.inf), np.full(graph.size, np.inf)
        if graph.cells:
            limit[: graph.base[-1]] = share * np.concatenate([cell.limit for cell in graph.cells])
            largest[: graph.base[-1]] = share * np.concatenate([cell.largest_load for cell in graph.cells])
        worst = self.graph.library.tail * self.slew[:, :2].max(axis=1)
        load = self.load.max(axis=1)
        slews = [(int(n), float(worst[n]), float(limit[n])) for n in np.nonzero(worst > limit * (1 + 1e-9))[0]]
        return slews, [(int(n), float(load[n]), float(largest[n])) for n in np.nonzero(load > largest * (1 + 1e-9))[0]]

    def report(self) -> TimingReport:
        """All figures; analyses twice, without and with inputs."""
        self.update(inputs=False)
        register = float(np.nanmin(np.where(np.isnan(self.setup), np.inf, self.setup), initial=np.inf))
        self.update()
        setup, hold = self.end_slack()
        slews, loads = self.violations()
        return TimingReport(
            self.graph.library.corner,
            self.period,
            float(setup.min(initial=np.inf)),
            float(hold.min(initial=np.inf)),
            float(np.minimum(setup, 0).sum()),
            float(np.minimum(hold, 0).sum()),
            register,
            self.clock_latency(),
            tuple((self._name(n), a, b) for n, a, b in slews),
            tuple((self._name(n), a, b) for n, a, b in loads),
            self._trace(int(setup.argmin()), kernel.LATE) if np.isfinite(setup).any() else (),
            self._trace(int(hold.argmin()), kernel.EARLY) if np.isfinite(hold).any() else (),
        )

    def net_slack(self) -> dict[str, float]:
        """Setup slack in ns of every driven net."""
        late, _ = self.slack()
        return {name: float(late[d]) for name, d in zip(self.graph.nets, self.graph.net_driver, strict=True) if d >= 0}


def make_engine(
    block: Block, kit: Kit, period: float, parasitics: Parasitics | None = None, library: TimingLibrary | None = None
) -> Engine:
    """The engine for a placed block, its wires estimated, or for a routed one with its parasitics. Not yet analysed."""
    graph = build_graph(block, kit, library or load_timing(kit))
    wires = estimate_wires(graph, kit) if parasitics is None else extracted_wires(graph, kit, parasitics)
    return Engine(graph, kit, wires, period)


def analyse(
    block: Block, kit: Kit, period: float, parasitics: Parasitics | None = None, library: TimingLibrary | None = None
) -> TimingReport:
    """Timing of a block at a clock period in ns. library: another corner than the typical one. Errors as of ``build_graph``."""
    return make_engine(block, kit, period, parasitics, library).report()
