"""A process node as plain data: layers, vias, sites, cell masters and their Liberty facts.

Units, the same for every node (readers convert once, here nobody converts again):
lengths are integer database units (``Technology.dbu`` per micrometre), time ns, capacitance fF, resistance ohm,
leakage nW, internal energy fJ, cell area square micrometres.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

import pydantic
import pydantic.dataclasses

Direction = Literal["horizontal", "vertical"]
LayerKind = Literal["routing", "cut", "masterslice", "overlap"]


class Rect(NamedTuple):
    """An axis-parallel rectangle on one layer; ``x0 <= x1`` and ``y0 <= y1``, database units."""

    layer: str
    x0: int
    y0: int
    x1: int
    y1: int


class EndRule(NamedTuple):
    """Spacing in front of the end of a line (LEF ENDOFLINE).

    An edge shorter than ``width`` keeps ``spacing`` from metal in front of it and up to ``within`` beside, and ``end_to_end`` (or 0) from
    another end. ``beside``: only where an edge of other metal runs within this distance; 0 always.
    """

    width: int
    spacing: int
    within: int
    end_to_end: int
    beside: int


@dataclass(frozen=True)
class Layer:
    """One layer of the technology LEF. Routing fields are 0 for cut layers and the other way round."""

    name: str
    kind: LayerKind
    gds: tuple[int, int]  # (layer, datatype) in GDSII
    direction: Direction = "horizontal"
    pitch: int = 0
    offset: int = 0  # first track across the preferred direction
    width: int = 0  # default wire width, or cut size
    min_area: int = 0  # square database units; 0 where the kit states none
    spacing: int = 0  # smallest spacing at default width; cut spacing for a cut layer
    # rows (wire width, ((parallel run length, spacing), …)) of the LEF SPACINGTABLE, ascending; empty if none
    spacing_table: tuple[tuple[int, tuple[tuple[int, int], ...]], ...] = ()
    end_rules: tuple[EndRule, ...] = ()
    corner_spacing: int = 0  # between outer corners of shapes that do not run side by side
    widths: tuple[int, ...] = ()  # the only widths that wires may have; empty for all from ``width`` on
    edge_pitch: int = 0  # distance of the outer tracks of a row of cells from its edges, 0 where tracks are even
    antenna_ratio: float = 0.0  # most metal area of this layer over gate area, for metal without diffusion; 0 where the kit states none
    resistance: float = 0.0  # ohm per micrometre at default width; ohm per cut for a cut layer
    capacitance: float = 0.0  # fF per micrometre at default width, to ground and neighbours together

    @property
    def end_to_end(self) -> int:
        """Least distance between two line ends that face each other; 0 where only the ordinary spacing counts."""
        return max([0, *(max(rule.spacing, rule.end_to_end) for rule in self.end_rules if self.width < rule.width)])


@dataclass(frozen=True)
class ViaDef:
    """A fixed via of the technology LEF; rectangles relative to its origin."""

    name: str
    lower: str
    cut: str
    upper: str
    rects: tuple[Rect, ...]
    default: bool = True
    own: bool = False  # made by the kit, not in the technology LEF


@dataclass(frozen=True)
class Site:
    name: str
    width: int
    height: int


@dataclass(frozen=True)
class MasterPin:
    """A pin of a cell master: geometry from LEF (polygons cut into rectangles)."""

    name: str
    direction: Literal["input", "output", "inout"]
    use: Literal["signal", "clock", "power", "ground"]
    rects: tuple[Rect, ...]
    gate_area: float = 0.0  # square micrometres of gates behind the pin (LEF ANTENNAGATEAREA)
    diffusion_area: float = 0.0  # of diffusion, which drains charge (LEF ANTENNADIFFAREA)


@dataclass(frozen=True)
class Master:
    """A cell as the layout sees it. Origin (0, 0) is its lower left corner in orientation N."""

    name: str
    kind: str  # LEF CLASS, lower case, for example "core" or "core spacer"
    width: int
    height: int
    site: str
    pins: dict[str, MasterPin]
    obstructions: tuple[Rect, ...]


@dataclass(frozen=True)
class CellPin:
    """A pin as Liberty describes it."""

    name: str
    direction: Literal["input", "output", "inout", "internal"]
    capacitance: float  # fF
    max_capacitance: float | None  # fF, outputs
    function: str | None  # Liberty boolean expression of an output
    is_clock: bool = False
    three_state: str | None = None  # Liberty expression while which an output drives nothing


@dataclass(frozen=True)
class Memory:
    """The ff or latch group of a cell: Liberty boolean expressions over its input pins, the state's names as functions of outputs say them.

    both: letters (L, H, N, T or X) of the state and of its inverse while clear and preset are active together.
    """

    kind: Literal["flip-flop", "latch"]
    state: str
    inverse: str
    trigger: str  # active edge of the clock, or enable
    data: str
    clear: str | None = None
    preset: str | None = None
    both: tuple[str, str] = ("X", "X")


@dataclass(frozen=True)
class Cell:
    """A cell as Liberty describes it."""

    name: str
    area: float
    leakage: float  # nW, mean over states when the library lists states
    pins: dict[str, CellPin]
    sequential: bool
    dont_use: bool = False
    memory: Memory | None = None  # None for combinational cells and for those with a table of states


@dataclass(frozen=True)
class Technology:
    name: str
    dbu: int  # database units per micrometre
    manufacturing_grid: int
    layers: dict[str, Layer]  # bottom to top
    vias: dict[str, ViaDef]
    sites: dict[str, Site]

    @property
    def routing_layers(self) -> tuple[Layer, ...]:
        """Routing layers, bottom to top."""
        return tuple(layer for layer in self.layers.values() if layer.kind == "routing")

    def to_dbu(self, micrometres: float) -> int:
        return round(micrometres * self.dbu)

    def to_um(self, length: int) -> float:
        return length / self.dbu


@dataclass(frozen=True)
class Roles:
    """Which cells of the library play which part in the flow."""

    core_site: str
    buffers: tuple[str, ...]  # weak to strong; pins are found by direction
    clock_buffers: tuple[str, ...]  # weak to strong
    inverters: tuple[str, ...]
    flop: str
    tie_high: tuple[str, str]  # (cell, output pin); empty where the library has none
    tie_low: tuple[str, str]
    fillers: tuple[str, ...]  # wide to narrow
    decaps: tuple[str, ...]  # capacitors between the supplies; they fill gaps as well
    tap: str | None
    tap_interval: int  # database units between taps of a row
    antenna: str | None
    full_adder: tuple[str, dict[str, str]] | None  # cell and the role of each pin: a, b, ci, co, s
    half_adder: tuple[str, dict[str, str]] | None
    dont_use: tuple[str, ...]  # glob patterns
    power_net: str
    ground_net: str
    driving_cell: str  # assumed driver of every input port
    output_load: float  # fF on every output port


@dataclass(frozen=True)
class StrapPlan:
    """The power grid of a node: rails follow the rows, straps cross them."""

    rail_layer: str
    rail_width: int
    straps: tuple[tuple[str, int, int], ...]  # (layer, width, pitch), bottom to top


@pydantic.dataclasses.dataclass(frozen=True, config=pydantic.ConfigDict(extra="forbid"))
class DeviceLayers:
    """What transistors are drawn with, as a kit's description states it: layer and datatype in GDSII of each, and the routing layer that
    contacts join to active and poly."""

    active: tuple[int, int]
    n_well: tuple[int, int]
    p_well: tuple[int, int]
    n_implant: tuple[int, int]
    p_implant: tuple[int, int]
    poly: tuple[int, int]
    contact: tuple[int, int]
    metal: str


@dataclass(frozen=True)
class Kit:
    """A process node that is installed: data read, files located."""

    name: str  # "nangate45"
    technology: Technology
    masters: dict[str, Master]
    cells: dict[str, Cell]
    roles: Roles
    straps: StrapPlan
    signal_layers: tuple[str, ...]  # layers that the router may use for wires, bottom to top
    pin_layers: tuple[str, str]  # layers of ports on the left/right and on the bottom/top side
    outline_gds: tuple[int, int]  # layer and datatype of the die outline in GDSII
    liberty: tuple[Path, ...]
    verilog: Path | None  # models of the cells, where the kit has them
    cell_gds: Path
    layer_properties: Path | None  # KLayout .lyp
    voltage: float
    licence: str
    source: str
    lef: tuple[Path, ...] = ()  # technology first, then the cells
    # slower and faster corners where the user has them: name -> Liberty files
    corners: dict[str, tuple[Path, ...]] = field(default_factory=dict)
    devices: DeviceLayers | None = None  # None: nobody has described the transistors of the cells
    chip_wires: tuple[int, int] = (1, 1)  # width, pitch of a chip's wires between its macros, times those of their layers
