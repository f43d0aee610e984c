"""The summary of a table of results as text: Markdown for a document, rows for a terminal."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

from neutnngen.apps.ucr.baselines import BASELINES
from neutnngen.apps.ucr.results import MeanSd, ResultTable, Summary

DESIGN_POINTS = ("SonyAIBORobotSurface2", "ECG200", "Wafer", "ToeSegmentation2", "Lightning2", "Beef", "WordSynonyms")
DAGGER, DOUBLE_DAGGER, ABSENT = "†", "‡", "–"
FOOTNOTE = (
    "Rand index / adjusted Rand index, mean over the seeds. Bold: best of the row, as printed. † at least one run is degenerate (a group "
    "is empty, or one holds at least 95 % of the series); where that is half of the runs or more (‡), the value is never printed bold. "
    "In a row of means † says that a set in it has such runs."
)
Cells = Mapping[tuple[str, str], Summary]


def method_titles(table: ResultTable, titles: Mapping[str, str] | None = None) -> dict[str, str]:
    """What to print for each method: as given, else the title of a baseline, else the name."""
    known = {b.name: b.title for b in BASELINES.values()} | dict(titles or {})
    return {m: known.get(m, m) for m in table.methods}


def markdown(table: ResultTable, titles: Mapping[str, str] | None = None, spread: bool = False) -> str:
    """Datasets down, methods across, RI / ARI in the cells, the mean over the sets at the end; the design points again on their own.

    table: rows of one protocol. titles: what to print for a method. spread: with the standard deviation over the seeds.
    """
    names = method_titles(table, titles)
    parts = [_markdown_table(table, table.datasets, names, spread)]
    points = [d for d in DESIGN_POINTS if d in table.datasets]
    if points:
        parts.append(f"The {'seven ' if len(points) == 7 else ''}design points:\n\n{_markdown_table(table, points, names, spread)}")
    notes = [FOOTNOTE, *_left_out(table, names)]
    return "\n".join([*parts, "\n\n".join(notes), ""])


def rich_rows(table: ResultTable, titles: Mapping[str, str] | None = None) -> tuple[list[str], list[list[str]]]:
    """Header and rows for a table of the terminal, with rich's markup: one row per set and a last one (or two) for the mean."""
    return ["set", *method_titles(table, titles).values()], _rows(table, table.datasets, spread=False, bold="[bold]{}[/bold]".format)


def means(table: ResultTable, datasets: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Mean Rand index and adjusted Rand index over ``datasets`` of each method that was run on all of them."""
    cells = _cells(table)
    found = {}
    for method in table.methods:
        of_sets = [cells[d, method] for d in datasets if (d, method) in cells]
        if of_sets and len(of_sets) == len(datasets):
            found[method] = fmean(s.rand.mean for s in of_sets), fmean(s.adjusted_rand.mean for s in of_sets)
    return found


def _cells(table: ResultTable) -> Cells:
    return {(s.dataset, s.method): s for s in table.summary()}


def _markdown_table(table: ResultTable, datasets: Sequence[str], titles: Mapping[str, str], spread: bool) -> str:
    header = ["set", *titles.values()]
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *_rows(table, datasets, spread, "**{}**".format)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _rows(table: ResultTable, datasets: Sequence[str], spread: bool, bold: Callable[[str], str]) -> list[list[str]]:
    cells, methods = _cells(table), table.methods
    rows = []
    for dataset in datasets:
        of_set = [cells.get((dataset, m)) for m in methods]
        rand = _bold_best([_number(s.rand, spread) if s else ABSENT for s in of_set], [_real(s) for s in of_set], bold)
        adjusted = _bold_best([_number(s.adjusted_rand, spread) if s else ABSENT for s in of_set], [_real(s) for s in of_set], bold)
        texts = [f"{r} / {a}{_mark(s)}" if s else ABSENT for r, a, s in zip(rand, adjusted, of_set, strict=True)]
        rows.append([dataset, *texts])
    rows.append(_mean_row(table, datasets, f"mean of {_sets(datasets)}", bold))
    shared = [d for d in datasets if all((d, m) in cells for m in methods)]
    if shared and len(shared) < len(datasets):
        # Means over different sets cannot be compared, so a method with gaps is compared on the sets that all methods have.
        rows.append(_mean_row(table, shared, f"mean of the {_sets(shared)} that all ran", bold))
    return rows


def _mean_row(table: ResultTable, datasets: Sequence[str], name: str, bold: Callable[[str], str]) -> list[str]:
    of_methods = means(table, datasets)
    pairs = [of_methods.get(m) for m in table.methods]
    here = [p is not None for p in pairs]
    flawed = {s.method for s in table.summary() if s.dataset in datasets and s.degenerate}
    marks = [f" {DAGGER}" if m in flawed else "" for m in table.methods]
    rand = _bold_best([f"{p[0]:.3f}" if p else ABSENT for p in pairs], here, bold)
    adjusted = _bold_best([f"{p[1]:.3f}" if p else ABSENT for p in pairs], here, bold)
    return [name, *(f"{r} / {a}{m}" if h else ABSENT for r, a, m, h in zip(rand, adjusted, marks, here, strict=True))]


def _sets(datasets: Sequence[str]) -> str:
    return f"{len(datasets)} set{'s' if len(datasets) != 1 else ''}"


def _number(value: MeanSd, spread: bool) -> str:
    return f"{value.mean:.3f} ± {value.sd:.3f}" if spread and not math.isnan(value.sd) else f"{value.mean:.3f}"


def _real(summary: Summary | None) -> bool:
    return summary is not None and summary.degenerate < 0.5


def _mark(summary: Summary) -> str:
    return "" if not summary.degenerate else f" {DAGGER}" if _real(summary) else f" {DOUBLE_DAGGER}"


def _bold_best(texts: Sequence[str], eligible: Sequence[bool], bold: Callable[[str], str]) -> list[str]:
    """Bold the largest of the eligible numbers, and those that print alike; a number without a rival stays as it is."""
    if sum(t != ABSENT for t in texts) < 2:
        return list(texts)
    values = [float(t.split()[0]) if e else -math.inf for t, e in zip(texts, eligible, strict=True)]
    best = max(values, default=-math.inf)
    return [bold(t) if e and v == best else t for t, v, e in zip(texts, values, eligible, strict=True)]


def _left_out(table: ResultTable, titles: Mapping[str, str]) -> list[str]:
    """Why a cell is empty: one sentence per method and set that was not run."""
    reasons = {(r.method, r.dataset): r.note for r in table if r.scores is None}
    return [f"{titles[method]} on {dataset}: {note}." for (method, dataset), note in reasons.items()]
