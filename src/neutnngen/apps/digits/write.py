"""What a study of digits leaves behind besides its rows: a table and a picture."""

from __future__ import annotations

import math
from pathlib import Path

from neutnngen.apps.digits.plots import plot_senses
from neutnngen.apps.digits.results import Results, Summary
from neutnngen.apps.table import markdown_table
from neutnngen.files import write_atomic

ABSENT = "–"
HEADER = ("design", "sense", "masks", "synapses", "of dense", "right", "no answer", "seeds")


def rows_of(summaries: list[Summary]) -> list[list[str]]:
    """Cells under HEADER."""
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
    ]


def right(summary: Summary) -> str:
    """Per cent, with the deviation over the seeds."""
    return f"{100 * summary.accuracy:.2f}" + ("" if math.isnan(summary.sd) else f" ± {100 * summary.sd:.2f}") + " %"


def write_study(results: Results, out: Path) -> list[Path]:
    """Table and picture of the senses."""
    summaries = results.summary()
    return [write_atomic(out / "table.md", markdown_table(HEADER, rows_of(summaries))), plot_senses(summaries, out / "senses.png")]
