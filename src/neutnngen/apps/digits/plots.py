"""Pictures of what networks for digits reach: by sense, and by the synapses that are left."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from neutnngen.apps.digits.results import WHOLE, Loss, Summary
from neutnngen.apps.figures import COLOURS, INK, SOFT, plain_frame, save_figure
from neutnngen.errors import ConfigError

NAMES = {
    ("both", "dendrites"): "both, a dendrite\nfor each sense",
    ("both", "segments"): "both, segments\nfor each sense",
    ("both", "dense"): "both, every segment\nsees both",
    ("sound", "dendrites"): "sound alone",
    ("image", "dendrites"): "image alone",
}
SPEECH = {WHOLE: "not pruned, taught for as long", "random": "at random"}


def plot_senses(summaries: Sequence[Summary], path: Path) -> Path:
    """Wrong answers of every kind of network that is not pruned, with the deviation over the seeds. Raises ConfigError for none."""
    from matplotlib.figure import Figure

    shown = [s for s in summaries if s.first.method == WHOLE and s.first.rounds == 0]
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


def plot_pruning(found: Sequence[Loss], path: Path) -> Path:
    """Right answers over the share of synapses that is left, a line per method; the band is the whole network with the deviation of its
    seeds. The losses must be of one network, or ConfigError."""
    from matplotlib.figure import Figure

    if len({one.whole.first.group for one in found}) != 1:
        raise ConfigError("a curve is of one network", got=f"{len(found)} results", allowed="pruned networks that come from one")
    whole = found[0].whole
    figure = Figure(figsize=(7.6, 4.6), layout="constrained")
    axes = figure.subplots()
    level, sd = 100 * whole.accuracy, 100 * _sd(whole)
    axes.axhspan(level - sd, level + sd, color="#e8eaed", zorder=0)
    axes.axhline(level, color=INK, linewidth=1, label=f"whole network: {whole.synapses:,.0f} synapses")
    methods = list(dict.fromkeys(one.pruned.first.method for one in found))
    for n, method in enumerate(methods):
        own = sorted((one for one in found if one.pruned.first.method == method), key=lambda one: -one.pruned.synapses)
        x = [100 * (1 - one.removed) for one in own]
        y, bars = [100 * one.pruned.accuracy for one in own], [100 * _sd(one.pruned) for one in own]
        style: dict[str, Any] = {"color": COLOURS[n % len(COLOURS)], "marker": "o", "markersize": 5, "capsize": 2.5, "elinewidth": 1}
        axes.errorbar(x, y, yerr=bars, label=SPEECH.get(method, f"by {method}"), linestyle="none" if len(own) == 1 else "-", **style)
    axes.set_xscale("log")
    ticks = sorted({float(f"{100 * (1 - one.removed):.2g}") for one in found if one.removed < 1})
    kept = [t for i, t in enumerate(ticks) if i == 0 or math.log(t / ticks[i - 1]) > 0.12]
    axes.set_xticks(kept, [f"{t:g}" for t in kept])
    axes.minorticks_off()
    axes.invert_xaxis()
    axes.set_xlabel("synapses that are left, % of the whole network's")
    axes.set_ylabel("right answers, %")
    low = min(100 * (one.pruned.accuracy - _sd(one.pruned)) for one in found)
    axes.set_ylim(max(low - 0.5, level - max(12 * sd, 4.0)), min(100.0, level + max(3 * sd, 0.3)))
    plain_frame(axes)
    axes.legend(frameon=False, loc="lower left", fontsize=9)
    axes.set_title(_about(whole), loc="left", fontsize=9, color=SOFT)
    return save_figure(figure, path)


def _sd(summary: Summary) -> float:
    return 0.0 if math.isnan(summary.sd) else summary.sd


def _about(summary: Summary) -> str:
    first, seeds = summary.first, len(summary.rows)
    over = "one seed" if seeds == 1 else f"mean and standard deviation of {seeds} seeds"
    return f"{first.sound} and {first.image}, {first.part}: {over}"
