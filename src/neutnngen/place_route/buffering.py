"""Trees of buffers for nets with many sinks, and stronger drivers for heavy loads."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

from neutnngen.errors import ConfigError
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block, Instance, Net, PinRef
from neutnngen.place_route.wiring import (
    buffer_pins,
    centre,
    cluster,
    load,
    pick_buffer,
    pin_capacitance,
    pin_place,
    routed_length,
    split_net,
    wire_capacitance,
)

DRIVE_SHARE = 0.35
"""Share of a pin's largest load up to which a driver is left as it is."""


@dataclass(frozen=True)
class BufferReport:
    nets: int
    buffers: int
    resized: int


def release(net: Net, sinks: list[PinRef]) -> None:
    """Take sinks off a net in place, for buffers that get them in groups: once for all of them where a net has thousands."""
    gone = set(sinks)
    net.pins = [ref for ref in net.pins if ref not in gone]


def add_buffer(
    block: Block, kit: Kit, name: str, cell: str, at: tuple[int, int], source: Net, sinks: list[PinRef], *, released: bool = False
) -> Net:
    """Insert a buffer at ``at`` that takes ``sinks`` over from ``source``; returns its new net. Changes ``block`` in place.

    released: the sinks were taken off the source already.
    """
    entry, exit_ = buffer_pins(kit, cell)
    kind = "clock" if source.use == "clock" else "buffer"
    master = kit.masters[cell]
    x, y = at[0] - master.width // 2, at[1] - master.height // 2
    block.instances[name] = Instance(name, cell, x, y, "N", placed=True, kind=kind)  # type: ignore[arg-type]
    if not released:
        release(source, sinks)
    source.pins.append(PinRef(name, entry))
    net = Net(f"{name}_net", source.use, [PinRef(name, exit_), *sinks])
    block.nets[net.name] = net
    return net


def tidy(name: str) -> str:
    """A net's name made fit for an instance name."""
    return re.sub(r"\W+", "_", name).strip("_")


def fresh(block: Block, label: str) -> str:
    """``label``, lengthened where an instance or the net of a buffer has it: tidy names of different nets may agree."""
    while label in block.instances or f"{label}_net" in block.nets:
        label += "_"
    return label


def _lighten(
    block: Block, kit: Kit, sinks: list[PinRef], places: list[tuple[int, int]], groups: list[list[int]], limit: float
) -> list[list[int]]:
    """Groups of sinks halved until each loads a buffer in its middle with at most ``limit`` fF, or is one sink."""
    found = []
    todo = list(reversed(groups))
    while todo:
        group = todo.pop()
        if len(group) > 1 and group_load(block, kit, [sinks[i] for i in group], [places[i] for i in group]) > limit:
            halves = cluster([places[i] for i in group], -(-len(group) // 2))
            todo.extend([group[i] for i in half] for half in reversed(halves))
        else:
            found.append(group)
    return found


def group_load(block: Block, kit: Kit, sinks: list[PinRef], places: list[tuple[int, int]]) -> float:
    """fF of the sinks at these places and of a wire that joins them (ESTIMATED)."""
    xs, ys = [p[0] for p in places], [p[1] for p in places]
    wire = routed_length(kit.technology.to_um(max(xs) - min(xs) + max(ys) - min(ys)), len(places) + 1) * wire_capacitance(kit)
    return wire + sum(pin_capacitance(block, kit, ref) for ref in sinks)


def buffer_fanout(block: Block, kit: Kit, *, max_fanout: int = 16, max_cap_ff: float | None = None) -> tuple[Block, BufferReport]:
    """Give every signal net at most ``max_fanout`` sinks, by buffers at the middle of near sinks, level by level.

    max_cap_ff: where given, groups are made smaller until pins and estimated wire load each buffer with no more than that, and nets of
    several cells that load their driver with more get buffers too. Raises ConfigError where a group would have fewer than two members.
    """
    if max_fanout < 2:
        raise ConfigError("layout.max_fanout is out of range", got=max_fanout, allowed="at least 2")
    if max_cap_ff is not None and max_cap_ff <= 0:
        raise ConfigError("the largest load must be above 0", got=f"{max_cap_ff} fF")
    made = block.copy()
    nets = buffers = 0
    for name in list(made.nets):
        net = made.nets[name]
        if net.use != "signal":
            continue
        level = 0
        while True:
            # an output port stays on the net of its name
            sinks = [ref for ref in split_net(made, kit, net)[1] if ref.instance is not None]
            heavy = max_cap_ff is not None and load(made, kit, net) > max_cap_ff
            if len(sinks) <= max_fanout and not heavy:
                break
            places = [pin_place(made, kit, ref) for ref in sinks]
            groups = cluster(places, max_fanout)
            if max_cap_ff is not None:
                lighter = _lighten(made, kit, sinks, places, groups, max_cap_ff)
                groups = lighter if len(lighter) < len(sinks) else groups
                if len(sinks) <= max_fanout and len(lighter) == len(sinks):
                    break  # one buffer for each sink would not make the net lighter
            nets += level == 0
            release(net, sinks)
            for k, group in enumerate(groups):
                label = fresh(made, f"buf_{tidy(name)}_{level}_{k}")
                members = [sinks[i] for i in group]
                at = centre([places[i] for i in group])
                tree = add_buffer(made, kit, label, kit.roles.buffers[0], at, net, members, released=True)
                made.instances[label].master = pick_buffer(kit, kit.roles.buffers, load(made, kit, tree), DRIVE_SHARE)
                buffers += 1
            level += 1
    made, resized = size_drivers(made, kit)
    return made, BufferReport(nets, buffers, resized)


def strengths(kit: Kit) -> dict[str, tuple[str, ...]]:
    """For every usable cell, all of the same function and pins by their largest load, weak to strong."""
    groups: dict[object, list[str]] = defaultdict(list)
    for name, cell in kit.cells.items():
        if not cell.dont_use and name in kit.masters:
            functions = frozenset((pin.name, pin.direction, pin.function) for pin in cell.pins.values())
            groups[cell.sequential, functions].append(name)
    found: dict[str, tuple[str, ...]] = {}
    for members in groups.values():
        ordered = tuple(sorted(members, key=lambda name: (_largest_load(kit, name), kit.cells[name].area, name)))
        found |= dict.fromkeys(members, ordered)
    return found


def _largest_load(kit: Kit, cell: str) -> float:
    return max((pin.max_capacitance or 0.0 for pin in kit.cells[cell].pins.values()), default=0.0)


def size_drivers(block: Block, kit: Kit, share: float = DRIVE_SHARE) -> tuple[Block, int]:
    """Replace drivers whose load exceeds ``share`` of their largest by stronger ones of the same function; clock buffers are left."""
    made = block.copy()
    choices = strengths(kit)
    resized = 0
    for net in made.nets.values():
        if net.use != "signal":
            continue
        driver, _ = split_net(made, kit, net)
        if driver is None or driver.instance is None:
            continue
        instance = made.instances[driver.instance]
        weight = load(made, kit, net)
        wanted = instance.master
        limit = kit.cells[wanted].pins[driver.pin].max_capacitance
        if limit is None or weight <= share * limit:
            continue
        choice = choices.get(wanted, (wanted,))
        for candidate in choice[choice.index(wanted) + 1 :]:
            wanted = candidate
            limit = kit.cells[candidate].pins[driver.pin].max_capacitance
            if limit is None or weight <= share * limit:
                break
        if wanted != instance.master:
            instance.master = wanted
            resized += 1
    return made, resized
