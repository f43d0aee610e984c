"""Slews along a resistive wire against OpenSTA, where the library's thresholds are 10 and 90 %."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from neutnngen.flow.steps.common import link_libraries
from neutnngen.pdk.kits import load_kit
from neutnngen.place_route.block import PinRef
from neutnngen.place_route.extract import NetParasitics, Parasitics, write_spef
from neutnngen.place_route.verilog_netlist import read_netlist
from neutnngen.timing.engine import make_engine
from neutnngen.timing.library import load_timing
from neutnngen.tools import opensta

NETLIST = """module ladder (i, o);
  input i; output o; wire a;
  BUFx4_ASAP7_75t_R d (.A(i), .Y(a));
  BUFx4_ASAP7_75t_R s (.A(a), .Y(o));
endmodule
"""
SCRIPT = """set_cmd_units -time ns -capacitance fF
read_verilog ladder.v
link_design ladder
create_clock -name c -period 5
set_input_delay 0 -clock c [get_ports i]
set_output_delay 0 -clock c [get_ports o]
set_driving_cell -lib_cell {cell} [get_ports i]
set_load {load} [get_ports o]
read_spef ladder.spef
set_max_transition 0.0001 [current_design]
puts "@slew begin"
report_check_types -max_transition -all_violators -format end -digits 5
puts "@slew end"
puts "@done"
exit
"""
PIECES = 20


@pytest.mark.tool
@pytest.mark.parametrize("corner", ["typical", "slow"])
@pytest.mark.parametrize(("ohms", "femtofarads"), [(200, 10), (2000, 30), (1000, 60)])
def test_no_slew_is_longer_than_ours(tmp_path: Path, shared: Path, corner: str, ohms: float, femtofarads: float) -> None:
    """At both ends of the wire OpenSTA's slew is at most 5 % above what limits are checked with, and at least half of it."""
    kit = load_kit("asap7", shared / "pdk" / "asap7")
    (tmp_path / "ladder.v").write_text(NETLIST)
    block = read_netlist(tmp_path / "ladder.v", kit)
    ends = (0.5, *([1.0] * (PIECES - 1)), 0.5)
    nodes = (PinRef("d", "Y"), *range(1, PIECES), PinRef("s", "A"))
    resistors = tuple((k, k + 1, ohms / PIECES) for k in range(PIECES))
    nets = {name: NetParasitics(name, tuple(block.nets[name].pins), (0.0, 0.0), (), 0) for name in ("i", "o")}
    nets["a"] = NetParasitics("a", nodes, tuple(part * femtofarads / PIECES for part in ends), resistors, 0)
    parasitics = Parasitics("ladder", nets)
    write_spef(parasitics, block, kit, tmp_path / "ladder.spef")
    library = load_timing(kit, None if corner == "typical" else corner)
    files = link_libraries(kit if corner == "typical" else replace(kit, liberty=kit.corners[corner]), tmp_path)
    script = SCRIPT.format(cell=kit.roles.driving_cell, load=kit.roles.output_load)
    (tmp_path / "run.tcl").write_text("".join(f"read_liberty {name}\n" for name in files) + script)
    text = opensta.run_script(Path("run.tcl"), tmp_path, tmp_path / "log")
    theirs = {pin: 0.0001 - slack for pin, slack in opensta.parse_slew_violations(opensta.section(text, "slew"))}
    engine = make_engine(block, kit, 5.0, parasitics, library)
    engine.update()
    for pin in nodes[0], nodes[-1]:
        assert isinstance(pin, PinRef)
        ours = library.tail * float(engine.slew[engine.graph.node(pin), :2].max())
        assert 0.5 < theirs[f"{pin.instance}/{pin.pin}"] / ours < 1.05
