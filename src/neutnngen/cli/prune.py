"""``neutnngen prune``."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.cli.common import emit, progress_bar, table
from neutnngen.errors import ConfigError, DataError
from neutnngen.files import write_arrays
from neutnngen.forecast import estimate
from neutnngen.pipeline import find_design
from neutnngen.prune import METHODS, POOLS, STRUCTURES, Choice, Plan, accuracy_loss, density, narrowed, prune, sparsest, stage_synapses
from neutnngen.prune.select import Pool
from neutnngen.spec import Design

EXAMPLE = "neutnngen prune runs/gunpoint --method use --keep 0.5"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_folder", metavar="DESIGN", type=Path, help="folder of a Design, or run folder with one in it")
    parser.add_argument(
        "--method", choices=METHODS, default="weight", help="what a synapse is worth (default: %(default)s; docs/pruning.md)"
    )
    how_much = parser.add_mutually_exclusive_group(required=True)
    how_much.add_argument("--keep", metavar="F", type=float, help="share of the synapses that stays, 0 … 1")
    how_much.add_argument(
        "--max-loss", metavar="L", type=float, help="the sparsest Design that answers at most this share of waves otherwise"
    )
    parser.add_argument("--structure", choices=STRUCTURES, default="synapse", help="what is removed at once (default: %(default)s)")
    parser.add_argument("--pool", choices=POOLS, help="what keeps its share each (default: the smallest that the structure allows)")
    parser.add_argument("--blocks", metavar="A:N", nargs="+", help="blocks of inputs, first:count of each, for instance one a modality")
    parser.add_argument(
        "--rounds", metavar="N", type=int, default=1, help="prune, recalibrate, retrain so many times (default: %(default)s)"
    )
    parser.add_argument("--epochs", metavar="N", type=int, default=0, help="passes of learning in each round (default: %(default)s)")
    parser.add_argument(
        "--regrow", metavar="F", type=float, default=0.0, help="share that is given to other synapses instead (default: none)"
    )
    parser.add_argument(
        "--draws", metavar="N", type=int, default=1, help="of the method random: in each round the best of N choices (default: %(default)s)"
    )
    parser.add_argument("--in-turn", action="store_true", help="layers, then the voter, each scored when what feeds it is pruned")
    parser.add_argument("--no-recalibrate", action="store_true", help="leave the thresholds as they are")
    parser.add_argument(
        "--narrow", action="store_true", help="leave out the input lines that a classic column reads no more, or columns without a synapse"
    )
    parser.add_argument("--seed", type=int, default=0, help="of random order (default: %(default)s)")
    parser.add_argument(
        "--waves", metavar="FILE", type=Path, help=".npz with waves, perhaps classes (default: waves.npz of the run folder)"
    )
    parser.add_argument("--out", metavar="DIR", type=Path, help="run folder of the pruned Design (default: RUN/pruned)")


def run(options: argparse.Namespace) -> int:
    design, folder = find_design(options.run_folder)
    choice = Choice(options.structure, options.pool or _smallest(options.structure), _blocks(options.blocks or []))
    plan = Plan(
        1.0 if options.keep is None else options.keep,
        options.method,
        choice,
        options.rounds,
        not options.no_recalibrate,
        options.epochs,
        options.regrow,
        options.seed,
        draws=options.draws,
        in_turn=options.in_turn,
    )
    waves, labels = _read(options, folder)
    taught = None if labels is None or not any([*design.network.needs_labels, design.network.enables]) else labels
    with progress_bar("pruning", "steps", options) as progress:
        if options.max_loss is None:
            made = prune(design, plan, waves, labels=taught, progress=progress)
        else:
            loss = None if taught is None or waves is None else accuracy_loss(design, waves, taught)
            made = sparsest(design, plan, options.max_loss, loss, waves, labels=taught, progress=progress)
    out, lines = options.out or folder / "pruned", None
    if options.narrow:
        small = narrowed(made.design)
        made = dataclasses.replace(made, design=small.design)
        lines, waves = small.lines.tolist(), None if waves is None else small.waves(waves)
    made.design.save(out / "design")
    if waves is not None:
        write_arrays(out / "waves.npz", waves=waves, **({} if labels is None else {"classes": labels}))
    met = made.rounds[-1].agreement if made.rounds else None
    before, after = _facts(design), _facts(made.design)
    document = {
        "design": str(out / "design"),
        "plan": made.design.provenance.get("pruning", {}),
        "before": before,
        "after": after,
        "kept": made.kept,
        "lines": lines,
        "agreement": met,
        "rounds": [{"synapses": r.synapses, "thresholds": r.thresholds, "agreement": r.agreement} for r in made.rounds],
    }
    rows = [
        ["synapses", f"{before['synapses']:,}", f"{after['synapses']:,}", f"{made.kept:.1%}"],
        ["of the structure's", f"{before['density']:.1%}", f"{after['density']:.1%}", ""],
        ["input lines", f"{design.network.inputs:,}", f"{made.design.network.inputs:,}", ""],
        ["thresholds", _list(before["thresholds"]), _list(after["thresholds"]), ""],
        *(
            [f"{name}, {unit} (ESTIMATED, NanGate45)", f"{before[name]:,.4g}", f"{after[name]:,.4g}", f"{after[name] / before[name]:.1%}"]
            for name, unit in (("area", "mm²"), ("leakage", "mW"))
        ),
    ]
    answers = () if met is None or waves is None else (f"MEASURED: {met:.2%} of the answers on {len(waves):,} waves are as before",)
    title = f"{design.name}, pruned by {options.method}"
    emit(options, document, table(title, ["", "before", "after", "left"], rows), *answers, f"written: {out / 'design'}")
    return 0


def _list(numbers: Any) -> str:
    return ", ".join(map(str, numbers))


def _facts(design: Design) -> dict[str, Any]:
    """Synapses, density, θ of every layer, and what the silicon forecast says."""
    made = estimate(design.network, stage_synapses(design))
    thresholds = [layer.column.threshold for layer in design.network.layers]
    return {
        "synapses": design.synapses,
        "density": density(design),
        "thresholds": thresholds,
        "area": made.cell_area * 1e-6,
        "leakage": made.leakage * 1e3,
        "kind": made.kind,
    }


def _smallest(structure: str) -> Pool:
    found: dict[str, Pool] = {
        "synapse": "neuron", "block": "segment", "segment": "neuron", "dendrite": "column", "input": "column", "column": "layer"
    }  # fmt: skip
    return found[structure]


def _blocks(texts: list[str]) -> tuple[tuple[int, int], ...]:
    try:
        pairs = [tuple(map(int, text.split(":"))) for text in texts]
    except ValueError:
        pairs = [()]
    if any(len(pair) != 2 for pair in pairs):
        raise ConfigError("a block of inputs cannot be read", got=" ".join(texts), allowed="FIRST:COUNT …", next_step="--blocks 0:64 64:32")
    return tuple((a, b) for a, b in pairs)


def _read(options: argparse.Namespace, folder: Path) -> tuple[NDArray[np.uint8] | None, NDArray[np.int64] | None]:
    """Waves, and labels where the file has ``classes`` as integers; None where there is no file and none was asked for."""
    path = options.waves or folder / "waves.npz"
    if options.waves is None and not path.is_file():
        return None, None
    try:
        with np.load(path, allow_pickle=False) as archive:
            waves = np.asarray(archive["waves"])
            labels = archive.get("classes", None)
    except (OSError, KeyError, ValueError) as problem:
        raise DataError(f"the waves cannot be read: {problem}", got=path, allowed=".npz with an array waves (wave, input)") from None
    if labels is not None and not np.issubdtype(labels.dtype, np.integer):
        labels = None
    return waves, None if labels is None else np.asarray(labels, dtype=np.int64)
