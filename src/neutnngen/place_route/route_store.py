"""Lists of different lengths for every net, as two arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ragged:
    """``data[start[i]:start[i + 1]]`` is the list of entry ``i``."""

    start: Int64
    data: Int32

    @staticmethod
    def empty(entries: int) -> Ragged:
        return Ragged(np.zeros(entries + 1, np.int64), np.empty(0, np.int32))

    @staticmethod
    def of(counts: Int64, data: Int32) -> Ragged:
        return Ragged(np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)]), data)

    def __getitem__(self, entry: int) -> Int32:
        return self.data[self.start[entry] : self.start[entry + 1]]

    def replace(self, entries: Int64, counts: Int64, data: Int32) -> Ragged:
        """The same with new lists for ``entries``; ``data`` holds them one after the other."""
        lengths = np.diff(self.start)
        source = self.start[:-1].copy()
        lengths[entries] = counts
        source[entries] = len(self.data) + np.cumsum(counts) - counts
        start = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        index = np.arange(start[-1]) + np.repeat(source - start[:-1], lengths)
        return Ragged(start, np.concatenate([self.data, data])[index])
