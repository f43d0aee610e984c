"""``neutnngen apps ucr``: clustering of time series."""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path

from neutnngen import __version__
from neutnngen.apps.pruning.recipes import OF_COLUMNS
from neutnngen.apps.ucr.designs import save_designs
from neutnngen.apps.ucr.drift import Drift
from neutnngen.apps.ucr.methods import DEFAULT_METHODS, METHODS
from neutnngen.apps.ucr.pruning import MODELS, case_of
from neutnngen.apps.ucr.results import ResultTable, Summary
from neutnngen.apps.ucr.stream import run_stream
from neutnngen.apps.ucr.stream_plot import plot_stream
from neutnngen.apps.ucr.study import PROTOCOLS, Task, run_study
from neutnngen.apps.ucr.tables import ABSENT, DESIGN_POINTS, rich_rows
from neutnngen.apps.ucr.write import TITLES, write_study
from neutnngen.cli.apps_pruning import add_pruning, run_pruning
from neutnngen.cli.common import emit, progress_bar, table
from neutnngen.data import SeriesSet, available, load_ucr
from neutnngen.errors import ConfigError
from neutnngen.files import write_atomic
from neutnngen.train.events import part_of

DRIFT_SIZES = {"shift": 0.25, "offset": 1.0}  # share of the length, standard deviations
EXAMPLE = "neutnngen apps ucr --dataset GunPoint --seeds 3"


def add_parser(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    ucr = actions.add_parser(
        "ucr",
        help="cluster time series and compare with k-means, k-shape and DTW k-medoids",
        description="Cluster time series by a NeuTNN and by other methods, over several seeds; scores, tables and pictures.",
        epilog="examples:\n  "
        + EXAMPLE
        + "\n  neutnngen apps ucr --dataset design-points --folder my_sets\n  neutnngen apps ucr --dataset GunPoint --stream"
        + "\n  neutnngen apps ucr prune --dataset ECG200 --seeds 5",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    ucr.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON object instead of text")
    ucr.add_argument("what", metavar="prune", nargs="?", choices=["prune"], help="instead: curves of the Rand index against synapses left")
    ucr.add_argument(
        "--dataset",
        metavar="NAME",
        nargs="+",
        help="names of UCR sets, files or folders; `all` for every set found, `design-points` for the seven of the literature",
    )
    ucr.add_argument("--folder", metavar="DIR", type=Path, help="where named sets are looked for first")
    ucr.add_argument("--repair", action="store_true", help="interpolate missing values, resample series of unequal length")
    ucr.add_argument(
        "--protocol", choices=PROTOCOLS, default="all", help="all: fit and label all series; train2test: fit train, label test"
    )
    ucr.add_argument("--seeds", metavar="N", type=int, help="runs of every method (default: 10; 5 of prune)")
    ucr.add_argument(
        "--methods", metavar="M", nargs="+", default=list(DEFAULT_METHODS), help=f"of {', '.join(METHODS)} (default: all but the last)"
    )
    ucr.add_argument("--clusters", metavar="K", type=int, help="clusters to look for (default: the number of classes)")
    ucr.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        help="folder of results; a stopped study goes on (default: runs/ucr; runs/prune_ucr of prune)",
    )
    ucr.add_argument("--stream", action="store_true", help="instead: one pass over a stream whose clusters drift half-way")
    ucr.add_argument("--waves", metavar="N", type=int, default=4000, help="of a stream (default: %(default)s)")
    ucr.add_argument(
        "--drift", choices=list(DRIFT_SIZES), default="shift", help="shift in time, or an added smooth curve (default: %(default)s)"
    )
    ucr.add_argument("--size", metavar="X", type=float, help="of the drift: share of the length (shift), standard deviations (offset)")
    ucr.add_argument("--over", metavar="N", type=int, default=0, help="waves over which the drift grows (default: sudden)")
    ucr.add_argument(
        "--designs", metavar="DIR", type=Path, help="instead: save the column and the NeuTNN of each set as Designs, chosen without labels"
    )
    ucr.add_argument("--model", choices=MODELS, default="column", help="of prune: what is pruned (default: %(default)s)")
    add_pruning(ucr, OF_COLUMNS)


def run(options: argparse.Namespace) -> int:
    pruning = options.what == "prune"
    options.out = options.out or Path("runs/prune_ucr" if pruning else "runs/ucr")
    options.seeds = (5 if pruning else 10) if options.seeds is None else options.seeds
    if options.dataset is None:
        if not pruning:
            raise ConfigError("no data set is named", allowed="--dataset NAME …", next_step=EXAMPLE)
        options.dataset = ["design-points"]
    data = _load(options)
    if pruning:
        return run_pruning(options, [case_of(one, options.model) for one in data], "Rand index")
    return _designs(options, data) if options.designs else _stream(options, data) if options.stream else _study(options, data)


def _load(options: argparse.Namespace) -> list[SeriesSet]:
    names: list[str] = []
    for name in options.dataset:
        if name == "design-points":
            names += DESIGN_POINTS
        elif name == "all":
            names += available(options.folder)
        else:
            names.append(name)
    return [load_ucr(name, options.folder, options.repair) for name in dict.fromkeys(names)]


def _study(options: argparse.Namespace, data: list[SeriesSet]) -> int:
    tasks = [Task.of(one, options.protocol, options.clusters) for one in data]
    results = ResultTable.open(options.out / "results.csv")
    with progress_bar("clustering", "runs", options) as progress:
        run_study(tasks, options.methods, options.seeds, results, progress)
    files = write_study(results, options.out)
    wanted = ResultTable(
        r for r in results if r.protocol == options.protocol and r.dataset in {t.name for t in tasks} and r.method in options.methods
    )
    document = {
        "protocol": options.protocol,
        "seeds": options.seeds,
        "results": [_plain(s) for s in wanted.summary()],
        "files": [str(f) for f in [options.out / "results.csv", *files]],
    }
    header, rows = rich_rows(wanted, TITLES)
    title = f"MEASURED RI / ARI, protocol {options.protocol}, mean of the seeds; † with degenerate runs, ‡ mostly degenerate"
    emit(options, document, table(title, header, rows), *(f"written: {f}" for f in document["files"]))
    return 0


def _plain(summary: Summary) -> dict[str, object]:
    return {**dataclasses.asdict(summary), "title": TITLES.get(summary.method, summary.method)}


def _designs(options: argparse.Namespace, data: list[SeriesSet]) -> int:
    saved = []
    with progress_bar("fitting", "seeds", options) as progress:
        for number, one in enumerate(data):
            tell = part_of(progress, number * options.seeds, len(data) * options.seeds)
            saved.append(save_designs(one, options.designs, f"neutnngen {__version__}", options.seeds, tell))
    rows = [
        [
            one["data"]["set"],
            kind,
            f"{d['inputs']:,}",
            f"{d['synapses']:,}",
            f"{d['scores']['rand']:.3f}",
            f"{d['scores']['adjusted_rand']:.3f}",
        ]
        for one in saved
        for kind, d in one["designs"].items()
    ]
    emit(
        options,
        {"saved": saved, "folder": str(options.designs)},
        table("MEASURED on all series", ["set", "design", "inputs", "synapses", "RI", "ARI"], rows),
        f"written: {options.designs}",
    )
    return 0


def _stream(options: argparse.Namespace, data: list[SeriesSet]) -> int:
    drift = Drift(options.drift, DRIFT_SIZES[options.drift] if options.size is None else options.size, options.over)
    rows, summaries, files = [], {}, []
    with progress_bar("streaming", "steps", options) as progress:
        for number, one in enumerate(data):
            clusters = one.classes if options.clusters is None else options.clusters
            tell = part_of(progress, 4 * number, 4 * len(data))
            result = run_stream(one.values, one.labels, clusters, seed=0, waves=options.waves, drift=drift, progress=tell)
            summary = summaries[one.name] = result.summary()
            files.append(plot_stream(result, options.out / f"stream-{one.name}.png", one.name))
            files.append(write_atomic(options.out / f"stream-{one.name}.json", json.dumps(summary, indent=2) + "\n"))
            ari = summary["ari"]
            for layer in ("learning", "frozen", "refitted"):
                back = summary["recovered_after"] if layer == "learning" else None
                figures = [f"{ari[layer][when]:.3f}" if when in ari[layer] else ABSENT for when in ("before", "right_after", "end")]
                rows.append([one.name, layer, *figures, f"{back:,} waves" if back else ABSENT])
    header = ["set", "weights", "before", "right after", "end", "recovered after"]
    title = f"MEASURED adjusted Rand index of a stream with drift half-way ({drift.kind}, {drift.size:g}, {drift.pace})"
    document = {"streams": summaries, "files": [str(f) for f in files]}
    emit(options, document, table(title, header, rows), *(f"written: {f}" for f in files))
    return 0
