"""Online STDP: one wave after another, learning after each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from neutnngen.nn import Column
from neutnngen.spec import NO_SPIKE
from neutnngen.train.checkpoint import Position, load_checkpoint, run_key, save_checkpoint

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


def train_online(
    column: Column,
    waves: NDArray[np.uint8],
    epochs: int,
    seed: int,
    progress: Progress | None = None,
    *,
    checkpoint: Path | None = None,
    every: int = 1000,
) -> list[EpochRecord]:
    """Train ``column`` in place on waves (wave, input) of spike times. Returns one record per epoch.

    checkpoint: file that is written after every ``every`` waves and removed at the end. If it is there at the start, the run goes on
    from it and ends in the same weights and random state as one that was never stopped.
    """
    order = presentation_order(len(waves), epochs, seed)
    data = torch.from_numpy(waves)
    key = run_key(column, waves, epochs, seed) if checkpoint is not None else ""
    position = load_checkpoint(checkpoint, key, column) if checkpoint is not None else None
    if position is None:
        position = Position(0, np.zeros(column.spec.neurons, dtype=np.int64), column.weights.numpy().copy())
    done, wins, before = position.done, position.wins.copy(), position.epoch_weights
    records = [EpochRecord(int(r["epoch"]), r["firing"], r["busiest"], r["drift"]) for r in position.records]
    saved = done

    column.train()
    for index in order.reshape(-1)[done:]:
        output = column(data[index : index + 1])[0]
        wins += (output != NO_SPIKE).numpy()
        done += 1
        if done % len(waves) == 0:
            drift = np.abs(column.weights.numpy().astype(np.int16) - before).mean()
            firing, busiest = wins.sum() / len(waves), wins.max() / max(wins.sum(), 1)
            records.append(EpochRecord(done // len(waves), float(firing), float(busiest), float(drift)))
            wins, before = np.zeros_like(wins), column.weights.numpy().copy()
        if checkpoint is not None and done - saved >= every:
            save_checkpoint(checkpoint, key, column, Position(done, wins, before, tuple(asdict(r) for r in records)))
            saved = done
        if progress is not None and (done % 16 == 0 or done == order.size):
            progress(done, order.size)
    column.eval()
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)
    return records
