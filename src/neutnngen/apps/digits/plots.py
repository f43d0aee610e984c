"""A picture of what networks for digits reach, by sense."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from neutnngen.apps.digits.results import Summary
from neutnngen.apps.figures import COLOURS, INK, SOFT, plain_frame, save_figure
from neutnngen.errors import ConfigError

NAMES = {
    ("both", "dendrites"): "both, a dendrite\nfor each sense",
    ("both", "segments"): "both, segments\nfor each sense",
    ("both", "dense"): "both, every segment\nsees both",
    ("sound", "dendrites"): "sound alone",
    ("image", "dendrites"): "image alone",
}


def plot_senses(summaries: Sequence[Summary], path: Path) -> Path:
    """Wrong answers of every kind of network, with the deviation over the seeds. Raises ConfigError for none."""
    from matplotlib.figure import Figure

    shown = list(summaries)
    if not shown:
        raise ConfigError("there is no finished run to draw", next_step="neutnngen apps digits")
    several = len({s.first.design for s in shown}) > 1
    labels = [NAMES[s.first.sense, s.first.masks] + (f"\n{s.first.design}" if several else "") for s in shown]
    figure = Figure(figsize=(1.8 + 1.5 * len(shown), 4.4), layout="constrained")
    axes = figure.subplots()
    errors = [100 * (1 - s.accuracy) for s in shown]
    colours = [COLOURS[{"both": 1, "sound": 0, "image": 3}[s.first.sense]] for s in shown]
    bars = axes.bar(range(len(shown)), errors, color=colours, width=0.62)
    axes.errorbar(range(len(shown)), errors, yerr=[100 * _sd(s) for s in shown], fmt="none", ecolor=INK, capsize=3, elinewidth=1)
    axes.bar_label(bars, [f"{e:.2f} %" for e in errors], padding=7, fontsize=9)
    axes.set_xticks(range(len(shown)), labels, fontsize=8.5)
    axes.set_ylabel("wrong answers, %")
    axes.set_ylim(0, 1.15 * max(e + 100 * _sd(s) for e, s in zip(errors, shown, strict=True)) + 0.05)
    plain_frame(axes)
    axes.grid(axis="x", visible=False)
    axes.set_title(_about(shown[0]), loc="left", fontsize=9, color=SOFT)
    return save_figure(figure, path)


def _sd(summary: Summary) -> float:
    return 0.0 if math.isnan(summary.sd) else summary.sd


def _about(summary: Summary) -> str:
    first, seeds = summary.first, len(summary.rows)
    over = "one seed" if seeds == 1 else f"mean and standard deviation of {seeds} seeds"
    return f"{first.sound} and {first.image}, {first.part}: {over}"
