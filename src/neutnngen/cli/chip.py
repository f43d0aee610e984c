"""``neutnngen chip``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from neutnngen.cli.common import add_config, add_run, console, emit, load_run_config, table
from neutnngen.errors import CheckFailed
from neutnngen.pipeline import chip_of_macros, find_design

EXAMPLE = "neutnngen chip examples/mnist/enabled_small/design --out runs/chip --columns 2"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    add_run(parser)
    parser.add_argument("--out", metavar="DIR", type=Path, help="folder of macros and chip (default: RUN/chip)")
    parser.add_argument("--columns", type=int, metavar="N", help="only the first N columns of a network of one layer, without its voter")
    parser.add_argument("--no-voter", action="store_true", help="the layers alone; their lines are the chip's outputs")
    parser.add_argument("--kit", help="process kit")
    parser.add_argument("--kit-folder", type=Path, metavar="DIR", help="folder with the files of the kit")
    parser.add_argument("--utilisation", type=float, help="share of a macro's core that cells fill, 0.1 … 0.95")
    parser.add_argument("--clock-period", type=float, metavar="NS", help="timing target")
    parser.add_argument("--waves", type=int, default=0, help="real waves: power of the column measured, chip compared with the simulator")


def run(options: argparse.Namespace) -> int:
    overrides = {
        "layout.kit": options.kit,
        "layout.kit_folder": options.kit_folder,
        "layout.utilisation": options.utilisation,
        "layout.clock_period_ns": options.clock_period,
    }
    config = load_run_config(options, overrides)
    design, folder = find_design(options.run_folder)
    screen = console(options)
    built, proof = chip_of_macros(
        design,
        folder,
        config.layout,
        options.out,
        lambda message: screen.print(message, highlight=False),
        columns=options.columns,
        voter=not options.no_voter and options.columns is None,
        waves=options.waves,
    )
    document: dict[str, Any] = {**built.report, "files": {name: str(path) for name, path in built.files.items()}}
    figures = [[name.replace("_", " "), f"{f['value']:,.4g}", f["unit"], f["kind"]] for name, f in built.report["figures"].items()]
    closing = f"GDS: {built.files['gds']}"
    if proof is not None:
        document["proof"] = {"ok": proof.ok, "message": proof.message}
        closing = f"{'equal: ' if proof.ok else 'NOT EQUAL: '}{proof.message}\n{closing}"
    emit(options, document, table("chip", ["figure", "value", "unit", "kind"], figures), closing)
    if proof is not None and not proof.ok:
        raise CheckFailed("the chip does not behave as the simulator", got=proof.message)
    return 0
