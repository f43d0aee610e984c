"""What a chip is made of before it has a place: macros, and the nets between their pins, of a network whose columns are macros.

Everything that is not a column is one more macro, the glue. The columns of a layer are copies of one macro: what tells them apart (weights,
random state) is loaded by the chain or comes in by the pins ``seed``, which are tied.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from neutnngen.errors import ConfigError
from neutnngen.rtl.elaborate import as_module
from neutnngen.rtl.network import NETWORK_LEAVES, glue_reads
from neutnngen.rtl.structure import check_network, distinct_columns, network_context
from neutnngen.spec import Design

PORT = ""
"""Name of the instance that stands for the chip itself: its pins are the chip's ports."""
GLUE = "glue"
_CONSTANT = re.compile(r"(\d+)'h([0-9a-f]+)\Z")


class Pin(NamedTuple):
    """A pin of an instance; ``PORT`` for the chip's own."""

    instance: str
    name: str


@dataclass(frozen=True)
class ChipNet:
    """A wire between macros. driver: an output of a macro or an input of the chip."""

    name: str
    driver: Pin
    sinks: tuple[Pin, ...]


@dataclass(frozen=True)
class ChipNetlist:
    """name: of the chip's module. macros: by instance, in order: columns first, then the glue. places: (layer, column) of the columns.
    nets: every wire. ties: constant inputs by pin. inputs, outputs: ports of the chip, bit by bit."""

    name: str
    macros: dict[str, str]
    places: dict[str, tuple[int, int]]
    nets: tuple[ChipNet, ...]
    ties: dict[Pin, int]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def chip_netlist(design: Design) -> ChipNetlist:
    """The macros and nets of a network that learns.

    Raises ConfigError where there is no hardware for a part of the network, or where columns of a layer differ in their synapses, so that
    one macro cannot serve them all.
    """
    check_network(design.network)
    built = as_module(design, NETWORK_LEAVES)
    kinds = distinct_columns(built, "learning")
    if len(kinds) > len(design.network.layers):
        raise ConfigError(
            "the columns of a layer differ in their synapses or biases, so one macro cannot serve them all",
            got=f"{len(kinds)} kinds of columns in {len(design.network.layers)} layers",
            allowed="layers of equal columns",
            next_step="lay the network out as one block: neutnngen layout",
        )
    context = network_context(built)
    maker = _Maker(context)
    maker.build()
    return maker.netlist()


class _Maker:
    """Collects drivers and sinks of wires by their name in the network's RTL."""

    def __init__(self, context: dict[str, Any]) -> None:
        self.context = context
        self.driver: dict[str, Pin] = {}
        self.sinks: dict[str, list[Pin]] = defaultdict(list)
        self.ties: dict[Pin, int] = {}
        self.macros: dict[str, str] = {}
        self.places: dict[str, tuple[int, int]] = {}
        self.inputs: list[str] = []
        self.outputs: list[str] = []

    def build(self) -> None:
        c = self.context
        self._ports()
        for layer in c["layers"]:
            for n, column in enumerate(layer["columns"]):
                self._column(layer, column, n)
        self._glue()

    def _ports(self) -> None:
        c = self.context
        wide = {"learn": c["stages"], "spike_in": c["inputs"], "enable": c["enables"], "label": c["labels"]}
        names = ["clk", "rst", *(bit for name, width in wide.items() if width for bit in _bits(name, width)), "weight_shift", "weight_in"]
        for name in names:
            self.inputs.append(name)
            self.driver[name] = Pin(PORT, name)
        winner = _bits("winner", c["voter"]["classes"]) if c["voter"] else []
        for name in (*winner, *_bits("spike_out", c["lines"]), "wave_last", "weight_out"):
            self.outputs.append(name)
        outputs = [bit for layer in reversed(c["outputs"][1:-1].split(", ")) for bit in _bits(layer, self._width(layer))]
        for port, wire in zip(_bits("spike_out", c["lines"]), outputs, strict=True):
            self.sinks[wire].append(Pin(PORT, port))
        for name in (*winner, "wave_last", "weight_out"):
            self.sinks[name].append(Pin(PORT, name))

    def _width(self, lines: str) -> int:
        return int(self.context["layers"][int(lines.removeprefix("lines_"))]["lines"])

    def _column(self, layer: dict[str, Any], column: dict[str, Any], number: int) -> None:
        name, c = column["instance"], self.context
        self.macros[name] = column["module"]
        self.places[name] = (layer["index"], number)
        for pin, wire in (
            ("clk", "clk"),
            ("clear", "clear"),
            ("rst", "rst"),
            ("draw", f"draw_{layer['index']}"),
            ("update", f"update_{layer['index']}"),
            ("weight_shift", "weight_shift"),
            ("weight_in", self._chain(column["chain"])),
            *((bit, bit) for bit in _bits("count", c["count_w"])),
            *((bit, bit) for bit in (_bits("enable", c["enables"]) if layer["enable"] else [])),
            *((f"label[{k}]", f"label[{k}]") for k in range(layer["reward"])),
        ):
            self.sinks[wire].append(Pin(name, pin))
        through = {line["name"]: line for line in layer["heard"]}
        for bus, text in (("far_in", column["far"]), ("near_in", column["near"])):
            heard = [through[part] for part in reversed(text[1:-1].split(", "))] if text else []
            for k, line in enumerate(heard):
                wire = line["name"] if line["delay"] or line["gated"] else line["through"]
                self.sinks[wire].append(Pin(name, f"{bus}[{k}]"))
        width, value = _constant(column["seed"])
        for k in range(width):
            self.ties[Pin(name, f"seed[{k}]")] = value >> k & 1
        self.driver[self._chain(column["chain"] + 1)] = Pin(name, "weight_out")
        for k in range(layer["width"]):
            self.driver[f"lines_{layer['index']}[{column['first'] + k}]"] = Pin(name, f"spike_out[{k}]")

    def _chain(self, link: int) -> str:
        c = self.context
        if link == 0:
            return "weight_in"
        return "weight_out" if link == len(c["chain"]) and c["voter"] is None else f"chain[{link}]"

    def _glue(self) -> None:
        c = self.context
        self.macros[GLUE] = f"{c['name']}_glue"
        reads = glue_reads(c)
        wide = {"learn": c["stages"]} | ({"label": c["labels"]} if c["voter"] and c["labels"] else {})
        wide |= {name: c["inputs"] if name == "spike_in" else self._width(name) for name in sorted(reads)}
        pins = ["clk", "rst", "weight_shift", *(bit for name, width in wide.items() for bit in _bits(name, width))]
        for name in pins:
            self.sinks[name].append(Pin(GLUE, name))
        made = [*_bits("count", c["count_w"]), "clear", "wave_last"]
        for layer in c["layers"]:
            made += [f"draw_{layer['index']}", f"update_{layer['index']}"]
            made += [line["name"] for line in layer["heard"] if line["delay"] or line["gated"]]
        if c["voter"]:
            self.sinks[self._chain(len(c["chain"]))].append(Pin(GLUE, "weight_in"))
            made += ["weight_out", *_bits("winner", c["voter"]["classes"])]
        for name in made:
            self.driver[name] = Pin(GLUE, name)

    def netlist(self) -> ChipNetlist:
        nets = tuple(ChipNet(name, self.driver[name], tuple(sinks)) for name, sinks in self.sinks.items())
        return ChipNetlist(self.context["name"], self.macros, self.places, nets, self.ties, tuple(self.inputs), tuple(self.outputs))


def _bits(name: str, width: int) -> list[str]:
    return [f"{name}[{k}]" for k in range(width)]


def _constant(text: str) -> tuple[int, int]:
    match = _CONSTANT.match(text)
    assert match is not None
    return int(match[1]), int(match[2], 16)


def macro_pins(netlist: ChipNetlist, instance: str) -> Iterator[str]:
    """Pins of an instance that the netlist uses."""
    for net in netlist.nets:
        for pin in (net.driver, *net.sinks):
            if pin.instance == instance:
                yield pin.name
    yield from (pin.name for pin in netlist.ties if pin.instance == instance)
