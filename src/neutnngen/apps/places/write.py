"""What a study of place cells leaves behind besides its rows: tables and pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from neutnngen.apps.places.explore import explore
from neutnngen.apps.places.plots import plot_capacity, plot_recognition, plot_worlds
from neutnngen.apps.places.recall import Score
from neutnngen.apps.places.recognise import ENOUGH, SIGHTINGS
from neutnngen.apps.places.results import Figure, Results
from neutnngen.apps.places.study import named_setting
from neutnngen.apps.places.world import NOISES
from neutnngen.files import write_atomic

TITLES = {
    "recall": "recall of every stored label after one exploration",
    "capacity": "recall of random edges (mean of dx, dy and environment) as the layer fills",
    "recognise": "put down somewhere: what is recognised after so many features",
    "predict": "what will be seen, after recognition",
    "navigate": "put down somewhere, on to a feature by name",
    "rat": "where the rat is, by its place cells: error in cm",
}
ABSENT = "–"
PATH = "path integration"

Found = dict[tuple[str, str], Figure]
"""Figures by condition and measure."""


def tables(results: Results, design: str, tasks: Sequence[str], seeds: int) -> list[tuple[str, list[str], list[list[str]]]]:
    """(title, header, rows) of every task, means over the seeds with their deviation."""
    made = []
    for task in tasks:
        figures = results.figures(design, task, seeds)
        found = {(f.condition, f.measure): f for f in figures}
        header, rows = _LAYOUTS[task](found)
        made.append((f"MEASURED {TITLES[task]} ({design}, {seeds} {'seed' if seeds == 1 else 'seeds'})", header, rows))
    return made


def markdown(results: Results, design: str, tasks: Sequence[str], seeds: int) -> str:
    """The same as Markdown."""
    parts = []
    for title, header, rows in tables(results, design, tasks, seeds):
        lines = [f"**{title}**", "", f"| {' | '.join(header)} |", "|" + "---|" * len(header), *(f"| {' | '.join(row)} |" for row in rows)]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def write_study(results: Results, design: str, tasks: Sequence[str], seeds: int, out: Path) -> list[Path]:
    """Tables and pictures of the tasks."""
    files = [write_atomic(out / f"{design}.md", markdown(results, design, tasks, seeds))]
    if "capacity" in tasks:
        files.append(plot_capacity(results.figures(design, "capacity", seeds), out / f"{design}-capacity.png"))
    if "recognise" in tasks:
        files.append(plot_recognition(results.figures(design, "recognise", seeds), out / f"{design}-recognise.png"))
    if "navigate" in tasks:
        files.append(plot_worlds(explore(named_setting(design), 0), out / f"{design}-worlds.png"))
    return files


def share(figure: Figure | None) -> str:
    """Per cent, with the deviation of the seeds; ABSENT for none."""
    if figure is None:
        return ABSENT
    sd = "" if math.isnan(figure.sd) else f" ± {100 * figure.sd:.2f}"
    return f"{100 * figure.mean:.2f}{sd} %"


def _number(figure: Figure | None, form: str = "{:.3f}") -> str:
    return ABSENT if figure is None else form.format(figure.mean)


def _recall(found: Found) -> tuple[list[str], list[list[str]]]:
    condition = "one exploration"
    edges = found[condition, "edges stored"]
    rows = [
        [measure, share(f), f"{100 * f.worst:.2f} %", f"{f.count:,}"]
        for (_, measure), f in found.items()
        if measure not in ("edges stored", "observations")
    ]
    rows.append(["edges stored, per seed", f"{edges.mean:,.0f}", ABSENT, f"{edges.mean * edges.seeds:,.0f}"])
    return ["label", "exact", "worst seed", "questions"], rows


def _capacity(found: Found) -> tuple[list[str], list[list[str]]]:
    kinds = (*Score._fields, "latest, exact or more", "exact, not taught")
    rows = [[condition, *(share(found.get((condition, kind))) for kind in kinds)] for condition in dict.fromkeys(c for c, _ in found)]
    names = ["exact", "and more", "wrong", "silent", "latest 100: exact or more", "exact, without R15"]
    return ["stored", *names], rows


def _recognise(found: Found) -> tuple[list[str], list[list[str]]]:
    after = list(range(2, SIGHTINGS + 1))
    rows = []
    for noise in NOISES:
        cells = [share(found.get((noise, f"environment after {n}"))) for n in after]
        more = [share(found.get((noise, f"{name} after {ENOUGH}"))) for name in ("environment and feature", "sure, but wrong")]
        rows.append([noise, *cells, *more])
    return ["senses", *(f"{n} features" for n in after), f"and the feature, {ENOUGH}", f"sure, but wrong, {ENOUGH}"], rows


def _predict(found: Found) -> tuple[list[str], list[list[str]]]:
    return ["question", "right", "questions"], [[measure, share(f), f"{f.count:,}"] for (_, measure), f in found.items()]


def _navigate(found: Found) -> tuple[list[str], list[list[str]]]:
    rows = []
    for noise in NOISES:
        arrived = found.get((noise, "arrived"))
        names = ("length / shortest", "length / shortest, worst", "length / straight line", "legs")
        numbers = [_number(found.get((noise, name))) for name in names]
        rows.append([noise, share(arrived), *numbers, ABSENT if arrived is None else f"{arrived.count:,}"])
    return ["senses", "arrived", "length / shortest", "worst (mean of seeds)", "length / straight line", "legs", "journeys"], rows


def _rat(found: Found) -> tuple[list[str], list[list[str]]]:
    rows = []
    for condition in dict.fromkeys(condition for condition, _ in found):
        cells = [_number(found.get((condition, f"cells, {what}")), "{:.2f}") for what in ("median", "mean", "high")]
        median = found.get((condition, "cells, median"))
        if median is not None and not math.isnan(median.sd):
            cells[0] += f" ± {median.sd:.2f}"
        others = [
            _number(found.get((condition, name)), "{:.2f}")
            for name in ("nearest, median", "nearest, mean", "nearest, high", "chance, median")
        ]
        if condition != PATH:
            rows.append([condition, *cells, *others])
    for (condition, measure), figure in found.items():
        if condition == PATH:
            rows.append([f"path: {measure}", _number(figure, "{:.2f}"), *[ABSENT] * 6])
    header = ["code", "place cells: median", "mean", "95 % within", "nearest moment: median", "mean", "95 % within", "chance: median"]
    return header, rows


_LAYOUTS = {"rat": _rat, "recall": _recall, "capacity": _capacity, "recognise": _recognise, "predict": _predict, "navigate": _navigate}
