"""Checks of the finished layout: rules of geometry, layout against netlist."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from neutnngen.errors import CheckFailed
from neutnngen.flow.metric import metrics
from neutnngen.flow.state import StateDelta
from neutnngen.flow.steps.common import Context, KitStep, read_block, require_clean, write_report
from neutnngen.place_route.drc import check_connectivity, check_geometry
from neutnngen.place_route.lvs import compare_layout
from neutnngen.place_route.route_view import flat_view

SHOWN = 5


@dataclass(frozen=True)
class Drc(KitStep):
    """Geometry and connectivity of the final layout."""

    name = "drc"
    version = 2
    reads = ("def",)

    def run(self, context: Context) -> StateDelta:
        block = read_block(context, self.kit, "def")
        context.say("geometry", None)
        view = flat_view(block, self.kit)
        found = check_geometry(block, self.kit, view)
        context.say("connectivity", None)
        found += check_connectivity(block, self.kit, view)
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
        require_clean(result, report)
        numbers = metrics(
            "MEASURED",
            "lvs",
            ("lvs_differences", 0, "", "lower"),
            ("lvs_instances", result.instances, "cells", None),
            ("lvs_nets", result.nets, "nets", None),
            ("lvs_terminals", result.terminals, "pins", None),
        )
        return StateDelta({"lvs_report": report}, numbers, f"clean: {result.instances:,} cells, {result.terminals:,} terminals")
