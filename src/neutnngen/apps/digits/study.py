"""Designs × senses × masks × seeds: learn, classify, and write a row and the network."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from neutnngen.apps.digits.learn import fit
from neutnngen.apps.digits.model import Model, load_model
from neutnngen.apps.digits.pairs import Split
from neutnngen.apps.digits.plan import DigitsPlan
from neutnngen.apps.digits.results import Results, Row
from neutnngen.errors import ConfigError, NeutnngenError
from neutnngen.train.events import Progress, part_of


@dataclass(frozen=True)
class Task:
    """A network that is trained. passes: the plan's own if not given."""

    plan: DigitsPlan
    passes: int | None = None

    @property
    def shown(self) -> int:
        """How often every pair is."""
        return self.plan.passes if self.passes is None else self.passes

    def row(self, data: Split, seed: int) -> Row:
        """Its row before anything has been measured."""
        plan, learned = self.plan, len(data.train)
        said = plan.name, plan.sense, plan.masks, data.sound, data.image, data.part
        return Row(*said, seed, learned, self.shown, 0, 0, 0.0, 0.0, 0.0)


def run_study(tasks: Sequence[Task], data: Split, seeds: int, results: Results, out: Path, progress: Progress | None = None) -> Results:
    """Add to ``results`` what it lacks of tasks × seeds 0 … seeds - 1, each row as soon as its run is finished.

    out: folder that gets the network of each, see ``model_folder``. progress: pairs done, in all.
    """
    if seeds < 1:
        raise ConfigError("the number of seeds is out of range", got=seeds, allowed="an integer ≥ 1")
    sizes = [task.shown * len(data.train) for task in tasks]
    total, done = seeds * sum(sizes), 0
    for seed in range(seeds):
        for task, size in zip(tasks, sizes, strict=True):
            if not results.has(task.row(data, seed).key):
                tell = None if progress is None else part_of(progress, done, total)
                results.add(run_task(task, data, seed, out, tell))
            done += size
            if progress is not None:
                progress(done, total)
    return results


def run_task(task: Task, data: Split, seed: int, out: Path, progress: Progress | None = None) -> Row:
    """One run; its network is saved."""
    made = fit(task.plan, data.train, data.train_labels, seed, passes=task.shown, progress=progress)
    row = task.row(data, seed)
    made.model.design.save(model_folder(out, row))
    return measured(row, made.model, data, made.seconds)


def trained(task: Task, data: Split, seed: int, out: Path) -> Model:
    """The network of a run: the saved one, or where that is not to be had one that is trained now and saved."""
    folder = model_folder(out, task.row(data, seed))
    try:
        return load_model(folder)
    except NeutnngenError:
        made = fit(task.plan, data.train, data.train_labels, seed, passes=task.shown).model
        made.design.save(folder)
        return made


def measured(row: Row, model: Model, data: Split, seconds: float) -> Row:
    """``row`` with what the network scores."""
    named = model.predict(data.judged)
    right, silent = float((named == data.labels).mean()), float((named < 0).mean())
    synapses, dense = model.design.synapses, model.design.network.synapses
    return dataclasses.replace(row, synapses=synapses, dense=dense, accuracy=right, silent=silent, seconds=seconds)


def model_folder(out: Path, row: Row) -> Path:
    """Where a study in ``out`` keeps the network of a run."""
    sets = f"{row.sound}-{row.image}-{row.part}-{row.pairs}-{row.passes}"
    return out / "models" / sets / f"{row.design}-{row.sense}-{row.masks}-{row.seed}"
