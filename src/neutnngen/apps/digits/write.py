"""What a study of digits leaves behind besides its rows: tables and pictures."""

from __future__ import annotations

import math
from pathlib import Path

from neutnngen.apps.digits.plots import plot_pruning, plot_senses
from neutnngen.apps.digits.results import WHOLE, Loss, Results, Summary, losses
from neutnngen.files import write_atomic

ABSENT = "–"
HEADER = ("design", "sense", "masks", "synapses", "of dense", "right", "no answer", "seeds")
PRUNED_HEADER = ("design", "sense", "masks", "method", "synapses", "removed", "of dense removed", "right", "lost", "seeds", "no loss")


def rows_of(summaries: list[Summary]) -> list[list[str]]:
    """Cells under HEADER, of networks that are not pruned."""
    return [
        [
            s.first.design,
            s.first.sense,
            s.first.masks if s.first.sense == "both" else ABSENT,
            f"{s.synapses:,.0f}",
            f"{100 * s.synapses / s.first.dense:.1f} %",
            right(s),
            f"{100 * sum(row.silent for row in s.rows) / len(s.rows):.2f} %",
            str(len(s.rows)),
        ]
        for s in summaries
        if s.first.method == WHOLE and s.first.rounds == 0
    ]


def pruned_rows_of(found: list[Loss]) -> list[list[str]]:
    """Cells under PRUNED_HEADER."""
    return [
        [
            one.whole.first.design,
            one.whole.first.sense,
            one.whole.first.masks if one.whole.first.sense == "both" else ABSENT,
            "none, taught for as long" if one.pruned.first.method == WHOLE else one.pruned.first.method,
            f"{one.pruned.synapses:,.0f}",
            f"{100 * one.removed:.1f} %",
            f"{100 * one.of_dense:.1f} %",
            right(one.pruned),
            f"{100 * one.lost:+.2f}",
            str(len(one.pruned.rows)),
            "yes" if one.none else "no",
        ]
        for one in found
    ]


def right(summary: Summary) -> str:
    """Per cent, with the deviation over the seeds."""
    return f"{100 * summary.accuracy:.2f}" + ("" if math.isnan(summary.sd) else f" ± {100 * summary.sd:.2f}") + " %"


def markdown(header: tuple[str, ...], rows: list[list[str]]) -> str:
    """A table as Markdown."""
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


def write_study(results: Results, out: Path) -> list[Path]:
    """Table and picture of the senses, and a table and a curve for every network that was pruned."""
    summaries, found = results.summary(), losses(results.summary())
    text = [markdown(HEADER, rows_of(summaries))]
    files = [plot_senses(summaries, out / "senses.png")] if rows_of(summaries) else []
    if found:
        text.append(markdown(PRUNED_HEADER, pruned_rows_of(found)))
    for group in dict.fromkeys(one.whole.first.group for one in found):
        own = [one for one in found if one.whole.first.group == group]
        first = own[0].whole.first
        files.append(plot_pruning(own, out / f"pruning-{first.design}-{first.sense}-{first.masks}.png"))
    return [write_atomic(out / "table.md", "\n".join(text)), *files]
