"""Columns for the comparison of macros after layout, and its table."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from neutnngen.bench.layout import LayoutRow
from neutnngen.bench.macros_layout import HEADER, layout_cells, macro_layout_cases
from neutnngen.errors import DataError


def test_cases_are_columns_with_rings(tmp_path: Path) -> None:
    (case,) = macro_layout_cases(["8x2"], tmp_path)
    assert case.design.synapses == 16 and case.rings is not None and case.place is None
    case.design.save(tmp_path / "mine" / "column" / "design")
    (saved,) = macro_layout_cases(["mine/column"], tmp_path)
    assert saved.rings is not None and saved.place == tmp_path / "mine" / "column" / "design"
    with pytest.raises(DataError):
        macro_layout_cases(["other"], tmp_path)


def test_rows_say_their_figures_or_what_stopped_them() -> None:
    row = LayoutRow("growth/8x2", "asap7", 0, "", "8x2", 16, "whole", 10, cells=693, cell_area=86.72, area=171.46, wire_length=1042.0)
    row = LayoutRow(**{**asdict(row), "drc": 0, "lvs": 0, "mismatches": 0, "period": 0.5286, "leakage": 235.4e-9, "power": 276e-9})
    clean, stopped = layout_cells(
        [{"with": "macros", **asdict(row), "outcome": "clean"}, {"with": "cells", **asdict(row), "outcome": "no path"}]
    )
    assert clean == [
        "growth/8x2",
        "macros",
        "all passed: DRC 0, LVS 0, gates 0",
        "693",
        "86.72",
        "171.5",
        "1.042",
        "235.4",
        "0.529",
        "276.0",
    ]
    assert len(clean) == len(stopped) == len(HEADER) and stopped[2] == "no path" and "693" not in stopped
