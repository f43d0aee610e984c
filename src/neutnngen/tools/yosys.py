"""Yosys with ABC, from the ``pyosys`` package, run in a process of its own."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neutnngen.errors import MissingTool, ToolFailed
from neutnngen.tools.process import run_tool

INSTALL = "pip install pyosys==0.70"
ONE_THREAD = {"YOSYS_MAX_THREADS": "1"}
"""Yosys hands parts of a design to ABC in parallel and numbers the results as they come in; with one thread, equal runs are equal."""


@dataclass(frozen=True)
class Statistics:
    """What synthesis made. Areas in square micrometres; by_type: cell -> (count, area)."""

    cells: int
    area: float
    sequential_area: float
    by_type: dict[str, tuple[int, float]]


def version() -> str | None:
    """Version of the installed package, None if it is absent."""
    if importlib.util.find_spec("pyosys") is None:
        return None
    try:
        return importlib.metadata.version("pyosys")
    except importlib.metadata.PackageNotFoundError:
        return None


def require() -> str:
    """Version of the installed package. MissingTool with the installation line if it is absent."""
    found = version()
    if found is None:
        raise MissingTool("Yosys (the package pyosys) is not installed", next_step=INSTALL)
    return found


def script_argv(script: Path) -> list[str]:
    """Command line that runs a Yosys script."""
    return [sys.executable, "-m", "neutnngen.tools.yosys_run", str(script)]


def run_script(script: Path, cwd: Path, log: Path, outputs: list[Path], timeout: float = 3600.0) -> None:
    """Run a script; every file of ``outputs`` must exist afterwards and not be empty.

    Raises MissingTool without pyosys; ToolFailed with Yosys's own error line otherwise.
    """
    require()
    try:
        run_tool(script_argv(script), cwd, log, timeout, env=ONE_THREAD, install=INSTALL, expect=outputs)
    except ToolFailed as problem:
        said = error_line(log.read_text(encoding="utf-8", errors="replace")) if log.is_file() else None
        if said:
            raise ToolFailed(f"Yosys stopped: {said}", got=log, next_step=f"read {log}") from None
        raise problem
    for path in outputs:
        if path.stat().st_size == 0:
            raise ToolFailed(f"Yosys wrote an empty {path.name}", got=log, next_step=f"read {log}")


def error_line(log: str) -> str | None:
    """Yosys's error message in a log, if there is one."""
    found = [line.partition("ERROR:")[2].strip() for line in log.splitlines() if line.startswith("ERROR:")]
    return found[-1] if found else None


def parse_statistics(text: str) -> Statistics:
    """The output of ``stat -liberty -json``. Raises ToolFailed if it is not that."""
    try:
        document: dict[str, Any] = json.loads(text[text.index("{") : text.rindex("}") + 1])
        total = document["design"]
        kinds = {
            name: (int(value["count"]), float(value["area"])) if isinstance(value, dict) else (int(value), 0.0)
            for name, value in total["num_cells_by_type"].items()
        }
        return Statistics(int(total["num_cells"]), float(total["area"]), float(total["sequential_area"]), kinds)
    except (ValueError, KeyError, TypeError) as error:
        raise ToolFailed(f"Yosys's statistics cannot be read: {error!r}") from None
