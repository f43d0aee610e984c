# mypy: disable-error-code="untyped-decorator"
"""The yardstick: a column as one would first write it for a compiler, clock by clock and synapse by synapse, ramp-no-leak.

It gives the same results as the engines (rule A2) and stops a wave at its first firing clock; the benchmark checks both.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from neutnngen.spec import DRAW_BITS, NO_SPIKE


@njit(cache=True, nogil=True)
def plain_column(
    horizon: int,
    threshold: int,
    w_max: int,
    width: int,
    taps: Any,
    mu: Any,
    up: Any,
    down: Any,
    weights: Any,
    exists: Any,
    waves: Any,
    learn: Any,
    state: Any,
    outputs: Any,
) -> Any:
    """Waves of one column (rnl, ties to the lowest index); ``weights`` change in place, the new random state is returned.

    weights: (neuron, input) uint8. exists: (neuron, input) bool. Others as in the compiled engine's ``run_column``.
    """
    neurons, inputs = weights.shape
    full = (np.uint64(1) << np.uint64(width)) - np.uint64(1)
    draws = np.zeros(5 + w_max + 1, np.int64)
    for n in range(waves.shape[0]):
        times = waves[n]
        winner = -1
        fired = NO_SPIKE
        for t in range(horizon):
            for j in range(neurons):
                potential = 0
                for i in range(inputs):
                    if times[i] <= t:
                        potential += min(t - times[i] + 1, weights[j, i])
                if potential >= threshold:
                    winner = j
                    fired = t
                    break
            if winner >= 0:
                break
        if winner >= 0:
            outputs[n, winner] = fired
        if learn[n]:
            for d in range(draws.size):
                for _ in range(DRAW_BITS):
                    bit = np.uint64(0)
                    for tap in taps:
                        bit ^= state >> np.uint64(tap - 1)
                    state = ((state << np.uint64(1)) | (bit & np.uint64(1))) & full
                draws[d] = state & np.uint64(1023)
            for j in range(neurons):
                if j != winner and draws[2] >= mu[2]:
                    continue  # without the search bit a loser learns nothing
                for i in range(inputs):
                    if not exists[j, i]:
                        continue
                    w = weights[j, i]
                    if j != winner:
                        if times[i] != NO_SPIKE and w < w_max:
                            weights[j, i] = w + 1
                    elif times[i] <= fired:
                        if w < w_max and draws[0] < mu[0] and (draws[4] < mu[4] or draws[5 + w] < up[w]):
                            weights[j, i] = w + 1
                    elif times[i] != NO_SPIKE:
                        if w > 0 and draws[1] < mu[1] and (draws[4] < mu[4] or draws[5 + w] < down[w]):
                            weights[j, i] = w - 1
                    elif w > 0 and draws[3] < mu[3] and (draws[4] < mu[4] or draws[5 + w] < down[w]):
                        weights[j, i] = w - 1
    return state


@njit(cache=True, nogil=True)
def plain_columns(
    horizon: int, threshold: int, w_max: int, width: int, taps: Any, mu: Any, up: Any, down: Any, weights: Any, exists: Any, waves: Any,
    learn: Any, state: Any, outputs: Any,
) -> None:  # fmt: skip
    """Many columns of one kind, all arrays with the columns first; ``weights`` and ``state`` change in place."""
    for c in range(waves.shape[0]):
        state[c] = plain_column(
            horizon, threshold, w_max, width, taps, mu, up, down, weights[c], exists[c], waves[c], learn, state[c], outputs[c]
        )
