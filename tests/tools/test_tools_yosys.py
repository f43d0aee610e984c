"""Yosys: what it says is read, and its failures are seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from neutnngen.errors import MissingTool, ToolFailed
from neutnngen.tools import yosys

STATISTICS = """
noise
{ "creator": "Yosys", "design": { "num_cells": 3, "area": 6.118, "sequential_area": 4.522,
  "num_cells_by_type": { "DFF_X1": {"count": 1, "area": 4.522}, "INV_X1": 2 } } }
"""


def test_statistics() -> None:
    made = yosys.parse_statistics(STATISTICS)
    assert (made.cells, made.area, made.sequential_area) == (3, 6.118, 4.522)
    assert made.by_type == {"DFF_X1": (1, 4.522), "INV_X1": (2, 0.0)}
    for bad in ("", "{}", STATISTICS.replace("num_cells", "cells")):
        with pytest.raises(ToolFailed):
            yosys.parse_statistics(bad)


def test_without_the_package_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(yosys, "version", lambda: None)
    with pytest.raises(MissingTool) as caught:
        yosys.run_script(Path("x.ys"), tmp_path, tmp_path / "log", [])
    assert caught.value.next_step == yosys.INSTALL


@pytest.mark.tool
@pytest.mark.parametrize(
    ("script", "said"),
    [("read_verilog absent.v", "absent.v"), ("# nothing", "did not write"), ("!touch out.v", "empty")],
)
def test_failures_are_seen(tmp_path: Path, script: str, said: str) -> None:
    if yosys.version() is None:
        pytest.skip("pyosys is not installed")
    (tmp_path / "x.ys").write_text(script + "\n")
    with pytest.raises(ToolFailed, match=said):
        yosys.run_script(Path("x.ys"), tmp_path, tmp_path / "log", [tmp_path / "out.v"])
