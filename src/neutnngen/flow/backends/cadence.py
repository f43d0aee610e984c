"""The back end ``cadence``: RTL to gates by Genus, gates to layout by Innovus, then our own checks of what they made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from neutnngen.errors import ToolFailed
from neutnngen.flow.backends.external import (
    RESULTS_FOLDER,
    LayoutFigures,
    Program,
    power_metrics,
    require_clean,
    result_text,
    run_or_take,
    take,
)
from neutnngen.flow.backends.scripts import Power, Scripts
from neutnngen.flow.metric import metrics
from neutnngen.flow.state import StateDelta
from neutnngen.flow.steps.common import Context, KitStep, beside
from neutnngen.flow.steps.signoff import at_clock
from neutnngen.tools import cadence, opensta
from neutnngen.tools.process import ToolInfo, find_program

SOURCE = "innovus"
TYPICAL = "typical"
TEMPERATURE = 25
_HOLD, _SETUP = "fast", "slow"


@dataclass(frozen=True)
class CadenceScripts(Scripts):
    """genus.tcl, mmmc.tcl, ports.sdc, innovus.tcl, power.tcl and the layer map of the GDSII."""

    scripts = tuple(f"cadence/{name}.j2" for name in ("genus.tcl", "mmmc.tcl", "ports.sdc", "innovus.tcl", "power.tcl", "streamout.map"))
    commands = (
        "mkdir -p ../results",
        " ".join(cadence.genus_argv("genus.tcl", "../results/genus")),
        " ".join(cadence.innovus_argv("innovus.tcl", "../results/innovus")),
    )
    last = " ".join(cadence.innovus_argv("power.tcl", "../results/power"))

    @property
    def reads(self) -> tuple[str, ...]:
        return (*self.sources, "constraints")

    def values(self, context: Context, files: Mapping[str, Any]) -> dict[str, Any]:
        corners = [{"name": TYPICAL, "libraries": files["libraries"]}]
        corners += [{"name": name, "libraries": libraries} for name, libraries in files["corner_libraries"].items()]
        names = [corner["name"] for corner in corners]
        layers = self.kit.technology.layers.values()
        return {
            "sources": [beside(context.file(name), context.folder) for name in self.sources],
            "flat": self.flat,
            "synthesis_effort": "high",
            "corners": corners,
            "temperature": TEMPERATURE,
            "setup_views": [name for name in names if name != _HOLD],
            "hold_views": [name for name in names if name != _SETUP],
            "gds_layers": [
                {"name": layer.name, "objects": _objects(layer.kind), "number": layer.gds[0], "datatype": layer.gds[1]}
                for layer in layers
                if layer.kind in ("routing", "cut") and layer.gds != (0, 0)
            ],
            "gds_labels": [
                {"name": layer.name, "objects": "PIN", "number": layer.gds[0], "datatype": layer.gds[1]}
                for layer in layers
                if layer.kind == "routing" and layer.gds != (0, 0)
            ],
        }


def _objects(kind: str) -> str:
    return "NET,SPNET,PIN,LEFPIN,VIA" if kind == "routing" else "VIA"


def _program(name: str, tool: ToolInfo, argv: list[str], log: str) -> Program:
    return Program(name, tool if find_program(tool.program) else None, tuple(argv), {}, log)


def layout_programs() -> tuple[Program, ...]:
    """Genus, then Innovus."""
    return (
        _program("Genus", cadence.GENUS, cadence.genus_argv("genus.tcl", "../results/genus"), "genus.out"),
        _program("Innovus", cadence.INNOVUS, cadence.innovus_argv("innovus.tcl", "../results/innovus"), "innovus.out"),
    )


def power_programs() -> tuple[Program, ...]:
    """Innovus on the finished layout."""
    return (_program("Innovus", cadence.INNOVUS, cadence.innovus_argv("power.tcl", "../results/power"), "power.out"),)


@dataclass(frozen=True)
class CadenceLayout(KitStep):
    """Runs genus.tcl and innovus.tcl, or takes what a run by hand left; figures from their reports."""

    top: str

    name = "layout"
    version = 1
    reads = ("script_keys",)
    options = ("clock_period_ns",)

    def run(self, context: Context) -> StateDelta:
        scripts = context.file("script_keys").parent
        key = json.loads(context.file("script_keys").read_text(encoding="utf-8"))["layout"]
        run_or_take(context, scripts, "layout", key, layout_programs(), cadence.INSTALL)
        names = [("def", f"{self.top}.def"), ("netlist", f"{self.top}.v"), ("spef", f"{self.top}.spef"), ("gds", f"{self.top}.gds")]
        names += [("drc_report", "drc.rpt"), ("synthesis_netlist", "synthesis.v")]
        made = {name: take(context, file) for name, file in names}
        text = {name: result_text(context, f"{name}.rpt") for name in ("drc", "connectivity", "antennas", "genus_gates")}
        counts = {
            "geometry": cadence.drc_count(text["drc"]),
            "connectivity": cadence.problem_count(text["connectivity"]),
            "antennas": cadence.problem_count(text["antennas"]),
        }
        what = ", ".join(f"{count} of {kind}" for kind, count in counts.items() if count)
        clean = require_clean(context, sum(counts.values()), what, made["drc_report"])
        cells, area = cadence.gate_counts(text["genus_gates"])
        found = self._figures(context)
        numbers = metrics("SYNTHESIS", "genus", ("synth_cells", cells, "cells", "lower"), ("synth_area", area, "um2", "lower"))
        numbers |= found.metrics(SOURCE, context.config) | clean
        numbers |= metrics("MEASURED", "gds", ("gds_size", made["gds"].stat().st_size, "bytes", None))
        return StateDelta(made, numbers, found.summary(context.config))

    def _figures(self, context: Context) -> LayoutFigures:
        """What Innovus's reports say. Raises ToolFailed if something is not there."""
        value = opensta.values(result_text(context, "values.rpt"))
        times = context.run_folder / RESULTS_FOLDER / "time"
        summary = {kind: cadence.report_text(times / f"{kind}.summary") for kind in ("setup", "hold")}
        slack = {kind: cadence.path_slack(result_text(context, f"{kind}.rpt")) for kind in ("setup", "hold", "registers")}
        if slack["setup"] is None or slack["hold"] is None:
            raise ToolFailed("Innovus found no timing path", got=context.run_folder / RESULTS_FOLDER, next_step="check the constraints")
        return LayoutFigures(
            die=(value["die_width"], value["die_height"]),
            core=(value["core_width"], value["core_height"]),
            cells=round(value["cells"]),
            cell_area=value["cell_area"],
            wire_length=value["wire_length"],
            vias=round(value["vias"]),
            setup_slack=slack["setup"],
            hold_slack=slack["hold"],
            setup_tns=cadence.total_negative_slack(summary["setup"]),
            hold_tns=cadence.total_negative_slack(summary["hold"]),
            register_slack=slack["registers"],
            skew=None,
            limits=cadence.limit_violations(summary["setup"]),
        )


@dataclass(frozen=True)
class CadencePower(Power):
    """Runs power.tcl, or takes what a run by hand left."""

    report_name = "power.rpt"

    def read(self, context: Context, report: str) -> StateDelta:
        path, numbers, summary = power_metrics(context, cadence.power(report), SOURCE, at_clock, None)
        return StateDelta({"power_report": path}, numbers, summary)
