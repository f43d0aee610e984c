"""The transistors of a layout beside those that a netlist wants, for :mod:`lvs_devices`: the wanted circuit, KLayout's comparison of the
two, and findings of what it reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import klayout.db as kdb

from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block
from neutnngen.place_route.lvs_layout import LvsFinding
from neutnngen.place_route.lvs_transistors import Extracted
from neutnngen.place_route.switch_level import Transistors

Placed = dict[str, tuple[str, Any]]
"""Name of an instance to its cell and its ``klayout.db.Trans``."""


def ports_of(block: Block, kit: Kit) -> dict[str, str]:
    """Port, supplies included, to its net."""
    supplies = (kit.roles.power_net, kit.roles.ground_net)
    return {**{name: port.net for name, port in block.ports.items()}, **dict(zip(supplies, supplies, strict=True))}


class Reference:
    """The wanted circuit: one flat KLayout circuit. nets: of the netlist, by name; ports: to the names of nets."""

    def __init__(self, block: Block, masters: dict[str, str], cells: dict[str, Transistors], kit: Kit) -> None:
        self.netlist: Any = kdb.Netlist()
        classes = {}
        for kind in ("nmos", "pmos"):
            classes[kind] = kdb.DeviceClassMOS4Transistor()
            classes[kind].name = kind
            self.netlist.add(classes[kind])
        self.circuit: Any = kdb.Circuit()
        self.circuit.name = block.name
        self.netlist.add(self.circuit)
        roles = kit.roles
        self.nets = {name: self.circuit.create_net(name) for name in (*block.nets, roles.power_net, roles.ground_net)}
        self.ports = ports_of(block, kit)
        for port, name in self.ports.items():
            self.circuit.connect_pin(self.circuit.create_pin(port), self.nets[name])
        wired: dict[str, dict[str, Any]] = {name: {} for name in masters}
        for net in block.nets.values():
            for ref in net.pins:
                if ref.instance is not None:
                    wired[ref.instance][ref.pin] = self.nets[net.name]
        bulk = {"nmos": self.nets[roles.ground_net], "pmos": self.nets[roles.power_net]}
        for name, master in masters.items():
            self._add(name, cells[master], wired[name], bulk, classes, kit)

    def _add(self, name: str, cell: Transistors, wired: dict[str, Any], bulk: dict[str, Any], classes: dict[str, Any], kit: Kit) -> None:
        """One instance's transistors; what no net reaches is a net of its own."""
        inner: list[Any] = [None] * cell.nets
        for pin in kit.masters[cell.name].pins.values():
            if pin.use in ("power", "ground"):
                inner[cell.pins[pin.name]] = self.nets[kit.roles.power_net if pin.use == "power" else kit.roles.ground_net]
            elif pin.name in wired:
                inner[cell.pins[pin.name]] = wired[pin.name]
        for number, device in enumerate(cell.devices):
            made = self.circuit.create_device(classes[device.kind], f"{name}/{number}")
            made.set_parameter("W", device.width)
            made.set_parameter("L", device.length)
            for terminal, net in (("S", device.source), ("G", device.gate), ("D", device.drain)):
                if inner[net] is None:
                    inner[net] = self.circuit.create_net(f"{name}/{net}")
                made.connect_terminal(terminal, inner[net])
            made.connect_terminal("B", bulk[device.kind])


# ----------------------------------------------------------------------------------------------------------------------------- compare


def compare_circuits(drawn: Extracted, reference: Reference, block: Block, placed: Placed, kit: Kit, found: list[LvsFinding]) -> None:
    """Compare a layout's circuit with the wanted one; both are changed. found: gets the differences."""
    known = _name_nets(drawn.circuit, list(block.nets), reference.ports, found)
    for port in reference.ports:
        if port in known.ports:
            drawn.circuit.connect_pin(drawn.circuit.create_pin(port), known.ports[port])
        else:
            found.append(LvsFinding("missing port", f"no label {port} in the layout", (port,)))
    _check_wells(drawn.circuit, known.ports, kit, found)
    for netlist in (drawn.source.netlist(), reference.netlist):
        netlist.combine_devices()
        netlist.purge_nets()
    logger = _Logger(placed, drawn.source.internal_layout().dbu, found)  # the comparer does not keep it alive
    comparer: Any = kdb.NetlistComparer(logger)
    comparer.with_log = False
    wanted: dict[str, Any] = {}
    for net in reference.circuit.each_net():
        wanted.setdefault(net.name, net)
    for net in drawn.circuit.each_net():  # those that are left: what joins nothing is purged
        if net.name in known.names and net.name in wanted:
            comparer.same_nets(drawn.circuit, reference.circuit, net, wanted[net.name], False)
    equal = comparer.compare(drawn.source.netlist(), reference.netlist)
    if not equal and not found:
        found.append(LvsFinding("net", "the circuits differ, and KLayout's comparison does not say where"))


@dataclass
class _Known:
    """Names of nets of the layout that are certain, and nets at the labels of ports."""

    names: set[str] = field(default_factory=set)
    ports: dict[str, Any] = field(default_factory=dict)


def _name_nets(circuit: Any, names: list[str], ports: dict[str, str], found: list[LvsFinding]) -> _Known:
    """Give the nets of the layout the names that their marks stand for. Certain is a name that one net has, and has alone."""
    order = list(ports)
    there: dict[str, list[Any]] = {}
    known = _Known()
    alone = set()
    for net in circuit.each_net():
        if not net.name:
            continue
        words = net.name.split(",")
        labels = [order[int(word[1:])] for word in words if word[0] == "P"]
        known.ports |= dict.fromkeys(labels, net)
        here = sorted({names[int(word[1:])] for word in words if word[0] == "N"} | {ports[label] for label in labels})
        net.name = ", ".join(here)
        for name in here:
            there.setdefault(name, []).append(net)
        if len(here) > 1:
            found.append(LvsFinding("short", " with ".join(here[:6]), tuple(here), _on(net)))
        else:
            alone.add(here[0])
    for name, nets in there.items():
        if len(nets) > 1:
            found.append(LvsFinding("open", f"net {name} is {len(nets)} nets in the layout", (name,), _on(nets[-1])))
        elif name in alone:
            known.names.add(name)
    return known


def _check_wells(circuit: Any, ports: dict[str, Any], kit: Kit, found: list[LvsFinding]) -> None:
    """Wells that no tap joins to their supply."""
    wanted = {"nmos": kit.roles.ground_net, "pmos": kit.roles.power_net}
    right = {kind: ports[name].cluster_id for kind, name in wanted.items() if name in ports}
    loose: dict[tuple[str, int], list[Any]] = {}
    for device in circuit.each_device():
        kind, net = device.device_class().name, device.net_for_terminal("B")
        number = -1 if net is None else net.cluster_id
        if number != right.get(kind):
            loose.setdefault((kind, number), []).append(device)
    for (kind, _), devices in loose.items():
        text = f"the well of {len(devices):,} {kind} transistors is not tied to {wanted[kind]}"
        found.append(LvsFinding("well", text, (wanted[kind],), _at(devices[0])))


def _on(net: Any) -> tuple[float, float] | None:
    """Place of a transistor on a net of the layout."""
    return next((_at(ref.device()) for ref in net.each_terminal()), None)


def _at(device: Any) -> tuple[float, float]:
    return (round(device.trans.disp.x, 4), round(device.trans.disp.y, 4))


class _Logger(kdb.GenericNetlistCompareLogger):
    """Turns what KLayout reports of differences into findings. a: of the layout; b: of the reference; None where it has none."""

    def __init__(self, placed: Placed, dbu: float, found: list[LvsFinding]) -> None:
        super().__init__()
        self.placed, self.dbu, self.found = placed, dbu, found

    def net_mismatch(self, a: Any, b: Any, message: str) -> None:
        if a is not None and b is not None:
            text = f"net {b.expanded_name()} has other transistors in the layout than in the netlist"
        elif a is not None:
            text = f"net {a.expanded_name()} of the layout is not that of the netlist: {_ends(a)}"
        else:
            text = f"net {b.expanded_name()} of the netlist is not in the layout: {_ends(b)}"
        place = _on(a) if a is not None else self.place_of(b)
        self.found.append(LvsFinding("net", text, tuple(n.expanded_name() for n in (a, b) if n is not None), place))

    def device_mismatch(self, a: Any, b: Any, message: str) -> None:
        if b is None:
            self.found.append(LvsFinding("extra transistor", f"not in the netlist: {_text(a)}", _nets(a), _at(a)))
        else:
            place = _at(a) if a is not None else self.instance_place(b.name.rpartition("/")[0])
            self.found.append(LvsFinding("missing transistor", f"not in the layout: {b.name}, {_text(b)}", _nets(b), place))

    def match_devices_with_different_parameters(self, a: Any, b: Any) -> None:
        sizes = [f"{device.parameter('W'):g} by {device.parameter('L'):g} um" for device in (a, b)]
        self.found.append(
            LvsFinding("transistor size", f"{b.name} is {sizes[0]} in the layout, {sizes[1]} in the library", _nets(b), _at(a))
        )

    def pin_mismatch(self, a: Any, b: Any, message: str) -> None:
        name = (a if b is None else b).expanded_name()
        self.found.append(LvsFinding("port", f"port {name} is not on its net", (name,)))

    def place_of(self, net: Any) -> tuple[float, float] | None:
        device = next((ref.device() for ref in net.each_terminal()), None)
        return None if device is None else self.instance_place(device.name.rpartition("/")[0])

    def instance_place(self, name: str) -> tuple[float, float] | None:
        if name not in self.placed:
            return None
        shift = self.placed[name][1].disp
        return (round(shift.x * self.dbu, 4), round(shift.y * self.dbu, 4))


def _nets(device: Any) -> tuple[str, ...]:
    found = (device.net_for_terminal(terminal) for terminal in ("S", "G", "D", "B"))
    return tuple(dict.fromkeys(net.expanded_name() for net in found if net is not None))


def _text(device: Any) -> str:
    ends = []
    for label, terminal in (("source", "S"), ("gate", "G"), ("drain", "D"), ("bulk", "B")):
        net = device.net_for_terminal(terminal)
        ends.append(f"{label} {'nowhere' if net is None else net.expanded_name()}")
    return f"{device.device_class().name} with {', '.join(ends)}"


def _ends(net: Any) -> str:
    """What a net of a circuit joins, shortened."""
    return f"{net.terminal_count()} ends of transistors, {net.pin_count()} ports"
