"""Blocks put together to one flat block, for the gate simulator."""

from __future__ import annotations

from collections.abc import Mapping

from neutnngen.hierarchy.netlist import PORT, ChipNetlist
from neutnngen.pdk.technology import Kit, Rect
from neutnngen.place_route.block import Block, Instance, Net, PinRef, Port


def flatten(netlist: ChipNetlist, blocks: Mapping[str, Block], kit: Kit) -> tuple[Block, dict[str, dict[str, str]]]:
    """All macros of a netlist as one block without places, and by instance the flat name of each net of its block.

    blocks: netlist of cells of every macro's module. Nets inside a macro are called INSTANCE/NET, those between them as in the netlist.
    """
    empty = Rect("", 0, 0, 0, 0)
    made = Block(netlist.name, empty, empty)
    whole: dict[tuple[str, str], str] = {}  # pin of an instance, or port, to its net
    for net in netlist.nets:
        for pin in (net.driver, *net.sinks):
            whole[pin.instance, pin.name] = net.name
    for name, (cell, pin_name) in (("constant_0", kit.roles.tie_low), ("constant_1", kit.roles.tie_high)):
        made.instances[name] = Instance(name, cell, kind="tie")
        made.nets[name] = Net(name, "signal", [PinRef(name, pin_name)])
    for pin, value in netlist.ties.items():
        whole[pin.instance, pin.name] = f"constant_{value}"
    joined: dict[str, str] = {}  # nets that a macro's own net joins

    def root(name: str) -> str:
        while name in joined:
            name = joined[name]
        return name

    for instance, module in netlist.macros.items():
        ports: dict[str, list[str]] = {}
        for port in blocks[module].ports.values():
            if (instance, port.name) in whole:
                ports.setdefault(port.net, []).append(root(whole[instance, port.name]))
        for first, *others in ports.values():
            joined.update({name: first for name in others if name != first})
    renamed: dict[str, dict[str, str]] = {}
    for instance, module in netlist.macros.items():
        block = blocks[module]
        outside = {p.net: root(whole[instance, p.name]) for p in block.ports.values() if (instance, p.name) in whole}
        names = renamed[instance] = {}
        for inner in block.instances.values():
            full = f"{instance}/{inner.name}"
            made.instances[full] = Instance(full, inner.master, kind=inner.kind)
        for inside in block.nets.values():
            if inside.use in ("power", "ground"):
                continue
            name = names[inside.name] = outside.get(inside.name, f"{instance}/{inside.name}")
            into = made.nets.setdefault(name, Net(name))
            into.pins += [PinRef(f"{instance}/{ref.instance}", ref.pin) for ref in inside.pins if ref.instance is not None]
    for direction, listed in (("input", netlist.inputs), ("output", netlist.outputs)):
        for name in listed:
            of = root(whole.get((PORT, name), name))
            made.ports[name] = Port(name, "input" if direction == "input" else "output", of)
            made.nets.setdefault(of, Net(of)).pins.append(PinRef(None, name))
    return made, renamed
