"""``neutnngen bench``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from neutnngen.bench import bench_engine
from neutnngen.bench.plot import plot_engine
from neutnngen.cli.common import emit, progress_bar, table
from neutnngen.files import write_atomic

EXAMPLE = "neutnngen bench engine --quick --out bench"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("subject", choices=["engine"], help="what to measure: the compiled engine against a plain compiled loop")
    parser.add_argument("--quick", action="store_true", help="seconds instead of a minute: fewer waves and rounds, no large columns")
    parser.add_argument("--out", metavar="FOLDER", type=Path, help="folder for engine.json and engine.png (default: write no files)")


def run(options: argparse.Namespace) -> int:
    with progress_bar("bench", "cases", options) as tell:
        document = bench_engine(quick=options.quick, tell=tell)
    written = ""
    if options.out is not None:
        write_atomic(options.out / "engine.json", json.dumps(document, indent=2) + "\n")
        write_atomic(options.out / "engine.png", plot_engine(document))
        written = f"written: {options.out / 'engine.json'}, {options.out / 'engine.png'}"
    rows = []
    for entry in [*document["cases"], *document["curve"]]:
        times, rates = entry["microseconds_per_wave"], entry["synapses_per_second"]
        for label, ratio in entry["ratio_to_yardstick"].items():
            figures = (f"{times['yardstick']:.2f}", f"{times[label]:.2f}", f"{ratio:.1f}×", f"{rates[label]:.2e}")
            rows.append([f"{entry['case']} ({label})", *figures])
    machine = document["machine"]
    title = f"MEASURED on {machine['cpu']}, {machine['cores']} cores, numba {machine['numba']}; medians of {document['rounds']} rounds"
    header = ["case", "plain loop, µs/wave", "engine, µs/wave", "ratio", "synapses × waves / s"]
    emit(options, document, table(title, header, rows), written)
    return 0
