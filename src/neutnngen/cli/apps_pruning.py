"""What ``neutnngen apps … prune`` of all applications share."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence

from neutnngen.apps.pruning.recipes import DENSE, RECIPES, recipe
from neutnngen.apps.pruning.results import Results
from neutnngen.apps.pruning.study import KEEPS, Case, run_curves
from neutnngen.apps.pruning.write import header, rows, sparsest_without_loss, write_curves
from neutnngen.cli.common import emit, progress_bar, table


def add_pruning(parser: argparse.ArgumentParser, recipes: Sequence[str] = tuple(RECIPES), keeps: Sequence[float] = KEEPS) -> None:
    """The options of the curves. recipes, keeps: of the application, by default."""
    shown = ", ".join(f"{name!r}" if " " in name else name for name in RECIPES)
    standard = ", ".join(recipes)
    parser.add_argument("--recipes", metavar="R", nargs="+", default=list(recipes), help=f"of prune: of {shown} (default: {standard})")
    parser.add_argument(
        "--keeps", metavar="F", nargs="+", type=float, default=list(keeps), help="of prune: shares that are kept (default: %(default)s)"
    )


def run_pruning(options: argparse.Namespace, cases: Sequence[Case], measure: str, scale: float = 1.0) -> int:
    """Curves of some cases into ``options.out``: prune.csv, prune.md, prune.png. scale: 100 where the score is shown in per cent."""
    chosen = [recipe(name) for name in options.recipes]
    results = Results.open(options.out / "prune.csv")
    with progress_bar("pruning", "runs", options) as progress:
        run_curves(cases, chosen, options.keeps, options.seeds, results, progress)
    names = [case.name for case in cases]
    files = [options.out / "prune.csv", *write_curves(results, options.out, measure, scale, names)]
    points = results.points(names)
    best = sparsest_without_loss(points)
    controls = [p for p in points if p.recipe.startswith(DENSE) and p.recipe != DENSE]
    title = f"MEASURED {measure}: fewest synapses without a loss (within one deviation of the dense seeds), {options.seeds} seeds"
    document = {
        "points": [{**dataclasses.asdict(p), "lost": p.lost, "no_loss": p.no_loss} for p in points],
        "files": [str(f) for f in files],
    }
    digits = 3 if scale == 1 else 2
    emit(options, document, table(title, header(measure), rows([*best, *controls], scale, digits)), *(f"written: {f}" for f in files))
    return 0
