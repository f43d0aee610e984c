"""``neutnngen rtl``."""

from __future__ import annotations

import argparse
from pathlib import Path

from neutnngen.cli.common import add_run, emit
from neutnngen.pipeline import find_design
from neutnngen.rtl import generate_rtl

EXAMPLE = "neutnngen rtl runs/gunpoint --out build/rtl"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_run(parser)
    parser.add_argument("--out", type=Path, help="folder to write (default: RUN/rtl)")
    parser.add_argument("--clock-period", type=float, default=10.0, metavar="NS", help="for constraints.sdc (default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    design, folder = find_design(options.run_folder)
    package = generate_rtl(design, options.out or folder / "rtl", clock_period=options.clock_period)
    column = design.column
    emit(
        options,
        {"top": package.top, "folder": str(package.folder), "sources": [str(s) for s in package.sources], "synapses": design.synapses},
        f"{package.top}: {column.inputs}×{column.neurons} column, {design.synapses} synapses, {len(package.sources)} source files",
        f"written to {package.folder} (file list: {package.file_list.name}, data sheet: the header of {package.top}.sv)",
    )
    return 0
