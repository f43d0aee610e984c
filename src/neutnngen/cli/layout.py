"""``neutnngen layout``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from neutnngen.cli.common import add_config, add_run, add_style, emit, figures_table, flow_progress, load_run_config, progress_bar, table
from neutnngen.files import write_atomic
from neutnngen.flow.backends.run import BACKENDS
from neutnngen.flow.config import MACRO_SETS, LayoutConfig
from neutnngen.flow.layout import STEP_NAMES
from neutnngen.pdk.kits import available_kits
from neutnngen.pipeline import find_design, layout_design, self_test_layout

EXAMPLE = "neutnngen layout runs/gunpoint --utilisation 0.7 --seed 1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    add_run(parser)
    parser.add_argument("--seed", type=int, help="seed of placement and routing")
    parser.add_argument("--utilisation", type=float, help="share of the core that cells fill, 0.1 … 0.95")
    parser.add_argument("--clock-period", type=float, metavar="NS", help="timing target")
    parser.add_argument("--kit", metavar="NAME", choices=available_kits(), help=f"process kit: {', '.join(available_kits())}")
    parser.add_argument("--kit-folder", metavar="DIR", type=Path, help="your own folder with the kit's files")
    add_style(parser, default=None)
    parser.add_argument("--self-test", action="store_true", help="instead: plant faults in the finished layout and see what notices them")
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
        "layout.kit": options.kit,
        "layout.kit_folder": options.kit_folder,
        "layout.style": options.style,
        "layout.slots": options.slots,
        "layout.members": options.members,
        "layout.macros": options.macros,
        "layout.macros_folder": options.macros_folder,
    }
    config = load_run_config(options, overrides)
    design, folder = find_design(options.run_folder)
    if options.self_test:
        return _self_test(options, folder, config.layout)
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


def _self_test(options: argparse.Namespace, folder: Path, config: LayoutConfig) -> int:
    with progress_bar("planted faults", "faults", options) as progress:
        outcomes = self_test_layout(folder, config, progress)
    rows, faults = [], []
    for outcome in outcomes:
        fault = outcome.fault
        seen = "; ".join(f"{f.check}: {f.text}" + (f" at ({f.place[0]:.2f}, {f.place[1]:.2f})" if f.place else "") for f in outcome.caught)
        rows.append([fault.kind, fault.what, f"({fault.place[0]:.2f}, {fault.place[1]:.2f})", seen or "NOT NOTICED"])
        found = [{"check": f.check, "text": f.text, "place_um": f.place} for f in outcome.caught]
        faults.append({"kind": fault.kind, "what": fault.what, "place_um": fault.place, "caught": found})
    caught = sum(bool(outcome.caught) for outcome in outcomes)
    document = {"format": "neutnngen-planted-faults", "version": "1.0", "ok": caught == len(outcomes), "faults": faults}
    target = write_atomic(folder / "layout" / "self_test" / "faults.json", json.dumps(document, indent=1) + "\n")
    text = table("one fault at a time", ["fault", "what", "um", "noticed by"], rows)
    emit(options, document, text, f"{caught} of {len(outcomes)} faults noticed; {target}")
    return 0 if caught == len(outcomes) else 1
