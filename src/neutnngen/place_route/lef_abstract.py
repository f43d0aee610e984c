"""The abstract of a finished block: its outline, its pins and what is closed to wires above it, as a macro and as LEF.

Layers that carry signal wires are closed all over the die, but for the surroundings of pins; a layer that only supplies use is closed
where their metal lies. Straps of the highest supply layer are pins of their nets, so that a chip can connect to each of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import klayout.db as kdb

from neutnngen.errors import ConfigError
from neutnngen.files import write_atomic
from neutnngen.pdk.technology import Kit, Layer, Master, MasterPin, Rect
from neutnngen.place_route.block import Block, Net


def abstract(block: Block, kit: Kit) -> Master:
    """The block as a cell of class "block"; lengths in database units from the die's lower left corner.

    Raises
    ------
    ConfigError: the block has no die, or a signal port without a place.
    """
    die = block.die
    if die.x1 <= die.x0 or die.y1 <= die.y0:
        raise ConfigError("the block has no floorplan yet", got=block.name, next_step="make_floorplan first")
    pins = _pins(block, kit)
    metal = {layer.name: layer for layer in kit.technology.routing_layers}
    signal, supply = _used(block, kit)
    obstructions: list[Rect] = []
    for name, layer in metal.items():
        own = [rect for pin in pins.values() for rect in pin.rects if rect.layer == name]
        if name in signal:
            obstructions += _without(name, [Rect(name, *die[1:])], own, _widest_spacing(layer))
        else:
            obstructions += _without(name, supply.get(name, []), own, 0)

    def move(r: Rect) -> Rect:
        return Rect(r.layer, r.x0 - die.x0, r.y0 - die.y0, r.x1 - die.x0, r.y1 - die.y0)

    moved = {pin.name: MasterPin(pin.name, pin.direction, pin.use, tuple(move(r) for r in pin.rects)) for pin in pins.values()}
    return Master(block.name, "block", die.x1 - die.x0, die.y1 - die.y0, "", moved, tuple(move(r) for r in obstructions))


def _pins(block: Block, kit: Kit) -> dict[str, MasterPin]:
    order = [layer.name for layer in kit.technology.routing_layers]
    pins: dict[str, MasterPin] = {}
    for port in block.ports.values():
        net = block.nets.get(port.net)
        if net is None:
            continue
        if net.use in ("power", "ground"):
            rects = _top_straps(net, order) or ([] if port.rect is None else [port.rect])
        elif port.rect is None:
            raise ConfigError("a port of the block has no place yet", got=port.name, next_step="place the pins first")
        else:
            rects = [port.rect]
        pins[port.name] = MasterPin(port.name, port.direction, net.use, tuple(rects))
    return pins


def _top_straps(net: Net, order: list[str]) -> list[Rect]:
    """Metal of the highest layer that the net's wires use."""
    top = max((order.index(wire.layer) for wire in net.wires), default=-1)
    return sorted({wire.rect() for wire in net.wires if order.index(wire.layer) == top})


def _used(block: Block, kit: Kit) -> tuple[set[str], dict[str, list[Rect]]]:
    """Layers that signal metal or cells use, and the rectangles of supplies by layer."""
    vias = kit.technology.vias
    signal: set[str] = set()
    supply: dict[str, list[Rect]] = {}
    for net in block.nets.values():
        if net.use in ("power", "ground"):
            for wire in net.wires:
                supply.setdefault(wire.layer, []).append(wire.rect())
            for via in net.vias:
                for rect in vias[via.name].rects:
                    if rect.layer != vias[via.name].cut:
                        shifted = Rect(rect.layer, via.x + rect.x0, via.y + rect.y0, via.x + rect.x1, via.y + rect.y1)
                        supply.setdefault(rect.layer, []).append(shifted)
        else:
            signal |= {wire.layer for wire in net.wires}
            signal |= {layer for via in net.vias for layer in (vias[via.name].lower, vias[via.name].upper)}
    for name in {instance.master for instance in block.instances.values()}:
        master = kit.masters[name]
        signal |= {r.layer for pin in master.pins.values() for r in pin.rects} | {r.layer for r in master.obstructions}
    return signal, supply


def _widest_spacing(layer: Layer) -> int:
    """Spacing that wires of default width keep beside a long neighbour."""
    return max([layer.spacing, *(space for width, row in layer.spacing_table for _, space in row if width <= layer.width)])


def _without(layer: str, rects: Iterable[Rect], holes: Iterable[Rect], space: int) -> Iterator[Rect]:
    """The union of rectangles without the holes, each grown by ``space``, cut into rectangles."""
    whole: Any = kdb.Region()
    for r in rects:
        whole.insert(kdb.Box(r.x0, r.y0, r.x1, r.y1))
    removed: Any = kdb.Region()
    for r in holes:
        removed.insert(kdb.Box(r.x0 - space, r.y0 - space, r.x1 + space, r.y1 + space))
    for polygon in (whole - removed).decompose_trapezoids_to_region().each():
        box = polygon.bbox()
        yield Rect(layer, box.left, box.bottom, box.right, box.top)


def write_lef(master: Master, kit: Kit, path: Path) -> Path:
    """Write a macro as LEF 5.8; :func:`neutnngen.pdk.lef.read_masters` gives it back."""
    dbu = kit.technology.dbu

    def um(length: int) -> str:
        return f"{length / dbu:.6f}".rstrip("0").rstrip(".")

    def shapes(rects: Iterable[Rect], indent: str) -> Iterator[str]:
        layer = ""
        for r in rects:
            if r.layer != layer:
                layer = r.layer
                yield f"{indent}LAYER {layer} ;"
            yield f"{indent}  RECT {um(r.x0)} {um(r.y0)} {um(r.x1)} {um(r.y1)} ;"

    lines = ["VERSION 5.8 ;", 'BUSBITCHARS "[]" ;', 'DIVIDERCHAR "/" ;', "", f"MACRO {master.name}", f"  CLASS {master.kind.upper()} ;"]
    lines += [f"  FOREIGN {master.name} 0 0 ;", "  ORIGIN 0 0 ;", f"  SIZE {um(master.width)} BY {um(master.height)} ;", "  SYMMETRY X Y ;"]
    for pin in master.pins.values():
        lines += [f"  PIN {pin.name}", f"    DIRECTION {pin.direction.upper()} ;", f"    USE {pin.use.upper()} ;", "    PORT"]
        lines += [*shapes(pin.rects, "      "), "    END", f"  END {pin.name}"]
    if master.obstructions:
        lines += ["  OBS", *shapes(master.obstructions, "    "), "  END"]
    lines += [f"END {master.name}", "", "END LIBRARY"]
    return write_atomic(path, "\n".join(lines) + "\n")
