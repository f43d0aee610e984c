"""Neighbouring rectangles: all pairs within a distance, found through bins. Shared by the geometry check and the extraction."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Boxes = npt.NDArray[np.int64]
Indices = npt.NDArray[np.int64]


@njit(cache=True)
def _count(boxes, x0, y0, size, nx, ny):  # type: ignore[no-untyped-def]
    start = np.zeros(nx * ny + 1, np.int64)
    for k in range(boxes.shape[0]):
        for j in range((boxes[k, 1] - y0) // size, (boxes[k, 3] - y0) // size + 1):
            for i in range((boxes[k, 0] - x0) // size, (boxes[k, 2] - x0) // size + 1):
                start[j * nx + i + 1] += 1
    for k in range(nx * ny):
        start[k + 1] += start[k]
    items = np.empty(start[-1], np.int64)
    fill = start.copy()
    for k in range(boxes.shape[0]):
        for j in range((boxes[k, 1] - y0) // size, (boxes[k, 3] - y0) // size + 1):
            for i in range((boxes[k, 0] - x0) // size, (boxes[k, 2] - x0) // size + 1):
                items[fill[j * nx + i]] = k
                fill[j * nx + i] += 1
    return start, items


@njit(cache=True)
def _pairs(a, b, distance, same, x0, y0, size, nx, ny):  # type: ignore[no-untyped-def]
    start, items = _count(b, x0, y0, size, nx, ny)
    found = np.empty((1024, 2), np.int64)
    n = 0
    for k in range(a.shape[0]):
        left, low, right, high = a[k, 0] - distance, a[k, 1] - distance, a[k, 2] + distance, a[k, 3] + distance
        for j in range(max(0, (low - y0) // size), min(ny - 1, (high - y0) // size) + 1):
            for i in range(max(0, (left - x0) // size), min(nx - 1, (right - x0) // size) + 1):
                for at in range(start[j * nx + i], start[j * nx + i + 1]):
                    m = items[at]
                    if same and m <= k:
                        continue
                    if b[m, 0] > right or b[m, 2] < left or b[m, 1] > high or b[m, 3] < low:
                        continue
                    # a pair is reported from one bin only: the one with the lower left corner of the common part
                    if (max(left, b[m, 0], x0) - x0) // size != i or (max(low, b[m, 1], y0) - y0) // size != j:
                        continue
                    if n == found.shape[0]:
                        more = np.empty((2 * n, 2), np.int64)
                        more[:n] = found
                        found = more
                    found[n, 0], found[n, 1] = k, m
                    n += 1
    return found[:n]


def close_pairs(a: Boxes, b: Boxes | None, distance: int) -> tuple[Indices, Indices]:
    """Indices of pairs (i of ``a``, j of ``b``) whose gap is at most ``distance`` in x and in y.

    a, b: (n, 4) rectangles x0, y0, x1, y1; with ``b`` None, pairs i < j within ``a``.
    """
    other = a if b is None else b
    if not len(a) or not len(other):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    a = np.ascontiguousarray(a, np.int64)
    other = np.ascontiguousarray(other, np.int64)
    x0, y0 = int(other[:, 0].min()), int(other[:, 1].min())
    x1, y1 = int(other[:, 2].max()), int(other[:, 3].max())
    # about two rectangles per bin
    size = max(1, int(np.sqrt((x1 - x0 + 1) * (y1 - y0 + 1) * 2.0 / len(other))))
    found: Any = _pairs(a, other, distance, b is None, x0, y0, size, (x1 - x0) // size + 1, (y1 - y0) // size + 1)
    return found[:, 0], found[:, 1]


def gaps(a: Boxes, b: Boxes) -> tuple[Indices, Indices]:
    """Gap in x and in y of each row of ``a`` and ``b``; 0 when touching, negative (minus the common length) when overlapping."""
    return (
        np.maximum(a[:, 0], b[:, 0]) - np.minimum(a[:, 2], b[:, 2]),
        np.maximum(a[:, 1], b[:, 1]) - np.minimum(a[:, 3], b[:, 3]),
    )
