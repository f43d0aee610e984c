"""Transistors and what joins them, extracted from drawn layers by KLayout.

Every shape counts in its surroundings: a transistor is where poly crosses active of the whole layout, whichever cells the two come from.
Wells are tied by active of their own kind but join no supplies ("soft" connections): a rail that is cut off is not healed by its well.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import klayout.db as kdb

from neutnngen.errors import ConfigError, DataError
from neutnngen.pdk.technology import DeviceLayers, Kit, Layer
from neutnngen.place_route.gds import gds_scale
from neutnngen.place_route.lvs_layout import joining_layers, middle
from neutnngen.place_route.switch_level import Transistor, Transistors


class Mark(NamedTuple):
    """A name for the net that metal at a place is on: text without commas, layer of the technology, database units of the layout."""

    text: str
    layer: str
    x: int
    y: int


class Extracted(NamedTuple):
    """circuit: the flat circuit of the top cell; it lives as long as ``source``. problems: what KLayout says of shapes that are no device
    or of wells that join two nets, with places in micrometres."""

    source: Any
    circuit: Any
    problems: list[tuple[str, tuple[float, float] | None]]


def require_devices(kit: Kit) -> DeviceLayers:
    """Raise ConfigError for a kit that does not describe its transistors."""
    if kit.devices is None:
        raise ConfigError("the kit does not describe its transistors", got=kit.name, allowed="a kit with a table [devices]")
    return kit.devices


def extract_transistors(layout: Any, top: Any, kit: Kit, marks: Iterable[Mark]) -> Extracted:
    """The transistors under a cell as one flat circuit. A net is named by its marks, with commas between; other nets have no name.

    Raises ConfigError for a kit without devices.
    """
    devices = require_devices(kit)
    for mark in marks:
        top.shapes(_mark_layer(layout, mark.layer)).insert(kdb.Text(mark.text, mark.x, mark.y))
    made: Any = kdb.LayoutToNetlist(kdb.RecursiveShapeIterator(layout, top, []))
    made.threads = 0  # a pool of threads makes every operation on a small cell wait longer than it works
    wires = joining_layers(kit)
    metals = {layer.name: made.make_polygon_layer(layout.layer(*layer.gds), layer.name) for layer in wires}
    _join_transistors(made, layout, devices, metals)
    _join_wires(made, layout, kit, wires, metals)
    made.extract_netlist()
    netlist = made.netlist()
    problems = _problems(made)
    netlist.flatten()
    circuit = netlist.circuit_by_name(top.name)
    if circuit is None:  # nothing is drawn: KLayout makes no circuit of it
        circuit = kdb.Circuit()
        circuit.name = top.name
        netlist.add(circuit)
    return Extracted(made, circuit, problems)


def _join_transistors(made: Any, layout: Any, devices: DeviceLayers, metals: dict[str, Any]) -> None:
    """Devices, and the layers below the metal."""
    names = ("active", "n_well", "p_well", "n_implant", "p_implant", "poly", "contact")
    drawn = {name: made.make_polygon_layer(layout.layer(*getattr(devices, name)), name) for name in names}
    poly, contact = drawn["poly"], drawn["contact"]
    for kind, well_name, own, other in (("pmos", "n_well", "p_implant", "n_implant"), ("nmos", "p_well", "n_implant", "p_implant")):
        well = drawn[well_name]
        inside = drawn["active"] & well
        doped, tie = inside & drawn[own], inside & drawn[other]
        gate = doped & poly
        ends = doped - gate
        for region, name in ((gate, f"gate of {kind}"), (ends, f"source and drain of {kind}"), (tie, f"tie of {well_name}")):
            made.register(region, name)
        extractor = kdb.DeviceExtractorMOS4Transistor(kind)
        made.extract_devices(extractor, {"SD": ends, "G": gate, "tS": ends, "tD": ends, "tG": poly, "W": well})
        for region in (well, ends, tie):
            made.connect(region)
        made.connect(contact, ends)
        made.connect(contact, tie)
        made.soft_connect(tie, well)
    made.connect(poly)
    made.connect(contact)
    made.connect(contact, poly)
    made.connect(contact, metals[devices.metal])


def _join_wires(made: Any, layout: Any, kit: Kit, wires: list[Layer], metals: dict[str, Any]) -> None:
    for layer in wires:
        made.connect(metals[layer.name])
        if layer.kind == "routing":
            made.connect(metals[layer.name], made.make_text_layer(_mark_layer(layout, layer.name), f"marks of {layer.name}"))
    for lower, cut, upper in sorted({(via.lower, via.cut, via.upper) for via in kit.technology.vias.values()}):
        made.connect(metals[lower], metals[cut])
        made.connect(metals[cut], metals[upper])


def _mark_layer(layout: Any, layer: str) -> int:
    """A layer for our own marks on one metal; its numbers are those of no drawn layer."""
    return int(layout.layer(kdb.LayerInfo(f"marks of {layer}")))


def _problems(made: Any) -> list[tuple[str, tuple[float, float] | None]]:
    """What KLayout logs, one message each; indented ones say where the one before them is."""
    found: list[tuple[str, tuple[float, float] | None]] = []
    for entry in made.each_log_entry():
        at = None
        if entry.geometry is not None and not entry.geometry.is_empty():
            center = entry.geometry.bbox().center()
            at = (round(center.x, 4), round(center.y, 4))
        if not entry.message.startswith(("\t", " ")):
            found.append((f"{entry.cell_name}: {entry.message}" if entry.cell_name else entry.message, at))
        elif found and at is not None:
            found[-1] = (found[-1][0], at)
    return found


def cell_transistors(library: Any, name: str, kit: Kit) -> Transistors:
    """A library cell's transistors, from its own shapes alone; bulks are left to the taps of the layout. library: the kit's GDSII.

    Raises DataError for a cell that is not there, whose pins are not on a net each, or whose shapes are not read as transistors.
    """
    if library.cell(name) is None:
        raise DataError("the GDSII of the library lacks a cell", got=name, next_step="neutnngen pdk check")
    layout: Any = kdb.Layout()
    layout.dbu = library.dbu
    cell = layout.create_cell(name)
    cell.copy_tree(library.cell(name))
    master, scale = kit.masters[name], gds_scale(kit, layout.dbu)
    order = list(master.pins)
    places = [(number, rect.layer, middle((rect,), scale)) for number, pin in enumerate(order) for rect in master.pins[pin].rects]
    found = extract_transistors(layout, cell, kit, [Mark(str(number), layer, at.x, at.y) for number, layer, at in places])
    if found.problems:
        raise DataError(f"the shapes of cell {name} are not read as transistors", got=found.problems[0][0])
    numbers: dict[int, int] = {}  # of KLayout's net to ours
    pins: dict[str, int] = {}
    nets = 0
    for net in found.circuit.each_net():
        named = sorted({order[int(word)] for word in net.name.split(",") if word})
        if len(named) > 1:
            raise DataError(f"two pins of cell {name} are on one net", got=", ".join(named))
        # shapes of a pin that the cell does not join are one net: who uses the pin may land on any of them
        number = pins.get(named[0], nets) if named else nets
        nets = max(nets, number + 1)
        numbers[net.cluster_id] = number
        pins |= dict.fromkeys(named, number)
    for pin in order:
        if pin not in pins:
            pins[pin], nets = nets, nets + 1
    devices = []
    for device in found.circuit.each_device():
        source, gate, drain = (numbers[device.net_for_terminal(terminal).cluster_id] for terminal in ("S", "G", "D"))
        devices.append(Transistor(device.device_class().name, source, gate, drain, device.parameter("W"), device.parameter("L")))
    return Transistors(name, nets, pins, tuple(devices))
