"""Antenna rules: the ratio follows from the drawn metal, a driver that is joined below clears it, a diode repairs it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from routed_block import placed_block

from neutnngen.errors import ConfigError
from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.antenna import antenna_ratios, insert_diodes, route_with_diodes
from neutnngen.place_route.block import Block
from neutnngen.place_route.drc import check_geometry
from neutnngen.place_route.placement_check import check_placement
from neutnngen.place_route.router import route


@pytest.fixture(scope="module")
def kit() -> Kit:
    return load_kit("nangate45")


def _with_ratio(kit: Kit, ratio: float) -> Kit:
    layers = {
        name: replace(layer, antenna_ratio=ratio if layer.kind == "routing" else 0.0) for name, layer in kit.technology.layers.items()
    }
    return replace(kit, technology=replace(kit.technology, layers=layers))


@pytest.fixture(scope="module")
def routed(kit: Kit) -> Block:
    return route(placed_block(kit, 60, 0, 0.5), kit).block


def test_gate_areas_come_from_the_library(kit: Kit) -> None:
    pin = kit.masters["INV_X1"].pins["A"]
    assert pin.gate_area == pytest.approx(0.05225) and pin.diffusion_area == 0
    assert kit.masters["INV_X1"].pins["ZN"].diffusion_area > 0


def test_kit_without_a_ratio_breaks_none(kit: Kit, routed: Block) -> None:
    found = antenna_ratios(routed, kit)
    assert found and not any(antenna.broken for antenna in found)


def test_ratio_is_metal_over_gate(kit: Kit, routed: Block) -> None:
    """Of a piece with one gate on the lowest signal layer: its metal there, pads and wires, over the gate's area."""
    lowest = [a for a in antenna_ratios(routed, kit) if a.layer == "metal2" and len(a.gates) == 1]
    assert lowest
    for antenna in lowest[:5]:
        net = routed.nets[antenna.net]
        all_metal = sum((w.rect().x1 - w.rect().x0) * (w.rect().y1 - w.rect().y0) for w in net.wires if w.layer == "metal2")
        known = kit.technology.vias
        all_metal += sum(140 * 280 for via in net.vias if "metal2" in (known[via.name].lower, known[via.name].upper))
        ref = antenna.gates[0]
        gate = kit.masters[routed.instances[str(ref.instance)].master].pins[ref.pin].gate_area
        assert 0 < antenna.ratio * gate <= all_metal / 2000**2 + 1e-9


def test_planted_ratio_is_found_and_a_diode_cures_it(kit: Kit, routed: Block) -> None:
    ratios = sorted((a.ratio for a in antenna_ratios(routed, kit)), reverse=True)
    strict = _with_ratio(kit, ratios[3])
    broken = [antenna for antenna in antenna_ratios(routed, strict) if antenna.broken]
    assert len(broken) == 3
    repaired = insert_diodes(routed, strict, broken)
    assert [i.kind for i in repaired.instances.values()].count("antenna") == len({(a.net, a.gates[0]) for a in broken})
    assert check_placement(repaired, kit) == check_placement(routed, kit)
    again = route(repaired, strict)
    assert again.failed == ()
    # the diode hangs at the net: a gate that is joined to it below the top layer is safe
    diodes = {net.name for net in again.block.nets.values() if any(str(ref.instance).startswith("antenna_") for ref in net.pins)}
    assert diodes == {antenna.net for antenna in broken}
    left = [a for a in antenna_ratios(again.block, strict) if a.broken and a.net in diodes]
    assert len(left) < len(broken)


def test_check_and_router_know_the_rule(kit: Kit, routed: Block) -> None:
    ratios = sorted((a.ratio for a in antenna_ratios(routed, kit)), reverse=True)
    strict = _with_ratio(kit, ratios[2])
    marks = [violation for violation in check_geometry(routed, strict) if violation.rule == "antenna"]
    assert len(marks) == 2
    result = route_with_diodes(placed_block(kit, 60, 0, 0.5), strict)
    assert any(instance.kind == "antenna" for instance in result.block.instances.values())
    left = [violation for violation in check_geometry(result.block, strict) if violation.rule == "antenna"]
    assert [failed.net for failed in result.failed] == [violation.nets[0] for violation in left] and len(left) < 2


def test_no_diode_or_no_room_is_an_error(kit: Kit, routed: Block) -> None:
    strict = _with_ratio(kit, 1e-6)
    broken = [antenna for antenna in antenna_ratios(routed, strict) if antenna.broken][:1]
    with pytest.raises(ConfigError, match="no diode"):
        insert_diodes(routed, replace(strict, roles=replace(strict.roles, antenna=None)), broken)
    full = routed.copy()
    full.rows = []
    with pytest.raises(ConfigError, match="no free sites"):
        insert_diodes(full, strict, broken)
