"""The picture of a stream whose world changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from neutnngen.apps.figures import COLOURS, INK, plain_frame, save_figure
from neutnngen.apps.mnist.continual import ContinualResult
from neutnngen.apps.mnist.plot_parts import error_limits, log_axis, percent

STREAM: dict[str, dict[str, Any]] = {
    "frozen": {"color": COLOURS[2], "marker": "s", "label": "frozen at the first change"},
    "fresh": {"color": COLOURS[1], "marker": "^", "linestyle": (0, (4, 2)), "label": "fresh start at each change"},
    "learning": {"color": COLOURS[0], "marker": "o", "label": "learning throughout"},
}


def plot_continual(result: ContinualResult, path: Path, title: str = "") -> Path:
    """PNG of three errors in the stream: of its blocks before they are learned, of the held-back set as images come now, and of the
    held-back set as they came first. Changes are vertical lines; a star is where the learning network is back (``recovered_after``)."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 9), layout="constrained")
    panels = figure.subplots(3, 1, sharex=True, sharey=True, height_ratios=(1, 1, 1))
    names = ("of the stream,\nbefore it is learned, %", "of the held-back set,\npresent form, %", "of the held-back set,\nfirst form, %")
    least = 0.5 / max(result.held, result.block)
    shown: list[float] = []
    for kind, axes, name in zip(("blocks", "present", "first"), panels, names, strict=True):
        for run, style in STREAM.items():
            for number, phase in enumerate(result.phases):
                if number == 0 and run != "learning":
                    continue  # all three are one network there
                inside = (result.blocks > phase.start) & (result.blocks <= phase.stop)
                at, errors = result.blocks[inside], result.runs[run].blocks[inside]
                if kind != "blocks":
                    inside = result.look_phase == number
                    at, errors = result.looks[inside], getattr(result.runs[run], kind)[inside]
                errors = np.maximum(errors, least)
                shown += errors.tolist()
                line = {**style, "linewidth": 1.8 if run == "learning" else 1.4, "markersize": 4}
                line["label"] = style["label"] if number == len(result.phases) - 1 else "_"
                if kind == "blocks":
                    line |= {"markevery": max(1, len(at) // 10), "linewidth": 1.3}
                axes.plot(at, errors, markeredgecolor="white", markeredgewidth=0.4, **line)
        axes.set_ylabel(f"error {name}")
        plain_frame(axes)
        for phase in result.phases[1:]:
            axes.axvline(phase.start, color=INK, linewidth=1.1, linestyle=(0, (2, 2)))
    _mark_recovery(panels[1], result)
    low, high = error_limits(shown)
    log_axis(panels[0].yaxis, low, min(high, 1.15), percent)
    for phase in result.phases:
        middle = (phase.start + phase.stop) / 2
        words = phase.name.replace(", ", ",\n")
        above = {"xycoords": ("data", "axes fraction"), "xytext": (0, 5), "textcoords": "offset points"}
        panels[0].annotate(words, (middle, 1), ha="center", va="bottom", fontsize=9, color=INK, **above)
    total = result.phases[-1].stop
    panels[-1].set_xlim(-0.008 * total, 1.008 * total)
    panels[-1].xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}")
    panels[-1].set_xlabel("images of the stream")
    if title:
        figure.suptitle(title, fontsize=11, color=INK)
    handles, labels = panels[1].get_legend_handles_labels()
    figure.legend(handles[::-1], labels[::-1], loc="outside lower center", ncols=3, frameon=False)
    return save_figure(figure, path)


def _mark_recovery(axes: Any, result: ContinualResult) -> None:
    """The level at which a network is back, and where the learning one is."""
    level, back = "level that counts as back", "learning is back"
    for number, phase in enumerate(result.phases[1:], 1):
        at_level = [result.back_level(number)] * 2
        axes.plot([phase.start, phase.stop], at_level, color=INK, linewidth=0.9, linestyle=(0, (1, 2)), label=level)
        level = "_"
        after = result.recovered_after("learning", number)
        if after is None:
            continue
        at = phase.start + after
        place = np.flatnonzero((result.look_phase == number) & (result.looks == at))[0]
        style = {"linestyle": "none", "marker": "*", "markersize": 13, "color": "white", "markeredgecolor": INK, "zorder": 5}
        axes.plot([at], [result.runs["learning"].present[place]], label=back, **style)
        back = "_"
