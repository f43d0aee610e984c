"""Tracks: intervals on one track never meet, and no more tracks are used than lie side by side."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from neutnngen.hierarchy.tracks import Terminals, branches_of, density, pack, trunks_of


@pytest.mark.parametrize("seed", range(20))
def test_left_edge_uses_as_many_tracks_as_lie_side_by_side(seed: int) -> None:
    rng = np.random.default_rng(seed)
    start = rng.integers(0, 1000, 200)
    end = start + rng.integers(0, 80, 200)
    depth = density(start, end)
    brute = max(int(((start <= x) & (end >= x)).sum()) for x in range(1100))
    assert depth == brute
    tracks = np.arange(depth) * 10
    got, missing = pack(start, end, np.zeros(200, dtype=np.int64), tracks)
    assert missing == 0
    for track in tracks:
        mine = sorted((int(start[i]), int(end[i])) for i in np.flatnonzero(got == track))
        assert all(a[1] < b[0] for a, b in pairwise(mine))
    assert pack(start, end, np.zeros(200, dtype=np.int64), tracks[:-1])[1] > 0, "one track fewer cannot do"


def test_an_interval_that_must_have_a_track_keeps_others_off_it() -> None:
    start, end = np.array([0, 5, 0, 9]), np.array([4, 8, 9, 12])
    fixed = np.array([-1, 20, -1, -1])
    got, missing = pack(start, end, np.array([20, 20, 20, 20]), np.array([10, 20]), fixed)
    assert got.tolist() == [20, 20, 10, 20] and missing == 0


def test_a_net_in_one_row_has_no_trunk_and_one_with_a_port_stands_on_its_track() -> None:
    terminals = Terminals(
        np.array([0, 0, 1, 1, 2, 2]),
        np.array([5, 50, 7, 70, 9, 30]),
        np.zeros(6, dtype=np.int64),
        np.array([1, 1, 1, 3, 0, 0]),
        np.array([0, 1, 0, 1, 0, 0]),
        np.array([False, False, False, False, True, False]),
    )
    trunks = trunks_of(terminals, 3)
    assert trunks.net.tolist() == [1, 2] and trunks.fixed.tolist() == [-1, 9]
    assert (trunks.column[0], trunks.first[0], trunks.last[0]) == (0, 1, 3)
    branches = branches_of(terminals, trunks, np.array([20, 9]), 3)
    rows = {(n, r): (a, b) for n, r, a, b in zip(branches.net, branches.row, branches.x0, branches.x1, strict=True)}
    assert rows == {(0, 1): (5, 50), (1, 1): (7, 20), (1, 3): (20, 70), (2, 0): (9, 30)}
