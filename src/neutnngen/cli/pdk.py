"""``neutnngen pdk``: list, install and check process kits."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from rich.markup import escape

from neutnngen.cli.common import emit, progress_bar, table
from neutnngen.pdk.install import check_files, install_kit, list_kits

EXAMPLE = "neutnngen pdk install asap7 --from ~/OpenROAD-flow-scripts/flow/platforms/asap7\n  neutnngen pdk check asap7"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="kits, their licences and where their files are")
    installing = actions.add_parser("install", help="bring a kit's files into your own folder, compared with their SHA-256")
    installing.add_argument("name", metavar="NAME", help="name of a kit")
    installing.add_argument("--from", dest="source", metavar="SOURCE", help="folder, archive or address of an archive (default: download)")
    installing.add_argument(
        "--to", metavar="DIR", type=Path, help="folder for the kit (default: $NEUTNNGEN_DATA or one in ~/.cache/neutnngen)"
    )
    checking = actions.add_parser("check", help="compare a kit's files with their SHA-256 and its parts with each other")
    checking.add_argument("name", metavar="NAME", help="name of a kit")
    checking.add_argument("--kit-folder", metavar="DIR", type=Path, help="your own folder with the kit's files")
    for sub in (listing, installing, checking):
        # SUPPRESS: a --json that was given before the action must not be undone
        sub.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON object instead of text")


def run(options: argparse.Namespace) -> int:
    return {"list": _list, "install": _install, "check": _check}[options.action](options)


def _list(options: argparse.Namespace) -> int:
    found = list_kits()
    rows = [[f.name, escape(f.where) if f.where else f"missing: {f.remedy}", escape(f.source), escape(f.licence)] for f in found]
    emit(options, {"kits": [dataclasses.asdict(f) for f in found]}, table("process kits", ["kit", "files", "from", "licence"], rows))
    return 0


def _install(options: argparse.Namespace) -> int:
    with progress_bar("install", "files", options) as progress:
        made = install_kit(options.name, options.source, options.to, progress)
    closing = f"{made.name}: {made.state}, {made.folder}\n  {len(made.files)} files from {made.source}"
    where = "" if options.to is None else f" --kit-folder {made.folder}"
    emit(
        options,
        {**dataclasses.asdict(made), "folder": str(made.folder)},
        escape(closing),
        f"use it: neutnngen layout RUN --kit {made.name}{where}",
    )
    return 0


def _check(options: argparse.Namespace) -> int:
    report = check_files(options.name, options.kit_folder)
    rows = [[escape(file.name), escape(str(file.path or "–")), file.state] for file in report.files]
    document = {
        "ok": report.ok,
        "kit": report.name,
        "licence": report.licence,
        "files": [{"name": file.name, "path": str(file.path) if file.path else None, "state": file.state} for file in report.files],
        "problems": list(report.problems),
    }
    said = [escape(problem) for problem in report.problems] or ["its LEF, Liberty and GDSII agree with each other and with its description"]
    emit(options, document, table(f"kit {report.name}: {report.licence}", ["file", "path", "SHA-256"], rows), *said)
    return 0 if report.ok else 1
