"""Reading a layout for :mod:`lvs` by KLayout's extractor: any shapes, but slower."""

from __future__ import annotations

from typing import Any

import klayout.db as kdb

from neutnngen.pdk.technology import Kit
from neutnngen.place_route.gds import INSTANCE_PROPERTY
from neutnngen.place_route.lvs_layout import DrawnLayout, Key, LvsFinding, Terminal, joining_layers, middle, placement_key


def extract_polygons(layout: Any, top: Any, kit: Kit, scale: int) -> DrawnLayout:
    """The general way, by KLayout's extractor."""
    _flatten_wiring(layout, top, kit)
    names, result = _instances(layout, top, kit, scale)
    labels = _mark_terminals(layout, top, kit, scale)
    for port, place in labels:
        if (None, port) in result.places:
            result.problems.append(LvsFinding("extra port", f"the label {port} appears twice", (), place))
        result.places[None, port] = place
    _read_nets(_extract_netlist(layout, top, kit), top.name, layout.dbu, names, [port for port, _ in labels], kit, result)
    return result


def _flatten_wiring(layout: Any, top: Any, kit: Kit) -> None:
    """Bring the shapes of via cells (all that is no library cell) into the top cell: they are wiring, not circuits."""
    library = [cell.cell_index() for cell in layout.each_cell() if cell.name in kit.masters]
    wiring = layout.dup()
    wiring.delete_cells(library)
    flat = wiring.cell(top.name)
    flat.flatten(True)
    others = [cell.cell_index() for cell in layout.each_cell() if cell.name not in kit.masters and cell.cell_index() != top.cell_index()]
    keep = {child for index in library for child in layout.cell(index).called_cells()}
    layout.delete_cells([index for index in others if index not in keep])
    top.clear_shapes()
    top.copy_shapes(flat)


def _instances(layout: Any, top: Any, kit: Kit, scale: int) -> tuple[dict[Key, str], DrawnLayout]:
    """Names of the cell references by cell and placement, and the places of their pins."""
    result = DrawnLayout({}, {}, {}, [], [])
    names: dict[Key, str] = {}
    unit = layout.dbu
    middles = {
        name: {pin.name: middle(pin.rects, scale) for pin in kit.masters[name].pins.values() if pin.rects}
        for name in {cell.name for cell in layout.each_cell()} & kit.masters.keys()
    }
    for reference in top.each_inst():
        cell = reference.cell.name
        place = (reference.bbox().center().x * unit, reference.bbox().center().y * unit)
        name = reference.property(INSTANCE_PROPERTY)
        key = placement_key(cell, reference.trans, 1)
        if not isinstance(name, str) or name in result.masters or key in names:
            why = "has no name" if not isinstance(name, str) else "is there twice" if name in result.masters else "lies on another one"
            result.problems.append(LvsFinding("extra instance", f"a reference to {cell} ({name}) {why}", (), place))
            name = f"{name}@{place[0]:.3f},{place[1]:.3f}"
        names[key] = name
        result.masters[name] = cell
        for pin, inside in middles[cell].items():
            at = reference.trans * inside
            result.places[name, pin] = (round(at.x * unit, 6), round(at.y * unit, 6))
    return names, result


def _text_layer(layout: Any, layer: str) -> int:
    """A layer for our own marks on one metal; its numbers are those of no drawn layer."""
    return int(layout.layer(kdb.LayerInfo(f"terminals of {layer}")))


def _mark_terminals(layout: Any, top: Any, kit: Kit, scale: int) -> list[tuple[str, tuple[float, float]]]:
    """Put number texts on the pin shapes of library cells and on the labels of the top cell; returns the labels in order."""
    for cell in layout.each_cell():
        master = kit.masters.get(cell.name)
        if master is None:
            continue
        for number, pin in enumerate(master.pins.values()):
            for rect in pin.rects:
                at = middle((rect,), scale)
                cell.shapes(_text_layer(layout, rect.layer)).insert(kdb.Text(str(number), at.x, at.y))
    labels: list[tuple[str, tuple[float, float]]] = []
    for layer in kit.technology.routing_layers:
        texts = sorted((s.text.x, s.text.y, s.text.string) for s in top.shapes(layout.layer(*layer.gds)).each(kdb.Shapes.STexts))
        for x, y, string in texts:
            top.shapes(_text_layer(layout, layer.name)).insert(kdb.Text(str(len(labels)), x, y))
            labels.append((string, (round(x * layout.dbu, 6), round(y * layout.dbu, 6))))
    return labels


def _extract_netlist(layout: Any, top: Any, kit: Kit) -> Any:
    """Run the extraction: every metal with itself, with its texts and with the cuts beside it."""
    extractor = kdb.LayoutToNetlist(kdb.RecursiveShapeIterator(layout, top, []))
    layers = joining_layers(kit)
    regions = {layer.name: extractor.make_polygon_layer(layout.layer(*layer.gds), layer.name) for layer in layers}
    for layer in layers:
        extractor.connect(regions[layer.name])
        if layer.kind == "routing":
            texts = extractor.make_text_layer(_text_layer(layout, layer.name), f"{layer.name} terminals")
            extractor.connect(regions[layer.name], texts)
    for lower, cut, upper in sorted({(via.lower, via.cut, via.upper) for via in kit.technology.vias.values()}):
        extractor.connect(regions[lower], regions[cut])
        extractor.connect(regions[cut], regions[upper])
    extractor.extract_netlist()
    return extractor


def _read_nets(extractor: Any, top_name: str, unit: float, names: dict[Key, str], labels: list[str], kit: Kit, result: DrawnLayout) -> None:
    """Sort the terminals into groups; disjoint shapes of one pin are one terminal, since the cell joins them inside."""
    circuit = extractor.netlist().circuit_by_name(top_name)
    if circuit is None:
        return
    parent: list[int] = []

    def find(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    pins: dict[tuple[str, int], list[str]] = {}
    owners: dict[int, str] = {}
    for number, net in enumerate(circuit.each_net()):
        parent.append(number)
        terminals: list[Terminal] = [(None, labels[i]) for i in _marks(net.name)]
        for connection in net.each_subcircuit_pin():
            subcircuit = connection.subcircuit()
            owner = owners.get(subcircuit.id())
            if owner is None:
                owner = owners[subcircuit.id()] = names[placement_key(subcircuit.circuit_ref().name, subcircuit.trans, unit)]
            cell = result.masters[owner]
            pin = cell, connection.pin_id()
            if pin not in pins:
                inner = subcircuit.circuit_ref().net_for_pin(connection.pin_id())
                order = list(kit.masters[cell].pins)
                pins[pin] = [order[i] for i in _marks(inner.name)]
            if pins[pin]:
                terminals += [(owner, name) for name in pins[pin]]
            else:
                result.touched.append((owner, number))
        for terminal in terminals:
            other = result.groups.setdefault(terminal, number)
            parent[find(other)] = find(number)
    result.groups = {terminal: find(number) for terminal, number in result.groups.items()}
    result.touched = [(owner, find(number)) for owner, number in result.touched]


def _marks(name: str) -> list[int]:
    """Numbers that our texts gave to an extracted net; the extractor joins several with commas."""
    return sorted({int(word) for word in name.split(",")}) if name else []
