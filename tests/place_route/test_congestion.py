"""Congestion is what is drawn; pictures are written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import Kit, Rect
from neutnngen.place_route.block import Block, Net, Wire
from neutnngen.place_route.congestion import congestion, draw_congestion, draw_failures


@pytest.fixture(scope="module")
def kit() -> Kit:
    return load_kit("nangate45")


def _block(tracks: int) -> Block:
    """``tracks`` wires on metal3 across the lower left cell of a die of 4 x 2 cells."""
    side = 15 * 380
    die = Rect("", 0, 0, 4 * side, 2 * side)
    block = Block("b", die, die)
    net = Net("n", "signal", [])
    net.wires = [Wire("metal3", 70, 140 + 280 * i, side - 70, 140 + 280 * i, 140, 70) for i in range(tracks)]
    block.nets["n"] = net
    return block


def test_share_of_tracks(kit: Kit) -> None:
    found = congestion(_block(10), kit)
    use = found.use["metal3"]
    assert use.shape == (2, 4)
    # 20.4 tracks of 280 fit into the side of 5700
    assert use[0, 0] == pytest.approx(10 * 280 / 5700)
    assert np.count_nonzero(use) == 1 and found.worst == ("metal3", use[0, 0])
    assert not found.use["metal2"].any()


def test_vertical_layers_keep_rows_and_columns(kit: Kit) -> None:
    block = _block(0)
    block.nets["n"].wires = [Wire("metal2", 190, 70, 190, 2 * 5700 - 70, 140, 70)]
    use = congestion(block, kit).use["metal2"]
    assert use.shape == (2, 4) and use[0, 0] == use[1, 0] == pytest.approx(380 / 5700) and not use[:, 1:].any()


def test_pictures(kit: Kit, tmp_path: Path) -> None:
    block = _block(6)
    heat = draw_congestion(congestion(block, kit), tmp_path / "heat.png")
    failed = draw_failures(block, kit, [("n", Rect("metal3", 500, 70, 900, 210))], tmp_path / "failed.png")
    for png in (heat, failed):
        assert png.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n" and png.stat().st_size > 5000
