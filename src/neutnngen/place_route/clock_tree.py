"""The clock tree: clusters of near flip-flops, level by level, every flip-flop at the same depth."""

from __future__ import annotations

from dataclasses import dataclass

from neutnngen.errors import ConfigError
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block, Net, PinRef
from neutnngen.place_route.buffering import add_buffer, fresh, release, tidy
from neutnngen.place_route.wiring import (
    DETOUR,
    centre,
    cluster,
    load,
    pick_buffer,
    pin_capacitance,
    pin_place,
    split_net,
    wire_capacitance,
    wire_resistance,
)

LEAF_SHARE = 0.6


@dataclass(frozen=True)
class ClockTreeReport:
    """What was built; what it does, the timing engine measures.

    depth: buffers from the clock port to every sink. smallest_leaf, largest_leaf: sinks of a buffer of the last level.
    wire_skew_ps: difference of the wires' delays behind the leaf buffers alone (ESTIMATED).
    """

    clocks: int
    sinks: int
    buffers: int
    depth: int
    largest_fanout: int
    wire_skew_ps: float
    smallest_leaf: int = 0
    largest_leaf: int = 0


def build_clock_tree(block: Block, kit: Kit, *, max_fanout: int = 16) -> tuple[Block, ClockTreeReport]:
    """Buffer every clock net. All sinks of a net get the same number of buffers, which are sized for one level alike, so that skew
    stays small.

    Raises ConfigError where a group would have fewer than two members.
    """
    if max_fanout < 2:
        raise ConfigError("layout.max_fanout is out of range", got=max_fanout, allowed="at least 2")
    made = block.copy()
    clocks = sinks = buffers = depth = largest = 0
    skew = 0.0
    leaf_sizes: list[int] = []
    for name in [n.name for n in made.nets.values() if n.use == "clock"]:
        net = made.nets[name]
        leaves = _cells(made, kit, net)
        if not leaves:
            continue
        clocks += 1
        sinks += len(leaves)
        level = 0
        delays: list[float] = []
        while True:
            current = _cells(made, kit, net)
            places = [pin_place(made, kit, ref) for ref in current]
            groups = cluster(places, max_fanout)
            trees: list[Net] = []
            release(net, current)
            for k, group in enumerate(groups):
                label = fresh(made, f"clk_{tidy(name)}_{level}_{k}")
                at = centre([places[i] for i in group])
                trees.append(add_buffer(made, kit, label, kit.roles.clock_buffers[0], at, net, [current[i] for i in group], released=True))
                largest = max(largest, len(group))
            heaviest = max(load(made, kit, tree) for tree in trees)
            cell = pick_buffer(kit, kit.roles.clock_buffers, heaviest, LEAF_SHARE)
            for tree in trees:
                driver, _ = split_net(made, kit, tree)
                assert driver is not None and driver.instance is not None
                made.instances[driver.instance].master = cell
                if level == 0:
                    delays += _wire_delays(made, kit, tree)
                    leaf_sizes.append(len(tree.pins) - 1)
            buffers += len(groups)
            level += 1
            if len(groups) == 1:
                break
        depth = max(depth, level)
        skew = max(skew, max(delays) - min(delays))
    shortest, longest = min(leaf_sizes, default=0), max(leaf_sizes, default=0)
    return made, ClockTreeReport(clocks, sinks, buffers, depth, largest, skew, shortest, longest)


def _cells(block: Block, kit: Kit, net: Net) -> list[PinRef]:
    """Sinks that are cells: an output port stays on the net of its name."""
    return [ref for ref in split_net(block, kit, net)[1] if ref.instance is not None]


def _wire_delays(block: Block, kit: Kit, net: Net) -> list[float]:
    """Elmore delay in ps of a direct wire from the buffer to each sink."""
    driver, sinks = split_net(block, kit, net)
    assert driver is not None
    x0, y0 = pin_place(block, kit, driver)
    result = []
    for ref in sinks:
        x, y = pin_place(block, kit, ref)
        length = kit.technology.to_um(abs(x - x0) + abs(y - y0)) * DETOUR
        resistance = length * wire_resistance(kit)
        result.append(resistance * (length * wire_capacitance(kit) / 2 + pin_capacitance(block, kit, ref)) * 1e-3)
    return result


def clock_sinks(block: Block, kit: Kit) -> list[PinRef]:
    """Clock pins of all flip-flops."""
    return [
        PinRef(i.name, p.name)
        for i in block.instances.values()
        if i.master in kit.cells
        for p in kit.cells[i.master].pins.values()
        if p.is_clock
    ]
