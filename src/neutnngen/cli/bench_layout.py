"""The parts of ``neutnngen bench`` that lay out: layouts, placements, macros."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from neutnngen.bench.layout import WHOLE, bench_layout, layout_cases
from neutnngen.bench.layout_page import SHOWN_HEADER, markdown, picture, shown_cells
from neutnngen.bench.macros import bench_macros
from neutnngen.bench.macros_layout import HEADER as LAYOUT_HEADER
from neutnngen.bench.macros_layout import layout_cells, macro_layout_cases, macro_layouts
from neutnngen.bench.macros_page import (
    COLUMN_HEADER,
    HEADER,
    REPLACED_HEADER,
    WRAPPER_HEADER,
    column_cells,
    macro_cells,
    markdown_tables,
    replaced_cells,
    wrapper_cells,
)
from neutnngen.bench.placement import HEADER as PLACED_HEADER
from neutnngen.bench.placement import bench_placement, table_cells
from neutnngen.cli.common import emit, progress_bar, table
from neutnngen.errors import ConfigError
from neutnngen.files import write_atomic
from neutnngen.flow.config import LayoutConfig
from neutnngen.pdk.kits import load_kit


def add_layout_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seeds", metavar="N", type=int, nargs="+", default=[0], help="of layout, placement (default: 0)")
    parser.add_argument("--utilisation", type=float, default=LayoutConfig.utilisation, help="of layout, placement (default: %(default)s)")
    parser.add_argument(
        "--clock-period", type=float, metavar="NS", default=LayoutConfig.clock_period_ns, help="of layout, macros (default: %(default)s)"
    )
    parser.add_argument(
        "--whole",
        metavar="SYNAPSES",
        type=int,
        default=WHOLE,
        help="of layout: largest Design that is laid out whole (default: %(default)s)",
    )
    parser.add_argument("--smallest", action="store_true", help="of layout: each Design in its smallest style only")
    parser.add_argument(
        "--also",
        metavar="WORD",
        nargs="+",
        action="append",
        default=[],
        help="of layout: a further kit: name, clock period in ns, folder",
    )
    parser.add_argument("--again", action="store_true", help="of layout: make rows again that the table has")
    parser.add_argument("--macros-folder", metavar="DIR", type=Path, help="of macros: your folder with the TNN7 views (lef, lib)")
    parser.add_argument(
        "--layouts",
        metavar="COLUMN",
        nargs="+",
        default=[],
        help="of macros: columns to lay out with and without them, INPUTSxNEURONS or names of Designs with rings",
    )
    parser.add_argument("--keep", metavar="FOLDER", type=Path, help="of layout, macros: keep the runs here; one that was stopped goes on")


def layout_config(options: argparse.Namespace) -> LayoutConfig:
    """Configuration of the layouts of a benchmark."""
    return LayoutConfig(
        kit=options.kit,
        kit_folder=options.kit_folder,
        utilisation=options.utilisation,
        clock_period_ns=options.clock_period,
        waves=8 if options.quick else 256,
    )


def more_config(options: argparse.Namespace, words: Sequence[str]) -> LayoutConfig:
    """Configuration with another kit; words: kit, clock period in ns, the folder with its files if it needs one. Raises ConfigError."""
    try:
        kit, period, *folder = words
        config = replace(layout_config(options), kit=kit, clock_period_ns=float(period), kit_folder=Path(folder[0]) if folder else None)
    except ValueError:
        raise ConfigError("a further kit is not understood", got=" ".join(words), allowed="--also KIT NS [FOLDER]") from None
    load_kit(config.kit, config.kit_folder)
    return config


def _layout(options: argparse.Namespace) -> int:
    out = options.out or Path("runs/layouts")
    cases = layout_cases(options.examples, options.only, quick=options.quick, smallest=options.smallest)
    limit = 3600.0 if options.limit is None else options.limit
    configs = [layout_config(options), *(more_config(options, words) for words in options.also)]
    with progress_bar("layouts", "rows", options) as tell:
        for number, config in enumerate(configs):

            def told(done: int, total: int, number: int = number) -> None:
                tell(number * total + done, len(configs) * total)

            rows = bench_layout(
                cases,
                out / "layouts.csv",
                config,
                options.seeds,
                whole=options.whole,
                keep=options.keep,
                limit=limit,
                again=options.again,
                tell=told,
            )
    page = write_atomic(out / "layouts.md", markdown(rows.values()))
    drawn = write_atomic(out / "layouts.png", picture(rows.values()))
    keys = [f"{case.name}|{config.kit}|{seed}" for config in configs for case in cases for seed in options.seeds]
    chosen = [rows[key] for key in keys if key in rows]
    shown = table(f"MEASURED, {', '.join(config.kit for config in configs)}", SHOWN_HEADER, [shown_cells(row) for row in chosen])
    emit(options, {"rows": [asdict(row) for row in chosen]}, shown, f"written: {out / 'layouts.csv'}, {page}, {drawn}")
    return 0 if all(row.outcome == "clean" for row in chosen) else 1


def _macros(options: argparse.Namespace) -> int:
    if options.macros_folder is None:
        needed = "a folder with lef/*.lef and lib/*.lib[.gz]"
        raise ConfigError("bench macros needs the folder of the macros", allowed=needed, next_step="--macros-folder DIR")
    kit = load_kit(options.kit, options.kit_folder)
    cases = macro_layout_cases(options.layouts, options.examples)
    with progress_bar("macros", "parts", options) as tell:
        document = bench_macros(options.macros_folder, kit, tell, column=(8, 2) if options.quick else (65, 2))
    if cases:
        limit = 3600.0 if options.limit is None else options.limit
        with progress_bar("layouts", "rows", options) as tell:
            laid = macro_layouts(cases, options.macros_folder, layout_config(options), keep=options.keep, limit=limit, tell=tell)
        document["layouts"] = laid
    written = []
    if options.out is not None:
        written = [write_atomic(options.out / "macros.json", json.dumps(document, indent=2) + "\n")]
        written.append(write_atomic(options.out / "macros_tables.md", markdown_tables(document)))
    shown = [
        table(f"macros against cells of {kit.name}, SYNTHESIS", HEADER, [macro_cells(row) for row in document["macros"]]),
        table("wrappers against our leaves, by simulation", WRAPPER_HEADER, wrapper_cells(document)),
        table("SYNTHESIS of parts of the RTL", REPLACED_HEADER, replaced_cells(document)),
        table("SYNTHESIS of a learning column", COLUMN_HEADER, column_cells(document)),
    ]
    if cases:
        shown.append(table("MEASURED after layout", LAYOUT_HEADER, layout_cells(document["layouts"])))
    emit(options, document, *shown, *(f"written: {path}" for path in written))
    checks = [row["checked"] for row in document["macros"] if row["checked"] is not None] + list(document["wrappers"].values())
    clean = all(row["outcome"] == "clean" for row in document.get("layouts", ()))
    return 0 if clean and all(check["mismatches"] == 0 and check["known"] for check in checks) else 1


def _placement(options: argparse.Namespace) -> int:
    kit = load_kit(options.kit, options.kit_folder)
    with progress_bar("placement", "placements", options) as tell:
        document = bench_placement(kit, options.seeds, quick=options.quick, utilisation=options.utilisation, tell=tell)
    written = []
    if options.out is not None:
        written = [f"written: {write_atomic(options.out / 'placement.json', json.dumps(document, indent=2) + chr(10))}"]
    emit(options, document, table(f"MEASURED, {kit.name}: wire length of placements", PLACED_HEADER, table_cells(document)), *written)
    return 0


LAYOUT_SUBJECTS: dict[str, Callable[[argparse.Namespace], int]] = {"layout": _layout, "placement": _placement, "macros": _macros}
