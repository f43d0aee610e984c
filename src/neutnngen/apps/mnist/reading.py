"""What a network makes of one image; the page of drawn digits shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Reading:
    """One wave.

    label: the class that wins, -1 for none. strengths: (class,) int64, what the classes are compared by. inputs: (line,) uint8 spike times
    of the encoded image, NO_SPIKE where none. layers: (line,) uint8 of every layer, before re-basing (rule T4).
    """

    label: int
    strengths: NDArray[np.int64]
    inputs: NDArray[np.uint8]
    layers: tuple[NDArray[np.uint8], ...]


class Recogniser(Protocol):
    """Reads images of ``shape`` (rows, columns), 0 black … 255 white. classes: their names. title: what is at work, one line."""

    @property
    def title(self) -> str: ...

    @property
    def shape(self) -> tuple[int, int]: ...

    @property
    def classes(self) -> tuple[str, ...]: ...

    def read(self, image: NDArray[np.uint8]) -> Reading: ...
