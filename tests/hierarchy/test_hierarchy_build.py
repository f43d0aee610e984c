"""A network to a chip of hard macros, end to end, and its behaviour."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hierarchy_cases import grid_design

from conftest import need
from neutnngen.errors import ConfigError
from neutnngen.flow.config import LayoutConfig
from neutnngen.hierarchy.build import build_chip
from neutnngen.hierarchy.netlist import chip_netlist
from neutnngen.hierarchy.part import first_columns
from neutnngen.hierarchy.prove import chip_package, prove_chip
from neutnngen.verify import Stimuli
from neutnngen.verify.network import verify_network


def test_part_of_a_network_keeps_its_columns() -> None:
    design = grid_design(3)
    part = first_columns(design, 2)
    assert part.network.layers[0].columns == 2 and part.network.inputs == design.network.inputs
    assert (part.state.layers[0].distal == design.state.layers[0].distal[:2]).all()
    with pytest.raises(ConfigError):
        first_columns(design, 10)


@pytest.mark.tool
def test_a_network_becomes_a_chip_that_behaves_as_the_simulator(tmp_path: Path) -> None:
    for tool in ("iverilog", "sta"):
        need(tool)
    design = grid_design(2, neurons=2, segments=1)
    config = LayoutConfig(utilisation=0.5, effort=1)
    rng = np.random.default_rng(0)
    waves = np.where(rng.random((8, 9)) < 0.8, rng.integers(0, 8, (8, 9)), 255).astype(np.uint8)
    enable = np.eye(2, dtype=bool)[rng.integers(0, 2, 8)]
    learn = np.arange(8) % 2 == 0
    seen = Stimuli(waves, learn, enable)
    built = build_chip(design, config, tmp_path / "run", waves=seen)
    assert built.check.clean and built.files["gds"].is_file()
    figures = built.report["figures"]
    assert figures["slew_violations"]["value"] == 0
    assert figures["chip_power"]["value"] > figures["columns_power"]["value"] > figures["chip_clock_power"]["value"] > 0
    assert figures["chip_power"]["value"] > figures["chip_power_at_unit_clock"]["value"] > figures["leakage"]["value"]
    assert figures["chip_hold_slack"]["value"] >= 0 and figures["chip_checked_inputs"]["value"] > 4 * 4
    assert 0 < figures["chip_period"]["value"] < config.clock_period_ns
    again = build_chip(design, config, tmp_path / "run", waves=seen)
    assert again.files["gds"].read_bytes() == built.files["gds"].read_bytes()
    report = prove_chip(design, built.chip, seen, tmp_path / "prove")
    assert report.ok, report.message
    # two input lines exchanged in the chip's top: some wave tells
    package = chip_package(design, built.chip, tmp_path / "wrong" / "rtl")
    top = package.sources[-1]
    text = top.read_text()
    top.write_text(text.replace("spike_in[0]", "spike_in[8 ]").replace("spike_in[8]", "spike_in[0]"))
    wrong = verify_network(design, waves, learn, tmp_path / "wrong", enable=enable, package=package)
    assert not wrong.ok


def test_every_pin_of_a_column_is_on_one_net() -> None:
    netlist = chip_netlist(grid_design(3))
    pins = [pin for net in netlist.nets for pin in (net.driver, *net.sinks)] + list(netlist.ties)
    assert len(pins) == len(set(pins))
    by_column = {name: {p.name for p in pins if p.instance == name} for name in netlist.places}
    assert len({frozenset(names) for names in by_column.values()}) == 1
