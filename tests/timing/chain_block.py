"""Blocks made by code for timing: registers with a chain of inverters between them, placed in one row."""

from __future__ import annotations

from functools import cache

from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import Kit, Rect
from neutnngen.place_route.block import Block, Instance, Net, PinRef, Port


@cache
def the_kit() -> Kit:
    return load_kit("nangate45")


def chain(stages: int, *, sinks: int = 0, step: int = 4000) -> Block:
    """in → f0 → ``stages`` INV_X1 → f1 → out, one clock; ``sinks`` more inverters hang on f0; cells ``step`` database units apart."""
    width = step * (stages + sinks + 4)
    block = Block("chain", Rect("", 0, 0, width, 8400), Rect("", 0, 2800, width, 5600))
    for name in ("clk", "in", "q", "out"):
        block.nets[name] = Net(name, "clock" if name == "clk" else "signal")
    for name, way in (("clk", "input"), ("in", "input"), ("out", "output")):
        x = step * (stages + 3) if name == "out" else 0
        block.ports[name] = Port(name, way, name, Rect("metal3", x, 2800, x + 280, 3080))  # type: ignore[arg-type]
        block.nets[name].pins.append(PinRef(None, name))

    def cell(name: str, master: str, at: int) -> None:
        block.instances[name] = Instance(name, master, step * at, 2800, "N", placed=True)

    cell("f0", "DFF_X1", 0)
    cell("f1", "DFF_X1", stages + 2)
    for flop, data, output in (("f0", "in", "q"), ("f1", "d", "out")):
        block.nets["clk"].pins.append(PinRef(flop, "CK"))
        block.nets.setdefault(data, Net(data)).pins.append(PinRef(flop, "D"))
        block.nets[output].pins.append(PinRef(flop, "Q"))
    last = "q"
    for k in range(stages):
        cell(f"u{k}", "INV_X1", k + 2)
        block.nets[last].pins.append(PinRef(f"u{k}", "A"))
        last = "d" if k == stages - 1 else f"n{k}"
        block.nets.setdefault(last, Net(last)).pins.append(PinRef(f"u{k}", "ZN"))
    for k in range(sinks):
        cell(f"s{k}", "INV_X4", stages + 4 + k)
        block.nets["q"].pins.append(PinRef(f"s{k}", "A"))
    return block
