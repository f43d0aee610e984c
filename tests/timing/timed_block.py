"""A small netlist with all that timing must tell apart: vectors, escaped names, unate and other arcs, a clock tree, ways through."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block
from neutnngen.place_route.verilog_netlist import read_netlist
from neutnngen.timing.engine import Engine
from neutnngen.timing.graph import build_graph
from neutnngen.timing.library import load_timing
from neutnngen.timing.wires import Wires

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


def part(folder: Path, kit: Kit | None = None) -> Block:
    path = folder / "part.v"
    path.write_text(NETLIST)
    block = read_netlist(path, kit or load_kit())
    block.nets["clk"].use = "clock"  # a netlist does not say it of the net in front of the tree
    return block


def engine_of(block: Block, kit: Kit, *, wires: bool, period: float = PERIOD) -> Engine:
    """wires: every net gets some capacitance and delays, by seed."""
    graph = build_graph(block, kit, load_timing(kit))
    size = 1.0 if wires else 0.0
    chance = np.random.default_rng(1)
    made = Wires(size * chance.uniform(1, 5, len(graph.nets)), size * chance.uniform(0.001, 0.01, graph.sinks.size))
    return Engine(graph, kit, made, period)
