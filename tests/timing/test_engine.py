"""Arrivals and slacks: by hand on a chain, and against OpenSTA on a routed column's worth of gates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from chain_block import chain, the_kit

from neutnngen.errors import CheckFailed, ConfigError, DataError
from neutnngen.place_route.block import Block, PinRef
from neutnngen.place_route.extract import extract, write_spef
from neutnngen.place_route.floorplan import make_floorplan
from neutnngen.place_route.place_block import place_block
from neutnngen.place_route.router import route
from neutnngen.place_route.verilog_netlist import write_netlist
from neutnngen.timing.engine import Engine, analyse, make_engine
from neutnngen.timing.graph import build_graph
from neutnngen.timing.library import FALL, RISE, load_timing
from neutnngen.timing.wires import no_wires
from neutnngen.tools import opensta


def bare(block: Block, period: float) -> Engine:
    """The engine without wires."""
    kit = the_kit()
    graph = build_graph(block, kit, load_timing(kit))
    engine = Engine(graph, kit, no_wires(graph), period)
    engine.update()
    return engine


def test_a_chain_by_hand() -> None:
    kit, library = the_kit(), load_timing(the_kit())
    engine = bare(chain(2), 1.0)
    inv, flop, clock = library.cell("INV_X1"), library.cell("DFF_X1"), library.cell(kit.roles.clock_buffers[-1])
    # clock port: the driving cell's delay with two clock pins, less its delay without load
    at = []
    for edge in (RISE, FALL):
        load = 2 * flop.capacitance[flop.pins.index("CK"), edge]
        tables = clock.arc_tables[0]
        at.append((library.lookup(tables[edge], 0, load) - library.lookup(tables[edge], 0, 0), library.lookup(tables[2 + edge], 0, load)))
    time, slew = at[RISE]
    arc = [tuple(a) for a in flop.arcs.tolist()].index((flop.pins.index("CK"), flop.pins.index("Q"), 3))
    found = {}
    for last in (RISE, FALL):  # edge at f1/D; the chain inverts twice, so the same edge leaves f0
        tables = flop.arc_tables[arc]
        load = inv.capacitance[0, last]
        now, width = time + library.lookup(tables[last], slew, load), library.lookup(tables[2 + last], slew, load)
        for edge, load in ((1 - last, inv.capacitance[0, 1 - last]), (last, flop.capacitance[flop.pins.index("D"), last])):
            step, out = (library.lookup(inv.arc_tables[0][k], width, load) for k in (edge, 2 + edge))
            now, width = now + step, out
        found[last] = now
        node = engine.graph.node(PinRef("f1", "D"))
        assert engine.arrival[node, last] == pytest.approx(now) and engine.arrival[node, 2 + last] == pytest.approx(now)
    report = engine.report()
    assert report.hold_path[0].pin == "clk" and report.hold_path[-1].pin == "f1/D"
    assert [point.pin for point in report.hold_path] == ["clk", "f0/CK", "f0/Q", "u0/A", "u0/ZN", "u1/A", "u1/ZN", "f1/D"]
    assert report.hold_path[-1].arrival == pytest.approx(min(found.values()), rel=0.3)
    assert report.latency == (pytest.approx(time), pytest.approx(time)) and report.skew == 0
    assert report.register_slack == pytest.approx(np.nanmin(engine.setup[[k for k in range(4) if engine.graph.checks[k, 0] == node]]))


def test_longer_chains_are_slower_and_the_shortest_period_meets() -> None:
    reports = [analyse(chain(n), the_kit(), 0.3) for n in (2, 10, 30)]
    slacks = [report.register_slack for report in reports]
    assert slacks[0] > slacks[1] > slacks[2] and slacks[2] < 0
    assert analyse(chain(30), the_kit(), reports[2].shortest_period + 1e-6).register_slack >= 0
    assert analyse(chain(30), the_kit(), reports[2].shortest_period - 1e-3).register_slack < 0


def test_wires_slow_down() -> None:
    near, far = (analyse(chain(4, step=step), the_kit(), 1.0) for step in (4000, 200_000))
    assert far.register_slack < near.register_slack - 0.02


def test_overloads_are_found() -> None:
    report = analyse(chain(2, sinks=40), the_kit(), 2.0)
    assert [pin for pin, *_ in report.load_violations] == ["f0/Q"]
    _, load, limit = report.load_violations[0]
    assert load > limit == pytest.approx(60.73)
    assert {pin.split("/")[0] for pin, *_ in report.slew_violations} >= {"f0", "s0"}


def test_what_cannot_be_timed_is_said() -> None:
    block = chain(2)
    block.nets["n0"].pins.append(PinRef("f1", "QN"))
    with pytest.raises(DataError, match="two drivers"):
        analyse(block, the_kit(), 1.0)
    loop = chain(2)
    loop.nets["q"].pins = [PinRef("f0", "Q")]
    loop.nets["d"].pins.append(PinRef("u0", "A"))
    with pytest.raises(CheckFailed, match="loop of gates"):
        analyse(loop, the_kit(), 1.0)
    with pytest.raises(ConfigError, match="period"):
        analyse(chain(2), the_kit(), 0.0)


SCRIPT = """read_liberty {liberty}
read_verilog chain.v
link_design chain
create_clock -name clk -period {period} [get_ports clk]
set_input_delay {share} -clock clk [get_ports in]
set_output_delay {share} -clock clk [all_outputs]
set_driving_cell -lib_cell {cell} [get_ports in]
set_driving_cell -lib_cell {clock} [get_ports clk]
set_load {load} [all_outputs]
read_spef chain.spef
set_propagated_clock [get_clocks clk]
foreach way {{max min}} {{
puts "@$way begin"
report_checks -path_delay $way -to [get_pins f1/D] -format full_clock_expanded -fields {{slew cap input nets fanout}} -digits 5
puts "@$way end"
}}
puts "@done"
exit
"""


@pytest.mark.tool
@pytest.mark.parametrize("sinks", [0, 60])
def test_opensta_finds_the_same(tmp_path: Path, sinks: int) -> None:
    """Arrival on a placed and routed chain with clock tree and buffers, wires extracted: never earlier, at most 4 % later, since the whole
    capacitance counts as the load, where OpenSTA takes an effective one."""
    kit = the_kit()
    block, _ = make_floorplan(chain(12, sinks=sinks), kit)
    result = route(place_block(block, kit).block, kit)
    assert not result.failed
    parasitics = extract(result.block, kit)
    engine = make_engine(result.block, kit, 1.0, parasitics)
    engine.update()
    write_netlist(result.block, tmp_path / "chain.v", kit)
    write_spef(parasitics, result.block, kit, tmp_path / "chain.spef")
    roles = kit.roles
    values = {"liberty": kit.liberty[0], "period": 1.0, "share": 0.2, "cell": roles.driving_cell, "load": roles.output_load}
    (tmp_path / "run.tcl").write_text(SCRIPT.format(**values, clock=roles.clock_buffers[-1]))
    text = opensta.run_script(Path("run.tcl"), tmp_path, tmp_path / "log")
    node = engine.graph.node(PinRef("f1", "D"))
    for way, columns, pick in (("max", slice(0, 2), max), ("min", slice(2, 4), min)):
        path = opensta.parse_path(opensta.section(text, way))
        assert path is not None
        assert 0.995 < pick(engine.arrival[node, columns]) / path.arrival < 1.04
