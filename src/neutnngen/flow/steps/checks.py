"""Checks of the finished layout: rules of geometry, layout against netlist, netlist against the simulator."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import numpy as np

from neutnngen.errors import CheckFailed, DataError
from neutnngen.files import write_atomic
from neutnngen.flow.metric import metrics
from neutnngen.flow.state import StateDelta
from neutnngen.flow.steps.common import Context, KitStep, cell_models, write_report
from neutnngen.place_route.drc import check_connectivity, check_geometry
from neutnngen.place_route.lvs import compare_layout
from neutnngen.spec import load_design
from neutnngen.tools.iverilog import IVERILOG, VVP
from neutnngen.verify import measure_gates
from neutnngen.verify.network import measure_network_gates

SHOWN = 5


@dataclass(frozen=True)
class Drc(KitStep):
    """Geometry and connectivity of the final layout."""

    name = "drc"
    version = 2
    reads = ("def",)

    def run(self, context: Context) -> StateDelta:
        from neutnngen.place_route.def_file import read_def

        block = read_def(context.file("def"), self.kit)
        context.say("geometry", None)
        found = check_geometry(block, self.kit)
        context.say("connectivity", None)
        found += check_connectivity(block, self.kit)
        report = write_report(context.folder, "drc.json", {"violations": [violation._asdict() for violation in found]})
        if found:
            raise CheckFailed(
                f"the layout breaks {len(found)} rules",
                got="; ".join(f"{v.rule} on {v.layer} of {', '.join(v.nets)} at {v.rect} um" for v in found[:SHOWN]),
                allowed="no violation",
                next_step=f"all places: {report}",
            )
        numbers = metrics("MEASURED", "drc", ("drc_violations", 0, "", "lower"))
        return StateDelta({"drc_report": report}, numbers, "no violation")


@dataclass(frozen=True)
class Lvs(KitStep):
    """The GDSII file against the netlist."""

    name = "lvs"
    version = 1
    reads = ("gds", "netlist")

    def run(self, context: Context) -> StateDelta:
        result = compare_layout(context.file("gds"), context.file("netlist"), self.kit)
        report = write_report(context.folder, "lvs.json", asdict(result))
        if not result.clean:
            try:
                result.require_clean()
            except CheckFailed as problem:
                raise CheckFailed(problem.what, got=problem.got, allowed=problem.allowed, next_step=f"all places: {report}") from None
        numbers = metrics(
            "MEASURED",
            "lvs",
            ("lvs_differences", 0, "", "lower"),
            ("lvs_instances", result.instances, "cells", None),
            ("lvs_nets", result.nets, "nets", None),
            ("lvs_terminals", result.terminals, "pins", None),
        )
        return StateDelta({"lvs_report": report}, numbers, f"clean: {result.instances:,} cells, {result.terminals:,} terminals")


@dataclass(frozen=True)
class GateSim(KitStep):
    """Real waves through the final netlist: equal to the reference simulator, and the activity of every net."""

    name = "gatesim"
    version = 3
    options = ("style", "slots", "members")
    reads = ("netlist", "design", "design_arrays", "waves", "learn", "enable", "labels")
    tools = (IVERILOG, VVP)

    def run(self, context: Context) -> StateDelta:
        design = load_design(context.file("design"))
        try:
            waves, learn, enable, labels = (np.load(context.file(name)) for name in ("waves", "learn", "enable", "labels"))
        except (OSError, ValueError) as error:
            raise DataError(f"the waves cannot be read: {error}", got=context.file("waves")) from None
        context.say(f"{len(waves)} waves", None)
        where = (context.file("netlist"), cell_models(self.kit, context.folder))
        folder = context.folder / "simulation"
        if design.network.classic is None:
            more = {name: array for name, array in (("enable", enable), ("labels", labels)) if array.size}
            report, activity = measure_network_gates(*where, design, waves, learn, folder, **more)
        else:
            report, activity = measure_gates(*where, design, waves, learn, folder, rings=context.config.rings)
        written = write_report(context.folder, "gatesim.json", {**asdict(report), "message": report.message})
        if not report.ok:
            raise CheckFailed(f"the netlist does not behave as the simulator: {report.message}", next_step=f"read {written}")
        table = write_atomic(context.folder / "activity.json", json.dumps(activity, indent=0, sort_keys=True) + "\n")
        mean = sum(net.toggles for net in activity.values()) / max(1, len(activity))
        numbers = metrics(
            "MEASURED",
            "gatesim",
            ("gate_waves", report.waves, "waves", None),
            ("gate_mismatches", 0, "", "lower"),
            ("mean_activity", mean, "toggles per clock", None),
        )
        return StateDelta({"gatesim_report": written, "activity": table}, numbers, report.message)
