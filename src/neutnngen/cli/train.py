"""``neutnngen train``."""

from __future__ import annotations

import argparse
from pathlib import Path

from neutnngen.cli.common import add_config, emit, load_run_config, progress_bar, table
from neutnngen.pipeline import train_design

EXAMPLE = "neutnngen train --set GunPoint --out runs/gunpoint"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("--set", help="name of a UCR data set, or the path of a file (docs/data.md)")
    parser.add_argument("--seed", type=int, help="seed of initial weights and presentation order")
    parser.add_argument("--epochs", type=int, help="passes over the series")
    parser.add_argument("--out", type=Path, default=Path("runs/train"), help="run folder (default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    config = load_run_config(options, {"data.set": options.set, "train.seed": options.seed, "train.epochs": options.epochs})
    with progress_bar("training", "waves", options) as progress:
        result = train_design(config, options.out, progress)
    emit(options, result.summary(), table("clustering of " + result.set_name, ["", "RI", "ARI", "NMI"], result.score_rows()))
    return 0
