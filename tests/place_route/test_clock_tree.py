"""The clock tree: one depth for all flip-flops, bounded fan-out, delays that follow places."""

from __future__ import annotations

from functools import cache

import pytest
from netlist_block import NOWHERE, add_port, shift_register, the_kit

from neutnngen.errors import ConfigError
from neutnngen.place_route.block import Block, Instance, Net, PinRef
from neutnngen.place_route.clock_tree import build_clock_tree, clock_sinks
from neutnngen.place_route.fill import add_taps
from neutnngen.place_route.floorplan import make_floorplan
from neutnngen.place_route.pin_placement import place_ports
from neutnngen.place_route.placement import place
from neutnngen.place_route.wiring import split_net


@cache
def placed() -> Block:
    kit = the_kit()
    block, _ = make_floorplan(shift_register(70), kit)
    return place(place_ports(add_taps(block, kit), kit), kit)


def depths(block: Block) -> dict[PinRef, int]:
    """Number of clock buffers before every sink."""
    found: dict[PinRef, int] = {}
    front = [("clk", 0)]
    while front:
        name, depth = front.pop()
        for ref in split_net(block, the_kit(), block.nets[name])[1]:
            if ref.instance is not None and block.instances[ref.instance].kind == "clock":
                front.append((f"{ref.instance}_net", depth + 1))
            else:
                found[ref] = depth
    return found


@pytest.mark.parametrize(("max_fanout", "depth", "buffers"), [(16, 2, 6), (70, 1, 1), (4, 4, 26), (2, 7, 73)])
def test_all_flip_flops_at_one_depth(max_fanout: int, depth: int, buffers: int) -> None:
    # 70 sinks: 5 groups of at most 16; 18 of at most 4, then 5, 2 and 1; and so on
    kit = the_kit()
    tree, report = build_clock_tree(placed(), kit, max_fanout=max_fanout)
    assert depths(tree) == dict.fromkeys(clock_sinks(placed(), kit), depth)
    clock_nets = [net for net in tree.nets.values() if net.use == "clock"]
    assert max(len(net.pins) - 1 for net in clock_nets) == report.largest_fanout <= max_fanout
    made = [i for i in tree.instances.values() if i.kind == "clock"]
    assert (report.depth, report.sinks, report.clocks, report.buffers) == (depth, 70, 1, len(made))
    assert len(made) == buffers and {i.master for i in made} <= set(kit.roles.clock_buffers)
    assert report.largest_leaf - report.smallest_leaf <= 1
    assert report.wire_skew_ps > 0
    assert len(placed().nets["clk"].pins) == 71


def corners(stretch: int) -> Block:
    """Four flip-flops at the corners of a rectangle, the last one pulled away; the buffer will stand in their middle."""
    block = Block("four", NOWHERE, NOWHERE)
    block.nets["clk"] = Net("clk", "clock")
    add_port(block, "clk", "input", "clk")
    for k, (x, y) in enumerate([(0, 0), (40000, 0), (0, 42000), (40000 + stretch, 42000)]):
        block.instances[f"f{k}"] = Instance(f"f{k}", "DFF_X1", x, y, "N", placed=True)
        block.nets["clk"].pins.append(PinRef(f"f{k}", "CK"))
    return block


def test_delays_follow_places() -> None:
    kit = the_kit()
    _, even = build_clock_tree(corners(0), kit)
    # 41 um of wire to each; buffer and clock pins are not exactly in the middle of their cells
    assert even.wire_skew_ps < 0.5
    _, uneven = build_clock_tree(corners(100_000), kit)
    assert uneven.wire_skew_ps > 10 * even.wire_skew_ps


def test_an_output_of_the_clock_keeps_its_net() -> None:
    block = corners(0)
    add_port(block, "clk_out", "output", "clk")
    tree, report = build_clock_tree(block, the_kit())
    assert PinRef(None, "clk_out") in tree.nets["clk"].pins and report.sinks == 4


def test_without_clock_nothing_changes() -> None:
    block = shift_register(3)
    block.nets["clk"].use = "signal"
    tree, report = build_clock_tree(block, the_kit())
    assert tree == block and report.buffers == report.clocks == 0
    with pytest.raises(ConfigError, match="max_fanout"):
        build_clock_tree(block, the_kit(), max_fanout=1)
