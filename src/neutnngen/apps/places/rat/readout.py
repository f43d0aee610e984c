"""Where the fields of place cells are, learned while the cells answer, and where the animal is, from who answers. Whole numbers only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.places.rat.cells import Winners

FRACTION = 4
"""Bits behind the millimetre of a field's middle."""
SLOWEST = 6
"""A middle moves by at least 1 / 2^6 of the way to where its cell answers."""


@dataclass(frozen=True, eq=False)
class Fields:
    """Middles of place fields.

    middles: (column, cell, 2) int64 in 1/16 mm. wins: (column, cell) int64, waves that a cell has answered; a middle of none says nothing.
    """

    middles: NDArray[np.int64]
    wins: NDArray[np.int64]

    def locate(self, winners: Winners, start: tuple[int, int]) -> NDArray[np.int64]:
        """winners: (wave, column). Returns (wave, 2) int64 millimetres.

        On either axis the middles of the answering cells are sorted, and those of the middle half are added up and divided by their number:
        a column that errs moves little. Where no cell with a field answers, the last position stays; start: the one before the first wave.
        """
        known = (winners >= 0) & (np.take_along_axis(self.wins[None], np.maximum(winners, 0)[..., None], axis=2)[..., 0] > 0)
        last = np.iinfo(np.int64).max
        column = np.arange(winners.shape[1])
        found = np.where(known[..., None], self.middles[column, np.maximum(winners, 0)], last)
        found.sort(axis=1)
        number = known.sum(axis=1)
        low, high = number // 4, number - number // 4
        place = np.arange(winners.shape[1])[None, :]
        inner = (place >= low[:, None]) & (place < high[:, None])
        total = np.where(inner[..., None], found, 0).sum(axis=1)
        answer = (total // np.maximum(high - low, 1)[:, None]) >> FRACTION
        before = np.maximum.accumulate(np.where(number > 0, np.arange(len(winners)) + 1, 0))
        return np.asarray(np.concatenate([np.array([start], dtype=np.int64), answer])[before])


class FieldLearner:
    """Learns the middles of place fields while the cells answer.

    A cell's n-th answer moves its middle by 1 / 2^⌊log2 n⌋ of the way to the position, at least by 1 / 2^``SLOWEST``: a shift.
    """

    def __init__(self, columns: int, cells: int) -> None:
        self._middles, self._wins = np.zeros((columns, cells, 2), np.int64), np.zeros((columns, cells), np.int64)

    def learn(self, winners: Winners, positions: NDArray[np.int64]) -> None:
        """winners: (wave, column). positions: (wave, 2) millimetres."""
        exact = positions << FRACTION
        every = np.arange(winners.shape[1])
        for wave, row in enumerate(winners):
            column = every[row >= 0]
            cell = row[column]
            seen, old = self._wins[column, cell], self._middles[column, cell]
            shift = np.minimum(np.frexp(seen + 1)[1] - 1, SLOWEST)
            self._middles[column, cell] = old + ((exact[wave] - old) >> shift[:, None])
            self._wins[column, cell] = seen + 1

    @property
    def fields(self) -> Fields:
        """As learned so far."""
        return Fields(self._middles.copy(), self._wins.copy())


def maps(winners: NDArray[np.int64], positions: NDArray[np.int64], cells: int, size: tuple[int, int], bins: int) -> NDArray[np.float64]:
    """Rate maps of one column, for pictures: share of the waves in a place that a cell answers.

    winners: (wave,). Returns (cell, row, column), rows from below, ``bins`` along the longer side; nan where the animal never was.
    """
    width = max(size) / bins
    shape = max(1, round(size[1] / width)), max(1, round(size[0] / width))
    column = np.clip((positions[:, 0] // width).astype(np.int64), 0, shape[1] - 1)
    row = np.clip((positions[:, 1] // width).astype(np.int64), 0, shape[0] - 1)
    there = np.zeros(shape)
    np.add.at(there, (row, column), 1)
    who = winners >= 0
    made = np.zeros((cells, *shape))
    np.add.at(made, (winners[who], row[who], column[who]), 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(there > 0, made / there, np.nan))
