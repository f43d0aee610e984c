"""The tables of ``bench macros``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neutnngen.bench.designs_page import ABSENT, page_table
from neutnngen.bench.macros_layout import HEADER as LAYOUT_HEADER
from neutnngen.bench.macros_layout import layout_cells

HEADER = (
    *("macro", "Liberty", "equal to its function", "area, µm²", "in cells", "leakage, nW", "in cells", "delay, ps", "in cells"),
    "what it can replace in our RTL",
)
WRAPPER_HEADER = ("leaf of the RTL", "with", "input vectors", "differences")
REPLACED_HEADER = (
    "part of the RTL",
    "area in cells, µm²",
    "with the macro",
    "leakage in cells, nW",
    "with the macro",
    "delay, ps",
    "with the macro",
)
COLUMN_HEADER = ("column", "full adder", "adders", "cells", "area, µm²", "leakage, nW")
_WITH = {"full_adder": "add_inv", "weight_update": "stdp_case_gen_macro", "spike_input": "fsm_simple_macro"}


def macro_cells(row: Mapping[str, Any]) -> list[str]:
    """Cells under ``HEADER``."""
    checked, own, cells = row["checked"], row["own"], row["cells"]
    equal = "no function there" if row["liberty"] else ABSENT
    if checked is not None:
        equal = (
            f"yes, {checked['vectors']:,} vectors" if checked["mismatches"] == 0 and checked["known"] else f"NO, {checked['mismatches']:,}"
        )

    def pair(key: str, factor: float, digits: int) -> list[str]:
        return [ABSENT if cost is None or cost[key] is None else f"{factor * cost[key]:.{digits}f}" for cost in (own, cells)]

    area = [f"{row['area']:.3f}", pair("area", 1, 3)[1]]
    return [row["name"], "yes" if row["liberty"] else "missing", equal, *area, *pair("leakage", 1, 3), *pair("delay", 1e3, 1), row["use"]]


def wrapper_cells(document: Mapping[str, Any]) -> list[list[str]]:
    """Rows under ``WRAPPER_HEADER``."""
    return [[name, _WITH[name], f"{found['vectors']:,}", f"{found['mismatches']:,}"] for name, found in document["wrappers"].items()]


def replaced_cells(document: Mapping[str, Any]) -> list[list[str]]:
    """Rows under ``REPLACED_HEADER``."""
    rows = []
    for part, found in document["replaced"].items():
        row = [part]
        for key, factor, digits in (("area", 1.0, 3), ("leakage", 1.0, 3), ("delay", 1e3, 1)):
            values = (found["cells"][key], found["macro"][key])
            row += [ABSENT if value is None else f"{factor * value:.{digits}f}" for value in values]
        rows.append(row)
    return rows


def column_cells(document: Mapping[str, Any]) -> list[list[str]]:
    """Rows under ``COLUMN_HEADER``."""
    rows = []
    for found in document["columns"]:
        rows.append(
            [
                f"{found['column']}, rings",
                found["cell"],
                f"{found['adders']:,}",
                f"{found['cells']:,}",
                f"{found['area']:.2f}",
                f"{found['leakage']:.1f}",
            ]
        )
    return rows


def markdown_tables(document: Mapping[str, Any]) -> str:
    """All tables for a page."""
    parts: list[str] = [
        page_table(HEADER, [macro_cells(row) for row in document["macros"]], 3),
        page_table(WRAPPER_HEADER, wrapper_cells(document), 2),
        page_table(REPLACED_HEADER, replaced_cells(document), 1),
        page_table(COLUMN_HEADER, column_cells(document), 2),
    ]
    if document.get("layouts"):
        parts.append(page_table(LAYOUT_HEADER, layout_cells(document["layouts"]), 3))
    return "\n\n".join(parts) + "\n"
