"""Netlists of macros: buffers before the outputs change nothing else, and macros put together are their network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hierarchy_cases import grid_design

from neutnngen.flow.gate_netlist import gate_model
from neutnngen.flow.steps.synth import synthesise
from neutnngen.hierarchy.flat import flatten
from neutnngen.hierarchy.macro import buffer_outputs
from neutnngen.hierarchy.netlist import GLUE, chip_netlist
from neutnngen.hierarchy.part import common_column, some_columns
from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.verilog_netlist import read_netlist, write_netlist
from neutnngen.rtl.network import generate_network, write_glue
from neutnngen.verify.network import measure_network_gates


@pytest.fixture(scope="module")
def kit() -> Kit:
    return load_kit()


def test_macros_put_together_behave_as_their_network_with_and_without_buffers(kit: Kit, tmp_path: Path) -> None:
    design = grid_design(2, neurons=2, segments=1)
    netlist = chip_netlist(design)
    package = generate_network(design, tmp_path / "rtl")
    glue_source, column = write_glue(design, tmp_path / "rtl"), netlist.macros["column_0_0"]
    leaves = [p for p in package.sources if p.stem not in {package.top, *netlist.macros.values()}]
    sources = {column: tmp_path / "rtl" / f"{column}.sv", netlist.macros[GLUE]: glue_source}
    blocks = {m: read_netlist(synthesise(kit, [*leaves, f], m, tmp_path / m)[0], kit) for m, f in sources.items()}
    rng = np.random.default_rng(0)
    waves = np.where(rng.random((12, 9)) < 0.8, rng.integers(0, 8, (12, 9)), 255).astype(np.uint8)
    enable, learn = np.eye(2, dtype=bool)[rng.integers(0, 2, 12)], np.arange(12) % 3 != 0
    buffered = {m: buffer_outputs(block, "BUF_X4", "A", "Z") for m, block in blocks.items()}
    for module, block in buffered.items():
        write_netlist(block, tmp_path / f"{module}.v", kit)
        buffered[module] = back = read_netlist(tmp_path / f"{module}.v", kit)
        for port in back.ports.values():
            drivers = [back.instances[r.instance].master for r in back.nets[port.net].pins if r.instance is not None]
            assert port.direction == "input" or drivers == ["BUF_X4"]
        assert len(back.instances) - len(blocks[module].instances) == sum(p.direction == "output" for p in back.ports.values())
    for name, some in (("plain", blocks), ("buffered", buffered)):
        flat, names = flatten(netlist, some, kit)
        assert set(names) == set(netlist.macros)
        report, activity = measure_network_gates(gate_model(flat, kit), design, waves, learn, tmp_path / name, enable=enable)
        assert report.ok, report.message
        assert set(names["column_0_1"].values()) <= set(activity)
    # a column hears two lines in each other's place
    flat, _ = flatten(netlist, blocks, kit)
    one, other = flat.nets["spike_in[3]"], flat.nets["spike_in[7]"]
    mine = [[ref for ref in net.pins if (ref.instance or "").startswith("column_0_2/")] for net in (one, other)]
    assert all(mine)
    for net, gone, come in ((one, *mine), (other, *reversed(mine))):
        net.pins = [ref for ref in net.pins if ref not in gone] + come
    report, _ = measure_network_gates(gate_model(flat, kit), design, waves, learn, tmp_path / "wrong", enable=enable)
    assert not report.ok


def test_the_common_column_sees_the_mean_number_of_spikes() -> None:
    design = grid_design(3)
    waves = np.full((4, 16), 255, dtype=np.uint8)
    waves[:, [5, 6, 9, 10]] = 3  # the middle of 4 x 4 lines: of 9 windows one sees 4, four see 2, four see 1
    assert common_column(design, waves) in (1, 3, 5, 7)
    part = some_columns(design, [4])
    assert part.network.layers[0].wiring.table().tolist() == [[5, 6, 9, 10]]
    assert (part.state.layers[0].distal == design.state.layers[0].distal[[4]]).all()
