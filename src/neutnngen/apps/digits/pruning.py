"""Networks for digits with ever fewer synapses: scored, removed, recalibrated and taught again in rounds (``neutnngen.prune``)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from neutnngen.apps.digits.learn import taught
from neutnngen.apps.digits.model import Model
from neutnngen.apps.digits.pairs import Labels, Pairs, Split
from neutnngen.apps.digits.results import WHOLE, Results, Row
from neutnngen.apps.digits.study import Task, measured, model_folder, trained
from neutnngen.errors import ConfigError
from neutnngen.prune import METHODS, Choice, Plan, prune
from neutnngen.spec import Design
from neutnngen.train.events import Progress

WAVES = 600
"""Training pairs, the first ones, on which synapses are scored and thresholds are searched."""

KEEPS = (0.2, 0.1, 0.05)
ROUNDS, ROUND_PASSES, LAST_PASSES = 3, 2, 4
"""Rounds, and passes of learning of the voter over all training pairs after each, and after the last."""


@dataclass(frozen=True)
class Cut:
    """How a network is pruned. method: of ``neutnngen.prune``, or ``none``, which removes nothing but is taught for as long. keep: share of
    the synapses that stays, of the layer and of the voter. rounds: over which it falls."""

    method: str
    keep: float
    rounds: int = ROUNDS

    def __post_init__(self) -> None:
        if self.method not in (*METHODS, WHOLE):
            raise ConfigError("there is no such method of pruning", got=self.method, allowed=", ".join((*METHODS, WHOLE)))
        if (self.method == WHOLE) != (self.keep == 1):
            raise ConfigError("only what is not pruned keeps everything", got=f"{self.method}, {self.keep:g}", allowed="none, 1")


def cuts_of(methods: Sequence[str], keeps: Sequence[float] = KEEPS, rounds: int = ROUNDS) -> list[Cut]:
    """Every method at every share, and what is taught for as long without pruning."""
    return [Cut(WHOLE, 1.0, rounds), *(Cut(method, keep, rounds) for method in methods for keep in keeps)]


def lowered(design: Design) -> Design:
    """The same answers by smaller weights of the voter: from the weights of every line the least of them is taken.

    A class is as strong as the sum of the weights of the lines that spike (rule R14, one segment a class), so what all classes get alike
    decides nothing. As weights begin in the middle of their range, a pruned synapse would count as the strongest evidence against its
    class; so it counts as evidence that is as weak as the line has any. A line that has lost a synapse stays as it is.
    """
    voter, state = design.network.voter, design.state.voter
    if voter is None or state is None or voter.read != "potential" or voter.segments > 1:
        return design
    least = np.where(state.mask.all(axis=1), state.weights.min(axis=1), 0)[:, None].astype(np.uint8)
    return design.with_state(replace(design.state, voter=replace(state, weights=state.weights - least)))


def pruned(model: Model, pairs: Pairs, labels: Labels, cut: Cut, seed: int = 0, progress: Progress | None = None) -> Model:
    """The network with fewer synapses. After every round the voter learns from all pairs again, over the synapses that are left.

    pairs, labels: of the training part. progress: rounds done and in all.
    """
    waves = model.code.encode(pairs)

    def again(design: Design, number: int) -> Design:
        first = 100 * number  # numbers of passes decide their order, which is to be a new one
        count = LAST_PASSES if number == cut.rounds else ROUND_PASSES
        return lowered(taught(design, waves, labels, seed, range(first, first + count))[0])

    method = "weight" if cut.method == WHOLE else cut.method
    plan = Plan(cut.keep, method, Choice("synapse", "layer"), cut.rounds, seed=seed)  # type: ignore[arg-type]
    return Model(prune(lowered(model.design), plan, waves[:WAVES], retrain=again, progress=progress).design)


def run_pruning(
    tasks: Sequence[Task], cuts: Sequence[Cut], data: Split, seeds: int, results: Results, out: Path, progress: Progress | None = None
) -> Results:
    """Add to ``results`` what it lacks of tasks × cuts × seeds, each row as soon as it is there; networks that are missing are trained.

    progress: networks done and in all.
    """
    total, done = len(tasks) * len(cuts) * seeds, 0
    for seed in range(seeds):
        for task in tasks:
            whole: Model | None = None
            for cut in cuts:
                row = cut_row(task, cut, data, seed)
                if not results.has(row.key):
                    whole = trained(task, data, seed, out) if whole is None else whole
                    began = time.perf_counter()
                    made = pruned(whole, data.train, data.train_labels, cut, seed)
                    made.design.save(model_folder(out, row))
                    results.add(measured(row, made, data, time.perf_counter() - began))
                done += 1
                if progress is not None:
                    progress(done, total)
    return results


def cut_row(task: Task, cut: Cut, data: Split, seed: int) -> Row:
    """The row of a pruned network before anything has been measured."""
    return replace(task.row(data, seed), method=cut.method, keep=cut.keep, rounds=cut.rounds)
