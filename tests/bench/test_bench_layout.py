"""The benchmark of layouts: its rows, its going on, and a real one."""

from __future__ import annotations

import dataclasses
import json
import math
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from conftest import ROOT, need
from neutnngen.bench import layout as bench
from neutnngen.bench.designs import RINGED
from neutnngen.bench.layout import (
    LayoutCase,
    LayoutRow,
    accuracy_of,
    bench_layout,
    filled,
    grown_column,
    layout_cases,
    read_rows,
)
from neutnngen.bench.layout_page import (
    AREA_HEADER,
    POWER_HEADER,
    SHOWN_HEADER,
    area_cells,
    fits,
    markdown,
    picture,
    power_cells,
    shown_cells,
)
from neutnngen.bench.layout_run import Answer, lay_out
from neutnngen.errors import DataError
from neutnngen.flow.config import LayoutConfig
from neutnngen.spec import ColumnSpec, Design
from neutnngen.verify import random_waves

METRICS = {
    "cells": 100.0,
    "cell_area": 150.0,
    "core_area": 200.0,
    "die_area": 250.0,
    "drc_violations": 0.0,
    "lvs_differences": 0.0,
    "gate_mismatches": 0.0,
    "setup_slack": 1.0,
    "hold_slack": 0.1,
    "shortest_period": 2.0,
    "leakage_power": 2.0,
    "total_power": 10.0,
    "power_at_unit_clock": 2.5,
}


def small() -> LayoutCase:
    return LayoutCase("small", grown_column(2, 1), None, None)


def row_of(case: LayoutCase, **changes: object) -> LayoutRow:
    base = LayoutRow(case.name, "nangate45", 0, case.design.fingerprint(), "2×1", case.design.synapses, "whole", 20)
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


def test_figures_of_pieces_are_times_their_number() -> None:
    config = LayoutConfig(clock_period_ns=4.0)
    slow = {**METRICS, "shortest_period": 3.0, "setup_slack": -0.2}
    row = filled(
        row_of(small()), [(3, Answer(True, "", METRICS, {"synth": 1.0}, 10**8)), (2, Answer(True, "", slow, {"synth": 2.0}, 10**7))], config
    )
    assert (row.cells, row.area, row.cell_area, row.utilisation) == (500, 1250.0, 750.0, 0.75)
    assert (row.period, row.setup_slack, row.drc, row.deck, row.lvs, row.memory) == (3.0, -0.2, 0, -1, 0, 100.0)
    assert json.loads(row.steps) == {"synth": 3.0} and row.outcome == "clean"
    assert row.leakage == pytest.approx(10e-6) and row.power == pytest.approx(12.5e-6)
    # 8 µW of dynamic power of each piece at 4 ns, at 3 ns
    assert row.fast_power == pytest.approx(10e-6 + 5 * 8e-6 * 4 / 3)
    assert row.sample_time == pytest.approx(60e-9) and row.sample_energy == pytest.approx(row.fast_power * 60e-9)


def test_what_stopped_a_run_is_its_outcome() -> None:
    answer = Answer(False, "the layout breaks 3 rules: short", {"cells": 5.0}, {"synth": 1.0}, 10**7)
    row = filled(row_of(small()), [(1, answer)], LayoutConfig())
    assert row.outcome.startswith("the layout breaks") and row.drc == -1 and math.isnan(row.setup_slack)
    assert area_cells(row)[9:14] == ["–", "–", "–", "–", row.outcome] and power_cells(row)[5] == "–"
    assert (
        len(area_cells(row)) == len(AREA_HEADER)
        and len(power_cells(row)) == len(POWER_HEADER)
        and len(shown_cells(row)) == len(SHOWN_HEADER)
    )


def test_cases_are_found(tmp_path: Path) -> None:
    names = [case.name for case in layout_cases(ROOT / "examples")]
    assert {"ucr/Beef/neutnn", "ucr/WordSynonyms/column" + RINGED, "mnist/tiny", "places/reduced", "growth/64x16"} <= set(names)
    assert len(names) == len(set(names))
    only = [case.name for case in layout_cases(ROOT / "examples", ["growth/8x4", "ucr/Beef/column"])]
    assert sorted(only) == sorted([name + tail for name in ("growth/8x4", "ucr/Beef/column") for tail in ("", RINGED)])
    quick = layout_cases(ROOT / "examples", quick=True)
    assert quick and all(case.design.synapses <= bench.QUICK for case in quick)
    with pytest.raises(DataError, match="no such Design"):
        layout_cases(ROOT / "examples", ["growth/9x9"])


def test_accuracies_of_the_examples() -> None:
    examples = ROOT / "examples"
    assert accuracy_of(examples / "ucr" / "Beef" / "neutnn" / "design").startswith("Rand index 0.")
    assert accuracy_of(examples / "mnist" / "small" / "design") == "error 1.94 %"
    assert accuracy_of(examples / "mnist" / "small" / "column0" / "design") == ""  # a part
    assert accuracy_of(examples / "places" / "reduced" / "design") == "recalls 28 of 28 edges"
    assert accuracy_of(examples / "columns" / "enable_18x10x24" / "design") == ""


def test_a_stopped_table_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def fake(case: LayoutCase, config: LayoutConfig, whole: int, keep: Path | None, limit: float) -> LayoutRow:
        made.append(f"{case.name} {config.seed}")
        outcome = "not finished in 5 s" if config.seed else "clean"
        return row_of(case, seed=config.seed, outcome=outcome, limit=limit, period=1.5, steps='{"synth": 1.0}')

    monkeypatch.setattr(bench, "layout_row", fake)
    table, cases = tmp_path / "layouts.csv", [small()]
    rows = bench_layout(cases, table, LayoutConfig(), (0, 1), limit=5)
    assert made == ["small 0", "small 1"]
    assert {key: row.outcome for key, row in read_rows(table).items()} == {key: row.outcome for key, row in rows.items()}
    bench_layout(cases, table, LayoutConfig(), (0, 1), limit=5)
    assert made == ["small 0", "small 1"]  # nothing is made twice
    bench_layout(cases, table, LayoutConfig(), (0, 1), limit=9)
    assert made[2:] == ["small 1"]  # but what had too little time
    other = [LayoutCase("small", grown_column(3, 1), None, None)]
    bench_layout(other, table, LayoutConfig(), (0,), limit=5)
    assert made[3:] == ["small 0"]  # and what is another Design now
    bench_layout(other, table, LayoutConfig(), (0,), limit=5, again=True)
    assert made[4:] == ["small 0"]
    text = table.read_text()
    table.write_text(text.replace(",release", ""))  # a table of before this column was there
    assert {row.release for row in read_rows(table).values()} == {""}
    table.write_text(text.replace("synapses", "neurons"))
    with pytest.raises(DataError, match="cannot be read"):
        read_rows(table)


def test_page_and_picture() -> None:
    rows = []
    for n, (inputs, neurons) in enumerate(((8, 4), (16, 8), (32, 16))):
        case = LayoutCase(f"growth/{inputs}x{neurons}", grown_column(inputs, neurons), None, None)
        size = case.design.synapses
        rows.append(row_of(case, outcome="clean", processor=2.0 * size, memory=100.0 * 2**n, cells=size, area=80.0 * size, period=2.0))
    text = markdown(rows)
    assert "3 of 3 rows are clean" in text and "| growth/32x16 |" in text
    (name, sentence), *_ = fits(rows)
    assert name == "nangate45, parallel" and "time grows as the power 1.00 of their number, memory as the power 0.50" in sentence
    assert picture(rows).startswith(b"\x89PNG") and picture([]).startswith(b"\x89PNG")


@pytest.mark.tool
def test_a_real_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """RTL to checked GDSII in a process of its own; then one that has too little time, which says so."""
    for program in ("iverilog", "sta"):
        need(program)
    spec = ColumnSpec(2, 1, 4)
    design = Design.of_column("mini", spec, np.array([[7, 3]]), np.ones((1, 2), bool), 1)
    row = bench.layout_row(LayoutCase("mini", design, None, None), LayoutConfig(waves=8, picture_width=100), 100, None, 300.0)
    assert row.outcome == "clean", row.outcome
    assert row.drc == row.lvs == row.mismatches == 0 and row.cells > 100 and row.memory > 50
    assert row.leakage < row.power < row.fast_power and 0 < row.period < 4 and row.seconds > 1
    answer = lay_out(design, random_waves(spec, 8, 1), LayoutConfig(), tmp_path / "short", 0.2)
    assert not answer.complete and answer.problem.startswith("not finished in 0")


def test_broken_limits_are_named_with_their_corner() -> None:
    met = {"setup_slack": 0.1, "hold_slack": 0.02, "slew_violations": 0.0, "capacitance_violations": 0.0, "setup_slack_slow": 0.0}
    assert bench.broken_limits([met, met]) == "kept"
    worse = met | {"hold_slack": -0.0375, "setup_slack_slow": -0.25, "slew_violations": 2.0}
    assert bench.broken_limits([met, worse]) == "setup (slow) -0.250 ns; hold -0.037 ns; 2 slews"
    assert bench.broken_limits([met, {"cells": 1.0}]) == "" == bench.broken_limits([])


def test_a_run_ends_with_its_benchmark() -> None:
    """The process of a row outlives no benchmark that is killed."""
    row = "import os, time; from neutnngen.bench import layout_run as run; run._end_with_parent(); print(os.getpid(), flush=True)"
    bench_of = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {row + '; time.sleep(99)'!r}])"
    with subprocess.Popen([sys.executable, "-c", bench_of], stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        number = int(killed.stdout.readline())
        assert Path(f"/proc/{number}").exists()
        killed.kill()
        for _ in range(100):
            if not Path(f"/proc/{number}").exists() or " Z " in Path(f"/proc/{number}/stat").read_text():
                return
            time.sleep(0.1)
    raise AssertionError("the row goes on")
