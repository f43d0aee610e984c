"""Put down somewhere, find out where, and go to a feature by name over edges that were learned."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.sparse.csgraph import shortest_path

from neutnngen.apps.places.explore import Explored
from neutnngen.apps.places.recall import Figures
from neutnngen.apps.places.recognise import settle
from neutnngen.apps.places.world import NOISES, Rng, Senses, World

LEGS = 20
"""After so many legs a journey has failed."""

LOOKS = 8
"""Features that are looked at, before it sets out, by one who is not sure where he is."""


class Journey(NamedTuple):
    """path: features, the start first. arrived: at the goal, and knowing it. walked: length in cells. shortest: of the shortest way in
    steps that the layer can hold; straight: as the crow flies."""

    path: list[int]
    arrived: bool
    walked: float
    shortest: float
    straight: float


def travel(explored: Explored, world: World, start: int, goal: int, senses: Senses, rng: Rng) -> Journey:
    """Go from leg to leg: ask for the way, walk its first step, look whether there is a feature within a cell, observe it, ask again.

    A feature that is not the one that was expected is looked at twice. Where nothing is found, or no way is known, the traveller goes on to
    any feature in reach and asks from there.
    """
    frame = explored.frame
    here, path = start, [start]
    while len(path) <= LEGS:
        place = frame.where()
        if place.feature == goal:
            break
        way = None if place.environment is None else frame.path_to(goal)
        found = None if way is None else _arrive(world, here, way.steps[0])
        expected = None if way is None else way.features[1]
        if found is None:
            found = int(rng.choice(np.flatnonzero(world.near[here])))
        sight = senses.see(world, [here, found], rng)[1]
        while sight is None:  # it was overlooked: look again
            sight = senses.see(world, [here, found], rng)[1]
        frame.observe(*sight)
        if sight.feature != expected:
            frame.observe(senses.read(found, len(world.positions), rng))
        here = found
        path.append(here)
    apart = np.hypot(*np.moveaxis(world.positions[None] - world.positions[:, None], 2, 0))
    walked = sum(float(apart[a, b]) for a, b in pairwise(path))
    shortest = float(shortest_path(np.where(explored.in_reach(world), apart, 0), method="D", indices=start)[goal])
    return Journey(path, here == goal and frame.where().feature == goal, walked, shortest, float(apart[start, goal]))


def _arrive(world: World, here: int, step: tuple[float, float]) -> int | None:
    """The feature within a cell of where a step leads."""
    target = world.positions[here] + np.rint(step).astype(np.int64)
    apart = np.abs(world.positions - target).max(axis=1)
    found = int(apart.argmin())
    return found if apart[found] <= 1 and found != here else None


def navigate_task(explored: Explored, trials: int, rng: Rng) -> Figures:
    """Journeys under every kind of noise."""
    for noise, senses in NOISES.items():
        journeys = []
        for _ in range(trials):
            world = explored.worlds[int(rng.integers(len(explored.worlds)))]
            start = settle(explored.frame, world, rng, senses, LOOKS)
            goal = int(rng.choice([f for f in range(len(world.positions)) if f != start]))
            journeys.append(travel(explored, world, start, goal, senses, rng))
        there = [j for j in journeys if j.arrived]
        yield noise, "arrived", len(there) / len(journeys), len(journeys)
        if there:
            yield noise, "length / shortest", sum(j.walked for j in there) / sum(j.shortest for j in there), len(there)
            yield noise, "length / shortest, worst", max(j.walked / j.shortest for j in there), len(there)
            yield noise, "length / straight line", sum(j.walked for j in there) / sum(j.straight for j in there), len(there)
            yield noise, "legs", float(np.mean([len(j.path) - 1 for j in there])), len(there)
