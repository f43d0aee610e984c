"""Voltage drop: by hand on one rail, current that is conserved, opens, and the map."""

from __future__ import annotations

from pathlib import Path

import pytest
from routed_block import placed_block

from neutnngen.errors import ConfigError
from neutnngen.pdk.kits import load_kit
from neutnngen.place_route.ir_drop import ir_drop
from neutnngen.place_route.ir_drop_map import draw_ir_drop

KIT = load_kit()


def test_one_cell_on_one_rail_by_hand() -> None:
    """A rail between two stacks: R of the two sides in parallel, times the current, plus the stacks' own resistance to the pads."""
    block = placed_block(KIT, 1)
    name = next(iter(block.instances))
    net = block.nets["VDD"]
    # leave one rail, one strap of the highest layer laid on it as on metal, and no vias: everything is on one layer then
    rail = next(wire for wire in net.wires if wire.layer == "metal1" and abs(wire.y0 - block.instances[name].y) <= 2800)
    kit = KIT.__class__(**{**KIT.__dict__, "straps": KIT.straps.__class__("metal1", KIT.straps.rail_width, (("metal1", 340, 1000),))})
    master, instance = KIT.masters[block.instances[name].master], block.instances[name]
    net.wires, net.vias = [w for w in net.wires if w.layer == "metal1"], []
    block.nets["VSS"].wires, block.nets["VSS"].vias = [w for w in block.nets["VSS"].wires if w.layer == "metal1"], []
    drop = ir_drop(block, kit, {name: 1.1e-3})[0]
    metal = KIT.technology.layers["metal1"]
    left, right = instance.x + master.width // 2 - rail.x0, rail.x1 - instance.x - master.width // 2
    per = metal.resistance * metal.width / rail.width / KIT.technology.dbu
    parallel = per * left * right / (left + right)
    assert drop.worst == pytest.approx(1e-3 * parallel, rel=0.02) and drop.current == pytest.approx(1e-3)


def test_current_is_conserved_and_the_drop_is_linear() -> None:
    block = placed_block(KIT, 60)
    power = dict.fromkeys(block.instances, 2e-06)
    once, twice = ir_drop(block, KIT, power), ir_drop(block, KIT, {name: 2 * watts for name, watts in power.items()})
    for one, two in zip(once, twice, strict=True):
        assert one.current == pytest.approx(sum(power.values()) / KIT.voltage, rel=1e-6)
        assert two.worst == pytest.approx(2 * one.worst) and one.worst > one.mean > 0
        assert not one.open_metal and not one.open_instances and len(one.instances) == 60


def test_more_vias_taken_away_more_drop_and_a_cut_rail_is_open() -> None:
    block = placed_block(KIT, 60)
    power = dict.fromkeys(block.instances, 2e-06)
    whole = ir_drop(block, KIT, power)[0]
    weak = block.copy()
    stacks = [via for via in weak.nets["VDD"].vias if via.name.startswith("via1")]
    first = min(via.y for via in stacks)
    weak.nets["VDD"].vias = [v for v in weak.nets["VDD"].vias if not (v.name.startswith("via1") and v.y == first and v.x != stacks[0].x)]
    assert ir_drop(weak, KIT, power)[0].worst >= whole.worst
    cut = block.copy()
    rail = max(via.y for via in stacks)
    cut.nets["VDD"].vias = [v for v in cut.nets["VDD"].vias if not (v.name.startswith("via1") and abs(v.y - rail) < 400)]
    found = ir_drop(cut, KIT, power)[0]
    assert any(rect.layer == "metal1" for rect in found.open_metal)
    assert found.current < whole.current or not found.open_instances


def test_unusable_power_and_missing_straps_are_errors() -> None:
    block = placed_block(KIT, 5)
    with pytest.raises(ConfigError, match="power of an instance"):
        ir_drop(block, KIT, {"nobody": 1.0})
    with pytest.raises(ConfigError, match="power of an instance"):
        ir_drop(block, KIT, {next(iter(block.instances)): -1.0})
    block.nets["VSS"].wires = []
    with pytest.raises(ConfigError, match="no straps of VSS"):
        ir_drop(block, KIT, {})


def test_the_map_is_a_picture(tmp_path: Path) -> None:
    block = placed_block(KIT, 30)
    drops = ir_drop(block, KIT, dict.fromkeys(block.instances, 1e-05))
    assert draw_ir_drop(drops, block, KIT, tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ConfigError):
        draw_ir_drop(ir_drop(block, KIT, {}), block, KIT, tmp_path / "none.png")
