"""DEF 5.8 in and out, lossless for :class:`Block`.

What DEF has no words for travels as properties: the core area and the rank of a supply net (of the design and of special nets), the kind of
an instance where its cell does not tell it, the coordinates of an instance that is not placed. Wires of signal nets whose width is not that
of their layer use a non-default rule, as DEF wants it; an extension that is not the default (half the width for signal wires, none for
special ones) is written out at both ends.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Literal, NoReturn, cast

from neutnngen.errors import ConfigError, DataError
from neutnngen.files import write_atomic
from neutnngen.pdk.technology import Kit, Rect
from neutnngen.place_route.block import (
    Block,
    Instance,
    InstanceKind,
    Net,
    NetUse,
    Orientation,
    PinRef,
    Port,
    Row,
    Via,
    Wire,
    collector_paused,
)
from neutnngen.place_route.verilog_netlist import instance_kind

CORE = "neutnngenCore"  # design: "x0 y0 x1 y1"
RANK = "neutnngenRank"  # special net: its place in the dictionary of nets
KIND = "neutnngenKind"  # component: kind of instance, where the cell does not tell it
LOOSE = "neutnngenLoose"  # component that is not placed: "x y orientation fixed"
RULE = "neutnngen_{layer}_{width}"
_SOURCES = {"buffer": "TIMING", "clock": "TIMING", "tap": "DIST", "filler": "DIST", "antenna": "DIST"}
_Naming = Callable[[str], str]
_FIRST = re.compile(r'^[-+*();"#]')
_WORD = re.compile(r'"[^"]*"(?=\s)|\S+')
_REMARK = re.compile(r"(^|\s)#[^\n]*", re.MULTILINE)
_SPECIAL = re.compile(r"[\[\]\\]")


def write_def(block: Block, kit: Kit, path: Path) -> None:
    """Write the block as DEF 5.8; the same block gives the same bytes.

    Raises :class:`ConfigError` for a name that no DEF can hold (blanks) and for cells, layers or vias that the kit does not have.
    """
    write_atomic(path, "\n".join(_lines(block, kit)) + "\n")


def _lines(block: Block, kit: Kit) -> Iterator[str]:
    technology = kit.technology
    bits = {port for port in block.ports if "[" in port}  # these are bits of buses, so their brackets stay bare

    def name(text: str) -> str:
        return _escape(text, bare=text in bits)

    special = [(rank, net) for rank, net in enumerate(block.nets.values()) if net.use in ("power", "ground")]
    regular = [net for net in block.nets.values() if net.use not in ("power", "ground")]
    yield from ("VERSION 5.8 ;", 'DIVIDERCHAR "/" ;', 'BUSBITCHARS "[]" ;')
    yield from (f"DESIGN {_escape(block.name)} ;", f"UNITS DISTANCE MICRONS {technology.dbu} ;")
    yield "PROPERTYDEFINITIONS"
    core = block.core
    yield f'  DESIGN {CORE} STRING "{core.x0} {core.y0} {core.x1} {core.y1}" ;'
    yield from (f"  COMPONENT {KIND} STRING ;", f"  COMPONENT {LOOSE} STRING ;", f"  SPECIALNET {RANK} INTEGER ;")
    yield "END PROPERTYDEFINITIONS"
    yield f"DIEAREA ( {block.die.x0} {block.die.y0} ) ( {block.die.x1} {block.die.y1} ) ;"
    for row in block.rows:
        step = technology.sites[row.site].width if row.site in technology.sites else 0
        yield f"ROW {_escape(row.name)} {row.site} {row.x} {row.y} {row.orient} DO {row.sites} BY 1 STEP {step} 0 ;"
    yield from _tracks(block, kit)
    rules = sorted({(w.layer, w.width) for net in regular for w in net.wires if w.width != _layer_width(kit, w.layer)})
    if rules:
        yield f"NONDEFAULTRULES {len(rules)} ;"
        for layer, width in rules:
            yield f"- {RULE.format(layer=layer, width=width)} + LAYER {layer} WIDTH {width} ;"
        yield "END NONDEFAULTRULES"
    yield f"COMPONENTS {len(block.instances)} ;"
    for instance in block.instances.values():
        yield _component(instance, kit)
    yield "END COMPONENTS"
    yield f"PINS {len(block.ports)} ;"
    for port in block.ports.values():
        yield _pin(port, block, name)
    yield "END PINS"
    yield f"SPECIALNETS {len(special)} ;"
    for rank, net in special:
        yield f"- {name(net.name)}{_connections(net, kit, name)}"
        yield from _routing(net, kit, special=True)
        yield f"  + USE {net.use.upper()} + PROPERTY {RANK} {rank} ;"
    yield "END SPECIALNETS"
    yield f"NETS {len(regular)} ;"
    for net in regular:
        yield f"- {name(net.name)}{_connections(net, kit, name)}"
        yield from _routing(net, kit, special=False)
        yield f"  + USE {net.use.upper()} ;"
    yield "END NETS"
    yield "END DESIGN"


def _escape(name: str, bare: bool = False) -> str:
    """A name as one DEF word: brackets (unless ``bare``, in a bus bit) and characters with a meaning get a backslash."""
    if not name or name.split() != [name]:
        raise ConfigError("DEF cannot hold this name", got=repr(name), allowed="a name without blanks")
    name = name.replace("\\", "\\\\") if bare else _SPECIAL.sub(lambda found: "\\" + found[0], name)
    return f"\\{name}" if _FIRST.match(name) or name == "PIN" else name


def _tracks(block: Block, kit: Kit) -> Iterator[str]:
    """Routing tracks, for the tools that read them; they follow from the technology."""
    for layer in kit.technology.routing_layers:
        axis, low, high = ("X", block.die.x0, block.die.x1) if layer.direction == "vertical" else ("Y", block.die.y0, block.die.y1)
        count = (high - low - layer.offset) // layer.pitch + 1 if layer.pitch else 0
        if count > 0:
            yield f"TRACKS {axis} {low + layer.offset} DO {count} STEP {layer.pitch} LAYER {layer.name} ;"


def _layer_width(kit: Kit, layer: str) -> int:
    if layer not in kit.technology.layers:
        raise ConfigError(f"the technology of {kit.name} has no such layer", got=layer, allowed=", ".join(kit.technology.layers))
    return kit.technology.layers[layer].width


def _component(instance: Instance, kit: Kit) -> str:
    if instance.master not in kit.masters:
        raise ConfigError(f"instance {instance.name} is of a cell that kit {kit.name} does not have", got=instance.master)
    text = f"- {_escape(instance.name)} {instance.master} + SOURCE {_SOURCES.get(instance.kind, 'NETLIST')}"
    if instance.placed:
        text += f" + {'FIXED' if instance.fixed else 'PLACED'} ( {instance.x} {instance.y} ) {instance.orient}"
    else:
        text += " + UNPLACED"
        if (instance.x, instance.y, instance.orient, instance.fixed) != (0, 0, "N", False):
            text += f' + PROPERTY {LOOSE} "{instance.x} {instance.y} {instance.orient} {int(instance.fixed)}"'
    if instance.kind != instance_kind(instance.master, kit):
        text += f' + PROPERTY {KIND} "{instance.kind}"'
    return text + " ;"


def _pin(port: Port, block: Block, name: _Naming) -> str:
    net = block.nets.get(port.net)
    text = f"- {name(port.name)} + NET {name(port.net)} + DIRECTION {port.direction.upper()} + USE {(net.use if net else 'signal').upper()}"
    if net is not None and net.use in ("power", "ground"):
        text += " + SPECIAL"
    if port.rect is not None:
        r = port.rect
        x, y = (r.x0 + r.x1) // 2, (r.y0 + r.y1) // 2
        text += f" + LAYER {r.layer} ( {r.x0 - x} {r.y0 - y} ) ( {r.x1 - x} {r.y1 - y} ) + FIXED ( {x} {y} ) N"
    return text + " ;"


def _connections(net: Net, kit: Kit, name: _Naming) -> str:
    said = [f" ( PIN {name(ref.pin)} )" if ref.instance is None else f" ( {_escape(ref.instance)} {ref.pin} )" for ref in net.pins]
    if net.use in ("power", "ground") and not any(ref.instance for ref in net.pins):
        supply = {pin.name: None for master in kit.masters.values() for pin in master.pins.values() if pin.use == net.use}
        said += [f" ( * {pin} )" for pin in supply]
    return "".join(said)


def _routing(net: Net, kit: Kit, special: bool) -> Iterator[str]:
    """Paths: every wire, then every via, so that both lists come back in their order."""
    start = "  + ROUTED"
    for wire in net.wires:
        width = _layer_width(kit, wire.layer)
        end = "" if wire.extend == (0 if special else wire.width // 2) else f" {wire.extend}"
        if special:
            shape = "FOLLOWPIN" if wire.layer == kit.straps.rail_layer else "STRIPE"
            head = f"{wire.layer} {wire.width} + SHAPE {shape}"
        else:
            head = wire.layer if wire.width == width else f"{wire.layer} TAPERRULE {RULE.format(layer=wire.layer, width=wire.width)}"
        yield f"{start} {head} ( {wire.x0} {wire.y0}{end} ) ( {wire.x1} {wire.y1}{end} )"
        start = "    NEW"
    for via in net.vias:
        if via.name not in kit.technology.vias:
            raise ConfigError(f"the technology of {kit.name} has no such via", got=via.name)
        layer = kit.technology.vias[via.name].lower
        yield f"{start} {layer} {'0 ' if special else ''}( {via.x} {via.y} ) {via.name}"
        start = "    NEW"


# ------------------------------------------------------------------------------------------------------------------------------ read


class _Words:
    """The words of a DEF file; statements end in ``;``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as problem:
            raise DataError(f"cannot read {path}", got=problem) from problem
        self.words: list[str] = _WORD.findall(_REMARK.sub(r"\1", text))
        self.at = 0

    def __bool__(self) -> bool:
        return self.at < len(self.words)

    def statement(self) -> list[str]:
        """Words up to the next semicolon, which is consumed; ``END X`` and ``PROPERTYDEFINITIONS`` have none and come alone."""
        start = self.at
        first = self.words[start]
        if first == "END":
            self.at += 2
            return self.words[start : self.at]
        if first == "PROPERTYDEFINITIONS":
            self.at += 1
            return [first]
        try:
            end = self.words.index(";", start)
        except ValueError:
            self.fail("a statement has no closing semicolon", self.words[start:])
        self.at = end + 1
        return self.words[start:end]

    def section(self) -> Iterator[list[str]]:
        """Statements up to END."""
        while self:
            statement = self.statement()
            if statement[0] == "END":
                return
            yield statement
        self.fail("the file ends inside a section", self.words[-10:])

    def fail(self, what: str, words: list[str]) -> NoReturn:
        raise DataError(f"{self.path.name}: {what}", got=" ".join(words[:20]), next_step="check that the file is complete DEF 5.8")


@collector_paused()
def read_def(path: Path, kit: Kit) -> Block:
    """Read a DEF file that was written for this kit; the inverse of :func:`write_def`.

    Files of other tools are read as far as a :class:`Block` can hold them: paths are cut into straight wires, the core area is that of
    the rows. Raises :class:`DataError` where the file is not DEF or needs cells, layers, vias or units that the kit does not have.
    """
    words = _Words(path)
    empty = Rect("", 0, 0, 0, 0)
    block = Block("", empty, empty)
    core: Rect | None = None
    rules: dict[tuple[str, str], int] = {}
    nets: list[Net] = []
    ranked: list[tuple[int, Net]] = []
    while words:
        statement = words.statement()
        match statement[0]:
            case "DESIGN":
                block.name = _plain(statement[1])
            case "UNITS" if int(statement[-1]) != kit.technology.dbu:
                words.fail(f"units differ from the {kit.technology.dbu} per micrometre of kit {kit.name}", statement)
            case "PROPERTYDEFINITIONS":
                for said in words.section():
                    if said[1] == CORE:
                        core = Rect("", *(int(word) for word in said[-1].strip('"').split()))
            case "DIEAREA":
                block.die = Rect("", *_numbers(statement[1:]))
            case "ROW":
                row = statement
                block.rows.append(Row(_plain(row[1]), row[2], int(row[3]), int(row[4]), _orient(row[5], words), int(row[7])))
            case "NONDEFAULTRULES":
                for said in words.section():
                    rules |= {(said[1], said[i + 1]): int(said[i + 3]) for i, word in enumerate(said) if word == "LAYER"}
            case "COMPONENTS":
                for said in words.section():
                    instance = _read_component(said, words, kit)
                    block.instances[instance.name] = instance
            case "PINS":
                for said in words.section():
                    port = _read_pin(said, words)
                    block.ports[port.name] = port
            case "SPECIALNETS":
                for said in words.section():
                    net, rank = _read_net(said, words, kit, rules, special=True)
                    ranked.append((rank, net))
            case "NETS":
                nets = [_read_net(said, words, kit, rules, special=False)[0] for said in words.section()]
            case "VIAS" | "BLOCKAGES" | "FILLS" | "GROUPS" | "REGIONS" | "SCANCHAINS" | "SLOTS" | "PINPROPERTIES" | "STYLES":
                for _ in words.section():
                    pass
            case _:
                pass
    for rank, net in sorted(ranked, key=lambda entry: entry[0]):
        nets.insert(rank, net)
    block.nets = {net.name: net for net in nets}
    block.core = core or _around(block, kit)
    return block


def _plain(word: str) -> str:
    """A name without its backslashes."""
    return re.sub(r"\\(.)", r"\1", word) if "\\" in word else word


def _numbers(words: list[str]) -> list[int]:
    return [int(word) for word in words if word not in "()"]


def _orient(word: str, words: _Words) -> Orientation:
    if word not in ("N", "S", "FN", "FS"):
        words.fail("an orientation that rows cannot have", [word])
    return cast(Orientation, word)


def _around(block: Block, kit: Kit) -> Rect:
    """The area of the rows, or the die where there are none."""
    boxes = [
        (row.x, row.y, row.x + row.sites * site.width, row.y + site.height)
        for row in block.rows
        if (site := kit.technology.sites.get(row.site)) is not None
    ]
    if not boxes:
        return block.die
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return Rect("", min(x0), min(y0), max(x1), max(y1))


def _options(words: list[str]) -> Iterator[list[str]]:
    """The parts of a statement between ``+`` signs."""
    start = 0
    for at, word in enumerate(words):
        if word == "+":
            yield words[start:at]
            start = at + 1
    yield words[start:]


def _read_component(statement: list[str], words: _Words, kit: Kit) -> Instance:
    head, *options = _options(statement)
    instance = Instance(_plain(head[1]), head[2])
    if instance.master not in kit.masters:
        words.fail(f"kit {kit.name} has no cell {instance.master}", statement)
    instance.kind = instance_kind(instance.master, kit)
    for option in options:
        if option[0] in ("PLACED", "FIXED", "COVER"):
            instance.placed, instance.fixed = True, option[0] != "PLACED"
            instance.x, instance.y = int(option[2]), int(option[3])
            instance.orient = _orient(option[5], words)
        elif option[:2] == ["PROPERTY", KIND]:
            instance.kind = cast(InstanceKind, option[2].strip('"'))
        elif option[:2] == ["PROPERTY", LOOSE]:
            x, y, orient, fixed = option[2].strip('"').split()
            instance.x, instance.y, instance.orient, instance.fixed = int(x), int(y), _orient(orient, words), fixed == "1"
    return instance


def _read_pin(statement: list[str], words: _Words) -> Port:
    head, *options = _options(statement)
    port = Port(_plain(head[1]), "input", _plain(head[1]))
    shape: tuple[str, list[int]] | None = None
    for option in options:
        if option[0] == "NET":
            port.net = _plain(option[1])
        elif option[0] == "DIRECTION":
            direction = option[1].lower()
            if direction not in ("input", "output", "inout"):
                words.fail("a direction that ports cannot have", statement)
            port.direction = cast(Literal["input", "output", "inout"], direction)
        elif option[0] == "LAYER":
            shape = option[1], _numbers(option[option.index("(") :])
        elif option[0] in ("PLACED", "FIXED", "COVER") and shape is not None:
            (x, y), (x0, y0, x1, y1) = _numbers(option[1:5]), shape[1]
            if option[5] != "N":
                words.fail("a port that is turned", statement)
            port.rect = Rect(shape[0], x + x0, y + y0, x + x1, y + y1)
    return port


def _read_net(statement: list[str], words: _Words, kit: Kit, rules: Mapping[tuple[str, str], int], special: bool) -> tuple[Net, int]:
    """One net and its rank (special nets of ours; others go to the front)."""
    head, *options = _options(statement)
    net = Net(_plain(head[1]))
    rank = -1
    for at in (i for i, word in enumerate(head) if word == "("):
        instance, pin = head[at + 1], head[at + 2]
        if instance != "*":
            net.pins.append(PinRef(None, _plain(pin)) if instance == "PIN" else PinRef(_plain(instance), pin))
    path: list[str] = []
    for option in options:
        if option[0] in ("ROUTED", "FIXED", "COVER") or (path and option[0] in ("SHAPE", "STYLE")):
            path += option  # SHAPE stands in the middle of the paths of a special net
        elif option[0] == "USE":
            if option[1] not in ("SIGNAL", "CLOCK", "POWER", "GROUND"):
                words.fail("a use of a net that is not known", statement)
            net.use = cast(NetUse, option[1].lower())
        elif option[:2] == ["PROPERTY", RANK]:
            rank = int(option[2])
    _read_paths(net, path, words, kit, rules, special)
    return net, rank


def _read_paths(net: Net, path: list[str], words: _Words, kit: Kit, rules: Mapping[tuple[str, str], int], special: bool) -> None:
    technology = kit.technology
    layer, width, default_end = "", 0, 0
    last: tuple[int, int, int] | None = None
    at = 0
    while at < len(path):
        word = path[at]
        if word in ("ROUTED", "NEW", "FIXED", "COVER"):
            layer = path[at + 1]
            if layer not in technology.layers:
                words.fail(f"kit {kit.name} has no layer {layer}", path[at:])
            width = int(path[at + 2]) if special else technology.layers[layer].width
            default_end = 0 if special else width // 2
            last = None
            at += 3 if special else 2
        elif word == "TAPERRULE":
            width = rules.get((path[at + 1], layer), 0)
            if not width:
                words.fail("a non-default rule that is not defined", path[at:])
            default_end = width // 2
            at += 2
        elif word in ("SHAPE", "STYLE"):
            at += 2
        elif word == "TAPER":
            at += 1
        elif word == "(":
            close = path.index(")", at)
            x, y, *end = path[at + 1 : close]
            if last is None and "*" in (x, y):
                words.fail("a path that starts with *", path[at:])
            before = last
            last = (
                before[0] if before and x == "*" else int(x),
                before[1] if before and y == "*" else int(y),
                int(end[0]) if end else default_end,
            )
            if before is not None:
                net.wires.append(_wire(layer, before, last, width, words))
            at = close + 1
        elif word in technology.vias and last is not None:
            net.vias.append(Via(word, last[0], last[1]))
            at += 1
        else:
            words.fail("a path that is not understood", path[max(0, at - 8) :])


def _wire(layer: str, start: tuple[int, int, int], end: tuple[int, int, int], width: int, words: _Words) -> Wire:
    (x0, y0, e0), (x1, y1, e1) = sorted((start, end))
    if (x0 != x1 and y0 != y1) or e0 != e1:
        words.fail("a wire that is slanted or ends in two ways", [layer, str(start), str(end)])
    return Wire(layer, x0, y0, x1, y1, width, e0)
