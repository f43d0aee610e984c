"""Online STDP of one column: one wave after another, learning after each."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from neutnngen.spec import Design
from neutnngen.train.driver import train
from neutnngen.train.events import Progress
from neutnngen.train.records import EpochRecord

__all__ = ["EpochRecord", "Progress", "train_online"]


class TrainableColumn(Protocol):
    """What is asked of a column module."""

    def to_design(self, name: str) -> Design: ...

    def load_design(self, design: Design) -> Any: ...

    def eval(self) -> Any: ...


def train_online(
    column: TrainableColumn,
    waves: NDArray[np.uint8],
    epochs: int,
    seed: int,
    progress: Progress | None = None,
    *,
    checkpoint: Path | None = None,
    every: int = 1000,
) -> list[EpochRecord]:
    """Train ``column`` in place on waves (wave, input) of spike times, in a new seeded order in every epoch, and put it in evaluation mode.

    Returns one record per epoch. progress, checkpoint, every and the errors are those of ``train``.
    """
    history = train(column, waves, epochs=epochs, order="shuffled", seed=seed, progress=progress, checkpoint=checkpoint, every=every)
    column.eval()
    return list(history.records)
