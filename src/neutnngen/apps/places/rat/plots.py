"""Pictures of a run on recorded movement: place fields, where the animal was located, errors, path integration, learning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.figures import COLOURS, INK, SOFT, plain_frame, save_figure
from neutnngen.apps.places.rat.readout import maps
from neutnngen.apps.places.rat.results import RatResult, distances
from neutnngen.errors import ConfigError

CELLS, OTHER, NEAREST, CHANCE = COLOURS[0], COLOURS[1], COLOURS[1], COLOURS[2]
TRUE = INK
BINS = 25
SHOWN = (4, 6)
"""Rows and columns of place fields."""


def draw_all(result: RatResult, folder: Path) -> list[Path]:
    """Every picture of a run into a folder, as PNG."""
    drawn = (
        ("place_fields", place_fields),
        ("located", located),
        ("errors", errors),
        ("path_integration", path_integration),
        ("learning", learning),
    )
    return [draw(result, folder / f"{name}.png") for name, draw in drawn]


def place_fields(result: RatResult, path: Path) -> Path:
    """Rate maps of 24 cells of the first column over the whole recording: from the cell that answers most often evenly down to those that
    answer now and then. Grey is where the animal went, a cross the middle that was learned."""
    from matplotlib import pyplot as plt
    from matplotlib.patches import Rectangle

    winners, walk = np.concatenate([result.learned_winners, result.winners])[:, 0], result.asked
    positions = np.concatenate([result.learned.positions, walk.positions])
    count = np.bincount(winners[winners >= 0], minlength=result.fields.wins.shape[1])
    order = np.argsort(-count, kind="stable")[: max(1, int((count >= max(2, len(winners) // 1000)).sum()))]
    chosen = order[np.unique(np.linspace(0, len(order) - 1, SHOWN[0] * SHOWN[1]).round().astype(int))]
    rates = maps(winners, positions, len(count), walk.size, BINS)
    width, height = (millimetres / 1000 for millimetres in walk.size)
    figure, grid = plt.subplots(*SHOWN, figsize=(10.5, 0.5 + SHOWN[0] * (0.24 + 1.44 * height / width)), layout="constrained")
    image: Any = None
    for axes, cell in zip(grid.ravel(), [*chosen, *[-1] * (SHOWN[0] * SHOWN[1] - len(chosen))], strict=True):
        axes.axis("off")
        if cell < 0:
            continue
        top, across = rates.shape[1] * max(walk.size) / BINS / 1000, rates.shape[2] * max(walk.size) / BINS / 1000
        axes.plot(*(positions / 1000).T, color=CHANCE, linewidth=0.15, alpha=min(0.6, 10_000 / len(positions)))
        shown = np.where(rates[cell] > 0, rates[cell], np.nan)
        image = axes.imshow(shown, origin="lower", extent=(0, across, 0, top), cmap="YlOrRd", vmin=0, vmax=1, zorder=2)
        axes.plot(*(result.fields.middles[0, cell] / 16_000), marker="+", color=OTHER, markersize=7, markeredgewidth=1.2, zorder=3)
        axes.add_patch(Rectangle((0, 0), width, height, fill=False, edgecolor=SOFT, linewidth=0.8))
        axes.set(xlim=(-0.03 * width, 1.03 * width), ylim=(-0.03 * height, 1.03 * height))
        axes.set_title(f"cell {cell}, {count[cell]} waves", fontsize=8, color=INK, pad=2)
    if image is not None:
        bar = figure.colorbar(image, ax=grid, shrink=0.6, aspect=30, pad=0.015)
        bar.set_label("share of the waves in a place that the cell answers", fontsize=8)
        bar.ax.tick_params(labelsize=8)
        bar.outline.set_visible(False)
    title = f"Place cells of one column, {result.data}: fields over {_seconds(len(winners), walk.hertz)}"
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    return save_figure(figure, path)


def located(result: RatResult, path: Path, seconds: float = 20.0) -> Path:
    """The first ``seconds`` after learning in which the animal goes far: where it was and where the place cells locate it."""
    from matplotlib import pyplot as plt

    walk = result.asked
    number = min(len(walk), round(seconds * walk.hertz))
    if number < 2:
        raise ConfigError("there is too little to draw", got=f"{number} waves", allowed="2 waves or more")
    start = _farthest(walk.positions, number)
    part = slice(start, start + number)
    true, found = walk.positions[part] / 10, result.located[part] / 10
    clock = (np.arange(number) + start) / walk.hertz
    figure = plt.figure(figsize=(10.5, 4.4), layout="constrained")
    halves: Any = figure.subfigures(1, 2, width_ratios=(1, 1.35))
    left, right = halves
    plane = left.subplots()
    plane.plot(*true.T, color=TRUE, linewidth=1.6, label="true")
    plane.plot(*found.T, color=CELLS, linewidth=0.9, marker="o", markersize=1.8, label="place cells")
    plane.set(xlim=(0, walk.size[0] / 10), ylim=(0, walk.size[1] / 10), xlabel="x, cm", ylabel="y, cm", aspect="equal")
    plain_frame(plane)
    for axes, axis, name in zip(right.subplots(2, 1, sharex=True), (0, 1), "xy", strict=True):
        axes.plot(clock, true[:, axis], color=TRUE, linewidth=1.6)
        axes.plot(clock, found[:, axis], color=CELLS, linewidth=0.9, marker="o", markersize=1.8)
        axes.set(ylabel=f"{name}, cm", xlim=(clock[0], clock[-1]))
        plain_frame(axes)
    axes.set_xlabel("seconds after learning")
    far = float(np.median(distances(result.located, walk)[part]))
    title = f"Where the place cells locate the animal, {result.data}: {seconds:.0f} s, median error {far:.1f} cm"
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    left.legend(*plane.get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    return save_figure(figure, path)


def errors(result: RatResult, path: Path) -> Path:
    """Share of the waves that are located within so many centimetres: by the place cells, by the nearest moment, by chance."""
    from matplotlib import pyplot as plt

    walk = result.asked
    chance = result.located[np.random.default_rng([result.seed, 40]).permutation(len(walk))]
    figure, axes = plt.subplots(figsize=(6.6, 4.8), layout="constrained")
    lines = (
        ("place cells", result.located, CELLS, "-"),
        ("nearest learned moment", result.nearest, NEAREST, (0, (5, 2))),
        ("place cells, shuffled in time", chance, CHANCE, "-"),
    )
    for name, where, colour, style in lines:
        far = np.sort(distances(where, walk))
        share = np.arange(1, len(far) + 1) / len(far)
        axes.plot(far, 100 * share, color=colour, linestyle=style, linewidth=1.8, label=f"{name}: median {np.median(far):.2g} cm")
    axes.set(xscale="log", xlim=(0.1, max(walk.size) / 10), ylim=(0, 101), xlabel="error, cm", ylabel="% of the waves within")
    axes.set_xticks([v for v in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200) if v <= max(walk.size) / 10])
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.minorticks_off()
    plain_frame(axes)
    axes.legend(frameon=False, fontsize=9, loc="upper left", bbox_to_anchor=(0, -0.16), borderaxespad=0)
    axes.set_title(f"Errors on {_seconds(len(walk), walk.hertz)} that were not learned from, {result.data}", fontsize=11, loc="left")
    return save_figure(figure, path)


def path_integration(result: RatResult, path: Path) -> Path:
    """Error of path integration over time, with and without landmarks, and where the landmarks are."""
    from matplotlib import pyplot as plt

    walk, way = result.asked, result.path
    clock = np.arange(len(walk)) / walk.hertz
    figure, (plane, axes) = plt.subplots(1, 2, figsize=(10.5, 4.2), width_ratios=(1, 1.75), layout="constrained")
    plane.plot(*(walk.positions / 10).T, color=CHANCE, linewidth=0.6)
    met = np.flatnonzero(way.met)
    plane.plot(*(walk.positions[met] / 10).T, linestyle="", marker=".", markersize=3, color=CELLS)
    for place in way.landmarks / 10:
        plane.plot(
            *place, marker="*", markersize=11 if len(way.landmarks) < 10 else 7, color=TRUE, markeredgecolor="white", markeredgewidth=0.8
        )
    plane.set(xlim=(0, walk.size[0] / 10), ylim=(0, walk.size[1] / 10), xlabel="x, cm", ylabel="y, cm", aspect="equal")
    plane.set_title("landmarks, and where they set the estimate right", fontsize=9, loc="left")
    plain_frame(plane)
    for name, where, colour in (("alone", way.alone, OTHER), ("with landmarks", way.corrected, CELLS)):
        far = distances(where, walk)
        axes.plot(clock, far, color=colour, linewidth=1.3, label=f"{name}: median {np.median(far):.1f} cm")
    bottom, top = axes.get_ylim()
    axes.vlines(clock[met], -0.03 * top, -0.005 * top, color=CELLS, linewidth=0.8)
    axes.set(xlim=(0, clock[-1]), ylim=(min(bottom, -0.035 * top), 1.18 * top), xlabel="seconds after learning", ylabel="error, cm")
    plain_frame(axes)
    axes.legend(frameon=False, fontsize=9, loc="upper left", ncols=2)
    axes.set_title("error over time; ticks below: at a landmark", fontsize=9, loc="left")
    figure.suptitle(f"Path integration, {result.data}", fontsize=11, x=0.01, ha="left")
    return save_figure(figure, path)


def learning(result: RatResult, path: Path) -> Path:
    """Error on the part that is not learned, and how many cells have answered, while the other part is learned."""
    from matplotlib import pyplot as plt

    clock, middle, answered = np.array(result.curve).T
    figure, axes = plt.subplots(figsize=(7.2, 4.0), layout="constrained")
    axes.plot(clock, middle, color=CELLS, linewidth=1.6, marker="o", markersize=4)
    axes.set(yscale="log", xlabel="seconds of learning", ylabel="median error on the rest of the recording, cm", xlim=(0, 1.02 * clock[-1]))
    axes.yaxis.label.set_color(CELLS)
    ticks = [v for v in (0.5, 1, 1.5, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 200) if middle.min() / 1.3 <= v <= middle.max() * 1.3]
    axes.set(ylim=(middle.min() / 1.3, middle.max() * 1.3))
    axes.set_yticks(ticks)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.minorticks_off()
    plain_frame(axes)
    other = axes.twinx()
    other.plot(clock, 100 * answered, color=OTHER, linewidth=1.6, linestyle=(0, (5, 2)), marker="s", markersize=4)
    other.set(ylim=(0, 102), ylabel="% of the cells that have answered")
    other.yaxis.label.set_color(OTHER)
    other.spines["top"].set_visible(False)
    axes.set_title(f"Learning online, every wave once, {result.data}", fontsize=11, loc="left")
    return save_figure(figure, path)


def _farthest(positions: NDArray[np.int64], number: int) -> int:
    """Where the stretch of so many waves with the longest way begins."""
    way = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(positions, axis=0).T))])
    return int(np.argmax(way[number - 1 :] - way[: len(way) - number + 1]))


def _seconds(waves: int, hertz: int) -> str:
    return f"{waves / hertz:.0f} s"
