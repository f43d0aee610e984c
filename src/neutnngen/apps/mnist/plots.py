"""Pictures of what networks for images reach: error against cost, curves of learning, confusions, mistakes, and a world that changes."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.mnist.code import Images
from neutnngen.apps.mnist.continual import ContinualResult
from neutnngen.apps.mnist.model import Labels
from neutnngen.apps.mnist.results import Summary
from neutnngen.errors import ConfigError
from neutnngen.files import write_atomic

COLOURS = ("#c8641b", "#0b6e99", "#9aa0a6", "#4a8f4d", "#7a5195", "#c9a227")
MARKERS = ("o", "s", "^", "D", "v", "P")
LINES = ("-", (0, (5, 2)), (0, (1.5, 1.5)))
INK, SOFT = "#404040", "#70757a"
SIDES = (0.0, 0.5, 1.0)
LEAST = 1e-5
"""Where an error of nothing is drawn on a logarithmic axis."""

NO_CLASS = "none"
NEAR = 13
"""Points up to which a name needs no line to what it names."""


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
    looks = _looks(dict.fromkeys(s.first.family for s in summaries))
    names = _names(summaries)
    origins = sorted({r.silicon for s in summaries for r in s.rows if r.silicon and (math.isfinite(r.area) or math.isfinite(r.energy))})
    estimated = any("ESTIMATED" in origin for origin in origins)
    figure = Figure(figsize=(1.2 + 4.6 * len(panels), 5.2), layout="constrained")
    all_axes = np.atleast_1d(figure.subplots(1, len(panels), sharey=True))
    low, high = _error_limits(
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
        stairs = _stairs([points[n][:2] for n in front])
        axes.plot(stairs[:, 0], stairs[:, 1], color=INK, linewidth=1.1, alpha=0.6, zorder=2, label="Pareto front")
        for family, look in looks.items():
            _points(axes, [p for p in points if p[2].first.family == family], look, family)
        if marks:
            style = {"linestyle": "none", "marker": "*", "markersize": 11, "color": "white", "markeredgecolor": INK}
            axes.plot([x for x, _ in marks], [max(m.error, LEAST) for _, m in marks], label="of others, as published", zorder=3, **style)
        limits = _stretched([x for x, _, _ in points] + [x for x, _ in marks], 0.12)
        _log_axis(axes.xaxis, *limits, _short)
        axes.set_xlabel(f"estimated {COSTS[name]}" if name != "synapses" and estimated else COSTS[name])
        _frame(axes)
        dots = [(x, y, _spread(s)) for x, y, s in points] + [(x, max(m.error, LEAST), 0.0) for x, m in marks]
        texts = [(names[id(points[n][2])], *points[n][:2]) for n in front] + [(m.name, x, max(m.error, LEAST)) for x, m in marks]
        across = [np.array([(limits[0], error), (limits[1], error)]) for error in (targets or {}).values()]
        waiting.append((axes, texts, dots, [stairs, *across]))
    all_axes[0].set_ylabel("wrong images, %")
    _log_axis(all_axes[0].yaxis, low, high, _percent)
    handles = {label: handle for axes in all_axes for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend(handles.values(), handles.keys(), loc="outside upper center", ncols=min(len(handles), 6), frameon=False)
    notes = [_seeds(summaries), *([f"area and energy: {'; '.join(origins)}"] if origins and len(panels) > 1 else [])]
    figure.supxlabel(" · ".join(notes), fontsize=8.5, color=SOFT)
    figure.draw_without_rendering()  # settles the layout, so that texts know where points lie
    for axes, texts, dots, paths in waiting:
        _name_points(axes, texts, dots, paths)
    return _save(figure, path)


def plot_families(summaries: Sequence[Summary], path: Path) -> Path:
    """PNG of the error against synapses, a line per family, with the standard deviation over the seeds. Summaries as in ``plot_pareto``."""
    from matplotlib.figure import Figure

    _comparable(summaries)
    looks = _looks(dict.fromkeys(s.first.family for s in summaries))
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
    _log_axis(axes.xaxis, *_stretched([d[0] for d in dots], 0.1), _short)
    _log_axis(axes.yaxis, *_error_limits([e for _, y, sd in dots for e in (y - sd, y + sd)]), _percent)
    axes.set_xlabel("synapses")
    axes.set_ylabel("wrong images, %")
    axes.set_title(_seeds(summaries), loc="left", fontsize=9, color=SOFT)
    figure.legend(loc="outside upper center", ncols=min(len(looks), 6), frameon=False)
    _frame(axes)
    figure.draw_without_rendering()
    _name_points(axes, texts, dots, paths)
    return _save(figure, path)


def plot_curves(curves: Mapping[str, Sequence[tuple[int, float]]], path: Path) -> Path:
    """PNG of the error against images seen in the first pass. curves: of every design (images seen, error as a share)."""
    from matplotlib.figure import Figure

    drawn = {name: sorted(curve) for name, curve in curves.items() if len(curve)}
    if not drawn:
        raise ConfigError("there is no curve to draw", got=f"{len(curves)} designs", allowed="one or more with points")
    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.subplots()
    looks = _looks(drawn)
    for name, curve in sorted(drawn.items(), key=lambda item: item[1][-1][1]):
        seen, errors = [n for n, _ in curve], [max(e, LEAST) for _, e in curve]
        axes.plot(seen, errors, linewidth=1.6, markersize=5, markeredgecolor="white", markeredgewidth=0.5, label=name, **looks[name])
    _log_axis(axes.xaxis, *_stretched([n for c in drawn.values() for n, _ in c], 0.04), _short)
    _log_axis(axes.yaxis, *_error_limits([e for c in drawn.values() for _, e in c]), _percent)
    axes.set_xlabel("images seen, each once")
    axes.set_ylabel("wrong images, %")
    _frame(axes)
    handles, labels = axes.get_legend_handles_labels()
    ends = [f"{name}  {_exact(drawn[name][-1][1])} %" for name in labels]
    figure.legend(handles, ends, loc="outside right center", frameon=False, title="error at the end", alignment="left")
    return _save(figure, path)


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
    share = f"{int(wrong.sum()):,} of {everything:,} wrong" + (f", {_exact(wrong.sum() / everything)} %" if everything else "")
    cells.set_title(f"{title}: {share}" if title else share, loc="left", fontsize=11, color=INK)
    return _save(figure, path)


def _cell(place: int, colour: str) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((place - 0.5, place - 0.5), 1, 1, facecolor=colour, edgecolor="none", zorder=1)


def _class_errors(side: Any, matrix: NDArray[np.integer], wrong: NDArray[np.float64]) -> None:
    """The share of wrong images of every class, as bars beside its row."""
    errors = 100 * wrong.sum(axis=1) / np.maximum(matrix.sum(axis=1), 1)
    side.barh(range(len(errors)), errors, height=0.62, color=COLOURS[1])
    for row, error in enumerate(errors):
        text = f"{_exact(error / 100)} %" if matrix[row].sum() else "no image"
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
    return _save(figure, path)


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
        _frame(axes)
        for phase in result.phases[1:]:
            axes.axvline(phase.start, color=INK, linewidth=1.1, linestyle=(0, (2, 2)))
    _mark_recovery(panels[1], result)
    low, high = _error_limits(shown)
    _log_axis(panels[0].yaxis, low, min(high, 1.15), _percent)
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
    return _save(figure, path)


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
            more.append(f"{_short(s.first.images)} images")
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


def _looks(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Colour, marker and kind of line; no two of eighteen are alike."""
    made: dict[str, dict[str, Any]] = {}
    for n, name in enumerate(names):
        turn = n // len(COLOURS)
        made[name] = {
            "color": COLOURS[n % len(COLOURS)],
            "marker": MARKERS[(n + turn) % len(MARKERS)],
            "linestyle": LINES[turn % len(LINES)],
        }
    return made


def _points(axes: Any, points: Sequence[tuple[float, float, Summary]], look: Mapping[str, Any], label: str) -> None:
    if not points:
        return
    x, y = [p[0] for p in points], [p[1] for p in points]
    arms = [[min(_spread(s), e - LEAST / 2) for _, e, s in points], [_spread(s) for _, _, s in points]]
    style = {"markersize": 7, "markeredgecolor": "white", "markeredgewidth": 0.7, "elinewidth": 1.1, "capsize": 2.5}
    axes.errorbar(x, y, yerr=arms, label=label, zorder=4, **style, **{**look, "linestyle": "none"})


def _name_points(
    axes: Any,
    texts: Sequence[tuple[str, float, float]],
    dots: Sequence[tuple[float, float, float]],
    paths: Sequence[NDArray[np.float64]],
) -> None:
    """Write names beside their points, clear of points, bars, lines and each other, with a thin line where a name had to move away.

    texts: (name, x, y). dots: (x, y, length of the bar). paths: (point, 2) lines. The layout must have been settled.
    """
    from matplotlib.transforms import Bbox

    figure = axes.get_figure()
    scale = figure.dpi / 72
    to_pixels = axes.transData.transform
    taken, centres = [], to_pixels([(x, y) for x, y, _ in dots])
    for x, y, sd in dots:
        (at, low), (_, high) = to_pixels([(x, max(y - sd, LEAST / 2)), (x, y + sd)])
        middle = to_pixels((x, y))[1]
        taken.append(Bbox.from_extents(at - 5 * scale, middle - 5 * scale, at + 5 * scale, middle + 5 * scale))
        taken.append(Bbox.from_extents(at - 2 * scale, low, at + 2 * scale, high))
    crossed = [_dense(to_pixels(path)) for path in paths if len(path) > 1]
    line = np.concatenate(crossed) if crossed else np.zeros((0, 2))
    room = axes.get_window_extent()
    for name, x, y in sorted(texts, key=lambda t: (t[1], t[2])):
        here, probe = to_pixels((x, y)), _note(axes, name, x, y, 0, 0)
        size = probe.get_window_extent()
        probe.remove()
        own = np.hypot(*(centres - here).T) < scale
        others = [other for other in taken if not other.contains(*here)]
        best: tuple[float, tuple[float, float], Any] | None = None
        for reach, angle in product((7, 12, 20, 30, 42, 56, 72), (45, 225, 0, 180, 90, 270, 135, 315, 22, 68, 202, 248)):
            if best is not None and best[0] <= reach:
                break
            dx, dy = reach * math.cos(math.radians(angle)), reach * math.sin(math.radians(angle))
            x0 = here[0] + dx * scale - SIDES[_side(dx)] * size.width
            y0 = here[1] + dy * scale - SIDES[_side(dy)] * size.height
            box = Bbox.from_bounds(x0, y0, size.width, size.height).padded(1.5 * scale)
            hits = sum(box.overlaps(other) for other in taken)
            inside = (line[:, 0] > box.x0) & (line[:, 0] < box.x1) & (line[:, 1] > box.y0) & (line[:, 1] < box.y1)
            out = box.x0 < room.x0 or box.x1 > room.x1 or box.y0 < room.y0 or box.y1 > room.y1
            gaps = np.maximum(np.maximum((box.x0, box.y0) - centres, centres - (box.x1, box.y1)), 0)
            far = np.hypot(*gaps.T)
            astray = far[~own].min(initial=math.inf) < 1.3 * far[own].min(initial=math.inf)
            lead = here + np.linspace(0.3, 0.9, 12)[:, None] * (dx * scale, dy * scale)
            cut = reach > NEAR and any(other.contains(*point) for other in others for point in lead)
            cost = 1000 * hits + 1000 * out + 300 * cut + 40 * inside.any() + 25 * astray + reach
            if best is None or cost < best[0]:
                best = (cost, (dx, dy), box)
        assert best is not None
        _note(axes, name, x, y, *best[1], line=math.hypot(*best[1]) > NEAR)
        taken.append(best[2])


def _stairs(points: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    """(corner, 2) of the line that falls only where the next point is reached."""
    corners = [points[0]]
    for before, after in pairwise(points):
        corners += [(after[0], before[1]), after]
    return np.array(corners)


def _dense(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Many points of a line of corners."""
    return np.concatenate([np.linspace(a, b, 60, endpoint=False) for a, b in pairwise(corners)])


def _side(way: float) -> int:
    """Which side of a name is at its point, if it lies this way from there: 0 the left or lower one, 1 the middle, 2 the other."""
    return 1 if abs(way) < 3 else 0 if way > 0 else 2


def _note(axes: Any, name: str, x: float, y: float, dx: float, dy: float, line: bool = False) -> Any:
    """A name ``dx``, ``dy`` points away from (x, y), its near side towards it."""
    across, along = ("left", "center", "right")[_side(dx)], ("bottom", "center", "top")[_side(dy)]
    near = SIDES[_side(dx)], SIDES[_side(dy)]
    lead = {"arrowstyle": "-", "color": SOFT, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 4, "relpos": near}
    place = {"xytext": (dx, dy), "textcoords": "offset points", "ha": across, "va": along}
    note = axes.annotate(name, (x, y), fontsize=8, color=INK, arrowprops=lead if line else None, zorder=6, **place)
    note.set_in_layout(False)
    return note


def _stretched(values: Sequence[float], share: float) -> tuple[float, float]:
    """Limits of a logarithmic axis: the range of the values, and ``share`` of it on either side, of a factor of two at least."""
    low, high = min(values), max(values)
    room = max(high / low, 4.0) ** share
    return low / room, high * room


def _error_limits(errors: Sequence[float]) -> tuple[float, float]:
    """Of an axis of errors. Bars that reach nothing do not count."""
    return _stretched([e for e in errors if e >= LEAST] or [LEAST], 0.08)


def _log_axis(axis: Any, low: float, high: float, words: Any) -> None:
    """A logarithmic axis with ticks at round numbers, few enough to be read."""
    from matplotlib.ticker import FixedLocator, NullLocator

    axis.axes.set(**{f"{axis.axis_name}scale": "log", f"{axis.axis_name}lim": (low, high)})
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9), (1, 1.5, 2, 3, 4, 5, 7), (1, 2, 5), (1, 3), (1,)):
        ticks = [s * 10.0**d for d in decades for s in steps if low <= s * 10.0**d <= high]
        if len(ticks) <= 7:
            break
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(lambda value, _: words(value))


def _short(value: float) -> str:
    """12,000 as 12k."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= 0.9995 * size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def _percent(share: float) -> str:
    """A share in per cent, with as many digits as tell something."""
    value = 100 * share
    return f"{value:.0f}" if value >= 99.95 else f"{value:.3g}"


def _exact(share: float) -> str:
    """A share in per cent with two digits after the point, one above 10."""
    return f"{100 * share:.2f}" if share < 0.09995 else f"{100 * share:.1f}"


def _frame(axes: Any) -> None:
    axes.grid(alpha=0.3)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _save(figure: Any, path: Path) -> Path:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=150, bbox_inches="tight", facecolor="white", metadata={"Software": None})
    return write_atomic(path, buffer.getvalue())
