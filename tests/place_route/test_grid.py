"""The grid follows from the technology's rules; every pin of the library can be entered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import Kit, Rect
from neutnngen.place_route.block import Block, Instance, Net, PinRef, Port
from neutnngen.place_route.grid import BLOCKED, FREE, Grid, block_rect, build_grid, required_spacing
from neutnngen.place_route.pin_access import covered, find_access, largest_boxes
from neutnngen.place_route.router import pin_shapes


@pytest.fixture(scope="module")
def kit() -> Kit:
    return load_kit("nangate45")


def _empty(size: int = 40000) -> Block:
    return Block("b", Rect("", 0, 0, size, size), Rect("", 0, 0, size, size))


def test_tracks_that_the_wires_of_each_layer_may_use(kit: Kit) -> None:
    grid = build_grid(_empty(), kit)
    steps = [(layer.name, set(np.diff(layer.tracks).tolist()), set(np.diff(layer.stops).tolist())) for layer in grid.layers]
    # 140 nm wires keep 140 nm between each other on every second track of the layers below; stops are where the neighbours' tracks cross
    assert steps == [
        ("metal2", {380}, {280}),
        ("metal3", {280}, {380}),
        ("metal4", {760}, {280}),
        ("metal5", {560}, {760}),
        ("metal6", {760}, {560}),
    ]
    # line ends: one empty stop between nets on the dense layers, none where stops are far apart
    reach = [int(layer.near_high[10]) - 10 for layer in grid.layers]
    assert reach == [1, 1, 1, 0, 0]
    assert grid.cuts[0] == (140, 160) and grid.cuts[3] == (280, 320)


def test_nodes_and_places_are_inverse(kit: Kit) -> None:
    grid = build_grid(_empty(), kit)
    for layer in grid.layers:
        node = layer.node(3, 5)
        across, along = int(layer.tracks[3]), int(layer.stops[5])
        assert grid.layers[grid.place(node)[0]] is layer
        assert grid.place(node)[1:] == ((across, along) if layer.vertical else (along, across))
    assert grid.size == sum(layer.size for layer in grid.layers)


def test_tracks_follow_the_rows_where_the_outer_ones_keep_a_wider_step(kit: Kit) -> None:
    layers = dict(kit.technology.layers)
    layers["metal3"] = replace(layers["metal3"], edge_pitch=420)
    uneven = replace(kit, technology=replace(kit.technology, layers=layers))
    block = _empty()
    block.core = Rect("", 3800, 5600, 36200, 33600)
    tracks = build_grid(block, uneven).layers[1].tracks
    inside = (tracks[(tracks > 8400) & (tracks < 11200)] - 8400).tolist()
    assert inside[0] == 420 and inside[-1] == 2800 - 420 and set(np.diff(inside)) == {280}
    assert set((tracks % 2800).tolist()) == set(inside)


def test_layers_with_ports_keep_their_own_tracks(kit: Kit) -> None:
    metal4 = kit.technology.layers["metal4"]
    tracks = build_grid(_empty(), replace(kit, pin_layers=("metal3", "metal4"))).layers[2].tracks
    assert set(np.diff(tracks).tolist()) == {metal4.pitch} and tracks[0] % metal4.pitch == metal4.offset % metal4.pitch


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
    owner = np.full(grid.size, FREE, np.int32)
    strap = Rect("metal4", 9000, 0, 10120, 40000)
    block_rect(owner, grid, kit.technology, strap, BLOCKED)
    layer = grid.layers[2]
    by_track = owner[layer.base : layer.base + layer.size].reshape(len(layer.tracks), -1)
    for track, x in enumerate(layer.tracks.tolist()):
        gap = max(strap.x0 - (x + 140), (x - 140) - strap.x1)
        assert (by_track[track] == BLOCKED).all() == (gap < 1000) == (by_track[track] == BLOCKED).any()
    # metal3 passes below
    assert (owner[: layer.base] == FREE).all()


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


def _access(kit: Kit, master: str, pin: str, orient: str, grid: Grid) -> bool:
    block = _empty()
    block.instances["u"] = Instance("u", master, 3800, 5600, orient, True)  # type: ignore[arg-type]
    ref = PinRef("u", pin)
    found = find_access(block, kit, grid, [Net("n", "signal", [ref])])
    shapes = pin_shapes(ref, block, kit)
    for node, via, place in zip(found.node.tolist(), found.via.tolist(), found.place.tolist(), strict=True):
        assert via >= 0
        x, y = place
        assert grid.place(node)[1:] == (x, y)
        pad = next(r for r in kit.technology.vias[found.names[via]].rects if r.layer == "metal1")
        assert covered(Rect("metal1", x + pad.x0, y + pad.y0, x + pad.x1, y + pad.y1), shapes)
    return len(found.node) > 0


def test_pin_between_two_stops_is_entered_by_a_stub(kit: Kit) -> None:
    """A port on a track, shorter than the step of stops: the nearer stop serves, the other is kept."""
    block = _empty()
    block.ports["p"] = Port("p", "input", "n", Rect("metal3", 600, 350, 700, 490))
    grid = build_grid(block, kit)
    found = find_access(block, kit, grid, [Net("n", "signal", [PinRef(None, "p")])])
    places = {grid.place(node)[1:] for node in found.node.tolist()}
    assert places == {(570, 420), (950, 420)} and set(found.via.tolist()) == {-1}
    assert {tuple(place) for place in found.place.tolist()} == {(600, 420), (700, 420)}
    assert set(found.also.tolist()) == set(found.node.tolist())


def test_largest_boxes_of_a_cross() -> None:
    cross = [Rect("m", 0, 4, 10, 6), Rect("m", 4, 0, 6, 10)]
    assert sorted(largest_boxes(cross)) == [(0, 4, 10, 6), (4, 0, 6, 10)]


def test_covered_needs_the_whole_rectangle() -> None:
    halves = [Rect("m", 0, 0, 5, 10), Rect("m", 5, 0, 10, 10)]
    assert covered(Rect("m", 1, 1, 9, 9), halves)
    assert not covered(Rect("m", 1, 1, 9, 11), halves)
    assert not covered(Rect("m", 1, 1, 9, 9), halves[:1])


def test_every_pin_of_a_finer_node_is_reached(shared: Path) -> None:
    """Cells whose pins lie between the tracks too; all four orientations, on rows as they are placed."""
    kit = load_kit("asap7", shared / "pdk" / "asap7")
    site = kit.technology.sites[kit.roles.core_site]
    core = Rect("", 20 * site.width, 4 * site.height, 400 * site.width, 40 * site.height)
    closed = []
    for orient in ("N", "FN", "FS", "S"):
        block = Block("b", Rect("", 0, 0, core.x1 + core.x0, core.y1 + core.y0), core)
        refs = []
        for i, master in enumerate(kit.masters.values()):
            y = core.y0 + site.height * (2 * (i % 8) + (orient in ("FS", "S")))
            block.instances[master.name] = Instance(master.name, master.name, core.x0 + site.width * (i % 5), y, orient, True)  # type: ignore[arg-type]
            refs += [PinRef(master.name, pin.name) for pin in master.pins.values() if pin.use in ("signal", "clock")]
        found = find_access(block, kit, build_grid(block, kit), [Net("n", "signal", refs)])
        closed += [ref for ref, ways in zip(refs, np.diff(found.start).tolist(), strict=True) if not ways]
    assert closed == []


def test_a_pin_between_two_obstructions_on_tracks_can_be_entered(kit: Kit) -> None:
    """Corners of fixed metal that lies as a wire would are seen to later; of other metal, the tracks beside it are closed."""
    layers = dict(kit.technology.layers)
    layers["metal3"] = replace(layers["metal3"], corner_spacing=180)
    strict = replace(kit, technology=replace(kit.technology, layers=layers))
    grid = build_grid(_empty(), strict)
    layer = grid.layers[1]
    for shift, corners, open_beside in ((0, False, True), (0, True, False), (10, False, False)):
        owner = np.full(grid.size, FREE, np.int32)
        y = int(layer.tracks[20]) + shift
        block_rect(owner, grid, strict.technology, Rect("metal3", 10000, y - 70, 20000, y + 70), BLOCKED, corners=corners)
        stop = int(np.searchsorted(layer.stops, 15000))
        assert owner[layer.node(20, stop)] == BLOCKED
        assert (owner[layer.node(21, stop)] == FREE) == open_beside
