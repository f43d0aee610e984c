"""Power metal beside cells' metal: lengthened where the two face each other at a slant, and only there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import EndRule, Kit, Master, Rect
from neutnngen.place_route.block import Block, Instance, Net, Wire
from neutnngen.place_route.drc import check_geometry
from neutnngen.place_route.power_ends import settle_power_ends


@pytest.fixture(scope="module")
def kit() -> Kit:
    plain = load_kit("nangate45")
    layers = dict(plain.technology.layers)
    layers["metal3"] = replace(layers["metal3"], end_rules=(EndRule(200, 150, 150, 260, 0),), corner_spacing=180)
    bar = Master("BAR", "core", 3800, 2800, plain.roles.core_site, {}, (Rect("metal3", 400, 140, 3400, 280),))
    return replace(plain, masters={**plain.masters, "BAR": bar}, technology=replace(plain.technology, layers=layers))


def _block(x: int, low: int = 5000, high: int = 7000) -> Block:
    """A patch of power metal on metal3 at y = 2800 from ``low`` to ``high``; a cell above with its bar from x + 400, 140 away."""
    die = Rect("", 0, 0, 40000, 40000)
    block = Block("b", die, die)
    block.nets["VDD"] = Net("VDD", "power", wires=[Wire("metal3", low, 2800, high, 2800, 140, 0)])
    block.instances["u"] = Instance("u", "BAR", x, 2870, "N", True)
    return block


@pytest.mark.parametrize(("x", "ends"), [(6700, (5000, 7105)), (1500, (4895, 7000)), (6500, (5000, 7000)), (6900, (5000, 7000))])
def test_a_patch_passes_what_faces_it(kit: Kit, x: int, ends: tuple[int, int]) -> None:
    before = _block(x)
    made = settle_power_ends(before, kit)
    wire = made.nets["VDD"].wires[0]
    assert (wire.x0, wire.x1) == ends and before.nets["VDD"].wires[0].x1 == 7000
    rules = {violation.rule for violation in check_geometry(before, kit)}
    assert ("corner spacing" in rules) == (ends != (5000, 7000))
    assert not {"corner spacing", "end-of-line spacing", "spacing"} & {violation.rule for violation in check_geometry(made, kit)}


def test_layers_without_such_rules_are_left(kit: Kit) -> None:
    plain = replace(kit, technology=replace(kit.technology, layers=load_kit("nangate45").technology.layers))
    assert settle_power_ends(_block(6700), plain) == _block(6700)
