"""Pruning of a layer of place cells that has explored its worlds: it is asked for every edge again."""

from __future__ import annotations

import numpy as np

from neutnngen.apps.places.explore import explore
from neutnngen.apps.places.memory import EdgeMemory
from neutnngen.apps.places.recall import score_recall
from neutnngen.apps.places.sizes import LABELS, RECALLED, UNKNOWN
from neutnngen.apps.places.study import named_setting
from neutnngen.apps.pruning.study import Case, Subject
from neutnngen.spec import Design


def case_of(name: str) -> Case:
    """A setting as a case of ``run_curves``. The waves are the questions for dx, dy and the environment of every stored edge; the score is
    the share of labels that are recalled exactly, all five of every edge, and the other measure that of the worst label.

    Thresholds stay: *when* a neuron fires tells how well a question matches, so θ is part of the meaning. A pruned layer keeps what it
    knows; the synapses by which it could learn more edges are what is removed.
    """
    setting = named_setting(name)

    def make(seed: int) -> Subject:
        explored = explore(setting, seed)
        edges = explored.edges
        asked = []
        for label in RECALLED:
            questions = edges.copy()
            questions[:, LABELS.index(label)] = UNKNOWN
            asked.append(setting.sizes.waves(questions))

        def score(one: Design) -> tuple[float, float]:
            memory = EdgeMemory(one)
            exact = [score_recall(memory, edges, edges, label).exact for label in LABELS]
            return float(np.mean(exact)), min(exact)

        return Subject(explored.frame.design(), np.concatenate(asked), score, fixed=True)

    return Case(name, make)
