"""What a study leaves behind besides its rows: tables and pictures."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from neutnngen.apps.mnist.plots import plot_curves, plot_families, plot_pareto
from neutnngen.apps.mnist.plots_answers import plot_confusion, plot_mistakes
from neutnngen.apps.mnist.results import Results, Summary
from neutnngen.apps.mnist.study import Split, confusion, run_folder
from neutnngen.apps.table import markdown_table
from neutnngen.files import write_atomic

ABSENT = "–"
HEADER = ("design", "synapses", "error after one pass", "error", "seeds", "images/s", "area, mm²", "energy, nJ per image")


def rows_of(summaries: list[Summary]) -> list[list[str]]:
    """Cells under HEADER."""
    return [
        [
            s.first.design,
            f"{s.first.synapses:,}",
            per_cent(s.first_error),
            per_cent(s.error) + ("" if math.isnan(s.sd) else f" ± {100 * s.sd:.2f}"),
            str(len(s.rows)),
            f"{np.mean([r.images_per_second for r in s.rows]):,.0f}",
            _or_dash(s.first.area, "{:.2f}"),
            _or_dash(s.first.energy, "{:,.0f}"),
        ]
        for s in summaries
    ]


def per_cent(share: float) -> str:
    """With two digits; no run has more than 100 times 100 images' worth of them."""
    return f"{100 * share:.2f} %"


def _or_dash(value: float, form: str) -> str:
    return ABSENT if math.isnan(value) else form.format(value)


def write_study(results: Results, data: Split, out: Path, pictures: bool = True) -> list[Path]:
    """Markdown table, Pareto plot, comparison of families, curves.

    pictures: also of every design the confusion matrix and the mistakes of its first seed.
    """
    summaries = results.summary()
    files = [write_atomic(out / "table.md", markdown(summaries)), plot_pareto(summaries, out / "pareto.png")]
    if len({s.first.family for s in summaries} & {"dendrites", "classic columns"}) == 2:
        files.append(plot_families(summaries, out / "families.png"))
    curves = {}
    classes = tuple(map(str, range(data.classes)))
    for s in summaries:
        folder = run_folder(out, s.first.key)
        if (folder / "curve.json").is_file():
            curve = json.loads((folder / "curve.json").read_text(encoding="utf-8"))
            curves[s.first.design] = curve["watched"] or smoothed(curve["online"])
        if pictures and (folder / "answers.npz").is_file() and (s.first.data, s.first.part) == (data.name, data.part):
            with np.load(folder / "answers.npz") as arrays:
                named, true = arrays["named"].astype(np.int64), arrays["true"].astype(np.int64)
            title = f"{s.first.design}, {data.name}, {data.part}"
            files.append(plot_confusion(confusion(named, true, data.classes), classes, out / f"confusion-{s.first.design}.png", title))
            files.append(plot_mistakes(data.images, true, named, classes, out / f"mistakes-{s.first.design}.png"))
    if curves:
        files.append(plot_curves(curves, out / "curves.png"))
    return files


def smoothed(curve: list[tuple[int, float]], ratio: float = 1.3) -> list[tuple[int, float]]:
    """Blocks joined so that each point has seen at least ``ratio`` times as much as the one before: means of the blocks between."""
    made: list[tuple[int, float]] = []
    waiting: list[float] = []
    for seen, error in curve:
        waiting.append(error)
        if not made or seen >= ratio * made[-1][0]:
            made.append((seen, float(np.mean(waiting))))
            waiting = []
    return [*made, (curve[-1][0], float(np.mean(waiting)))] if waiting else made


def markdown(summaries: list[Summary]) -> str:
    """The table as Markdown."""
    return markdown_table(HEADER, rows_of(summaries))


def continual_rows(name: str, summary: dict[str, Any]) -> list[list[str]]:
    """A row for every world and network of a stream: error right after the change, at the end, and images until it was back."""
    rows = []
    for phase in summary["phases"]:
        for run, figures in phase["runs"].items():
            back = figures.get("back_after", ABSENT)
            rows.append(
                [
                    name,
                    run,
                    phase["name"],
                    per_cent(figures["right_after"]) if "right_after" in figures else ABSENT,
                    per_cent(figures["end"]),
                    "not" if back is None else back if isinstance(back, str) else f"{back:,} images",
                ]
            )
    return rows
