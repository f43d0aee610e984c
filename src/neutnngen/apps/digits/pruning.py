"""Pruning of networks for digits: on training pairs; the pairs that are judged are never looked at before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

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
            return lowered(taught(one, waves, data.train_labels, seed, range(first, first + TRAINED))[0])

        return Subject(lowered(model.design), waves[:WAVES], score, retrain)

    return Case("_".join(parts), make)
