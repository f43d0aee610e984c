"""``neutnngen bench``."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from neutnngen.bench import bench_engine
from neutnngen.bench.designs import RINGED, bench_designs, find_designs
from neutnngen.bench.designs_page import SYNTHESIS_HEADER, VERIFY_HEADER, markdown, synthesis_cells, verify_cells
from neutnngen.bench.nodes import FIGURES, MEASURED, bench_nodes
from neutnngen.bench.places_speed import bench_places
from neutnngen.bench.plot import plot_engine
from neutnngen.bench.pruning import HEADER, bench_pruning, saving_cells, savings
from neutnngen.bench.silicon import bench_silicon
from neutnngen.bench.verify_speed import bench_verify
from neutnngen.cli.bench_layout import LAYOUT_SUBJECTS, add_layout_arguments
from neutnngen.cli.common import emit, progress_bar, table
from neutnngen.files import write_atomic
from neutnngen.pdk.kits import available_kits, load_kit

EXAMPLE = "neutnngen bench engine --quick --out bench"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "subject",
        choices=["engine", "places", "verify", "silicon", "designs", "layout", "placement", "macros", "nodes", "prune"],
        help="engines against a plain compiled loop; place cells against plain NumPy; RTL in Verilator against Icarus; area of cells; "
        "every saved Design in RTL and in cells; every saved Design as a checked layout; wire length of placements; TNN7 macros; "
        "the predictive 7 nm library against ASAP7; saved Designs in cells before and after pruning",
    )
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes: fewer waves and rounds, no large columns")
    parser.add_argument(
        "--peers",
        action="store_true",
        help="also BindsNET, SpikingJelly, snnTorch and Norse, each installed once in an environment of its own (1 to 2 GB each, "
        "several where pip takes a CUDA build of PyTorch)",
    )
    parser.add_argument(
        "--kit", choices=available_kits(), default="nangate45", help="of silicon, layout, placement: kit (default: %(default)s)"
    )
    parser.add_argument("--kit-folder", metavar="FOLDER", type=Path, help="your own folder with the kit's files")
    parser.add_argument("--out", metavar="FOLDER", type=Path, help="folder for the figures as JSON and a picture (default: write no files)")
    parser.add_argument(
        "--examples",
        metavar="DIR",
        type=Path,
        default=Path("examples"),
        help="of designs, layout, prune: where they lie (default: %(default)s)",
    )
    parser.add_argument(
        "--only", metavar="NAME", nargs="+", default=[], help="of designs, layout, prune: only these, such as ucr/Beef (default: all)"
    )
    parser.add_argument(
        "--limit",
        metavar="SECONDS",
        type=float,
        help="of designs: for each half of a row (default: 300); of prune: for a row (default: 600); of layout: for a row (default: 3600)",
    )
    parser.add_argument(
        "--left", metavar="F", type=float, default=0.5, help="of prune: share of synapses that stays (default: %(default)s)"
    )
    add_layout_arguments(parser)


def _case_rows(document: dict[str, Any]) -> list[list[str]]:
    rows = []
    for entry in [*document["cases"], *document["curve"]]:
        times, rates = entry["microseconds_per_wave"], entry["waves_per_second"]
        plain = f"{times['yardstick']:.2f}" if "yardstick" in times else "–"
        for label in times:
            if label != "yardstick":
                ratio = entry["ratio_to_yardstick"].get(label)
                shown = "–" if ratio is None else f"{ratio:.1f}×"
                rows.append([f"{entry['case']} ({label})", plain, f"{times[label]:.2f}", shown, f"{rates[label]:,.0f}"])
    return rows


def _peer_rows(document: dict[str, Any]) -> list[list[str]]:
    rows = []
    for entry in document["peers"]:
        if entry["measured"]:
            figures = [f"{entry['samples_per_second']:,.0f}", f"{entry['engine_ratio']:,.0f}×", entry["note"]]
        else:
            figures = ["not measured", "–", entry["reason"]]
        rows.append([f"{entry['name']} {entry.get('version', '')}".strip(), *figures])
    return rows


def run(options: argparse.Namespace) -> int:
    own = {
        "engine": _engine,
        "places": _places,
        "verify": _verify,
        "silicon": _silicon,
        "designs": _designs,
        "nodes": _nodes,
        "prune": _prune,
    }
    return (own | LAYOUT_SUBJECTS)[options.subject](options)


def _places(options: argparse.Namespace) -> int:
    with progress_bar("bench", "cases", options) as tell:
        document = bench_places(options.quick, tell)
    written = []
    if options.out is not None:
        written = [f"written: {write_atomic(options.out / 'places.json', json.dumps(document, indent=2) + chr(10))}"]
    machine = document["machine"]
    title = f"MEASURED on one core of {machine['cpu']}: {document['synapses']:,} synapses, {document['edges']:,} edges learned"
    rows = []
    for case in document["cases"]:
        plain = [f"{case['yardstick_per_second']:,.0f}", f"{case['ratio']:.0f}×"] if "ratio" in case else ["–", "–"]
        rows.append([case["case"], f"{case['per_second']:,.0f} {case['unit']}/s", *plain])
    emit(options, document, table(title, ["case", "rate", "plain NumPy, /s", "ratio"], rows), *written)
    return 0


def _verify(options: argparse.Namespace) -> int:
    with progress_bar("bench", "runs", options) as tell:
        document = bench_verify(options.quick, tell)
    written = []
    if options.out is not None:
        written = [f"written: {write_atomic(options.out / 'verify.json', json.dumps(document, indent=2) + chr(10))}"]
    title = f"MEASURED on one core of {document['machine']['cpu']}: a learning {document['inputs']}×{document['neurons']} column, all equal"
    rows = []
    for case in document["cases"]:
        rows.append([case["case"], f"{case['waves']:,}", f"{case['waves_per_minute']:,.0f}", f"{case['ratio']:,.0f}×"])
    shown = table(title, ["simulator of the RTL", "waves", "waves a minute", "ratio"], rows)
    emit(options, document, shown, f"once before: {document['compile_seconds']:.0f} s to compile the model for Verilator", *written)
    return 0


def _silicon(options: argparse.Namespace) -> int:
    kit = load_kit(options.kit, options.kit_folder)
    with progress_bar("synthesis", "columns", options) as tell:
        document = bench_silicon(options.quick, tell, kit=kit)
    written = []
    if options.out is not None:
        written = [f"written: {write_atomic(options.out / 'silicon.json', json.dumps(document, indent=2) + chr(10))}"]
    rows = []
    for case in document["cases"]:
        public = "–" if case["public"] is None else f"{case['public']:.1f}"
        areas = [f"{case['area']:.2f}", f"{case['sequential']:.2f}", public]
        equal = [f"{case['equal'][level]:,}" if level in case["equal"] else "–" for level in ("rtl", "gates")]
        rows.append(
            [
                f"{case['column']}, {case['kind']}",
                case["style"],
                *areas,
                str(case["clocks"]),
                f"{case['cells']:,}",
                f"{1e9 * case['leakage']:.0f}",
                *equal,
            ]
        )
    title = f"SYNTHESIS, {document['kit']} typical, Yosys {document['yosys']} with ABC: µm² of cells per synapse"
    emit(
        options,
        document,
        table(
            title,
            [
                "column",
                "style",
                "all",
                "flip-flops",
                "public RTL",
                "clocks a wave",
                "cells",
                "leakage, nW",
                "values equal in RTL",
                "in gates",
            ],
            rows,
        ),
        *written,
    )
    return 0


def _nodes(options: argparse.Namespace) -> int:
    """The predictive library beside the one that it stands for."""
    folders = {"asap7": options.kit_folder}
    with progress_bar("nodes", "columns", options) as tell:
        document = bench_nodes(load_kit("asap7", options.kit_folder), load_kit("n7p"), folders, options.quick, tell)
    written = []
    if options.out is not None:
        written = [f"written: {write_atomic(options.out / 'nodes.json', json.dumps(document, indent=2) + chr(10))}"]
    reference, predicted = document["reference"], document["predicted"]
    shown: list[object] = []
    for key, names, kind in (("cases", FIGURES, "SYNTHESIS, typical, no wires"), ("layouts", MEASURED, "MEASURED after layout")):
        rows = []
        for row in document[key]:
            ratios = [f"{100 * (row['ratio'][name] - 1):+.1f} %" if name in row["ratio"] else "–" for name in names]
            rows.append([f"{row['column']}, {row['kind']}", row["style"], *ratios])
        prefix = "" if key == "cases" else "layout_"
        for label in ("bias", "distance"):
            means = [document["summary"].get(prefix + name) for name in names]
            rows.append([f"mean {label}", "", *("–" if mean is None else f"{100 * mean[label]:+.1f} %" for mean in means)])
        if document[key]:
            shown.append(table(f"{kind}: {predicted} over {reference}, less one", ["column", "style", *names], rows))
    emit(options, document, *shown, document["notice"], *written)
    return 0


def _designs(options: argparse.Namespace) -> int:
    out = options.out or Path("runs/designs")
    with progress_bar("designs", "rows", options) as tell:
        limit = 300.0 if options.limit is None else options.limit
        rows = bench_designs(options.examples, out / "designs.csv", options.only, quick=options.quick, limit=limit, tell=tell)
    page = write_atomic(out / "designs.md", markdown(rows.values()))
    names = [name + style for name in find_designs(options.examples, options.only) for style in ("", RINGED)]
    chosen = sorted((rows[name] for name in names if name in rows), key=lambda row: row.synapses)
    shown = [
        table("simulator against RTL", VERIFY_HEADER, [verify_cells(row) for row in chosen]),
        table("SYNTHESIS, NanGate45 typical, no wires", SYNTHESIS_HEADER, [synthesis_cells(row) for row in chosen]),
    ]
    emit(options, {"rows": [asdict(row) for row in chosen]}, *shown, f"written: {out / 'designs.csv'}, {page}")
    return 1 if any(row.outcome.startswith("NOT EQUAL") for row in chosen) else 0


def _prune(options: argparse.Namespace) -> int:
    out = options.out or Path("runs/prune_cost")
    with progress_bar("pruning", "rows", options) as tell:
        limit = 600.0 if options.limit is None else options.limit
        rows = bench_pruning(options.examples, out / "cost.csv", options.only, keep=options.left, limit=limit, tell=tell)
    title = "SYNTHESIS, NanGate45 typical, no wires; the last columns: share saved of area and leakage for each share of synapses"
    open_rows = [f"{row.name} ({row.style}, {row.way}): {row.outcome}" for row in rows if row.outcome != "done"]
    shown = table(title, HEADER, [saving_cells(one) for one in savings(rows)])
    emit(options, {"rows": [asdict(row) for row in rows]}, shown, *open_rows, f"written: {out / 'cost.csv'}")
    return 0


def _engine(options: argparse.Namespace) -> int:
    with progress_bar("bench", "cases", options) as tell:
        document = bench_engine(options.quick, tell, peers=options.peers, say=lambda line: print(line, file=sys.stderr))
    written = ""
    if options.out is not None:
        write_atomic(options.out / "engine.json", json.dumps(document, indent=2) + "\n")
        write_atomic(options.out / "engine.png", plot_engine(document))
        written = f"written: {options.out / 'engine.json'}, {options.out / 'engine.png'}"
    machine = document["machine"]
    title = f"MEASURED on {machine['cpu']}, {machine['cores']} cores, numba {machine['numba']}; medians of {document['rounds']} rounds"
    shown: list[object] = [table(title, ["case", "plain loop, µs/wave", "engine, µs/wave", "ratio", "waves/s"], _case_rows(document))]
    if document["peers"]:
        title = "MEASURED beside it: other simulators on 784×64, online STDP, one sample at a time, one thread"
        shown.append(table(title, ["peer", "samples/s", "engine is faster", "what the run does"], _peer_rows(document)))
    whole = document["full_pass"]
    shown.append(f"MEASURED full pass: {whole['waves']:,} waves of {whole['case']} on all cores in {whole['seconds']:.1f} s")
    memory = [[e["case"], f"{e['synapses']:,}", f"{e['bytes_per_synapse']:.2f}"] for e in document["memory"]]
    shown.append(table("MEASURED memory while training, the Design included", ["case", "synapses", "bytes per synapse"], memory))
    cuda = document["cuda"]
    if cuda["measured"]:
        rows = [
            [e["case"], f"{e['waves_per_second']['torch, cuda']:,.0f}", f"{100 * e['share_of_memory_rate']:.2f} %"] for e in cuda["cases"]
        ]
        shown.append(table(f"MEASURED on {cuda['device']}", ["case", "waves/s", "share of the memory's rate"], rows))
    else:
        shown.append(f"CUDA: not measured, {cuda['reason']}")
    emit(options, document, *shown, written)
    return 0
