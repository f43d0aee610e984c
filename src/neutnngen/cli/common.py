"""What the commands share: configuration options, progress, tables, JSON output."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from neutnngen.config import RunConfig, load_config
from neutnngen.errors import ConfigError
from neutnngen.flow.metric import Metric
from neutnngen.flow.step import StepProgress
from neutnngen.report import shown_unit
from neutnngen.rtl import STYLES, Rings, chosen_style


def add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, help="TOML configuration of the run (docs/configuration.md)")


def add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_folder", metavar="RUN", type=Path, help="run folder with a Design in it, or the Design's own folder")


def add_style(parser: argparse.ArgumentParser, default: str | None = "parallel") -> None:
    """How a classic column that learns is built. default None: the configuration says it."""
    text = "of a classic column: logic at every synapse, or weights that circulate: less area, more clocks a wave"
    parser.add_argument("--style", choices=STYLES, default=default, help=f"{text} (default: {default or 'the configuration, or parallel'})")
    parser.add_argument("--slots", type=int, metavar="N", help="of rings: input lines that take turns at one comparison (default: 2)")
    parser.add_argument("--members", type=int, metavar="N", help="of rings: neurons that share an update (default: largest divisor to 5)")


def chosen_rings(options: argparse.Namespace) -> Rings | None:
    """The style that ``add_style`` asked for, as ``generate_rtl`` takes it."""
    asked = {name: value for name in ("slots", "members") if (value := getattr(options, name)) is not None}
    if asked and options.style != "rings":
        raise ConfigError("only rings have slots and members", got=", ".join(f"--{name}" for name in asked), next_step="add --style rings")
    return chosen_style(options.style, **asked)


def load_run_config(options: argparse.Namespace, overrides: Mapping[str, Any] | None = None) -> RunConfig:
    """The configuration of ``--config`` with the options that were given on the command line on top (``section.key`` names)."""
    config = load_config(options.config)
    sections: dict[str, dict[str, Any]] = {}
    for name, value in (overrides or {}).items():
        if value is not None:
            section, key = name.split(".")
            sections.setdefault(section, {})[key] = value
    # all of a section at once: some options are legal only together
    changed = {section: dataclasses.replace(getattr(config, section), **values) for section, values in sections.items()}
    return dataclasses.replace(config, **changed)


def console(options: argparse.Namespace) -> Console:
    """Standard output for people; standard error when ``--json`` keeps standard output for the one object."""
    width = None if sys.stdout.isatty() else 120  # into a file or a pipe, tables are not squeezed to 80 columns
    return Console(stderr=bool(options.json), highlight=False, soft_wrap=True, width=width)


@contextmanager
def progress_bar(title: str, unit: str, options: argparse.Namespace) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error as a callback (done, total)."""
    columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn(unit), TimeElapsedColumn()]
    with Progress(*columns, console=Console(stderr=True), transient=not sys.stderr.isatty()) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """A small table; the first column is text, the others are aligned right."""
    made = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for i, name in enumerate(header):
        made.add_column(name, justify="left" if i == 0 else "right", overflow="fold")
    for row in rows:
        made.add_row(*row)
    return made


def emit(options: argparse.Namespace, document: Mapping[str, Any], *text: object) -> None:
    """Print the result: one JSON object with ``--json``, else the tables and lines."""
    if options.json:
        print(json.dumps(document, indent=2, default=str))
        return
    out = console(options)
    for part in text:
        out.print(part)


@contextmanager
def flow_progress(options: argparse.Namespace) -> Iterator[Callable[[StepProgress], None]]:
    """A progress bar over the steps of a flow, on standard error."""
    del options
    columns = [TextColumn("layout"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeElapsedColumn()]
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def tell(event: StepProgress) -> None:
            finished = event.number if event.event in ("done", "reused") else event.number - 1
            bar.update(task, completed=finished, total=event.total, description=f"{event.step} {event.message}".strip())

        yield tell


def figures_table(metrics: Mapping[str, Metric]) -> Table:
    """Every known number with its unit, kind and source."""
    rows = [[m.name.replace("_", " "), m.number(), shown_unit(m.unit), m.kind, m.source] for m in metrics.values()]
    return table("figures", ["figure", "value", "unit", "kind", "source"], rows)
