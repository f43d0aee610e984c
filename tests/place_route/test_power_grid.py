"""The power grid under the independent geometry and connectivity check."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache

import pytest
from netlist_block import shift_register, the_kit

from neutnngen.errors import ConfigError
from neutnngen.place_route.block import Block, transform
from neutnngen.place_route.drc import check_connectivity, check_geometry
from neutnngen.place_route.fill import add_fillers, add_taps
from neutnngen.place_route.floorplan import make_floorplan
from neutnngen.place_route.power_grid import add_power_grid, allowed_width


@cache
def powered() -> Block:
    """Taps, fillers and the grid, nothing else: the logic would only be in the way."""
    kit = the_kit()
    block, _ = make_floorplan(shift_register(60), kit)
    block = add_power_grid(add_taps(block, kit), kit)
    block.instances = {name: i for name, i in block.instances.items() if i.fixed}
    block.nets = {name: net for name, net in block.nets.items() if net.use in ("power", "ground")}
    block.ports = {name: port for name, port in block.ports.items() if port.net in block.nets}
    return add_fillers(block, kit)


def test_every_cell_is_supplied_and_no_rule_is_broken() -> None:
    assert check_geometry(powered(), the_kit()) == []
    assert check_connectivity(powered(), the_kit()) == []


def test_without_its_lowest_vias_the_grid_is_open() -> None:
    broken = powered().copy()
    broken.nets["VDD"].vias = [via for via in broken.nets["VDD"].vias if not via.name.startswith("via1_")]
    assert {violation.nets[0] for violation in check_connectivity(broken, the_kit())} == {"VDD"}


def test_rails_lie_on_the_supply_pins_of_cells_in_every_row() -> None:
    kit, block = the_kit(), powered()
    rails = {name: [w.rect() for w in net.wires if w.layer == "metal1"] for name, net in block.nets.items()}
    for instance in block.instances.values():
        master = kit.masters[instance.master]
        for pin in master.pins.values():
            net = "VDD" if pin.use == "power" else "VSS"
            along = [transform(r, master, instance) for r in pin.rects if r.x1 - r.x0 == master.width]
            assert len(along) == 1 and any(r.y0 == along[0].y0 and r.y1 == along[0].y1 for r in rails[net]), (instance, pin.name)
    assert len(rails["VDD"]) + len(rails["VSS"]) == len(block.rows) + 1


def test_straps_alternate_and_cross_with_arrays() -> None:
    kit, block = the_kit(), powered()
    for layer in ("metal4", "metal7"):
        centres = sorted(
            (wire.x0 if layer == "metal4" else wire.y0, net.name)
            for net in block.nets.values()
            for wire in net.wires
            if wire.layer == layer
        )
        names = [name for _, name in centres]
        assert names == (["VSS", "VDD"] * len(names))[: len(names)] and len(names) >= 2
    for net in block.nets.values():
        straps = Counter(wire.layer for wire in net.wires)
        rails = [wire.y0 for wire in net.wires if wire.layer == "metal1"]
        names = Counter(via.name[:4] for via in net.vias)
        assert names["via1"] == names["via3"] == 3 * len(rails) * straps["metal4"]
        assert names["via5"] == 4 * straps["metal4"] * straps["metal7"]
        port = block.ports[net.name]
        assert port.rect is not None and port.rect.layer == kit.straps.straps[-1][0]


def test_a_block_without_floorplan_is_refused() -> None:
    with pytest.raises(ConfigError, match="no floorplan"):
        add_power_grid(shift_register(1), the_kit())


def test_rings_are_joined_to_all_straps_and_break_no_rule() -> None:
    kit = the_kit()
    block, _ = make_floorplan(shift_register(60), kit, core_ring=True)
    plain, _ = make_floorplan(shift_register(60), kit)
    block = add_power_grid(add_taps(block, kit), kit, core_ring=True)
    block.instances = {name: i for name, i in block.instances.items() if i.fixed}
    block.nets = {name: net for name, net in block.nets.items() if net.use in ("power", "ground")}
    block.ports = {name: port for name, port in block.ports.items() if port.net in block.nets}
    block = add_fillers(block, kit)
    assert check_geometry(block, kit) == []
    assert check_connectivity(block, kit) == []
    for net in block.nets.values():
        outside = [
            w for w in net.wires if (w.x0 == w.x1 and not block.core.x0 < w.x0 < block.core.x1) or (w.y0 == w.y1 and w.y0 > block.core.y1)
        ]
        assert {w.layer for w in outside} >= {"metal4", "metal7"}  # and patches in the stacks of vias between them
        # every strap of metal7 meets both vertical sides of its ring, every corner has vias as well
        straps = sum(w.layer == "metal7" for w in net.wires)
        beyond = {(via.x // 2000, via.y // 2000) for via in net.vias if via.x < block.core.x0 or via.x > block.core.x1}
        assert len(beyond) >= 2 * straps
    with pytest.raises(ConfigError, match="no room for rings"):
        add_power_grid(plain, kit, core_ring=True)


def test_cuts_without_rules_in_the_kit_are_placed_apart_by_their_own_size() -> None:
    kit = the_kit()
    silent = {name: replace(layer, width=0, spacing=0) if layer.kind == "cut" else layer for name, layer in kit.technology.layers.items()}
    without = replace(kit, technology=replace(kit.technology, layers=silent))
    block, _ = make_floorplan(shift_register(60), kit)
    made = add_power_grid(block, without)
    places = sorted({(via.x, via.y) for via in made.nets["VDD"].vias if via.name.startswith("via5")})
    size = max(r.x1 - r.x0 for v in kit.technology.vias.values() if v.lower == "metal5" for r in v.rects if r.layer == v.cut)
    apart = [max(abs(a[0] - b[0]), abs(a[1] - b[1])) for i, a in enumerate(places) for b in places[:i]]
    assert min(apart) >= 2.5 * size


def test_patches_have_widths_that_the_layer_allows() -> None:
    layer = replace(the_kit().technology.layers["metal2"], widths=(140, 420))
    assert [allowed_width(layer, width) for width in (100, 140, 141, 500)] == [140, 140, 420, 500]
    assert allowed_width(replace(layer, widths=()), 141) == 141
