"""Layout against netlist at the level of cells, from the GDSII file alone.

Connectivity is extracted from drawn metal by KLayout's ``LayoutToNetlist``: all routing and cut layers of the top cell and the metal of
the library cells, which are black boxes whose terminals are the pin shapes of LEF. The comparison is by the names of instances and pins
(GDSII property of each reference, see :mod:`neutnngen.place_route.gds`), so every finding says which net, which pin and where. Supplies are
compared like any net: each instance's supply pins must be on the one net that is labelled with the supply's name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import klayout.db as kdb

from neutnngen.errors import CheckFailed, DataError
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block
from neutnngen.place_route.gds import INSTANCE_PROPERTY, gds_scale
from neutnngen.place_route.verilog_netlist import read_netlist

FindingKind = Literal["short", "open", "missing instance", "extra instance", "wrong cell", "missing port", "extra port", "internal metal"]
_Key = tuple[str, int, int, int, bool]
Terminal = tuple[str | None, str]  # (instance, pin); (None, port)


@dataclass(frozen=True)
class LvsFinding:
    """One difference; ``nets`` are names of the netlist, ``place`` is in micrometres where there is one."""

    kind: FindingKind
    what: str
    nets: tuple[str, ...] = ()
    place: tuple[float, float] | None = None


@dataclass(frozen=True)
class LvsResult:
    """Outcome of a comparison, with what was compared so that "clean" cannot mean "empty"."""

    findings: tuple[LvsFinding, ...]
    instances: int  # in the layout
    nets: int  # of the netlist, supplies included
    terminals: int  # pins and ports compared

    @property
    def clean(self) -> bool:
        return not self.findings

    def require_clean(self) -> None:
        """Raise :class:`CheckFailed` with the first findings unless the layout is that of the netlist."""
        if self.findings:
            shown = "; ".join(_line(finding) for finding in self.findings[:5])
            more = f" and {len(self.findings) - 5} more" if len(self.findings) > 5 else ""
            raise CheckFailed("the layout does not match the netlist", got=shown + more, allowed="no difference")


def _line(finding: LvsFinding) -> str:
    place = "" if finding.place is None else f" at ({finding.place[0]:.3f}, {finding.place[1]:.3f}) um"
    return f"{finding.kind}: {finding.what}{place}"


@dataclass
class _Layout:
    """What was extracted: groups of terminals that metal joins, and where each terminal is."""

    masters: dict[str, str]  # instance -> cell
    groups: dict[Terminal, int]  # terminal -> number of the extracted net; absent where no metal but its own touches it
    places: dict[Terminal, tuple[float, float]]
    touched: list[tuple[str, int]]  # instance whose inner metal lies on the extracted net of this number
    problems: list[LvsFinding]


def compare_layout(gds: Path, netlist: Path, kit: Kit) -> LvsResult:
    """Compare a GDSII file of :func:`write_gds` with a flat gate netlist.

    Cells without signal pins (fillers, taps) may be in the layout although the netlist leaves them out; their supplies are checked all the
    same. Raises :class:`DataError` or :class:`ConfigError` where a file cannot be read; differences are findings, not errors.
    """
    block = read_netlist(netlist, kit)
    drawn = _extract(gds, block.name, kit)
    wanted = _wanted(block, drawn, kit)
    findings = [*drawn.problems, *_compare_instances(block, drawn, kit), *_compare_nets(drawn, wanted)]
    return LvsResult(tuple(findings), len(drawn.masters), len(set(wanted.values())), len(wanted))


# --------------------------------------------------------------------------------------------------------------------------- extract


def _extract(gds: Path, top_name: str, kit: Kit) -> _Layout:
    layout: Any = kdb.Layout()
    try:
        layout.read(str(gds))
    except RuntimeError as problem:
        raise DataError(f"cannot read {gds}", got=problem) from problem
    top = layout.cell(top_name)
    if top is None:
        present = ", ".join(cell.name for cell in layout.top_cells())
        raise DataError(f"{gds.name} has no cell of the netlist's name", got=present, allowed=top_name)
    scale = gds_scale(kit, layout.dbu)
    _flatten_wiring(layout, top, kit)
    names, result = _instances(layout, top, kit, scale)
    labels = _mark_terminals(layout, top, kit, scale)
    for port, place in labels:
        if (None, port) in result.places:
            result.problems.append(LvsFinding("extra port", f"the label {port} appears twice", (), place))
        result.places[None, port] = place
    _read_nets(_extract_netlist(layout, top, kit), top_name, layout.dbu, names, [port for port, _ in labels], kit, result)
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


def _instances(layout: Any, top: Any, kit: Kit, scale: int) -> tuple[dict[_Key, str], _Layout]:
    """Names of the cell references by cell and placement, and the places of their pins."""
    result = _Layout({}, {}, {}, [], [])
    names: dict[_Key, str] = {}
    unit = layout.dbu
    middles = {
        name: {pin.name: _middle(pin.rects, scale) for pin in kit.masters[name].pins.values() if pin.rects}
        for name in {cell.name for cell in layout.each_cell()} & kit.masters.keys()
    }
    for reference in top.each_inst():
        cell = reference.cell.name
        place = (reference.bbox().center().x * unit, reference.bbox().center().y * unit)
        name = reference.property(INSTANCE_PROPERTY)
        key = _key(cell, reference.trans, 1)
        if not isinstance(name, str) or name in result.masters or key in names:
            why = "has no name" if not isinstance(name, str) else "is there twice" if name in result.masters else "lies on another one"
            result.problems.append(LvsFinding("extra instance", f"a reference to {cell} ({name}) {why}", (), place))
            name = f"{name}@{place[0]:.3f},{place[1]:.3f}"
        names[key] = name
        result.masters[name] = cell
        for pin, middle in middles[cell].items():
            at = reference.trans * middle
            result.places[name, pin] = (round(at.x * unit, 6), round(at.y * unit, 6))
    return names, result


def _middle(rects: tuple[Any, ...], scale: int) -> Any:
    largest = max(rects, key=lambda r: (r.x1 - r.x0) * (r.y1 - r.y0))
    return kdb.Point(scale * (largest.x0 + largest.x1) // 2, scale * (largest.y0 + largest.y1) // 2)


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
                at = _middle((rect,), scale)
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
    # cuts below the lowest metal join what only cells have
    joining = {via.cut for via in kit.technology.vias.values()}
    layers = [layer for layer in kit.technology.layers.values() if layer.kind == "routing" or layer.name in joining]
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


def _key(cell: str, trans: Any, unit: float) -> tuple[str, int, int, int, bool]:
    """Cell and placement of a reference; ``trans`` counts in ``unit`` per database unit of the layout."""
    quarter = round(trans.angle / 90) % 4 if isinstance(trans, kdb.DCplxTrans) else trans.angle
    return cell, round(trans.disp.x / unit), round(trans.disp.y / unit), quarter, trans.is_mirror()


def _read_nets(extractor: Any, top_name: str, unit: float, names: dict[_Key, str], labels: list[str], kit: Kit, result: _Layout) -> None:
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
                owner = owners[subcircuit.id()] = names[_key(subcircuit.circuit_ref().name, subcircuit.trans, unit)]
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


# --------------------------------------------------------------------------------------------------------------------------- compare


def _wanted(block: Block, drawn: _Layout, kit: Kit) -> dict[Terminal, str]:
    """Terminal -> net as the netlist has it, for every port and for every pin of an instance that is drawn."""
    roles = kit.roles
    wanted: dict[Terminal, str] = {(None, roles.power_net): roles.power_net, (None, roles.ground_net): roles.ground_net}
    for net in block.nets.values():
        for ref in net.pins:
            if ref.instance is None or ref.instance in drawn.masters:
                wanted[ref.instance, ref.pin] = net.name
    for name, cell in drawn.masters.items():
        for pin in kit.masters[cell].pins.values():
            if pin.use in ("power", "ground"):
                wanted[name, pin.name] = roles.power_net if pin.use == "power" else roles.ground_net
            else:
                wanted.setdefault((name, pin.name), f"(no net of {name}/{pin.name})")
    return wanted


def _compare_instances(block: Block, drawn: _Layout, kit: Kit) -> Iterator[LvsFinding]:
    for name, instance in block.instances.items():
        cell = drawn.masters.get(name)
        if cell is None:
            yield LvsFinding("missing instance", f"{name} ({instance.master}) is in the netlist, not in the layout")
        elif cell != instance.master:
            yield LvsFinding("wrong cell", f"{name} is {instance.master} in the netlist, {cell} in the layout", (), _somewhere(name, drawn))
    for name, cell in drawn.masters.items():
        if name not in block.instances and any(pin.use in ("signal", "clock") for pin in kit.masters[cell].pins.values()):
            yield LvsFinding("extra instance", f"{name} ({cell}) is in the layout, not in the netlist", (), _somewhere(name, drawn))
    legal = {*block.ports, kit.roles.power_net, kit.roles.ground_net}
    for port in sorted(legal):
        if (None, port) not in drawn.places:
            yield LvsFinding("missing port", f"no label {port} in the layout", (port,))
    for (owner, pin), place in drawn.places.items():
        if owner is None and pin not in legal:
            yield LvsFinding("extra port", f"the label {pin} is no port of the netlist", (), place)


def _somewhere(name: str, drawn: _Layout) -> tuple[float, float] | None:
    return next((place for (owner, _), place in drawn.places.items() if owner == name), None)


def _compare_nets(drawn: _Layout, wanted: dict[Terminal, str]) -> Iterator[LvsFinding]:
    """Opens: one net in several groups. Shorts: one group with several nets."""
    pieces: dict[str, dict[int, list[Terminal]]] = {}
    mixed: dict[int, dict[str, list[Terminal]]] = {}
    for lonely, (terminal, net) in enumerate(wanted.items(), start=1):
        if terminal not in drawn.places:
            continue  # a label or pin that is not drawn is a finding of its own
        group = drawn.groups.get(terminal, -lonely)
        pieces.setdefault(net, {}).setdefault(group, []).append(terminal)
        mixed.setdefault(group, {}).setdefault(net, []).append(terminal)
    for net, parts in pieces.items():
        largest = max(parts.values(), key=len)
        for part in parts.values():
            if part is not largest:
                text = f"net {net}: {len(part)} of {sum(map(len, parts.values()))} pins are cut off from {_text(largest[0])}: "
                yield LvsFinding("open", text + _list(part), (net,), drawn.places[part[0]])
    for nets in mixed.values():
        if len(nets) > 1:
            ends = [f"{net} ({_text(terminals[0])})" for net, terminals in nets.items()]
            one, other = list(nets.values())[:2]
            yield LvsFinding("short", " with ".join(ends[:6]), tuple(nets), _between(one, other, drawn))
    attached = Counter(number for _, number in drawn.touched)
    for owner, number in drawn.touched:
        if number in mixed or attached[number] > 1:
            nets = mixed.get(number, {})
            what = f"metal that is no pin of {owner} ({drawn.masters[owner]}) touches {', '.join(nets) or 'that of another cell'}"
            yield LvsFinding("internal metal", what, tuple(nets), _somewhere(owner, drawn))


def _between(one: list[Terminal], other: list[Terminal], drawn: _Layout) -> tuple[float, float]:
    """Middle of the closest two terminals (of the first hundred each): the short is likely to be near."""
    pairs = ((drawn.places[a], drawn.places[b]) for a in one[:100] for b in other[:100])
    a, b = min(pairs, key=lambda pair: abs(pair[0][0] - pair[1][0]) + abs(pair[0][1] - pair[1][1]))
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2


def _text(terminal: Terminal) -> str:
    return f"port {terminal[1]}" if terminal[0] is None else f"{terminal[0]}/{terminal[1]}"


def _list(terminals: list[Terminal]) -> str:
    more = f" and {len(terminals) - 4} more" if len(terminals) > 4 else ""
    return ", ".join(_text(terminal) for terminal in terminals[:4]) + more
