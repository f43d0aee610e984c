"""Pictures of a table of results: ranks of the methods with their significance, and the scores of every set."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.figures import save_figure
from neutnngen.apps.ucr.results import MeanSd, ResultTable
from neutnngen.apps.ucr.tables import DAGGER, method_titles
from neutnngen.errors import ConfigError

Measure = Literal["rand", "adjusted_rand", "nmi"]
MEASURES: dict[str, str] = {"rand": "Rand index", "adjusted_rand": "adjusted Rand index", "nmi": "normalised mutual information"}
COLOURS = ("#c8641b", "#0b6e99", "#9aa0a6", "#4a8f4d", "#7a5195", "#c9a227")
ERROR_RATE = 0.05


def critical_difference(table: ResultTable, measure: Measure, path: Path, titles: Mapping[str, str] | None = None) -> Path:
    """PNG of the mean ranks over the sets that every method was run on; a bar joins methods whose difference is not significant.

    Friedman's test, then Wilcoxon's signed-rank test for every pair with Bonferroni's correction, which bounds the chance of any false
    difference by 5 %. Drawn by aeon, whose pair tests look at one side only, in the direction that the ranks suggest: half the rate for
    each makes them two-sided. table: rows of one protocol, three methods and four sets at least, or ConfigError.
    """
    if measure not in MEASURES:
        raise ConfigError("there is no measure of this name", got=measure, allowed=", ".join(MEASURES))
    from aeon.visualisation import plot_critical_difference
    from matplotlib import pyplot as plt

    scores = shared_scores(table, measure)
    if scores.shape[0] < 4 or scores.shape[1] < 3:
        raise ConfigError(
            "a diagram of critical differences needs more results",
            got=f"{scores.shape[1]} methods and {scores.shape[0]} sets that all of them were run on",
            allowed="at least 3 methods and 4 sets",
        )
    names = list(method_titles(table, titles).values())
    room = 0.5 + 0.14 * max(map(len, names))
    figure, axes = plot_critical_difference(
        scores, names, correction="bonferroni", alpha=ERROR_RATE / 2, width=2 * room + 3.5, textspace=room
    )
    try:
        for text in axes.texts:  # aeon prints ranks with four digits
            if re.fullmatch(r"\d+\.\d{4}", text.get_text()):
                text.set_text(f"{float(text.get_text()):.2f}")
        figure.text(
            0.5,
            1.0,
            f"mean rank by {MEASURES[measure]} over {len(scores)} sets, best on the right;\n"
            f"a bar joins methods without a significant difference (Friedman, Wilcoxon, Bonferroni, {100 * ERROR_RATE:.0f} %)",
            ha="center",
            va="bottom",
            fontsize=10,
        )
        return save_figure(figure, path)
    finally:
        plt.close(figure)


def shared_scores(table: ResultTable, measure: Measure) -> NDArray[np.float64]:
    """Mean over the seeds as (set, method), of the sets that every method was run on."""
    cells = {(s.dataset, s.method): getattr(s, measure).mean for s in table.summary()}
    rows = [[cells.get((d, m), math.nan) for m in table.methods] for d in table.datasets]
    scores = np.array(rows, dtype=np.float64).reshape(-1, len(table.methods))
    return scores[np.isfinite(scores).all(axis=1)]


def score_bars(table: ResultTable, path: Path, titles: Mapping[str, str] | None = None) -> Path:
    """PNG of adjusted Rand index (above) and Rand index (below) per set and method: mean and standard deviation over the seeds.

    A dagger stands over a bar with degenerate runs. The last group is the mean over the sets that all methods were run on. table: rows
    of one protocol.
    """
    from matplotlib.figure import Figure

    summaries = {(s.dataset, s.method): s for s in table.summary()}
    if not summaries:
        raise ConfigError("the table has no finished run to draw")
    datasets, names = table.datasets, method_titles(table, titles)
    places = np.append(np.arange(len(datasets), dtype=float), len(datasets) + 0.6)
    width = 0.82 / len(names)
    size = float(np.clip(2 + 0.11 * len(places) * (len(names) + 2), 5.5, 13)), 7.2
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(2, 1, sharex=True)
    shown: tuple[Measure, ...] = ("adjusted_rand", "rand")
    for axes, measure in zip(panels, shown, strict=True):
        mean = shared_scores(table, measure).mean(axis=0) if len(shared_scores(table, measure)) else None
        tops = [0.0]
        for number, (method, name) in enumerate(names.items()):
            cells = [summaries.get((d, method)) for d in datasets]
            values = [getattr(c, measure) if c else MeanSd(math.nan, math.nan) for c in cells]
            values.append(MeanSd(math.nan if mean is None else float(mean[number]), math.nan))
            at = places + (number - (len(names) - 1) / 2) * width
            heights = np.array([v.mean for v in values])
            spreads = np.nan_to_num([v.sd for v in values])
            bars = {"color": COLOURS[number % len(COLOURS)], "label": name, "ecolor": "#404040", "error_kw": {"elinewidth": 0.8}}
            axes.bar(at, heights, width, yerr=spreads, **bars)
            tops += [float(h + s) for h, s in zip(heights, spreads, strict=True) if np.isfinite(h)]
            for x, cell, height, sd in zip(at, cells, heights, spreads, strict=False):
                if cell is not None and cell.degenerate:
                    axes.annotate(DAGGER, (x, max(height + sd, 0)), xytext=(0, 1), textcoords="offset points", ha="center", fontsize=8)
        _dress(axes, MEASURES[measure], places, 1.08 * max(tops))
    count = len(shared_scores(table, "rand"))
    mean_name = f"mean of {count}" if count < len(datasets) else "mean"
    panels[1].set_xticks(places, [*datasets, mean_name], rotation=45, ha="right", rotation_mode="anchor", fontsize=9)
    handles, labels = panels[0].get_legend_handles_labels()
    if any(s.degenerate for s in summaries.values()):
        handles.append(panels[0].plot([], [], linestyle="none", marker=f"${DAGGER}$", color="black", label="")[0])
        labels.append("with degenerate runs")
    columns = len(labels) if len(labels) <= size[0] / 2 else -(-len(labels) // 2)
    figure.legend(handles, labels, loc="outside upper center", ncols=columns, frameon=False)
    return save_figure(figure, path)


def _dress(axes: Any, name: str, places: NDArray[np.float64], top: float) -> None:
    """Name, grid and limits of one panel, and a line before the group of the means."""
    axes.set_ylabel(name)
    axes.set_ylim(top=max(top, 0.1))
    axes.set_xlim(-0.6, places[-1] + 0.6)
    axes.axhline(0, color="#404040", linewidth=0.8)
    axes.axvline(places[-1] - 0.8, color="#d0d0d0", linewidth=0.8)
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)
    axes.tick_params(axis="x", length=0)
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)
