"""The back end ``openroad``: our netlist placed and routed by OpenROAD, then our own checks of what it made."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from neutnngen.flow.backends.external import (
    LayoutFigures,
    Program,
    power_metrics,
    require_clean,
    result_text,
    run_or_take,
    take,
)
from neutnngen.flow.backends.scripts import Power, Scripts
from neutnngen.flow.backends.stream import def_to_gds
from neutnngen.flow.metric import metrics
from neutnngen.flow.state import StateDelta
from neutnngen.flow.steps.common import Context, KitStep, beside
from neutnngen.flow.steps.signoff import at_clock
from neutnngen.tools import openroad, opensta

SOURCE = "openroad"
LAYOUT_LOG, POWER_LOG = "layout.log", "power.log"


@dataclass(frozen=True)
class OpenRoadScripts(Scripts):
    """layout.tcl and power.tcl."""

    scripts = ("openroad/layout.tcl.j2", "openroad/power.tcl.j2")
    commands = (
        "mkdir -p ../results",
        f'"${{OPENROAD_EXE:-openroad}}" -no_splash -exit layout.tcl > ../results/{LAYOUT_LOG} 2>&1',
    )
    last = f"openroad -no_splash -exit power.tcl > ../results/{POWER_LOG} 2>&1"

    @property
    def reads(self) -> tuple[str, ...]:
        return ("synthesis_netlist", "constraints")

    def values(self, context: Context, files: Mapping[str, Any]) -> dict[str, Any]:
        del files
        return {"netlist": beside(context.file("synthesis_netlist"), context.folder)}


def programs(script: str, log: str, platform: str) -> tuple[Program, ...]:
    """OpenROAD on one script, with the extraction rules of a checkout if there is one."""
    found = openroad.find()
    rules = None if found is None else found.rcx_rules(platform)
    program = openroad.OPENROAD.program if found is None else found.tool.program
    env = {} if rules is None else {"RCX_RULES": str(rules)}
    return (Program("OpenROAD", None if found is None else found.tool, tuple(openroad.script_argv(program, script)), env, log),)


@dataclass(frozen=True)
class OpenRoadLayout(KitStep):
    """Runs layout.tcl, or takes what a run by hand left; GDSII from its DEF; figures from its reports."""

    top: str

    name = "layout"
    version = 1
    reads = ("script_keys", "synthesis_netlist")
    options = ("clock_period_ns",)

    def run(self, context: Context) -> StateDelta:
        scripts = context.file("script_keys").parent
        key = json.loads(context.file("script_keys").read_text(encoding="utf-8"))["layout"]
        run_or_take(context, scripts, "layout", key, programs("layout.tcl", LAYOUT_LOG, self.kit.name), openroad.INSTALL)
        log_path = take(context, LAYOUT_LOG, "log")
        log = log_path.read_text(encoding="utf-8", errors="replace")
        openroad.check_log(log, log_path)
        names = (("def", f"{self.top}.def"), ("netlist", f"{self.top}.v"), ("spef", f"{self.top}.spef"), ("drc_report", "drc.rpt"))
        made = {name: take(context, file) for name, file in names}
        context.say("GDSII", None)
        made["gds"] = def_to_gds(made["def"], self.kit, context.folder / f"{self.top}.gds")
        markers = openroad.drc_markers(result_text(context, "drc.rpt"))
        kinds = ", ".join(f"{count} {kind}" for kind, count in Counter(markers).most_common())
        clean = require_clean(context, len(markers), kinds, made["drc_report"])
        found = figures(log)
        numbers = found.metrics(SOURCE, context.config) | clean
        numbers |= metrics("MEASURED", "gds", ("gds_size", made["gds"].stat().st_size, "bytes", None))
        return StateDelta(made, numbers, found.summary(context.config))


def figures(log: str) -> LayoutFigures:
    """What the log of layout.tcl says. Raises ToolFailed if something is not there."""
    value = opensta.values(log)
    length, vias = openroad.wire_length(log)
    cells, area = openroad.cell_usage(log)
    return LayoutFigures(
        die=(value["die_width"], value["die_height"]),
        core=(value["core_width"], value["core_height"]),
        cells=cells,
        cell_area=area,
        wire_length=length,
        vias=vias,
        setup_slack=value["setup_slack"],
        hold_slack=value["hold_slack"],
        setup_tns=value["setup_tns"],
        hold_tns=value["hold_tns"],
        register_slack=value.get("register_slack"),
        skew=openroad.skew(log),
        limits=openroad.limit_violations(log),
    )


@dataclass(frozen=True)
class OpenRoadPower(Power):
    """Runs power.tcl, or takes what a run by hand left."""

    report_name = POWER_LOG

    def read(self, context: Context, report: str) -> StateDelta:
        openroad.check_log(report, context.run_folder / "results" / POWER_LOG)
        total = opensta.parse_total_power(opensta.section(report, "total"))
        path, numbers, summary = power_metrics(context, total, SOURCE, at_clock, openroad.unannotated(report))
        return StateDelta({"power_report": path}, numbers, summary)
