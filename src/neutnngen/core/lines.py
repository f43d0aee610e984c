"""From output times to the input times of what reads them (rules T4, L2)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from neutnngen.spec import NO_SPIKE, NetworkSpec


def rebased(times: NDArray[np.uint8], base: int, t_in_max: int) -> NDArray[np.uint8]:
    """Rule T4: ``base`` taken off, and what is beyond ``t_in_max`` silent. Any shape."""
    return _rebase_table(base, t_in_max)[times]


@lru_cache(maxsize=64)
def _rebase_table(base: int, t_in_max: int) -> NDArray[np.uint8]:
    """(time,) what becomes of each; a look-up takes a tenth of the time of the arithmetic."""
    moved = np.arange(256) - base
    return np.where((np.arange(256) == NO_SPIKE) | (moved > t_in_max), NO_SPIKE, moved).astype(np.uint8)


def lines_read(network: NetworkSpec, times: Sequence[NDArray[np.uint8]], t_in_max: int) -> NDArray[np.uint8]:
    """All lines that are known so far as a reader with ``t_in_max`` sees them: (…, line).

    times: the inputs, then the outputs of layer 0, 1, … before re-basing, each (…, line).
    """
    bases = [0, *(layer.rebase for layer in network.layers)]
    return np.concatenate([rebased(part, base, t_in_max) for part, base in zip(times, bases, strict=False)], axis=-1)


def outputs_read(network: NetworkSpec, layers: Sequence[NDArray[np.uint8]], t_in_max: int) -> NDArray[np.uint8]:
    """The network's output lines as a voter with ``t_in_max`` sees them: (…, line). layers: outputs of every layer, before re-basing."""
    return np.concatenate([rebased(layers[n], network.layers[n].rebase, t_in_max) for n in network.output_layers], axis=-1)


def only_line(outputs: NDArray[np.uint8]) -> NDArray[np.int32]:
    """(wave,): the one line that spikes, -1 if none or several. outputs: (wave, line)."""
    fired = outputs != NO_SPIKE
    waves, first = np.arange(len(fired)), fired.argmax(axis=1)
    some = fired[waves, first]
    fired[waves, first] = False
    return np.where(some & ~fired.any(axis=1), first, -1).astype(np.int32)


def most_votes(votes: NDArray[np.int32]) -> NDArray[np.int32]:
    """(wave,): the class with most votes, the lowest of equal ones, -1 where nobody votes. votes: (wave, class)."""
    return np.where(votes.max(axis=1, initial=0) > 0, votes.argmax(axis=1), -1).astype(np.int32)
