"""What is written down about a pass: a tally of spikes while it runs, a record of each learning stage at its end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neutnngen.engine import Result
from neutnngen.spec import NO_SPIKE, NetworkSpec, NetworkState


@dataclass(frozen=True)
class EpochRecord:
    """What one pass over the waves did to one stage that learned.

    epoch: from 1. firing: share of waves in which some output line of the stage fired. busiest: share of all its wins (spikes after
    inhibition) that its busiest line had. drift: mean absolute change over the pass of the weights that exist. stage: number of the layer,
    or the number of layers for the voter. dead: share of output lines that never fired. accuracy: of the voter, share of waves whose
    label it named while it learned; None for layers. The lines of a voter are its classes, and the class that it names fires.
    """

    epoch: int
    firing: float
    busiest: float
    drift: float
    stage: int = 0
    dead: float = 0.0
    accuracy: float | None = None


@dataclass(frozen=True, eq=False)
class Tally:
    """Counts of one stage in the present pass. fired: waves with a spike. wins: (line,) int64 spikes. correct: waves that the voter got
    right."""

    fired: int
    wins: NDArray[np.int64]
    correct: int

    @classmethod
    def blank(cls, network: NetworkSpec, stage: int) -> Tally:
        """Nothing counted yet."""
        if network.voter is not None and stage == len(network.layers):
            return cls(0, np.zeros(network.voter.classes, dtype=np.int64), 0)
        return cls(0, np.zeros(network.layers[stage].lines, dtype=np.int64), 0)

    def plus(self, stage: int, result: Result, labels: NDArray[np.int64] | None) -> Tally:
        """With the waves of ``result``, which keeps its layers. labels: (wave,)."""
        layers = result.layers or ()
        if stage < len(layers):
            spikes, correct = layers[stage] != NO_SPIKE, 0
        else:
            spikes = result.winners[:, None] == np.arange(len(self.wins))
            correct = 0 if labels is None else int((result.winners == labels).sum())
        return Tally(self.fired + int(spikes.any(axis=1).sum()), self.wins + spikes.sum(axis=0), self.correct + correct)

    def record(self, network: NetworkSpec, epoch: int, stage: int, waves: int, drift: float) -> EpochRecord:
        """At the end of a pass of ``waves`` waves."""
        wins = int(self.wins.sum())
        return EpochRecord(
            epoch,
            self.fired / waves,
            int(self.wins.max()) / max(wins, 1),
            drift,
            stage,
            int((self.wins == 0).sum()) / len(self.wins),
            self.correct / waves if stage == len(network.layers) else None,
        )


def stage_weights(state: NetworkState, stage: int) -> list[tuple[str, NDArray[np.uint8], NDArray[np.bool_]]]:
    """Weight arrays of a stage: name as in ``NetworkState.arrays``, weights, mask."""
    if stage < len(state.layers):
        layer = state.layers[stage]
        near = (f"layer{stage}.proximal", layer.proximal, layer.proximal_mask)
        return [(f"layer{stage}.distal", layer.distal, layer.distal_mask), near]
    return [] if state.voter is None else [("voter.weights", state.voter.weights, state.voter.mask)]


def drift_of(begin: dict[str, NDArray[np.uint8]], state: NetworkState, stage: int) -> float:
    """Mean absolute change of the weights that exist since ``begin``, 0 if there are none."""
    moved = count = 0
    for name, weights, mask in stage_weights(state, stage):
        moved += int(np.abs(weights.astype(np.int64) - begin[name])[mask].sum())
        count += int(mask.sum())
    return moved / max(count, 1)
