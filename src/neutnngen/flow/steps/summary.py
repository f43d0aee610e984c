"""The last step: the verdict of sign-off and the figures under their common names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from neutnngen.flow.metric import Metric
from neutnngen.flow.metrics21 import metrics21
from neutnngen.flow.state import StateDelta
from neutnngen.flow.steps.common import Context, KitStep, write_report

REPORTS = (
    "drc_report",
    "lvs_report",
    "lvs_devices_report",
    "deck_report",
    "loads_report",
    "gatesim_report",
    "timing_report",
    "power_report",
    "ir_drop_report",
)


@dataclass(frozen=True)
class Summary(KitStep):
    """``signoff.json`` (every check with its verdict) and ``metrics.json`` (METRICS2.1 names and our own)."""

    name = "signoff"
    version = 2
    reads = ("def", *REPORTS)

    def run(self, context: Context) -> StateDelta:
        known = context.state.metrics
        devices, deck = (json.loads(context.file(name).read_text(encoding="utf-8")) for name in ("lvs_devices_report", "deck_report"))
        checks = verdicts(known, deck, devices)
        failed = [name for name, check in checks.items() if check["ok"] is False]
        document = {
            "format": "neutnngen-signoff",
            "version": "1.0",
            "kit": self.kit.name,
            "ok": not failed,
            "checks": checks,
            "reports": {name: str(context.state.files[name]) for name in REPORTS},
        }
        signoff = write_report(context.folder, "signoff.json", document)
        figures = {name: metric.as_dict() for name, metric in known.items()}
        standard = {"format": "neutnngen-metrics", "version": "1.0", "metrics21": metrics21(known), "metrics": figures}
        written = write_report(context.folder, "metrics.json", standard)
        left = [name for name, check in checks.items() if check["ok"] is None]
        summary = "all checks passed" if not failed else f"not passed: {', '.join(failed)}"
        return StateDelta({"signoff": signoff, "metrics": written}, summary=summary + (f"; left out: {', '.join(left)}" if left else ""))


def verdicts(known: Mapping[str, Metric], deck: Mapping[str, Any], devices: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Check to {"ok": True, False, or None where it was left out, "value", "unit"}; timing counts at every corner.

    deck, devices: the reports of the checks that may be left out.
    """
    found: dict[str, dict[str, Any]] = {}

    def add(name: str, metric: str, ok: bool) -> None:
        found[name] = {"ok": ok, "value": known[metric].value, "unit": known[metric].unit}

    for name, metric in (
        ("geometry and connectivity", "drc_violations"),
        ("layout against netlist", "lvs_differences"),
        ("gates against simulator", "gate_mismatches"),
        ("largest load of drivers", "capacitance_violations"),
    ):
        add(name, metric, known[metric].value == 0)
    for name, metric, report in (
        ("transistors against netlist", "lvs_device_differences", devices),
        ("independent deck", "deck_markers_unwaived", deck),
    ):
        if report.get("ran"):
            add(name, metric, known[metric].value == 0)
        else:
            found[name] = {"ok": None, "reason": report.get("reason", "")}
    for metric in known:
        for start, label in (("setup_slack", "setup"), ("hold_slack", "hold"), ("slew_violations", "slew")):
            if metric.startswith(start):
                corner = metric.removeprefix(start).lstrip("_") or "typical"
                add(f"{label}, {corner}", metric, known[metric].value >= 0 if label != "slew" else known[metric].value == 0)
    for use in ("power", "ground"):
        add(f"voltage drop, {use}", f"ir_drop_{use}", True)  # opens are errors of the step before; the value is for people
    return found
