"""Power rests on the activity that was set, at every pin: checked against C V^2 by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import need
from neutnngen.flow.power_model import PREFIX, Harness, drive_inputs, group_power, pin_activity
from neutnngen.flow.steps.common import render_script
from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.verilog_netlist import read_netlist, write_netlist
from neutnngen.tools import opensta
from neutnngen.verify import NetActivity

NETLIST = """
module tiny (clk, \\in[0] , b, y);
  input clk, b; input \\in[0] ; output y;
  wire \\state.q[7] , d, n;
  NAND2_X1 gate (.A1(\\in[0] ), .A2(b), .ZN(n));
  XOR2_X1 \\next.mix[2] (.A(n), .B(\\state.q[7] ), .Z(d));
  DFF_X1 \\state.reg[7] (.CK(clk), .D(d), .Q(\\state.q[7] ));
  INV_X1 out (.A(\\state.q[7] ), .ZN(y));
endmodule
"""
ACTIVITY = {
    "clk": NetActivity(2.0, 0.5),
    "in[0]": NetActivity(0.1, 0.5),
    "b": NetActivity(0.2, 0.5),
    "n": NetActivity(0.7, 0.5),
    "d": NetActivity(0.4, 0.5),
    "state.q[7]": NetActivity(0.3, 0.5),
    "y": NetActivity(0.05, 0.5),
}
PERIOD = 10.0


@pytest.fixture(scope="module")
def kit() -> Kit:
    return load_kit()


def harness_of(kit: Kit, folder: Path) -> Harness:
    (folder / "tiny.v").write_text(NETLIST)
    return drive_inputs(read_netlist(folder / "tiny.v", kit), kit)


def test_inputs_are_driven_by_cells_and_every_pin_gets_its_activity(kit: Kit, tmp_path: Path) -> None:
    harness = harness_of(kit, tmp_path)
    assert harness.clock == "clk"
    assert {name for name, port in harness.block.ports.items() if port.direction == "input"} == {"clk", harness.harness_clock}
    pins = pin_activity(harness, kit, ACTIVITY)
    assert pins.unknown == ()
    assert pins.table["gate/A1"].toggles == pins.table[f"{PREFIX}driver_0/ZN"].toggles == 0.1
    assert pins.table["state.reg[7]/CK"].toggles == 2.0
    assert pins.table["state.reg[7]/QN"].toggles == 0.3  # not connected: as Q
    without = {name: value for name, value in ACTIVITY.items() if name != "n"}
    assert pin_activity(harness, kit, without).unknown == ("n",)


@pytest.mark.tool
def test_power_follows_the_activity(kit: Kit, tmp_path: Path) -> None:
    need("sta")
    harness = harness_of(kit, tmp_path)
    write_netlist(harness.block, tmp_path / "harness.v", kit)
    pins = pin_activity(harness, kit, ACTIVITY)
    rows = [f"{pin}\t{known.toggles}\t{known.duty}\n" for pin, known in pins.table.items()]
    (tmp_path / "activity.tsv").write_text("".join([*rows, "ghost/A\t1\t0.5\n"]))
    render_script(
        "power.tcl.j2",
        tmp_path / "power.tcl",
        {
            "libraries": kit.liberty,
            "netlist": "harness.v",
            "spef": None,
            "activity": "activity.tsv",
            "top": "tiny",
            "clocks": (harness.clock, harness.harness_clock),
            "harness_prefix": PREFIX,
            "clock_period": PERIOD,
            "clock_driver": kit.roles.clock_buffers[-1],
            "output_load": kit.roles.output_load,
        },
    )
    text = opensta.run_script(Path("power.tcl"), tmp_path, tmp_path / "log")
    assert opensta.values(text) == {"matched": len(pins.table), "unknown": 1, "missing": 0}
    powers = opensta.parse_instance_power(opensta.section(text, "instances"))

    def load(instance: str, toggles: float) -> float:
        """The load in fF that switching power means: P = C V^2 toggles / (2 T)."""
        return 2 * powers[instance].switching * PERIOD * 1e-9 / (kit.voltage**2 * toggles) * 1e15

    def pin(cell: str, name: str) -> float:
        return kit.cells[cell].pins[name].capacitance

    # Without parasitics the library's wire load model adds the same wire to every net with one sink.
    assert load("out", 0.05) == pytest.approx(kit.roles.output_load, rel=1e-3)
    wire = load("gate", 0.7) - pin("XOR2_X1", "A")
    assert 0 <= wire < 0.5
    assert load("next.mix[2]", 0.4) == pytest.approx(pin("DFF_X1", "D") + wire, rel=1e-3)
    assert load("state.reg[7]", 0.3) == pytest.approx(pin("XOR2_X1", "B") + pin("INV_X1", "A") + 2 * wire, rel=0.05)
    groups = group_power(read_netlist(tmp_path / "tiny.v", kit), kit, powers)
    assert groups["registers"] == powers["state.reg[7]"]
    assert groups["combinational"].total == pytest.approx(sum(powers[name].total for name in ("gate", "next.mix[2]", "out")))
