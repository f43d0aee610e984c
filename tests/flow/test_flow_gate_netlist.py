"""Netlists of library cells in the gate simulator: what Icarus says of them, it says too."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from test_flow_networks import cases, netlist_of

from conftest import need
from neutnngen.errors import ConfigError
from neutnngen.flow.gate_netlist import gate_model
from neutnngen.flow.steps.gatesim import FEWEST, ICARUS_WORK, waves_for_icarus
from neutnngen.flow.steps.synth import synthesise
from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.verilog_netlist import read_netlist
from neutnngen.rtl import Rings, generate_rtl
from neutnngen.rtl.network import network_scan_image
from neutnngen.rtl.rings import clocks_of
from neutnngen.verify import Activity, NetlistFiles, measure_gates, random_waves
from neutnngen.verify.network import measure_network_gates
from random_designs import mutant_design, random_case


@pytest.fixture(scope="module")
def kit() -> Kit:
    return load_kit()


def alike(ours: Activity, theirs: Activity, waves: int) -> None:
    """Equal but for what registers without a known bit did in the first waves: Icarus does not count it."""
    bare = {name.removesuffix("[0]"): seen for name, seen in ours.items()}  # a vector of one bit has no range in the dump
    theirs = {name.removesuffix("[0]"): seen for name, seen in theirs.items() if name != "clk"}
    assert set(bare) - {"clk"} == set(theirs)
    ours = bare
    far = 4 / waves
    for net, seen in theirs.items():
        assert ours[net].toggles == pytest.approx(seen.toggles, abs=far), net
        assert ours[net].duty == pytest.approx(seen.duty, abs=far), net
    exact = sum(ours[net].toggles == pytest.approx(seen.toggles, abs=1e-9) for net, seen in theirs.items())
    assert exact > 0.8 * len(theirs)


@pytest.mark.tool
@pytest.mark.parametrize("rings", [None, Rings()])
def test_a_column_is_as_in_icarus(rings: Rings | None, kit: Kit, tmp_path: Path) -> None:
    need("iverilog")
    design = mutant_design(2, 4)
    package = generate_rtl(design, tmp_path / "rtl", rings=rings)
    netlist, _ = synthesise(kit, package.sources, package.top, tmp_path / "cells")
    model = gate_model(read_netlist(netlist, kit), kit)
    waves, learn = random_waves(design.column, 48, 7), np.arange(48) % 3 != 0
    done: list[int] = []
    report, ours = measure_gates(model, design, waves, learn, tmp_path / "model", package=package, tell=lambda n, _: done.append(n))
    assert report.ok, report.message
    assert done[-1] == 48
    assert kit.verilog is not None
    judge, theirs = measure_gates(NetlistFiles(netlist, kit.verilog), design, waves, learn, tmp_path / "icarus", package=package)
    assert judge.values == report.values and judge.ok
    alike(ours, theirs, 48)
    # a cell of another function is noticed
    text = netlist.read_text()
    broken = 0
    for wrong in list(re.finditer(r"\bNAND2_X1\b", text))[:8]:
        bad = tmp_path / "bad.v"
        bad.write_text(text[: wrong.start()] + "NOR2_X1" + text[wrong.end() :])
        found, _ = measure_gates(gate_model(read_netlist(bad, kit), kit), design, waves, learn, tmp_path / "bad", package=package)
        broken += not found.ok
    assert broken


@pytest.mark.tool
@pytest.mark.parametrize("voter", [False, True])
def test_a_network_is_as_in_icarus(voter: bool, kit: Kit, tmp_path: Path) -> None:
    need("iverilog")
    case = random_case(cases(voter, 60)[0], 10)
    netlist, models = netlist_of(case, tmp_path)
    more = {"enable": case.enable, "labels": case.labels}
    model = gate_model(read_netlist(netlist, kit), kit)
    report, ours = measure_network_gates(model, case.design, case.waves, case.learn, tmp_path / "model", **more)
    judge, theirs = measure_network_gates(NetlistFiles(netlist, models), case.design, case.waves, case.learn, tmp_path / "icarus", **more)
    assert report.ok and judge.ok, report.message
    assert report.values == judge.values
    alike(ours, theirs, 10)


def test_latches_and_gated_clocks_are_refused(kit: Kit, tmp_path: Path) -> None:
    ports = "module m (clk, d, q); input clk, d; output q; wire c;"
    register = "DFF_X1 r (.D(d), .CK(c), .Q(q)); endmodule"
    latch = f"{ports} DLH_X1 l (.D(d), .G(clk), .Q(q)); endmodule"
    gated = f"{ports} AND2_X1 g (.A1(clk), .A2(d), .ZN(c)); {register}"
    turned = f"{ports} INV_X1 g (.A(clk), .ZN(c)); {register}"
    for text, what in ((latch, "state"), (gated, "rising edge"), (turned, "rising edge")):
        path = tmp_path / "m.v"
        path.write_text(text)
        with pytest.raises(ConfigError, match=what):
            gate_model(read_netlist(path, kit), kit)


def test_icarus_gets_the_waves_that_it_can_do_in_seconds() -> None:
    design = mutant_design(2, 4)
    clocks = clocks_of(design)
    assert waves_for_icarus(100, design, None, 50) == 50
    chain = len(network_scan_image(design))
    assert waves_for_icarus(int(ICARUS_WORK / (10 * clocks + 2 * chain)), design, None, 10_000) == 10
    assert waves_for_icarus(round(ICARUS_WORK / ((FEWEST - 1) * clocks + 2 * chain)), design, None, 10_000) == 0
    assert waves_for_icarus(10_000_000, design, None, 50) == 0
    assert waves_for_icarus(100, design, Rings(), 50) == 50
