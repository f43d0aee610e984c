"""Detailed placement keeps what is legal and makes wires shorter."""

from __future__ import annotations

import numpy as np
from netlist_block import shift_register, the_kit

from neutnngen.place_route.detailed import improve
from neutnngen.place_route.fill import add_taps
from neutnngen.place_route.floorplan import make_floorplan
from neutnngen.place_route.legalise import legalise
from neutnngen.place_route.pin_placement import place_ports
from neutnngen.place_route.placement_arrays import total_hpwl
from neutnngen.place_route.placement_check import check_placement


def test_a_shuffled_placement_becomes_short_and_stays_legal() -> None:
    kit = the_kit()
    block, _ = make_floorplan(shift_register(60), kit, utilisation=0.75)
    block = place_ports(add_taps(block, kit), kit)
    random = np.random.default_rng(3)
    for instance in block.instances.values():
        if not instance.fixed:
            instance.x = int(random.integers(block.core.x0, block.core.x1))
            instance.y = int(random.integers(block.core.y0, block.core.y1))
    legal = legalise(block, kit)
    before = legal.copy()
    short = improve(legal, kit)
    assert legal == before
    assert check_placement(short, kit) == []
    assert {n: i for n, i in short.instances.items() if i.fixed} == {n: i for n, i in legal.instances.items() if i.fixed}
    assert total_hpwl(short, kit) < 0.8 * total_hpwl(legal, kit)
    assert improve(legal, kit) == short


def test_a_heavy_net_is_drawn_together() -> None:
    kit = the_kit()
    block, _ = make_floorplan(shift_register(60), kit, utilisation=0.75)
    block = place_ports(add_taps(block, kit), kit)
    random = np.random.default_rng(4)
    for instance in block.instances.values():
        if not instance.fixed:
            instance.x = int(random.integers(block.core.x0, block.core.x1))
            instance.y = int(random.integers(block.core.y0, block.core.y1))
    legal = legalise(block, kit)
    names = [f"d{i}" for i in range(0, 60, 6)]

    def length(weights: dict[str, float]) -> float:
        made = improve(legal, kit, net_weights=weights)
        made.nets = {name: made.nets[name] for name in names}
        return total_hpwl(made, kit)

    assert length(dict.fromkeys(names, 10.0)) < length({})
