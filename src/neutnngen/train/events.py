"""What a training run tells while it goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from neutnngen.engine import Result
from neutnngen.spec import Design
from neutnngen.train.records import EpochRecord

Progress = Callable[[int, int], None]
"""Called with (done, in all); of waves, where nothing else is said."""


def part_of(progress: Progress, before: int, total: int) -> Progress:
    """What one part of a longer task calls: its own count is added to ``before``, and the whole has ``total``."""
    return lambda done, _: progress(before + done, total)


@dataclass(frozen=True, eq=False)
class ChunkEvent:
    """Some waves have been run and learned.

    done, total: waves so far and in all, over all passes. epoch: from 1. stage: the one that learns, None if all do. numbers: (wave,)
    int64, which of the given waves these were. result: what they gave, every layer kept.
    """

    done: int
    total: int
    epoch: int
    stage: int | None
    numbers: NDArray[np.int64]
    result: Result


@dataclass(frozen=True, eq=False)
class EpochEvent:
    """A pass is over. records: of the stages that learned in it. design: as it stands now, for instance to be evaluated; the rest as in
    ChunkEvent."""

    done: int
    total: int
    epoch: int
    stage: int | None
    records: tuple[EpochRecord, ...]
    design: Design


class Callback(Protocol):
    """Called with every event; returning True ends the training at this point."""

    def __call__(self, event: ChunkEvent | EpochEvent, /) -> bool | None: ...
