"""Back ends by script: what the scripts say is what kit and configuration say, and what the tools report arrives under our names."""

from __future__ import annotations

import os
import re
import shutil
import stat
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import backend_reports
import klayout.db as kdb
import numpy as np
import pytest
import tcl_tools

from conftest import need
from neutnngen.errors import CheckFailed, ConfigError, MissingTool, ToolFailed
from neutnngen.flow.backends.cadence import CadenceScripts
from neutnngen.flow.backends.openroad import OpenRoadScripts, figures
from neutnngen.flow.backends.run import layout_folder, run_backend
from neutnngen.flow.backends.saif import write_saif
from neutnngen.flow.backends.scripts import Scripts
from neutnngen.flow.backends.stream import def_to_gds
from neutnngen.flow.config import LayoutConfig
from neutnngen.flow.state import State
from neutnngen.flow.step import StepContext
from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import Kit, Rect
from neutnngen.place_route.block import Block, Instance, Net, Port, Row, Via, Wire
from neutnngen.place_route.def_file import write_def
from neutnngen.place_route.gds import write_gds
from neutnngen.place_route.power_grid import add_power_grid
from neutnngen.spec import ColumnSpec, Design
from neutnngen.tools import cadence, openroad
from neutnngen.verify import NetActivity, random_waves

CONFIG = LayoutConfig(utilisation=0.58, aspect=1.5, max_fanout=12, route_iterations=33, clock_period_ns=3.2, picture_width=100, waves=8)
KITS = ("nangate45", "asap7")


def kit_of(name: str, request: pytest.FixtureRequest) -> Kit:
    return load_kit() if name == "nangate45" else load_kit(name, request.getfixturevalue("shared") / "pdk" / name)


def written(kind: type[Scripts], kit: Kit, folder: Path, config: LayoutConfig = CONFIG, *, flat: bool = True) -> dict[str, Any]:
    """The scripts of a back end for files with nothing in them; script -> path, "keys" -> the keys' text."""
    folder = folder / "02-scripts"
    folder.mkdir(parents=True)
    for name in ("netlist.v", "top.sdc", "a.sv", "b.sv"):
        (folder.parent / name).write_text(f"// {name}\n")
    sdc = "create_clock -name clk -period 3.2 [get_ports clk]\nset_input_delay 0.6 -clock clk [all_inputs]\n"
    (folder.parent / "top.sdc").write_text(sdc)
    files = {"synthesis_netlist": "netlist.v", "constraints": "top.sdc", "rtl/a.sv": "a.sv", "rtl/b.sv": "b.sv"}
    state = State({name: PurePosixPath(path) for name, path in files.items()})
    step = kind(kit, "hash", "chip", ("rtl/a.sv", "rtl/b.sv"), flat)
    delta = step.run(StepContext(folder, folder.parent, state, config))
    return {name.removeprefix("script/"): path for name, path in delta.files.items()}


def numbers(text: str) -> list[float]:
    return [float(word) for word in text.split()]


def filling(kit: Kit) -> list[str]:
    """Cells for gaps, wide ones first."""
    return sorted((*kit.roles.fillers, *kit.roles.decaps), key=lambda name: -kit.masters[name].width)


@pytest.mark.parametrize("name", KITS)
def test_openroad_layout_script(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    kit = kit_of(name, request)
    um, roles, technology = kit.technology.to_um, kit.roles, kit.technology
    made = written(OpenRoadScripts, kit, tmp_path)
    done = tcl_tools.play(made["layout.tcl"], tcl_tools.OPENROAD, answers)
    folder = made["layout.tcl"].parent
    lefs = [(folder / call.rest[0]).resolve() for call in done.all("read_lef")]
    assert lefs == [path.resolve() for path in kit.lef]
    assert len(done.all("read_liberty")) == len(kit.liberty)
    assert all((folder / call.rest[0]).is_file() for call in done.all("read_liberty"))
    assert done.one("read_verilog").rest == ("../netlist.v",) and done.one("link_design").rest == ("chip",)
    assert done.one("read_sdc").rest == ("../top.sdc",)
    plan = done.one("initialize_floorplan").options
    assert float(plan["utilization"]) == pytest.approx(100 * CONFIG.utilisation) and float(plan["aspect_ratio"]) == CONFIG.aspect
    assert plan["site"] == roles.core_site
    assert {call.rest[0] for call in done.all("make_tracks")} == {layer.name for layer in technology.routing_layers if layer.pitch}
    for call in done.all("make_tracks"):
        layer = technology.layers[call.rest[0]]
        assert float(call.options["x_pitch"]) == float(call.options["y_pitch"]) == um(layer.pitch)
    assert done.one("tapcell").options["tapcell_master"] == roles.tap
    assert 2 * float(done.one("tapcell").options["distance"]) == pytest.approx(um(roles.tap_interval))
    supplies = {call.options["net"]: ("power" in call.options, "ground" in call.options) for call in done.all("add_global_connection")}
    assert supplies == {roles.power_net: (True, False), roles.ground_net: (False, True)}
    pins = {pin.name for pin in kit.masters[roles.flop].pins.values() if pin.use in ("power", "ground")}
    assert {call.options["pin_pattern"].strip("^$") for call in done.all("add_global_connection")} == pins
    rail, *straps = (call.options for call in done.all("add_pdn_stripe"))
    assert "followpins" in rail and rail["layer"] == kit.straps.rail_layer and float(rail["width"]) == um(kit.straps.rail_width)
    found = [(strap["layer"], float(strap["width"]), float(strap["pitch"])) for strap in straps]
    assert found == [(layer, um(width), um(pitch)) for layer, width, pitch in kit.straps.straps]
    pairs = [call.options["layers"].split() for call in done.all("add_pdn_connect")]
    assert pairs[0][0] == kit.straps.rail_layer and pairs[-1][1] == kit.straps.straps[-1][0]
    assert done.one("place_pins").options == dict(zip(("hor_layers", "ver_layers"), kit.pin_layers, strict=True))
    assert all(float(call.options["density"]) >= CONFIG.utilisation for call in done.all("global_placement"))
    assert [("skip_io" in call.options) for call in done.all("global_placement")] == [True, False]
    clocks = done.one("clock_tree_synthesis").options
    assert clocks["buf_list"].split() == list(roles.clock_buffers) and clocks["root_buf"] == roles.clock_buffers[-1]
    assert done.one("unset_dont_use").rest[0].split() == list(roles.clock_buffers)
    assert done.one("set_dont_use").rest[0].split() == list(roles.dont_use)
    assert done.one("set_max_fanout").rest[0] == "12"
    router = done.one("detailed_route").options
    assert (router["bottom_routing_layer"], router["top_routing_layer"]) == (kit.signal_layers[0], kit.signal_layers[-1])
    assert done.one("global_route").options["congestion_iterations"] == "33"
    assert done.one("filler_placement").rest[0].split() == filling(kit)
    for call in done.all("set_layer_rc"):
        layer = technology.layers[call.options["layer"]]
        assert float(call.options["resistance"]) * 1000 == pytest.approx(layer.resistance, rel=1e-3)
        assert float(call.options["capacitance"]) == pytest.approx(layer.capacitance, rel=1e-3)
    assert done.one("set_load").rest[0] == str(roles.output_load)
    assert done.one("write_def").rest == ("../results/chip.def",)
    order = [call.name for call in done.calls]
    wanted = [
        "read_lef",
        "link_design",
        "initialize_floorplan",
        "pdngen",
        "place_pins",
        "clock_tree_synthesis",
        "detailed_route",
        "write_def",
    ]
    assert [order.index(name) for name in wanted] == sorted(order.index(name) for name in wanted)
    assert "@done" in done.printed and "@value setup_slack 2.25" in done.printed
    key = (tmp_path / "results" / "layout.done").read_text().strip()
    assert key in made["script_keys"].read_text() and len(key) == 32


def answers(call: tcl_tools.Call) -> str | None:
    """Numbers where the scripts compute with what a command returns."""
    if call.name == "dbGet":
        return "{0 0 40 40}" if call.rest[0].startswith("top.fPlan") else "1.5 2.5"
    return {"worst_slack": "2.25", "ord::get_die_area": "0 0 40 40", "ord::get_core_area": "2 2 38 38"}.get(call.name)


def test_extraction_rules_are_used_where_there_are_some(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = written(OpenRoadScripts, load_kit(), tmp_path)
    monkeypatch.setenv("RCX_RULES", "/rules")
    done = tcl_tools.play(made["layout.tcl"], tcl_tools.OPENROAD, answers)
    assert done.one("extract_parasitics").options["ext_model_file"] == "/rules"
    assert done.one("write_spef").rest == done.one("read_spef").rest == ("../results/chip.spef",)


def test_openroad_power_script(tmp_path: Path) -> None:
    made = written(OpenRoadScripts, load_kit(), tmp_path)
    (tmp_path / "results").mkdir()
    done = tcl_tools.play(made["power.tcl"], tcl_tools.OPENROAD)
    assert done.one("read_verilog").rest == ("../results/chip.v",) and done.one("read_spef").rest == ("../results/chip.spef",)
    assert done.one("read_saif").options["scope"] == "chip" and done.one("read_saif").rest == ("../results/activity.saif",)
    order = [call.name for call in done.calls]
    assert order.index("read_saif") < order.index("report_power")


@pytest.mark.parametrize("name", KITS)
def test_genus_script(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    kit = kit_of(name, request)
    made = written(CadenceScripts, kit, tmp_path)
    done = tcl_tools.play(made["genus.tcl"], tcl_tools.GENUS)
    folder = made["genus.tcl"].parent
    libraries = done.one("read_libs").rest[0].split()
    assert len(libraries) == len(kit.liberty) and all((folder / library).is_file() for library in libraries)
    assert [(folder / lef).resolve() for lef in done.one("read_physical").options["lef"].split()] == [path.resolve() for path in kit.lef]
    assert done.one("read_hdl").rest[0].split() == ["../a.sv", "../b.sv"] and "sv" in done.one("read_hdl").options
    assert done.one("elaborate").rest == ("chip",)
    assert [call.rest[0] for call in done.all("read_sdc")] == ["../top.sdc", "ports.sdc"]
    assert {call.rest[1].removeprefix("lib_cells */") for call in done.all("get_db")} <= {
        "lib_cells",
        *(f"*/{p}" for p in kit.roles.dont_use),
    }
    assert len(done.all("get_db")) == len(kit.roles.dont_use)
    assert ("design:chip", ".max_fanout", "12") in [call.rest for call in done.all("set_db")]
    order = [call.name for call in done.calls]
    assert order.index("ungroup") < order.index("syn_generic") < order.index("syn_map") < order.index("syn_opt") < order.index("write_hdl")
    assert done.one("write_hdl").rest == (">", "../results/synthesis.v")
    modular = written(CadenceScripts, kit, tmp_path / "modular", flat=False)
    order = [call.name for call in tcl_tools.play(modular["genus.tcl"], tcl_tools.GENUS).calls]
    assert order.index("syn_opt") < order.index("ungroup")


@pytest.mark.parametrize("name", KITS)
def test_innovus_script(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    kit = kit_of(name, request)
    um, roles = kit.technology.to_um, kit.roles
    made = written(CadenceScripts, kit, tmp_path)
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "ccopt.spec").write_text("")
    done = tcl_tools.play(made["innovus.tcl"], tcl_tools.INNOVUS, answers)
    place = done.one("floorPlan")
    assert place.options["site"] == roles.core_site
    aspect, utilisation, *margins = (float(word) for word in (place.options["r"], *place.rest))
    assert (aspect, utilisation) == (CONFIG.aspect, CONFIG.utilisation) and len(set(margins)) == 1
    ring = done.one("addRing").options
    assert margins[0] >= 2 * float(ring["width"]) + 3 * float(ring["spacing"]) - 1e-9
    sides = ring["layer"].split()
    directions = {side: kit.technology.layers[layer].direction for side, layer in zip(sides[::2], sides[1::2], strict=True)}
    assert directions == {"top": "horizontal", "bottom": "horizontal", "left": "vertical", "right": "vertical"}
    straps = [call.options for call in done.all("addStripe")]
    found = [(s["layer"], float(s["width"]), float(s["set_to_set_distance"])) for s in straps]
    assert found == [(layer, um(width), um(pitch)) for layer, width, pitch in kit.straps.straps]
    for strap in straps:
        assert strap["nets"].split() == [roles.power_net, roles.ground_net]
        assert strap["direction"] == kit.technology.layers[strap["layer"]].direction
        # the two straps of a set share its pitch evenly
        assert 2 * (float(strap["width"]) + float(strap["spacing"])) == pytest.approx(float(strap["set_to_set_distance"]), abs=0.01)
    assert done.one("sroute").options["layerChangeRange"].split() == [kit.straps.rail_layer, kit.straps.straps[-1][0]]
    layers = {call.options["side"]: call.options["layer"] for call in done.all("setPinConstraint")}
    assert layers == {"left right": kit.pin_layers[0], "bottom top": kit.pin_layers[1]}
    mode = done.one("setDesignMode").options
    assert (mode["bottomRoutingLayer"], mode["topRoutingLayer"]) == (kit.signal_layers[0], kit.signal_layers[-1])
    assert mode["process"] == {"nangate45": "45", "asap7": "7"}[name]
    properties = {call.rest[0]: call.rest[1] for call in done.all("set_ccopt_property")}
    assert properties["buffer_cells"].split() == list(roles.clock_buffers) and properties["max_fanout"] == "12"
    assert done.one("addFiller").options["cell"].split() == filling(kit)
    assert done.one("addWellTap").options["cell"] == roles.tap
    assert float(done.one("addWellTap").options["cellInterval"]) == um(roles.tap_interval)
    assert done.one("setTieHiLoMode").options["cell"].split() == [roles.tie_high[0], roles.tie_low[0]]
    stream = done.one("streamOut")
    assert stream.options["units"] == str(kit.technology.dbu) and stream.rest == ("../results/chip.gds",)
    assert (made["innovus.tcl"].parent / stream.options["merge"]).is_file()
    order = [call.name for call in done.calls]
    wanted = [
        "init_design",
        "floorPlan",
        "addStripe",
        "sroute",
        "place_opt_design",
        "ccopt_design",
        "routeDesign",
        "addFiller",
        "verify_drc",
    ]
    wanted += ["extractRC", "streamOut"]
    assert [order.index(step) for step in wanted] == sorted(order.index(step) for step in wanted)
    rows = [line.split() for line in (made["streamout.map"]).read_text().splitlines() if not line.startswith("#")]
    drawn = {row[0]: (int(row[2]), int(row[3])) for row in rows if row[0] in kit.technology.layers}
    assert drawn and all(kit.technology.layers[layer].gds == number for layer, number in drawn.items())
    assert set(kit.signal_layers) <= set(drawn)
    assert ["COMP", "ALL", *(str(n) for n in kit.outline_gds)] in rows


def test_corners_of_innovus(tmp_path: Path, shared: Path) -> None:
    kit = load_kit("nangate45", shared / "pdk" / "nangate45")
    assert set(kit.corners) == {"slow", "fast"}
    made = written(CadenceScripts, kit, tmp_path)
    done = tcl_tools.play(made["mmmc.tcl"], tcl_tools.MMMC)
    sets = {call.options["name"]: call.options["timing"] for call in done.all("create_library_set")}
    assert sets == {"typical_libraries": "cells.lib", "slow_libraries": "cells_slow.lib", "fast_libraries": "cells_fast.lib"}
    views = done.one("set_analysis_view").options
    assert views == {"setup": "typical slow", "hold": "typical fast"}
    assert done.one("create_constraint_mode").options["sdc_files"].split() == ["../top.sdc", "ports.sdc"]
    ports = tcl_tools.play(made["ports.sdc"], tcl_tools.SDC)
    assert float(ports.one("set_load").rest[0]) * 1000 == pytest.approx(kit.roles.output_load)
    assert [call.options["lib_cell"] for call in ports.all("set_driving_cell")] == [kit.roles.driving_cell, kit.roles.clock_buffers[-1]]


def test_cadence_power_script(tmp_path: Path) -> None:
    made = written(CadenceScripts, load_kit(), tmp_path)
    (tmp_path / "results").mkdir()
    done = tcl_tools.play(made["power.tcl"], tcl_tools.INNOVUS)
    read = done.all("read_activity_file")[-1]
    assert read.options == {"format": "SAIF", "scope": "chip"} and read.rest == ("../results/activity.saif",)
    assert done.one("report_power").options["outfile"] == "../results/power.rpt"


@pytest.mark.parametrize(
    ("old", "new"), [("pdngen", "pdngenerate"), ("-aspect_ratio", "-aspect"), ("write_def $results/chip.def", "write_def")]
)
def test_a_wrong_command_or_option_does_not_pass(old: str, new: str, tmp_path: Path) -> None:
    """The interpreter of the tests is one that can say no."""
    tkinter = pytest.importorskip("tkinter", reason="this Python has no Tcl interpreter (python3-tk)")
    made = written(OpenRoadScripts, load_kit(), tmp_path)["layout.tcl"]
    text = made.read_text()
    assert old in text
    made.write_text(text.replace(old, new, 1))
    with pytest.raises((ValueError, tkinter.TclError)):
        tcl_tools.play(made, tcl_tools.OPENROAD, answers)


def test_the_key_is_of_the_configuration_and_the_inputs(tmp_path: Path) -> None:
    kit = load_kit()

    def key(name: str, config: LayoutConfig) -> str:
        return str(written(OpenRoadScripts, kit, tmp_path / name, config)["script_keys"].read_text())

    base = key("a", CONFIG)
    assert base == key("b", CONFIG) and base != key("c", replace(CONFIG, utilisation=0.6))


def test_activity_as_saif(tmp_path: Path) -> None:
    table = {"clk": NetActivity(2.0, 0.5), "count[3]": NetActivity(0.125, 0.25), "a.b[1].c": NetActivity(0.0, 1.0)}
    text = write_saif(table, "chip", 4.0, tmp_path / "a.saif").read_text()
    duration = int(re.search(r"\(DURATION (\d+)\)", text)[1])  # type: ignore[index]
    assert "(TIMESCALE 1 ps)" in text and duration == 100_000 * 4000
    rows = re.findall(r"\((\S+) \(T0 (\d+)\) \(T1 (\d+)\) \(TX 0\) \(TC (\d+)\)", text)
    found = {name.replace("\\", ""): (int(t1) / duration, int(tc) / 100_000) for name, _, t1, tc in rows}
    assert found == {name: (row.duty, row.toggles) for name, row in table.items()}
    assert all(int(t0) + int(t1) == duration for _, t0, t1, _ in rows)
    assert text.count("(") == text.count(")")
    slow = write_saif(table, "chip", 1e7, tmp_path / "b.saif").read_text()
    assert "(TIMESCALE 1 us)" in slow and "(DURATION 1000000000)" in slow


def test_def_becomes_the_same_gds(tmp_path: Path) -> None:
    """KLayout's reader of DEF and our own writer of GDSII draw the same, cells in all four orientations included."""
    kit = load_kit()
    rows = [Row(f"r{i}", kit.roles.core_site, 3800, 2800 * (2 + i), "N" if i % 2 == 0 else "FS", 300) for i in range(4)]
    block = Block("chip", Rect("", 0, 0, 121600, 22400), Rect("", 3800, 5600, 117800, 16800), rows)
    for i, orient in enumerate(("N", "FN", "FS", "S")):
        y = 5600 if i < 2 else 8400
        block.instances[f"u[{i}]"] = Instance(f"u[{i}]", "AOI21_X1", 3800 + 7600 * i, y, orient, placed=True)  # type: ignore[arg-type]
    block.nets["n"] = Net("n", wires=[Wire("metal2", 4085, 6200, 4085, 9000, 140, 70)], vias=[Via("via1_4", 4085, 6200)])
    block.ports["p[0]"] = Port("p[0]", "input", "n", Rect("metal2", 4015, 0, 4155, 300))
    block = add_power_grid(block, kit)
    write_def(block, kit, tmp_path / "chip.def")
    write_gds(block, kit, tmp_path / "own.gds")
    def_to_gds(tmp_path / "chip.def", kit, tmp_path / "read.gds")
    own, read = kdb.Layout(), kdb.Layout()
    own.read(str(tmp_path / "own.gds"))
    read.read(str(tmp_path / "read.gds"))
    layers = {(info.layer, info.datatype) for layout in (own, read) for info in layout.layer_infos()}
    assert len(layers) > 8
    for layer in layers:
        drawn = [kdb.Region(layout.top_cell().begin_shapes_rec(layout.layer(*layer))) for layout in (own, read)]
        assert (drawn[0] ^ drawn[1]).is_empty() and not drawn[0].is_empty(), layer
        texts = [
            sorted(s.text.string for s in layout.top_cell().shapes(layout.layer(*layer)).each() if s.is_text()) for layout in (own, read)
        ]
        assert texts[0] == texts[1], layer


def test_reports_of_openroad() -> None:
    found = figures(backend_reports.OPENROAD_LAYOUT)
    assert (found.cells, found.cell_area) == (464, pytest.approx(1296.02 - 485.32))
    assert (found.wire_length, found.vias, found.skew, found.register_slack) == (3012, 2871, 0.02, 2.5)
    assert found.limits == {"slew": 1, "capacitance": 2, "fanout": 0}
    marks = "  violation type: Short\n    srcs: net:a net:b\n    bbox = (0, 0) - (1, 1) on Layer metal2\n  violation type: Metal Spacing\n"
    assert openroad.drc_markers(marks) == ["Short", "Metal Spacing"] and openroad.drc_markers("") == []
    with pytest.raises(ToolFailed, match="wire length"):
        figures(backend_reports.OPENROAD_LAYOUT.replace("Total wire length =", "Wire ="))
    with pytest.raises(ToolFailed, match="GPL-0301"):
        openroad.check_log("[ERROR GPL-0301] Utilization exceeds 100%.\n@done\n", Path("log"))
    with pytest.raises(ToolFailed, match="end"):
        openroad.check_log("[INFO X] all well\n", Path("log"))


def test_reports_of_cadence() -> None:
    texts = backend_reports.INNOVUS
    assert cadence.gate_counts(texts["genus_gates.rpt"]) == (433, 750.918)
    assert [cadence.path_slack(texts[f"{name}.rpt"]) for name in ("setup", "hold", "registers")] == [2.25, 0.041, 2.5]
    assert cadence.path_slack("No constrained timing paths found.") is None
    assert cadence.total_negative_slack(texts["time/hold.summary"]) == -0.125
    assert cadence.limit_violations(texts["time/setup.summary"]) == {"slew": 1, "capacitance": 2, "fanout": 0}
    assert cadence.drc_count(texts["drc.rpt"]) == 0 and cadence.drc_count("  Total Violations : 12 Viols.\n") == 12
    assert cadence.problem_count(texts["connectivity.rpt"]) == 0
    assert cadence.problem_count("    3 Problem(s) (IMPVFC-92): Pieces of the net are not connected.\n    1 Problem(s) (IMPVFC-200)\n") == 4
    power = cadence.power(texts["power.rpt"])
    assert (power.internal, power.switching, power.leakage) == pytest.approx((3.7e-4, 7.2e-5, 1.64e-5))
    for reader in (
        cadence.gate_counts,
        cadence.path_slack,
        cadence.total_negative_slack,
        cadence.drc_count,
        cadence.problem_count,
        cadence.power,
    ):
        with pytest.raises(ToolFailed):
            reader("nothing of this kind")  # type: ignore[operator]


def test_openroad_is_found_by_path_name_and_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENROAD_EXE", "FLOW_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert openroad.find() is None
    built = program(tmp_path / "orfs" / openroad.BUILT[0], "")
    rules = tmp_path / "orfs" / "flow" / "platforms" / "asap7" / "rcx_patterns.rules"
    rules.parent.mkdir(parents=True)
    rules.write_text("")
    for home in (tmp_path / "orfs", tmp_path / "orfs" / "flow"):
        monkeypatch.setenv("FLOW_HOME", str(home))
        found = openroad.find()
        assert found is not None and found.tool.program == str(built)
        assert found.rcx_rules("asap7") == rules and found.rcx_rules("nangate45") is None
    on_path = program(tmp_path / "bin" / "openroad", "")
    assert openroad.find().tool.program == str(on_path)  # type: ignore[union-attr]
    named = program(tmp_path / "my_openroad", "")
    monkeypatch.setenv("OPENROAD_EXE", str(named))
    assert openroad.find().tool.program == str(named)  # type: ignore[union-attr]


def program(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n" + body)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def column() -> tuple[Design, np.ndarray[Any, Any]]:
    spec = ColumnSpec(2, 1, 4)
    return Design.of_column("mini", spec, np.array([[7, 3]]), np.ones((1, 2), bool), 1), random_waves(spec, 8, 1)


def lay_out(backend: str, folder: Path, config: LayoutConfig = CONFIG, stop_after: str | None = None) -> Any:
    design, waves = column()
    return run_backend(backend, design, waves, np.arange(8) < 4, config, folder, stop_after=stop_after)


@pytest.fixture
def no_tools(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No OpenROAD, Genus or Innovus anywhere; returns a folder in front on PATH."""
    for name in ("OPENROAD_EXE", "FLOW_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name in ("openroad", "genus", "innovus"):
        if shutil.which(name):
            pytest.skip(f"{name} is installed here")
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    return tmp_path / "bin"


@pytest.mark.usefixtures("no_tools")
def test_without_the_programs_the_scripts_are_there(tmp_path: Path) -> None:
    with pytest.raises(MissingTool, match=r"Genus and Innovus not found; the scripts are written") as caught:
        lay_out("cadence", tmp_path / "run")
    assert "genus -batch -files genus.tcl" in str(caught.value.allowed) and caught.value.exit_code == 3
    scripts = tmp_path / "run" / "01-scripts"
    assert {"genus.tcl", "innovus.tcl", "mmmc.tcl", "power.tcl", "run.sh", "streamout.map"} <= {path.name for path in scripts.iterdir()}
    for path in scripts.iterdir():
        if not path.is_symlink() and path.suffix != ".lib":
            assert str(tmp_path) not in path.read_text(), path  # they can be moved


def test_there_is_no_such_back_end(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="openroad"):
        lay_out("openraod", tmp_path)
    assert [layout_folder(tmp_path, name).name for name in ("embedded", "openroad")] == ["layout", "layout_openroad"]


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the DEF, netlist, GDSII and SPEF of the embedded flow: what a back end would leave."""
    for tool in ("iverilog", "vvp"):
        need(tool)
    made = lay_out("embedded", tmp_path_factory.mktemp("mini"), stop_after="extract")
    folder = tmp_path_factory.mktemp("left")
    for name in ("def", "netlist", "spef", "gds"):
        shutil.copy(made.path(name), folder / f"mini{ {'netlist': '.v'}.get(name, '.' + name) }")
    return folder


@pytest.mark.tool
def test_openroad_from_rtl_to_power(reference: Path, no_tools: Path, tmp_path: Path) -> None:
    """A program that leaves what OpenROAD would: its DEF becomes GDSII, is simulated and compared; its figures come under our names."""
    with pytest.raises(MissingTool, match="OpenROAD not found; the scripts are written"):
        lay_out("openroad", tmp_path / "run")
    (no_tools / "layout.log").write_text(backend_reports.OPENROAD_LAYOUT)
    (no_tools / "power.log").write_text(backend_reports.OPENROAD_POWER)
    body = f"""set -e
for word; do script="$word"; done
test -f ../01-synth/netlist.v
case "$script" in
layout.tcl) cp {reference}/* ../results/ && : > ../results/drc.rpt ;;
power.tcl) grep -q 'INSTANCE mini' ../results/activity.saif ;;
esac
step="${{script%.tcl}}"
sed -n "s/^puts \\$done \\(................................\\)$/\\1/p" "$script" > "../results/$step.done"
cat {no_tools}/$step.log
"""
    program(no_tools / "openroad", body)
    result = lay_out("openroad", tmp_path / "run")
    assert [step.name for step in result.steps] == ["synth", "scripts", "layout", "gatesim", "power", "picture", "lvs"]
    assert result.complete and result.steps[0].reused and result.steps[1].reused
    value = {name: metric.value for name, metric in result.state.metrics.items()}
    assert value["setup_slack"] == 2.25 and value["shortest_period"] == pytest.approx(CONFIG.clock_period_ns - 2.5)
    assert value["drc_violations"] == value["lvs_differences"] == value["gate_mismatches"] == 0
    assert value["cells"] == 464 and value["total_power"] == pytest.approx(458.4) and value["pins_without_activity"] == 3
    assert value["leakage_power"] < value["power_at_unit_clock"] < value["total_power"]
    assert result.path("gds").stat().st_size > 10000
    again = lay_out("openroad", tmp_path / "run")
    assert all(step.reused for step in again.steps)
    # other results in place of these: markers are an error with their kinds
    marks = "  violation type: Short\n  violation type: Short\n  violation type: Metal Spacing\n"
    program(no_tools / "openroad", body.replace(": > ../results/drc.rpt", f"printf '{marks}' > ../results/drc.rpt".replace("\n", "\\n")))
    with pytest.raises(CheckFailed, match="breaks 3 rules") as caught:
        lay_out("openroad", tmp_path / "run", replace(CONFIG, utilisation=0.5))
    assert caught.value.got == "2 Short, 1 Metal Spacing"


@pytest.mark.tool
@pytest.mark.usefixtures("no_tools")
def test_cadence_results_of_another_machine_are_taken(reference: Path, tmp_path: Path) -> None:
    """First the layout's results are brought, then the power's: each call goes as far as it can."""
    run = tmp_path / "run"
    with pytest.raises(MissingTool):
        lay_out("cadence", run)
    shutil.copytree(reference, run / "results")
    for name, text in backend_reports.INNOVUS.items():
        (run / "results" / name).parent.mkdir(exist_ok=True)
        (run / "results" / name).write_text(text)
    (run / "results" / "synthesis.v").write_text("")
    (run / "results" / "layout.done").write_text("of other scripts\n")
    with pytest.raises(MissingTool):
        lay_out("cadence", run)
    keys = dict(re.findall(r'"(\w+)": "(\w{32})"', (run / "01-scripts" / "keys.json").read_text()))
    (run / "results" / "layout.done").write_text(keys["layout"] + "\n")
    with pytest.raises(MissingTool, match="Innovus not found") as caught:
        lay_out("cadence", run)
    assert "power.tcl" in str(caught.value.allowed) and (run / "results" / "activity.saif").is_file()
    (run / "results" / "power.done").write_text(keys["power"] + "\n")
    result = lay_out("cadence", run)
    value = {name: metric.value for name, metric in result.state.metrics.items()}
    assert result.complete and value["synth_cells"] == 433 and value["cells"] == 464
    assert value["drc_violations"] == value["lvs_differences"] == value["gate_mismatches"] == 0
    assert value["hold_total_negative_slack"] == -0.125 and value["slew_violations"] == 1
    assert value["total_power"] == pytest.approx(458.4) and value["die_area"] == pytest.approx(41.42 * 42)
