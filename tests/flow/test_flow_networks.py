"""Networks as cells: the netlist of a network answers as the simulator, and a wrong cell is found."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from conftest import need
from neutnngen.errors import ConfigError
from neutnngen.flow.config import LayoutConfig
from neutnngen.flow.layout import run_layout
from neutnngen.flow.steps.synth import synthesise
from neutnngen.pdk.kits import load_kit
from neutnngen.rtl.network import generate_network
from neutnngen.rtl.structure import check_network
from neutnngen.verify import NetlistFiles
from neutnngen.verify.network import measure_network_gates
from random_designs import Case, random_case


def cases(voter: bool, most: int) -> list[int]:
    """Seeds of random networks that are no classic column and have hardware, with or without a voter."""
    found = []
    for seed in range(120):
        case = random_case(seed, 10)
        network = case.design.network
        if network.classic is not None or (network.voter is not None) != voter or not 0 < case.design.synapses <= most:
            continue
        try:
            check_network(network)
        except ConfigError:
            continue
        found.append(seed)
    return found


def netlist_of(case: Case, folder: Path) -> tuple[Path, Path]:
    package = generate_network(case.design, folder / "rtl")
    kit = load_kit()
    assert kit.verilog is not None
    return synthesise(kit, package.sources, package.top, folder / "cells")[0], kit.verilog


@pytest.mark.tool
@pytest.mark.parametrize("voter", [False, True])
def test_a_netlist_of_a_network_equals_the_simulator(voter: bool, tmp_path: Path) -> None:
    need("iverilog")
    seed = cases(voter, 60)[0]
    case = random_case(seed, 10)
    netlist, models = netlist_of(case, tmp_path)
    more = {"enable": case.enable, "labels": case.labels}
    report, activity = measure_network_gates(NetlistFiles(netlist, models), case.design, case.waves, case.learn, tmp_path / "run", **more)
    assert report.ok, report.message
    assert report.level == "gates" and report.values > 10 * case.design.network.lines
    assert activity["clk"].toggles == pytest.approx(2, rel=0.02) and len(activity) > 50
    # one cell of another function: some wave tells
    text = netlist.read_text()
    broken = 0
    for wrong in re.finditer(r"\bNAND2_X1\b", text):
        bad = tmp_path / "bad.v"
        bad.write_text(text[: wrong.start()] + "NOR2_X1" + text[wrong.end() :])
        found, _ = measure_network_gates(NetlistFiles(bad, models), case.design, case.waves, case.learn, tmp_path / "bad", **more)
        broken += not found.ok
        if broken:
            break
    assert broken


@pytest.mark.tool
def test_a_network_becomes_a_netlist_in_the_flow(tmp_path: Path) -> None:
    """The flow takes any Design: sources and synthesis of one with a voter."""
    seed = cases(True, 60)[0]
    case = random_case(seed, 10)
    learn = np.broadcast_to(np.asarray(case.learn).reshape(len(case.waves), -1)[:, 0], len(case.waves))
    result = run_layout(
        case.design, case.waves, learn, LayoutConfig(), tmp_path, stop_after="synth", enable=case.enable, labels=case.labels
    )
    assert result.state.metrics["synth_cells"].value > 100
    sdc = result.path("constraints").read_text()
    network = case.design.network
    assert ("label*" in sdc) == any(network.needs_labels) and ("enable*" in sdc) == bool(network.enables)
