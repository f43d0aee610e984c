"""The graph of an environment as the layer recalls it, and paths over it, in integers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import shortest_path

from neutnngen.apps.places.evidence import EXACT, NEAR
from neutnngen.apps.places.memory import EdgeMemory
from neutnngen.apps.places.sizes import LABELS, UNKNOWN, Edges
from neutnngen.apps.places.trail import reversed_edges

PER_CELL = 16
"""Lengths are counted in sixteenths of a cell."""

MEANINGS = 16
"""Displacements of a pair of features that are looked at, if a layer that is overfull recalls several."""


def length_of(dx: int, dy: int) -> int:
    """Length of a displacement in cells, as an integer of 1 / PER_CELL cells, rounded down."""
    return math.isqrt(PER_CELL * PER_CELL * (dx * dx + dy * dy))


@dataclass(frozen=True, eq=False)
class Graph:
    """steps: (tail, head, 2) displacements in cells. known: (tail, head) bool. An edge that was learned one way is known both ways."""

    steps: NDArray[np.int64]
    known: NDArray[np.bool_]

    @cached_property
    def _paths(self) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        lengths = np.array([[length_of(*step) for step in row] for row in self.steps.tolist()])
        return shortest_path(np.where(self.known, np.maximum(lengths, 1), 0), method="D", return_predecessors=True)  # type: ignore[no-any-return]

    def path(self, start: int, goal: int) -> list[int] | None:
        """Features of the shortest path, both ends included; None where there is none."""
        before = self._paths[1][start]
        path = [goal]
        while path[-1] != start:
            if before[path[-1]] < 0:
                return None
            path.append(int(before[path[-1]]))
        return path[::-1]

    def votes(self, edges: Edges, tolerance: int) -> int:
        """How well edges fit the graph: EXACT for a displacement that is right, NEAR for one that is off by ``tolerance`` at most."""
        tails, heads = edges[:, 3], edges[:, 4]
        off = np.abs(edges[:, :2] - self.steps[tails, heads]).max(axis=1, initial=0)
        fits = np.where(off == 0, EXACT, np.where(off <= tolerance, NEAR, 0))
        return int((fits * self.known[tails, heads]).sum())

    def places(self, start: int) -> dict[int, tuple[int, int]]:
        """Features that can be reached, and where they lie from ``start``: the displacements of the shortest path, added up."""
        found = {}
        for goal in range(len(self.known)):
            path = self.path(start, goal)
            if path is not None:
                x, y = sum((self.steps[a, b] for a, b in pairwise(path)), np.zeros(2, dtype=np.int64))
                found[goal] = (int(x), int(y))
        return found


def recall_graph(memory: EdgeMemory, environment: int) -> Graph:
    """Ask for the displacement of every pair of features, and check what comes: a pair has a displacement if the whole edge is known."""
    features = memory.sizes.features
    tails, heads = np.nonzero(~np.eye(features, dtype=bool))
    pairs = np.full((len(tails), len(LABELS)), UNKNOWN)
    pairs[:, 2], pairs[:, 3], pairs[:, 4] = environment, tails, heads
    x, y = (answers.firm for answers in memory.answers_of(pairs, *LABELS[:2]))
    candidates = _combined(memory, pairs, x, y)
    edges = candidates[memory.known(candidates)]
    steps, known = np.zeros((features, features, 2), dtype=np.int64), np.zeros((features, features), dtype=bool)
    for dx, dy, _, tail, head in np.concatenate([reversed_edges(edges), edges]).tolist():  # what was walked so counts more
        steps[tail, head], known[tail, head] = (dx, dy), True
    return Graph(steps, known)


def _combined(memory: EdgeMemory, pairs: Edges, x: NDArray[np.bool_], y: NDArray[np.bool_]) -> Edges:
    """Pairs with every dx and dy that was recalled for them, the first ``MEANINGS`` of each."""
    rows = []
    for pair, dx, dy in zip(pairs, x, y, strict=True):
        both = [(a, b) for a in np.flatnonzero(dx) for b in np.flatnonzero(dy)]
        rows += [(a, b, *pair[2:]) for a, b in both[:MEANINGS]]
    edges = np.array(rows, dtype=np.int64).reshape(-1, len(LABELS))
    edges[:, :2] -= memory.sizes.zero[:2]
    return edges
