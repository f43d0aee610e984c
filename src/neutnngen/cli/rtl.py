"""``neutnngen rtl``."""

from __future__ import annotations

import argparse
from pathlib import Path

from neutnngen.cli.common import add_run, add_style, chosen_rings, emit
from neutnngen.pipeline import find_design
from neutnngen.rtl.chip import generate_chip
from neutnngen.rtl.network import build_rtl
from neutnngen.rtl.words import KINDS

EXAMPLE = "neutnngen rtl runs/gunpoint --out build/rtl"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_run(parser)
    parser.add_argument("--out", type=Path, help="folder to write (default: RUN/rtl)")
    parser.add_argument(
        "--kind",
        choices=KINDS,
        default="learning",
        help="weights learn on chip, are loaded and stay, or are constants (default: %(default)s)",
    )
    add_style(parser)
    parser.add_argument("--chip", action="store_true", help="also a chip around it: bytes in and out, with a data sheet")
    parser.add_argument("--clock-period", type=float, default=10.0, metavar="NS", help="for constraints.sdc (default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    design, folder = find_design(options.run_folder)
    out = options.out or folder / "rtl"
    rings = chosen_rings(options)
    chip = None
    if options.chip:
        chip = generate_chip(design, out, clock_period=options.clock_period, kind=options.kind, rings=rings)
        package = chip.bare
    else:
        package = build_rtl(design, out, clock_period=options.clock_period, kind=options.kind, rings=rings)
    column, network = design.network.classic, design.network
    columns = sum(layer.columns for layer in network.layers)
    what = f"{len(network.layers)} layers, {columns} columns" if column is None else f"{column.inputs}×{column.neurons} column"
    more = () if chip is None else (f"{chip.top}: file list {chip.file_list.name}, data sheet {chip.data_sheet.name}",)
    emit(
        options,
        {
            "top": package.top,
            "chip": None if chip is None else chip.top,
            "kind": options.kind,
            "style": options.style,
            "wave_clocks": package.clocks,
            "folder": str(package.folder),
            "sources": [str(s) for s in package.sources],
            "synapses": design.synapses,
        },
        f"{package.top}: {what}, {design.synapses} synapses, {options.kind}, {package.clocks} clocks a wave, {len(package.sources)} files",
        f"written to {package.folder} (file list: {package.file_list.name}, data sheet: the header of {package.top}.sv)",
        *more,
    )
    return 0
