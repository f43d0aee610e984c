"""SDF of the engine: what is in it, and that OpenSTA and Icarus Verilog read the engine's numbers from it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from timed_block import KIT, PERIOD, engine_of, part

from conftest import need
from neutnngen.place_route.block import PinRef
from neutnngen.place_route.verilog_netlist import write_netlist
from neutnngen.timing.sdf import write_sdf
from neutnngen.tools import opensta
from neutnngen.tools.process import run_tool


def test_every_wire_arc_and_check_once(tmp_path: Path) -> None:
    engine = engine_of(part(tmp_path), wires=True)
    write_sdf(engine, tmp_path / "part.sdf")
    text = (tmp_path / "part.sdf").read_text()
    assert text.count("INTERCONNECT") == engine.graph.sinks.size
    assert text.count("SETUPHOLD") == 2 * 4 and text.count("(") == text.count(")")
    assert "(INSTANCE g\\[0\\]\\/x)" in text and "(INTERCONNECT hold\\[x\\] m1/S " in text and "(INTERCONNECT a[0] g\\[0\\]\\/x/A " in text
    xor = text[text.index("g\\[0\\]\\/x)") :].split("(CELL")[0]
    assert xor.count("IOPATH A Z") == 1 and xor.index("(IOPATH A Z") < xor.index("(IOPATH (posedge A) Z")
    triples = re.findall(r"\((-?[\d.]+):([\d.]+):([\d.]+)\)", text)
    assert triples and all(float(low) <= float(high) and typ == high for low, typ, high in triples)
    write_sdf(engine_of(part(tmp_path), wires=True), tmp_path / "again.sdf")
    assert (tmp_path / "again.sdf").read_text() == text


def test_folded_wires_are_in_the_arcs(tmp_path: Path) -> None:
    engine = engine_of(part(tmp_path), wires=True)
    write_sdf(engine, tmp_path / "folded.sdf", fold_wires=True)
    graph = engine.graph
    late = {name: engine.arrival[graph.node(PinRef(*name)), 0] for name in (("ck0", "Z"), ("f1", "Q"))}
    text = (tmp_path / "folded.sdf").read_text()
    found = re.search(r"INSTANCE f1\).*?IOPATH \(posedge CK\) Q \([\d.]+:[\d.]+:([\d.]+)\)", text, re.DOTALL)
    assert found is not None and "INTERCONNECT" not in text
    assert float(found[1]) == pytest.approx(late["f1", "Q"] - late["ck0", "Z"], abs=1e-6)


@pytest.mark.tool
def test_opensta_finds_the_engines_slacks_in_it(tmp_path: Path) -> None:
    need("sta")
    block = part(tmp_path)
    engine = engine_of(block, wires=True)
    write_netlist(block, tmp_path / "part.v", KIT)
    write_sdf(engine, tmp_path / "part.sdf")
    lines = [f"read_liberty {path}" for path in KIT.liberty]
    lines += ["read_verilog part.v", "link_design part", f"create_clock -name clk -period {PERIOD} [get_ports clk]"]
    lines += ["set_propagated_clock [get_clocks clk]", f"set_output_delay {0.2 * PERIOD} -clock clk [all_outputs]"]
    for name, port in block.ports.items():
        if port.direction == "input":
            rise, fall = engine.arrival[engine.graph.node(PinRef(None, name)), :2]
            for edge, time in (("rise", rise), ("fall", fall)):
                pin = "[get_ports {" + name.replace("hold[x]", "hold\\[x\\]") + "}]"
                if name == "clk":
                    lines.append(f"set_clock_latency -source -{edge} {time - (edge == 'fall') * PERIOD / 2} [get_clocks clk]")
                else:
                    lines.append(f"set_input_delay -{edge} {time} -clock clk {pin}")
    lines += ["read_sdf -analysis_type on_chip_variation part.sdf", "puts {@delays begin}", "report_annotated_delay -list_not_annotated"]
    lines += ["puts {@delays end}", "puts {@checks begin}", "report_annotated_check -list_not_annotated", "puts {@checks end}"]
    for name, command in (("setup", "worst_slack -max"), ("hold", "worst_slack -min"), ("hold_tns", "total_negative_slack -min")):
        lines.append(f'puts "@value {name} [{command}]"')
    (tmp_path / "sdf.tcl").write_text("\n".join([*lines, 'puts "@done"', "exit", ""]))
    text = opensta.run_script(Path("sdf.tcl"), tmp_path, tmp_path / "log")
    for name in ("delays", "checks"):
        rows = re.findall(r"^.*?(\d+) +(\d+) +(\d+)$", opensta.section(text, name), re.MULTILINE)
        assert rows and all(total == annotated for total, annotated, _ in rows), opensta.section(text, name)
    found, report = opensta.values(text), engine.report()
    assert found["setup"] == pytest.approx(report.setup_slack, abs=5e-6)
    assert found["hold"] == pytest.approx(report.hold_slack, abs=5e-6)
    assert found["hold_tns"] == pytest.approx(report.hold_tns, abs=2e-5)


@pytest.mark.tool
def test_icarus_simulates_with_the_engines_delays(tmp_path: Path) -> None:
    need("iverilog")
    need("vvp")
    assert KIT.verilog is not None
    block = part(tmp_path)
    engine = engine_of(block, wires=True)
    write_netlist(block, tmp_path / "part.v", KIT)
    write_sdf(engine, tmp_path / "part.sdf", fold_wires=True)
    (tmp_path / "bench.v").write_text(r"""
`timescale 1ns/1fs
module bench;
  reg clk = 0; reg [1:0] a = 0; reg b = 0; reg h = 0; wire [1:0] q; wire y, z;
  realtime start;
  part dut (.clk(clk), .a(a), .b(b), .\hold[x] (h), .q(q), .y(y), .z(z));
  always @(posedge clk) start = $realtime;
  always @(dut.r3 or y) $display("%m r3=%b y=%b %.6f", dut.r3, y, $realtime - start);
  initial begin
    $sdf_annotate("part.sdf", dut);
    #10 clk = 1; #10 clk = 0; b = 1; #10 clk = 1; #10 $finish;
  end
endmodule
""")
    argv = ["iverilog", "-g2012", "-gspecify", "-o", "bench.vvp", "-s", "bench", "part.v", "bench.v", str(KIT.verilog)]
    run_tool(argv, tmp_path, tmp_path / "compile.log", 60)
    text = run_tool(["vvp", "-n", "bench.vvp", "-sdf-warn"], tmp_path, tmp_path / "run.log", 60).text()
    # only arcs that depend on the edge at the input find no path in the models, which have none
    assert all("ModPath" in row and "edge" in row for row in text.splitlines() if "WARNING" in row), text
    graph = engine.graph
    start = engine.arrival[graph.node(PinRef(None, "clk")), 0]
    launch = engine.arrival[graph.node(PinRef("f3", "Q")), 0] - start
    rise = re.search(r"r3=1 y=0 ([\d.]+)", text)
    assert rise is not None and float(rise[1]) == pytest.approx(launch, abs=3e-6)
    arc = re.search(r"INSTANCE o2\).*?IOPATH A2 ZN \([\d.]+:([\d.]+):", (tmp_path / "part.sdf").read_text(), re.DOTALL)
    through = re.search(r"r3=1 y=1 ([\d.]+)", text)
    assert arc is not None and through is not None
    assert float(through[1]) == pytest.approx(launch + float(arc[1]), abs=3e-6)
