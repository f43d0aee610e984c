"""Load and delay of a block's wires: estimated from places, or from extracted networks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neutnngen.pdk.technology import Kit, Master
from neutnngen.place_route.block import PinRef
from neutnngen.place_route.extract import Parasitics
from neutnngen.place_route.wiring import DETOUR, pin_offset, pin_place, routed_length, wire_capacitance, wire_resistance
from neutnngen.timing import kernel
from neutnngen.timing.graph import Graph
from neutnngen.timing.library import Floats

LARGEST = 100
"""Pins of a net up to which its tree is found; what is larger is a net before its buffers."""


@dataclass(frozen=True)
class Wires:
    """capacitance: fF of each net; delay: ns to each sink, in the order of ``Graph.sinks``."""

    capacitance: Floats
    delay: Floats


def no_wires(graph: Graph) -> Wires:
    """Before placement: nets without length."""
    return Wires(np.zeros(len(graph.nets)), np.zeros(graph.sinks.size))


def pin_capacitances(graph: Graph, output_load: float) -> Floats:
    """(node, 2) fF of every pin for an edge that rises, that falls; output ports carry ``output_load``."""
    found = np.zeros((graph.size, 2))
    if graph.cells:
        found[: graph.base[-1]] = np.concatenate([cell.capacitance for cell in graph.cells])
    for k, name in enumerate(graph.ports):
        if graph.block.ports[name].direction == "output":
            found[graph.base[-1] + k] = output_load
    return found


def places(graph: Graph, kit: Kit) -> Floats:
    """(node, 2) micrometres: the middle of every pin and port."""
    block = graph.block
    found = np.zeros((graph.size, 2))
    offsets: dict[tuple[str, str], Floats] = {}
    for k, name in enumerate(graph.instances):
        instance = block.instances[name]
        key = (instance.master, instance.orient)
        if key not in offsets:
            offsets[key] = _offsets(kit.masters[instance.master], instance.orient, graph.cells[k].pins)
        found[graph.base[k] : graph.base[k + 1]] = offsets[key] + (instance.x, instance.y)
    for k, port in enumerate(graph.ports):
        found[graph.base[-1] + k] = pin_place(block, kit, PinRef(None, port))
    return found / kit.technology.dbu


def _offsets(master: Master, orient: str, pins: tuple[str, ...]) -> Floats:
    middle = np.array([pin_offset(master, pin) if pin in master.pins else (0, 0) for pin in pins], np.float64).reshape(-1, 2)
    if orient in ("FN", "S"):
        middle[:, 0] = master.width - middle[:, 0]
    if orient in ("FS", "S"):
        middle[:, 1] = master.height - middle[:, 1]
    return middle


def estimate_wires(graph: Graph, kit: Kit) -> Wires:
    """Wires of a placed block (ESTIMATED): each net a shortest tree over its pins, which routed nets of both nodes equal within 5 % in
    length; Elmore's delay through it to each sink. Nets of more than LARGEST pins get the length of such a tree on average and direct
    wires to their sinks."""
    where = places(graph, kit)
    counts = np.diff(graph.sink_start)
    net_of = np.repeat(np.arange(len(graph.nets)), counts)
    at_sink = where[graph.sinks]
    source = graph.net_driver.copy()
    lone = source < 0
    first = np.minimum(graph.sink_start[:-1], max(0, graph.sinks.size - 1))
    if graph.sinks.size:
        source[lone] = graph.sinks[first[lone]]
    at_driver = where[source]
    low, high = at_driver.copy(), at_driver.copy()
    np.minimum.at(low, net_of, at_sink)
    np.maximum.at(high, net_of, at_sink)
    length = routed_length((high - low).sum(axis=1), counts + 1)
    per_um, ohm = wire_capacitance(kit), wire_resistance(kit)
    direct = np.abs(at_sink - at_driver[net_of]).sum(axis=1) * DETOUR
    pin = pin_capacitances(graph, kit.roles.output_load).max(axis=1)
    delay = ohm * direct * (direct * per_um / 2 + pin[graph.sinks]) * 1e-6
    kernel.spanning(graph.sink_start, graph.sinks, source, where, pin, per_um, ohm, LARGEST, length, delay)
    return Wires(length * per_um, delay)


def extracted_wires(graph: Graph, kit: Kit, parasitics: Parasitics) -> Wires:
    """Wires of a routed block: total capacitance, and Elmore's delay through the extracted resistances."""
    pin = pin_capacitances(graph, kit.roles.output_load).max(axis=1)
    starts, caps, res_starts, ends, ohms, roots = [0], [], [0], [], [], []
    wanted: list[int] = []  # flat node of every sink, -1 where it has none
    for k, name in enumerate(graph.nets):
        net = parasitics.nets[name]
        places_of = {node: at for at, node in enumerate(net.nodes)}
        offset = starts[-1]
        values = list(net.capacitance)
        for ref, at in places_of.items():
            if isinstance(ref, PinRef):
                node = graph.node(ref)
                if node >= 0 and node != graph.net_driver[k]:
                    values[at] += pin[node]
        driver = graph.net_driver[k]
        roots.append(-1 if driver < 0 else places_of.get(graph.ref(int(driver)), -1))
        for sink in graph.sinks[graph.sink_start[k] : graph.sink_start[k + 1]]:
            at_ = places_of.get(graph.ref(int(sink)))
            wanted.append(-1 if at_ is None else offset + at_)
        caps += values
        starts.append(len(caps))
        ends += [(a, b) for a, b, _ in net.resistors]
        ohms += [value for _, _, value in net.resistors]
        res_starts.append(len(ends))
    start = np.array(starts, np.int64)
    found = kernel.elmore(
        start, start, np.array(caps, np.float64), np.array(res_starts, np.int64), np.array(ends, np.int32).reshape(-1, 2),
        np.array(ohms, np.float64), np.array(roots, np.int64),
    )  # fmt: skip
    sink_at = np.array(wanted, np.int64)
    delay = np.where(sink_at >= 0, found[np.maximum(sink_at, 0)], 0.0) if sink_at.size else np.zeros(0)
    return Wires(np.array([parasitics.nets[name].total for name in graph.nets]), delay)
