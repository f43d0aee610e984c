"""The benchmark of placements: every engine on one floorplan."""

from __future__ import annotations

import pytest

from neutnngen.bench.placement import HEADER, PLAIN, bench_placement, engines, table_cells
from neutnngen.pdk.kits import load_kit


@pytest.mark.tool
def test_all_engines_place_the_same_column() -> None:
    document = bench_placement(load_kit(), (0,), quick=True)
    assert [row["engine"] for row in document["rows"]] == list(engines()) and engines()[0] == PLAIN
    assert all(row["hpwl"] > 1000 and row["cells"] > 500 and row["seconds"] > 0 for row in document["rows"])
    rows = table_cells(document)
    assert all(len(row) == len(HEADER) for row in rows) and rows[0][5] == "–"


def test_ratios_are_against_the_plain_engine() -> None:
    row = {"case": "8×4", "seed": 0, "cells": 10, "seconds": 1.0}
    document = {"rows": [{**row, "engine": PLAIN, "hpwl": 200.0}, {**row, "engine": "own", "hpwl": 190.0}]}
    assert [cells[5] for cells in table_cells(document)] == ["–", "-5.0 %"]
