"""A block as a graph of pins: edges through cells and along nets, in arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neutnngen.errors import CheckFailed, DataError
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block, PinRef, collector_paused
from neutnngen.timing import kernel
from neutnngen.timing.library import CellTiming, Ints, TimingLibrary

NET = -1
"""Sense of an edge along a net."""


@dataclass
class Graph:
    """Pins are numbered cell by cell (those of instance ``i`` from ``base[i]`` on), ports follow.

    cells: timing of each instance, in the order of ``instances``. net_driver: node of the driver of each net of ``nets``, -1 without one.
    sink_start, sinks: nodes that each net drives. order: nodes from sources to ends.
    Edges are sorted by the node they enter: ``in_start``, ``edge_from``, ``edge_sense`` (NET or one of the library's senses),
    ``edge_instance`` and ``edge_arc`` (arc of the instance's cell; of nets -1 and the position in ``sinks``).
    checks: (check, 4) data node, clock node, kind, edge of the clock; check_instance, check_number: where it comes from.
    """

    block: Block
    library: TimingLibrary
    instances: list[str]
    cells: list[CellTiming]
    base: Ints
    ports: list[str]
    nets: list[str]
    net_driver: Ints
    sink_start: Ints
    sinks: Ints
    in_start: Ints
    edge_from: Ints
    edge_to: Ints
    edge_sense: npt.NDArray[np.int8]
    edge_instance: Ints
    edge_arc: Ints
    order: Ints
    checks: Ints
    check_instance: Ints
    check_number: Ints

    @property
    def size(self) -> int:
        """Number of nodes."""
        return int(self.base[-1]) + len(self.ports)

    def node(self, ref: PinRef) -> int:
        """Node of a pin or port; -1 for pins without timing, such as supplies."""
        if ref.instance is None:
            at = self._port_number.get(ref.pin)
            return -1 if at is None else int(self.base[-1]) + at
        number = self._instance_number.get(ref.instance)
        if number is None or ref.pin not in self.cells[number].pins:
            return -1
        return int(self.base[number]) + self.cells[number].pins.index(ref.pin)

    def ref(self, node: int) -> PinRef:
        """The inverse of :meth:`node`."""
        if node >= self.base[-1]:
            return PinRef(None, self.ports[node - int(self.base[-1])])
        number = int(np.searchsorted(self.base, node, side="right")) - 1
        return PinRef(self.instances[number], self.cells[number].pins[node - int(self.base[number])])

    def instance_of(self, node: int) -> int:
        """Number of the instance that a node belongs to, -1 for ports."""
        return -1 if node >= self.base[-1] else int(np.searchsorted(self.base, node, side="right")) - 1

    def __post_init__(self) -> None:
        self._port_number = {name: k for k, name in enumerate(self.ports)}
        self._instance_number = {name: k for k, name in enumerate(self.instances)}

    def instance_number(self, name: str) -> int:
        return self._instance_number[name]


@collector_paused()
def build_graph(block: Block, kit: Kit, library: TimingLibrary) -> Graph:
    """The graph of a block's signal and clock nets.

    Raises DataError for a net with two drivers, CheckFailed for a loop of gates, ConfigError for a cell without timing.
    """
    instances = [i.name for i in block.instances.values() if i.kind not in ("tap", "filler", "antenna")]
    cells = [library.cell(block.instances[name].master) for name in instances]
    number = {name: k for k, name in enumerate(instances)}
    base = np.concatenate([[0], np.cumsum([len(cell.pins) for cell in cells])]).astype(np.int32)
    signal = [net for net in block.nets.values() if net.use in ("signal", "clock")]
    ports = [port.name for port in block.ports.values() if port.net in block.nets and block.nets[port.net].use in ("signal", "clock")]
    port_number = {name: int(base[-1]) + k for k, name in enumerate(ports)}
    used = {cell.name: cell for cell in cells}
    local = {name: {pin: (k, cell.outputs[k]) for k, pin in enumerate(cell.pins)} for name, cell in used.items()}
    drivers: list[int] = []
    sink_counts = [0]
    sinks: list[int] = []
    for net in signal:
        driver = -1
        before = len(sinks)
        for ref in net.pins:
            if ref.instance is None:
                node, drives = port_number[ref.pin], block.ports[ref.pin].direction == "input"
            else:
                at = number.get(ref.instance)
                if at is None:
                    continue  # an antenna diode is a load only
                pin, drives = local[cells[at].name][ref.pin]
                node = int(base[at]) + pin
            if not drives:
                sinks.append(node)
            elif driver >= 0:
                raise DataError(f"net {net.name} has two drivers", got=f"{ref.instance}/{ref.pin}")
            else:
                driver = node
        drivers.append(driver)
        sink_counts.append(len(sinks) - before)
    sink_start = np.cumsum(sink_counts).astype(np.int32)
    net_driver, sink_nodes = np.array(drivers, np.int32), np.array(sinks, np.int32)
    source = np.repeat(net_driver, np.diff(sink_start))
    driven = np.nonzero(source >= 0)[0]
    parts = [(source[driven], sink_nodes[driven], np.full(driven.size, NET), np.full(driven.size, -1), driven)]
    check_parts = [np.empty((0, 6), np.int64)]
    kinds: dict[str, list[int]] = {}
    for k, cell in enumerate(cells):
        kinds.setdefault(cell.name, []).append(k)
    for name, members in kinds.items():
        cell, who = library.cells[name], np.array(members, np.int64)
        for a, (start, end, sense) in enumerate(cell.arcs):
            parts.append((base[who] + start, base[who] + end, np.full(who.size, sense), who, np.full(who.size, a)))
        for c, (data, clock, kind, edge) in enumerate(cell.checks):
            rows = np.empty((who.size, 6), np.int64)
            rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3] = base[who] + data, base[who] + clock, kind, edge
            rows[:, 4], rows[:, 5] = who, c
            check_parts.append(rows)
    columns = [np.concatenate([part[k] for part in parts]).astype(np.int32) for k in range(5)]
    size = int(base[-1]) + len(ports)
    sort = np.lexsort((columns[0], columns[1]))
    edge_from, edge_to, sense_, who_, arc = (column[sort] for column in columns)
    in_start = np.concatenate([[0], np.cumsum(np.bincount(edge_to, minlength=size))]).astype(np.int32)
    out_edges = np.argsort(edge_from, kind="stable").astype(np.int32)
    out_start = np.concatenate([[0], np.cumsum(np.bincount(edge_from, minlength=size))]).astype(np.int32)
    order = kernel.order_nodes(in_start, edge_from, out_start, out_edges, edge_to)
    checks = np.concatenate(check_parts)
    graph = Graph(
        block=block,
        library=library,
        instances=instances,
        cells=cells,
        base=base,
        ports=ports,
        nets=[net.name for net in signal],
        net_driver=net_driver,
        sink_start=sink_start,
        sinks=sink_nodes,
        in_start=in_start,
        edge_from=edge_from,
        edge_to=edge_to,
        edge_sense=sense_.astype(np.int8),
        edge_instance=who_,
        edge_arc=arc,
        order=order,
        checks=checks[:, :4].astype(np.int32),
        check_instance=checks[:, 4].astype(np.int32),
        check_number=checks[:, 5].astype(np.int32),
    )
    if order.size < size:
        left = np.setdiff1d(np.arange(size), order)
        inside = [str(graph.ref(int(node)).instance) for node in left[:5]]
        raise CheckFailed("the netlist has a loop of gates", got=", ".join(inside), allowed="loops through registers only")
    return graph
