"""The grid follows from the technology's rules; every pin of the library can be entered."""

from __future__ import annotations

import numpy as np
import pytest

from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import Kit, Rect
from neutnngen.place_route.block import Block, Instance, Net, PinRef
from neutnngen.place_route.grid import BLOCKED, FREE, block_rect, build_grid, lattice, required_spacing
from neutnngen.place_route.pin_access import AccessFinder, covered


@pytest.fixture(scope="module")
def kit() -> Kit:
    return load_kit("nangate45")


def _empty(size: int = 40000) -> Block:
    return Block("b", Rect("", 0, 0, size, size), Rect("", 0, 0, size, size))


def test_tracks_that_the_wires_of_each_layer_may_use(kit: Kit) -> None:
    grid = build_grid(_empty(), kit)
    assert (grid.x0, grid.dx, grid.y0, grid.dy) == (190, 380, 140, 280)
    # 140 nm wires on 190 x 140 nm tracks: every second one; 70 nm wires: every one
    assert [(layer.name, layer.across, layer.along, layer.reach) for layer in grid.layers] == [
        ("metal2", 1, 1, 1),
        ("metal3", 1, 1, 1),
        ("metal4", 2, 1, 1),
        ("metal5", 2, 2, 0),
        ("metal6", 2, 2, 0),
    ]
    # cuts of 70 nm with 80 or 90 nm between them: not on neighbouring rows
    assert grid.conflicts[0] == grid.conflicts[1] == ((0, -1), (0, 1))
    # cuts of 140 nm with 160 nm: not on neighbouring rows of metal5, 280 nm apart
    assert (0, 2) in grid.conflicts[3] and (2, 0) not in grid.conflicts[3]


def test_spacing_table_reads_greater_than(kit: Kit) -> None:
    metal4 = kit.technology.layers["metal4"]
    assert required_spacing(metal4, 280, 100000) == 280
    assert required_spacing(metal4, 1120, 0) == 280
    assert required_spacing(metal4, 1120, 1800) == 280
    assert required_spacing(metal4, 1120, 3600) == 540
    assert required_spacing(metal4, 1120, 3601) == 1000
    assert required_spacing(metal4, 1000, 100000) == 540


def test_strap_blocks_exactly_the_nodes_that_are_too_close(kit: Kit) -> None:
    grid = build_grid(_empty(), kit)
    owner = lattice(grid)
    strap = Rect("metal4", 9000, 0, 10120, 40000)
    block_rect(owner, grid, kit.technology, strap, BLOCKED)
    row = owner[2, 0]
    for column in range(0, grid.nx, 2):
        x = grid.x0 + column * grid.dx
        gap = max(strap.x0 - (x + 140), (x - 140) - strap.x1)
        assert (row[column] == BLOCKED) == (gap < 1000)
    assert (owner[1] != BLOCKED).all()  # metal3 passes below
    assert (np.unique(row[1::2]) == BLOCKED).all() and FREE in row


def test_every_pin_of_the_library_has_an_enclosed_via_on_the_grid(kit: Kit) -> None:
    grid = build_grid(_empty(), kit)
    bare = [
        f"{master.name}/{pin.name} {orient}"
        for master in kit.masters.values()
        for orient in ("N", "FN", "FS", "S")
        for pin in master.pins.values()
        if pin.use in ("signal", "clock") and not _access(kit, master.name, pin.name, orient, grid)
    ]
    assert bare == []


def _access(kit: Kit, master: str, pin: str, orient: str, grid: object) -> bool:
    block = _empty()
    block.instances["u"] = Instance("u", master, 3800, 5600, orient, True)  # type: ignore[arg-type]
    ref = PinRef("u", pin)
    found = next(AccessFinder(block, kit, grid).net(Net("n", "signal", [ref])))  # type: ignore[arg-type]
    for way in found.options:
        assert way.via is not None
        _, x, y = grid.place(way.node)  # type: ignore[attr-defined]
        pad = next(r for r in kit.technology.vias[way.via].rects if r.layer == "metal1")
        placed = Rect("metal1", x + pad.x0, y + pad.y0, x + pad.x1, y + pad.y1)
        assert any(r.x0 <= x <= r.x1 and r.y0 <= y <= r.y1 for r in found.shapes) and covered(placed, found.shapes)
    return bool(found.options)


def test_covered_needs_the_whole_rectangle() -> None:
    halves = [Rect("m", 0, 0, 5, 10), Rect("m", 5, 0, 10, 10)]
    assert covered(Rect("m", 1, 1, 9, 9), halves)
    assert not covered(Rect("m", 1, 1, 9, 11), halves)
    assert not covered(Rect("m", 1, 1, 9, 9), halves[:1])
