"""The pictures: that they are drawn, show what the table holds, and are refused where they would mean nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from neutnngen.apps.ucr.plots import critical_difference, score_bars, shared_scores
from neutnngen.apps.ucr.results import ResultRow, ResultTable
from neutnngen.apps.ucr.scores import Scores
from neutnngen.errors import ConfigError
from pictures import ink


def table(methods: dict[str, float], sets: int = 12, seeds: int = 3, seed: int = 0) -> ResultTable:
    """Scores around a level of each set; methods: name and advantage."""
    rng = np.random.default_rng(seed)
    made = ResultTable()
    for number in range(sets):
        level = rng.uniform(0.1, 0.6)
        for method, advantage in methods.items():
            for run in range(seeds):
                ari = level + advantage + rng.normal(0, 0.01)
                reason = "one group only" if method == "kmeans" and number == 1 else ""
                scores = Scores(0.5 + ari / 2, ari, ari)
                made.add(ResultRow(f"Set{number}", method, "all", run, 20, 8, 2, scores, 2, 0.5, 0, reason, 1.0))
    return made


def test_critical_difference_separates_what_differs(tmp_path: Path, drawn: list[Figure]) -> None:
    results = table({"kmeans": 0.0, "kshape": 0.001, "column": 0.2})
    path = critical_difference(results, "adjusted_rand", tmp_path / "deep" / "cd.png", {"column": "a column with a long name"})
    assert 0.005 < ink(path) < 0.3
    texts = [t.get_text() for t in (*drawn[0].texts, *drawn[0].axes[0].texts)]
    assert {"k-means", "k-shape", "a column with a long name", "1.00"} <= set(texts)
    assert any("adjusted Rand index over 12 sets" in t for t in texts)
    thick = [line for line in drawn[0].axes[0].lines if line.get_linewidth() == 2.5]
    assert len(thick) == 1, "one bar: it joins the two that are alike"
    assert not plt.get_fignums(), "the figure is closed"


def test_critical_difference_joins_all_that_are_alike(tmp_path: Path, drawn: list[Figure]) -> None:
    critical_difference(table({"kmeans": 0.0, "kshape": 0.0, "column": 0.0}), "rand", tmp_path / "cd.png")
    (bar,) = [line for line in drawn[0].axes[0].lines if line.get_linewidth() == 2.5]
    stems = [line.get_xdata()[0] for line in drawn[0].axes[0].lines if line.get_linewidth() == 0.75]
    assert bar.get_xdata().min() < min(stems) and max(stems) < bar.get_xdata().max()


def test_critical_difference_is_refused_without_enough_results(tmp_path: Path) -> None:
    for results in (table({"kmeans": 0.0, "kshape": 0.1}), table({"kmeans": 0.0, "kshape": 0.1, "column": 0.2}, sets=3)):
        with pytest.raises(ConfigError, match="needs more results"):
            critical_difference(results, "rand", tmp_path / "cd.png")
    with pytest.raises(ConfigError, match="no measure"):
        critical_difference(table({"kmeans": 0.0}), "speed", tmp_path / "cd.png")  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_shared_scores_leave_out_sets_with_a_gap() -> None:
    results = table({"kmeans": 0.0, "kshape": 0.1}, sets=3, seeds=1)
    results.add(ResultRow.not_run(("Set3", "kshape", "all", 0), 20, 8, 2, "not run"))
    scores = shared_scores(results, "adjusted_rand")
    assert scores.shape == (3, 2)
    assert scores[2, 1] == next(r for r in results if r.dataset == "Set2" and r.method == "kshape").scores.adjusted_rand  # type: ignore[union-attr]


def test_score_bars_show_every_mean(tmp_path: Path, drawn: list[Figure]) -> None:
    results = table({"kmeans": -0.3, "kshape": 0.1}, sets=5)
    assert ink(score_bars(results, tmp_path / "bars.png")) > 0.05
    upper, lower = drawn[0].axes
    assert (upper.get_ylabel(), lower.get_ylabel()) == ("adjusted Rand index", "Rand index")
    assert [t.get_text() for t in lower.get_xticklabels()] == ["Set0", "Set1", "Set2", "Set3", "Set4", "mean"]
    expected = {(s.dataset, s.method): s.adjusted_rand.mean for s in results.summary()}
    for container, method in zip([c for c in upper.containers if hasattr(c, "patches")], ["kmeans", "kshape"], strict=True):
        heights = [bar.get_height() for bar in container.patches]
        assert heights[:5] == pytest.approx([expected[f"Set{i}", method] for i in range(5)])
        assert heights[5] == pytest.approx(np.mean(heights[:5]))
    assert [t.get_text() for t in upper.texts] == ["†"], "one set and method has degenerate runs"
    assert [t.get_text() for t in drawn[0].legends[0].get_texts()] == ["k-means", "k-shape", "with degenerate runs"]


def test_score_bars_of_one_run_and_of_none(tmp_path: Path) -> None:
    assert ink(score_bars(table({"column": 0.1}, sets=1, seeds=1), tmp_path / "one.png")) > 0.05
    with pytest.raises(ConfigError, match="no finished run"):
        score_bars(ResultTable(), tmp_path / "none.png")
