"""Loads of the drivers of a routed block against the limits of the library."""

from __future__ import annotations

from typing import NamedTuple

from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block
from neutnngen.place_route.extract import Parasitics


class Overload(NamedTuple):
    """A driver with more than its largest load; fF."""

    net: str
    driver: str
    load: float
    limit: float


class Loads(NamedTuple):
    """overloads: worst first. largest_fanout: sinks of one signal or clock net. wire_capacitance: of all nets, fF."""

    overloads: tuple[Overload, ...]
    largest_fanout: int
    wire_capacitance: float


def check_loads(block: Block, kit: Kit, parasitics: Parasitics) -> Loads:
    """Wire and pin capacitance of every net against its driver's limit."""
    found: list[Overload] = []
    fanout = 0
    for net in block.nets.values():
        if net.use not in ("signal", "clock"):
            continue
        load = parasitics.nets[net.name].total
        sinks = 0
        driver: tuple[str, float] | None = None
        for ref in net.pins:
            if ref.instance is None:
                if block.ports[ref.pin].direction == "output":
                    load += kit.roles.output_load
                    sinks += 1
                continue
            pin = kit.cells[block.instances[ref.instance].master].pins[ref.pin]
            if pin.direction == "output":
                driver = (f"{ref.instance}/{ref.pin}", pin.max_capacitance or float("inf"))
            else:
                load += pin.capacitance
                sinks += 1
        fanout = max(fanout, sinks)
        if driver is not None and load > driver[1]:
            found.append(Overload(net.name, driver[0], load, driver[1]))
    found.sort(key=lambda overload: overload.limit - overload.load)
    return Loads(tuple(found), fanout, sum(net.total for net in parasitics.nets.values()))
