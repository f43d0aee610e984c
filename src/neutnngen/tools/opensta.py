"""OpenSTA (Debian's 2019 build, 2.0.17, and newer ones with the same reports): argument line and readers of its reports.

Scripts mark what is read back: ``@value NAME NUMBER``, and sections between ``@NAME begin`` and ``@NAME end``; ``@done`` comes last.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from neutnngen.errors import ToolFailed
from neutnngen.tools.process import ToolInfo, run_tool

INSTALL = "apt-get install opensta"
OPENSTA = ToolInfo("OpenSTA", "sta", ("-version",), r"(\d+\.\d+\.\d+)", INSTALL, at_least="2.0")


def script_argv(script: Path | str) -> list[str]:
    """Command line that runs a Tcl script."""
    return ["sta", "-no_splash", "-exit", str(script)]


def run_script(script: Path, cwd: Path, log: Path, timeout: float = 3600.0) -> str:
    """Run a script of ours and return what it printed.

    OpenSTA returns 0 after errors in a script, so every line that begins with ``Error`` and a missing ``@done`` are ToolFailed.
    """
    text = run_tool(script_argv(script), cwd, log, timeout, install=INSTALL).text()
    said = error_line(text)
    if said is not None or "@done" not in text.splitlines():
        raise ToolFailed(f"OpenSTA stopped: {said or 'its script did not come to an end'}", got=log, next_step=f"read {log}")
    return text


def error_line(text: str) -> str | None:
    """The first error message in OpenSTA's output, None if there is none."""
    return next((line.strip() for line in text.splitlines() if line.startswith("Error")), None)


def section(text: str, name: str) -> str:
    """Lines between the marks of a section. Raises ToolFailed if it is not there."""
    found = re.search(rf"^@{re.escape(name)} begin\n(.*?)^@{re.escape(name)} end$", text, re.MULTILINE | re.DOTALL)
    if found is None:
        raise ToolFailed(f"OpenSTA's report has no section {name}")
    return found[1]


def values(text: str) -> dict[str, float]:
    """Numbers that a script printed with ``@value``. Raises ToolFailed for one that is no finite number."""
    found: dict[str, float] = {}
    for name, word in re.findall(r"^@value (\S+) (.*)$", text, re.MULTILINE):
        try:
            found[name] = float(word)
        except ValueError:
            raise ToolFailed(f"OpenSTA's value of {name} is no number", got=word) from None
        if not math.isfinite(found[name]):
            raise ToolFailed(f"OpenSTA's value of {name} is not finite", got=word)
    return found


@dataclass(frozen=True)
class PathPoint:
    """A pin on a timing path. delay: ns from the point before; time: ns; edge: "^" or "v"; fan-out and load (fF) of outputs only."""

    pin: str
    cell: str
    edge: str
    delay: float
    time: float
    slew: float | None
    fanout: int | None = None
    load: float | None = None
    net: str | None = None


@dataclass(frozen=True)
class TimingPath:
    """The worst path of one kind. All times in ns. points: data arrival only, from the clock's source to the end point."""

    startpoint: str
    endpoint: str
    kind: str
    slack: float
    arrival: float
    required: float
    points: tuple[PathPoint, ...]

    @property
    def cells(self) -> int:
        """Cells between start point and end point, the launching register included."""
        return len({point.pin.rpartition("/")[0] for point in self.points if point.fanout is not None and "/" in point.pin})


_POINT = re.compile(
    r"^(?:\s*(?P<slew>\d+\.\d+))?\s+(?P<delay>-?\d+\.\d+)\s+(?P<time>-?\d+\.\d+) (?P<edge>[v^]) (?P<pin>\S+) \((?P<cell>\S+)\)$"
)
_NET = re.compile(r"^\s*(?P<fanout>\d+)\s+(?P<load>\d+\.\d+)\s+(?P<net>\S+) \(net\)$")
_NUMBER = r"(-?\d+\.\d+)"


def parse_path(report: str) -> TimingPath | None:
    """The first path of ``report_checks -format full_clock_expanded -fields {slew cap input nets fanout}``, None if there is no path."""
    start = re.search(r"^Startpoint: (\S+)", report, re.MULTILINE)
    if start is None:
        return None
    end = re.search(r"^Endpoint: (\S+)", report, re.MULTILINE)
    kind = re.search(r"^Path Type: (\S+)", report, re.MULTILINE)
    slack = re.search(rf"^\s*{_NUMBER}\s+slack", report, re.MULTILINE)
    arrival = re.search(rf"^\s*{_NUMBER}\s+data arrival time", report, re.MULTILINE)
    required = re.search(rf"^\s*{_NUMBER}\s+data required time", report, re.MULTILINE)
    if end is None or kind is None or slack is None or arrival is None or required is None:
        raise ToolFailed("OpenSTA's timing path cannot be read", got=report[:300])
    points: list[PathPoint] = []
    for row in report[: arrival.start()].splitlines():
        point = _POINT.match(row)
        if point:
            slew = float(point["slew"]) if point["slew"] else None
            points.append(PathPoint(point["pin"], point["cell"], point["edge"], float(point["delay"]), float(point["time"]), slew))
            continue
        net = _NET.match(row)
        if net and points:
            last = points[-1]
            points[-1] = PathPoint(
                last.pin, last.cell, last.edge, last.delay, last.time, last.slew, int(net["fanout"]), float(net["load"]), net["net"]
            )
    return TimingPath(start[1], end[1], kind[1], float(slack[1]), float(arrival[1]), float(required[1]), tuple(points))


@dataclass(frozen=True)
class ClockSkew:
    """launch, capture: latencies in ns of the pair of registers with the largest skew."""

    launch: float
    capture: float
    skew: float


def parse_skew(report: str) -> ClockSkew | None:
    """The output of ``report_clock_skew`` for one clock, None where no pair of registers is connected."""
    numbers = re.findall(rf"^\s*{_NUMBER}(?:\s+{_NUMBER}\s+{_NUMBER})?$", report, re.MULTILINE)
    if len(numbers) < 2:
        return None
    return ClockSkew(float(numbers[0][0]), float(numbers[1][0]), float(numbers[1][2]))


def parse_slew_violations(report: str) -> list[tuple[str, float]]:
    """(pin, slack in ns) of every violated slew limit."""
    rows = re.findall(rf"^(\S+)\s+(?:{_NUMBER}\s+{_NUMBER}\s+)?{_NUMBER}(?: \(VIOLATED\))?$", report, re.MULTILINE)
    return [(pin, float(slack)) for pin, _, _, slack in rows]


@dataclass(frozen=True)
class Power:
    """Watts. internal: inside of cells; switching: of the nets they drive; leakage."""

    internal: float = 0.0
    switching: float = 0.0
    leakage: float = 0.0

    @property
    def total(self) -> float:
        return self.internal + self.switching + self.leakage

    def __add__(self, other: Power) -> Power:
        return Power(self.internal + other.internal, self.switching + other.switching, self.leakage + other.leakage)


def total_power(powers: Iterable[Power]) -> Power:
    """Sum of powers."""
    return sum(powers, Power())


_WATTS = r"(-?\d+\.\d+e[+-]\d+)"


def parse_instance_power(report: str) -> dict[str, Power]:
    """Instance (without backslashes) to power, from ``report_power -instances``."""
    rows = re.findall(rf"^\s*{_WATTS}\s+{_WATTS}\s+{_WATTS}\s+{_WATTS} (\S+)$", report, re.MULTILINE)
    return {name.replace("\\", ""): Power(float(a), float(b), float(c)) for a, b, c, _, name in rows}


def parse_total_power(report: str) -> Power:
    """The total of ``report_power``. Raises ToolFailed if it is not there."""
    found = re.search(rf"^Total\s+{_WATTS}\s+{_WATTS}\s+{_WATTS}\s+{_WATTS}", report, re.MULTILINE)
    if found is None:
        raise ToolFailed("OpenSTA's power report cannot be read", got=report[:300])
    return Power(float(found[1]), float(found[2]), float(found[3]))
