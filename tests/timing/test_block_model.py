"""The timing model of a block: a chip of two blocks has the same slacks with it as with all their cells."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from timed_block import KIT, PERIOD, WRAPPER, part, star, wrapper

from conftest import need
from neutnngen.errors import ConfigError
from neutnngen.pdk.technology import Rect
from neutnngen.place_route.block import Block, Net, PinRef, Port
from neutnngen.place_route.verilog_netlist import write_netlist
from neutnngen.timing.block_model import block_model
from neutnngen.timing.engine import Engine
from neutnngen.timing.graph import build_graph
from neutnngen.timing.library import TimingLibrary, load_timing, read_timing
from neutnngen.timing.model_file import write_block_model
from neutnngen.timing.wires import no_wires
from neutnngen.tools import opensta

TOLERANCE = 0.001
"""ns: between flat and with models in our engine: tables between their points, slews that merge."""
OPENSTA_TOLERANCE = 0.001
"""ns: the same in OpenSTA."""


def engine(block: Block, library: TimingLibrary) -> Engine:
    graph = build_graph(block, KIT, library)
    return Engine(graph, KIT, no_wires(graph), PERIOD)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Block:
    block = part(tmp_path_factory.mktemp("part"))
    block.die = Rect("", 0, 0, 20000, 10000)
    return block


def test_two_blocks_have_the_same_slacks_by_model(small: Block, tmp_path: Path) -> None:
    write_block_model(small, KIT, tmp_path / "part.lib", star(small, wires=False))
    flat = engine(wrapper(small), load_timing(KIT))
    model = engine(wrapper(None), read_timing((*KIT.liberty, tmp_path / "part.lib"), "typical"))
    for made in (flat, model):
        made.update()
    found = [e.slack() for e in (flat, model)]
    for k in (0, 1):
        for name in ("a[0]", "a[1]", "b", "h", "q0[0]", "q1[1]", "y", "z"):
            values = [s[k][e.graph.node(PinRef(None, name))] for s, e in zip(found, (flat, model), strict=True)]
            assert np.isfinite(values[0]) and values[1] == pytest.approx(values[0], abs=TOLERANCE), (name, k)
        nets = [dict(zip(e.graph.nets, s[k][e.graph.net_driver], strict=True)) for s, e in zip(found, (flat, model), strict=True)]
        for name in ("m", "y0", "z0"):
            assert nets[1][name] == pytest.approx(nets[0][name], abs=TOLERANCE), (name, k)


def test_what_the_model_says(small: Block) -> None:
    model = block_model(small, KIT, star(small, wires=True))
    assert model.area == pytest.approx(small.die.x1 * small.die.y1 / KIT.technology.dbu**2) and model.clocks == ("clk",)
    assert model.leakage == pytest.approx(sum(KIT.cells[i.master].leakage for i in small.instances.values()))
    ways = {name: {(arc.start, arc.sense) for arc in arcs} for name, arcs in model.arcs.items()}
    assert ways["q[0]"] == {("clk", "rising_edge")}
    assert ways["y"] == {("clk", "rising_edge"), ("b", "positive_unate")}
    assert ways["z"] == {("clk", "rising_edge"), ("a[1]", "positive_unate"), ("a[1]", "negative_unate")}
    assert {check.kind for name in ("a[0]", "hold[x]", "b") for check in model.checks[name]} == {"setup_rising", "hold_rising"}
    for arcs in model.arcs.values():
        for arc in arcs:
            for table in arc.delay:
                assert table is None or (np.diff(table, axis=1) > 0).all()  # later with more load
    pins = KIT.cells["AND2_X1"].pins["A1"].capacitance + KIT.cells["DFF_X1"].pins["D"].capacitance
    assert max(model.capacitance["b"]) > pins
    nothing = block_model(small, KIT, star(small, wires=False))
    assert max(nothing.capacitance["b"]) == pytest.approx(pins, rel=0.02)
    assert all(0 < model.load_limit[name] < nothing.load_limit[name] for name in model.load_limit)


def test_two_clocks_are_refused(small: Block) -> None:
    block = small.copy()
    block.nets["other"] = Net("other", "clock", [PinRef(None, "other")])
    block.ports["other"] = Port("other", "input", "other")
    with pytest.raises(ConfigError, match="one clock"):
        block_model(block, KIT, star(block, wires=False))


@pytest.mark.tool
def test_opensta_times_two_blocks_alike_by_model(small: Block, tmp_path: Path) -> None:
    need("sta")
    write_block_model(small, KIT, tmp_path / "part.lib", star(small, wires=False))
    write_netlist(small, tmp_path / "part.v", KIT)
    (tmp_path / "wrap.v").write_text(WRAPPER)
    # without the wires that OpenSTA would assume by the number of cells
    cells = re.sub(r"default_wire_load\b[^;]*;", "", "".join(path.read_text() for path in KIT.liberty))
    (tmp_path / "cells.lib").write_text(cells)
    found = []
    for flat in (True, False):
        lines = [
            "read_liberty cells.lib",
            "read_verilog part.v" if flat else "read_liberty part.lib",
            "read_verilog wrap.v",
            "link_design wrap",
        ]
        lines += [f"create_clock -name clk -period {PERIOD} [get_ports clk]", "set_propagated_clock [get_clocks clk]"]
        lines += ["set_input_transition 0.02 [all_inputs]", "set_load 3 [all_outputs]"]
        lines += ["set_input_delay 0.3 -clock clk [get_ports {a* b h}]", "set_output_delay 0.3 -clock clk [all_outputs]"]
        for kind in ("max", "min"):
            for port in ("a[0]", "a[1]", "b", "h"):
                lines.append(f"set path [lindex [find_timing_paths -path_delay {kind} -from [get_ports {{{port}}}]] 0]")
                lines.append(f'puts "@value {port}_{kind} [get_property $path slack]"')
            for port in ("q0[0]", "q0[1]", "q1[0]", "q1[1]", "y", "z"):
                lines.append(f"set path [lindex [find_timing_paths -path_delay {kind} -to [get_ports {{{port}}}]] 0]")
                lines.append(f'puts "@value {port}_{kind} [get_property $path slack]"')
        script = tmp_path / f"flat{int(flat)}.tcl"
        script.write_text("\n".join([*lines, 'puts "@done"', "exit", ""]))
        found.append(opensta.values(opensta.run_script(Path(script.name), tmp_path, tmp_path / f"{script.name}.log")))
    assert len(found[0]) == 20 and found[0].keys() == found[1].keys()
    for name, value in found[0].items():
        assert found[1][name] == pytest.approx(value, abs=OPENSTA_TOLERANCE), name
