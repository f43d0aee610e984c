"""Buffers: fan-out and load are bounded, and behind the buffers the netlist is what it was."""

from __future__ import annotations

from functools import cache

import pytest
from netlist_block import shift_register, the_kit

from neutnngen.errors import ConfigError
from neutnngen.place_route.block import Block, Instance, Net, PinRef
from neutnngen.place_route.buffering import buffer_fanout, size_drivers, strengths
from neutnngen.place_route.fill import add_taps
from neutnngen.place_route.floorplan import make_floorplan
from neutnngen.place_route.pin_placement import place_ports
from neutnngen.place_route.placement import place
from neutnngen.place_route.wiring import buffer_pins, load, split_net


@cache
def placed(stages: int = 70) -> Block:
    kit = the_kit()
    block, _ = make_floorplan(shift_register(stages), kit)
    return place(place_ports(add_taps(block, kit), kit), kit)


def reached(block: Block, start: str) -> set[PinRef]:
    """Pins that a net drives, through buffers."""
    kit = the_kit()
    found: set[PinRef] = set()
    front = [block.nets[start]]
    while front:
        for ref in split_net(block, kit, front.pop())[1]:
            instance = block.instances[ref.instance] if ref.instance else None
            if instance is not None and instance.kind == "buffer":
                out = PinRef(instance.name, buffer_pins(kit, instance.master)[1])
                front.append(next(net for net in block.nets.values() if out in net.pins))
            else:
                assert ref not in found
                found.add(ref)
    return found


def buffers_of(block: Block) -> list[Instance]:
    return [i for i in block.instances.values() if i.kind == "buffer"]


@pytest.mark.parametrize("max_fanout", [2, 5, 16])
def test_every_net_keeps_its_sinks_with_less_fanout(max_fanout: int) -> None:
    kit, before = the_kit(), placed()
    after, report = buffer_fanout(before, kit, max_fanout=max_fanout)
    for name, net in before.nets.items():
        assert reached(after, name) == set(split_net(before, kit, net)[1])
        assert split_net(after, kit, after.nets[name])[0] == split_net(before, kit, net)[0]
    assert all(
        sum(r.instance is not None for r in split_net(after, kit, n)[1]) <= max_fanout for n in after.nets.values() if n.use == "signal"
    )
    assert report.buffers == len(buffers_of(after)) > 0
    assert {"buf_en_0_0"} <= set(after.instances) and before == placed()
    # the clock is the clock tree's business, and ports stay on the net of their name
    assert after.nets["clk"] == before.nets["clk"]
    assert all(PinRef(None, name) in after.nets[port.net].pins for name, port in after.ports.items())


def test_buffers_stand_among_their_sinks() -> None:
    kit = the_kit()
    after, _ = buffer_fanout(placed(), kit, max_fanout=8)
    for buffer in buffers_of(after):
        if not buffer.name.startswith("buf_en_0"):
            continue
        members = [after.instances[r.instance] for r in after.nets[f"{buffer.name}_net"].pins if r.instance not in (None, buffer.name)]
        assert min(m.x for m in members) - 2800 <= buffer.x <= max(m.x for m in members) + 2800
        assert min(m.y for m in members) - 2800 <= buffer.y <= max(m.y for m in members) + 2800


def test_a_load_limit_makes_smaller_groups() -> None:
    kit = the_kit()
    free, _ = buffer_fanout(placed(), kit)
    limited, report = buffer_fanout(placed(), kit, max_cap_ff=12.0)
    assert report.buffers > len(buffers_of(free))
    for buffer in buffers_of(limited):
        net = limited.nets[f"{buffer.name}_net"]
        assert load(limited, kit, net) <= 12.0 * 1.2 or len(net.pins) == 2  # the wire's estimate had no buffer yet
    assert reached(limited, "en") == {PinRef(f"m{i}", "S") for i in range(70)}


def test_nets_whose_tidy_names_agree_get_buffers_of_their_own() -> None:
    block = placed().copy()
    block.nets["a_0"], block.nets["a[0]"] = Net("a_0"), Net("a[0]")
    for k, name in ((0, "a_0"), (1, "a[0]")):
        block.instances[f"drive{k}"] = Instance(f"drive{k}", "INV_X1", placed=True)
        sinks = []
        for i in range(20):
            block.instances[f"load{k}_{i}"] = Instance(f"load{k}_{i}", "INV_X1", 5000 * i, 0, placed=True)
            sinks.append(PinRef(f"load{k}_{i}", "A"))
        block.nets[name].pins = [PinRef(f"drive{k}", "ZN"), *sinks]
    after, _ = buffer_fanout(block, the_kit())
    for k, name in ((0, "a_0"), (1, "a[0]")):
        assert reached(after, name) == {PinRef(f"load{k}_{i}", "A") for i in range(20)}


def test_a_heavy_load_gets_a_stronger_driver_of_the_same_function() -> None:
    kit = the_kit()
    block = shift_register(4)
    far = block.nets["q[1]"]
    for k in range(60):
        block.instances[f"far{k}"] = Instance(f"far{k}", "INV_X4", 0, 0, placed=True)
        far.pins.append(PinRef(f"far{k}", "A"))
    limit = kit.cells["DFF_X1"].pins["Q"].max_capacitance
    assert limit is not None and load(block, kit, far) > limit
    sized, count = size_drivers(block, kit, share=1.0)
    changed = {n: i.master for n, i in sized.instances.items() if i.master != block.instances[n].master}
    assert changed == {"f1": "DFF_X2"} and count == 1
    assert kit.cells["DFF_X2"].pins["Q"].function == kit.cells["DFF_X1"].pins["Q"].function
    assert strengths(kit)["DFF_X1"] == ("DFF_X1", "DFF_X2")
    assert strengths(kit)["INV_X4"][:3] == ("INV_X1", "INV_X2", "INV_X4")


def test_refusals() -> None:
    with pytest.raises(ConfigError, match="max_fanout"):
        buffer_fanout(placed(), the_kit(), max_fanout=1)
    with pytest.raises(ConfigError, match="load"):
        buffer_fanout(placed(), the_kit(), max_cap_ff=0.0)
