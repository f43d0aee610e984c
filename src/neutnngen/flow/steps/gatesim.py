"""Real waves through the final netlist, against the simulator."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import numpy as np

from neutnngen.errors import CheckFailed, ConfigError, DataError
from neutnngen.files import write_atomic
from neutnngen.flow.gate_netlist import gate_model
from neutnngen.flow.metric import metrics
from neutnngen.flow.state import StateDelta
from neutnngen.flow.steps.common import Context, KitStep, cell_models, write_report
from neutnngen.place_route.verilog_netlist import read_netlist
from neutnngen.rtl import Rings
from neutnngen.rtl.network import build_rtl, network_scan_image
from neutnngen.rtl.rings import clocks_of
from neutnngen.spec import Design, load_design
from neutnngen.tools.iverilog import IVERILOG, VVP
from neutnngen.verify import Activity, NetlistFiles, Stimuli, VerifyReport
from neutnngen.verify.gate_model import GateModel
from neutnngen.verify.network import measure_netlist

ICARUS_WORK = 2.5e7
"""Cells times clocks that Icarus gets beside the gate simulator: some five seconds."""
FEWEST = 4
"""Waves for which it is worth while to start it."""


@dataclass(frozen=True)
class GateSim(KitStep):
    """Real waves through the final netlist: equal to the reference simulator, and the activity of every net.

    All waves run in our gate simulator; as many of them as take seconds run in Icarus Verilog as well, which knows nothing of ours. A
    netlist that ours cannot hold runs in Icarus alone.
    """

    name = "gatesim"
    version = 4
    options = ("style", "slots", "members")
    reads = ("netlist", "design", "design_arrays", "waves", "learn", "enable", "labels")
    tools = (IVERILOG, VVP)

    def run(self, context: Context) -> StateDelta:
        design = load_design(context.file("design"))
        try:
            inputs, learn, *lines = (np.load(context.file(name)) for name in ("waves", "learn", "enable", "labels"))
        except (OSError, ValueError) as error:
            raise DataError(f"the waves cannot be read: {error}", got=context.file("waves")) from None
        waves = Stimuli(inputs, learn, *(line if line.size else None for line in lines))  # empty where the Design has no such lines
        rings, count = context.config.rings, len(inputs)
        package = build_rtl(design, context.folder / "rtl", rings=rings)
        model: GateModel | None = None
        reason: str | None = None
        try:
            model = gate_model(read_netlist(context.file("netlist"), self.kit), self.kit)
        except ConfigError as problem:
            reason = f"{problem.what}: {problem.got}"
        judged = count if model is None else waves_for_icarus(model.cells, design, rings, count)
        reports: dict[str, VerifyReport] = {}
        activity: Activity = {}
        if judged:
            context.say(f"{judged} waves in Icarus Verilog", None)
            files, place = NetlistFiles(context.file("netlist"), cell_models(self.kit, context.folder)), context.folder / "simulation"
            reports["Icarus Verilog"], activity = measure_netlist(files, package, design, waves.first(judged), place)
        if model is not None:
            context.say(f"{count} waves", 0.0)
            tell = lambda done, total: context.say(f"{done} of {total} waves", done / total)  # noqa: E731
            reports["gate simulator"], activity = measure_netlist(model, package, design, waves, context.folder / "played", tell)
        document = {name: {**asdict(report), "message": report.message} for name, report in reports.items()}
        written = write_report(context.folder, "gatesim.json", {"runs": document, "why_not_the_gate_simulator": reason})
        for name, report in reports.items():
            if not report.ok:
                raise CheckFailed(f"the netlist does not behave as the simulator ({name}): {report.message}", next_step=f"read {written}")
        table = write_atomic(context.folder / "activity.json", json.dumps(activity, indent=0, sort_keys=True) + "\n")
        mean = sum(net.toggles for net in activity.values()) / max(1, len(activity))
        numbers = metrics(
            "MEASURED",
            "gatesim",
            ("gate_waves", count, "waves", None),
            ("gate_waves_in_icarus", judged, "waves", None),
            ("gate_mismatches", 0, "", "lower"),
            ("mean_activity", mean, "toggles per clock", None),
        )
        last = list(reports.values())[-1].message
        both = f"; {judged} of them in Icarus too" if model is not None and judged else ""
        return StateDelta({"gatesim_report": written, "activity": table}, numbers, last + both)


def waves_for_icarus(cells: int, design: Design, rings: Rings | None, waves: int) -> int:
    """How many of the waves Icarus is given beside the gate simulator; 0 where loading and reading the weights alone takes it too long."""
    chain = len(network_scan_image(design))
    count = int((ICARUS_WORK / max(1, cells) - 2 * chain) / clocks_of(design, rings))
    return min(waves, count) if count >= FEWEST else 0
