"""Learn worlds by walking through them once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.places.frame import Frame
from neutnngen.apps.places.sizes import Edges, Sizes
from neutnngen.apps.places.world import CLEAN, Rng, Senses, World, make_worlds, tour


@dataclass(frozen=True)
class Setting:
    """A benchmark world. sizes: of the layer. environments, features: how many are used. size: cells along a side of an environment.
    spacing: cells between features. span, tolerance: see Frame."""

    sizes: Sizes
    environments: int
    features: int
    size: int
    spacing: int = 2
    span: int = 15
    tolerance: int = 1

    def worlds(self, rng: Rng) -> list[World]:
        """One for every environment."""
        return make_worlds(self.environments, self.features, self.size, self.sizes.reach, rng, self.spacing)


FULL_SETTING = Setting(Sizes(), 40, 10, 30)
REDUCED_SETTING = Setting(Sizes(3, 3, 4, 5, 5), 4, 5, 3, spacing=1, tolerance=0)
SETTINGS = {"full": FULL_SETTING, "reduced": REDUCED_SETTING}


@dataclass(frozen=True, eq=False)
class Explored:
    """Worlds and the frame that has learned them. ways: features in the order in which each was walked. edges: (edge, label) all that were
    stored, in their order. observations: how many."""

    setting: Setting
    worlds: list[World]
    frame: Frame
    ways: list[list[int]]
    edges: Edges
    observations: int

    def in_reach(self, world: World) -> NDArray[np.bool_]:
        """(feature, feature) whether the layer can hold the step from one to the other, as it is or turned round."""
        steps = world.positions[None] - world.positions[:, None]
        holds = self.setting.sizes.holds(steps)
        return np.asarray((holds | holds.T) & ~np.eye(len(steps), dtype=bool))


def explore(setting: Setting, seed: int, senses: Senses = CLEAN) -> Explored:
    """Walk through every environment once (``tour``), learning on line."""
    rng = np.random.default_rng(seed)
    worlds = setting.worlds(rng)
    frame = Frame(setting.sizes, span=setting.span, tolerance=setting.tolerance)
    ways: list[list[int]] = []
    stored, observations = [], 0
    for world in worlds:
        frame.enter()
        ways.append(tour(world, rng))
        for sight in senses.see(world, ways[-1], rng):
            if sight is not None:
                stored.append(frame.observe(*sight).stored)
                observations += 1
    return Explored(setting, worlds, frame, ways, np.concatenate(stored), observations)
