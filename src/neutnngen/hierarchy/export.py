"""A chip's files: GDSII and OASIS that hold every macro once, and Verilog of its top."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import klayout.db as kdb

from neutnngen.files import write_atomic
from neutnngen.hierarchy.chip import Chip
from neutnngen.hierarchy.netlist import PORT, Pin
from neutnngen.pdk.technology import Kit, Rect
from neutnngen.place_route.gds import INSTANCE_PROPERTY, gds_scale
from neutnngen.place_route.picture import render_layout

_BIT = re.compile(r"(\w+)\[(\d+)\]\Z")


def build_chip_layout(chip: Chip, kit: Kit, *, outlines: bool = False) -> Any:
    """The chip as a ``klayout.db.Layout``: macros by reference, its own wires and vias in the top cell.

    outlines: macros as their outline and straps only, for pictures.
    """
    layout: Any = kdb.Layout()
    options: Any = kdb.LoadLayoutOptions()
    # library cells and vias are the same in every macro's file
    options.cell_conflict_resolution = kdb.LoadLayoutOptions.CellConflictResolution.SkipNewCell
    modules = list(dict.fromkeys(p.module for p in chip.placements))
    for module in modules if not outlines else []:
        layout.read(str(chip.macros[module].gds), options)
    if outlines:
        layout.dbu = 1 / kit.technology.dbu
    scale = gds_scale(kit, layout.dbu)
    layers = {layer.name: layout.layer(*layer.gds) for layer in kit.technology.layers.values()}
    top = layout.create_cell(chip.netlist.name)

    def box(x0: int, y0: int, x1: int, y1: int) -> Any:
        return kdb.Box(scale * x0, scale * y0, scale * x1, scale * y1)

    def drawn(name: str, rects: Iterable[Rect]) -> int:
        cell = layout.create_cell(name)
        for r in rects:
            cell.shapes(layers[r.layer]).insert(box(*r[1:]))
        return int(cell.cell_index())

    for module in modules if outlines else []:
        macro = chip.macros[module]
        drawn(module, [strap for _, strap in macro.straps])
        layout.cell(module).shapes(layout.layer(*kit.outline_gds)).insert(box(0, 0, macro.width, macro.height))
    top.shapes(layout.layer(*kit.outline_gds)).insert(box(0, 0, *chip.die))
    for placed in chip.placements:
        array = kdb.CellInstArray(layout.cell(placed.module).cell_index(), kdb.Trans(scale * placed.x, scale * placed.y))
        top.insert(array, layout.properties_id({INSTANCE_PROPERTY: placed.instance}))
    plan = chip.plan.layers
    wiring = chip.wiring
    for layer, shapes in ((plan.vertical.name, wiring.vertical), (plan.horizontal.name, wiring.horizontal)):
        target = top.shapes(layers[layer])
        for _, x0, y0, x1, y1 in shapes.tolist():
            target.insert(box(x0, y0, x1, y1))
    for _, rect in wiring.pin_rects:
        top.shapes(layers[rect.layer]).insert(box(*rect[1:]))
    riser, via = drawn("RISER", plan.riser), drawn("CHIP_VIA", plan.via.rects)
    for _, x, y in wiring.risers.tolist():
        top.insert(kdb.CellInstArray(riser, kdb.Trans(scale * x, scale * y)))
    for _, x, y in wiring.vias.tolist():
        top.insert(kdb.CellInstArray(via, kdb.Trans(scale * x, scale * y)))
    for name, rect in wiring.ports.items():
        shapes = top.shapes(layers[rect.layer])
        shapes.insert(box(*rect[1:]))
        shapes.insert(kdb.Text(name, scale * (rect.x0 + rect.x1) // 2, scale * (rect.y0 + rect.y1) // 2))
    named: set[str] = set()
    for net, rect in chip.supply:
        shapes = top.shapes(layers[rect.layer])
        shapes.insert(box(*rect[1:]))
        if rect.layer == plan.power.name:
            named.add(net)
            shapes.insert(kdb.Text(net, scale * (rect.x0 + rect.x1) // 2, scale * (rect.y0 + rect.y1) // 2))
    power = drawn("POWER_VIA", plan.power_via.rects)
    for _, x, y in chip.supply_vias:
        top.insert(kdb.CellInstArray(power, kdb.Trans(scale * x, scale * y)))
    return layout


def write_layouts(chip: Chip, kit: Kit, folder: Path) -> dict[str, Path]:
    """NAME.gds and NAME.oas; the same chip gives the same bytes."""
    layout = build_chip_layout(chip, kit)
    made = {}
    folder.mkdir(parents=True, exist_ok=True)
    for key, suffix, form in (("gds", ".gds", "GDS2"), ("oasis", ".oas", "OASIS")):
        options: Any = kdb.SaveLayoutOptions()
        options.format = form
        options.gds2_write_timestamps = False
        options.gds2_libname = "LIB"
        options.write_context_info = False
        path = folder / f"{chip.netlist.name}{suffix}"
        scratch = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            layout.write(str(scratch), options)
            scratch.replace(path)
        finally:
            scratch.unlink(missing_ok=True)
        made[key] = path
    return made


def draw_chip(chip: Chip, kit: Kit, folder: Path, width: int) -> dict[str, Path]:
    """chip.png, the whole with its macros as outlines, and channel.png, some tiles' corners in the middle; width: pixels."""
    scratch = folder / ".outlines.gds"
    try:
        build_chip_layout(chip, kit, outlines=True).write(str(scratch))
        um, plan, bands = kit.technology.to_um, chip.plan, chip.bands
        row = plan.rows // 2
        # the corner where four tiles meet, twelve gaps wide
        x, y, reach = um(plan.x_of(plan.columns // 2)), um(int(bands.bank_y[row])), 6 * um(plan.gap)
        whole = render_layout(scratch, kit, folder / "chip.png", width)
        return {
            "picture": whole,
            "channel": render_layout(scratch, kit, folder / "channel.png", width, None, (x - reach, y - reach, x + reach, y + reach)),
        }
    finally:
        scratch.unlink(missing_ok=True)


def write_chip_verilog(chip: Chip, path: Path, bank_path: Path) -> tuple[Path, Path]:
    """The top module, of macros, and the module of a bank for simulation. Wires of the network keep their names, vectors included, so that
    a test bench of the network finds them."""
    netlist, wiring = chip.netlist, chip.wiring
    of: dict[Pin, str] = {}
    for name, pins in zip(wiring.names, wiring.ends, strict=True):
        for pin in pins:
            of[pin] = name
    widths: dict[str, int] = {}
    for name in wiring.names:
        found = _BIT.match(name)
        if found:
            widths[found[1]] = max(widths.get(found[1], 0), int(found[2]) + 1)
    lines = [f"// {netlist.name}: a chip of hard macros. Written by neutnngen.", f"module {netlist.name} ("]
    ports = [("input", bus, width) for bus, width in _buses(netlist.inputs).items()]
    ports += [("output", bus, width) for bus, width in _buses(netlist.outputs).items()]
    lines.append(",\n".join(f"    {way} wire {f'[{width - 1}:0] ' if width else ''}{bus}" for way, bus, width in ports))
    lines.append(");")
    known = {bus for _, bus, _ in ports}
    for bus, width in widths.items():
        if bus not in known:
            lines.append(f"    wire [{width - 1}:0] {bus};")
    lines += [f"    wire {plain_name(name)};" for name in wiring.names if not _BIT.match(name) and name not in known]
    for name, pins in zip(wiring.names, wiring.ends, strict=True):
        for pin in pins:
            if pin.instance == PORT and pin.name != name:
                left, right = (pin.name, plain_name(name)) if pin.name in set(netlist.outputs) else (plain_name(name), pin.name)
                lines.append(f"    assign {left} = {right};")
    by_instance: dict[str, dict[str, str]] = defaultdict(dict)
    for pin, name in of.items():
        by_instance[pin.instance][pin.name] = plain_name(name)
    for placed in chip.placements:
        connected = by_instance[placed.instance]
        buses = _buses(chip.macros[placed.module].pins)
        parts = []
        for bus, width in buses.items():
            bits = [connected.get(f"{bus}[{k}]", "") for k in range(width)] if width else [connected.get(bus, "")]
            parts.append(f".{bus}({_joined(bits, placed.instance, bus, lines)})")
        lines.append(f"    {placed.module} {placed.instance} ({', '.join(parts)});")
    lines.append("endmodule\n")
    bank = [
        "// A bank of repeaters, for simulation. Written by neutnngen.",
        "module bank (a, z, high, low);",
        f"    parameter SIZE = {sum(1 for pin in chip.macros['bank'].pins if pin.startswith('a['))};",
        "    input wire [SIZE-1:0] a;\n    output wire [SIZE-1:0] z;\n    output wire high, low;",
        "    assign z = a;\n    assign high = 1'b1;\n    assign low = 1'b0;\nendmodule\n",
    ]
    return write_atomic(path, "\n".join(lines)), write_atomic(bank_path, "\n".join(bank))


def _joined(bits: list[str], instance: str, bus: str, lines: list[str]) -> str:
    """A concatenation, lowest bit last; outputs that nobody reads get a wire of their own."""
    named = []
    for k, bit in enumerate(bits):
        if not bit:
            bit = f"open_{instance}_{bus}_{k}"
            lines.append(f"    wire {bit};")
        named.append(bit)
    return "{" + ", ".join(reversed(named)) + "}" if len(named) > 1 else named[0]


def plain_name(name: str) -> str:
    """A wire's name in Verilog: parts of a vector's bit are wires of their own."""
    return name if _BIT.match(name) else name.replace("[", "_").replace("]", "")


def _buses(names: Iterable[str]) -> dict[str, int]:
    """Vectors (their width) and single pins (0), in order of first appearance."""
    found: dict[str, int] = {}
    for name in names:
        match = _BIT.match(name)
        if match:
            found[match[1]] = max(found.get(match[1], 0), int(match[2]) + 1)
        else:
            found[name] = 0
    return found


def instances_by_module(chip: Chip) -> Mapping[str, int]:
    """How many copies of every macro."""
    found: dict[str, int] = defaultdict(int)
    for placed in chip.placements:
        found[placed.module] += 1
    return dict(found)
