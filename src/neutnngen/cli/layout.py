"""``neutnngen layout``."""

from __future__ import annotations

import argparse
from pathlib import Path

from neutnngen.cli.common import add_config, add_run, add_style, emit, figures_table, flow_progress, load_run_config
from neutnngen.flow.backends.run import BACKENDS
from neutnngen.flow.config import MACRO_SETS
from neutnngen.flow.layout import STEP_NAMES
from neutnngen.pipeline import find_design, layout_design

EXAMPLE = "neutnngen layout runs/gunpoint --utilisation 0.7 --seed 1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    add_run(parser)
    parser.add_argument("--seed", type=int, help="seed of placement and routing")
    parser.add_argument("--utilisation", type=float, help="share of the core that cells fill, 0.1 … 0.95")
    parser.add_argument("--clock-period", type=float, metavar="NS", help="timing target")
    add_style(parser, default=None)
    parser.add_argument(
        "--backend",
        choices=BACKENDS,
        default="embedded",
        help="who places and routes: our own engines, OpenROAD, or Genus and Innovus; for the last two the scripts are written in any case "
        "(default: %(default)s)",
    )
    parser.add_argument("--macros", choices=MACRO_SETS, help="hard macros beside the kit's cells (docs/macros.md)")
    parser.add_argument("--macros-folder", metavar="DIR", type=Path, help="your folder with their views (lef, lib)")
    parser.add_argument("--stop-after", metavar="STEP", help=f"last step to do, of the embedded back end: {', '.join(STEP_NAMES)}")


def run(options: argparse.Namespace) -> int:
    overrides = {
        "layout.seed": options.seed,
        "layout.utilisation": options.utilisation,
        "layout.clock_period_ns": options.clock_period,
        "layout.style": options.style,
        "layout.slots": options.slots,
        "layout.members": options.members,
        "layout.macros": options.macros,
        "layout.macros_folder": options.macros_folder,
    }
    config = load_run_config(options, overrides)
    design, folder = find_design(options.run_folder)
    with flow_progress(options) as progress:
        result = layout_design(design, folder, config.layout, progress, stop_after=options.stop_after, backend=options.backend)
    document = {
        "run": str(result.run_folder),
        "complete": result.complete,
        "files": {name: str(result.path(name)) for name in result.state.files},
        "metrics": {name: metric.as_dict() for name, metric in result.state.metrics.items()},
        "steps": [{"name": s.name, "seconds": s.seconds, "reused": s.reused, "summary": s.summary} for s in result.steps],
    }
    closing = f"GDS: {result.path('gds')}" if "gds" in result.state.files else f"stopped after {options.stop_after}"
    emit(options, document, figures_table(result.state.metrics), closing)
    return 0
