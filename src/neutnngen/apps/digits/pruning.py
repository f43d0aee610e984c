"""Pruning of networks for digits: on training pairs; the pairs that are judged are never looked at before."""

from __future__ import annotations

from pathlib import Path

from neutnngen.apps.digits.learn import taught
from neutnngen.apps.digits.model import Model
from neutnngen.apps.digits.pairs import Split, paired_anew
from neutnngen.apps.digits.study import Task, trained
from neutnngen.apps.pruning.recipes import TRAINED_LAYERS
from neutnngen.apps.pruning.study import Case, Subject
from neutnngen.spec import Design

RECIPES = ("steps to segments", "layers, use, rounds", "layers, random, rounds")
KEEPS = (0.2, 0.1, 0.05)


def case_of(task: Task, data: Split, out: Path) -> Case:
    """A network as a case of ``run_curves``: the score is the share of the judged pairs whose digit is named.

    out: folder of the networks as they were trained; those that are not there are trained now. Synapses are scored on all training pairs.
    In a round that retrains, the voter sees the same images and recordings over the synapses that are left, paired anew in every pass.
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
            for turn in range(first, first + TRAINED_LAYERS):
                other = paired_anew(waves, data.train_labels, model.code.image_lines, [seed, 22, turn])
                one = taught(one, other, data.train_labels, seed, range(turn, turn + 1))[0]
            return one

        return Subject(model.design, waves, score, retrain, labels=data.train_labels)

    return Case("_".join(parts), make)
