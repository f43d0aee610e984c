"""``neutnngen data``: list, fetch and check."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from rich.markup import escape

from neutnngen.cli.common import emit, progress_bar, table
from neutnngen.data.archive import archive_records
from neutnngen.data.download import fetch_sets
from neutnngen.data.summary import Listed, check_set, list_sets

EXAMPLE = "neutnngen data fetch GunPoint\n  neutnngen data check GunPoint"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = _action(actions, "list", "the sets on this computer", "neutnngen data list --json")
    fetching = _action(actions, "fetch", "download sets of the UCR archive", "neutnngen data fetch GunPoint Coffee")
    fetching.add_argument("names", metavar="NAME", nargs="+", help="name of a set of the UCR archive")
    fetching.add_argument("--to", metavar="DIR", type=Path, help="folder for the sets (default: $NEUTNNGEN_DATA or ~/.cache/neutnngen/ucr)")
    fetching.add_argument("--sha256", metavar="H", help="SHA-256 that the zip file must have")
    fetching.add_argument("--source", metavar="URL", help="another zip file (address or path) or Zenodo record; {name} stands for the name")
    checking = _action(actions, "check", "load a set and say what is wrong with it", "neutnngen data check GunPoint my_series.csv")
    checking.add_argument("names", metavar="FILE|NAME", nargs="+", help="a file, a folder with one set, or the name of a set")
    for sub in (listing, checking):
        sub.add_argument("--folder", metavar="DIR", type=Path, help="where named sets are looked for first")


def _action(actions: argparse._SubParsersAction[argparse.ArgumentParser], name: str, what: str, example: str) -> argparse.ArgumentParser:
    sub = actions.add_parser(
        name,
        help=what,
        description=what.capitalize() + ".",
        epilog="example:\n  " + example,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    # SUPPRESS: a --json that was given before the action must not be undone
    sub.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON object instead of text")
    return sub


def run(options: argparse.Namespace) -> int:
    return {"list": _list, "fetch": _fetch, "check": _check}[options.action](options)


def _list_row(found: Listed) -> list[str]:
    length = str(found.longest) if found.shortest == found.longest else f"{found.shortest} … {found.longest}"
    where = "bundled" if found.bundled else str(found.folder)
    return [escape(found.name), escape(where), str(found.train), str(found.test), length, str(found.classes), escape(found.problem)]


def _list(options: argparse.Namespace) -> int:
    with progress_bar("reading", "sets", options) as progress:
        found = list_sets(options.folder, progress)
    away = sorted(set(archive_records()) - {f.name for f in found})
    shown = table("data sets", ["name", "where", "train", "test", "length", "classes", "needs repair"], [_list_row(f) for f in found])
    document = {"sets": [dataclasses.asdict(f) for f in found], "to_fetch": away}
    emit(options, document, shown, f"{len(away)} more sets of the UCR archive can be fetched: neutnngen data fetch NAME")
    return 0


def _fetch(options: argparse.Namespace) -> int:
    with progress_bar("download", "bytes", options) as progress:
        fetched = fetch_sets(options.names, options.to, options.source, options.sha256, lambda done, all_: progress(done, max(done, all_)))
    lines = []
    for one in fetched:
        lines.append(f"{one.name}: {one.state}, {one.folder}\n  from {one.source}; vouched for by {one.checked}")
        lines += [f"  {note}" for note in one.notes]
    emit(
        options,
        {"sets": [dataclasses.asdict(one) for one in fetched]},
        *map(escape, lines),
        "please cite: Dau et al. 2018, arXiv 1810.07758",
    )
    return 0


def _check(options: argparse.Namespace) -> int:
    reports = [check_set(name, options.folder) for name in options.names]
    ok = all(r.ok for r in reports)
    rows = [
        [
            escape(r.name),
            str(r.series),
            str(r.train),
            str(r.length),
            str(r.classes),
            str(r.constant),
            r.checksums,
            "ok" if r.ok else "not ok",
        ]
        for r in reports
    ]
    lines = [f"{r.name}: {problem}" for r in reports for problem in r.problems]
    lines += [f"{r.name}: repair would do: {repair}" for r in reports for repair in r.repairs]
    header = ["set", "series", "of them train", "length", "classes", "constant", "checksums", ""]
    document = {"ok": ok, "sets": [{**dataclasses.asdict(r), "ok": r.ok} for r in reports]}
    emit(options, document, table("data check", header, rows), *map(escape, lines))
    return 0 if ok else 1
