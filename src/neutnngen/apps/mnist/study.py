"""Designs × seeds: learn, classify, and write a row, the models and what they answered."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.mnist.blueprint import Blueprint
from neutnngen.apps.mnist.code import Images
from neutnngen.apps.mnist.learn import BLOCK, Fitted, Watch, fit
from neutnngen.apps.mnist.model import Labels
from neutnngen.apps.mnist.results import Results, Row
from neutnngen.data import ImageSet
from neutnngen.errors import ConfigError
from neutnngen.files import write_arrays, write_atomic
from neutnngen.forecast import estimate
from neutnngen.spec import Design, NetworkSpec
from neutnngen.train.events import Progress, part_of

HELD = 10_000
"""Training images that a validation holds back: the last ones."""

WATCHED = 2_000
WATCH_AT = (500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000)
UNITS = {"area": 1e-6, "leakage": 1e3, "energy": 1e9}  # um² to mm², W to mW, J to nJ


@dataclass(frozen=True, eq=False)
class Split:
    """Images to learn from and images to classify. part: ``test`` or ``validation``; see ``of``."""

    name: str
    part: str
    train_images: Images
    train_labels: Labels
    images: Images
    labels: Labels
    classes: int

    @classmethod
    def of(cls, data: ImageSet, part: str = "test", images: int | None = None, held: int = HELD) -> Split:
        """``test``: learn from the training images, classify the test images. ``validation``: the last ``held`` training images are not
        learned but classified, and the test images not looked at. images: learn from the first so many only."""
        train, labels = data.train_images, data.train_labels.astype(np.int64)
        if part == "validation":
            if not 1 <= held < len(train):
                got = f"{len(train)} training images, {held} of them held back"
                raise ConfigError("too few images to hold some back", got=got, allowed=f"more than {held} training images")
            train, labels, other, answers = train[:-held], labels[:-held], train[-held:], labels[-held:]
        elif part == "test":
            other, answers = data.test_images, data.test_labels.astype(np.int64)
        else:
            raise ConfigError("there is no part of this name", got=part, allowed="test, validation")
        if images is not None and not 1 <= images <= len(train):
            raise ConfigError("the number of images is out of range", got=images, allowed=f"1 … {len(train)}")
        return cls(data.name, part, train[:images], labels[:images], other, answers, data.classes)


@dataclass(frozen=True)
class Task:
    """A design of a family, with the training that it gets."""

    blueprint: Blueprint
    family: str = "named"
    passes: int | None = None
    jitter: int | None = None

    @property
    def training(self) -> tuple[int, int]:
        """passes, jitter."""
        plan = self.blueprint
        return plan.passes if self.passes is None else self.passes, plan.jitter if self.jitter is None else self.jitter

    def check(self) -> None:
        """Raise ConfigError where the training is not legal."""
        passes, jitter = self.training
        replace(self.blueprint, passes=passes, jitter=jitter)

    def key(self, data: Split, seed: int) -> tuple[object, ...]:
        """``Row.key`` of its run."""
        return (self.blueprint.name, data.name, data.part, seed, len(data.train_images), *self.training)


def run_study(tasks: Sequence[Task], data: Split, seeds: int, results: Results, out: Path, progress: Progress | None = None) -> Results:
    """Add to ``results`` what it lacks of tasks × seeds 0 … seeds - 1, each row as soon as its run is finished.

    out: folder that gets ``run_folder`` of each; a run that was stopped goes on after its last whole pass. progress: images done, in all.
    """
    if seeds < 1:
        raise ConfigError("the number of seeds is out of range", got=seeds, allowed="an integer ≥ 1")
    shown = [task.training[0] * len(data.train_images) for task in tasks]
    total, done = seeds * sum(shown), 0
    for task, size in zip(tasks, shown, strict=True):
        for seed in range(seeds):
            if not results.has(task.key(data, seed)):
                tell = None if progress is None else part_of(progress, done, total)
                results.add(run_task(task, data, seed, run_folder(out, task.key(data, seed)), tell))
            done += size
            if progress is not None:
                progress(done, total)
    return results


def run_folder(out: Path, key: tuple[Any, ...]) -> Path:
    """Where a study in ``out`` keeps the model and the answers of the run with this ``Row.key``."""
    design, data, part, seed, images, passes, jitter = key
    return out / "models" / f"{data}-{part}-{images}-{passes}-{jitter}" / f"{design}-{seed}"


def run_task(task: Task, data: Split, seed: int, folder: Path, progress: Progress | None = None) -> Row:
    """One run. folder: gets the Design, ``answers.npz`` (classes named and true) and ``curve.json``."""
    passes, jitter = task.training
    watch = Watch(data.images[:WATCHED], data.labels[:WATCHED], WATCH_AT) if data.part == "validation" else None
    made = fit(
        task.blueprint, data.train_images, data.train_labels, data.classes, seed,
        passes=passes, jitter=jitter, watch=watch, progress=progress, keep=folder,
    )  # fmt: skip
    began = time.perf_counter()
    answers = made.model.predict(data.images)
    rate = len(data.images) / (time.perf_counter() - began)
    write_arrays(folder / "answers.npz", named=answers.astype(np.int16), true=data.labels.astype(np.int16))
    write_atomic(folder / "curve.json", json.dumps(curve_of(made)) + "\n")
    first = nan if made.first is None else made.first.error(data.images, data.labels)
    design = made.model.design
    area, leakage, energy, kind = silicon_of(design)
    return Row(
        task.blueprint.name, task.family, data.name, data.part, seed, len(data.train_images), passes, jitter, design.synapses,
        weight_bits(design), float((answers != data.labels).mean()), first, float((answers < 0).mean()), made.seconds, rate,
        area, leakage, energy, kind,
    )  # fmt: skip


def curve_of(made: Fitted) -> dict[str, list[tuple[int, float]]]:
    """Error against images seen: ``online`` of each block before it was learned, ``watched`` of images held back, where some were."""
    online = [((n + 1) * BLOCK, error) for n, error in enumerate(made.blocks)]
    return {"online": online, "watched": list(made.curve)}


def synapses_by_stage(design: Design) -> list[int]:
    """Synapses that exist: of every layer, then of the voter."""
    state = design.state
    layers = [int(layer.distal_mask.sum() + layer.proximal_mask.sum()) for layer in state.layers]
    return [*layers, *([int(state.voter.mask.sum())] if state.voter is not None else [])]


def weight_bits(design: Design) -> int:
    """Bits of all weights that exist."""
    network: NetworkSpec = design.network
    bits = [layer.column.w_res for layer in network.layers] + ([network.voter.w_res] if network.voter is not None else [])
    return sum(count * width for count, width in zip(synapses_by_stage(design), bits, strict=True))


def silicon_of(design: Design) -> tuple[float, float, float, str]:
    """Area in mm², leakage in mW, energy of an image in nJ, and how they came about."""
    made = estimate(design.network, synapses_by_stage(design))
    area, leakage, energy = made.cell_area * UNITS["area"], made.leakage * UNITS["leakage"], made.energy_per_sample * UNITS["energy"]
    return area, leakage, energy, f"{made.kind}, NanGate45"


def confusion(named: NDArray[np.integer], true: NDArray[np.integer], classes: int) -> NDArray[np.int64]:
    """(true class, named class) counts; images without an answer are left out."""
    made = np.zeros((classes, classes), dtype=np.int64)
    answered = named >= 0
    np.add.at(made, (true[answered], named[answered]), 1)
    return made
