"""Genus and Innovus: argument lines and readers of the reports that our scripts ask for.

The readers follow the documented forms of the reports; the programs themselves need a licence and are not part of our tests.
"""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from neutnngen.errors import ToolFailed
from neutnngen.tools.opensta import Power
from neutnngen.tools.process import ToolInfo

INSTALL = "run the scripts on a machine with Genus and Innovus, bring the results folder back and type the same command again"
GENUS = ToolInfo("Genus", "genus", ("-version",), r"(\d+\.\d+)", INSTALL)
INNOVUS = ToolInfo("Innovus", "innovus", ("-version",), r"(\d+\.\d+)", INSTALL)


def genus_argv(script: str, log: str) -> list[str]:
    """Command line that runs a Genus script without windows."""
    return ["genus", "-batch", "-files", script, "-log", log]


def innovus_argv(script: str, log: str) -> list[str]:
    """Command line that runs an Innovus script without windows."""
    return ["innovus", "-batch", "-no_gui", "-files", script, "-log", log]


def report_text(path: Path) -> str:
    """Text of a report, which Innovus may have compressed. Raises ToolFailed if it is not there."""
    packed = path.with_name(path.name + ".gz")
    if path.is_file():
        return path.read_text(encoding="utf-8", errors="replace")
    if packed.is_file():
        return gzip.decompress(packed.read_bytes()).decode("utf-8", errors="replace")
    raise ToolFailed(f"the report {path.name} is not there", got=path, next_step="run the scripts again")


def _number(pattern: str, text: str, what: str) -> float:
    found = re.search(pattern, text, re.MULTILINE)
    if found is None:
        raise ToolFailed(f"the report does not say {what}", got=text[:200])
    return float(found[1])


def gate_counts(report: str) -> tuple[int, float]:
    """Cells and area (µm²) of Genus's ``report_gates``."""
    found = re.search(r"^\s*total\s+(\d+)\s+(\d+(?:\.\d+)?)", report, re.MULTILINE)
    if found is None:
        raise ToolFailed("Genus's report of gates has no total", got=report[:200])
    return int(found[1]), float(found[2])


def path_slack(report: str) -> float | None:
    """Slack (ns) of the first path of ``report_timing``, None where there is no constrained path."""
    found = re.search(r"^\s*=?\s*Slack(?: Time)?:?=?\s+(-?\d+\.\d+)", report, re.MULTILINE)
    if found is None:
        if re.search(r"[Nn]o (?:constrained )?(?:timing )?paths", report):
            return None
        raise ToolFailed("the timing report has no slack", got=report[:200])
    return float(found[1])


def total_negative_slack(summary: str) -> float:
    """ns, of all paths, from the summary of ``timeDesign``."""
    return _number(r"TNS \(ns\):\s*\|\s*(-?\d+\.\d+)", summary, "the total negative slack")


def limit_violations(summary: str) -> dict[str, int]:
    """Nets that break the limits ``slew``, ``capacitance`` and ``fanout``, from the summary of ``timeDesign``."""
    names = {"slew": "max_tran", "capacitance": "max_cap", "fanout": "max_fanout"}
    return {kind: round(_number(rf"\|\s*{name}\s*\|\s*(\d+)", summary, name)) for kind, name in names.items()}


def drc_count(report: str) -> int:
    """Markers of ``verify_drc``."""
    if re.search(r"No DRC violations were found", report):
        return 0
    return round(_number(r"(?:Total Violations\s*:|Verification Complete\s*:)\s*(\d+)", report, "the number of violations"))


def problem_count(report: str) -> int:
    """Problems of ``verifyConnectivity`` or ``verifyProcessAntenna``."""
    if re.search(r"Found no problems or warnings|No Violations Found", report):
        return 0
    counts = re.findall(r"^\s*(\d+) (?:Problem\(s\)|Viols)|Verification Complete\s*:\s*(\d+) Viol", report, re.MULTILINE)
    if not counts:
        raise ToolFailed("the report does not say how many problems there are", got=report[:200])
    return sum(int(a or b) for a, b in counts)


_UNITS = {"w": 1.0, "mw": 1e-3, "uw": 1e-6, "nw": 1e-9}


def power(report: str) -> Power:
    """Watts, from ``report_power``."""
    unit = re.search(r"Power Units\s*=\s*1?\s*(\w+)", report)
    factor = _UNITS.get(unit[1].lower(), 0.0) if unit else 0.0
    if not factor:
        raise ToolFailed("the report of power does not say its unit", got=report[:200])
    parts = (_number(rf"Total {name} Power:\s+(\d+(?:\.\d+)?(?:e[+-]?\d+)?)", report, f"the {name} power") for name in _KINDS)
    return Power(*(factor * part for part in parts))


_KINDS = ("Internal", "Switching", "Leakage")
