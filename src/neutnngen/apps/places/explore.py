"""Learn worlds by walking through them once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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
    """Worlds and the frame that has learned them. edges: (edge, label) all that were stored, in their order. observations: how many."""

    setting: Setting
    worlds: list[World]
    frame: Frame
    edges: Edges
    observations: int


def explore(setting: Setting, seed: int, senses: Senses = CLEAN) -> Explored:
    """Walk through every environment once (``tour``), learning on line."""
    rng = np.random.default_rng(seed)
    worlds = setting.worlds(rng)
    frame = Frame(setting.sizes, span=setting.span, tolerance=setting.tolerance)
    stored, observations = [], 0
    for world in worlds:
        frame.enter()
        for sight in senses.see(world, tour(world, rng), rng):
            if sight is not None:
                stored.append(frame.observe(*sight).stored)
                observations += 1
    return Explored(setting, worlds, frame, np.concatenate(stored), observations)
