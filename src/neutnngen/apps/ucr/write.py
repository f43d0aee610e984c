"""What a study leaves in its folder: the table as text and the pictures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from neutnngen.apps.ucr.methods import METHODS
from neutnngen.apps.ucr.plots import critical_difference, score_bars, shared_scores
from neutnngen.apps.ucr.results import ResultTable
from neutnngen.apps.ucr.tables import markdown
from neutnngen.files import write_atomic

TITLES: Mapping[str, str] = {m.name: m.title for m in METHODS.values()}


def write_study(table: ResultTable, folder: Path) -> list[Path]:
    """Per protocol of the table: ``results-PROTOCOL.md``, ``scores-PROTOCOL.png`` and, from three methods and four sets on,
    ``ranks-PROTOCOL.png`` (critical differences by adjusted Rand index). Returns the files, the pictures only of what was run."""
    files = []
    for protocol in table.protocols:
        part = table.only(protocol)
        files.append(write_atomic(folder / f"results-{protocol}.md", markdown(part, TITLES, spread=True)))
        if not part.summary():
            continue
        files.append(score_bars(part, folder / f"scores-{protocol}.png", TITLES))
        sets, methods = shared_scores(part, "adjusted_rand").shape
        if sets >= 4 and methods >= 3:
            files.append(critical_difference(part, "adjusted_rand", folder / f"ranks-{protocol}.png", TITLES))
    return files
