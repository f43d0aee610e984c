"""Pictures of what networks for images reach: error against cost, families of designs, curves of learning."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from neutnngen.apps.figures import INK, SOFT, plain_frame, save_figure
from neutnngen.apps.mnist.plot_parts import (
    LEAST,
    error_limits,
    exact_percent,
    log_axis,
    looks_of,
    name_points,
    percent,
    short_number,
    stairs,
    stretched,
)
from neutnngen.apps.mnist.results import Summary
from neutnngen.errors import ConfigError


@dataclass(frozen=True)
class Mark:
    """A design that others have published. error: a share. synapses, area in mm², energy in nJ per image: nan where not known."""

    name: str
    error: float
    synapses: float = math.nan
    area: float = math.nan
    energy: float = math.nan


COSTS = {"synapses": "synapses", "area": "cell area, mm²", "energy": "energy per image, nJ"}


def plot_pareto(
    summaries: Sequence[Summary], path: Path, *, targets: Mapping[str, float] | None = None, published: Sequence[Mark] = ()
) -> Path:
    """PNG of the error against synapses, cell area and energy; a panel is left out if no design has a number for it.

    Points are means over the seeds, bars their standard deviations. The line is the Pareto front of the summaries: no design is better
    in one of the two and as good in the other; its designs are named. targets: names and errors, as shares. published: not part of the
    front. Summaries must be of one data set and part, or ConfigError.
    """
    from matplotlib.figure import Figure

    _comparable(summaries)
    panels = [name for name in COSTS if name == "synapses" or any(math.isfinite(_cost(s, name)) for s in summaries)]
    looks = looks_of(dict.fromkeys(s.first.family for s in summaries))
    names = _names(summaries)
    origins = sorted({r.silicon for s in summaries for r in s.rows if r.silicon and (math.isfinite(r.area) or math.isfinite(r.energy))})
    estimated = any("ESTIMATED" in origin for origin in origins)
    figure = Figure(figsize=(1.2 + 4.6 * len(panels), 5.2), layout="constrained")
    all_axes = np.atleast_1d(figure.subplots(1, len(panels), sharey=True))
    low, high = error_limits(
        [e for s in summaries for e in (s.error - _spread(s), s.error + _spread(s))]
        + [*(targets or {}).values(), *(m.error for m in published)]
    )
    waiting = []
    for axes, name in zip(all_axes, panels, strict=True):
        points = [(_cost(s, name), max(s.error, LEAST), s) for s in summaries if math.isfinite(_cost(s, name))]
        marks = [(float(getattr(m, name)), m) for m in published if math.isfinite(getattr(m, name))]
        for title, error in (targets or {}).items():
            axes.axhline(error, color=INK, linewidth=0.9, linestyle=(0, (1, 2)), zorder=1)
            if axes is all_axes[-1]:
                at = {"xycoords": ("axes fraction", "data"), "xytext": (4, 0), "textcoords": "offset points"}
                axes.annotate(title, (1, error), fontsize=8, color=SOFT, va="center", annotation_clip=False, **at)
        front = pareto([(x, y) for x, y, _ in points])
        steps = stairs([points[n][:2] for n in front])
        axes.plot(steps[:, 0], steps[:, 1], color=INK, linewidth=1.1, alpha=0.6, zorder=2, label="Pareto front")
        for family, look in looks.items():
            _points(axes, [p for p in points if p[2].first.family == family], look, family)
        if marks:
            style = {"linestyle": "none", "marker": "*", "markersize": 11, "color": "white", "markeredgecolor": INK}
            axes.plot([x for x, _ in marks], [max(m.error, LEAST) for _, m in marks], label="of others, as published", zorder=3, **style)
        limits = stretched([x for x, _, _ in points] + [x for x, _ in marks], 0.12)
        log_axis(axes.xaxis, *limits, short_number)
        axes.set_xlabel(f"estimated {COSTS[name]}" if name != "synapses" and estimated else COSTS[name])
        plain_frame(axes)
        dots = [(x, y, _spread(s)) for x, y, s in points] + [(x, max(m.error, LEAST), 0.0) for x, m in marks]
        texts = [(names[id(points[n][2])], *points[n][:2]) for n in front] + [(m.name, x, max(m.error, LEAST)) for x, m in marks]
        across = [np.array([(limits[0], error), (limits[1], error)]) for error in (targets or {}).values()]
        waiting.append((axes, texts, dots, [steps, *across]))
    all_axes[0].set_ylabel("wrong images, %")
    log_axis(all_axes[0].yaxis, low, high, percent)
    handles = {label: handle for axes in all_axes for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend(handles.values(), handles.keys(), loc="outside upper center", ncols=min(len(handles), 6), frameon=False)
    notes = [_seeds(summaries), *([f"area and energy: {'; '.join(origins)}"] if origins and len(panels) > 1 else [])]
    figure.supxlabel(" · ".join(notes), fontsize=8.5, color=SOFT)
    figure.draw_without_rendering()  # settles the layout, so that texts know where points lie
    for axes, texts, dots, paths in waiting:
        name_points(axes, texts, dots, paths)
    return save_figure(figure, path)


def plot_families(summaries: Sequence[Summary], path: Path) -> Path:
    """PNG of the error against synapses, a line per family, with the standard deviation over the seeds. Summaries as in ``plot_pareto``."""
    from matplotlib.figure import Figure

    _comparable(summaries)
    looks = looks_of(dict.fromkeys(s.first.family for s in summaries))
    names = _names(summaries)
    figure = Figure(figsize=(7.5, 5), layout="constrained")
    axes = figure.subplots()
    texts, dots, paths = [], [], []
    for family, look in looks.items():
        members = sorted((s for s in summaries if s.first.family == family), key=lambda s: s.first.synapses)
        points = [(float(s.first.synapses), max(s.error, LEAST), s) for s in members]
        axes.plot([p[0] for p in points], [p[1] for p in points], linewidth=1.6, zorder=2, label=family, **look)
        _points(axes, points, look, "_")
        texts += [(names[id(s)], x, y) for x, y, s in points]
        dots += [(x, y, _spread(s)) for x, y, s in points]
        paths.append(np.array([p[:2] for p in points]))
    log_axis(axes.xaxis, *stretched([d[0] for d in dots], 0.1), short_number)
    log_axis(axes.yaxis, *error_limits([e for _, y, sd in dots for e in (y - sd, y + sd)]), percent)
    axes.set_xlabel("synapses")
    axes.set_ylabel("wrong images, %")
    axes.set_title(_seeds(summaries), loc="left", fontsize=9, color=SOFT)
    figure.legend(loc="outside upper center", ncols=min(len(looks), 6), frameon=False)
    plain_frame(axes)
    figure.draw_without_rendering()
    name_points(axes, texts, dots, paths)
    return save_figure(figure, path)


def plot_curves(curves: Mapping[str, Sequence[tuple[int, float]]], path: Path) -> Path:
    """PNG of the error against images seen in the first pass. curves: of every design (images seen, error as a share)."""
    from matplotlib.figure import Figure

    drawn = {name: sorted(curve) for name, curve in curves.items() if len(curve)}
    if not drawn:
        raise ConfigError("there is no curve to draw", got=f"{len(curves)} designs", allowed="one or more with points")
    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.subplots()
    looks = looks_of(drawn)
    for name, curve in sorted(drawn.items(), key=lambda item: item[1][-1][1]):
        seen, errors = [n for n, _ in curve], [max(e, LEAST) for _, e in curve]
        axes.plot(seen, errors, linewidth=1.6, markersize=5, markeredgecolor="white", markeredgewidth=0.5, label=name, **looks[name])
    log_axis(axes.xaxis, *stretched([n for c in drawn.values() for n, _ in c], 0.04), short_number)
    log_axis(axes.yaxis, *error_limits([e for c in drawn.values() for _, e in c]), percent)
    axes.set_xlabel("images seen, each once")
    axes.set_ylabel("wrong images, %")
    plain_frame(axes)
    handles, labels = axes.get_legend_handles_labels()
    ends = [f"{name}  {exact_percent(drawn[name][-1][1])} %" for name in labels]
    figure.legend(handles, ends, loc="outside right center", frameon=False, title="error at the end", alignment="left")
    return save_figure(figure, path)


def pareto(points: Sequence[tuple[float, float]]) -> list[int]:
    """Numbers of the points (cost, error) that no other is as good as in both and better in one, by rising cost; of twins the first."""
    front: list[int] = []
    for n in sorted(range(len(points)), key=lambda n: (*points[n], n)):
        if not front or points[n][1] < points[front[-1]][1]:
            front.append(n)
    return front


def _comparable(summaries: Sequence[Summary]) -> None:
    if not summaries:
        raise ConfigError("there is no finished run to draw", next_step="neutnngen apps mnist --list")
    kinds = sorted({f"{s.first.data}, {s.first.part}" for s in summaries})
    if len(kinds) > 1:
        raise ConfigError("errors of different images are not to be compared", got="; ".join(kinds), allowed="one data set and part")


def _cost(summary: Summary, name: str) -> float:
    """Mean over the runs that have it, nan if none has."""
    values = [float(getattr(row, name)) for row in summary.rows]
    values = [v for v in values if math.isfinite(v) and v > 0]
    return fmean(values) if values else math.nan


def _spread(summary: Summary) -> float:
    return summary.sd if math.isfinite(summary.sd) else 0.0


def _names(summaries: Sequence[Summary]) -> dict[int, str]:
    """By id: the design, and what sets it apart from others of the same name."""
    made = {}
    for s in summaries:
        twins = [t.first for t in summaries if t.first.design == s.first.design]
        more = []
        if len({t.images for t in twins}) > 1:
            more.append(f"{short_number(s.first.images)} images")
        if len({t.passes for t in twins}) > 1:
            more.append(f"{s.first.passes} pass" + ("" if s.first.passes == 1 else "es"))
        if len({t.jitter for t in twins}) > 1:
            more.append(f"jitter {s.first.jitter}")
        made[id(s)] = s.first.design + (f" ({', '.join(more)})" if more else "")
    return made


def _seeds(summaries: Sequence[Summary]) -> str:
    counts = sorted({len(s.rows) for s in summaries})
    first = summaries[0].first
    some = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    many = "one seed" if counts == [1] else f"mean and standard deviation over {some} seeds"
    return f"{first.data}, {first.part}: {many}"


def _points(axes: Any, points: Sequence[tuple[float, float, Summary]], look: Mapping[str, Any], label: str) -> None:
    if not points:
        return
    x, y = [p[0] for p in points], [p[1] for p in points]
    arms = [[min(_spread(s), e - LEAST / 2) for _, e, s in points], [_spread(s) for _, _, s in points]]
    style = {"markersize": 7, "markeredgecolor": "white", "markeredgewidth": 0.7, "elinewidth": 1.1, "capsize": 2.5}
    axes.errorbar(x, y, yerr=arms, label=label, zorder=4, **style, **{**look, "linestyle": "none"})
