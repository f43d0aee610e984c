"""Designs × seeds × recipes × shares into a table that grows row by row; a study that was stopped goes on."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.pruning.recipes import DENSE, Recipe
from neutnngen.apps.pruning.results import Results, Row
from neutnngen.errors import ConfigError
from neutnngen.prune import agreement, answers_of, parts_of, prune, prune_in_steps, with_masks
from neutnngen.prune.prune import NothingLeft, Retrain, first_scores
from neutnngen.prune.scores import Method
from neutnngen.prune.select import Structure
from neutnngen.prune.stages import Scores
from neutnngen.spec import Design
from neutnngen.train.events import Progress

Known = dict[tuple[Method, Structure], Scores]
"""First scores by what they depend on besides Design and seed."""
KEEPS = (0.7, 0.5, 0.35, 0.25, 0.15, 0.1, 0.05)


@dataclass(frozen=True, eq=False)
class Subject:
    """A trained network that is to be pruned. waves: training waves. score: (score, other) of a Design, see ``Row``. labels: of the waves,
    for networks that learned from labels.

    retrain: how it learns again over what is left, None for passes of STDP over the waves. fixed: its thresholds must stay, and it does not
    learn again. stages: that are pruned, all if None.
    """

    design: Design
    waves: NDArray[np.uint8]
    score: Callable[[Design], tuple[float, float]]
    retrain: Retrain | None = None
    fixed: bool = False
    stages: tuple[int, ...] | None = None
    labels: NDArray[np.integer] | None = None


@dataclass(frozen=True)
class Case:
    """name: of the design. make: the trained network of a seed."""

    name: str
    make: Callable[[int], Subject]


def run_curves(
    cases: Sequence[Case],
    recipes: Sequence[Recipe],
    keeps: Sequence[float],
    seeds: int,
    results: Results,
    progress: Progress | None = None,
) -> Results:
    """Add to ``results`` what it lacks. Of every case and seed there is a row DENSE; and where recipes learn, a row that says what the
    dense network becomes by as much recalibrating and learning (``dense, …``). progress: runs done and in all."""
    if seeds < 1:
        raise ConfigError("the number of seeds is out of range", got=seeds, allowed="an integer ≥ 1")
    for keep in keeps:
        if not 0 < keep < 1:
            raise ConfigError("a share of synapses to keep is out of range", got=keep, allowed="between 0 and 1")
    done, total = 0, len(cases) * seeds * len(recipes) * len(keeps)
    for case in cases:
        for seed in range(seeds):
            subject: Subject | None = None
            known: Known = {}
            for name, keep, one in _runs(recipes, keeps):
                if not results.has((case.name, name, round(keep, 6), seed)):
                    subject = subject or case.make(seed)
                    results.add(_row(case.name, subject, name, one, keep, seed, known))
                if 0 < keep < 1:
                    done += 1
                    if progress is not None:
                        progress(done, total)
    return results


def _runs(recipes: Sequence[Recipe], keeps: Sequence[float]) -> list[tuple[str, float, Recipe | None]]:
    """Name, share and recipe of every run; None for DENSE."""
    controls: dict[str, Recipe] = {}
    for one in recipes:
        if one.plan.epochs:
            controls.setdefault(f"{DENSE}, {one.plan.rounds} × {one.plan.epochs} passes more", one)
    found: list[tuple[str, float, Recipe | None]] = [(DENSE, 1.0, None)]
    found += [(name, 1.0, one) for name, one in controls.items()]
    return found + [(one.name, keep, one) for one in recipes for keep in keeps]


def _row(name: str, subject: Subject, label: str, one: Recipe | None, keep: float, seed: int, known: Known) -> Row:
    """known: scores that earlier rows of this subject have found; more are added."""
    design, before = subject.design, subject.design.synapses
    began = time.perf_counter()
    met = 1.0
    if one is not None:
        plan = dataclasses.replace(one.at(keep, seed), stages=subject.stages)
        if subject.fixed:
            plan = dataclasses.replace(plan, recalibrate=False, epochs=0)
        try:
            if one.steps:
                steps = one.steps_of(seed, subject.stages)
                design = prune_in_steps(design, steps, keep, subject.waves, subject.labels, subject.retrain).design
            else:
                key = plan.method, plan.choice.structure
                if key not in known:
                    known[key] = first_scores(design, plan, subject.waves, subject.labels)
                design = prune(design, plan, subject.waves, labels=subject.labels, retrain=subject.retrain, scores=known[key]).design
        except NothingLeft:
            design = with_masks(design, {part: np.zeros(part.shape, dtype=bool) for part in parts_of(design)})
        met = agreement(design, subject.waves, answers_of(subject.design, subject.waves))
    seconds = time.perf_counter() - began
    score, other = subject.score(design)
    return Row(name, label, keep, seed, before, design.synapses, score, other, met, design.network.layers[0].column.threshold, seconds)
