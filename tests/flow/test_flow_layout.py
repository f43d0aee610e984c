"""The whole flow on a small column: complete, equal after an interruption, and only what depends on a change runs again."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conftest import need
from neutnngen.errors import CheckFailed, ConfigError
from neutnngen.flow import config
from neutnngen.flow.config import LayoutConfig
from neutnngen.flow.layout import STEP_NAMES, run_layout
from neutnngen.flow.runner import FlowResult
from neutnngen.flow.state import State
from neutnngen.flow.step import StepContext
from neutnngen.flow.steps.synth import Synth, inferred_latches
from neutnngen.pdk.kits import load_kit
from neutnngen.place_route.pin_placement import Side
from neutnngen.place_route.placement import Engine
from neutnngen.spec import ColumnSpec, Design
from neutnngen.verify import random_waves

CONFIG = LayoutConfig(picture_width=200, deck="off")


def small_layout(folder: Path, config: LayoutConfig = CONFIG, stop_after: str | None = None) -> FlowResult:
    column = ColumnSpec(3, 1, 6)
    design = Design.of_column("tiny", column, np.array([[7, 3, 5]]), np.ones((1, 3), bool), 1)
    return run_layout(design, random_waves(column, 8, 1), np.arange(8) < 4, config, folder, stop_after=stop_after)


def reused(result: FlowResult) -> list[str]:
    return [step.name for step in result.steps if step.reused]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> FlowResult:
    for program in ("iverilog", "vvp", "sta"):
        need(program)
    return small_layout(tmp_path_factory.mktemp("layout"))


@pytest.mark.tool
def test_the_flow_ends_with_all_files_and_figures(finished: FlowResult) -> None:
    assert finished.complete and tuple(step.name for step in finished.steps) == STEP_NAMES
    assert all(finished.path(name).stat().st_size > 0 for name in ("gds", "def", "netlist", "spef", "picture"))
    value = {name: metric.value for name, metric in finished.state.metrics.items()}
    for name in (
        "drc_violations",
        "lvs_differences",
        "lvs_device_differences",
        "gate_mismatches",
        "pins_without_activity",
        "capacitance_violations",
        "slew_violations",
    ):
        assert value[name] == 0, name
    assert value["setup_slack"] > 0 and value["hold_slack"] > 0 and value["lvs_terminals"] > 1000 and value["lvs_devices"] > 1000
    parts = value["internal_power"] + value["switching_power"] + value["leakage_power"]
    assert value["total_power"] == pytest.approx(parts) and value["switching_power"] > 0
    assert value["leakage_power"] < value["power_at_unit_clock"] < value["total_power"]
    scripts = [p for p in finished.run_folder.rglob("*") if p.suffix in (".ys", ".tcl", ".v") and "simulation" not in p.parts]
    assert scripts
    for path in scripts:
        assert sys.prefix not in path.read_text() and str(finished.run_folder) not in path.read_text(), path


@pytest.mark.tool
def test_an_interrupted_run_gives_the_same_gds(finished: FlowResult, tmp_path: Path) -> None:
    small_layout(tmp_path, stop_after="place")
    result = small_layout(tmp_path, stop_after="gds")
    assert reused(result) == ["synth", "floorplan", "place"]
    assert result.path("gds").read_bytes() == finished.path("gds").read_bytes()


@pytest.mark.tool
def test_other_corners_are_timed_side_by_side(finished: FlowResult, tmp_path: Path, shared: Path) -> None:
    shutil.copytree(finished.run_folder, tmp_path / "copy", symlinks=True)
    result = small_layout(tmp_path / "copy", replace(CONFIG, kit_folder=shared / "pdk/nangate45"), stop_after="timing")
    assert reused(result) == ["synth", "floorplan"]  # repair keeps every corner
    value = {name: metric.value for name, metric in result.state.metrics.items()}
    assert value["setup_slack_slow"] < value["setup_slack"] < value["setup_slack_fast"]
    assert value["hold_slack_fast"] < value["hold_slack"] < value["hold_slack_slow"]
    assert value["setup_slack"] == finished.state.metrics["setup_slack"].value
    corners = json.loads(result.path("timing_report").read_text())["corners"]
    assert corners["slow"]["setup_slack"] == value["setup_slack_slow"] and list(corners) == ["typical", "slow", "fast"]


@pytest.mark.tool
def test_a_change_runs_only_what_depends_on_it(finished: FlowResult, tmp_path: Path) -> None:
    shutil.copytree(finished.run_folder, tmp_path / "copy", symlinks=True)
    result = small_layout(tmp_path / "copy", replace(CONFIG, clock_period_ns=8.0))
    assert reused(result) == list(STEP_NAMES[: STEP_NAMES.index("place")])
    before, after = finished.state.metrics, result.state.metrics
    assert list(before) == list(after)  # the order in which they are printed, too
    for name in ("internal_power", "switching_power"):
        ratio = before[name].value * CONFIG.clock_period_ns / 8.0
        assert after[name].value == pytest.approx(ratio, rel=0.01)
    assert after["leakage_power"].value == pytest.approx(before["leakage_power"].value, rel=1e-6)
    assert after["shortest_period"].value == pytest.approx(before["shortest_period"].value, abs=1e-3)


@pytest.mark.tool
def test_a_latch_is_named(tmp_path: Path) -> None:
    (tmp_path / "01-synth").mkdir()
    (tmp_path / "bad.sv").write_text("module bad(input e, input d, output reg q); always @* if (e) q = d; endmodule\n")
    step = Synth(load_kit(), "", ("rtl/bad.sv",), "bad")
    state = State({"rtl/bad.sv": Path("bad.sv")})  # type: ignore[dict-item]
    with pytest.raises(CheckFailed) as caught:
        step.run(StepContext(tmp_path / "01-synth", tmp_path, state, CONFIG))
    assert caught.value.got == "bad.q"


def test_names_of_latches() -> None:
    log = "x\nLatch inferred for signal `\\top.\\a' from process `\\top.$proc$1': $auto$2\nLatch inferred for signal `\\top.\\a' from\n"
    assert inferred_latches(log) == ["top.a"]


def test_the_configuration_is_checked() -> None:
    with pytest.raises(ConfigError, match="utilisation"):
        LayoutConfig(utilisation=1.5)
    with pytest.raises(ConfigError, match="engine"):
        LayoutConfig(engine="simulated")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="lvs_devices"):
        LayoutConfig(lvs_devices="yes")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="pin_sides"):
        LayoutConfig(pin_sides={"clk": "north"})  # type: ignore[dict-item]
    with pytest.raises(ConfigError, match="different sides"):
        LayoutConfig(pin_sides={"clk": "top"}, pin_order={"left": ["clk"]})
    with pytest.raises(ConfigError, match="twice"):
        LayoutConfig(pin_order={"left": ["clk", "clk"]})
    assert LayoutConfig(pin_sides={"a": "top"}, pin_order={"left": ["b"]}).port_sides == {"a": "top", "b": "left"}
    assert (config.Engine, config.Side) == (Engine, Side)
