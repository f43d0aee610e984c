"""A made-up animal in a small arena."""

from __future__ import annotations

import numpy as np

from neutnngen.data import Trajectory


def track(seconds: float = 100.0, size: tuple[float, float] = (0.5, 0.4), seed: int = 1, hertz: int = 25) -> Trajectory:
    """It turns at random, goes at 0.2 m/s and is turned back by the walls."""
    rng = np.random.default_rng(seed)
    number = round(seconds * hertz) + 1
    place, angle = np.array(size) / 2, 0.0
    positions = np.empty((number, 2))
    for n in range(number):
        angle += rng.normal(0, 0.35)
        new = place + 0.2 / hertz * np.array([np.cos(angle), np.sin(angle)])
        if ((new < 0) | (new > size)).any():
            angle += np.pi / 2
            new = np.clip(new, 0, size)
        positions[n] = place = new
    return Trajectory("made up", np.arange(number) / hertz, positions, size, "nobody")
