"""The chip's top as DEF 5.8: macros as components, ports, supply and every wire as drawn.

It reads with the LEF files of technology and macros. Names are those of the chip's Verilog.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from neutnngen.files import write_atomic
from neutnngen.hierarchy.chip import Chip
from neutnngen.hierarchy.export import plain_name
from neutnngen.hierarchy.layers import small_via
from neutnngen.hierarchy.netlist import PORT
from neutnngen.pdk.technology import Kit, Rect

WIDE = "CHIP_WIRES"
"""The rule of wires that are wider than their layers' default."""


def write_chip_def(chip: Chip, kit: Kit, path: Path) -> Path:
    """Write the chip's top; the same chip gives the same bytes."""
    return write_atomic(path, "\n".join([*_lines(chip, kit), ""]))


def _lines(chip: Chip, kit: Kit) -> Iterator[str]:
    wiring, outputs = chip.wiring, set(chip.netlist.outputs)
    yield from ("VERSION 5.8 ;", 'DIVIDERCHAR "/" ;', 'BUSBITCHARS "[]" ;', f"DESIGN {chip.netlist.name} ;")
    yield f"UNITS DISTANCE MICRONS {kit.technology.dbu} ;"
    yield f"DIEAREA ( 0 0 ) ( {chip.die[0]} {chip.die[1]} ) ;"
    layers = chip.plan.layers
    wide = [layer for layer in (layers.vertical, layers.horizontal) if layer.width != kit.technology.layers[layer.name].width]
    if wide:
        yield from ("NONDEFAULTRULES 1 ;", f"- {WIDE}")
        yield from (f"  + LAYER {layer.name} WIDTH {layer.width}" for layer in wide)
        yield from ("  ;", "END NONDEFAULTRULES")
    yield f"COMPONENTS {len(chip.placements)} ;"
    for placed in chip.placements:
        yield f"- {placed.instance} {placed.module} + FIXED ( {placed.x} {placed.y} ) N ;"
    yield "END COMPONENTS"
    net_of = {pin.name: name for name, ends in zip(wiring.names, wiring.ends, strict=True) for pin in ends if pin.instance == PORT}
    yield f"PINS {len(wiring.ports)} ;"
    for name, rect in wiring.ports.items():
        x, y = (rect.x0 + rect.x1) // 2, (rect.y0 + rect.y1) // 2
        way = f"DIRECTION {'OUTPUT' if name in outputs else 'INPUT'} + USE SIGNAL"
        shape = f"( {rect.x0 - x} {rect.y0 - y} ) ( {rect.x1 - x} {rect.y1 - y} )"
        yield f"- {name} + NET {plain_name(net_of[name])} + {way} + LAYER {rect.layer} {shape} + FIXED ( {x} {y} ) N ;"
    yield "END PINS"
    yield from _supplies(chip, kit)
    yield f"NETS {len(wiring.names)} ;"
    for name, ends, paths in zip(wiring.names, wiring.ends, _paths(chip), strict=True):
        said = " ".join(f"( {'PIN' if pin.instance == PORT else pin.instance} {pin.name} )" for pin in ends)
        yield f"- {plain_name(name)} {said}"
        if wide:
            yield f"  + NONDEFAULTRULE {WIDE}"
        yield "  + ROUTED " + "\n    NEW ".join(paths)
        yield "  + USE SIGNAL ;"
    yield "END NETS"
    yield "END DESIGN"


def _paths(chip: Chip) -> list[list[str]]:
    """Wires and vias by net."""
    wiring, layers = chip.wiring, chip.plan.layers
    found: list[list[str]] = [[] for _ in wiring.names]
    half = layers.vertical.width // 2
    for net, x0, y0, x1, y1 in wiring.vertical.tolist():
        x = (x0 + x1) // 2
        found[net].append(f"{layers.vertical.name} ( {x} {y0 + half} ) ( {x} {y1 - half} )")
    half = layers.horizontal.width // 2
    for net, x0, y0, x1, y1 in wiring.horizontal.tolist():
        y = (y0 + y1) // 2
        found[net].append(f"{layers.horizontal.name} ( {x0 + half} {y} ) ( {x1 - half} {y} )")
    for net, x, y in wiring.vias.tolist():
        found[net].append(f"{layers.via.lower} ( {x} {y} ) {layers.via.name}")
    names = [layer.name for layer in layers.technology.routing_layers]
    between = names[names.index(layers.pin.name) : names.index(layers.vertical.name) + 1]
    stack = [small_via(layers.technology, a, b) for a, b in pairwise(between)]
    patches = [r for r in layers.riser if r.layer in between and not any(r in via.rects for via in stack)]
    for net, x, y in wiring.risers.tolist():
        found[net] += [f"{via.lower} ( {x} {y} ) {via.name}" for via in stack]
        found[net] += [_patch(r, x, y) for r in patches]
    for net, rect in wiring.pin_rects:
        x, y = (rect.x0 + rect.x1) // 2, (rect.y0 + rect.y1) // 2
        found[net].append(_patch(Rect(rect.layer, rect.x0 - x, rect.y0 - y, rect.x1 - x, rect.y1 - y), x, y))
    return found


def _patch(rect: Rect, x: int, y: int) -> str:
    """Metal about a point."""
    return f"{rect.layer} ( {x} {y} ) RECT ( {rect.x0} {rect.y0} {rect.x1} {rect.y1} )"


def _supplies(chip: Chip, kit: Kit) -> Iterator[str]:
    via = chip.plan.layers.power_via
    nets = ((kit.roles.power_net, "POWER"), (kit.roles.ground_net, "GROUND"))
    yield f"SPECIALNETS {len(nets)} ;"
    for name, use in nets:
        paths = []
        for net, r in chip.supply:
            if net != name:
                continue
            wide, high = r.x1 - r.x0, r.y1 - r.y0
            x, y = (r.x0 + r.x1) // 2, (r.y0 + r.y1) // 2
            ends = f"( {r.x0} {y} ) ( {r.x1} {y} )" if wide > high else f"( {x} {r.y0} ) ( {x} {r.y1} )"
            paths.append(f"{r.layer} {min(wide, high)} + SHAPE STRIPE {ends}")
        paths += [f"{via.lower} 0 ( {x} {y} ) {via.name}" for net, x, y in chip.supply_vias if net == name]
        yield f"- {name} ( * {name} )"
        yield "  + ROUTED " + "\n    NEW ".join(paths)
        yield f"  + USE {use} ;"
    yield "END SPECIALNETS"
