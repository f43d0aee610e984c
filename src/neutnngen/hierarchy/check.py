"""Checks of an assembled chip: by its GDSII file, what is connected, what is too close, what lies on what; and by its wires, whether every
pin hears what it should.

The file is read back; macros count as their outline, pins and straps, each checked by itself when it was hardened.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import klayout.db as kdb

from neutnngen.hierarchy.chip import BANK, HIGH, LOW, Chip
from neutnngen.hierarchy.layers import widest_spacing
from neutnngen.hierarchy.netlist import PORT, Pin
from neutnngen.pdk.technology import Kit, Rect
from neutnngen.place_route.gds import INSTANCE_PROPERTY, gds_scale

SHOWN = 50
"""Most findings of a kind that a report lists."""


class Finding(NamedTuple):
    """kind: "open", "short", "spacing", "width", "overlap", "instance" or "wiring". where: names, or layer and place in micrometres."""

    kind: str
    where: str


@dataclass(frozen=True)
class ChipCheck:
    """nets, pins: compared. shapes: rectangles of the chip's own. counts: findings by kind; findings: the first of each kind."""

    nets: int
    pins: int
    shapes: int
    counts: Mapping[str, int]
    findings: tuple[Finding, ...]

    @property
    def clean(self) -> bool:
        """No finding."""
        return not any(self.counts.values())


class _Read:
    """The chip's own metal of a GDSII file, flat, by layer name, and the placements of its macros."""

    def __init__(self, path: Path, top: str, modules: set[str], kit: Kit) -> None:
        layout: Any = kdb.Layout()
        layout.read(str(path))
        self.dbu = layout.dbu
        self.scale = gds_scale(kit, layout.dbu)
        cell = layout.cell(top)
        self.placed: list[tuple[str, str, int, int]] = []
        helpers = []
        for instance in cell.each_inst():
            if instance.cell.name in modules:
                name = str(instance.property(INSTANCE_PROPERTY))
                self.placed.append((name, instance.cell.name, instance.trans.disp.x, instance.trans.disp.y))
            else:
                helpers.append((instance.cell, instance.trans))
        self.metal: dict[str, Any] = {}
        for layer in kit.technology.layers.values():
            index = layout.find_layer(*layer.gds)
            region: Any = kdb.Region()
            if index is not None:
                region.insert(cell.shapes(index))
                drawn: dict[str, list[Any]] = {}
                for helper, trans in helpers:
                    boxes = drawn.setdefault(helper.name, [shape.box for shape in helper.shapes(index).each()])
                    for box in boxes:
                        region.insert(box.moved(trans.disp.x, trans.disp.y))
            self.metal[layer.name] = region


def check_chip(chip: Chip, kit: Kit, gds: Path) -> ChipCheck:
    """Compare a GDSII file with the netlist, and its own metal with the rules of its layers."""
    read = _Read(gds, chip.netlist.name, {p.module for p in chip.placements}, kit)
    findings: list[Finding] = []
    findings += _instances(chip, read)
    findings += _connections(chip, kit, read)
    findings += trace_wires(chip)
    findings += _rules(chip, kit, read)
    findings += _overlaps(chip, kit, read)
    counts = Counter(f.kind for f in findings)
    shown = tuple(f for kind in counts for f in [f for f in findings if f.kind == kind][:SHOWN])
    pins = sum(len(ends) for ends in chip.wiring.ends)
    shapes = sum(region.count() for region in read.metal.values())
    return ChipCheck(len(chip.wiring.names), pins, shapes, dict(counts), shown)


def _instances(chip: Chip, read: _Read) -> list[Finding]:
    """The macros that the chip should have are those that the file has, and none lies on another."""
    want = {(p.instance, p.module, read.scale * p.x, read.scale * p.y) for p in chip.placements}
    found = [Finding("instance", f"{name} of {module}") for name, module, *_ in sorted(want ^ set(read.placed))]
    outlines: Any = kdb.Region()
    outlines.merged_semantics = False
    for _, module, x, y in read.placed:
        macro = chip.macros[module]
        outlines.insert(kdb.Box(x, y, x + read.scale * macro.width, y + read.scale * macro.height))
    twice = outlines.merged(False, 2)
    return found + [Finding("overlap", f"macros at {_um(box.bbox(), read)}") for box in twice.each()]


def _connections(chip: Chip, kit: Kit, read: _Read) -> list[Finding]:
    """Extract what is connected; every pin of a macro and every port must be in one piece with just the pins of its net."""
    extractor: Any = kdb.LayoutToNetlist("chip", read.dbu)
    layers: dict[str, Any] = {}
    order = [layer for layer in kit.technology.layers.values() if layer.kind in ("routing", "cut")]
    top = kit.technology.routing_layers
    low = next(i for i, layer in enumerate(order) if layer.name == top[0].name)
    texts: dict[str, Any] = {}
    pins: dict[str, list[tuple[str, Rect]]] = {}
    for name, module, x, y in read.placed:
        macro = chip.macros[module]
        s = read.scale
        for pin in macro.pins.values():
            r = pin.rect
            moved = Rect(r.layer, x + s * r.x0, y + s * r.y0, x + s * r.x1, y + s * r.y1)
            pins.setdefault(r.layer, []).append((f"{name}/{pin.name}", moved))
        for number, (net, r) in enumerate(macro.straps):
            moved = Rect(r.layer, x + s * r.x0, y + s * r.y0, x + s * r.x1, y + s * r.y1)
            pins.setdefault(r.layer, []).append((f"{name}/{net}/{number}", moved))
    for name, r in chip.wiring.ports.items():
        s = read.scale
        pins.setdefault(r.layer, []).append((f"/{name}", Rect(r.layer, s * r.x0, s * r.y0, s * r.x1, s * r.y1)))
    for layer in order[low:]:
        region: Any = read.metal[layer.name].dup()
        text: Any = kdb.Texts()
        for label, r in pins.get(layer.name, []):
            if not label.startswith("/"):
                region.insert(kdb.Box(r.x0, r.y0, r.x1, r.y1))
            text.insert(kdb.Text(label, (r.x0 + r.x1) // 2, (r.y0 + r.y1) // 2))
        layers[layer.name], texts[layer.name] = region, text
        extractor.register(region, layer.name)
        extractor.register(text, f"{layer.name}_text")
        extractor.connect(region)
        extractor.connect(region, text)
    by_name = {layer.name: i for i, layer in enumerate(order)}
    for layer in order[low:]:
        if layer.kind == "cut":
            below, above = order[by_name[layer.name] - 1], order[by_name[layer.name] + 1]
            extractor.connect(layers[layer.name], layers[below.name])
            extractor.connect(layers[layer.name], layers[above.name])
    extractor.extract_netlist()
    want: dict[str, int] = {}
    for number, ends in enumerate(chip.wiring.ends):
        for end in ends:
            want[_label(end)] = number
    supplies = {kit.roles.power_net: -1, kit.roles.ground_net: -2}
    for name, module, *_ in read.placed:
        for k, (net, _) in enumerate(chip.macros[module].straps):
            want[f"{name}/{net}/{k}"] = supplies[net]
    pieces: dict[int, set[int]] = {}
    found: list[Finding] = []
    circuit = next(iter(extractor.netlist().each_circuit_top_down()))
    seen: set[str] = set()
    for piece, net in enumerate(circuit.each_net()):
        labels = [label for label in net.name.split(",") if label] if net.name else []
        numbers = {want[label] for label in labels if label in want}
        seen.update(labels)
        if len(numbers) > 1:
            found.append(Finding("short", ", ".join(sorted(_net_name(chip, n) for n in numbers)[:4])))
        for number in numbers:
            pieces.setdefault(number, set()).add(piece)
    ground_and_power = set(supplies.values())
    for number, parts in pieces.items():
        # supply lines of different gaps meet in the pads, outside of the chip
        if len(parts) > 1 and number not in ground_and_power:
            found.append(Finding("open", _net_name(chip, number)))
    gaps = chip.plan.columns + 1
    found += [Finding("open", f"{n} in {len(pieces.get(v, ()))} pieces") for n, v in supplies.items() if len(pieces.get(v, ())) > gaps]
    found += [Finding("open", f"pin {label}") for label in sorted(set(want) - seen)]
    return found


def trace_wires(chip: Chip) -> list[Finding]:
    """From every input of a macro and every port back through repeaters: it must end at the driver that the network's netlist names."""
    wiring, netlist = chip.wiring, chip.netlist
    banks = {p.instance for p in chip.placements if p.module == BANK}
    from_: dict[Pin, Pin] = {pin: ends[0] for ends in wiring.ends for pin in ends[1:]}
    want = {pin: net.driver for net in netlist.nets for pin in net.sinks}
    names = {1: HIGH, 0: LOW}
    found = []
    for pin, driver in [*want.items(), *((pin, None) for pin in netlist.ties)]:
        at = from_.get(pin)
        # a repeater is never passed twice
        for _ in range(len(from_)):
            if at is None or at.instance not in banks or at.name in (HIGH, LOW):
                break
            at = from_.get(Pin(at.instance, "a" + at.name[1:]))
        right = at == driver if driver is not None else at is not None and at.instance in banks and at.name == names[netlist.ties[pin]]
        if not right:
            found.append(Finding("wiring", f"{_label(pin)} hears {'nothing' if at is None else _label(at)}"))
    return found


def _label(pin: Pin) -> str:
    return f"/{pin.name}" if pin.instance == PORT else f"{pin.instance}/{pin.name}"


def _net_name(chip: Chip, number: int) -> str:
    return chip.wiring.names[number] if number >= 0 else "a supply"


def _rules(chip: Chip, kit: Kit, read: _Read) -> list[Finding]:
    """Widths and spacings of the chip's own metal, with the pins and straps that it touches."""
    found = []
    for layer in kit.technology.routing_layers:
        region = read.metal[layer.name].dup()
        if region.is_empty():
            continue
        for name, module, x, y in read.placed:
            del name
            macro = chip.macros[module]
            s = read.scale
            for rect in (*(pin.rect for pin in macro.pins.values()), *(r for _, r in macro.straps)):
                if rect.layer == layer.name:
                    region.insert(kdb.Box(x + s * rect.x0, y + s * rect.y0, x + s * rect.x1, y + s * rect.y1))
        merged = region.merged()
        narrow = merged.width_check(read.scale * layer.width)
        close = merged.space_check(read.scale * layer.spacing)
        found += [Finding("width", f"{layer.name} {_um(pair.bbox(), read)}") for pair in narrow.each()]
        found += [Finding("spacing", f"{layer.name} {_um(pair.bbox(), read)}") for pair in close.each()]
    return found


def _overlaps(chip: Chip, kit: Kit, read: _Read) -> list[Finding]:
    """The chip's metal on the layers of the macros touches no macro but at pins and straps, and keeps the layer's widest spacing."""
    layers = chip.plan.layers
    order = [layer.name for layer in kit.technology.routing_layers]
    own = {layers.vertical.name, layers.horizontal.name}
    found = []
    for layer in kit.technology.routing_layers[: order.index(layers.power.name) + 1]:
        region = read.metal[layer.name]
        if region.is_empty() or layer.name in own:
            continue
        space = read.scale * widest_spacing(layer)
        outlines: Any = kdb.Region()
        allowed: Any = kdb.Region()
        s = read.scale
        for _, module, x, y in read.placed:
            macro = chip.macros[module]
            outlines.insert(kdb.Box(x, y, x + s * macro.width, y + s * macro.height))
            for rect in (*(pin.rect for pin in macro.pins.values()), *(r for _, r in macro.straps)):
                if rect.layer == layer.name:
                    # a wire to a pin comes from below, one to a strap from the left
                    reach_x, reach_y = (s * macro.width, 0) if layer.name == layers.strap.name else (0, 2 * s * layers.rise)
                    box = kdb.Box(x + s * rect.x0 - reach_x, y + s * rect.y0 - reach_y, x + s * rect.x1, y + s * rect.y1)
                    allowed.insert(box)
        wrong = (region & outlines.sized(space // 2)) - allowed.sized(space)
        found += [Finding("overlap", f"{layer.name} {_um(polygon.bbox(), read)}") for polygon in wrong.each()]
    return found


def _um(box: Any, read: _Read) -> str:
    return f"({box.left * read.dbu:.3f}, {box.bottom * read.dbu:.3f}) um"
