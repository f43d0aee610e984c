"""Readers of OpenSTA's reports, and that its failures are seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import need
from neutnngen.errors import ToolFailed
from neutnngen.tools import opensta

PATH = """\
Startpoint: _252_ (rising edge-triggered flip-flop clocked by clk)
Endpoint: z (output port clocked by clk)
Path Group: clk
Path Type: max

Fanout       Cap      Slew     Delay      Time   Description
------------------------------------------------------------------------------------
                             0.0000    0.0000   clock clk (rise edge)
                             0.0000    0.0000   clock source latency
                   0.0304    0.0300    0.0300 ^ clk (in)
   16   24.4249                                 clk (net)
                   0.0304    0.0000    0.0300 ^ _252_/CK (DFF_X1)
                   0.0234    0.1120    0.1420 ^ _252_/Q (DFF_X1)
    5    9.2670                                 q[14] (net)
                   0.0234    0.0000    0.1420 ^ _151_/A4 (NAND4_X1)
                   0.0167    0.0331    0.1751 v _151_/ZN (NAND4_X1)
    1 1000.0000                                 z (net)
                   9.5209    0.0000    0.1751 v z (out)
                                       0.1751   data arrival time

                             0.5000    0.5000   clock clk (rise edge)
                   0.0304    0.0300    0.5300 ^ clk (in)
                            -0.1000    0.4000   output external delay
                                       0.4000   data required time
------------------------------------------------------------------------------------
                                       0.4000   data required time
                                      -0.1751   data arrival time
------------------------------------------------------------------------------------
                                      -0.0249   slack (VIOLATED)
"""


def test_a_path_is_read_point_by_point() -> None:
    path = opensta.parse_path(PATH)
    assert path is not None
    assert (path.startpoint, path.endpoint, path.kind) == ("_252_", "z", "max")
    assert (path.slack, path.arrival, path.required) == (-0.0249, 0.1751, 0.4)
    assert [point.pin for point in path.points] == ["clk", "_252_/CK", "_252_/Q", "_151_/A4", "_151_/ZN", "z"]
    out = path.points[2]
    assert (out.cell, out.edge, out.delay, out.slew, out.fanout, out.load, out.net) == ("DFF_X1", "^", 0.112, 0.0234, 5, 9.267, "q[14]")
    assert path.points[-2].load == 1000.0
    assert path.cells == 2
    assert opensta.parse_path("No paths found.\n") is None
    with pytest.raises(ToolFailed):
        opensta.parse_path(PATH.replace("slack", "margin"))


def test_skew_slew_and_power_are_read() -> None:
    skew = opensta.parse_skew("Clock clk\nLatency      CRPR       Skew\nu2/CK ^\n 0.2287\nu9/CK ^\n 0.2140    0.0010     0.0137\n\n")
    assert skew == opensta.ClockSkew(0.2287, 0.214, 0.0137)
    assert opensta.parse_skew("Clock clk\nNo launch/capture paths found.\n") is None
    slews = "max_transition\n\nPin      Limit     Trans     Slack\n-----\n_152_/ZN   0.1985    9.0287   -8.8301 (VIOLATED)\n"
    assert opensta.parse_slew_violations(slews) == [("_152_/ZN", -8.8301)]
    rows = " 3.172921e-07 4.809429e-07 1.739336e-08 8.156283e-07 a\\[3\\]\n 0.000000e+00 1.0e-07 2.0e-08 1.2e-07 b\n"
    powers = opensta.parse_instance_power(rows)
    assert powers["a[3]"] == opensta.Power(3.172921e-07, 4.809429e-07, 1.739336e-08)
    assert opensta.total_power(powers.values()).leakage == pytest.approx(3.739336e-08)
    assert opensta.values("@value x -1.5e-3\nnoise\n") == {"x": -0.0015}
    for bad in ("@value x nan", "@value x none"):
        with pytest.raises(ToolFailed):
            opensta.values(bad)


@pytest.mark.tool
@pytest.mark.parametrize("script", ['puts "@done"\nread_verilog absent.v\n', "puts early\nexit\n"])
def test_an_error_in_a_script_is_an_error_although_sta_returns_0(tmp_path: Path, script: str) -> None:
    need("sta")
    (tmp_path / "x.tcl").write_text(script)
    with pytest.raises(ToolFailed, match="OpenSTA stopped"):
        opensta.run_script(Path("x.tcl"), tmp_path, tmp_path / "log")
