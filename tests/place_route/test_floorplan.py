"""Floorplans: rows fill a core that keeps the routing tracks' phase; tiny and port-bound blocks get a legal size."""

from __future__ import annotations

import pytest
from netlist_block import shift_register, the_kit

from neutnngen.errors import ConfigError
from neutnngen.place_route.block import Block
from neutnngen.place_route.floorplan import cell_area, make_floorplan
from neutnngen.place_route.pin_placement import Side, place_ports
from neutnngen.place_route.power_grid import add_power_grid


def test_rows_fill_the_core_on_the_grids() -> None:
    kit = the_kit()
    netlist = shift_register(100)
    block, report = make_floorplan(netlist, kit, utilisation=0.6, aspect=2.0)
    site = kit.technology.sites[kit.roles.core_site]
    core, die = block.core, block.die
    # an even number of sites and whole rows from the die's corner: each track meets every cell at the same place
    assert core.x0 % (2 * site.width) == 0 and core.y0 % site.height == 0
    assert core.x0 >= 5600 and die.x1 - core.x1 == core.x0 and core.y0 >= 5600 and die.y1 - core.y1 == core.y0
    assert [row.y for row in block.rows] == list(range(core.y0, core.y1, site.height))
    assert {(row.x, row.x + row.sites * site.width) for row in block.rows} == {(core.x0, core.x1)}
    assert [row.orient for row in block.rows[:3]] == ["N", "FS", "N"]
    area = (core.x1 - core.x0) * (core.y1 - core.y0)
    assert report.utilisation == cell_area(netlist, kit) / area
    # buffers, clock tree and taps will take up to a tenth of the cells' area
    assert 0.52 < report.utilisation < 0.6 and not report.minimum
    assert (core.y1 - core.y0) / (core.x1 - core.x0) == pytest.approx(2, abs=0.15)
    assert netlist.rows == []


def test_one_cell_gets_a_legal_core() -> None:
    kit = the_kit()
    block, report = make_floorplan(shift_register(1, outputs=1), kit)
    assert report.minimum and report.limits == ("straps",)
    powered = place_ports(add_power_grid(block, kit), kit)
    for net in ("VDD", "VSS"):
        assert {"metal1", "metal4", "metal7"} <= {wire.layer for wire in powered.nets[net].wires}
    assert all(port.rect is not None for port in powered.ports.values())


def test_ports_of_one_side_decide_its_length() -> None:
    kit = the_kit()
    netlist = shift_register(90, outputs=90)
    sides: dict[str, Side] = {f"q[{i}]": "left" for i in range(90)}
    block, report = make_floorplan(netlist, kit, sides=sides)
    assert report.limits == ("ports left/right",)
    assert sum(port.rect.x0 == 0 for port in place_ports(block, kit, sides).ports.values() if port.rect) >= 90
    narrow, _ = make_floorplan(netlist, kit)
    with pytest.raises(ConfigError, match="left edge"):
        place_ports(narrow, kit, sides)


@pytest.mark.parametrize(
    ("values", "said"), [({"utilisation": 1.2}, "utilisation"), ({"aspect": 0.0}, "aspect"), ({"margin_um": -1.0}, "margin")]
)
def test_refusals(values: dict[str, float], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        make_floorplan(shift_register(2), the_kit(), **values)  # type: ignore[arg-type]


def test_nothing_to_place() -> None:
    empty = shift_register(1)
    with pytest.raises(ConfigError, match="no cells"):
        make_floorplan(Block("empty", empty.die, empty.core), the_kit())
