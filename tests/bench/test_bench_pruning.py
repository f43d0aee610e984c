"""What pruning saves: rows that are kept, ways that rings cannot do, and a small column in cells."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neutnngen.bench.pruning import DENSE, LINES, SYNAPSES, CostRow, Saving, bench_pruning, savings, ways
from neutnngen.cli.main import main
from neutnngen.files import write_arrays
from neutnngen.spec import ColumnSpec, Design


def save(folder: Path) -> Design:
    rng = np.random.default_rng(0)
    weights = rng.integers(0, 8, (2, 8))
    design = Design.of_column("eight", ColumnSpec(8, 2, 12), weights, np.ones((2, 8), dtype=bool), 1)
    design.save(folder / "one" / "design")
    write_arrays(folder / "one" / "waves.npz", waves=rng.integers(0, 8, (20, 8)).astype(np.uint8))
    return design


def test_rings_are_pruned_by_whole_lines_only(tmp_path: Path) -> None:
    found = [(way, rings is not None) for way, rings in ways(save(tmp_path))]
    assert found == [(DENSE, False), (SYNAPSES, False), (LINES, False), (DENSE, True), (LINES, True)]


def test_savings_by_hand() -> None:
    row = CostRow("a", "parallel", DENSE, 0.5, "", "", "", 100, cells=1, area=200.0, leakage=2e-6, path=2.0, outcome="done", power=4e-6)
    less = CostRow("a", "parallel", LINES, 0.5, "", "", "", 50, cells=1, area=110.0, leakage=1e-6, path=1.5, outcome="done", power=1e-6)
    lost = CostRow("a", "parallel", SYNAPSES, 0.5, "", "", "", 50, outcome="not finished in 1 s")
    (one,) = savings([less, lost, row])
    assert one == Saving(row, less)
    assert one.worth == pytest.approx(0.9) and one.leak == pytest.approx(1.0) and one.path == 0.75 and one.power == pytest.approx(0.75)


@pytest.mark.tool
def test_a_small_column_in_cells(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(tmp_path)
    assert main(["bench", "prune", "--examples", str(tmp_path), "--out", str(tmp_path / "out")]) == 0
    assert "SYNTHESIS" in capsys.readouterr().out
    rows = {(row.style, row.way): row for row in bench_pruning(tmp_path, tmp_path / "out" / "cost.csv", tell=None)}
    assert rows["parallel", DENSE].synapses == 16 and rows["parallel", SYNAPSES].synapses == 8
    for style in ("parallel", "rings"):
        assert 0 < rows[style, LINES].area < rows[style, DENSE].area
        assert rows[style, LINES].leakage < rows[style, DENSE].leakage
        assert 0 < rows[style, LINES].power < rows[style, DENSE].power
    assert rows["parallel", SYNAPSES].area < rows["parallel", DENSE].area
