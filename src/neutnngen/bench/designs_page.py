"""The tables of ``bench designs`` as a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.resources import files

from neutnngen.bench.designs import DesignRow
from neutnngen.tools import yosys

VERIFY_HEADER = ("design", "shape", "simulated", "simulator of the RTL", "waves", "output spikes", "values compared", "result", "s")
SYNTHESIS_HEADER = (
    *("design", "synapses", "synthesised", "cells", "area, µm²", "µm² per synapse"),
    *("leakage, µW", "path, ns", "clocks a wave", "samples/s", "s"),
)
ABSENT = "–"


def verify_cells(row: DesignRow) -> list[str]:
    """Cells under ``VERIFY_HEADER``."""
    done = [row.simulator, str(row.waves), f"{row.spikes:,}", f"{row.values:,}"] if row.waves else [ABSENT] * 4
    return [row.name, row.shape, row.scope, *done, row.outcome, f"{row.verify_seconds:.1f}"]


def synthesis_cells(row: DesignRow) -> list[str]:
    """Cells under ``SYNTHESIS_HEADER``; where it is not done, why."""
    if row.synthesis != "done":
        return [
            row.name,
            f"{row.synapses:,}",
            row.scope,
            row.synthesis,
            *[ABSENT] * 4,
            str(row.clocks),
            ABSENT,
            f"{row.synthesis_seconds:.1f}",
        ]
    scope = f"{row.scope}, voter apart" if row.voter_area else row.scope
    return [
        row.name,
        f"{row.synapses:,}",
        scope,
        f"{row.cells:,}",
        f"{row.area:,.0f}",
        f"{row.area / row.synapses:.1f}",
        f"{1e6 * row.leakage:,.1f}",
        f"{row.path:.2f}",
        str(row.clocks),
        f"{row.rate:,.0f}",
        f"{row.synthesis_seconds:.1f}",
    ]


def markdown(rows: Iterable[DesignRow]) -> str:
    """Both tables with what has to be known to read them, smallest Design first."""
    ordered = sorted(rows, key=lambda row: (row.synapses, row.name))
    text = files("neutnngen.bench").joinpath("designs_page.md.j2").read_text(encoding="utf-8")
    parts = {
        "yosys": yosys.version() or "not installed",
        "verify": page_table(VERIFY_HEADER, [verify_cells(row) for row in ordered], 4),
        "synthesis": page_table(SYNTHESIS_HEADER, [synthesis_cells(row) for row in ordered], 3),
        "equal": str(sum(row.outcome == "equal" for row in ordered)),
        "different": str(sum(row.outcome.startswith("NOT EQUAL") for row in ordered)),
        "open": str(sum(row.outcome != "equal" and not row.outcome.startswith("NOT EQUAL") for row in ordered)),
    }
    for name, value in parts.items():
        text = text.replace(f"{{{{ {name} }}}}", value)
    return text


def page_table(header: Sequence[str], rows: Sequence[Sequence[str]], words: int) -> str:
    """A table of Markdown, the first ``words`` columns to the left, the others to the right."""
    rule = ["---"] * words + ["--:"] * (len(header) - words)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (header, rule, *rows))
