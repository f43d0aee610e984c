"""What the steps of all script back ends share: running the scripts or taking the results of a run by hand, and the figures' names."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neutnngen.errors import CheckFailed, MissingTool, ToolFailed
from neutnngen.flow.config import LayoutConfig
from neutnngen.flow.metric import Metric, metrics
from neutnngen.flow.state import file_hash
from neutnngen.flow.steps.common import Context, write_report
from neutnngen.tools.opensta import Power
from neutnngen.tools.process import ToolInfo, run_tool

TIMEOUT = 86_400.0
"""Seconds that a program may take."""
RESULTS_FOLDER = "results"
"""Folder in the run folder that the scripts write to; it stays when steps run again."""


@dataclass(frozen=True)
class Program:
    """A program and a script for it. command: as typed in the scripts' folder. tool: None where it is not installed."""

    name: str
    tool: ToolInfo | None
    command: tuple[str, ...]
    env: Mapping[str, str]
    log: str


def run_key(values: Mapping[str, Any], files: Iterable[Path]) -> str:
    """Hash of all that a run of the scripts depends on; the scripts write it when they are done."""
    document = {"values": values, "files": [file_hash(path) for path in files]}
    return hashlib.sha256(json.dumps(document, sort_keys=True, default=str).encode()).hexdigest()[:32]


def is_done(run_folder: Path, mark: str, key: str) -> bool:
    """Whether the results are of a run of exactly these scripts."""
    file = run_folder / RESULTS_FOLDER / f"{mark}.done"
    return file.is_file() and file.read_text(encoding="utf-8").strip() == key


def run_or_take(context: Context, scripts: Path, mark: str, key: str, programs: Iterable[Program], install: str) -> bool:
    """Bring the results of ``mark`` about: those of a run by hand if they are whole, else by the programs. Returns whether programs ran.

    Raises MissingTool, with the commands to type, where a program is not installed; ToolFailed where one fails or leaves its mark out.
    """
    if is_done(context.run_folder, mark, key):
        return False
    steps = list(programs)
    absent = [program.name for program in steps if program.tool is None]
    if absent:
        lines = " && ".join(" ".join(program.command) for program in steps)
        raise MissingTool(
            f"{' and '.join(dict.fromkeys(absent))} not found; the scripts are written",
            got=scripts,
            allowed=f"cd {scripts} && {lines}",
            next_step=f"{install}; then type the same command again: it takes {context.run_folder / RESULTS_FOLDER}",
        )
    (context.run_folder / RESULTS_FOLDER).mkdir(exist_ok=True)
    for program in steps:
        context.say(program.name, None)
        context.record_command(["cd", scripts])
        context.record_command(program.command)
        run_tool(program.command, scripts, context.run_folder / RESULTS_FOLDER / program.log, TIMEOUT, env=program.env, install=install)
    if not is_done(context.run_folder, mark, key):
        raise ToolFailed(
            f"the scripts did not come to their end ({mark})",
            got=context.run_folder / RESULTS_FOLDER,
            next_step=f"read {context.run_folder / RESULTS_FOLDER / steps[-1].log}",
        )
    return True


def take(context: Context, name: str, as_name: str | None = None) -> Path:
    """Copy a file of the results into the step's folder. Raises ToolFailed if it is not there."""
    source = context.run_folder / RESULTS_FOLDER / name
    if not source.is_file():
        raise ToolFailed(f"the scripts did not write {name}", got=source, next_step="run them again")
    return Path(shutil.copyfile(source, context.folder / (as_name or Path(name).name)))


def result_text(context: Context, name: str) -> str:
    """Text of a file of the results. Raises ToolFailed if it is not there."""
    source = context.run_folder / RESULTS_FOLDER / name
    if not source.is_file():
        raise ToolFailed(f"the scripts did not write {name}", got=source, next_step="run them again")
    return source.read_text(encoding="utf-8", errors="replace")


@dataclass(frozen=True)
class LayoutFigures:
    """Figures of a routed layout as every back end reports them. Lengths µm, areas µm², times ns; None: the tool does not say."""

    die: tuple[float, float]
    core: tuple[float, float]
    cells: int
    cell_area: float
    wire_length: float
    vias: int
    setup_slack: float
    hold_slack: float
    setup_tns: float
    hold_tns: float
    register_slack: float | None
    skew: float | None
    limits: Mapping[str, int]

    def metrics(self, source: str, config: LayoutConfig) -> dict[str, Metric]:
        """Under the names that the embedded flow uses."""
        core = self.core[0] * self.core[1]
        rows: list[Any] = [
            ("die_width", self.die[0], "um", None),
            ("die_height", self.die[1], "um", None),
            ("die_area", self.die[0] * self.die[1], "um2", "lower"),
            ("core_area", core, "um2", "lower"),
            ("wire_length", self.wire_length, "um", "lower"),
            ("vias", self.vias, "vias", "lower"),
            ("cells", self.cells, "cells", "lower"),
            ("cell_area", self.cell_area, "um2", "lower"),
            ("utilisation", self.cell_area / core, "", None),
            ("capacitance_violations", self.limits["capacitance"], "pins", "lower"),
            ("slew_violations", self.limits["slew"], "pins", "lower"),
            ("clock_period", config.clock_period_ns, "ns", None),
            ("setup_slack", self.setup_slack, "ns", "higher"),
            ("hold_slack", self.hold_slack, "ns", "higher"),
            ("setup_total_negative_slack", self.setup_tns, "ns", "higher"),
            ("hold_total_negative_slack", self.hold_tns, "ns", "higher"),
        ]
        if self.register_slack is not None:
            rows.append(("shortest_period", config.clock_period_ns - self.register_slack, "ns", "lower"))
        if self.skew is not None:
            rows.append(("clock_skew", self.skew, "ns", "lower"))
        return metrics("MEASURED", source, *rows)

    def summary(self, config: LayoutConfig) -> str:
        """One line for people."""
        met = "met" if min(self.setup_slack, self.hold_slack) >= 0 else "NOT MET"
        return (
            f"{self.cells:,} cells, die {self.die[0]:.1f} x {self.die[1]:.1f} um, {self.wire_length:,.0f} um wire, "
            f"{met} at {config.clock_period_ns:g} ns"
        )


def require_clean(context: Context, markers: int, what: str, report: Path) -> dict[str, Metric]:
    """Metric of zero markers. Raises CheckFailed, after the report is there, for any."""
    if markers:
        raise CheckFailed(f"the layout breaks {markers} rules", got=what, allowed="no violation", next_step=f"all places: {report}")
    return metrics("MEASURED", "drc", ("drc_violations", 0, "", "lower"))


def power_metrics(
    context: Context, total: Power, source: str, at_clock: Callable[[Power, float, float], Power], unannotated: int | None
) -> tuple[Path, dict[str, Metric], str]:
    """Report, metrics and summary of the power with measured activity, as the embedded flow has them."""
    config = context.config
    slow = at_clock(total, config.clock_period_ns, config.unit_clock_hz)
    report = write_report(
        context.folder,
        "power.json",
        {
            "clock_period_ns": config.clock_period_ns,
            "unit_clock_hz": config.unit_clock_hz,
            "total_w": {"internal": total.internal, "switching": total.switching, "leakage": total.leakage, "total": total.total},
            "at_unit_clock_w": {"internal": slow.internal, "switching": slow.switching, "leakage": slow.leakage, "total": slow.total},
        },
    )
    rows: list[Any] = [
        ("total_power", total.total * 1e6, "uW", "lower"),
        ("internal_power", total.internal * 1e6, "uW", "lower"),
        ("switching_power", total.switching * 1e6, "uW", "lower"),
        ("leakage_power", total.leakage * 1e6, "uW", "lower"),
        ("power_at_unit_clock", slow.total * 1e6, "uW", "lower"),
    ]
    if unannotated is not None:
        rows.append(("pins_without_activity", unannotated, "pins", "lower"))
    fast = f"{total.total * 1e6:,.1f} uW at {1000 / config.clock_period_ns:g} MHz"
    return report, metrics("MEASURED", source, *rows), f"{fast}, {slow.total * 1e6:,.2f} uW at {config.unit_clock_hz / 1000:g} kHz"
