"""Does the layer give back what it was shown? All labels of all edges of explored worlds, and of random edges until it fails."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.places.explore import Explored, Setting
from neutnngen.apps.places.layer import build_layer
from neutnngen.apps.places.memory import EdgeMemory
from neutnngen.apps.places.sizes import LABELS, RECALLED, UNKNOWN, Edges, Sizes
from neutnngen.apps.places.world import Rng

Figures = Iterator[tuple[str, str, float, int]]
"""(condition, measure, value, count), as in ``results.Row``."""

CAPACITY_STEPS = (250, 500, 1000, 1500, 2000, 3000, 4000, 5000, 6000, 8000, 10000, 14000, 20000)
"""Edges after which a full layer is asked; a layer of another size in proportion."""

ASKED = 400
"""Edges that are asked for at each of these."""


class Score(NamedTuple):
    """Shares of questions. exact: the answer is what was stored and nothing else. extra: that, and more. wrong: something else only.
    silent: nothing."""

    exact: float
    extra: float
    wrong: float
    silent: float


def score_recall(memory: EdgeMemory, asked: Edges, stored: Edges, label: str) -> Score:
    """Ask for a label of edges, of which the layer knows ``stored``. Where several stored edges fit a question (two environments in which
    the same features lie alike), all of them are the answer."""
    place = LABELS.index(label)
    truth: dict[tuple[int, ...], set[int]] = defaultdict(set)
    for edge in stored.tolist():
        truth[*edge[:place], *edge[place + 1 :]].add(edge[place] + int(memory.sizes.zero[place]))
    questions = asked.copy()
    questions[:, place] = UNKNOWN
    firm = memory.answers(questions, label).firm
    kinds = [
        _kind(set(np.flatnonzero(row).tolist()), truth[*edge[:place], *edge[place + 1 :]])
        for row, edge in zip(firm, asked.tolist(), strict=True)
    ]
    return Score(*(kinds.count(kind) / max(len(kinds), 1) for kind in Score._fields))


def _kind(answer: set[int], truth: set[int]) -> str:
    if answer == truth:
        return "exact"
    if not answer:
        return "silent"
    return "extra" if truth and answer >= truth else "wrong"


def recall_task(explored: Explored) -> Figures:
    """Every label of every edge that was stored, after one exploration."""
    edges, memory = explored.edges, explored.frame.memory
    for label in LABELS:
        yield "one exploration", label, score_recall(memory, edges, edges, label).exact, len(edges)
    environments = len(explored.worlds)
    yield "one exploration", "edges stored", float(len(edges)), environments
    yield "one exploration", "observations", float(explored.observations), environments


def random_edges(sizes: Sizes, count: int, rng: Rng) -> Edges:
    """Edges with labels drawn evenly, no two between the same features of the same environment at the same displacement."""
    made: NDArray[np.int64] = np.zeros((0, len(LABELS)), dtype=np.int64)
    while len(made) < count:
        more = np.stack([rng.integers(0, n, 2 * count) for n in sizes.counts], axis=1) - sizes.zero
        rows = np.concatenate([made, more[more[:, 3] != more[:, 4]]])
        made = rows[np.sort(np.unique(rows, axis=0, return_index=True)[1])]
    return made[:count]


def capacity_task(setting: Setting, seed: int, taught: bool = True) -> Figures:
    """Store random edges, and ask on the way for all of them alike and for the latest. taught: see ``build_layer``."""
    rng = np.random.default_rng(seed)
    sizes = setting.sizes
    share = sizes.environments * sizes.heads * sizes.segments / (Sizes().environments * Sizes().heads * Sizes().segments)
    steps = sorted({max(round(n * share), 10) for n in CAPACITY_STEPS})
    most = sizes.dx * sizes.dy * sizes.environments * sizes.tails * (sizes.heads - 1) // 2
    steps = [n for n in steps if n <= most]
    edges, memory = random_edges(sizes, steps[-1], rng), EdgeMemory(build_layer(sizes, taught=taught))
    stored = 0
    for count in steps:
        memory.store(edges[stored:count])
        stored = count
        known = edges[:count]
        asked = known[rng.choice(count, min(count, ASKED), replace=False)]
        scores = np.array([score_recall(memory, asked, known, label) for label in RECALLED]).mean(axis=0)
        latest = [score_recall(memory, known[-ASKED // 4 :], known, label) for label in RECALLED]
        condition = f"{count} edges"
        for kind, value in zip(Score._fields, scores.tolist(), strict=True):
            yield condition, kind, value, len(asked) * len(RECALLED)
        yield condition, "latest, exact or more", float(np.mean([s.exact + s.extra for s in latest])), len(latest) * min(count, ASKED // 4)
