"""The predictive library beside another kit: figures of both, and what their ratios come to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neutnngen.bench import nodes
from neutnngen.bench.mapped import Mapped, map_design
from neutnngen.bench.nodes import FIGURES, bench_nodes
from neutnngen.bench.silicon import Case, column_design
from neutnngen.pdk.kits import load_kit
from neutnngen.verify import Stimuli, random_waves


@pytest.mark.tool
def test_two_small_columns_in_two_kits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "CASES", (Case(3, 2, "learning"), Case(3, 2, "frozen")))
    heard: list[tuple[int, int]] = []
    found = bench_nodes(load_kit(), load_kit("n7p"), {}, quick=True, tell=lambda done, total: heard.append((done, total)))
    assert heard == [(1, 2), (2, 2)] and found["layouts"] == []
    for row in found["cases"]:
        ours, other = row["figures"]["n7p"], row["figures"]["nangate45"]
        assert all(0 < ours[name] < other[name] for name in ("area", "power", "path"))
        assert row["ratio"] == {name: ours[name] / other[name] for name in FIGURES if other[name]}
    learning, frozen = (row["figures"]["n7p"]["power"] for row in found["cases"])
    assert frozen < learning
    off = [row["ratio"]["area"] - 1 for row in found["cases"]]
    assert found["summary"]["area"]["bias"] == pytest.approx(sum(off) / 2)
    assert found["summary"]["area"]["distance"] == pytest.approx(-sum(off) / 2)


@pytest.mark.tool
def test_waves_that_do_more_take_more_power(tmp_path: Path) -> None:
    design = column_design(3, 2)
    waves = random_waves(design.column, 24, 1)
    still = waves.copy()
    still[:] = still[0]  # no spike at all
    learn = np.zeros(24, dtype=bool)
    busy, quiet = (map_design(design, tmp_path / name, waves=Stimuli(seen, learn)) for name, seen in (("busy", waves), ("quiet", still)))
    assert busy.power > 1.05 * quiet.power > 1.05 * quiet.leakage
    assert map_design(design, tmp_path / "none").power == 0.0


def test_figures_add_up_and_the_path_does_not() -> None:
    one, two = Mapped(1, 2.0, 1.0, 4e-6, 1.5, 8e-6), Mapped(5, 9.0, 4.0, 9e-6, 2.5, 9e-6)
    assert two.minus(one) == Mapped(4, 7.0, 3.0, pytest.approx(5e-6), 2.5, pytest.approx(1e-6))
    assert one.times(2.5) == Mapped(2, 5.0, 2.5, pytest.approx(1e-5), 1.5, pytest.approx(2e-5))
