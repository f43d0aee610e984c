"""The step that compares transistors: what it writes, when it fails, and when it is left out."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from neutnngen.errors import CheckFailed
from neutnngen.flow.config import LayoutConfig
from neutnngen.flow.state import State, StateDelta
from neutnngen.flow.step import StepContext
from neutnngen.flow.steps import lvs_devices
from neutnngen.flow.steps.lvs_devices import LvsDevices
from neutnngen.pdk.kits import available_kits, load_kit
from neutnngen.pdk.node import read_node
from neutnngen.place_route.block import Block
from neutnngen.place_route.def_file import write_def
from neutnngen.place_route.gds import write_gds
from neutnngen.place_route.verilog_netlist import write_netlist

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "place_route"))
from routed_block import finished_block

KIT = load_kit()


@pytest.fixture(scope="module")
def block() -> Block:
    return finished_block(KIT, 20)


def run(block: Block, folder: Path, config: LayoutConfig, step: LvsDevices | None = None, netlist_of: Block | None = None) -> StateDelta:
    write_gds(block, KIT, folder / "a.gds")
    write_netlist(netlist_of or block, folder / "a.v", KIT)
    write_def(block, KIT, folder / "a.def")
    files = {"gds": "a.gds", "netlist": "a.v", "layout": "a.def"}
    state = State({name: PurePosixPath(path) for name, path in files.items()})
    (folder / "step").mkdir()
    return (step or LvsDevices(KIT, "")).run(StepContext(folder / "step", folder, state, config))


def test_the_step_reports_what_was_compared(block: Block, tmp_path: Path) -> None:
    delta = run(block, tmp_path, LayoutConfig())
    report = json.loads(delta.files["lvs_devices_report"].read_text())
    value = {name: metric.value for name, metric in delta.metrics.items()}
    assert report["ran"] and report["findings"] == [] and report["undecided"] == {}
    assert value == {"lvs_device_differences": 0, "lvs_devices": report["transistors"], "lvs_cells_proven": len(report["proven"])}
    assert delta.summary == f"equal: {report['transistors']} transistors; {len(report['proven'])} cells do what Liberty states"


def test_a_difference_stops_the_flow_and_is_in_the_report(block: Block, tmp_path: Path) -> None:
    other = block.copy()
    wrong = next(i for i in other.instances.values() if i.master == "NAND2_X1")
    wrong.master = "NOR2_X1"
    with pytest.raises(CheckFailed, match="transistors of the layout are not those of the netlist"):
        run(block, tmp_path, LayoutConfig(), netlist_of=other)
    report = json.loads((tmp_path / "step" / "lvs_devices.json").read_text())
    assert report["differences"] >= len(report["findings"]) > 0


def test_it_is_left_out_with_a_reason(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def reason(name: str, config: LayoutConfig, step: LvsDevices | None = None) -> str:
        (tmp_path / name).mkdir()
        delta = run(block, tmp_path / name, config, step)
        report = json.loads(delta.files["lvs_devices_report"].read_text())
        assert report["ran"] is False and delta.metrics == {} and delta.summary == f"left out: {report['reason']}"
        return str(report["reason"])

    assert "switched off (layout.lvs_devices)" in reason("off", LayoutConfig(lvs_devices="off"))
    plain = LvsDevices(replace(KIT, name="plain", devices=None), "")
    assert reason("none", LayoutConfig(lvs_devices="on"), plain) == "kit plain does not describe its transistors"
    monkeypatch.setattr(lvs_devices, "AUTO", 5)
    assert 'more than 5 instances (layout.lvs_devices = "on"' in reason("large", LayoutConfig())
    (tmp_path / "on").mkdir()
    assert run(block, tmp_path / "on", LayoutConfig(lvs_devices="on")).summary.startswith("equal")


def test_kits_say_whether_they_describe_transistors() -> None:
    assert {name for name in available_kits() if read_node(name).devices is not None} == {"nangate45"}
    other = replace(KIT, devices=None)
    assert LvsDevices(KIT, "").inputs(LayoutConfig()) != LvsDevices(other, "").inputs(LayoutConfig())
