"""Cells that touch where nets are stuck get a free site between them; the placement stays legal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import Kit, Rect
from neutnngen.place_route.block import Block, Instance, Row
from neutnngen.place_route.elbow_room import make_room
from neutnngen.place_route.placement_check import check_placement


@pytest.fixture(scope="module")
def kit() -> Kit:
    return load_kit()


def row_of(kit: Kit, sites: int, *cells: tuple[str, int, bool]) -> Block:
    """A row; cells: master, site, fixed."""
    site = kit.technology.sites[kit.roles.core_site]
    core = Rect("", 0, 0, sites * site.width, site.height)
    block = Block("row", core, core, [Row("r", kit.roles.core_site, 0, 0, "N", sites)])
    for k, (master, at, fixed) in enumerate(cells):
        block.instances[f"c{k}"] = Instance(f"c{k}", master, at * site.width, 0, placed=True, fixed=fixed)
    return block


def sites_of(block: Block, kit: Kit) -> list[int]:
    width = kit.technology.sites[kit.roles.core_site].width
    return [instance.x // width for instance in block.instances.values()]


def at(kit: Kit, site: int) -> Rect:
    width = kit.technology.sites[kit.roles.core_site].width
    return Rect("metal1", site * width, 10, site * width, 20)


def test_neighbours_make_way_to_the_right(kit: Kit) -> None:
    """INV_X1 is two sites wide, NAND2_X1 three."""
    block = row_of(
        kit, 20, ("INV_X1", 2, False), ("NAND2_X1", 4, False), ("INV_X1", 7, False), ("INV_X1", 10, False), ("INV_X1", 16, False)
    )
    made, moved = make_room(block, kit, [at(kit, 3)])
    assert sites_of(made, kit) == [2, 5, 8, 10, 16] and moved == 2  # the free site after the third is used
    assert sites_of(block, kit) == [2, 4, 7, 10, 16]
    assert not check_placement(made, kit)


def test_where_the_right_is_full_the_left_makes_way(kit: Kit) -> None:
    block = row_of(kit, 9, ("INV_X1", 1, False), ("INV_X1", 3, False), ("INV_X1", 5, False), ("INV_X1", 7, True))
    made, moved = make_room(block, kit, [at(kit, 6)])
    assert sites_of(made, kit) == [0, 2, 4, 7] and moved == 3 and not check_placement(made, kit)


def test_nothing_moves_in_a_full_row_or_elsewhere(kit: Kit) -> None:
    full = row_of(kit, 6, ("INV_X1", 0, False), ("INV_X1", 2, False), ("INV_X1", 4, False))
    assert make_room(full, kit, [at(kit, 2)])[1] == 0
    block = row_of(kit, 20, ("INV_X1", 0, False), ("INV_X1", 2, False), ("INV_X1", 14, False), ("INV_X1", 16, False))
    made, moved = make_room(block, kit, [at(kit, 15)])
    assert sites_of(made, kit)[:2] == [0, 2] and moved == 1


def test_sites_that_a_cell_needs_beside_it_are_not_free(kit: Kit) -> None:
    """A NAND2_X1 with metal at its right edge: the site behind it stays free, so the cell after that one moves too."""
    master = kit.masters["NAND2_X1"]
    edge = Rect("metal1", master.width - 200, 1200, master.width, 1400)
    tight = replace(kit, masters={**kit.masters, "NAND2_X1": replace(master, obstructions=(*master.obstructions, edge))})
    cells = ("INV_X1", 2, False), ("NAND2_X1", 4, False), ("INV_X1", 8, False)
    assert sites_of(make_room(row_of(kit, 20, *cells), kit, [at(kit, 3)])[0], kit) == [2, 5, 8]
    made, moved = make_room(row_of(tight, 20, *cells), tight, [at(kit, 3)])
    assert sites_of(made, kit) == [2, 5, 9] and moved == 2
