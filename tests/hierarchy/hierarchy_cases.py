"""Networks and macros for the tests of chips."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from neutnngen.hierarchy.layers import chip_layers
from neutnngen.hierarchy.macro import HardMacro, MacroPin, pins_on_slots
from neutnngen.hierarchy.netlist import ChipNetlist, macro_pins
from neutnngen.pdk.technology import Kit, Rect
from neutnngen.place_route.block import Block, Net, Port, Row
from neutnngen.place_route.gds import write_gds
from neutnngen.place_route.lef_abstract import abstract
from neutnngen.place_route.power_grid import add_power_grid
from neutnngen.spec import (
    DendriticColumnSpec,
    Design,
    FieldWiring,
    LayerSpec,
    NetworkSpec,
    NetworkState,
    ProximalSpec,
    blank_state,
)


def grid_design(side: int, neurons: int = 2, segments: int = 2, window: int = 2, name: str = "grid") -> Design:
    """``side`` × ``side`` columns with enable lines, each on a window of an image, with random weights."""
    lines = window * window
    column = DendriticColumnSpec(
        lines,
        neurons,
        threshold=max(1, lines),
        segments=segments,
        tie="largest_potential",
        proximal=ProximalSpec("enable"),
        inhibition="one_largest_potential",
        output="neurons",
    )
    image = side + window - 1
    network = NetworkSpec(image * image, (LayerSpec(column, FieldWiring(image, image, 1, (window, window), (1, 1))),), 3, None)
    layer = blank_state(network).layers[0]
    weights = np.random.default_rng(1).integers(0, 8, layer.distal.shape).astype(np.uint8)
    return Design(name, network, NetworkState((dataclasses.replace(layer, distal=weights),)), {})


def frame(name: str, pins: dict[str, str], kit: Kit, folder: Path, *, free: tuple[int, ...] | None = None, rows: int = 16) -> HardMacro:
    """A macro without cells: outline, straps and pins (name to direction)."""
    layers = chip_layers(kit)
    site = kit.technology.sites[kit.roles.core_site]
    slots = 2 * len(pins) + 60 if free is None else max(free[: len(pins)]) + 2
    x0, y0 = 16 * site.width, 2 * site.height
    sites = 2 * -(-(slots + 6) * layers.slot // (2 * site.width))
    core = Rect("", x0, y0, x0 + sites * site.width, y0 + rows * site.height)
    made = [Row(f"row_{i}", site.name, x0, y0 + i * site.height, "N", sites) for i in range(rows)]
    block = Block(name, Rect("", 0, 0, core.x1 + x0, core.y1 + y0), core, made)
    for k, (pin, direction) in enumerate(pins.items()):
        x = block.die.x1 * k // len(pins)
        block.ports[pin] = Port(pin, direction, pin, Rect(layers.pin.name, x, 0, x + 2, 2))  # type: ignore[arg-type]
        block.nets[pin] = Net(pin)
    block = pins_on_slots(add_power_grid(block, kit), kit, free)
    folder.mkdir(parents=True, exist_ok=True)
    gds = folder / f"{name}.gds"
    write_gds(block, kit, gds)
    master = abstract(block, kit)
    found = {
        p.name: MacroPin(p.name, p.direction, round((p.rects[0].x0 + p.rects[0].x1) / 2 / layers.slot) * layers.slot, p.rects[0], 2.0)
        for p in master.pins.values()
        if p.use in ("signal", "clock")
    }
    straps = tuple(
        (p.name, r) for p in master.pins.values() if p.use in ("power", "ground") for r in p.rects if r.layer == layers.strap.name
    )
    return HardMacro(name, master.width, master.height, found, straps, gds, 10, 100.0, 50.0, {})


def pin_directions(netlist: ChipNetlist, instance: str) -> dict[str, str]:
    """Pins of an instance with their directions."""
    drivers = {net.driver for net in netlist.nets}
    return {name: "output" if (instance, name) in drivers else "input" for name in sorted(set(macro_pins(netlist, instance)))}
