"""Hard blocks: rows, cells, taps, fillers and supply lines keep clear of them, and the check says what does not."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from netlist_block import shift_register, the_kit

from neutnngen.errors import ConfigError
from neutnngen.pdk.technology import Kit, Master, Rect
from neutnngen.place_route.block import Block, Instance
from neutnngen.place_route.drc import check_geometry
from neutnngen.place_route.fill import add_fillers, add_taps
from neutnngen.place_route.floorplan import make_floorplan
from neutnngen.place_route.hard_blocks import BlockPlace, outline
from neutnngen.place_route.pin_placement import place_ports
from neutnngen.place_route.placement import place
from neutnngen.place_route.placement_check import check_placement
from neutnngen.place_route.power_grid import add_power_grid

PLACES = {"ram": BlockPlace(10.0, 11.3)}


@cache
def kit_with_ram() -> Kit:
    """The kit with a hard block of 12 x 13 um that fills metal1 to metal4."""
    kit = the_kit()
    width, height = 24_000, 26_000
    metal = tuple(Rect(f"metal{k}", 0, 0, width, height) for k in range(1, 5))
    return replace(kit, masters=kit.masters | {"RAM": Master("RAM", "block", width, height, "", {}, metal)})


def netlist() -> Block:
    block = shift_register(60)
    block.instances["ram"] = Instance("ram", "RAM")
    return block


@cache
def made() -> Block:
    kit = kit_with_ram()
    block, _ = make_floorplan(netlist(), kit, blocks=PLACES, halo_um=1.0)
    block = place_ports(add_power_grid(add_taps(block, kit), kit), kit)
    return add_fillers(place(block, kit), kit)


def test_everything_keeps_clear_of_a_hard_block() -> None:
    kit, block = kit_with_ram(), made()
    assert check_placement(block, kit) == []
    ram = block.instances["ram"]
    site = kit.technology.sites[kit.roles.core_site]
    assert abs(ram.x - 20_000) <= site.width and abs(ram.y - 22_600) <= site.height
    keep_out = outline(ram, kit, 2000)
    for instance in block.instances.values():
        if instance is not ram:
            rect = outline(instance, kit)
            assert rect.x1 <= keep_out.x0 or rect.x0 >= keep_out.x1 or rect.y1 <= keep_out.y0 or rect.y0 >= keep_out.y1, instance
    # cells lie on all four sides of it
    cells = [i for i in block.instances.values() if i.kind == "logic" and i is not ram]
    assert min(i.x for i in cells) < ram.x and max(i.x for i in cells) > ram.x
    assert min(i.y for i in cells) < ram.y and max(i.y for i in cells) > ram.y
    bare = block.copy()
    bare.nets = {name: net for name, net in bare.nets.items() if net.use in ("power", "ground")}
    assert [problem for problem in check_geometry(bare, kit) if problem.layer in {"metal1", "metal4"}] == []


def test_the_check_names_a_cell_on_a_hard_block() -> None:
    block = made().copy()
    ram, cell = block.instances["ram"], block.instances["f3"]
    cell.x, cell.y = ram.x, ram.y
    found = {problem.rule for problem in check_placement(block, kit_with_ram()) if "f3" in problem.instances}
    assert "on hard block" in found
    ram.x = block.core.x1
    assert ("outside", ("ram",)) in {(problem.rule, problem.instances) for problem in check_placement(block, kit_with_ram())}


@pytest.mark.parametrize(
    ("places", "said"),
    [({}, "no place"), ({"rom": PLACES["ram"]}, "no hard block"), ({"ram": BlockPlace(-5.0, 10.0)}, "leaves the core")],
)
def test_refusals(places: dict[str, BlockPlace], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        make_floorplan(netlist(), kit_with_ram(), blocks=places)


def test_two_hard_blocks_must_not_overlap() -> None:
    block = netlist()
    block.instances["rom"] = Instance("rom", "RAM")
    with pytest.raises(ConfigError, match="overlap"):
        make_floorplan(block, kit_with_ram(), blocks=PLACES | {"rom": BlockPlace(15.0, 15.0)})
