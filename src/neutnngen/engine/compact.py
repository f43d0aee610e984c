"""What is left of a pruned layer, gathered for the kernels of the compiled engine: segments with a synapse, lines that somebody reads."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.spec import DendriticColumnSpec, LayerState


@dataclass(frozen=True, eq=False)
class Rows:
    """Which segments of a layer's columns a kernel goes through: those that have a synapse.

    names: (column, row) int64, the segment; rows that a column does not fill name segment 0. starts: (column, dendrite + 1) int64, first
    row of every dendrite, and of what is not filled.
    """

    names: NDArray[np.int64]
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, spec: DendriticColumnSpec, state: LayerState) -> Rows:
        """All segments where biases change or random bits are numbered by segment or line (rules R8, R12)."""
        columns, count = len(state.distal), math.prod(spec.distal_shape[:3])
        there = state.distal_mask.reshape(columns, count, -1).any(axis=-1)
        if spec.proximal.mode == "sum":
            there = there | state.proximal_mask.reshape(columns, count, -1).any(axis=-1)
        if spec.sharing != "column" or spec.homeostasis is not None:
            there = np.ones_like(there)
        filled = there.sum(axis=1)
        names = np.zeros((columns, max(1, int(filled.max()))), dtype=np.int64)
        names[np.arange(names.shape[1]) < filled[:, None]] = np.nonzero(there)[1]
        sizes = there.reshape(columns, -1, spec.segments).sum(axis=-1)
        return cls(names, np.concatenate([np.zeros((columns, 1), np.int64), sizes.cumsum(axis=1)], axis=1, dtype=np.int64))

    @property
    def _filled(self) -> NDArray[np.bool_]:
        return np.asarray(np.arange(self.names.shape[1]) < self.starts[:, -1:])

    def gather(self, values: NDArray[Any]) -> NDArray[Any]:
        """(column, segment, input) as (column, row, input), zeros where nothing is filled."""
        return np.asarray(np.take_along_axis(values, self.names[..., None], axis=1) * self._filled[..., None].astype(values.dtype))

    def scatter(self, rows: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
        """The reverse, for ``count`` segments; zeros for those that were left out."""
        made = np.zeros((len(rows), count, rows.shape[2]), dtype=np.uint8)
        column, row = np.nonzero(self._filled)
        made[column, self.names[column, row]] = rows[column, row]
        return made


def read_lines(table: NDArray[np.int64], mask: NDArray[np.bool_], spec: DendriticColumnSpec) -> NDArray[np.int64]:
    """(column, input) lines, -1 where no synapse of the column reads one. All of them with a soma and where lines teach (rules P3, R15)."""
    if spec.proximal.mode == "soma" or spec.teacher is not None:
        return np.ascontiguousarray(table)
    read = mask.reshape(len(table), -1, table.shape[1]).any(axis=1)
    return np.where(read, table, -1)
