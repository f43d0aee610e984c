"""``neutnngen report``."""

from __future__ import annotations

import argparse

from neutnngen.cli.common import add_run, emit
from neutnngen.flow.backends.run import BACKENDS
from neutnngen.pipeline import find_design, write_report

EXAMPLE = "neutnngen report runs/gunpoint"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_run(parser)
    parser.add_argument("--backend", choices=BACKENDS, default="embedded", help="whose layout to show (default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    design, folder = find_design(options.run_folder)
    page = write_report(folder, design, options.backend)
    emit(options, {"report": str(page)}, str(page))
    return 0
