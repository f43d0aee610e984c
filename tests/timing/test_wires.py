"""Estimated wires: shortest trees and the delay through them."""

from __future__ import annotations

import numpy as np
import pytest

from neutnngen.timing.kernel import spanning


def test_a_tree_of_three_sinks_by_hand() -> None:
    """0 drives 1 at 10 um; 2 hangs 5 um beyond 1; 3 lies 4 um from the driver on the other side."""
    where = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 5.0], [-4.0, 0.0]])
    pin = np.array([0.0, 1.0, 2.0, 3.0])
    length, delay = np.zeros(1), np.zeros(3)
    start, sinks = np.array([0, 3]), np.array([1, 2, 3])
    spanning(start, sinks, np.array([0]), where, pin, 0.2, 5.0, 10, length, delay)
    assert length[0] == 19.0
    first = 5.0 * 10 * (10 * 0.2 / 2 + 1 + 5 * 0.2 + 2) * 1e-6
    second = first + 5.0 * 5 * (5 * 0.2 / 2 + 2) * 1e-6
    assert delay.tolist() == pytest.approx([first, second, 5.0 * 4 * (4 * 0.2 / 2 + 3) * 1e-6])


def test_larger_nets_and_nets_without_sinks_keep_what_they_have() -> None:
    where = np.zeros((4, 2))
    length, delay = np.array([7.0, 8.0]), np.array([1.0, 2.0, 3.0])
    spanning(np.array([0, 3, 3]), np.array([1, 2, 3]), np.array([0, 0]), where, np.zeros(4), 0.2, 5.0, 3, length, delay)
    assert length.tolist() == [7.0, 8.0] and delay.tolist() == [1.0, 2.0, 3.0]
