"""KLayout's program (Debian's 0.28 and newer): argument line of a rule deck, and reader of its report database.

Decks (``.lydrc``, ``.lylvs``) are scripts of the process kit; the Python module of KLayout cannot run them, its program can.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from neutnngen.errors import DataError
from neutnngen.tools.process import ToolInfo, ToolRun, run_tool

INSTALL = "apt-get install klayout"
KLAYOUT = ToolInfo("KLayout", "klayout", ("-v",), r"KLayout (\d+(?:\.\d+)*)", INSTALL, at_least="0.27")
_PAIR = re.compile(r"(-?[\d.]+(?:e[+-]?\d+)?),(-?[\d.]+(?:e[+-]?\d+)?)")


@dataclass(frozen=True)
class Marker:
    """One entry of a report. box: (x0, y0, x1, y1) in micrometres, in the coordinates of ``cell``."""

    rule: str
    cell: str
    box: tuple[float, float, float, float]


@dataclass(frozen=True)
class DeckReport:
    """What a deck found. rules: name to description of everything that it checked."""

    top: str
    rules: Mapping[str, str]
    markers: tuple[Marker, ...]


def deck_argv(deck: Path | str, values: Mapping[str, str]) -> list[str]:
    """Command line that runs a deck without a window; values: the variables that it reads."""
    words = ["klayout", "-b", "-r", str(deck)]
    for name, value in values.items():
        words += ["-rd", f"{name}={value}"]
    return words


def run_deck(
    deck: Path | str, values: Mapping[str, str], cwd: Path, log: Path, expect: Path, timeout: float = 3600.0
) -> tuple[ToolRun, DeckReport]:
    """Run a deck whose report is the file ``expect``. Raises MissingTool, ToolFailed, DataError."""
    # a home of its own: the user's settings and macros must not change what is checked
    env = {"QT_QPA_PLATFORM": "offscreen", "KLAYOUT_HOME": str(cwd / "klayout_home")}
    done = run_tool(deck_argv(deck, values), cwd, log, timeout, env=env, install=INSTALL, expect=(expect,))
    return done, parse_report(expect.read_text(encoding="utf-8"))


def parse_report(text: str) -> DeckReport:
    """A report database (``.lyrdb``). DataError if it is none."""
    try:
        root = ET.fromstring(text)
    except ET.ParseError as problem:
        raise DataError("KLayout's report cannot be read", got=problem) from None
    if root.tag != "report-database":
        raise DataError("this is no report database of KLayout", got=root.tag, allowed="report-database")
    rules = {c.findtext("name", ""): c.findtext("description", "") for c in root.iterfind("categories/category")}
    markers = []
    for item in root.iterfind("items/item"):
        rule = item.findtext("category", "").strip("'\"")
        # a cell that is there in several variants is "name:number"
        cell = item.findtext("cell", "").partition(":")[0]
        points = [(float(x), float(y)) for value in item.iterfind("values/value") for x, y in _PAIR.findall(value.text or "")]
        if not points:
            raise DataError("a marker of KLayout's report has no place", got=f"{rule} in {cell}")
        xs, ys = [p[0] for p in points], [p[1] for p in points]
        markers.append(Marker(rule, cell, (min(xs), min(ys), max(xs), max(ys))))
    return DeckReport(root.findtext("top-cell", ""), rules, tuple(markers))
