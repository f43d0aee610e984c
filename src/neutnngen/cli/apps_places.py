"""``neutnngen apps places``: place cells that learn worlds, and the movement of rats."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from neutnngen import __version__
from neutnngen.apps.places.designs import read_expected, save_design, score_design
from neutnngen.apps.places.explore import SETTINGS
from neutnngen.apps.places.film import make_film
from neutnngen.apps.places.pruning import case_of
from neutnngen.apps.places.rat.plots import draw_all
from neutnngen.apps.places.rat.study import run_rat
from neutnngen.apps.places.results import Results, Row
from neutnngen.apps.places.study import TASKS, TRIALS, named_setting, run_study
from neutnngen.apps.places.write import tables, write_study
from neutnngen.apps.pruning.recipes import OF_MEMORIES
from neutnngen.cli.apps_pruning import add_pruning, run_pruning
from neutnngen.cli.common import emit, progress_bar, table
from neutnngen.data import load_trajectory
from neutnngen.errors import ConfigError, unknown_name

EXAMPLE = "neutnngen apps places recall navigate"
FILM, RAT, PRUNE = "film", "rat", "prune"
ALONE = (FILM, RAT, PRUNE)
"""Tasks of their own kind, each alone."""
KEEPS = (0.5, 0.25, 0.1, 0.05, 0.03, 0.02, 0.015, 0.01)
"""Of ``prune``: a layer that has explored its worlds once uses a small part of its synapses."""


def add_parser(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    places = actions.add_parser(
        "places",
        help="place cells: learn worlds, recognise them, find the way; place fields of rats",
        description="Let a layer of place cells explore worlds once, and measure what it recalls, recognises, predicts and finds.",
        epilog="examples:\n  "
        + EXAMPLE
        + "\n  neutnngen apps places --seeds 5 --out runs/places\n  neutnngen apps places rat --trajectory Sargolini --seeds 5"
        + "\n  neutnngen apps places prune --seeds 5 --out runs/prune_places"
        + "\n  neutnngen apps places film\n  neutnngen apps places --design examples/places/full",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    places.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON object instead of text")
    places.add_argument(
        "tasks",
        metavar="TASK",
        nargs="*",
        default=list(TASKS),
        help=f"{', '.join(TASKS)} (default: all of these); or {FILM}: an animation; or {RAT}: place fields from the movement of a rat; "
        f"or {PRUNE}: recall against synapses left",
    )
    places.add_argument(
        "--design", metavar="NAME", default="full", help="full, reduced, or a saved layer, which is only asked (default: %(default)s)"
    )
    places.add_argument("--seeds", metavar="N", type=int, default=1, help="runs, each with worlds of its own (default: %(default)s)")
    places.add_argument("--trials", metavar="N", type=int, default=TRIALS, help="of each kind and seed (default: %(default)s)")
    places.add_argument(
        "--out", metavar="DIR", type=Path, default=Path("runs/places"), help="results; a stopped run goes on (default: %(default)s)"
    )
    places.add_argument("--save", metavar="DIR", type=Path, help="also save the layer of seed 0 with what it is expected to recall")
    places.add_argument("--trajectory", metavar="NAME", default="Sargolini", help=f"of {RAT}: Sargolini, Tanni, or an .npz file")
    places.add_argument("--backwards", action="store_true", help=f"of {RAT}: learn and ask along the recording reversed in time")
    places.add_argument("--folder", metavar="DIR", type=Path, help="where a named trajectory is looked for first")
    add_pruning(places, OF_MEMORIES, KEEPS)


def run(options: argparse.Namespace) -> int:
    for name in ("seeds", "trials"):
        if getattr(options, name) < 1:
            raise ConfigError(f"the number of {name} is out of range", got=getattr(options, name), allowed="an integer ≥ 1")
    for task in options.tasks:
        if task not in (*TASKS, *ALONE):
            raise unknown_name("there is no such task", task, [*TASKS, *ALONE])
    alone = [task for task in options.tasks if task in ALONE]
    if alone and len(options.tasks) > 1:
        raise ConfigError(f"the task {alone[0]!r} runs alone", got=" ".join(options.tasks), allowed=alone[0])
    if alone == [RAT]:
        return _rat(options)
    if alone == [PRUNE]:
        return run_pruning(options, [case_of(options.design)], "labels recalled exactly, %", 100)
    if options.design not in SETTINGS and (Path(options.design).expanduser() / "design").is_dir():
        return _measure(options, Path(options.design).expanduser())
    return _film(options) if alone else _study(options)


def _study(options: argparse.Namespace) -> int:
    named_setting(options.design)
    results = Results.open(options.out / "results.csv")
    with progress_bar("measuring", "tasks", options) as progress:
        run_study(options.design, options.tasks, options.seeds, results, options.trials, progress)
    files = [options.out / "results.csv", *write_study(results, options.design, options.tasks, options.seeds, options.out)]
    if options.save is not None:
        files.append(save_design(options.design, options.save, 0, f"neutnngen {__version__}") / "expected.json")
    figures = {task: results.figures(options.design, task, options.seeds) for task in options.tasks}
    document = {
        "results": {task: [dataclasses.asdict(figure) for figure in found] for task, found in figures.items()},
        "files": [str(f) for f in files],
    }
    shown = [table(*parts) for parts in tables(results, options.design, options.tasks, options.seeds)]
    emit(options, document, *shown, *(f"written: {f}" for f in files))
    return 0


def _measure(options: argparse.Namespace, folder: Path) -> int:
    score, expected = score_design(folder), read_expected(folder)["recalled"]
    rows = [[label, f"{count:,}", f"{expected.get(label, 0):,}"] for label, count in score["recalled"].items()]
    title = f"MEASURED recall of the {score['edges']:,} edges that {folder} has stored ({score['synapses']:,} synapses)"
    emit(options, {"results": score, "expected": expected}, table(title, ["label", "recalled exactly", "expected"], rows))
    return int(score["recalled"] != expected)


def _film(options: argparse.Namespace) -> int:
    path = make_film(options.out / f"{options.design}.gif", named_setting(options.design))
    emit(options, {"files": [str(path)]}, f"written: {path}")
    return 0


def _rat(options: argparse.Namespace) -> int:
    trajectory = load_trajectory(options.trajectory, options.folder)
    if options.backwards:
        trajectory = trajectory.backwards()
    results = Results.open(options.out / "results.csv")
    pictures = options.out / f"rat-{trajectory.name}"
    files: list[Path] = []
    for seed in range(options.seeds):
        if results.done(trajectory.name, RAT, seed) and (seed > 0 or pictures.is_dir()):
            continue
        with progress_bar(f"learning, seed {seed}", "waves", options) as progress:
            result = run_rat(trajectory, seed=seed, progress=progress)
        if not results.done(trajectory.name, RAT, seed):
            results.add(*(Row(trajectory.name, RAT, c, seed, measure, value, n) for c, measure, value, n in result.figures()))
        if seed == 0:
            files += draw_all(result, pictures)
            if options.save is not None:
                files.append(result.design.save(options.save / f"rat_{trajectory.name}"))
    figures = results.figures(trajectory.name, RAT, options.seeds)
    files.insert(0, options.out / "results.csv")
    document = {"results": {RAT: [dataclasses.asdict(figure) for figure in figures]}, "files": [str(f) for f in files]}
    shown = [table(*parts) for parts in tables(results, trajectory.name, [RAT], options.seeds)]
    emit(options, document, *shown, *(f"written: {f}" for f in files))
    return 0
