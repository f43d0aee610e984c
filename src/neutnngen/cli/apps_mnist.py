"""``neutnngen apps mnist``: classification of images."""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path

from neutnngen import __version__
from neutnngen.apps.mnist.catalogue import CATALOGUE, DEFAULT, named_blueprint
from neutnngen.apps.mnist.continual import run_continual
from neutnngen.apps.mnist.designs import save_design, save_layers, score_design
from neutnngen.apps.mnist.draw import PORT, serve
from neutnngen.apps.mnist.explore import dimensions, sizes
from neutnngen.apps.mnist.model import load_model
from neutnngen.apps.mnist.plots_stream import plot_continual
from neutnngen.apps.mnist.pruning import case_of
from neutnngen.apps.mnist.results import Results
from neutnngen.apps.mnist.study import Split, Task, run_folder, run_study
from neutnngen.apps.mnist.write import HEADER, continual_rows, per_cent, rows_of, write_study
from neutnngen.apps.pruning.recipes import OF_NETWORKS
from neutnngen.cli.apps_pruning import add_pruning, run_pruning
from neutnngen.cli.common import console, emit, progress_bar, table
from neutnngen.data import load_images
from neutnngen.errors import ConfigError
from neutnngen.files import write_atomic

EXAMPLE = "neutnngen apps mnist --design small"


def add_parser(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    mnist = actions.add_parser(
        "mnist",
        help="classify images by columns and active dendrites, explore designs, draw a digit",
        description="Learn to classify images online, measure the error, and compare designs.",
        epilog="examples:\n  "
        + EXAMPLE
        + "\n  neutnngen apps mnist prune --design tiny --seeds 5 --out runs/prune_mnist"
        + "\n  neutnngen apps mnist --list\n  neutnngen apps mnist --design best --seeds 5 --out runs/best"
        + "\n  neutnngen apps mnist --explore --images 20000\n  neutnngen apps mnist --design small --draw",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    mnist.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON object instead of text")
    mnist.add_argument("what", metavar="prune", nargs="?", choices=["prune"], help="instead: curves of the accuracy against synapses left")
    mnist.add_argument(
        "--design",
        metavar="NAME",
        nargs="+",
        default=[DEFAULT],
        help="names (see --list), TOML files, or folders of saved Designs, which are only measured (default: %(default)s)",
    )
    mnist.add_argument("--list", action="store_true", help="the designs by name")
    mnist.add_argument("--data", metavar="NAME", default="MNIST", help="MNIST, FashionMNIST, or a folder with four IDX files")
    mnist.add_argument("--folder", metavar="DIR", type=Path, help="where a named set is looked for first")
    mnist.add_argument("--seeds", metavar="N", type=int, default=1, help="runs of every design (default: %(default)s)")
    mnist.add_argument("--passes", metavar="N", type=int, help="how often every image is shown (default: what the design says)")
    mnist.add_argument("--jitter", metavar="PIXELS", type=int, help="images are moved by so much at most, from the second pass on")
    mnist.add_argument("--images", metavar="N", type=int, help="learn from the first so many only")
    mnist.add_argument("--validate", action="store_true", help="hold back training images and classify those; the test images are not read")
    mnist.add_argument(
        "--out", metavar="DIR", type=Path, default=Path("runs/mnist"), help="results; a stopped run goes on (default: %(default)s)"
    )
    mnist.add_argument("--explore", action="store_true", help="instead: one pass of the designs around ours, on validation images")
    mnist.add_argument("--sizes", action="store_true", help="instead: active dendrites and classic columns at equal synapses, one pass")
    mnist.add_argument("--continual", action="store_true", help="instead: a stream whose images are transposed, then the labels swapped")
    mnist.add_argument("--save", metavar="DIR", type=Path, help="also save each design of the best seed with what it is expected to score")
    mnist.add_argument("--save-layers", metavar="DIR", type=Path, help="the same without a read-out that only counts (tally)")
    add_pruning(mnist, OF_NETWORKS)
    mnist.add_argument("--draw", action="store_true", help="instead: a page on this computer where you draw and the network reads")
    mnist.add_argument("--port", metavar="N", type=int, default=PORT, help="of the page (default: %(default)s; 0: any free one)")


def run(options: argparse.Namespace) -> int:
    if options.list:
        return _list(options)
    if options.what == "prune":
        return _prune(options)
    if options.draw:
        return _draw(options)
    folders = [Path(name).expanduser() for name in options.design if _is_design(Path(name))]
    if folders and len(folders) != len(options.design):
        raise ConfigError("saved Designs and designs to learn cannot be mixed", got=", ".join(options.design), allowed="one kind")
    if folders:
        return _measure(options, folders)
    if options.continual:
        return _continual(options)
    return _study(options)


def _is_design(path: Path) -> bool:
    path = path.expanduser()
    return (path / "design.json").is_file() or (path / "design" / "design.json").is_file()


def _split(options: argparse.Namespace, part: str) -> Split:
    return Split.of(load_images(options.data, options.folder), part, options.images)


def _list(options: argparse.Namespace) -> int:
    rows = [[b.name, b.about] for b in CATALOGUE.values()]
    emit(options, {"designs": {b.name: dataclasses.asdict(b) for b in CATALOGUE.values()}}, table("designs", ["name", "what it is"], rows))
    return 0


def _study(options: argparse.Namespace) -> int:
    explored = options.explore or options.sizes
    part = "validation" if options.validate or options.explore else "test"
    tasks = [*(dimensions() if options.explore else []), *(sizes() if options.sizes else [])]
    tasks = tasks or [Task(named_blueprint(name), "named", options.passes, options.jitter) for name in options.design]
    if options.seeds < 1:
        raise ConfigError("the number of seeds is out of range", got=options.seeds, allowed="an integer ≥ 1")
    for task in tasks:
        task.check()
    data = _split(options, part)
    results = Results.open(options.out / "results.csv")
    with progress_bar("learning", "images", options) as progress:
        run_study(tasks, data, options.seeds, results, options.out, progress)
    wanted = {task.key(data, seed) for task in tasks for seed in range(options.seeds)}
    shown = Results(row for row in results if row.key in wanted)
    files = [options.out / "results.csv", *write_study(shown, data, options.out, pictures=not explored)]
    saved = []
    for folder, save in ((options.save, save_design), (options.save_layers, save_layers)):
        if folder is not None:
            saved += [save(s, data, options.out, folder, f"neutnngen {__version__}") for s in shown.summary()]
    files += [place / "expected.json" for place in saved]
    title = f"MEASURED error on {len(data.images):,} {part} images of {data.name}, {len(data.train_images):,} learned"
    summaries = shown.summary()
    note = f"area and energy: {summaries[0].first.silicon}" if summaries else ""
    document = {"results": [dataclasses.asdict(row) for row in shown], "files": [str(f) for f in files]}
    emit(options, document, table(title, HEADER, rows_of(summaries)), note, *(f"written: {f}" for f in files))
    return 0


def _prune(options: argparse.Namespace) -> int:
    data = _split(options, "validation" if options.validate else "test")
    cases = [case_of(named_blueprint(name), data, options.out, options.passes) for name in options.design]
    return run_pruning(options, cases, "accuracy, %", 100)


def _measure(options: argparse.Namespace, folders: list[Path]) -> int:
    data = _split(options, "validation" if options.validate else "test")
    scores = [score_design(folder, data) for folder in folders]
    rows = [[s["design"], f"{s['synapses']:,}", per_cent(s["error"]), f"{s['images_per_second']:,.0f}"] for s in scores]
    title = f"MEASURED error on {len(data.images):,} {data.part} images of {data.name}"
    emit(options, {"results": scores}, table(title, ["design", "synapses", "error", "images/s"], rows))
    return 0


def _continual(options: argparse.Namespace) -> int:
    data = _split(options, "validation")
    files, summaries, rows = [], {}, []
    for name in options.design:
        blueprint = named_blueprint(name)
        with progress_bar("streaming", "images", options) as progress:
            result = run_continual(
                blueprint,
                data.train_images,
                data.train_labels,
                data.classes,
                0,
                held=(data.images[:2000], data.labels[:2000]),
                progress=progress,
            )
        summaries[blueprint.name] = summary = result.summary()
        files.append(plot_continual(result, options.out / f"continual-{blueprint.name}.png", f"{blueprint.name}, {data.name}"))
        files.append(write_atomic(options.out / f"continual-{blueprint.name}.json", json.dumps(summary, indent=2) + "\n"))
        rows += continual_rows(blueprint.name, summary)
    header = ["design", "network", "phase", "right after the change", "at the end", "recovered after"]
    emit(
        options,
        {"streams": summaries, "files": [str(f) for f in files]},
        table("MEASURED error of a stream that changes", header, rows),
        *(f"written: {f}" for f in files),
    )
    return 0


def _draw(options: argparse.Namespace) -> int:
    if len(options.design) != 1:
        raise ConfigError("the page shows one network", got=", ".join(options.design), allowed="--design with one name or folder")
    name = options.design[0]
    if _is_design(Path(name)):
        model = load_model(Path(name).expanduser())
    else:
        task, data = Task(named_blueprint(name), "named", options.passes, options.jitter), _split(options, "test")
        results = Results.open(options.out / "results.csv")
        with progress_bar("learning", "images", options) as progress:
            run_study([task], data, 1, results, options.out, progress)
        model = load_model(run_folder(options.out, task.key(data, 0)))
    serve(model, options.port, announce=lambda line: console(options).print(line))
    return 0
