"""Layout against netlist at the level of cells, from the GDSII file alone.

Connectivity is extracted from drawn metal: all routing and cut layers of the top cell and the metal of the library cells, which are black
boxes whose terminals are the pin shapes of LEF. Where everything is made of rectangles :mod:`lvs_connect` does it with arrays, else
KLayout's ``LayoutToNetlist``; both give the same findings. The comparison is by the names of instances and pins
(GDSII property of each reference, see :mod:`neutnngen.place_route.gds`), so every finding says which net, which pin and where. Supplies are
compared like any net: each instance's supply pins must be on the one net that is labelled with the supply's name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from neutnngen.errors import CheckFailed
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block
from neutnngen.place_route.gds import gds_scale
from neutnngen.place_route.lvs_connect import NotRectilinear
from neutnngen.place_route.lvs_layout import DrawnLayout, LvsFinding, Terminal, first_findings, read_top
from neutnngen.place_route.lvs_polygons import extract_polygons
from neutnngen.place_route.lvs_rectangles import extract_rectangles
from neutnngen.place_route.verilog_netlist import read_netlist


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
            got = first_findings(self.findings, len(self.findings))
            raise CheckFailed("the layout does not match the netlist", got=got, allowed="no difference")


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


def _extract(gds: Path, top_name: str, kit: Kit) -> DrawnLayout:
    layout, top = read_top(gds, top_name)
    scale = gds_scale(kit, layout.dbu)
    with suppress(NotRectilinear):
        return extract_rectangles(layout, top, kit, scale)
    return extract_polygons(layout, top, kit, scale)


# --------------------------------------------------------------------------------------------------------------------------- compare


def _wanted(block: Block, drawn: DrawnLayout, kit: Kit) -> dict[Terminal, str]:
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


def _compare_instances(block: Block, drawn: DrawnLayout, kit: Kit) -> Iterator[LvsFinding]:
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


def _somewhere(name: str, drawn: DrawnLayout) -> tuple[float, float] | None:
    return next((place for (owner, _), place in drawn.places.items() if owner == name), None)


def _compare_nets(drawn: DrawnLayout, wanted: dict[Terminal, str]) -> Iterator[LvsFinding]:
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


def _between(one: list[Terminal], other: list[Terminal], drawn: DrawnLayout) -> tuple[float, float]:
    """Middle of the closest two terminals (of the first hundred each): the short is likely to be near."""
    pairs = ((drawn.places[a], drawn.places[b]) for a in one[:100] for b in other[:100])
    a, b = min(pairs, key=lambda pair: abs(pair[0][0] - pair[1][0]) + abs(pair[0][1] - pair[1][1]))
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2


def _text(terminal: Terminal) -> str:
    return f"port {terminal[1]}" if terminal[0] is None else f"{terminal[0]}/{terminal[1]}"


def _list(terminals: list[Terminal]) -> str:
    more = f" and {len(terminals) - 4} more" if len(terminals) > 4 else ""
    return ", ".join(_text(terminal) for terminal in terminals[:4]) + more
