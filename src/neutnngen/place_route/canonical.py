"""One name and one order for equal netlists.

Yosys names and orders what it makes by inner tables that depend on, among other things, where it runs. Structure alone decides here,
so that the same Design gives the same layout to the byte in every folder.
"""

from __future__ import annotations

import re
from dataclasses import replace

from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block, Net, PinRef, collector_paused
from neutnngen.place_route.wiring import drives

GENERATED = re.compile(r"[un]\d+\Z")


@collector_paused()
def canonical(block: Block, kit: Kit) -> Block:
    """The netlist with instances ordered from the outputs backwards, and generated names (``u7``, ``n7``) given anew in that order.

    Names that come from the RTL stay. Instances from which no output can be reached follow in the order of their names.
    """
    driver: dict[str, PinRef] = {}
    pins: dict[str, list[tuple[str, str]]] = {name: [] for name in block.instances}
    for net in block.nets.values():
        for ref in net.pins:
            if ref.instance is not None:
                pins[ref.instance].append((ref.pin, net.name))
                if drives(block, kit, ref):
                    driver[net.name] = ref
    order: dict[str, int] = {}
    # ports are the same in every run: walk from each output to what drives it, inputs of a cell in the order of their pins
    stack = sorted((p.net for p in block.ports.values() if p.direction == "output"), reverse=True)
    while stack:
        found = driver.get(stack.pop())
        if found is None or found.instance is None or found.instance in order:
            continue
        order[found.instance] = len(order)
        stack.extend(net for _, net in sorted(pins[found.instance], reverse=True))
    for name in sorted(block.instances):
        order.setdefault(name, len(order))

    instance_names = {name: f"u{k}" if GENERATED.match(name) else name for name, k in order.items()}
    net_names: dict[str, str] = {}
    ports = {p.net for p in block.ports.values()}
    for name in order:
        for _, old in sorted(pins[name]):
            if old not in net_names:
                net_names[old] = f"n{len(net_names)}" if GENERATED.match(old) and old not in ports else old
    for old in sorted(block.nets):
        net_names.setdefault(old, old)

    made = Block(block.name, block.die, block.core, list(block.rows))
    made.ports = dict(block.copy().ports)
    for name in order:
        made.instances[instance_names[name]] = replace(block.instances[name], name=instance_names[name])
    place = {name: k for k, name in enumerate(order)}
    for name, new in net_names.items():
        old_net = block.nets[name]
        refs = sorted(old_net.pins, key=lambda r: (r.instance is not None, -1 if r.instance is None else place[r.instance], r.pin))
        renamed = [PinRef(None if r.instance is None else instance_names[r.instance], r.pin) for r in refs]
        made.nets[new] = Net(new, old_net.use, renamed, list(old_net.wires), list(old_net.vias))
    return made
