"""Trees of buffers for nets with many sinks, and stronger drivers for heavy loads."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block, Instance, Net, PinRef
from neutnngen.place_route.wiring import buffer_pins, centre, cluster, load, pick_buffer, pin_place, split_net

DRIVE_SHARE = 0.35
"""Share of a pin's largest load up to which a driver is left as it is."""


@dataclass(frozen=True)
class BufferReport:
    nets: int
    buffers: int
    resized: int


def add_buffer(block: Block, kit: Kit, name: str, cell: str, at: tuple[int, int], source: Net, sinks: list[PinRef]) -> Net:
    """Insert a buffer at ``at`` that takes ``sinks`` over from ``source``; returns its new net. Changes ``block`` in place."""
    entry, exit_ = buffer_pins(kit, cell)
    kind = "clock" if source.use == "clock" else "buffer"
    master = kit.masters[cell]
    x, y = at[0] - master.width // 2, at[1] - master.height // 2
    block.instances[name] = Instance(name, cell, x, y, "N", placed=True, kind=kind)  # type: ignore[arg-type]
    moved = set(sinks)
    source.pins = [ref for ref in source.pins if ref not in moved] + [PinRef(name, entry)]
    net = Net(f"{name}_net", source.use, [PinRef(name, exit_), *sinks])
    block.nets[net.name] = net
    return net


def tidy(name: str) -> str:
    """A net's name made fit for an instance name."""
    return re.sub(r"\W+", "_", name).strip("_")


def buffer_fanout(block: Block, kit: Kit, *, max_fanout: int = 16) -> tuple[Block, BufferReport]:
    """Give every signal net at most ``max_fanout`` sinks, by buffers at the middle of near sinks, level by level."""
    made = block.copy()
    nets = buffers = 0
    for name in list(made.nets):
        net = made.nets[name]
        if net.use != "signal" or len(net.pins) - 1 <= max_fanout:
            continue
        nets += 1
        level = 0
        while True:
            # an output port stays on the net of its name
            sinks = [ref for ref in split_net(made, kit, net)[1] if ref.instance is not None]
            if len(sinks) <= max_fanout:
                break
            places = [pin_place(made, kit, ref) for ref in sinks]
            for k, group in enumerate(cluster(places, max_fanout)):
                label = f"buf_{tidy(name)}_{level}_{k}"
                members = [sinks[i] for i in group]
                at = centre([places[i] for i in group])
                tree = add_buffer(made, kit, label, kit.roles.buffers[0], at, net, members)
                made.instances[label].master = pick_buffer(kit, kit.roles.buffers, load(made, kit, tree), DRIVE_SHARE)
                buffers += 1
            level += 1
    made, resized = size_drivers(made, kit)
    return made, BufferReport(nets, buffers, resized)


@functools.cache
def _strengths(names: frozenset[str], base: str) -> tuple[tuple[int, str], ...]:
    pattern = re.compile(re.escape(base) + r"(\d+)")
    return tuple(sorted((int(m[1]), name) for name in names if (m := pattern.fullmatch(name))))


def variants(kit: Kit, cell: str) -> list[str]:
    """Cells of the same name but for the drive strength, weak to strong."""
    base = re.fullmatch(r"(.*_X)(\d+)", cell)
    if base is None:
        return [cell]
    pins = set(kit.cells[cell].pins)
    found = _strengths(frozenset(kit.cells), base[1])
    return [name for _, name in found if name in kit.masters and set(kit.cells[name].pins) == pins]


def size_drivers(block: Block, kit: Kit, share: float = DRIVE_SHARE) -> tuple[Block, int]:
    """Replace drivers whose load exceeds ``share`` of their largest by stronger ones of the same function; clock buffers are left."""
    made = block.copy()
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
        choice = variants(kit, wanted)
        for candidate in choice[choice.index(wanted) + 1 :]:
            wanted = candidate
            limit = kit.cells[candidate].pins[driver.pin].max_capacitance
            if limit is None or weight <= share * limit:
                break
        if wanted != instance.master:
            instance.master = wanted
            resized += 1
    return made, resized
