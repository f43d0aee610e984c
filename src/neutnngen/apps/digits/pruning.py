"""Pruning of networks for digits: on training pairs; the pairs that are judged are never looked at before."""

from __future__ import annotations

from pathlib import Path

from neutnngen.apps.digits.learn import taught
from neutnngen.apps.digits.model import Model
from neutnngen.apps.digits.pairs import Split
from neutnngen.apps.digits.study import Task, trained
from neutnngen.apps.pruning.recipes import TRAINED
from neutnngen.apps.pruning.study import Case, Subject
from neutnngen.spec import Design

WAVES = 600
"""Training pairs, the first ones, on which synapses are scored and thresholds are searched."""

RECIPES = ("layers, use, rounds", "layers, random, rounds")
KEEPS = (0.2, 0.1, 0.05)


def case_of(task: Task, data: Split, out: Path) -> Case:
    """A network as a case of ``run_curves``: the score is the share of the judged pairs whose digit is named.

    out: folder of the networks as they were trained; those that are not there are trained now. In a round that retrains, the voter sees all
    training pairs, over the synapses that are left.
    """
    plan = task.plan
    parts = [plan.name, *([plan.sense] if plan.sense != "both" else []), *([plan.masks] if plan.masks != "dendrites" else [])]

    def make(seed: int) -> Subject:
        model = trained(task, data, seed, out)
        waves = model.code.encode(data.train)

        def score(one: Design) -> tuple[float, float]:
            named = Model(one).predict(data.judged)
            return float((named == data.labels).mean()), float((named >= 0).mean())

        def retrain(one: Design, number: int) -> Design:
            first = 100 * number  # numbers of passes decide their order, which is to be a new one
            return taught(one, waves, data.train_labels, seed, range(first, first + TRAINED))[0]

        return Subject(model.design, waves[:WAVES], score, retrain)

    return Case("_".join(parts), make)
