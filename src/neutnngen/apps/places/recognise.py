"""Put down somewhere: which environment is it, and where in it? And what will be seen from there?"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.places.explore import Explored
from neutnngen.apps.places.frame import Frame
from neutnngen.apps.places.recall import Figures
from neutnngen.apps.places.world import CLEAN, NOISES, Rng, Senses, World, walk

SIGHTINGS = 6
"""Features after which recognition is measured, at most."""

ENOUGH = 4
"""Features after which it is expected."""

STEPS = 3 * SIGHTINGS
"""Length of a walk: some features are overlooked."""

TURNS = 8
"""Directions in which is looked ahead."""


def recognise_task(explored: Explored, trials: int, rng: Rng) -> Figures:
    """Environment and feature by the number of features that were observed, the first among them, under every kind of noise."""
    for noise, senses in NOISES.items():
        right = np.zeros((SIGHTINGS + 1, 4), dtype=np.int64)
        for _ in range(trials):
            environment = int(rng.integers(len(explored.worlds)))
            world = explored.worlds[environment]
            explored.frame.drop()
            path = walk(world, STEPS, rng)
            seen = 0
            for feature, sight in zip(path, senses.see(world, path, rng), strict=True):
                if sight is None:
                    continue
                explored.frame.observe(*sight)
                seen += 1
                place = explored.frame.where()
                there = place.environment == environment
                right[seen] += (there, there and place.feature == feature, place.sure, place.sure and not there)
                if seen == SIGHTINGS:
                    break
        for seen in range(2, SIGHTINGS + 1):
            names = ("environment", "environment and feature", "sure", "sure, but wrong")
            for name, count in zip(names, right[seen].tolist(), strict=True):
                yield noise, f"{name} after {seen}", count / trials, trials


def settle(frame: Frame, world: World, rng: Rng, senses: Senses = CLEAN, most: int = ENOUGH) -> int:
    """Be put down at a random feature of a world and look at ``ENOUGH`` features, or ``most`` while not sure. Returns where one has got."""
    frame.drop()
    path = walk(world, STEPS, rng)
    seen = 0
    for feature, sight in zip(path, senses.see(world, path, rng), strict=True):
        if sight is not None:
            frame.observe(*sight)
            seen += 1
            if seen >= ENOUGH and (seen >= most or frame.where().sure):
                return feature
    return path[-1]


def predict_task(explored: Explored, trials: int, rng: Rng) -> Figures:
    """After recognition: the feature at every displacement that is in reach, at displacements where there is none, and the nearest in each
    of eight directions."""
    frame = explored.frame
    hits, empty, ahead = [], [], []
    for _ in range(trials):
        world = explored.worlds[int(rng.integers(len(explored.worlds)))]
        here = settle(frame, world, rng)
        reached = explored.in_reach(world)[here]
        for head in np.flatnonzero(reached).tolist():
            x, y = world.step(here, head).tolist()
            hits.append(frame.predict((x, y)) == head)
        x, y = _nothing(world, here, frame.tolerance, rng)
        empty.append(frame.predict((x, y)) is None)
        for turn in range(TURNS):
            direction = (math.cos(2 * math.pi * turn / TURNS), math.sin(2 * math.pi * turn / TURNS))
            ahead.append(frame.ahead(direction) == _nearest(world, here, reached, direction))
    yield "clean", "feature at a displacement", float(np.mean(hits)), len(hits)
    yield "clean", "nothing where there is nothing", float(np.mean(empty)), len(empty)
    yield "clean", "nearest feature in a direction", float(np.mean(ahead)), len(ahead)


def _nothing(world: World, here: int, tolerance: int, rng: Rng) -> tuple[int, int]:
    """A displacement in reach with no feature at it or within the tolerance; of a world that has none, the emptiest that was found."""
    best, room = (0, 0), -1
    for _ in range(100):
        x, y = rng.integers(-world.reach, world.reach + 1, 2).tolist()
        apart = int(np.abs(world.positions - (world.positions[here] + (x, y))).max(axis=1).min())
        if apart > room:
            best, room = (x, y), apart
        if room > tolerance:
            break
    return best


def _nearest(world: World, here: int, reached: NDArray[np.bool_], direction: tuple[float, float]) -> int | None:
    """What ``Frame.ahead`` should find."""
    found = []
    for head in np.flatnonzero(reached).tolist():
        dx, dy = world.step(here, head).tolist()
        turn = abs(math.atan2(direction[0] * dy - direction[1] * dx, direction[0] * dx + direction[1] * dy))
        if turn <= math.pi / TURNS:
            found.append((math.hypot(dx, dy), head))
    return min(found)[1] if found else None
