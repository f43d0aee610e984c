"""What a study of pruning leaves behind besides its rows: the table as text, and the curves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from neutnngen.apps.figures import COLOURS, SOFT, plain_frame, save_figure
from neutnngen.apps.pruning.recipes import DENSE, RECIPES
from neutnngen.apps.pruning.results import Point, Results
from neutnngen.apps.table import markdown_table
from neutnngen.files import write_atomic

ABSENT = "–"
LINES = (*(colour for colour in COLOURS if colour != "#9aa0a6"), "#a33c56", "#1fa3a8")
"""Grey is for controls."""


def header(measure: str) -> list[str]:
    """Of ``rows``."""
    return ["design", "recipe", "synapses left", measure, "dense", "lost", "answers as before", "seeds"]


def rows(points: Sequence[Point], scale: float = 1.0, digits: int = 3) -> list[list[str]]:
    """A row for every point. scale: what scores are multiplied by, 100 for per cent. A loss within one standard deviation of the dense
    seeds counts as none and has no sign."""
    return [
        [
            p.design,
            p.recipe,
            f"{100 * p.density:.1f} %",
            spread(p.score, p.sd, scale, digits),
            spread(p.dense, p.dense_sd, scale, digits),
            f"{scale * p.lost:+.{digits}f}" + (", none" if p.no_loss else ""),
            ABSENT if math.isnan(p.agreement) else f"{100 * p.agreement:.1f} %",
            str(p.seeds),
        ]
        for p in points
        if p.recipe != DENSE
    ]


def spread(mean: float, sd: float, scale: float = 1.0, digits: int = 3) -> str:
    """Mean ± standard deviation over the seeds."""
    return f"{scale * mean:.{digits}f}" + ("" if math.isnan(sd) else f" ± {scale * sd:.{digits}f}")


def sparsest_without_loss(points: Sequence[Point]) -> list[Point]:
    """Of every design and recipe the point with fewest synapses up to which nothing is lost, going down from dense; none where the first
    point loses already."""
    found: dict[tuple[str, str], Point] = {}
    broken = set()
    for p in sorted(points, key=lambda one: -one.keep):
        if p.recipe.startswith(DENSE):
            continue
        key = (p.design, p.recipe)
        if not p.no_loss:
            broken.add(key)
        elif key not in broken:
            found[key] = p
    order = {(p.design, p.recipe): n for n, p in reversed(list(enumerate(points)))}
    return sorted(found.values(), key=lambda one: order[one.design, one.recipe])


def markdown(points: Sequence[Point], measure: str, scale: float = 1.0, digits: int = 3) -> str:
    """All points as a Markdown table."""
    return markdown_table(header(measure), rows(points, scale, digits))


def write_curves(results: Results, out: Path, measure: str, scale: float = 1.0, designs: list[str] | None = None) -> list[Path]:
    """``prune.md`` and ``prune.png`` in ``out``."""
    points = results.points(designs)
    table = write_atomic(out / "prune.md", markdown(points, measure, scale, 3 if scale == 1 else 2))
    return [table, plot_curves(points, out / "prune.png", measure, scale)]


def plot_curves(points: Sequence[Point], path: Path, measure: str, scale: float = 1.0) -> Path:
    """A panel for every design: the score against the share of synapses that is left, with the dense network and its deviation as a band;
    controls are dashed."""
    from matplotlib import pyplot as plt

    designs = list(dict.fromkeys(p.design for p in points))
    wide = min(4, len(designs))
    tall = -(-len(designs) // wide)
    figure, panels = plt.subplots(tall, wide, figsize=(1.2 + 3.4 * wide, 0.8 + 2.7 * tall), squeeze=False, sharex=True)
    handles: dict[str, Any] = {}
    shown = {p.recipe for p in points}
    solid = [name for name, recipe in RECIPES.items() if name in shown and not recipe.control]
    colours = {name: LINES[n % len(LINES)] for n, name in enumerate(solid)}
    for panel in panels.flat[len(designs) :]:
        panel.set_visible(False)
    for design, panel in zip(designs, panels.flat, strict=False):
        _panel(panel, [p for p in points if p.design == design], scale, colours, handles)
        panel.set_title(design, fontsize=9)
        panel.set_ylabel(measure, fontsize=8)
        panel.set_xlabel("synapses left, %", fontsize=8)
        panel.tick_params(labelsize=8, labelbottom=True)
        plain_frame(panel)
    figure.tight_layout(rect=(0, 0.02 + 0.24 / tall / (1 if len(handles) > 6 else 2), 1, 1))
    figure.legend(handles.values(), handles.keys(), loc="lower center", ncols=min(5, len(handles)), fontsize=8, frameon=False)
    return save_figure(figure, path)


def _panel(panel: Any, points: Sequence[Point], scale: float, colours: dict[str, str], handles: dict[str, Any]) -> None:
    dense = next((p for p in points if p.recipe == DENSE), None)
    panel.set_xscale("log")
    if dense is not None:
        sd = 0.0 if math.isnan(dense.sd) else dense.sd
        handles["dense ± deviation of the seeds"] = panel.axhline(scale * dense.score, color=SOFT, linewidth=1)
        panel.axhspan(scale * (dense.score - sd), scale * (dense.score + sd), color=SOFT, alpha=0.18, linewidth=0)
    names = list(dict.fromkeys(p.recipe for p in points if not p.recipe.startswith(DENSE)))
    for name in names:
        mine = sorted((p for p in points if p.recipe == name), key=lambda p: p.density)
        control = name in RECIPES and RECIPES[name].control
        (line,) = panel.plot(
            [100 * max(p.density, 1e-4) for p in mine],
            [scale * p.score for p in mine],
            "--" if control else "-",
            marker="x" if control else ".",
            color="#000000" if control and not name.startswith("lines") else SOFT if control else colours.get(name, LINES[0]),
            linewidth=1.1,
            markersize=4,
        )
        handles[name] = line
    least = min([100 * max(p.density, 1e-4) for p in points], default=1.0)
    ticks = [t for t in (100, 50, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1) if t >= 0.8 * least]
    panel.set_xticks(ticks, [f"{t:g}" for t in ticks])
    panel.set_xticks([], minor=True)
    panel.set_xlim(105, 0.8 * least)
