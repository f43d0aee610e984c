"""An unplaced netlist made by code: flip-flops behind multiplexers that share one enable, all on one clock."""

from __future__ import annotations

from functools import cache

from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import Kit, Rect
from neutnngen.place_route.block import Block, Instance, Net, PinRef, Port

NOWHERE = Rect("", 0, 0, 0, 0)


@cache
def the_kit() -> Kit:
    return load_kit("nangate45")


def add_port(block: Block, name: str, direction: str, net: str) -> None:
    block.ports[name] = Port(name, direction, net)  # type: ignore[arg-type]
    block.nets[net].pins.append(PinRef(None, name))


def shift_register(stages: int, outputs: int = 4) -> Block:
    """``stages`` of MUX2_X1 (hold or shift) and DFF_X1 in a ring, with nets en (``stages`` sinks) and clk, and outputs q[i]."""
    block = Block("shift", NOWHERE, NOWHERE)
    for net in (Net("clk", "clock"), Net("en")):
        block.nets[net.name] = net
        add_port(block, net.name, "input", net.name)
    for i in range(stages):
        block.instances[f"m{i}"] = Instance(f"m{i}", "MUX2_X1")
        block.instances[f"f{i}"] = Instance(f"f{i}", "DFF_X1")
        block.nets["clk"].pins.append(PinRef(f"f{i}", "CK"))
        block.nets["en"].pins.append(PinRef(f"m{i}", "S"))
        block.nets[f"d{i}"] = Net(f"d{i}", "signal", [PinRef(f"m{i}", "Z"), PinRef(f"f{i}", "D")])
        pins = [PinRef(f"f{i}", "Q"), PinRef(f"m{i}", "A"), PinRef(f"m{(i + 1) % stages}", "B")]
        block.nets[f"q[{i}]"] = Net(f"q[{i}]", "signal", pins)
    for i in range(min(outputs, stages)):
        add_port(block, f"q[{i}]", "output", f"q[{i}]")
    return block
