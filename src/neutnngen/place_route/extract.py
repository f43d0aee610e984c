"""Parasitic extraction of routed nets, and SPEF.

Model: a wire of length L on a layer is R = resistance * L * (default width / width) and C = capacitance * L, split at every via, pin and
wire end into pieces, each a pi section (half of its capacitance at either end). A cut adds its layer's resistance. The layer's value
holds neighbours too, so a net's whole capacitance does not depend on them; :mod:`coupling` says how much of it goes to which neighbour.
Metal of cells and via pads is left out: the cells' own is in Liberty already. Format: IEEE 1481-1999 (SPEF).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from neutnngen.files import write_atomic
from neutnngen.pdk.technology import Kit, Rect
from neutnngen.place_route.block import Block, Net, PinRef, Wire, transform
from neutnngen.place_route.coupling import Piece, couple
from neutnngen.place_route.verilog_netlist import _vectors

LEAST_FF = 1e-9
"""Less is what rounding leaves of a capacitance that goes to neighbours alone."""
_Point = tuple[str, int, int]  # layer, x, y
_SPECIAL = re.compile(r"([^A-Za-z0-9_])")
_BIT = re.compile(r"(.+)(\[-?\d+\])\Z")


@dataclass(frozen=True)
class NetParasitics:
    """RC network of one net.

    nodes: a pin, or the number of an inner node. capacitance: fF at each node, to ground and neighbours. resistors: (node index, node
    index, ohm). coupling: the part of ``capacitance`` that goes to other nets, as (node index, net, node index there, fF).
    """

    name: str
    nodes: tuple[PinRef | int, ...]
    capacitance: tuple[float, ...]
    resistors: tuple[tuple[int, int, float], ...]
    length: int  # database units of wire
    coupling: tuple[tuple[int, str, int, float], ...] = ()

    @property
    def coupled(self) -> float:
        """The part of it in fF that goes to other nets."""
        return sum(entry[3] for entry in self.coupling)

    @property
    def total(self) -> float:
        """Wire capacitance in fF."""
        return sum(self.capacitance)


@dataclass(frozen=True)
class Parasitics:
    """Networks of every signal and clock net, by net name."""

    block: str
    nets: dict[str, NetParasitics]


class _Network:
    """A network that grows; nodes are keyed by place or by pin."""

    def __init__(self, net: Net) -> None:
        self.keys: dict[_Point | PinRef, int] = {}
        self.capacitance: list[float] = []
        self.resistors: list[tuple[int, int, float]] = []
        for ref in net.pins:
            self.node(ref)

    def node(self, key: _Point | PinRef) -> int:
        if key not in self.keys:
            self.keys[key] = len(self.keys)
            self.capacitance.append(0.0)
        return self.keys[key]


def extract(block: Block, kit: Kit) -> Parasitics:
    """RC networks of all signal and clock nets of a routed block; nets without wires have their pins only."""
    pieces: list[Piece] = []
    names = [name for name, net in block.nets.items() if net.use in ("signal", "clock")]
    nets = [_extract_net(block.nets[name], number, block, kit, pieces) for number, name in enumerate(names)]
    coupling = couple(pieces, kit, names)
    return Parasitics(block.name, {net.name: replace(net, coupling=coupling.get(net.name, ())) for net in nets})


def _extract_net(net: Net, number: int, block: Block, kit: Kit, pieces: list[Piece]) -> NetParasitics:
    """The network of one net; its pieces of wire are added to ``pieces``."""
    technology = kit.technology
    network = _Network(net)
    pins: dict[str, list[tuple[PinRef, Rect]]] = {}
    for ref in net.pins:
        for rect in _shapes(ref, block, kit):
            pins.setdefault(rect.layer, []).append((ref, rect))
    points: dict[str, set[tuple[int, int]]] = {}
    for wire in net.wires:
        points.setdefault(wire.layer, set()).update(((wire.x0, wire.y0), (wire.x1, wire.y1)))
    for placed in net.vias:
        definition = technology.vias[placed.name]
        for layer in (definition.lower, definition.upper):
            points.setdefault(layer, set()).add((placed.x, placed.y))
    touching = [
        (wire.layer, ref, _nearest_point(wire, rect))
        for wire in net.wires
        for ref, rect in pins.get(wire.layer, ())
        if _meet(wire.rect(), rect)
    ]
    for layer, _, point in touching:
        points[layer].add(point)
    home: dict[_Point, _Point | PinRef] = {}
    for layer, places in points.items():
        here = pins.get(layer, ())
        for x, y in places:
            home[layer, x, y] = next((ref for ref, rect in here if _inside(x, y, rect)), (layer, x, y))
    # a wire may end just short of a pin's shape and touch it with its width only
    for layer, ref, point in touching:
        home[(layer, *point)] = ref
    along = {layer: (sorted(places), sorted(places, key=lambda p: (p[1], p[0]))) for layer, places in points.items()}
    length = 0
    for wire in net.wires:
        by_column, by_row = along[wire.layer]
        metal = technology.layers[wire.layer]
        ordered = by_column if wire.x0 == wire.x1 else by_row
        on_wire = [p for p in ordered if wire.x0 <= p[0] <= wire.x1 and wire.y0 <= p[1] <= wire.y1]
        for (ax, ay), (bx, by) in pairwise(on_wire):
            piece = abs(bx - ax) + abs(by - ay)
            micrometres = technology.to_um(piece)
            a, b = network.node(home[wire.layer, ax, ay]), network.node(home[wire.layer, bx, by])
            for end in (a, b):
                network.capacitance[end] += 0.5 * metal.capacitance * micrometres
            if a != b:
                network.resistors.append((a, b, metal.resistance * micrometres * metal.width / wire.width))
            length += piece
            pieces.append(Piece(wire.layer, ax, ay, bx, by, wire.width, number, a, b))
    for placed in net.vias:
        definition = technology.vias[placed.name]
        a = network.node(home[definition.lower, placed.x, placed.y])
        b = network.node(home[definition.upper, placed.x, placed.y])
        if a != b:
            network.resistors.append((a, b, technology.layers[definition.cut].resistance))
    count = 0
    nodes: list[PinRef | int] = []
    for key in network.keys:
        if isinstance(key, PinRef):
            nodes.append(key)
        else:
            count += 1
            nodes.append(count)
    return NetParasitics(net.name, tuple(nodes), tuple(network.capacitance), tuple(network.resistors), length)


def _shapes(ref: PinRef, block: Block, kit: Kit) -> tuple[Rect, ...]:
    if ref.instance is None:
        rect = block.ports[ref.pin].rect
        return () if rect is None else (rect,)
    instance = block.instances[ref.instance]
    master = kit.masters[instance.master]
    return tuple(transform(rect, master, instance) for rect in master.pins[ref.pin].rects)


def _inside(x: int, y: int, rect: Rect) -> bool:
    return rect.x0 <= x <= rect.x1 and rect.y0 <= y <= rect.y1


def _meet(a: Rect, b: Rect) -> bool:
    return a.x0 <= b.x1 and b.x0 <= a.x1 and a.y0 <= b.y1 and b.y0 <= a.y1


def _nearest_point(wire: Wire, rect: Rect) -> tuple[int, int]:
    """The point of the wire's centre line nearest to the middle of a shape."""
    return min(max((rect.x0 + rect.x1) // 2, wire.x0), wire.x1), min(max((rect.y0 + rect.y1) // 2, wire.y0), wire.y1)


# ------------------------------------------------------------------------------------------------------------------------------ SPEF


def write_spef(parasitics: Parasitics, block: Block, kit: Kit, path: Path) -> None:
    """Write SPEF; names are those of ``write_netlist``'s Verilog, so that a timing analyser finds every net and pin."""
    names = _SpefNames(block)
    lines = [
        '*SPEF "IEEE 1481-1999"',
        f'*DESIGN "{block.name}"',
        '*DATE "-"',
        '*VENDOR "NeuTNNGen"',
        '*PROGRAM "neutnngen"',
        '*VERSION "1"',
        '*DESIGN_FLOW "NETLIST_TYPE_VERILOG"',
        "*DIVIDER /",
        "*DELIMITER :",
        "*BUS_DELIMITER [ ]",
        "*T_UNIT 1 NS",
        "*C_UNIT 1 FF",
        "*R_UNIT 1 OHM",
        "*L_UNIT 1 HENRY",
        "",
        "*NAME_MAP",
    ]
    numbers = {name: index for index, name in enumerate(parasitics.nets, 1)}
    lines += [f"*{numbers[name]} {names.net(name)}" for name in parasitics.nets]
    lines.append("")
    labels = {net.name: _labels(net, f"*{numbers[net.name]}", names) for net in parasitics.nets.values()}
    for net in parasitics.nets.values():
        lines += _spef_net(net, f"*{numbers[net.name]}", labels, names, block, kit)
    write_atomic(path, "\n".join(lines) + "\n")


def _labels(net: NetParasitics, number: str, names: _SpefNames) -> list[str]:
    return [f"{number}:{node}" if isinstance(node, int) else names.pin(node) for node in net.nodes]


def _spef_net(net: NetParasitics, number: str, labels: dict[str, list[str]], names: _SpefNames, block: Block, kit: Kit) -> Iterator[str]:
    label = labels[net.name]
    yield f"*D_NET {number} {net.total:.6g}"
    yield "*CONN"
    for node in net.nodes:
        if isinstance(node, int):
            continue
        if node.instance is None:
            way = {"input": "I", "output": "O", "inout": "B"}[block.ports[node.pin].direction]
            yield f"*P {names.pin(node)} {way}"
        else:
            master = kit.masters[block.instances[node.instance].master]
            way = {"input": "I", "output": "O", "inout": "B"}[master.pins[node.pin].direction]
            yield f"*I {names.pin(node)} {way} *D {_escape(master.name)}"
    yield "*CAP"
    ground = list(net.capacitance)
    for i, _, _, value in net.coupling:
        ground[i] -= value
    count = 0
    for i, value in enumerate(ground):
        if value > LEAST_FF:
            count += 1
            yield f"{count} {label[i]} {value:.6g}"
    for i, other, j, value in net.coupling:
        count += 1
        yield f"{count} {label[i]} {labels[other][j]} {value:.6g}"
    yield "*RES"
    for count, (a, b, ohm) in enumerate(net.resistors, 1):
        yield f"{count} {label[a]} {label[b]} {ohm:.6g}"
    yield "*END"
    yield ""


class _SpefNames:
    """SPEF spellings: special characters are escaped, except the brackets of a bit of a vector port."""

    def __init__(self, block: Block) -> None:
        ports = {name: port for name, port in block.ports.items() if port.net in block.nets}
        self._bits = {bit for group in _vectors(ports) if group.range is not None for bit in group.bits}
        self._ports = ports
        self._nets = block.nets

    def _port(self, name: str) -> str:
        found = _BIT.match(name)
        return _escape(found[1]) + found[2] if found and name in self._bits else _escape(name)

    def net(self, name: str) -> str:
        if name in self._ports and self._ports[name].net == name:
            return self._port(name)
        verilog = name
        # the netlist writer renames a net whose name is taken by a port of another net
        while verilog in self._ports or (verilog != name and verilog in self._nets):
            verilog += "_net"
        return _escape(verilog)

    def pin(self, ref: PinRef) -> str:
        return self._port(ref.pin) if ref.instance is None else f"{_escape(ref.instance)}:{_escape(ref.pin)}"


def _escape(name: str) -> str:
    return _SPECIAL.sub(r"\\\1", name)
