"""OpenROAD: where it is, its argument line and readers of what it prints. Scripts mark sections and values as those for OpenSTA do."""

from __future__ import annotations

import dataclasses
import os
import re
from dataclasses import dataclass
from pathlib import Path

from neutnngen.errors import ToolFailed
from neutnngen.tools import opensta
from neutnngen.tools.process import ToolInfo, find_program

INSTALL = "put openroad on PATH, or name it in OPENROAD_EXE, or an OpenROAD-flow-scripts checkout in FLOW_HOME"
OPENROAD = ToolInfo("OpenROAD", "openroad", ("-version",), r"(\S*\d\S*)", INSTALL)
BUILT = ("tools/install/OpenROAD/bin/openroad", "tools/OpenROAD/build/src/openroad")
"""Where the flow's own build leaves the program in a checkout."""


@dataclass(frozen=True)
class Installation:
    """tool: with the program's path. checkout: of OpenROAD-flow-scripts, if one was found."""

    tool: ToolInfo
    checkout: Path | None = None

    def rcx_rules(self, platform: str) -> Path | None:
        """Extraction rules of a platform in the checkout."""
        found = None if self.checkout is None else self.checkout / "flow" / "platforms" / platform / "rcx_patterns.rules"
        return found if found is not None and found.is_file() else None


def find() -> Installation | None:
    """OPENROAD_EXE, else PATH, else a checkout of OpenROAD-flow-scripts (FLOW_HOME: it or its ``flow``). None: not here."""
    home = os.environ.get("FLOW_HOME")
    checkout = None
    if home:
        place = Path(home)
        checkout = place.parent if (place / "platforms").is_dir() else place
        checkout = checkout if (checkout / "flow" / "platforms").is_dir() else None
    named = os.environ.get("OPENROAD_EXE")
    built = [] if checkout is None else [checkout / path for path in BUILT]
    for program in (Path(named) if named else None, find_program(OPENROAD.program), *built):
        if program is not None and program.is_file() and os.access(program, os.X_OK):
            return Installation(dataclasses.replace(OPENROAD, program=str(program)), checkout)
    return None


def script_argv(program: str, script: str) -> list[str]:
    """Command line that runs a Tcl script and ends."""
    return [program, "-no_splash", "-exit", script]


def check_log(text: str, log: Path) -> None:
    """ToolFailed with the first error line of a log, or where the script did not come to its end."""
    said = next((line.strip() for line in text.splitlines() if re.match(r"\s*(\[ERROR |Error)", line)), None)
    if said is not None or "@done" not in text.splitlines():
        raise ToolFailed(f"OpenROAD stopped: {said or 'its script did not come to an end'}", got=log, next_step=f"read {log}")


def _last(pattern: str, text: str, what: str) -> float:
    found = re.findall(pattern, text, re.MULTILINE)
    if not found:
        raise ToolFailed(f"OpenROAD's log does not say {what}")
    return float(found[-1])


def wire_length(log: str) -> tuple[float, int]:
    """Micrometres of wire and number of vias at the end of detailed routing."""
    text = opensta.section(log, "route")
    return _last(r"^Total wire length = (\d+(?:\.\d+)?) um", text, "the wire length"), round(
        _last(r"^Total number of vias = (\d+)", text, "the number of vias")
    )


def drc_markers(report: str) -> list[str]:
    """Kinds of the markers in the file of ``detailed_route -output_drc``, one for each."""
    return [kind.strip() for kind in re.findall(r"^\s*violation type: (.*)$", report, re.MULTILINE)]


_NO_LOGIC = re.compile(r"fill|tap|antenna|endcap|macro", re.IGNORECASE)


def cell_usage(log: str) -> tuple[int, float]:
    """Cells and their area (µm²) from ``report_cell_usage``, without fillers, taps and antenna diodes."""
    rows = re.findall(r"^\s+(\S[^\d\n]*?)\s+(\d+)\s+(\d+(?:\.\d+)?)\s*$", opensta.section(log, "cells"), re.MULTILINE)
    total = next(((int(count), float(area)) for name, count, area in rows if name.lower() == "total"), None)
    if total is None:
        raise ToolFailed("OpenROAD's cell report has no total")
    physical = [(int(count), float(area)) for name, count, area in rows if _NO_LOGIC.search(name)]
    return total[0] - sum(count for count, _ in physical), total[1] - sum(area for _, area in physical)


def skew(log: str) -> float | None:
    """The largest setup skew in ns, None where no pair of registers is connected."""
    text = opensta.section(log, "skew")
    found = re.search(r"^\s*(-?\d+\.\d+)\s+setup skew", text, re.MULTILINE)
    if found is not None:
        return abs(float(found[1]))
    old = opensta.parse_skew(text)
    return None if old is None else abs(old.skew)


def limit_violations(log: str) -> dict[str, int]:
    """Violated pins of the limits ``slew``, ``capacitance`` and ``fanout``."""
    counts = dict.fromkeys(("slew", "capacitance", "fanout"), 0)
    kind = None
    for line in opensta.section(log, "limits").splitlines():
        head = re.match(r"\s*max (slew|capacitance|fanout)\b", line)
        if head is not None:
            kind = head[1]
        elif kind is not None and "(VIOLATED)" in line:
            counts[kind] += 1
    return counts


def unannotated(log: str) -> int:
    """Pins without a measured activity, from ``report_activity_annotation``."""
    found = re.search(r"^\s*unannotated\s+(\d+)", opensta.section(log, "activity"), re.MULTILINE)
    if found is None:
        raise ToolFailed("OpenROAD's report of activity cannot be read")
    return int(found[1])
