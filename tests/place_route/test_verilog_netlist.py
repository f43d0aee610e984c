"""Gate netlists: what Yosys writes is read, names survive, broken designs are refused."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from neutnngen.errors import ConfigError, DataError
from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block, Instance, PinRef
from neutnngen.place_route.verilog_netlist import read_netlist, write_netlist


@cache
def the_kit() -> Kit:
    return load_kit()


NETLIST = r"""/* Generated */
module top(clk, a, b, y, z);
  input clk; wire clk;
  input [3:0] a;
  wire [3:0] a; // the bus
  input [0:1] b;
  output [1:0] y;
  output z;
  (* keep = 1 *)
  wire _0_;
  wire [1:0] \v.d ;
  AND2_X1 \u.g[3].h  ( .A1(a[1]), .A2(b[0]), .ZN(\v.d [1]) );
  XOR2_X1 _3_ ( .A(b[1]), .B(a[0]), .Z(\v.d [0]) );
  DFF_X1 _4_ ( .CK(clk), .D(\v.d [0]), .Q(y[0]), .QN() );
  DFF_X1 _5_ ( .CK(clk), .D(\v.d [1]), .Q(_0_), .QN(\odd(name;) ) );
  wire \odd(name;) ;
  INV_X1 _6_ ( .A({a[2]}), .ZN(_7_) );
  wire _7_;
  assign { y[1], z } = { _0_, a[3] };
endmodule
"""


@pytest.fixture
def block(tmp_path: Path) -> Block:
    path = tmp_path / "in.v"
    path.write_text(NETLIST)
    return read_netlist(path, the_kit())


def test_reads_what_yosys_writes(block: Block) -> None:
    assert list(block.ports) == ["clk", "a[3]", "a[2]", "a[1]", "a[0]", "b[0]", "b[1]", "y[1]", "y[0]", "z"]
    assert block.nets["clk"].use == "clock"
    assert {name for name, net in block.nets.items() if net.use != "signal"} == {"clk"}
    assert block.nets["v.d[1]"].pins == [PinRef("u.g[3].h", "ZN"), PinRef("_5_", "D")]
    # aliases: the port names win, an input before an output
    assert block.nets["y[1]"].pins == [PinRef(None, "y[1]"), PinRef("_5_", "Q")]
    assert block.nets["a[3]"].pins == [PinRef(None, "a[3]"), PinRef(None, "z")]
    assert block.ports["z"].net == "a[3]"
    assert "_0_" not in block.nets
    assert block.nets["odd(name;)"].pins == [PinRef("_5_", "QN")]
    assert block.instances["u.g[3].h"] == Instance("u.g[3].h", "AND2_X1")


@pytest.mark.parametrize("power", [False, True])
def test_round_trip(block: Block, tmp_path: Path, power: bool) -> None:
    kit = the_kit()
    block.instances["fill"] = Instance("fill", "FILLCELL_X1", kind="filler")
    path = tmp_path / "out.v"
    write_netlist(block, path, kit, power=power)
    text = path.read_text()
    assert "input [0:1] b;" in text
    assert ("FILLCELL_X1" in text) == power
    again = read_netlist(path, kit)
    if power:
        assert [ref.pin for ref in again.nets["VDD"].pins] == ["VDD"]
        for supply in ("VDD", "VSS"):
            del again.ports[supply], again.nets[supply]
    else:
        del block.instances["fill"]
    assert again == block
    assert list(again.ports) == list(block.ports)


def test_a_net_with_the_name_of_another_port(block: Block, tmp_path: Path) -> None:
    """A buffer put before an output leaves a net that must not be written with the port's name."""
    kit = the_kit()
    net = block.nets.pop("_7_")
    net.name = "z"
    block.nets["z"] = net
    path = tmp_path / "out.v"
    write_netlist(block, path, kit)
    again = read_netlist(path, kit)
    assert again.nets["z_net"].pins == [PinRef("_6_", "ZN")]
    assert again.ports["z"].net == "a[3]"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("XOR2_X1", "XOR9_X1", "XOR2_X1"),
        (".B(a[0])", ".B2(a[0])", "B2"),
        (".B(a[0])", ".B(1'h0)", "hilomap"),
        (".B(a[0])", ".B()", "not connected"),
        (".B(a[0])", ".B(a)", "4 bits"),
        (".B(a[0])", ".B(a[4])", "declared range"),
        (".B(a[0])", ".B(_9_)", "no driver"),
        ("ZN(_7_)", "ZN(y[0])", "more than one driver"),
        ("ZN(_7_)", "ZN(clk)", "more than one driver"),
        ("assign { y[1], z } = { _0_, a[3] };", "assign z = a[3];", "y\\[1\\] has no driver"),
        ("_5_", "_4_", "same name"),
    ],
)
def test_illegal_designs_are_told(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "in.v"
    path.write_text(NETLIST.replace(old, new))
    with pytest.raises(ConfigError, match=said):
        read_netlist(path, the_kit())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("endmodule", "", "complete module"),
        (".B(a[0])", ".B(a[0] & a[1])", "expression"),
        ("endmodule", "endmodule\nmodule more(); endmodule", "more than one module"),
        (".A(b[1]), .B(a[0]), .Z(", "b[1], a[0], (", "line 13"),
        (".B(a[0])", ".B(f(a))", "line 13"),
    ],
)
def test_other_verilog_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "in.v"
    path.write_text(NETLIST.replace(old, new))
    with pytest.raises(DataError, match=said):
        read_netlist(path, the_kit())
