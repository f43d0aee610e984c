"""Votes for environments: counters that add up what the environment column answers, observation by observation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.places.memory import EdgeMemory
from neutnngen.apps.places.sizes import LABELS, UNKNOWN, Edges, Sizes
from neutnngen.apps.places.trail import reversed_edges

EXACT, NEAR = 2, 1
"""Votes for a displacement that is exactly right, and for one beside it."""

MOST = 255
"""Counters of eight bits stop here."""

ENVIRONMENT = LABELS.index("environment")


def spread(edges: Edges, tolerance: int) -> tuple[Edges, NDArray[np.int64]]:
    """Every edge with all displacements up to ``tolerance`` cells away, (edge × displacement, label), and the votes of each of these."""
    steps = np.arange(-tolerance, tolerance + 1)
    moves = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2)
    tried = np.repeat(edges, len(moves), axis=0)
    tried[:, :2] += np.tile(moves, (len(edges), 1))
    return tried, np.where((moves == 0).all(axis=1), EXACT, NEAR)


def ballots(memory: EdgeMemory, edges: Edges, tolerance: int) -> NDArray[np.int64]:
    """(edge, environment) votes of edges whose environment is not given, each asked in both directions: the best of all displacements."""
    counts: NDArray[np.int64] = np.zeros((len(edges), memory.sizes.environments), dtype=np.int64)
    for way in (edges, reversed_edges(edges)):
        tried, votes = spread(way, tolerance)
        asked = np.flatnonzero(memory.sizes.holds(tried[:, :2]))
        questions = tried[asked]
        questions[:, ENVIRONMENT] = UNKNOWN
        found = np.zeros((len(tried), memory.sizes.environments), dtype=np.int64)
        found[asked] = memory.answers(questions, LABELS[ENVIRONMENT]).firm
        best = (found.reshape(len(edges), len(votes), memory.sizes.environments) * votes[:, None]).max(axis=1, initial=0)
        counts = np.maximum(counts, best)
    return counts


def support(memory: EdgeMemory, edges: Edges, tolerance: int) -> NDArray[np.int64]:
    """(edge,) votes of edges with an environment: EXACT where it is known as it is or walked the other way, NEAR where one beside it is."""
    return np.asarray(ballots(memory, edges, tolerance)[np.arange(len(edges)), edges[:, ENVIRONMENT]])


class Votes:
    """A counter per environment."""

    def __init__(self, sizes: Sizes) -> None:
        self.counts = np.zeros(sizes.environments, dtype=np.int64)

    def clear(self) -> None:
        """Forget all votes."""
        self.counts[:] = 0

    def add(self, ballot: NDArray[np.int64]) -> None:
        """ballot: (edge, environment)."""
        self.counts = np.minimum(self.counts + ballot.sum(axis=0), MOST)

    @property
    def winner(self) -> int | None:
        """The environment with most votes, the lowest of equal ones; None without votes."""
        best = int(self.counts.argmax())
        return best if self.counts[best] else None

    @property
    def lead(self) -> int:
        """By how many votes it leads the next."""
        if len(self.counts) == 1:
            return int(self.counts[0])
        second, first = np.sort(self.counts)[-2:]
        return int(first - second)
