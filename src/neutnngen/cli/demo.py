"""``neutnngen demo``."""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import sys
import time
from pathlib import Path

from neutnngen.cli.common import add_config, console, emit, flow_progress, load_run_config, progress_bar, table

EXAMPLE = "neutnngen demo --out runs/demo --fresh"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("--out", type=Path, default=Path("runs/demo"), help="run folder (default: %(default)s)")
    parser.add_argument("--fresh", action="store_true", help="do every step again instead of reusing layout steps that are done")


def run(options: argparse.Namespace) -> int:
    out = console(options)
    config = load_run_config(options)
    out.print(f"[bold]neutnngen demo[/bold]: {config.data.set} → trained column → RTL → verified → routed GDSII → report")
    # the rooms are imported only now: the line above must not wait for them
    from neutnngen.pipeline import layout_design, train_design, verify_design, write_report
    from neutnngen.report import shown_unit

    if options.fresh and (options.out / "layout").is_dir():
        shutil.rmtree(options.out / "layout")
    start = time.perf_counter()
    seconds: list[tuple[str, float, str]] = []

    def done(name: str, what: str, since: float) -> float:
        now = time.perf_counter()
        seconds.append((name, now - since, what))
        out.print(f"  {name:<10} {now - since:7.1f} s   {what}")
        return now

    with progress_bar("training", "waves", options) as progress:
        trained = train_design(config, options.out, progress)
    rows = trained.score_rows()
    mark = done("train", f"{trained.series} series, {trained.design.synapses} synapses, threshold {trained.design.column.threshold}", start)
    if not options.json:
        out.print(table(f"clustering of {trained.set_name}", ["", "RI", "ARI", "NMI"], rows))

    verified = verify_design(trained.design, options.out, config.verify.waves)
    mark = done("verify", verified.message, mark)
    verified.raise_if_different()

    with flow_progress(options) as flow:
        result = layout_design(trained.design, options.out, config.layout, flow)
    for step in result.steps:
        out.print(f"  {step.name:<10} {step.seconds:7.1f} s   {step.summary}{' (reused)' if step.reused else ''}")
    mark = done("layout", f"{sum(not s.reused for s in result.steps)} steps done, {sum(s.reused for s in result.steps)} reused", mark)
    report = write_report(options.out, trained.design)
    done("report", str(report), mark)

    known, column = result.state.metrics, trained.design.column
    shown = ("cells", "cell_area", "die_area", "wire_length", "setup_slack", "hold_slack", "total_power", "leakage_power", "drc_violations")
    found = [(name, known[name]) for name in shown if name in known]
    figures = [[name.replace("_", " "), m.number(), shown_unit(m.unit), m.kind] for name, m in found]
    memory = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1e6
    total = time.perf_counter() - start
    document = {
        "training": trained.summary(),
        "verification": verified.message,
        "metrics": {name: metric.as_dict() for name, metric in known.items()},
        "seconds": {name: value for name, value, _ in seconds} | {"total": total},
        "peak_memory_gb": memory,
        "report": str(report),
        "gds": str(result.path("gds")),
    }
    emit(
        options,
        json.loads(json.dumps(document, default=str)),
        table(f"{column.inputs}×{column.neurons} column, {config.layout.kit}", ["figure", "value", "unit", "kind"], figures),
        f"{total:.0f} s in all, {memory:.1f} GB of memory at most",
        f"report: {report}",
        f"GDS:    {result.path('gds')}",
    )
    sys.stdout.flush()
    return 0
