"""``neutnngen data``: list, fetch and check."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from rich.markup import escape

from neutnngen.cli.common import emit, progress_bar, table
from neutnngen.data.archive import archive_records
from neutnngen.data.images import known_sets
from neutnngen.data.named import check_named, citations, fetch_named
from neutnngen.data.spoken import KNOWN as SPOKEN
from neutnngen.data.spoken_check import ListedSpoken, SpokenReport, list_spoken
from neutnngen.data.spoken_make import NAME, make_spoken
from neutnngen.data.summary import ImageReport, Listed, ListedImages, Report, list_images, list_sets
from neutnngen.data.trajectory_check import ListedTrajectory, TrajectoryReport, list_trajectories
from neutnngen.data.trajectory_sets import KNOWN

EXAMPLE = "neutnngen data fetch GunPoint\n  neutnngen data check GunPoint"
SOURCE_HELP = (
    "zip file (address or path) or Zenodo record; for images a folder (address or path) or a wheel; for movement a wheel; "
    "{name} stands for the name"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = _action(actions, "list", "the sets on this computer", "neutnngen data list --json")
    fetching = _action(
        actions, "fetch", "download sets of the UCR archive, image sets, or recorded movement", "neutnngen data fetch GunPoint MNIST"
    )
    fetching.add_argument(
        "names", metavar="NAME", nargs="+", help="name of a set of the UCR archive, MNIST, FashionMNIST, Sargolini or Tanni"
    )
    fetching.add_argument(
        "--to", metavar="DIR", type=Path, help="folder for the sets (default: $NEUTNNGEN_DATA or one in ~/.cache/neutnngen)"
    )
    fetching.add_argument("--sha256", metavar="H", help="SHA-256 that the zip file must have")
    fetching.add_argument("--source", metavar="URL", help=SOURCE_HELP)
    checking = _action(actions, "check", "load a set and say what is wrong with it", "neutnngen data check GunPoint my_series.csv")
    checking.add_argument("names", metavar="FILE|NAME", nargs="+", help="a file, a folder with one set, a wheel, or the name of a set")
    making = _action(
        actions, "make-spoken", "let eSpeak NG speak a small set of digits, for computers without a network", "neutnngen data make-spoken"
    )
    making.add_argument("name", metavar="NAME", nargs="?", default=NAME, help="of the set (default: %(default)s)")
    making.add_argument("--takes", metavar="N", type=int, default=20, help="of every digit by every voice (default: %(default)s)")
    making.add_argument("--to", metavar="DIR", type=Path, help="folder for the set (default: $NEUTNNGEN_DATA or one in ~/.cache/neutnngen)")
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
    return {"list": _list, "fetch": _fetch, "check": _check, "make-spoken": _make_spoken}[options.action](options)


def _list_row(found: Listed) -> list[str]:
    length = str(found.longest) if found.shortest == found.longest else f"{found.shortest} … {found.longest}"
    where = "bundled" if found.bundled else str(found.folder)
    return [escape(found.name), escape(where), str(found.train), str(found.test), length, str(found.classes), escape(found.problem)]


def _image_row(found: ListedImages) -> list[str]:
    where = "installed package" if found.package else str(found.folder)
    size = f"{found.rows}×{found.columns}"
    return [escape(found.name), escape(where), str(found.train), str(found.test), size, str(found.classes), escape(found.problem)]


def _movement_row(found: ListedTrajectory) -> list[str]:
    where = "installed package" if found.package else str(found.folder)
    return [escape(found.name), escape(where), str(found.samples), f"{found.seconds:.0f}", _arena(found), escape(found.problem)]


def _spoken_row(found: ListedSpoken) -> list[str]:
    numbers = [str(found.train), str(found.test), f"{found.seconds:.0f}", str(found.classes)]
    return [escape(found.name), escape(str(found.folder)), *numbers, escape(found.problem)]


def _arena(found: ListedTrajectory | TrajectoryReport) -> str:
    return f"{found.width:.3g}×{found.height:.3g}"


def _list(options: argparse.Namespace) -> int:
    with progress_bar("reading", "sets", options) as progress:
        found = list_sets(options.folder, progress)
    images = list_images(options.folder)
    moves = list_trajectories(options.folder)
    spoken = list_spoken(options.folder)
    away = sorted(set(archive_records()) - {f.name for f in found})
    images_away = sorted(set(known_sets()) - {f.name for f in images})
    moves_away = sorted(set(KNOWN) - {f.name for f in moves})
    shown: list[object] = [
        table("data sets", ["name", "where", "train", "test", "length", "classes", "needs repair"], [_list_row(f) for f in found])
    ]
    if images:
        shown.append(table("image sets", ["name", "where", "train", "test", "size", "classes", "problem"], [_image_row(f) for f in images]))
    if moves:
        header = ["recorded movement", "where", "samples", "seconds", "arena (m)", "problem"]
        shown.append(table("movement", header, [_movement_row(f) for f in moves]))
    if spoken:
        header = ["recordings of speech", "where", "train", "test", "seconds", "classes", "problem"]
        shown.append(table("speech", header, [_spoken_row(f) for f in spoken]))
    if images_away:
        shown.append(f"image sets that can be fetched: {', '.join(images_away)}")
    if moves_away:
        shown.append(f"recorded movement that can be fetched: {', '.join(moves_away)}")
    for known in (one for one in SPOKEN.values() if one.name not in {f.name for f in spoken}):
        shown.append(f"recordings of speech that you can get: {known.name}, from {known.where}")
    shown.append(f"{len(away)} more sets of the UCR archive can be fetched: neutnngen data fetch NAME")
    document = {
        "sets": [dataclasses.asdict(f) for f in found],
        "images": [dataclasses.asdict(f) for f in images],
        "movement": [dataclasses.asdict(f) for f in moves],
        "speech": [dataclasses.asdict(f) for f in spoken],
        "to_fetch": away,
        "images_to_fetch": images_away,
        "movement_to_fetch": moves_away,
    }
    emit(options, document, *shown)
    return 0


def _fetch(options: argparse.Namespace) -> int:
    with progress_bar("download", "bytes", options) as progress:
        fetched = fetch_named(options.names, options.to, options.source, options.sha256, lambda done, all_: progress(done, max(done, all_)))
    lines = []
    for one in fetched:
        lines.append(f"{one.name}: {one.state}, {one.folder}\n  from {one.source}; vouched for by {one.checked}")
        lines += [f"  {note}" for note in one.notes]
    cite = f"please cite: {'; '.join(citations(options.names))}"
    emit(options, {"sets": [dataclasses.asdict(one) for one in fetched]}, *map(escape, lines), cite)
    return 0


def _check_row(report: Report) -> list[str]:
    numbers = [report.series, report.train, report.length, report.classes, report.constant]
    return [escape(report.name), *map(str, numbers), report.checksums, "ok" if report.ok else "not ok"]


def _check_image_row(report: ImageReport) -> list[str]:
    numbers = [report.train, report.test, f"{report.rows}×{report.columns}", report.classes, report.blank]
    return [escape(report.name), *map(str, numbers), report.checksums, "ok" if report.ok else "not ok"]


def _check_movement_row(report: TrajectoryReport) -> list[str]:
    numbers = [report.samples, f"{report.seconds:.0f}", f"{report.hertz:.3g}", _arena(report), report.outside, report.jumps]
    return [escape(report.name), *map(str, numbers), report.checksums, "ok" if report.ok else "not ok"]


def _check_spoken_row(report: SpokenReport) -> list[str]:
    numbers = [
        report.train,
        report.test,
        report.classes,
        report.speakers or "–",
        f"{report.shortest:.2f} … {report.longest:.2f}",
        report.silent,
    ]
    return [escape(report.name), *map(str, numbers), report.checksums, "ok" if report.ok else "not ok"]


def _make_spoken(options: argparse.Namespace) -> int:
    with progress_bar("speaking", "recordings", options) as progress:
        folder = make_spoken(options.name, options.to, options.takes, progress=progress)
    emit(options, {"folder": str(folder)}, f"written: {escape(str(folder))}")
    return 0


def _check(options: argparse.Namespace) -> int:
    reports = [check_named(name, options.folder) for name in options.names]
    series = [r for r in reports if isinstance(r, Report)]
    images = [r for r in reports if isinstance(r, ImageReport)]
    moves = [r for r in reports if isinstance(r, TrajectoryReport)]
    spoken = [r for r in reports if isinstance(r, SpokenReport)]
    ok = all(r.ok for r in reports)
    shown: list[object] = []
    if series:
        header = ["set", "series", "of them train", "length", "classes", "constant", "checksums", ""]
        shown.append(table("data check", header, [_check_row(r) for r in series]))
    if images:
        header = ["image set", "train", "test", "size", "classes", "blank", "checksums", ""]
        shown.append(table("image check", header, [_check_image_row(r) for r in images]))
    if moves:
        header = ["movement", "samples", "seconds", "per second", "arena (m)", "outside", "jumps", "checksums", ""]
        shown.append(table("movement check", header, [_check_movement_row(r) for r in moves]))
    if spoken:
        header = ["speech", "train", "test", "classes", "speakers", "seconds each", "silent", "checksums", ""]
        shown.append(table("speech check", header, [_check_spoken_row(r) for r in spoken]))
    lines = [f"{r.name}: {problem}" for r in reports for problem in r.problems]
    lines += [f"{r.name}: repair would do: {repair}" for r in series for repair in r.repairs]
    document = {
        "ok": ok,
        "sets": [{**dataclasses.asdict(r), "ok": r.ok} for r in series],
        "images": [{**dataclasses.asdict(r), "ok": r.ok} for r in images],
        "movement": [{**dataclasses.asdict(r), "ok": r.ok} for r in moves],
        "speech": [{**dataclasses.asdict(r), "ok": r.ok} for r in spoken],
    }
    emit(options, document, *shown, *map(escape, lines))
    return 0 if ok else 1
