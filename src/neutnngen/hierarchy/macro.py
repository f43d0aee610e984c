"""Hardening: a module becomes a block with a layout of its own, its pins where a chip's tracks pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from neutnngen.errors import ConfigError
from neutnngen.files import write_atomic
from neutnngen.flow.config import LayoutConfig
from neutnngen.flow.metric import Metric, metrics
from neutnngen.flow.runner import Flow, FlowResult
from neutnngen.flow.state import StateDelta
from neutnngen.flow.step import Progress
from neutnngen.flow.steps.checks import Drc, Lvs
from neutnngen.flow.steps.common import Context, KitStep, kit_fingerprint
from neutnngen.flow.steps.export import Export
from neutnngen.flow.steps.physical import Fill, Place, Route
from neutnngen.flow.steps.signoff import Extract, PowerStep, Timing
from neutnngen.flow.steps.synth import Synth
from neutnngen.hierarchy.interface import Interface, MacroModel, read_interface
from neutnngen.hierarchy.layers import ChipLayers, chip_layers, widest_spacing
from neutnngen.pdk.technology import Kit, Rect
from neutnngen.place_route.block import Block, Instance, Net, PinRef, Row
from neutnngen.place_route.def_file import read_def, write_def
from neutnngen.place_route.extract import extract
from neutnngen.place_route.floorplan import CLOCK_AND_BUFFERS, MIN_ROWS, cell_area, make_floorplan, taps_in_row
from neutnngen.place_route.lef_abstract import abstract, write_lef
from neutnngen.place_route.verilog_netlist import read_netlist, write_netlist

SLOT_MARGIN = 2
"""Pin slots that stay free at either end of a macro's lower edge."""


@dataclass(frozen=True)
class MacroPin:
    """x: of its slot, on a track of the chip, from the macro's lower left corner. rect: its metal. capacitance: fF of wire and pins inside
    (an input), or the wire alone (an output)."""

    name: str
    direction: str
    x: int
    rect: Rect
    capacitance: float
    driver: str | None = None  # cell that drives an output


@dataclass(frozen=True)
class HardMacro:
    """A finished block. straps: (net, metal) of the supply lines on the top strap layer. Lengths in database units from its corner."""

    name: str
    width: int
    height: int
    pins: Mapping[str, MacroPin]
    straps: tuple[tuple[str, Rect], ...]
    gds: Path
    cells: int
    cell_area: float  # um2
    leakage: float  # nW
    metrics: Mapping[str, Metric]
    netlist: Path | None = None  # of its cells
    interface: Interface | None = None  # of a macro with a clock


@dataclass(frozen=True)
class OutputBuffers(KitStep):
    """Every output behind a buffer of its own, as its wire on the chip may be long. cell: of the library; entry, exit: its pins."""

    cell: str
    entry: str
    exit: str

    name = "outputs"
    version = 1
    reads = ("synthesis_netlist",)

    def inputs(self, config: LayoutConfig) -> Mapping[str, object]:
        return {**super().inputs(config), "cell": self.cell}

    def run(self, context: Context) -> StateDelta:
        block = buffer_outputs(read_netlist(context.file("synthesis_netlist"), self.kit), self.cell, self.entry, self.exit)
        netlist = context.folder / "netlist.v"
        write_netlist(block, netlist, self.kit)
        return StateDelta({"synthesis_netlist": netlist}, {}, f"{self.cell} at every output")


def buffer_outputs(block: Block, cell: str, entry: str, exit_: str) -> Block:
    """The netlist with a buffer before every output port."""
    made = block.copy()
    outputs = [port for port in made.ports.values() if port.direction == "output"]
    for number, port in enumerate(outputs):
        inside = made.nets[port.net]
        buffer = f"output_buffer_{number}"
        inside.pins = [*(ref for ref in inside.pins if ref != PinRef(None, port.name)), PinRef(buffer, entry)]
        if inside.name == port.name:
            del made.nets[port.name]
            inside.name = f"{port.name}_inside"
            made.nets[inside.name] = inside
            for other in made.ports.values():
                if other.net == port.name:
                    other.net = inside.name
        made.instances[buffer] = Instance(buffer, cell, kind="buffer")
        made.nets[port.name] = Net(port.name, "signal", [PinRef(buffer, exit_), PinRef(None, port.name)])
        port.net = port.name
    return made


@dataclass(frozen=True)
class MacroFloorplan(KitStep):
    """As the flow's, but at least as wide as its pins need. slots: number of pin slots that the lower edge must have."""

    slots: int

    name = "floorplan"
    version = 1
    reads = ("synthesis_netlist",)
    options = ("utilisation", "aspect")

    def inputs(self, config: LayoutConfig) -> Mapping[str, object]:
        return {**super().inputs(config), "slots": self.slots}

    def run(self, context: Context) -> StateDelta:
        netlist = read_netlist(context.file("synthesis_netlist"), self.kit)
        config = context.config
        block, _ = make_floorplan(netlist, self.kit, utilisation=config.utilisation, aspect=config.aspect)
        needed = (self.slots + 2 * SLOT_MARGIN) * chip_layers(self.kit).slot
        if block.die.x1 < needed:
            block = _widened(netlist, block, self.kit, needed, config.utilisation)
        layout = context.folder / "layout.def"
        write_def(block, self.kit, layout)
        um = self.kit.technology.to_um
        width, height = um(block.die.x1), um(block.die.y1)
        numbers = metrics("MEASURED", "floorplan", ("die_width", width, "um", None), ("die_height", height, "um", None))
        return StateDelta({"layout": layout}, numbers, f"die {width:.1f} x {height:.1f} um, {len(block.rows)} rows")


def _widened(netlist: Block, block: Block, kit: Kit, needed: int, utilisation: float) -> Block:
    """The same block, ``needed`` wide and as low as its cells and the supply straps allow."""
    technology = kit.technology
    site = technology.sites[kit.roles.core_site]
    x0, y0 = block.core.x0, block.core.y0
    sites = 2 * -(-(needed - 2 * x0) // (2 * site.width))
    taps = taps_in_row(kit, sites * site.width) * (kit.masters[kit.roles.tap].width if kit.roles.tap else 0)
    area = cell_area(netlist, kit) * CLOCK_AND_BUFFERS / utilisation
    straps = [
        4 * (wide + technology.layers[name].spacing)
        for name, wide, _ in kit.straps.straps
        if technology.layers[name].direction == "horizontal"
    ]
    height = max([area / (sites * site.width - taps), *straps])
    rows = max(MIN_ROWS, int(-(-height // site.height)))
    made = netlist.copy()
    made.core = Rect("", x0, y0, x0 + sites * site.width, y0 + rows * site.height)
    made.die = Rect("", 0, 0, made.core.x1 + x0, made.core.y1 + y0)
    made.rows = [Row(f"row_{i}", site.name, x0, y0 + i * site.height, "N" if i % 2 == 0 else "FS", sites) for i in range(rows)]
    return made


@dataclass(frozen=True)
class MacroPlace(Place):
    """As the flow's, and then the pins on slots of the lower edge. free: numbers of the slots that may be used; None for all."""

    free: tuple[int, ...] | None

    name = "place"
    version = 101

    def inputs(self, config: LayoutConfig) -> Mapping[str, object]:
        return {**super().inputs(config), "free": self.free}

    def run(self, context: Context) -> StateDelta:
        delta = super().run(context)
        block = pins_on_slots(read_def(delta.files["layout"], self.kit), self.kit, self.free)
        write_def(block, self.kit, delta.files["layout"])
        return delta


def slot_count(width: int, layers: ChipLayers) -> int:
    """Pin slots of a macro's lower edge. width: of the macro, database units."""
    return width // layers.slot - 2 * SLOT_MARGIN


def slot_place(slot: int, layers: ChipLayers) -> int:
    """Distance of a slot from the macro's left edge."""
    return (slot + SLOT_MARGIN) * layers.slot


def pins_on_slots(block: Block, kit: Kit, free: Sequence[int] | None) -> Block:
    """The block with all signal ports on its lower edge, in the order of where they were wanted, spread over the slots.

    Every other slot is used where that is enough, so that another macro below can have pins at the rest.

    Raises
    ------
    ConfigError: fewer slots than ports.
    """
    layers = chip_layers(kit)
    made = block.copy()
    ports = [p for p in made.ports.values() if made.nets[p.net].use in ("signal", "clock")]
    slots = list(range(slot_count(made.die.x1 - made.die.x0, layers))) if free is None else list(free)
    spans = _supply_spans(made, layers)
    slots = [slot for slot in slots if _clear(_pin_shape(made, layers, slot), spans)]
    if len(slots) < len(ports):
        raise ConfigError("the lower edge of a macro is too short for its pins", got=len(ports), allowed=len(slots))
    if free is None and len(slots) >= 2 * len(ports):
        slots = slots[::2]
    # ports keep their order from left to right; each takes the slot nearest to its place that leaves enough for those after it
    ports.sort(key=lambda port: (port.rect.x0 + port.rect.x1 if port.rect is not None else 0, port.name))
    at = 0
    for number, port in enumerate(ports):
        wanted = (port.rect.x0 + port.rect.x1) // 2 if port.rect is not None else 0
        last = len(slots) - (len(ports) - number)
        while at < last and abs(slot_place(slots[at + 1], layers) - wanted) <= abs(slot_place(slots[at], layers) - wanted):
            at += 1
        port.rect = _pin_shape(made, layers, slots[at])
        at += 1
    return made


def _pin_shape(block: Block, layers: ChipLayers, slot: int) -> Rect:
    """A pin at a slot: on the track of its layer that is nearest."""
    pin = layers.pin
    wanted = block.die.x0 + slot_place(slot, layers)
    x = pin.offset + round((wanted - pin.offset) / pin.pitch) * pin.pitch
    half = pin.width // 2
    return Rect(pin.name, x - half, block.die.y0, x + half, block.die.y0 + 4 * pin.width)


def _supply_spans(block: Block, layers: ChipLayers) -> list[tuple[int, int]]:
    """Stretches (x) of the lower edge where the supply's metal is too near for the metal of a pin, a wire beside it included."""
    space = widest_spacing(layers.pin) + layers.pin.pitch
    top = _pin_shape(block, layers, 0).y1 + space
    supplies = [net for net in block.nets.values() if net.use in ("power", "ground")]
    metal = [wire.rect() for net in supplies for wire in net.wires if wire.layer == layers.pin.name]
    return [(rect.x0 - space, rect.x1 + space) for rect in metal if rect.y0 < top and block.die.y0 < rect.y1 + space]


def _clear(rect: Rect, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether a pin keeps out of stretches of the lower edge."""
    return not any(low < rect.x1 and rect.x0 < high for low, high in spans)


def harden(
    name: str,
    kit: Kit,
    config: LayoutConfig,
    folder: Path,
    *,
    sources: Sequence[Path] = (),
    netlist: Path | None = None,
    slots: int,
    free: Sequence[int] | None = None,
    modular: bool = False,
    timed: bool = True,
    strong: tuple[str, str, str] | None = None,
    activity: Path | None = None,
    progress: Progress | None = None,
) -> HardMacro:
    """Lay out the module ``name`` in ``folder``; goes on where an earlier run stopped.

    sources: its RTL files, or netlist: Verilog of library cells. slots: pin slots that its lower edge must have. free: those that its pins
    may take, see ``MacroPlace``. timed: whether it has a clock, and so a timing report. strong: cell, input and output of buffers that its
    outputs are to get. activity: switching of its nets, as the
    flow's gate simulation writes it, for a power report. Raises whatever the steps raise.
    """
    mark = kit_fingerprint(kit)
    folder = folder.resolve()
    (folder / "source").mkdir(parents=True, exist_ok=True)
    initial: dict[str, Path] = {}
    for source in sources:
        initial[f"rtl/{source.name}"] = write_atomic(folder / "source" / source.name, source.read_bytes())
    steps: list[KitStep] = []
    if netlist is None:
        steps.append(Synth(kit, mark, tuple(initial), name, modular))
    else:
        initial["synthesis_netlist"] = write_atomic(folder / "source" / "netlist.v", netlist.read_bytes())
    if strong is not None:
        steps.append(OutputBuffers(kit, mark, *strong))
    initial["constraints"] = write_atomic(folder / "source" / "constraints.sdc", _constraints(config.clock_period_ns))
    wide = slots if free is None else max(free) + 1
    steps += [MacroFloorplan(kit, mark, wide), MacroPlace(kit, mark, None if free is None else tuple(free))]
    plain: list[Callable[[Kit, str], KitStep]] = [Route, Fill, Export, Drc, Lvs, Extract, *([Timing, MacroModel] if timed else [])]
    if activity is not None:
        initial["activity"] = write_atomic(folder / "source" / "activity.json", activity.read_bytes())
        plain.append(PowerStep)
    steps += [step(kit, mark) for step in plain]
    flow: Flow[LayoutConfig] = Flow(steps)
    result = flow.run(folder, config, initial, progress)
    return read_macro(result, kit)


def _constraints(period: float) -> str:
    return (
        f"create_clock -name clk -period {period:.4f} [get_ports clk]\n"
        "foreach port [all_inputs] {\n"
        f'    if {{[get_full_name $port] ne "clk"}} {{ set_input_delay {0.2 * period:.4f} -clock clk $port }}\n'
        "}\n"
        f"set_output_delay {0.2 * period:.4f} -clock clk [all_outputs]\n"
    )


def read_macro(result: FlowResult, kit: Kit) -> HardMacro:
    """The finished block of a run, and its LEF beside the GDSII."""
    block = read_def(result.path("def"), kit)
    interface = read_interface(result.path("interface")) if "interface" in result.state.files else None
    return macro_of_block(block, kit, result.path("gds"), interface, dict(result.state.metrics), result.path("netlist"))


def macro_of_block(
    block: Block, kit: Kit, gds: Path, interface: Interface | None, numbers: Mapping[str, Metric], netlist: Path | None
) -> HardMacro:
    """A finished block as a macro; writes its LEF beside the GDSII."""
    layers = chip_layers(kit)
    master = abstract(block, kit)
    write_lef(master, kit, gds.with_suffix(".lef"))
    if interface is not None:
        wires = interface.wire
    else:
        parasitics = extract(block, kit).nets
        wires = {port.name: parasitics[port.net].total for port in block.ports.values() if port.net in parasitics}
    pins = {}
    for pin in master.pins.values():
        if pin.use in ("power", "ground"):
            continue
        load, driver = wires.get(pin.name, 0.0), None
        for ref in block.nets[block.ports[pin.name].net].pins:
            if ref.instance is None:
                continue
            cell = kit.cells[block.instances[ref.instance].master]
            if cell.pins[ref.pin].direction == "input":
                load += cell.pins[ref.pin].capacitance
            else:
                driver = cell.name
        rect = pin.rects[0]
        x = round((rect.x0 + rect.x1) / 2 / layers.slot) * layers.slot
        pins[pin.name] = MacroPin(pin.name, pin.direction, x, rect, load, driver)
    straps = tuple(
        (pin.name, rect)
        for pin in master.pins.values()
        if pin.use in ("power", "ground")
        for rect in pin.rects
        if rect.layer == layers.strap.name
    )
    cells = [kit.cells[i.master] for i in block.instances.values() if i.kind not in ("tap", "filler") and i.master in kit.cells]
    area, leak = sum(cell.area for cell in cells), sum(cell.leakage for cell in cells)
    return HardMacro(block.name, master.width, master.height, pins, straps, gds, len(cells), area, leak, numbers, netlist, interface)
