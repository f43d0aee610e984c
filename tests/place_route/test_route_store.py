"""Lists of different lengths in two arrays."""

from __future__ import annotations

import numpy as np

from neutnngen.place_route.route_store import Ragged


def _lists(ragged: Ragged) -> list[list[int]]:
    return [ragged[i].tolist() for i in range(len(ragged.start) - 1)]


def test_replace_keeps_the_others() -> None:
    ragged = Ragged.of(np.array([2, 0, 3]), np.array([1, 2, 7, 8, 9], np.int32))
    assert _lists(ragged) == [[1, 2], [], [7, 8, 9]]
    changed = ragged.replace(np.array([2, 1]), np.array([1, 2]), np.array([5, 3, 4], np.int32))
    assert _lists(changed) == [[1, 2], [3, 4], [5]]
    assert _lists(changed.replace(np.array([0]), np.array([0]), np.empty(0, np.int32))) == [[], [3, 4], [5]]
    assert _lists(ragged) == [[1, 2], [], [7, 8, 9]]


def test_empty() -> None:
    empty = Ragged.empty(2)
    assert _lists(empty) == [[], []]
    assert _lists(empty.replace(np.array([1]), np.array([2]), np.array([4, 5], np.int32))) == [[], [4, 5]]
