"""The reference engine: a clock loop in plain Python integers, written to be read, the judge of all others.

It follows `docs/semantics.md` rule by rule and shares no code with the fast engines but the specification and the random bits.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from neutnngen.core.lfsr import ColumnBits, draw_column
from neutnngen.engine.checks import check_waves
from neutnngen.engine.protocol import Trace
from neutnngen.spec import NO_SPIKE, ColumnSpec, Design

Weights = list[list[int]]


def synapse_response(t: int, x: int, w: int, column: ColumnSpec) -> int:
    """ρ(t) of one synapse (rules S2, S3, S4)."""
    if x == NO_SPIKE or t < x:
        return 0
    return min(t - x + 1, w) if column.response == "rnl" else w


def run_wave(times: list[int], weights: Weights, column: ColumnSpec) -> tuple[int, int]:
    """One wave without learning: index of the winner (-1 if none) and the unit clock at which it fires (NO_SPIKE if none)."""
    for t in range(column.horizon):  # T3
        potential = [sum(synapse_response(t, x, w, column) for x, w in zip(times, row, strict=True)) for row in weights]  # G1
        firing = [j for j, v in enumerate(potential) if v >= column.threshold]
        if firing:  # the first clock at which anybody fires holds all the earliest (D1)
            if column.tie == "largest_potential":
                best = max(potential[j] for j in firing)
                firing = [j for j in firing if potential[j] == best]
            return firing[0], t
    return -1, NO_SPIKE


def learn_wave(
    times: list[int], winner: int, fired_at: int, weights: Weights, mask: list[list[bool]], bits: ColumnBits, column: ColumnSpec
) -> Weights:
    """Weights after the wave, one synapse at a time (rules R1…R5)."""
    after: Weights = []
    for j, row in enumerate(weights):
        y = fired_at if j == winner else NO_SPIKE
        new_row = []
        for i, w in enumerate(row):
            x = times[i]
            change = 0
            if NO_SPIKE not in (x, y) and x <= y:  # R1 capture
                change = int(bits.capture and (bits.minimum or bits.up[w]))
            elif NO_SPIKE not in (x, y):  # R2 minus
                change = -int(bits.minus and (bits.minimum or bits.down[w]))
            elif x != NO_SPIKE:  # R3 search
                change = int(bits.search)
            elif y != NO_SPIKE:  # R4 backoff
                change = -int(bits.backoff and (bits.minimum or bits.down[w]))
            exists = mask[j][i]
            new_row.append(min(max(w + change, 0), column.w_max) if exists else 0)  # clamp; S4
        after.append(new_row)
    return after


class ReferenceEngine:
    """See the module's docstring."""

    name = "reference"

    def run(self, design: Design, inputs: NDArray[np.uint8], learn: NDArray[np.bool_] | bool, *, keep_weights: bool = False) -> Trace:
        column = design.column
        waves, learning = check_waves(column, inputs, learn)
        weights: Weights = design.weights.tolist()
        mask: list[list[bool]] = design.mask.tolist()
        state = design.lfsr_state
        count = len(waves)
        outputs = np.full((count, column.neurons), NO_SPIKE, dtype=np.uint8)
        winners = np.full(count, -1, dtype=np.int32)
        history = np.zeros((count, column.neurons, column.inputs), dtype=np.uint8) if keep_weights else None
        states = np.zeros(count, dtype=np.uint64)
        for n, times in enumerate(waves.tolist()):
            winner, fired_at = run_wave(times, weights, column)
            winners[n] = winner
            if winner >= 0:
                outputs[n, winner] = fired_at
            if learning[n]:  # R11: otherwise neither weights nor random state change
                bits, state = draw_column(state, column)
                weights = learn_wave(times, winner, fired_at, weights, mask, bits, column)
            states[n] = state
            if history is not None:
                history[n] = weights
        final = replace(design, weights=np.array(weights, dtype=np.uint8).reshape(design.weights.shape), lfsr_state=state)
        return Trace(outputs, winners, history, states, final)
