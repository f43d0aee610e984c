"""``neutnngen apps digits``: digits that are seen and heard."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from neutnngen import __version__
from neutnngen.apps.digits.designs import save_design, score_design
from neutnngen.apps.digits.pairs import JUDGED, LEARNED, Split, split_of
from neutnngen.apps.digits.plan import CATALOGUE, DEFAULT, MASKS, SENSES, named_plan
from neutnngen.apps.digits.pruning import KEEPS, RECIPES, case_of
from neutnngen.apps.digits.results import Results
from neutnngen.apps.digits.study import Task, run_study
from neutnngen.apps.digits.write import HEADER, rows_of, write_study
from neutnngen.cli.apps_pruning import add_pruning, run_pruning
from neutnngen.cli.common import emit, progress_bar, table
from neutnngen.data import load_images, load_spoken
from neutnngen.errors import ConfigError

EXAMPLE = "neutnngen apps digits --senses both sound image"


def add_parser(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    digits = actions.add_parser(
        "digits",
        help="digits that are seen, heard, or both; prune them",
        description="Learn digits from images, from spoken words, or from both at once; measure how many are named, and prune the network.",
        epilog="examples:\n  "
        + EXAMPLE
        + "\n  neutnngen apps digits --list\n  neutnngen apps digits --masks dendrites segments dense --seeds 5 --out runs/masks"
        + "\n  neutnngen apps digits prune --design large --seeds 5 --out runs/prune_digits"
        + "\n  neutnngen apps digits --sound my_digits.tar.gz --validate",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    digits.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON object instead of text")
    digits.add_argument("what", metavar="prune", nargs="?", choices=["prune"], help="instead: curves of the accuracy against synapses left")
    digits.add_argument(
        "--design",
        metavar="NAME",
        nargs="+",
        default=[DEFAULT],
        help="names (see --list), or folders of saved Designs, which are only measured (default: %(default)s)",
    )
    digits.add_argument("--list", action="store_true", help="the designs by name")
    digits.add_argument("--senses", nargs="+", choices=SENSES, default=["both"], help="what is presented (default: both)")
    digits.add_argument("--masks", nargs="+", choices=MASKS, default=["dendrites"], help="what segments of both see (default: dendrites)")
    digits.add_argument("--sound", metavar="NAME", default="FSDD", help="recordings: a named set, a folder with WAV files, or a .tar.gz")
    digits.add_argument("--images", metavar="NAME", default="MNIST", help="MNIST, or a folder with four IDX files")
    digits.add_argument("--folder", metavar="DIR", type=Path, help="where named sets are looked for first")
    digits.add_argument("--seeds", metavar="N", type=int, default=1, help="runs of every network (default: %(default)s)")
    digits.add_argument("--passes", metavar="N", type=int, help="how often every pair is shown (default: what the design says)")
    digits.add_argument("--pairs", metavar="N", type=int, default=LEARNED, help="to learn from (default: %(default)s)")
    digits.add_argument("--judged", metavar="N", type=int, default=JUDGED, help="to classify (default: %(default)s)")
    digits.add_argument(
        "--validate", action="store_true", help="hold back training pairs and classify those; the test parts are not looked at"
    )
    add_pruning(digits, RECIPES, KEEPS)
    digits.add_argument(
        "--out", metavar="DIR", type=Path, default=Path("runs/digits"), help="results; a stopped run goes on (default: %(default)s)"
    )
    digits.add_argument(
        "--save", metavar="DIR", type=Path, help="also save each network of the best seed with what it is expected to score"
    )


def run(options: argparse.Namespace) -> int:
    if options.list:
        return _list(options)
    if options.what == "prune":
        return _prune(options)
    folders = [path for path in (Path(name).expanduser() for name in options.design) if _is_design(path)]
    if folders and len(folders) != len(options.design):
        raise ConfigError("saved Designs and designs to learn cannot be mixed", got=", ".join(options.design), allowed="one kind")
    return _measure(options, folders) if folders else _study(options)


def _is_design(path: Path) -> bool:
    return (path / "design.json").is_file() or (path / "design" / "design.json").is_file()


def _split(options: argparse.Namespace) -> Split:
    part = "validation" if options.validate else "test"
    return split_of(
        load_spoken(options.sound, options.folder), load_images(options.images, options.folder), part, options.pairs, options.judged
    )


def _list(options: argparse.Namespace) -> int:
    plans = {plan.name: dataclasses.asdict(plan) for plan in CATALOGUE.values()}
    emit(options, {"designs": plans}, table("designs", ["name", "what it is"], [[plan.name, plan.about] for plan in CATALOGUE.values()]))
    return 0


def _tasks(options: argparse.Namespace) -> list[Task]:
    """Every design with every sense, and for both senses every kind of masks."""
    plans = []
    for name in options.design:
        for sense in options.senses:
            plans += [named_plan(name).of(sense, masks) for masks in (options.masks if sense == "both" else ["dendrites"])]
    return [Task(plan, options.passes) for plan in plans]


def _study(options: argparse.Namespace) -> int:
    tasks = _tasks(options)
    if options.seeds < 1:
        raise ConfigError("the number of seeds is out of range", got=options.seeds, allowed="an integer ≥ 1")
    data = _split(options)
    results = Results.open(options.out / "results.csv")
    with progress_bar("learning", "pairs", options) as progress:
        run_study(tasks, data, options.seeds, results, options.out, progress)
    wanted = {task.row(data, seed).key for task in tasks for seed in range(options.seeds)}
    shown = Results(row for row in results if row.key in wanted)
    files = [options.out / "results.csv", *write_study(shown, options.out)]
    summaries = shown.summary()
    if options.save is not None:
        files += [save_design(s, data, options.out, options.save, f"neutnngen {__version__}") / "expected.json" for s in summaries]
    title = f"MEASURED on {len(data.judged):,} {data.part} pairs of {data.sound} and {data.image}, {len(data.train):,} learned"
    document = {"results": [dataclasses.asdict(row) for row in shown], "files": [str(f) for f in files]}
    emit(options, document, table(title, HEADER, rows_of(summaries)), *(f"written: {f}" for f in files))
    return 0


def _prune(options: argparse.Namespace) -> int:
    tasks = _tasks(options)
    data = _split(options)
    return run_pruning(options, [case_of(task, data, options.out) for task in tasks], "accuracy, %", 100)


def _measure(options: argparse.Namespace, folders: list[Path]) -> int:
    data = _split(options)
    scores = [score_design(folder, data) for folder in folders]
    rows = [
        [s["design"], s["sense"], f"{s['synapses']:,}", f"{100 * s['accuracy']:.2f} %", f"{s['pairs_per_second']:,.0f}"] for s in scores
    ]
    title = f"MEASURED on {len(data.judged):,} {data.part} pairs of {data.sound} and {data.image}"
    emit(options, {"results": scores}, table(title, ["design", "sense", "synapses", "right", "pairs/s"], rows))
    return 0
