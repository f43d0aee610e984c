"""Where a robot has been since it began to look around: features that it observed, and how far they lie apart by its own odometry."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from neutnngen.apps.places.sizes import Edges, Sizes


class Sighting(NamedTuple):
    """A feature and where it was seen, in cells from where the trail began (not rounded)."""

    feature: int
    x: float
    y: float


class Trail:
    """The last ``span`` + 1 sightings. span: to how many earlier ones the newest is related, hence what a step costs at most."""

    def __init__(self, span: int) -> None:
        self._sightings: deque[Sighting] = deque(maxlen=span + 1)

    def __len__(self) -> int:
        return len(self._sightings)

    def __iter__(self) -> Iterator[Sighting]:
        return iter(self._sightings)

    @property
    def last(self) -> Sighting:
        """The newest sighting."""
        return self._sightings[-1]

    def clear(self) -> None:
        """Forget all sightings."""
        self._sightings.clear()

    def add(self, feature: int, x: float, y: float) -> None:
        """Move on by (x, y) cells and see a feature there."""
        at = (self.last.x, self.last.y) if self._sightings else (0.0, 0.0)
        self._sightings.append(Sighting(feature, at[0] + x, at[1] + y))

    def edges(self, sizes: Sizes, environment: int, head: int | None = None) -> Edges:
        """Edges from every earlier sighting to the newest, oldest first. One that fits the layer only the other way round is turned; those
        that fit neither way, or end where they begin, are left out. head: the newest feature, if not the one that was read."""
        new = self.last
        head = new.feature if head is None else head
        rows = [(round(new.x - old.x), round(new.y - old.y), environment, old.feature, head) for old in list(self._sightings)[:-1]]
        edges = np.array(rows, dtype=np.int64).reshape(-1, 5)
        back = ~sizes.holds(edges[:, :2])
        edges[back] = reversed_edges(edges[back])
        return np.asarray(edges[sizes.holds(edges[:, :2]) & (edges[:, 3] != edges[:, 4])])


def reversed_edges(edges: Edges) -> Edges:
    """The same edges walked the other way."""
    return np.column_stack([-edges[:, :2], edges[:, 2], edges[:, 4], edges[:, 3]])
