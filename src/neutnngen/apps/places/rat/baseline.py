"""The yardstick: the moment of the learning time whose code is nearest, remembered whole."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.places.rat.code import LEVELS, Times
from neutnngen.spec import NO_SPIKE

BLOCK = 512


def nearest_moments(learned: Times, asked: Times) -> NDArray[np.int64]:
    """(wave,) number of the learned wave at the smallest L1 distance of spike times; no spike counts as one later than the last. The first
    of equals.

    learned, asked: (wave, line). The distance is computed exactly: times as bits, one per clock, differ in as many bits as clocks.
    """
    memory, squares = _bits(learned)
    made = []
    for start in range(0, len(asked), BLOCK):
        query, _ = _bits(asked[start : start + BLOCK])
        distance = squares[None] - 2 * (query @ memory.T)
        made.append(distance.argmin(axis=1))
    return np.concatenate(made) if made else np.zeros(0, np.int64)


def _bits(times: Times) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(wave, line × clock) 1 where a line has not spiked by a clock, and how many of them; float32 holds such counts exactly."""
    waits = np.where(times == NO_SPIKE, LEVELS, times)[..., None] > np.arange(LEVELS)
    bits = waits.reshape(len(times), -1).astype(np.float32)
    return bits, bits.sum(axis=1)
