"""The whole flow on the generated 7 nm library: a small column to signed-off GDSII, without anything installed for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from conftest import need
from neutnngen.bench.silicon import column_design
from neutnngen.flow.config import LayoutConfig
from neutnngen.flow.layout import run_layout
from neutnngen.verify import random_waves


@pytest.mark.tool
def test_n7p_to_the_end(tmp_path: Path) -> None:
    for program in ("iverilog", "sta"):
        need(program)
    design = column_design(2, 1)
    waves = random_waves(design.column, 16, 3, silent=0.3)
    config = LayoutConfig(kit="n7p", clock_period_ns=1.0, waves=16, utilisation=0.5)
    result = run_layout(design, waves, np.arange(16) % 2 == 0, config, tmp_path)
    found = {name: metric.value for name, metric in result.state.metrics.items()}
    assert result.complete
    assert found["drc_violations"] == found["lvs_differences"] == found["gate_mismatches"] == found["pins_without_activity"] == 0
    assert found["gate_waves"] == 16
    assert 8 < found["cell_area"] < 80  # µm²
    assert 0.2 < found["shortest_period"] < 1.5  # ns: the libraries' picoseconds became nanoseconds
    assert 5 < found["total_power"] < 1000  # µW
    assert result.path("gds").stat().st_size > 50_000
