"""The description of a process node: its TOML file, checked key by key, and what it adds to the technology LEF."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from importlib import resources
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from neutnngen.errors import DataError
from neutnngen.pdk.technology import DeviceLayers, Master, Rect, Roles, StrapPlan, Technology, ViaDef


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Package(_Model):
    distribution: str
    requirement: str
    folder: str


class _Debian(_Model):
    """A Debian package that holds the files, and where it puts them."""

    package: str
    folder: str


class _Download(_Model):
    """Where single files are fetched: an address, and the path of every file below it that has another name there."""

    base: str
    paths: dict[str, str] = {}


class _Files(_Model):
    """gds None: an abstract of the cells is drawn from LEF."""

    technology: str
    cells: str
    liberty: str | list[str]
    verilog: str | None = None
    gds: str | None = None
    layer_properties: str | None = None


class _Via(_Model):
    """A fixed via besides those of the LEF: rectangles (x0, y0, x1, y1) in micrometres on the layers below, between and above."""

    name: str
    lower: tuple[str, tuple[float, float, float, float]]
    cut: tuple[str, tuple[float, float, float, float]]
    upper: tuple[str, tuple[float, float, float, float]]


class _Strap(_Model):
    layer: str
    width: float
    pitch: float


class _Power(_Model):
    power_net: str
    ground_net: str
    rail_layer: str
    rail_width: float
    straps: list[_Strap]


class _RoleData(_Model):
    buffers: list[str]
    clock_buffers: list[str]
    inverters: list[str]
    flop: str
    tie_high: tuple[str, str] = ("", "")
    tie_low: tuple[str, str] = ("", "")
    fillers: list[str]
    decaps: list[str] = []
    tap: str | None = None
    tap_interval: float = 0.0
    antenna: str | None = None
    full_adder: dict[str, str] | None = None
    half_adder: dict[str, str] | None = None
    driving_cell: str
    output_load: float
    dont_use: list[str]


class Node(_Model):
    format: Literal["neutnngen-kit"]
    version: Literal[1]
    name: str
    licence: str
    source: str
    site: str
    signal_layers: list[str]
    pin_layers: tuple[str, str]
    outline_gds: tuple[int, int]
    package: _Package | None = None
    debian: _Debian | None = None
    download: _Download | None = None
    generated: bool = False  # the files are made by neutnngen itself at first use
    files: _Files
    sums: dict[str, str] = {}  # SHA-256 of the content of each file; of what is in it, where its name ends in .gz
    corners: dict[str, str | list[str]] = {}  # Liberty file, or files, of each
    gds: dict[str, tuple[int, int]]
    wires: dict[str, tuple[float, float]]
    cuts: dict[str, float] = {}
    vias: list[_Via] = []
    chip_wires: tuple[int, int] = (1, 1)
    power: _Power
    roles: _RoleData
    devices: DeviceLayers | None = None

    @property
    def liberty(self) -> tuple[str, ...]:
        """Names of the Liberty files of the typical corner."""
        return (self.files.liberty,) if isinstance(self.files.liberty, str) else tuple(self.files.liberty)

    def needed(self) -> tuple[str, ...]:
        """Names of all files without which the kit cannot be used."""
        files = self.files
        single = (files.technology, files.cells, files.gds, files.verilog, files.layer_properties)
        return tuple(dict.fromkeys([*(name for name in single if name is not None), *self.liberty]))


def node_names() -> tuple[str, ...]:
    """Names of the nodes that this package describes."""
    return tuple(sorted(entry.name[:-5] for entry in resources.files(__package__ or "").iterdir() if entry.name.endswith(".toml")))


def read_node(name: str) -> Node:
    text = (resources.files(__package__ or "") / f"{name}.toml").read_text("utf-8")
    try:
        return Node.model_validate(tomllib.loads(text))
    except (ValidationError, tomllib.TOMLDecodeError) as problem:
        raise DataError(f"the description of kit {name} is not legal", got=problem, next_step="reinstall neutnngen") from problem


def on_known_layers(masters: dict[str, Master], technology: Technology) -> dict[str, Master]:
    """Masters without shapes on layers that the node leaves out (implants)."""

    def known(rects: tuple[Rect, ...]) -> tuple[Rect, ...]:
        return tuple(rect for rect in rects if rect.layer in technology.layers)

    return {
        name: replace(
            master,
            obstructions=known(master.obstructions),
            pins={pin.name: replace(pin, rects=known(pin.rects)) for pin in master.pins.values()},
        )
        for name, master in masters.items()
    }


def adapted(technology: Technology, node: Node) -> Technology:
    """The technology with what the node says better than its LEF: resistance of cuts, further vias."""
    layers, length = dict(technology.layers), technology.to_dbu
    for name, resistance in node.cuts.items():
        layers[name] = replace(layers[name], resistance=resistance)
    vias = dict(technology.vias)
    for via in node.vias:
        parts = (via.lower, via.cut, via.upper)
        rects = tuple(Rect(layer, *(length(edge) for edge in edges)) for layer, edges in parts)
        vias[via.name] = ViaDef(via.name, via.lower[0], via.cut[0], via.upper[0], rects, own=True)
    return replace(technology, layers=layers, vias=vias)


def roles_of(node: Node, technology: Technology) -> Roles:
    data = node.roles
    return Roles(
        core_site=node.site,
        buffers=tuple(data.buffers),
        clock_buffers=tuple(data.clock_buffers),
        inverters=tuple(data.inverters),
        flop=data.flop,
        tie_high=data.tie_high,
        tie_low=data.tie_low,
        fillers=tuple(data.fillers),
        decaps=tuple(data.decaps),
        tap=data.tap,
        tap_interval=technology.to_dbu(data.tap_interval),
        antenna=data.antenna,
        full_adder=_adder(data.full_adder),
        half_adder=_adder(data.half_adder),
        dont_use=tuple(data.dont_use),
        power_net=node.power.power_net,
        ground_net=node.power.ground_net,
        driving_cell=data.driving_cell,
        output_load=data.output_load,
    )


def _adder(data: dict[str, str] | None) -> tuple[str, dict[str, str]] | None:
    """(cell, role -> pin) from one TOML table."""
    return None if data is None else (data["cell"], {role: pin for role, pin in data.items() if role != "cell"})


def straps_of(power: _Power, technology: Technology) -> StrapPlan:
    return StrapPlan(
        power.rail_layer,
        technology.to_dbu(power.rail_width),
        tuple((strap.layer, technology.to_dbu(strap.width), technology.to_dbu(strap.pitch)) for strap in power.straps),
    )
