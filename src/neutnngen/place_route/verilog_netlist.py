"""Structural Verilog in and out: a flat gate netlist, as synthesis writes it, becomes a :class:`Block` and the other way round.

Names: a bit of a vector is ``a[3]`` everywhere in the project; escaped identifiers lose their backslash on the way in and regain it on
the way out. Ports keep the order of the module header, the bits of a vector the order of its declared range.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NoReturn, cast

from neutnngen.errors import ConfigError, DataError, nearest
from neutnngen.files import write_atomic
from neutnngen.pdk.technology import Kit, Rect
from neutnngen.place_route.block import Block, Instance, InstanceKind, Net, NetUse, PinRef, Port, collector_paused

PHYSICAL_ONLY: frozenset[InstanceKind] = frozenset(("filler", "tap"))

_ID = r"(?:\\\S+(?=\s)|[A-Za-z_][\w$]*)"
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*|\(\*(?!\s*\)).*?\*\)", re.DOTALL)
_STATEMENT = re.compile(r"\s*(endmodule\b|(?:[^;\\]+|\\\S+\s)*;)")
_INSTANCE = re.compile(rf"({_ID})\s+({_ID})\s*\(\s*")
_CONNECTION = re.compile(rf"\.\s*({_ID})\s*\(\s*((?:[^()\\]+|\\\S+\s)*)\)\s*,?\s*")
_RANGE = r"(?:\[\s*(-?\d+)\s*:\s*(-?\d+)\s*\]\s*)?"
_DECLARATION = re.compile(rf"(input|output|inout|wire)\s+(?:wire\s+)?(?:signed\s+)?{_RANGE}((?:{_ID}\s*,?\s*)+);")
_TERM = re.compile(rf"\s*(?:({_ID})\s*(?:\[\s*(-?\d+)\s*(?::\s*(-?\d+)\s*)?\])?|(\d*\s*'[sS]?[bBdDhHoO]\s*[0-9a-fA-FxXzZ?_]+|\d+))\s*")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*\Z")
_BIT = re.compile(r"(.+)\[(-?\d+)\]\Z")
_WORDS = (
    "always and assign begin buf bufif0 bufif1 case casex casez cell cmos config deassign default defparam design disable edge else end"
    " endcase endconfig endfunction endgenerate endmodule endprimitive endspecify endtable endtask event for force forever fork function"
    " generate genvar highz0 highz1 if ifnone incdir include initial inout input instance integer join large liblist library localparam"
    " macromodule medium module nand negedge nmos nor noshowcancelled not notif0 notif1 or output parameter pmos posedge primitive pull0"
    " pull1 pulldown pullup rcmos real realtime reg release repeat rnmos rpmos rtran rtranif0 rtranif1 scalared showcancelled signed small"
    " specify specparam strong0 strong1 supply0 supply1 table task time tran tranif0 tranif1 tri tri0 tri1 triand trior trireg unsigned use"
    " vectored wait wand weak0 weak1 while wire wor xnor xor"
)
_KEYWORDS = frozenset(_WORDS.split())


@dataclass
class _Module:
    """A module as its text says it, before names of nets are resolved."""

    name: str
    header: list[str]
    ranges: dict[str, tuple[int, int] | None] = field(default_factory=dict)  # None: a scalar
    directions: dict[str, str] = field(default_factory=dict)
    instances: list[tuple[str, str, list[tuple[str, str]]]] = field(default_factory=list)  # cell, name, (pin, expression)
    assigns: list[tuple[str, str]] = field(default_factory=list)


@collector_paused()
def read_netlist(path: Path, kit: Kit) -> Block:
    """Read a flat structural netlist.

    The block has no die and no rows, its instances are unplaced, its ports have no shapes. ``assign`` aliases are resolved: an aliased net
    takes the name of an input port where there is one, else of an output port, else the name that was declared first. Supply pins, where
    the netlist connects them, are checked and left out, as the data model means it.

    Raises
    ------
    DataError: the file cannot be read or is not flat structural Verilog.
    ConfigError: unknown cell or pin, a constant, a net with two drivers or with none.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise DataError(f"cannot read {path}", got=problem) from problem
    return _to_block(_parse(text, path.name), kit)


# ---------------------------------------------------------------------------------------------------------------------------- parse


def _parse(text: str, source: str) -> _Module:
    text = _COMMENT.sub(lambda found: " " + "\n" * found.group().count("\n"), text)
    module: _Module | None = None
    at, end, closed = 0, len(text.rstrip()), False
    while at < end:
        found = _STATEMENT.match(text, at)
        if found is None:
            _syntax(source, text, at, "a statement has no closing semicolon")
        statement = found[1]
        start, at = found.start(1), found.end()
        if statement == "endmodule":
            closed = True
        elif statement.startswith("module"):
            if module is not None:
                _syntax(source, text, start, "the netlist holds more than one module; it must be flat")
            module = _header(statement, source, text, start)
        elif module is None or closed:
            _syntax(source, text, start, "a statement outside of the module")
        else:
            _body(module, statement, source, text, start)
    if module is None or not closed:
        _syntax(source, text, end, "there is no complete module")
    return module


def _header(statement: str, source: str, text: str, start: int) -> _Module:
    found = re.match(rf"module\s+({_ID})\s*(?:\((.*)\))?\s*;", statement, re.DOTALL)
    if found is None:
        _syntax(source, text, start, "this module header is not understood")
    module = _Module(_strip(found[1]), [])
    direction, width = "", None
    for part in _split(found[2] or ""):
        ansi = re.match(rf"(?:(input|output|inout)\s+(?:wire\s+)?(?:\[\s*(-?\d+)\s*:\s*(-?\d+)\s*\]\s*)?)?({_ID})\s*\Z", part + " ")
        if ansi is None:
            _syntax(source, text, start, f"this port is not understood: {part}")
        name = _strip(ansi[4])
        module.header.append(name)
        if ansi[1]:
            direction, width = ansi[1], None if ansi[2] is None else (int(ansi[2]), int(ansi[3]))
        if direction:
            module.directions[name] = direction
            module.ranges[name] = width
    return module


def _split(text: str) -> Iterator[str]:
    """The parts between commas that are inside neither braces nor an escaped identifier."""
    depth, part = 0, ""
    for token in re.findall(r"\\\S+\s?|[{},]|[^\\{},]+", text):
        depth += (token == "{") - (token == "}")
        if token == "," and not depth:
            yield part.strip()
            part = ""
        else:
            part += token
    if part.strip():
        yield part.strip()


def _body(module: _Module, statement: str, source: str, text: str, start: int) -> None:
    declared = _DECLARATION.match(statement)
    if declared:
        kind, msb, lsb, names = declared.groups()
        width = None if msb is None else (int(msb), int(lsb))
        for found in re.findall(_ID, names):
            name = _strip(found)
            module.ranges[name] = width
            if kind != "wire":
                module.directions[name] = kind
        return
    if re.match(r"assign\s", statement):
        target, equals, value = statement[6:-1].partition("=")
        if not equals:
            _syntax(source, text, start, "this assignment is not understood")
        module.assigns.append((target.strip() + " ", value.strip() + " "))
        return
    head = _INSTANCE.match(statement)
    if head is None:
        _syntax(source, text, start, "this is neither a declaration, an assignment nor a cell with named pins")
    pins: list[tuple[str, str]] = []
    at = head.end()
    while (found := _CONNECTION.match(statement, at)) is not None:
        pins.append((_strip(found[1]), found[2].rstrip()))
        at = found.end()
    if statement[at:-1].strip() != ")":
        _syntax(source, text, start, "pins of a cell must be connected by name, without expressions")
    module.instances.append((_strip(head[1]), _strip(head[2]), pins))


def _strip(identifier: str) -> str:
    return identifier[1:] if identifier.startswith("\\") else identifier


def _syntax(source: str, text: str, at: int, what: str) -> NoReturn:
    line = text.count("\n", 0, at) + 1
    raise DataError(
        f"{source}, line {line}: {what}",
        got=" ".join(text[at : at + 100].split()) or None,
        allowed="one flat module of library cells, as Yosys writes it with write_verilog -noattr -noexpr",
    )


# --------------------------------------------------------------------------------------------------------------------------- resolve


class _Names:
    """Bits of expressions, with aliases joined (union-find on bit names)."""

    def __init__(self, module: _Module) -> None:
        self.module = module
        self.parent: dict[str, str] = {}
        self.order: dict[str, int] = {}
        self.known: dict[str, list[str]] = {}
        scalars = {name for name, width in module.ranges.items() if width is None}
        for name in (*module.header, *module.ranges):
            for bit in self.bits(name):
                if bit != name and bit in scalars:
                    raise ConfigError("two different nets have the same name", got=bit, next_step="rename one of them in the netlist")
                self.order.setdefault(bit, len(self.order))

    def bits(self, name: str) -> list[str]:
        """All bits of a declared name, in declared order."""
        width = self.module.ranges.get(name)
        return [name] if width is None else [f"{name}[{i}]" for i in _span(*width)]

    def expression(self, text: str, where: str) -> list[str]:
        """Bits of an expression, most significant first. Constants are errors."""
        known = self.known.get(text)
        if known is not None:
            return known
        bits: list[str] = []
        inner = text.strip()
        parts: Iterable[str] = _split(inner[1:-1]) if inner.startswith("{") else [text]
        for part in parts:
            if part.startswith("{"):
                bits += self.expression(part, where)
                continue
            found = _TERM.fullmatch(part + " ")
            if found is None:
                raise DataError(
                    f"{where}: an expression where a net should be", got=text.strip(), allowed="nets, their bits, concatenations"
                )
            identifier, msb, lsb, constant = found.groups()
            if constant:
                raise ConfigError(
                    f"{where}: a constant drives a pin or net",
                    got=constant,
                    allowed="nets driven by tie cells",
                    next_step="run hilomap (tie cells) in synthesis before writing the netlist",
                )
            name = _strip(identifier)
            width = self.module.ranges.get(name)
            if msb is None:
                bits += self.bits(name)
            elif width is None or not all(min(width) <= int(i) <= max(width) for i in (msb, lsb or msb)):
                raise ConfigError(
                    f"{where}: a bit outside of the declared range", got=part.strip(), allowed=f"{name} is {width or 'a scalar'}"
                )
            else:
                bits += [f"{name}[{i}]" for i in _span(int(msb), int(lsb or msb))]
        self.known[text] = bits
        return bits

    def find(self, bit: str) -> str:
        root = bit
        while (up := self.parent.get(root, root)) != root:
            root = up
        while bit != root:
            self.parent[bit], bit = root, self.parent.get(bit, bit)
        return root

    def join(self, one: str, other: str) -> None:
        self.parent[self.find(one)] = self.find(other)

    def canonical(self, ports: dict[str, str]) -> dict[str, str]:
        """Root -> name of the net: input port, else output port, else first declared."""
        best: dict[str, tuple[int, int, str]] = {}
        for bit in list(self.parent):
            rank = {"input": 0, "inout": 0, "output": 1}.get(ports.get(bit, ""), 2)
            root = self.find(bit)
            candidate = (rank, self.order.get(bit, len(self.order)), bit)
            best[root] = min(best.get(root, candidate), candidate)
        return {root: name for root, (_, _, name) in best.items()}


def _span(first: int, last: int) -> range:
    return range(first, last - 1, -1) if first >= last else range(first, last + 1)


def _to_block(module: _Module, kit: Kit) -> Block:
    names = _Names(module)
    ports: dict[str, str] = {}
    for name in module.header:
        direction = module.directions.get(name)
        if direction is None:
            raise DataError(f"port {name} of module {module.name} has no direction", next_step="declare it input, output or inout")
        ports |= dict.fromkeys(names.bits(name), direction)
    for target, value in module.assigns:
        where = f"assign {target.strip()}"
        left, right = names.expression(target, where), names.expression(value, where)
        if len(left) != len(right):
            raise ConfigError(f"{where}: the sides differ in width", got=f"{len(left)} and {len(right)} bits")
        for one, other in zip(left, right, strict=True):
            names.parent.setdefault(one, one)
            names.parent.setdefault(other, other)
            names.join(one, other)
    renamed = names.canonical(ports)

    def net_of(bit: str) -> str:
        return renamed[names.find(bit)] if bit in names.parent else bit

    empty = Rect("", 0, 0, 0, 0)
    block = Block(module.name, empty, empty)
    pins: dict[str, list[PinRef]] = {}
    drivers: dict[str, list[str]] = {}
    clocks: set[str] = set()
    supplies: dict[str, NetUse] = {}
    for bit, direction in ports.items():
        net = net_of(bit)
        block.ports[bit] = Port(bit, cast(Literal["input", "output", "inout"], direction), net)
        pins.setdefault(net, []).append(PinRef(None, bit))
        if direction != "output":
            drivers.setdefault(net, []).append(f"port {bit}")
    for cell, name, connections in module.instances:
        if name in block.instances:
            raise ConfigError("two instances have the same name", got=name)
        block.instances[name] = Instance(name, cell, kind=instance_kind(cell, kit))
        connected = _connect(cell, name, connections, kit, names)
        for pin, bits in connected.items():
            net = net_of(bits)
            use = kit.masters[cell].pins[pin].use
            if use in ("power", "ground"):
                wanted = kit.roles.power_net if use == "power" else kit.roles.ground_net
                if net != wanted:
                    raise ConfigError(f"supply pin {pin} of {name} is on the wrong net", got=net, allowed=wanted)
                supplies[net] = use
                continue
            pins.setdefault(net, []).append(PinRef(name, pin))
            facts = kit.cells[cell].pins[pin]
            if facts.direction == "output":
                drivers.setdefault(net, []).append(f"{name}/{pin}")
            elif facts.is_clock:
                clocks.add(net)
    for net in dict.fromkeys((*pins, *supplies)):
        use = supplies.get(net) or ("clock" if net in clocks else "signal")
        if net in (kit.roles.power_net, kit.roles.ground_net):
            use = "power" if net == kit.roles.power_net else "ground"
        signal = use in ("signal", "clock")
        block.nets[net] = Net(net, use, pins.get(net, []) if signal else [ref for ref in pins.get(net, []) if ref.instance is None])
        if signal:
            _check_drivers(net, drivers.get(net, []), pins[net], block, kit)
    return block


def _connect(cell: str, name: str, connections: list[tuple[str, str]], kit: Kit, names: _Names) -> dict[str, str]:
    """Pin -> bit of one instance, checked against the library."""
    master, facts = kit.masters.get(cell), kit.cells.get(cell)
    if master is None or facts is None:
        close = nearest(cell, kit.masters)
        raise ConfigError(
            f"instance {name} is of a cell that kit {kit.name} does not have",
            got=cell,
            allowed=f"cells of the library, for example {close}" if close else "cells of the library",
            next_step="map the design to the cells of this kit, and flatten it",
        )
    connected: dict[str, str] = {}
    for pin, expression in connections:
        if pin not in master.pins:
            raise ConfigError(f"instance {name} connects a pin that {cell} does not have", got=pin, allowed=", ".join(master.pins))
        if pin in connected:
            raise ConfigError(f"instance {name} connects pin {pin} twice")
        if not expression:
            continue
        bits = names.expression(expression, f"pin {pin} of {name}")
        if len(bits) != 1:
            raise ConfigError(f"pin {pin} of {name} is connected to {len(bits)} bits", got=expression, allowed="one bit")
        connected[pin] = bits[0]
    for drawn in master.pins.values():
        if drawn.direction == "input" and drawn.use in ("signal", "clock") and drawn.name not in connected:
            raise ConfigError(f"input {drawn.name} of {name} ({cell}) is not connected", next_step="connect it, or tie it with a tie cell")
    return connected


def _check_drivers(net: str, drivers: list[str], pins: list[PinRef], block: Block, kit: Kit) -> None:
    if len(drivers) > 1:
        raise ConfigError(f"net {net} has more than one driver", got=", ".join(drivers), allowed="one driver")
    if not drivers:
        sink = pins[0]
        where = f"port {sink.pin}" if sink.instance is None else f"{sink.instance}/{sink.pin} ({block.instances[sink.instance].master})"
        raise ConfigError(f"net {net} has no driver", got=f"it feeds {where}", next_step="drive it, or tie it with a tie cell")


def instance_kind(cell: str, kit: Kit) -> InstanceKind:
    """The kind of instance that a cell of the library makes by itself; buffers of the netlist are logic."""
    roles = kit.roles
    if cell in (roles.tie_high[0], roles.tie_low[0]):
        return "tie"
    if cell in (*roles.fillers, *roles.decaps):
        return "filler"
    if cell == roles.tap:
        return "tap"
    return "antenna" if cell == roles.antenna else "logic"


# ----------------------------------------------------------------------------------------------------------------------------- write


def write_netlist(block: Block, path: Path, kit: Kit, power: bool = False) -> None:
    """Write the block as structural Verilog.

    Parameters
    ----------
    power: connect the supply pins of every cell, give the module supply ports and keep fillers and taps; without it they are left out.
    """
    roles = kit.roles
    supplies = {roles.power_net, roles.ground_net} | {net.name for net in block.nets.values() if net.use in ("power", "ground")}
    ports = {name: port for name, port in block.ports.items() if port.net not in supplies}
    groups = _vectors(ports)
    bits = {bit: _bit_reference(bit, group) for group in groups for bit in group.bits}
    header = [_escape(group.base) for group in groups]
    lines = [f"  {group.direction} {group.width}{_escape(group.base)};" for group in groups]
    if power:
        header += [roles.power_net, roles.ground_net]
        lines += [f"  inout {roles.power_net};", f"  inout {roles.ground_net};"]
    wires = {name: bits[name] for name, port in ports.items() if port.net == name}
    for net in block.nets.values():
        if net.name not in wires and net.name not in supplies:
            name = net.name
            while name in bits or (name != net.name and name in block.nets):
                name += "_net"  # a port of this name is on another net
            wires[net.name] = _escape(name)
            lines.append(f"  wire {wires[net.name]};")
    connections: dict[str, list[tuple[str, str]]] = {name: [] for name in block.instances}
    for net in block.nets.values():
        if net.name in supplies:
            continue
        for ref in net.pins:
            if ref.instance is not None:
                connections[ref.instance].append((ref.pin, wires[net.name]))
    for instance in block.instances.values():
        if instance.kind in PHYSICAL_ONLY and not power:
            continue
        master = kit.masters[instance.master]
        wired = dict(connections[instance.name])
        if power:
            wired |= {pin.name: roles.power_net for pin in master.pins.values() if pin.use == "power"}
            wired |= {pin.name: roles.ground_net for pin in master.pins.values() if pin.use == "ground"}
        said = ",\n".join(f"    .{pin}({wired[pin]})" for pin in master.pins if pin in wired)
        lines.append(f"  {_escape(instance.master)} {_escape(instance.name)} (\n{said}\n  );")
    for port in ports.values():
        if port.net != port.name:
            sides = (wires[port.net], bits[port.name]) if port.direction == "input" else (bits[port.name], wires[port.net])
            lines.append(f"  assign {sides[0]} = {sides[1]};")
    write_atomic(path, f"module {_escape(block.name)}({', '.join(header)});\n" + "\n".join(lines) + "\nendmodule\n")


@dataclass(frozen=True)
class _Vector:
    """Neighbouring ports that are the bits of one vector, or one scalar port."""

    base: str
    direction: str
    bits: tuple[str, ...]
    range: tuple[int, int] | None

    @property
    def width(self) -> str:
        return "" if self.range is None else f"[{self.range[0]}:{self.range[1]}] "


def _vectors(ports: dict[str, Port]) -> list[_Vector]:
    """Bits reassembled: ``a[3] … a[0]`` in this order is ``[3:0] a``; a vector with holes stays scalar."""
    members: dict[str, list[tuple[int, Port]]] = {}
    for name, port in ports.items():
        found = _BIT.match(name)
        if found:
            members.setdefault(found[1], []).append((int(found[2]), port))
    whole: dict[str, _Vector] = {}
    for base, bits in members.items():
        first, last = bits[0][0], bits[-1][0]
        directions = {port.direction for _, port in bits}
        if [i for i, _ in bits] == list(_span(first, last)) and len(directions) == 1 and base not in ports:
            whole[base] = _Vector(base, bits[0][1].direction, tuple(port.name for _, port in bits), (first, last))
    groups: dict[str, _Vector] = {}
    for name, port in ports.items():
        found = _BIT.match(name)
        vector = whole.get(found[1]) if found else None
        groups.setdefault(vector.base if vector else name, vector or _Vector(name, port.direction, (name,), None))
    return list(groups.values())


def _bit_reference(bit: str, group: _Vector) -> str:
    return _escape(bit) if group.range is None else f"{_escape(group.base)}{bit[len(group.base) :]}"


def _escape(name: str) -> str:
    """A Verilog identifier for ``name``; escaped ones end in the blank that the language asks for."""
    return name if _PLAIN.match(name) and name not in _KEYWORDS else f"\\{name} "
