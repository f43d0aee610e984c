"""The picture of a stream: how well its layers answer before and after the drift, and how the wins are shared among the neurons."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from neutnngen.apps.figures import save_figure
from neutnngen.apps.ucr.learning import Labels
from neutnngen.apps.ucr.stream_result import StreamResult

FROZEN, LEARNING, REFITTED = "#9aa0a6", "#c8641b", "#0b6e99"
INK, SHADE = "#404040", "#f1efe9"


def plot_stream(result: StreamResult, path: Path, title: str = "") -> Path:
    """PNG. Above, the adjusted Rand index of the three layers over the sliding window, the drift as a line, and as a band while it grows;
    below, what share of the window each neuron wins, with learning and frozen. title: for instance the name of the set."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 6.8), layout="constrained")
    scores, learning, frozen = figure.subplots(3, 1, sharex=True, height_ratios=(3, 1, 1))
    _draw_scores(scores, result)
    _draw_wins(learning, result, result.learning, "learning")
    _draw_wins(frozen, result, result.frozen, "frozen")
    frozen.set_xlabel("wave")
    frozen.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}")
    drift = result.drift
    size = f"{drift.size:.0%} of the length" if drift.kind == "shift" else f"{drift.size:g} σ"
    lead = f"{title}: " if title else ""
    scores.set_title(f"{lead}{drift.kind} by {size}, {drift.pace}", loc="left", fontsize=11, color=INK)
    figure.legend(*scores.get_legend_handles_labels(), loc="outside upper center", ncols=3, frameon=False)
    return save_figure(figure, path)


def _draw_scores(axes: Any, result: StreamResult) -> None:
    refitted = result.ari(result.refitted)
    refitted[: result.settled + result.window - 1] = np.nan  # before, it would answer series that it was not fitted for
    waves = np.arange(len(result.order))
    axes.plot(waves, result.ari(result.frozen), color=FROZEN, linewidth=1.6, label="frozen: no learning in the stream")
    axes.plot(waves, refitted, color=REFITTED, linewidth=1.3, linestyle=(0, (4, 2)), label="refitted on drifted series")
    axes.plot(waves, result.ari(result.learning), color=LEARNING, linewidth=2.0, label="learning, one wave at a time")
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.set_ylabel(f"adjusted Rand index,\nlast {result.window:,} waves")
    axes.set_ylim(top=1.07 * max(axes.get_ylim()[1], 0.2))  # room for the word
    axes.grid(axis="y", alpha=0.3)
    _mark(axes, result)
    axes.annotate(
        "drift", (result.onset, 1), xycoords=("data", "axes fraction"), xytext=(4, -4), textcoords="offset points", va="top", fontsize=9
    )


def _draw_wins(axes: Any, result: StreamResult, answers: Labels, name: str) -> None:
    from matplotlib import colormaps

    waves, shares = np.arange(len(result.order)), np.nan_to_num(result.wins(answers)[result.window - 1 :])
    colours = colormaps["YlGnBu"](np.linspace(0.2, 0.6, result.clusters))  # no colour of the curves above
    axes.stackplot(waves[result.window - 1 :], shares.T, colors=colours, edgecolor="white", linewidth=0.5)
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.5, 1])
    axes.set_ylabel(f"wins of neurons,\n{name}", fontsize=9)
    _mark(axes, result)


def _mark(axes: Any, result: StreamResult) -> None:
    """Where the drift begins and, if it is gradual, grows."""
    if result.drift.over:
        axes.axvspan(result.onset, result.settled, color=SHADE, zorder=0)
    axes.axvline(result.onset, color=INK, linewidth=1.2, linestyle=(0, (2, 2)))
    axes.set_xlim(0, len(result.order))
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
