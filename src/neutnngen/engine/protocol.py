"""What every engine offers, and the record that engines, RTL and gates are compared by (rule A2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from neutnngen.spec import Design


@dataclass(frozen=True, eq=False)
class Trace:
    """What happened in a run of waves.

    outputs: (wave, neuron) uint8, output spike times after inhibition, NO_SPIKE where none.
    winners: (wave,) int32, index of the winning neuron, -1 if none.
    weights: (wave, neuron, input) uint8, weights after every wave; None where the run was told not to keep them.
    lfsr: (wave,) uint64, random state after every wave.
    final: the Design after the last wave.
    """

    outputs: NDArray[np.uint8]
    winners: NDArray[np.int32]
    weights: NDArray[np.uint8] | None
    lfsr: NDArray[np.uint64]
    final: Design


class Engine(Protocol):
    """One meaning, many engines: ``run`` is pure, the Design that comes in is never changed."""

    name: str

    def run(self, design: Design, inputs: NDArray[np.uint8], learn: NDArray[np.bool_] | bool, *, keep_weights: bool = False) -> Trace:
        """Run waves one after another.

        inputs: (wave, input) uint8 spike times, 0 … t_in_max or NO_SPIKE. learn: per wave, or one value for all (rule R11).
        """
        ...
