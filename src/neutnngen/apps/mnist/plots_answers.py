"""Pictures of what a network for images answers: its confusions and its mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.figures import COLOURS, INK, SOFT, save_figure
from neutnngen.apps.mnist.code import Images
from neutnngen.apps.mnist.model import Labels
from neutnngen.apps.mnist.plot_parts import exact_percent
from neutnngen.errors import ConfigError

NO_CLASS = "none"


def plot_confusion(matrix: NDArray[np.integer], classes: Sequence[str], path: Path, title: str = "") -> Path:
    """PNG of counts: true class by row, named class by column, right ones dim, and the error of every class at the side.

    matrix: (class, class), or (class, class + 1) with images that no class was named for in the last column.
    """
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

    count = len(classes)
    if matrix.shape not in {(count, count), (count, count + 1)} or not count:
        raise ConfigError(
            "the counts do not fit the classes", got=matrix.shape, allowed=f"({count}, {count}) or one column more, for no class"
        )
    named = [*classes, *([NO_CLASS] if matrix.shape[1] > count else [])]
    wrong = matrix.astype(np.float64)
    wrong[np.arange(count), np.arange(count)] = 0
    most = max(wrong.max(), 1.0)
    size = max(5.0, 0.55 * count + 1.5)
    figure = Figure(figsize=(size + 2.4, size + 0.2), layout="constrained")
    cells, side = figure.subplots(1, 2, sharey=True, width_ratios=(len(named), 2.6))
    heat = LinearSegmentedColormap.from_list("errors", ["#ffffff", "#f6dcc6", COLOURS[0], "#7a3208"])
    cells.imshow(np.sqrt(wrong / most), cmap=heat, vmin=0, vmax=1, aspect="auto")
    for (row, column), value in np.ndenumerate(matrix):
        right = row == column
        if right:
            cells.add_patch(_cell(row, "#eceef0"))
        colour = SOFT if right else "white" if wrong[row, column] > 0.36 * most else INK
        text = f"{value:,}" if value else ("0" if right else "")
        cells.text(column, row, text, ha="center", va="center", fontsize=9, color=colour, style="italic" if right else "normal")
    long = max(map(len, named)) > 3
    turned: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if long else {}
    cells.set_xticks(range(len(named)), named, **turned)
    cells.set_yticks(range(count), classes)
    cells.set_xlabel("named")
    cells.set_ylabel("true")
    for axis, end in ((cells.set_xticks, len(named)), (cells.set_yticks, count)):
        axis(np.arange(end + 1) - 0.5, minor=True)
    cells.grid(which="minor", color="#dfe1e4", linewidth=0.6)
    cells.tick_params(which="both", length=0)
    if len(named) > count:
        cells.axvline(count - 0.5, color=INK, linewidth=0.8)
    _class_errors(side, matrix, wrong)
    everything = int(matrix.sum())
    share = f"{int(wrong.sum()):,} of {everything:,} wrong" + (f", {exact_percent(wrong.sum() / everything)} %" if everything else "")
    cells.set_title(f"{title}: {share}" if title else share, loc="left", fontsize=11, color=INK)
    return save_figure(figure, path)


def _cell(place: int, colour: str) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((place - 0.5, place - 0.5), 1, 1, facecolor=colour, edgecolor="none", zorder=1)


def _class_errors(side: Any, matrix: NDArray[np.integer], wrong: NDArray[np.float64]) -> None:
    """The share of wrong images of every class, as bars beside its row."""
    errors = 100 * wrong.sum(axis=1) / np.maximum(matrix.sum(axis=1), 1)
    side.barh(range(len(errors)), errors, height=0.62, color=COLOURS[1])
    for row, error in enumerate(errors):
        text = f"{exact_percent(error / 100)} %" if matrix[row].sum() else "no image"
        side.annotate(text, (error, row), xytext=(3, 0), textcoords="offset points", va="center", fontsize=8, color=INK)
    side.set_xlim(0, 1.75 * max(errors.max(), 1e-3))
    side.set_xticks([])
    side.tick_params(which="both", length=0)
    side.set_xlabel("wrong of the class")
    for name in ("top", "right", "bottom"):
        side.spines[name].set_visible(False)


def plot_mistakes(images: Images, labels: Labels, predictions: Labels, classes: Sequence[str], path: Path, most: int = 40) -> Path:
    """PNG of images that were named wrongly, each with "true → named", in the order of their true class.

    images: (image, row, column). labels, predictions: (image,), -1 where no class was named. most: if there are more mistakes, so many of
    them, spread evenly over all.
    """
    from matplotlib.figure import Figure

    if not len(images) == len(labels) == len(predictions):
        got = f"{len(images)} images, {len(labels)} labels, {len(predictions)} predictions"
        raise ConfigError("every image needs a label and a prediction", got=got, allowed="equal numbers")
    if most < 1:
        raise ConfigError("most is out of range", got=most, allowed="1 or more")
    wrong = np.flatnonzero(labels != predictions)
    chosen = wrong[np.unique(np.linspace(0, len(wrong) - 1, min(most, len(wrong))).round().astype(np.int64))] if len(wrong) else wrong
    chosen = chosen[np.lexsort((predictions[chosen], labels[chosen]))]
    names = dict(enumerate(classes)) | {-1: NO_CLASS}
    short = max(map(len, names.values())) <= len(NO_CLASS)
    columns = max(1, min(8 if short else 5, len(chosen)))
    rows = -(-len(chosen) // columns)
    width, height = (1.05, 1.22) if short else (1.75, 1.78)
    figure = Figure(figsize=(max(3.2, columns * width), 0.55 + rows * height), layout="constrained")
    panels = figure.subplots(max(1, rows), columns, squeeze=False).ravel()
    for axes in panels:
        axes.set_axis_off()
    for axes, number in zip(panels, chosen, strict=False):
        axes.imshow(images[number], cmap="gray_r", vmin=0, vmax=255, interpolation="nearest")
        axes.set_axis_on()
        axes.set_xticks([])
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set_color("#dfe1e4")
        true, named = names[int(labels[number])], names[int(predictions[number])]
        axes.set_title(f"{true} → {named}", fontsize=10 if short else 7.5, pad=3, color=INK)
    shown = f"{len(chosen)} of {len(wrong):,}" if len(chosen) < len(wrong) else f"{len(wrong)}" if len(wrong) else "no"
    named_as = ", true → named" if len(chosen) else ""
    figure.suptitle(f"{shown} mistake{'' if len(wrong) == 1 else 's'} among {len(labels):,} images{named_as}", fontsize=10, color=SOFT)
    return save_figure(figure, path)
