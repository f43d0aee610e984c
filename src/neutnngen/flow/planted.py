"""Can the checks of a layout fail? Faults are planted in a finished block one at a time, and every check says what it finds of each."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from neutnngen.errors import CheckFailed, ConfigError
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block, Net, Wire
from neutnngen.place_route.drc import check_connectivity, check_geometry
from neutnngen.place_route.gds import write_gds
from neutnngen.place_route.ir_drop import ir_drop
from neutnngen.place_route.lvs import compare_layout
from neutnngen.place_route.lvs_devices import compare_devices
from neutnngen.place_route.placement_check import check_placement

NEAR_UM = 3.0
"""A finding this near to a fault is of it."""
MOST_INSTANCES = 5_000
"""Instances, fillers included, up to which transistors are compared for every fault: some ten seconds each."""


class Fault(NamedTuple):
    """One planted fault. names: of the nets and instances that it concerns; place: micrometres."""

    kind: str
    what: str
    names: tuple[str, ...]
    place: tuple[float, float]


class Finding(NamedTuple):
    """What a check reports. names and places: all that the report names, micrometres."""

    check: str
    text: str
    names: tuple[str, ...]
    place: tuple[float, float] | None


@dataclass(frozen=True)
class Outcome:
    """caught: what the checks say of the fault itself, one finding for each check that sees it."""

    fault: Fault
    caught: tuple[Finding, ...]


Plant = Callable[[Block, Kit, random.Random], Fault | None]


def run_planted(
    block: Block, netlist: Path, kit: Kit, folder: Path, *, seed: int = 0, progress: Callable[[int, int], None] | None = None
) -> tuple[Outcome, ...]:
    """Plant every kind of fault once, each in a fresh copy of a clean block, and run all checks on it.

    netlist: of the clean block; folder: gets a GDSII file for each fault. A kind for which the block has no place is left out.

    Raises
    ------
    CheckFailed: the block is not clean without a fault, so a finding would prove nothing.
    ConfigError: the block has no place for any fault.
    """
    tell = progress or (lambda _done, _total: None)
    folder.mkdir(parents=True, exist_ok=True)
    clean = find_all(block, netlist, kit, folder / "clean.gds")
    if clean:
        raise CheckFailed("the layout has faults before any is planted", got="; ".join(f.text for f in clean[:3]), allowed="a clean layout")
    outcomes = []
    for number, plant in enumerate(PLANTS, 1):
        wrong = block.copy()
        fault = plant(wrong, kit, random.Random(seed))
        if fault is not None:
            found = find_all(wrong, netlist, kit, folder / f"{fault.kind.replace(' ', '_')}.gds")
            of_fault = [finding for finding in found if _of(finding, fault)]
            outcomes.append(Outcome(fault, tuple({finding.check: finding for finding in reversed(of_fault)}.values())))
        tell(number, len(PLANTS))
    if not outcomes:
        raise ConfigError("the block has no place for a fault", got=block.name, next_step="take a block with wires and cells")
    return tuple(outcomes)


def find_all(block: Block, netlist: Path, kit: Kit, gds: Path) -> list[Finding]:
    """Findings of placement check, geometry, connectivity, layout against netlist, transistors against netlist where the kit describes them
    and the block is small, and supplies without a way to a pad."""
    found = [
        Finding("placement", f"{p.rule}: {', '.join(p.instances)}", p.instances, (p.x_um, p.y_um)) for p in check_placement(block, kit)
    ]
    for check, violations in (("DRC", check_geometry(block, kit)), ("connectivity", check_connectivity(block, kit))):
        for v in violations:
            middle = ((v.rect[0] + v.rect[2]) / 2, (v.rect[1] + v.rect[3]) / 2)
            names = (*v.nets, *(name.removeprefix("inside ") for name in v.nets))
            found.append(Finding(check, f"{v.rule} on {v.layer} of {', '.join(v.nets)}", names, middle))
    write_gds(block, kit, gds)
    for f in compare_layout(gds, netlist, kit).findings:
        found.append(Finding("LVS", f"{f.kind}: {f.what}", (*f.nets, *f.what.replace("(", " ").split()), f.place))
    if _transistors_compared(block, kit):
        for f in compare_devices(gds, netlist, kit).findings:
            found.append(Finding("transistors", f"{f.kind}: {f.what}", f.nets, f.place))
    dbu = kit.technology.dbu
    power = {i.name: 1e-9 for i in block.instances.values() if i.kind not in ("filler", "tap")}
    for drop in ir_drop(block, kit, power):
        for r in drop.open_metal:
            place = ((r.x0 + r.x1) / 2 / dbu, (r.y0 + r.y1) / 2 / dbu)
            found.append(Finding("supply", f"{drop.net} on {r.layer} has no way to a pad", (drop.net,), place))
        found += [Finding("supply", f"{name} has no way to a pad of {drop.net}", (drop.net, name), None) for name in drop.open_instances]
    return found


def _transistors_compared(block: Block, kit: Kit) -> bool:
    return kit.devices is not None and len(block.instances) <= MOST_INSTANCES


def _of(finding: Finding, fault: Fault) -> bool:
    """Whether a finding names what is wrong, or lies where it is."""
    if set(finding.names) & set(fault.names):
        return True
    return finding.place is not None and all(abs(a - b) <= NEAR_UM for a, b in zip(finding.place, fault.place, strict=True))


def _choose(items: Sequence[Net], chance: random.Random) -> list[Net]:
    """All of them in an order by chance."""
    return chance.sample(items, len(items))


def _um(kit: Kit, x: int, y: int) -> tuple[float, float]:
    return kit.technology.to_um(x), kit.technology.to_um(y)


def _signals(block: Block) -> list[Net]:
    return [net for net in block.nets.values() if net.use == "signal" and net.wires and net.vias and len(net.pins) > 1]


def remove_via(block: Block, kit: Kit, chance: random.Random) -> Fault | None:
    """Take one of the two vias that join the pins of a net of two pins to its wires."""
    order = list(kit.technology.layers)
    for net in _choose([net for net in _signals(block) if len(net.pins) == 2], chance):
        cuts = [order.index(kit.technology.vias[via.name].cut) for via in net.vias]
        lowest = [via for via, cut in zip(net.vias, cuts, strict=True) if cut == min(cuts)]
        if len(lowest) == 2:
            via = lowest[0]
            net.vias.remove(via)
            return Fault("via removed", f"{via.name} of net {net.name}", (net.name,), _um(kit, via.x, via.y))
    return None


def short_wires(block: Block, kit: Kit, chance: random.Random) -> Fault | None:
    """Lengthen a wire until it meets the nearest wire of another net on its layer."""
    found: tuple[int, Net, Net, Wire, Wire] | None = None
    for net in _choose(_signals(block), chance)[:40]:
        for wire in net.wires:
            for other in _signals(block):
                for target in other.wires if other is not net else ():
                    if target.layer != wire.layer or wire.y0 != wire.y1 or target.y0 != target.y1 or wire.y0 == target.y0:
                        continue
                    if max(wire.x0, target.x0) > min(wire.x1, target.x1):
                        continue
                    gap = abs(wire.y0 - target.y0)
                    if found is None or gap < found[0]:
                        found = (gap, net, other, wire, target)
        if found is not None:
            break
    if found is None:
        return None
    _, net, other, wire, target = found
    x = (max(wire.x0, target.x0) + min(wire.x1, target.x1)) // 2
    low, high = sorted((wire.y0, target.y0))
    net.wires.append(Wire(wire.layer, x, low, x, high, wire.width, wire.extend))
    return Fault(
        "wires shorted", f"{net.name} with {other.name} on {wire.layer}", (net.name, other.name), _um(kit, x, (wire.y0 + target.y0) // 2)
    )


def move_cell(block: Block, kit: Kit, chance: random.Random) -> Fault | None:
    """Move a cell by half a site."""
    cells = [instance for instance in block.instances.values() if instance.kind == "logic"]
    if not cells:
        return None
    cell = chance.choice(cells)
    cell.x += kit.technology.sites[kit.roles.core_site].width // 2
    return Fault("cell off grid", f"{cell.name} ({cell.master}) by half a site", (cell.name,), _um(kit, cell.x, cell.y))


def swap_cell(block: Block, kit: Kit, chance: random.Random) -> Fault | None:
    """Replace a cell by another one of the same size and pins with another function."""
    cells = [instance for instance in block.instances.values() if instance.kind == "logic"]
    for cell in chance.sample(cells, len(cells)):
        master = kit.masters[cell.master]
        for name, other in kit.masters.items():
            same = (other.width, other.height) == (master.width, master.height) and set(other.pins) == set(master.pins)
            if name != cell.master and same and name in kit.cells:
                what = f"{cell.name}: {name} in place of {cell.master}"
                cell.master = name
                return Fault("wrong cell", what, (cell.name,), _um(kit, cell.x, cell.y))
    return None


def cut_rail(block: Block, kit: Kit, chance: random.Random) -> Fault | None:
    """Take all vias away from one rail."""
    roles = kit.roles
    net = block.nets.get(chance.choice((roles.power_net, roles.ground_net)))
    rails = [wire for wire in net.wires if wire.layer == kit.straps.rail_layer] if net else []
    if net is None or not rails:
        return None
    rail = chance.choice(rails)
    box = rail.rect()
    on_rail = {
        via
        for via in net.vias
        if kit.technology.vias[via.name].lower == rail.layer and box.x0 <= via.x <= box.x1 and box.y0 <= via.y <= box.y1
    }
    net.vias = [via for via in net.vias if via not in on_rail]
    middle = _um(kit, (box.x0 + box.x1) // 2, (box.y0 + box.y1) // 2)
    return Fault("rail cut off", f"{len(on_rail)} vias of {net.name} at y = {middle[1]:g} um", (net.name,), middle)


def join_gates(block: Block, kit: Kit, chance: random.Random) -> Fault | None:
    """Draw poly across a cell, which joins its gates; only the comparison of transistors can see it."""
    poly = next((layer for layer in kit.technology.layers.values() if kit.devices and layer.gds == kit.devices.poly), None)
    cells = [i for i in block.instances.values() if i.kind == "logic" and _inputs(kit, i.master) > 1]
    if poly is None or not cells or not _transistors_compared(block, kit):
        return None
    cell = chance.choice(cells)
    master = kit.masters[cell.master]
    y = cell.y + master.height // 2
    # of a net without pins: nobody misses a connection
    strip = Wire(poly.name, cell.x, y, cell.x + master.width, y, kit.technology.to_dbu(0.05), 0)
    block.nets["planted"] = Net("planted", wires=[strip])
    return Fault("gates joined", f"{poly.name} across {cell.name} ({cell.master})", (), _um(kit, cell.x + master.width // 2, y))


def _inputs(kit: Kit, master: str) -> int:
    return sum(pin.direction == "input" for pin in kit.masters[master].pins.values())


PLANTS: tuple[Plant, ...] = (remove_via, short_wires, move_cell, swap_cell, cut_rail, join_gates)
