"""The rooms import only in the direction that docs/architecture.md draws."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "neutnngen"

ALLOWED: dict[str, set[str]] = {
    "spec": set(),
    "core": {"spec"},
    "nn": {"core", "engine", "spec"},
    "engine": {"core", "spec"},
    "train": {"core", "engine", "nn", "spec"},
    "data": {"core", "spec", "tools"},
    "prune": {"core", "engine", "spec", "train"},
    "apps": {"core", "data", "engine", "forecast", "nn", "prune", "spec", "train"},
    "rtl": {"spec"},
    "forecast": {"spec"},
    "tools": set(),
    "verify": {"rtl", "engine", "spec", "tools"},
    "pdk": {"data", "tools"},
    "place_route": {"pdk"},
    "timing": {"pdk", "place_route"},
    "flow": {"pdk", "tools", "spec", "place_route", "timing", "verify", "rtl"},
    "hierarchy": {"flow", "pdk", "place_route", "rtl", "spec", "timing", "verify"},
    "report": {"spec", "core"},
    "bench": {"apps", "core", "data", "engine", "flow", "pdk", "place_route", "prune", "rtl", "spec", "tools", "verify"},
}
EVERYWHERE = {"errors", "files"}  # leaf modules without imports of ours
TOP = {"cli", "config", "doctor", "pipeline", "__init__"}  # may import every room


def imported_rooms(file: Path) -> set[str]:
    """The parts of our package that a module imports, anywhere in it."""
    rooms: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: imports are absolute"
            names = [node.module or ""]
            if node.module == "neutnngen":
                names = [f"neutnngen.{a.name}" for a in node.names]
        rooms |= {n.split(".")[1] for n in names if n.startswith("neutnngen.")}
    return rooms


def rooms() -> list[str]:
    return sorted({p.relative_to(PACKAGE).parts[0].removesuffix(".py") for p in PACKAGE.rglob("*.py")})


@pytest.mark.parametrize("room", rooms())
def test_imports_follow_the_arrows(room: str) -> None:
    if room in TOP:
        return
    files = [PACKAGE / f"{room}.py"] if (PACKAGE / f"{room}.py").is_file() else list((PACKAGE / room).rglob("*.py"))
    allowed = (set() if room in EVERYWHERE else ALLOWED[room]) | EVERYWHERE | {room}
    for file in files:
        wrong = imported_rooms(file) - allowed
        assert not wrong, f"{file.relative_to(PACKAGE)} imports {sorted(wrong)}; {room} may import {sorted(allowed)}"


def test_product_code_never_names_the_test_data_folder() -> None:
    for file in PACKAGE.rglob("*"):
        if file.suffix in {".py", ".toml", ".tcl", ".sv", ".j2", ".ys"}:
            assert "../shared" not in file.read_text(), file
