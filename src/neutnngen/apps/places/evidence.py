"""Votes for environments: counters that add up what the environment column answers, observation by observation."""

from __future__ import annotations

from functools import lru_cache

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
    moves, votes = _moves(tolerance)
    tried = np.repeat(edges, len(moves), axis=0)
    tried.reshape(len(edges), len(moves), len(LABELS))[:, :, :2] += moves
    return tried, votes


@lru_cache(maxsize=8)
def _moves(tolerance: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    steps = np.arange(-tolerance, tolerance + 1)
    moves = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2)
    return moves, np.where((moves == 0).all(axis=1), EXACT, NEAR)


def ballots(memory: EdgeMemory, edges: Edges, tolerance: int) -> NDArray[np.int64]:
    """(edge, environment) votes of edges whose environment is not given, each asked in both directions: the best of all displacements."""
    tried, votes = spread(np.concatenate([edges, reversed_edges(edges)]), tolerance)
    tried[:, ENVIRONMENT] = UNKNOWN
    held = memory.sizes.holds(tried[:, :2])
    found = np.zeros((len(tried), memory.sizes.environments), dtype=np.int64)
    found[held] = memory.answers(tried[held], LABELS[ENVIRONMENT]).firm
    best = (found.reshape(2, len(edges), len(votes), memory.sizes.environments) * votes[:, None]).max(axis=(0, 2), initial=0)
    return np.asarray(best)


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
