"""Worlds with features at random places, an agent that walks in them, and what its senses do to what it sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from neutnngen.errors import ConfigError

Rng = np.random.Generator
TRIES = 10_000
"""Random worlds that are looked at before it is said that none fits."""


@dataclass(frozen=True, eq=False)
class World:
    """An environment. positions: (feature, 2) cells. size: cells along each side. reach: how far, along either axis, a step can go."""

    positions: NDArray[np.int64]
    size: int
    reach: int

    @cached_property
    def near(self) -> NDArray[np.bool_]:
        """(feature, feature): whether one can be reached from the other in a step."""
        apart = np.abs(self.positions[:, None] - self.positions[None]).max(axis=2)
        return np.asarray((apart <= self.reach) & (apart > 0))

    def step(self, tail: int, head: int) -> NDArray[np.int64]:
        """Displacement in cells."""
        return np.asarray(self.positions[head] - self.positions[tail])

    def at(self, place: NDArray[np.int64]) -> int | None:
        """The feature in a cell, if there is one."""
        found = np.flatnonzero((self.positions == place).all(axis=1))
        return int(found[0]) if len(found) else None


def make_worlds(count: int, features: int, size: int, reach: int, rng: Rng, spacing: int = 2) -> list[World]:
    """Worlds in which every feature can be walked to from every other in steps that are in reach.

    spacing: cells that features are apart at least, along one axis or the other. Raises ConfigError where the cells do not suffice.
    """
    return [_world(features, size, reach, rng, spacing) for _ in range(count)]


def _world(features: int, size: int, reach: int, rng: Rng, spacing: int) -> World:
    for _ in range(TRIES):
        cells = rng.choice(size * size, features, replace=False) if features <= size * size else ()
        world = World(np.stack(np.divmod(np.array(cells, dtype=np.int64), size), axis=1), size, reach)
        apart = np.abs(world.positions[:, None] - world.positions[None]).max(axis=2) + spacing * np.eye(len(cells), dtype=np.int64)
        if len(cells) and apart.min() >= spacing and connected_components(world.near)[0] == 1:
            return world
    raise ConfigError(
        "no world of this kind was found", got=f"{features} features in {size} × {size} cells, steps up to {reach}", allowed="more room"
    )


def tour(world: World, rng: Rng) -> list[int]:
    """Features in the order in which an explorer sees all of them: on to the nearest that it has not seen, or back the way it came."""
    way = [int(rng.integers(len(world.positions)))]
    path, seen = list(way), set(way)
    while len(seen) < len(world.positions):
        here = way[-1]
        fresh = [n for n in np.flatnonzero(world.near[here]).tolist() if n not in seen]
        if fresh:
            way.append(min(fresh, key=lambda n: (int((world.step(here, n) ** 2).sum()), n)))
            seen.add(way[-1])
        else:
            way.pop()
        path.append(way[-1])
    return path


def walk(world: World, length: int, rng: Rng) -> list[int]:
    """Features that someone sees who was put down somewhere and walks at random: new ones where there are any in reach."""
    path = [int(rng.integers(len(world.positions)))]
    while len(path) < length:
        near = np.flatnonzero(world.near[path[-1]])
        fresh = np.setdiff1d(near, path)
        path.append(int(rng.choice(fresh if len(fresh) else near)))
    return path


class Sight(NamedTuple):
    """What the senses say: the feature and the displacement since the last one that was seen, in cells."""

    feature: int
    displacement: tuple[float, float]


def sights(world: World, path: Sequence[int]) -> list[Sight]:
    """What faultless senses see along a path."""
    steps = [world.step(path[max(n - 1, 0)], feature).tolist() for n, feature in enumerate(path)]
    return [Sight(feature, (float(x), float(y))) for feature, (x, y) in zip(path, steps, strict=True)]


@dataclass(frozen=True)
class Senses:
    """missing: share of features that are overlooked. wrong: share that are taken for another. jitter: chance that a component of a
    displacement is one cell too short, and the same for too long."""

    missing: float = 0.0
    wrong: float = 0.0
    jitter: float = 0.0

    def see(self, world: World, path: list[int], rng: Rng) -> list[Sight | None]:
        """What is seen along a path, None where a feature is overlooked; the first is never overlooked. Each sight is of one step; after a
        feature that was overlooked the displacement is that of both steps."""
        sights: list[Sight | None] = []
        moved = np.zeros(2, dtype=np.int64)
        for n, feature in enumerate(path):
            if n:
                moved += world.step(path[n - 1], feature) + self._off(rng)
            if n and rng.random() < self.missing:
                sights.append(None)
                continue
            sights.append(Sight(self.read(feature, len(world.positions), rng), (float(moved[0]), float(moved[1]))))
            moved = np.zeros(2, dtype=np.int64)
        return sights

    def _off(self, rng: Rng) -> NDArray[np.int64]:
        return rng.choice([-1, 0, 1], size=2, p=[self.jitter, 1 - 2 * self.jitter, self.jitter])

    def read(self, feature: int, features: int, rng: Rng) -> int:
        """What a feature, of so many, is taken for."""
        return int((feature + rng.integers(1, features)) % features) if rng.random() < self.wrong else feature


CLEAN = Senses()
NOISES = {
    "clean": CLEAN,
    "10 % missing": Senses(missing=0.1),
    "10 % wrong": Senses(wrong=0.1),
    "jitter": Senses(jitter=0.1),
    "all three": Senses(0.1, 0.1, 0.1),
}
"""By name. jitter: each component of a displacement is off by a cell in every fifth step."""
