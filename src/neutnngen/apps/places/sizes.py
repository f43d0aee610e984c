"""How many labels of each kind a place-cell layer has, and which line of the layer stands for which label.

An edge of a labelled graph says: from the feature ``tail`` to the feature ``head`` it is ``dx`` and ``dy`` cells, in this ``environment``.
Each label has a one-hot bus of lines; an edge is a spike at time 0 on one line of each (rule T2). Shapes: arXiv 2207.05081, 2602.01546.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.errors import ConfigError
from neutnngen.spec import NO_SPIKE
from neutnngen.spec.column import check_range

Edges = NDArray[np.int64]
"""(edge, label) in the order of ``LABELS``: dx and dy in cells, the others from 0; ``UNKNOWN`` where a label is not given."""

LABELS = ("dx", "dy", "environment", "tail", "head")
"""The labels of an edge in the order of their buses."""

RECALLED = LABELS[:3]
"""Those that have a column of neurons."""

UNKNOWN = np.iinfo(np.int64).min
"""A label that is not given."""


@dataclass(frozen=True)
class Sizes:
    """Labels of a place-cell layer.

    dx, dy: displacements in cells, from -⌊dx/2⌋ on. environments; tails, heads: features that an edge begins or ends at, the same ones.
    segments: of every dendrite, hence how many edges a neuron can keep for one head.
    """

    dx: int = 30
    dy: int = 30
    environments: int = 40
    tails: int = 10
    heads: int = 10
    segments: int = 16

    def __post_init__(self) -> None:
        for name in ("dx", "dy"):
            check_range(f"places.{name}", getattr(self, name), 3, 1 << 10)
        for name in ("environments", "tails", "heads", "segments"):
            check_range(f"places.{name}", getattr(self, name), 1, 1 << 10)
        if self.tails != self.heads:
            raise ConfigError("tails and heads are the same features", got=f"{self.tails} and {self.heads}", allowed="one number")

    @cached_property
    def counts(self) -> tuple[int, int, int, int, int]:
        """Lines of every bus."""
        return self.dx, self.dy, self.environments, self.tails, self.heads

    @property
    def features(self) -> int:
        """Features that an environment can have."""
        return self.tails

    @cached_property
    def first(self) -> tuple[int, int, int, int, int, int]:
        """Number of the first line of every bus, and of all lines."""
        at = np.concatenate([[0], np.cumsum(self.counts)])
        return tuple(int(n) for n in at)  # type: ignore[return-value]

    @property
    def lines(self) -> int:
        """Lines of the layer."""
        return sum(self.counts)

    @cached_property
    def zero(self) -> NDArray[np.int64]:
        """What is added to a label to get its place on the bus: displacements can be negative."""
        return np.array([self.dx // 2, self.dy // 2, 0, 0, 0])

    @property
    def reach(self) -> int:
        """Farthest displacement, in cells along either axis, that can be kept in both directions."""
        return (min(self.dx, self.dy) - 1) // 2

    @property
    def synapses(self) -> int:
        """Every neuron sees the other two buses, the tails and its own line with each segment, and one head with each dendrite's."""
        buses = self.dx + self.dy + self.environments
        distal = sum(n * (buses - n + 1 + self.tails) for n in self.counts[:3])
        return (distal + buses) * self.heads * self.segments

    @cached_property
    def _bounds(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """The smallest and the largest label of every kind, and what is added to a label to get its line."""
        return -self.zero, np.array(self.counts) - self.zero - 1, self.zero + np.array(self.first[:-1])

    def waves(self, edges: Edges) -> NDArray[np.uint8]:
        """(edge, line) spike times: a spike at 0 on the line of every label that is given. Raises ConfigError for a label out of range."""
        self.check(edges)
        waves = np.full((len(edges), self.lines), NO_SPIKE, dtype=np.uint8)
        edge, label = np.nonzero(edges != UNKNOWN)
        waves[edge, (edges + self._bounds[2])[edge, label]] = 0
        return waves

    def check(self, edges: Edges) -> None:
        """Raise ConfigError unless all labels that are given are in range."""
        if edges.ndim != 2 or edges.shape[1] != len(LABELS):
            raise ConfigError("edges have the wrong shape", got=edges.shape, allowed=f"(edge, {len(LABELS)}): {', '.join(LABELS)}")
        low, high, _ = self._bounds
        wrong = (edges != UNKNOWN) & ((edges < low) | (edges > high))
        if wrong.any():
            edge, label = np.argwhere(wrong)[0]
            raise ConfigError(
                f"the {LABELS[label]} of an edge is out of range", got=edges[edge, label], allowed=f"{low[label]} … {high[label]}"
            )

    def holds(self, displacements: Any) -> NDArray[np.bool_]:
        """(…,) whether displacements (…, 2) in cells have lines."""
        at = np.asarray(displacements) + self.zero[:2]
        return np.asarray(((at >= 0) & (at < self.counts[:2])).all(axis=-1))


FULL = Sizes()
"""The published layer: 1,248,000 synapses."""

REDUCED = Sizes(3, 3, 4, 5, 5)
"""Its reduced form, for layout: 10,880 synapses."""

NAMED = {"full": FULL, "reduced": REDUCED}
