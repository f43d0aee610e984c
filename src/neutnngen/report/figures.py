"""Pictures of a run as SVG text, drawn by Matplotlib without a display."""

from __future__ import annotations

import io
import re
from typing import Any

import numpy as np
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from neutnngen.spec import NO_SPIKE, Design

GROUP_COLOURS = ("#0b6e99", "#d9730d", "#4d8b31", "#8250b4", "#b4324b", "#6b7280")
SILENT_COLOUR = "#9aa0a6"
INK = "#25303b"


def colour_of(group: int) -> str:
    """Colour of a group (index of the winning neuron, -1 for none), the same in every picture."""
    return SILENT_COLOUR if group < 0 else GROUP_COLOURS[group % len(GROUP_COLOURS)]


def name_of(group: int) -> str:
    return "no spike" if group < 0 else f"neuron {group}"


def _svg(figure: Figure) -> str:
    """The figure as an SVG element; identifiers and dates are fixed so that equal runs give equal reports."""
    from matplotlib import rc_context

    buffer = io.StringIO()
    with rc_context({"svg.hashsalt": "neutnngen", "svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg", bbox_inches="tight", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return re.sub(r"^.*?(?=<svg)", "", text, flags=re.DOTALL)


def _style(axes: Any, xlabel: str, ylabel: str) -> None:
    axes.set_xlabel(xlabel, color=INK)
    axes.set_ylabel(ylabel, color=INK)
    axes.tick_params(colors=INK, labelsize=8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def spike_raster(waves: NDArray[np.uint8], groups: NDArray[np.int64], outputs: NDArray[np.uint8], per_group: int = 3) -> str:
    """Input spikes of the first waves of every group, wave after wave, and the output spike of each.

    waves: (wave, line) times. groups: (wave,) winners. outputs: (wave, neuron) times.
    """
    chosen = [i for g in sorted(set(groups.tolist())) for i in np.flatnonzero(groups == g)[:per_group]]
    span = 16
    figure = Figure(figsize=(10, 4.2))
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(5, 1))
    for slot, index in enumerate(chosen):
        colour = colour_of(int(groups[index]))
        lines = np.flatnonzero(waves[index] != NO_SPIKE)
        upper.scatter(slot * span + waves[index, lines], lines, s=9, color=colour, linewidths=0)
        for neuron in np.flatnonzero(outputs[index] != NO_SPIKE):
            lower.scatter(slot * span + int(outputs[index, neuron]), neuron, s=34, color=colour, marker="|", linewidths=2)
        for axes in (upper, lower):
            axes.axvline(slot * span - 1, color="#d5d9de", linewidth=0.8)
    _style(upper, "", "input line")
    _style(lower, "unit clocks, one wave after another", "neuron")
    lower.set_yticks(range(outputs.shape[1]))
    lower.set_ylim(outputs.shape[1] - 0.5, -0.5)
    upper.invert_yaxis()
    return _svg(figure)


def weight_map(design: Design) -> str:
    """Weights as a picture, one row per neuron; pruned synapses are hatched."""
    w_max = design.column.w_max
    shades = ListedColormap([(1 - 0.86 * k / w_max, 1 - 0.55 * k / w_max, 1 - 0.38 * k / w_max) for k in range(w_max + 1)])
    figure = Figure(figsize=(10, 0.7 + 0.32 * design.column.neurons))
    axes = figure.subplots()
    image = axes.imshow(
        np.where(design.mask, design.weights.astype(float), np.nan),
        cmap=shades,
        norm=BoundaryNorm(np.arange(w_max + 2) - 0.5, w_max + 1),
        aspect="auto",
    )
    axes.set_facecolor("#f3d9d9")
    _style(axes, "input line", "neuron")
    axes.set_yticks(range(design.column.neurons))
    figure.colorbar(image, ax=axes, label="weight", ticks=[0, w_max], pad=0.01)
    return _svg(figure)


def group_means(values: NDArray[np.float64], groups: NDArray[np.int64]) -> str:
    """Mean series of every group with the band of its middle half."""
    figure = Figure(figsize=(10, 3))
    axes = figure.subplots()
    for group in sorted(set(groups.tolist())):
        members = values[groups == group]
        low, high = np.quantile(members, [0.25, 0.75], axis=0)
        axes.fill_between(np.arange(values.shape[1]), low, high, color=colour_of(group), alpha=0.15, linewidth=0)
        axes.plot(members.mean(axis=0), color=colour_of(group), linewidth=1.8, label=f"{name_of(group)} ({len(members)} series)")
    _style(axes, "sample", "value")
    axes.legend(frameon=False, fontsize=8)
    return _svg(figure)


def bars(names: list[str], values: list[float], unit: str) -> str:
    """Horizontal bars with their values."""
    figure = Figure(figsize=(10, 0.6 + 0.26 * len(names)))
    axes = figure.subplots()
    positions = np.arange(len(names))
    axes.barh(positions, values, color="#0b6e99", height=0.62)
    axes.set_yticks(positions, names)
    for position, value in zip(positions, values, strict=True):
        axes.text(value, float(position), f" {value:,.4g}", va="center", fontsize=8, color=INK)
    axes.invert_yaxis()
    _style(axes, unit, "")
    return _svg(figure)
