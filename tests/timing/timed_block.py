"""A small netlist with all that timing must tell apart: vectors, escaped names, unate and other arcs, a clock tree, ways through."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import Rect
from neutnngen.place_route.block import Block, Instance, Net, PinRef, Port
from neutnngen.place_route.extract import NetParasitics, Parasitics
from neutnngen.place_route.verilog_netlist import read_netlist
from neutnngen.timing.engine import Engine
from neutnngen.timing.graph import build_graph
from neutnngen.timing.library import load_timing
from neutnngen.timing.wires import Wires

KIT = load_kit()
PERIOD = 2.0

NETLIST = r"""
module part (clk, a, b, \hold[x] , q, y, z);
  input clk;
  input [1:0] a;
  input b;
  input \hold[x] ;
  output [1:0] q;
  output y;
  output z;
  CLKBUF_X3 ck0 (.A(clk), .Z(c0));
  CLKBUF_X2 ck1 (.A(c0), .Z(c1));
  XOR2_X1 \g[0]/x (.A(a[0]), .B(r0), .Z(n0));
  MUX2_X1 m1 (.A(n0), .B(r1), .S(\hold[x] ), .Z(n1));
  DFF_X1 \f[0] (.D(n1), .CK(c1), .Q(r0), .QN(nr0));
  FA_X1 add (.A(r0), .B(n1), .CI(a[1]), .S(n2), .CO(n3));
  DFF_X1 f1 (.D(n2), .CK(c0), .Q(r1));
  DFF_X2 f2 (.D(n3), .CK(c1), .Q(r2));
  DFF_X1 f3 (.D(b), .CK(c1), .Q(r3));
  BUF_X2 o0 (.A(r1), .Z(q[0]));
  NAND2_X1 o1 (.A1(r2), .A2(nr0), .ZN(q[1]));
  AND2_X1 o2 (.A1(b), .A2(r3), .ZN(y));
  XNOR2_X1 o3 (.A(a[1]), .B(r2), .ZN(z));
endmodule
"""


def part(folder: Path) -> Block:
    path = folder / "part.v"
    path.write_text(NETLIST)
    block = read_netlist(path, KIT)
    block.nets["clk"].use = "clock"  # a netlist does not say it of the net in front of the tree
    return block


def engine_of(block: Block, *, wires: bool, period: float = PERIOD) -> Engine:
    """wires: every net gets some capacitance and delays, by seed."""
    graph = build_graph(block, KIT, load_timing(KIT))
    size = 1.0 if wires else 0.0
    chance = np.random.default_rng(1)
    made = Wires(size * chance.uniform(1, 5, len(graph.nets)), size * chance.uniform(0.001, 0.01, graph.sinks.size))
    return Engine(graph, KIT, made, period)


WRAPPER = """
module wrap (clk, a, b, h, q0, q1, y, z);
  input clk;
  input [1:0] a;
  input b;
  input h;
  output [1:0] q0;
  output [1:0] q1;
  output y;
  output z;
  CLKBUF_X3 cb (.A(clk), .Z(ck));
  part u0 (.clk(ck), .a(a), .b(b), .\\hold[x] (h), .q(q0), .y(y0), .z(z0));
  BUF_X1 bb (.A(q0[1]), .Z(m));
  part u1 (.clk(ck), .a({z0, m}), .b(y0), .\\hold[x] (h), .q(q1), .y(y), .z(z));
endmodule
"""
"""Two parts with ways from one to the other: from a register, and through both without any."""


def wrapper(inside: Block | None) -> Block:
    """WRAPPER as a block: with what is inside of its parts, or with the parts as cells."""
    pins = ("clk", "a[0]", "a[1]", "b", "hold[x]", "q[0]", "q[1]", "y", "z")
    first, second = ("ck", "a[0]", "a[1]", "b", "h", "q0[0]", "q0[1]", "y0", "z0"), ("ck", "m", "z0", "y0", "h", "q1[0]", "q1[1]", "y", "z")
    joined = {unit: dict(zip(pins, nets, strict=True)) for unit, nets in (("u0", first), ("u1", second))}
    nowhere = Rect("", 0, 0, 0, 0)
    made = Block("wrap", nowhere, nowhere)

    def connect(net: str, instance: str | None, pin: str) -> None:
        made.nets.setdefault(net, Net(net, "clock" if net in ("clk", "ck") else "signal")).pins.append(PinRef(instance, pin))

    for name in ("clk", "a[0]", "a[1]", "b", "h", "q0[0]", "q0[1]", "q1[0]", "q1[1]", "y", "z"):
        made.ports[name] = Port(name, "input" if name in ("clk", "a[0]", "a[1]", "b", "h") else "output", name)
        connect(name, None, name)
    for name, master, source, sink in (("cb", "CLKBUF_X3", "clk", "ck"), ("bb", "BUF_X1", "q0[1]", "m")):
        made.instances[name] = Instance(name, master)
        connect(source, name, "A")
        connect(sink, name, "Z")
    for part_name, wires in joined.items():
        if inside is None:
            made.instances[part_name] = Instance(part_name, "part")
            for pin, net in wires.items():
                connect(net, part_name, pin)
            continue
        for instance in inside.instances.values():
            name = f"{part_name}/{instance.name}"
            made.instances[name] = Instance(name, instance.master)
        for net_ in inside.nets.values():
            outer = wires.get(net_.name) or f"{part_name}/{net_.name}"
            for ref in net_.pins:
                if ref.instance is not None:
                    connect(outer, f"{part_name}/{ref.instance}", ref.pin)
    return made


def star(block: Block, *, wires: bool) -> Parasitics:
    """Parasitics of every net: some capacitance at each sink and a resistance to it, by seed; without wires there are none."""
    chance = np.random.default_rng(2)
    nets = {}
    for net in block.nets.values():
        drivers = [k for k, ref in enumerate(net.pins) if _drives(block, ref)]
        ends = [k for k in range(len(net.pins)) if k not in drivers] if wires else []
        capacitance = [float(chance.uniform(0.5, 2)) if k in ends else 0.0 for k in range(len(net.pins))]
        resistors = tuple((drivers[0], k, float(chance.uniform(100, 400))) for k in ends)
        nets[net.name] = NetParasitics(net.name, tuple(net.pins), tuple(capacitance), resistors, 0)
    return Parasitics(block.name, nets)


def _drives(block: Block, ref: PinRef) -> bool:
    if ref.instance is None:
        return block.ports[ref.pin].direction == "input"
    return KIT.cells[block.instances[ref.instance].master].pins[ref.pin].direction == "output"
