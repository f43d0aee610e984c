"""Online STDP: one wave after another, learning after each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from neutnngen.nn import Column
from neutnngen.spec import NO_SPIKE

Progress = Callable[[int, int], None]
"""Called with (waves done, waves in all)."""


@dataclass(frozen=True)
class EpochRecord:
    """What one pass over the waves did: share of waves in which some neuron fired, share of wins of the busiest neuron, and the
    mean absolute change of a weight over the pass."""

    epoch: int
    firing: float
    busiest: float
    drift: float


def presentation_order(count: int, epochs: int, seed: int) -> NDArray[np.int64]:
    """(epoch, wave) indices: a new seeded permutation for every epoch."""
    rng = np.random.default_rng(seed)
    return np.stack([rng.permutation(count) for _ in range(epochs)])


def train_online(column: Column, waves: NDArray[np.uint8], epochs: int, seed: int, progress: Progress | None = None) -> list[EpochRecord]:
    """Train ``column`` in place on waves (wave, input) of spike times. Returns one record per epoch."""
    order = presentation_order(len(waves), epochs, seed)
    data = torch.from_numpy(waves)
    records = []
    column.train()
    for epoch, indices in enumerate(order):
        before = column.weights.to(torch.int16)
        wins = np.zeros(column.spec.neurons, dtype=np.int64)
        for done, index in enumerate(indices):
            output = column(data[index : index + 1])[0]
            wins += (output != NO_SPIKE).numpy()
            if progress is not None and (done % 16 == 15 or done + 1 == len(indices)):
                progress(epoch * len(waves) + done + 1, order.size)
        drift = (column.weights.to(torch.int16) - before).abs().float().mean()
        records.append(EpochRecord(epoch + 1, float(wins.sum() / len(waves)), float(wins.max() / max(wins.sum(), 1)), float(drift)))
    column.eval()
    return records
