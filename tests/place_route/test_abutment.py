"""Room beside cells whose metal comes too close to their edges."""

from __future__ import annotations

from dataclasses import replace

import pytest
from netlist_block import shift_register, the_kit

from neutnngen.pdk.technology import Kit, MasterPin, Rect
from neutnngen.place_route.abutment import room_beside, with_room, without_room
from neutnngen.place_route.block import Block, Instance, transform
from neutnngen.place_route.floorplan import make_floorplan
from neutnngen.place_route.place_block import place_block
from neutnngen.place_route.placement_check import check_placement


def _tight() -> Kit:
    """MUX2_X1 with an obstruction at its right edge."""
    kit = the_kit()
    master = kit.masters["MUX2_X1"]
    edge = Rect("metal1", master.width - 200, 1200, master.width, 1400)
    return replace(kit, masters={**kit.masters, "MUX2_X1": replace(master, obstructions=(*master.obstructions, edge))})


def test_cells_of_the_library_need_no_room() -> None:
    assert with_room(the_kit()) is the_kit()


def test_room_is_of_whole_sites_on_the_side_that_needs_it() -> None:
    kit = _tight()
    site = kit.technology.sites[kit.roles.core_site].width
    assert room_beside(kit.masters["MUX2_X1"], kit) == (0, site)
    supply = MasterPin("VDD", "inout", "power", (Rect("metal1", 0, 2700, 380, 2900),))
    assert room_beside(replace(kit.masters["INV_X1"], pins={"VDD": supply}), kit) == (0, 0)


@pytest.mark.parametrize("orient", ["N", "FN", "FS", "S"])
def test_metal_stays_where_it_was_placed(orient: str) -> None:
    kit = _tight()
    wide = with_room(kit)
    block = Block("b", Rect("", 0, 0, 9999, 9999), Rect("", 0, 0, 9999, 9999))
    block.instances["m"] = Instance("m", "MUX2_X1", 380, 2800, orient, True)  # type: ignore[arg-type]
    back = without_room(block, kit).instances["m"]
    for pin, before in wide.masters["MUX2_X1"].pins.items():
        moved = [transform(rect, wide.masters["MUX2_X1"], block.instances["m"]) for rect in before.rects]
        assert moved == [transform(rect, kit.masters["MUX2_X1"], back) for rect in kit.masters["MUX2_X1"].pins[pin].rects]


def test_placed_cells_keep_the_room() -> None:
    kit = _tight()
    block, _ = make_floorplan(shift_register(30), kit, utilisation=0.8)
    placed = without_room(place_block(block, with_room(kit)).block, kit)
    assert check_placement(placed, kit) == []
    site = kit.technology.sites[kit.roles.core_site].width
    for one in placed.instances.values():
        if one.master != "MUX2_X1":
            continue
        edge = one.x + kit.masters["MUX2_X1"].width if one.orient in ("N", "FS") else one.x - site
        for other in placed.instances.values():
            if other is not one and other.y == one.y:
                assert other.x >= edge + site or other.x + kit.masters[other.master].width <= edge, (one.name, other.name)
