"""The abstract of a block: what is in it, and the same after LEF."""

from __future__ import annotations

from pathlib import Path

import pytest
from routed_block import placed_block

from neutnngen.errors import ConfigError
from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.lef import read_masters
from neutnngen.pdk.technology import Rect
from neutnngen.place_route.block import Block, Port, Wire
from neutnngen.place_route.lef_abstract import abstract, write_lef


def _overlap(a: Rect, b: Rect, space: int = 0) -> bool:
    return a.layer == b.layer and a.x0 - space < b.x1 and b.x0 < a.x1 + space and a.y0 - space < b.y1 and b.y0 < a.y1 + space


def test_the_abstract_holds_pins_straps_and_closed_layers_and_survives_lef(tmp_path: Path) -> None:
    kit = load_kit()
    block = placed_block(kit, 40)
    net = next(net for net in block.nets.values() if net.use == "signal")
    net.wires.append(Wire("metal3", 3800, 8400, 7600, 8400, 140, 70))
    master = abstract(block, kit)
    assert (master.width, master.height) == (block.die.x1, block.die.y1) and master.kind == "block"
    assert set(master.pins) == set(block.ports)
    top = kit.straps.straps[-1][0]
    straps = [w.rect() for w in block.nets["VDD"].wires if w.layer == top]
    assert set(master.pins["VDD"].rects) == set(straps) and master.pins["VDD"].use == "power"
    metal3 = kit.technology.layers["metal3"]
    closed = [r for r in master.obstructions if r.layer == "metal3"]
    signal = [r for pin in master.pins.values() for r in pin.rects if r.layer == "metal3"]
    assert signal and not any(_overlap(p, r, metal3.spacing) for p in signal for r in closed)
    free = sum((p.x1 - p.x0 + metal3.spacing) * (p.y1 - p.y0 + 2 * metal3.spacing) for p in signal)
    assert sum((r.x1 - r.x0) * (r.y1 - r.y0) for r in closed) == master.width * master.height - free
    # the top straps are pins, so nothing is closed there
    assert not any(r.layer == top for r in master.obstructions)
    path = write_lef(master, kit, tmp_path / "block.lef")
    assert read_masters(path, kit.technology.dbu) == {block.name: master}


def test_a_block_without_places_has_no_abstract() -> None:
    kit = load_kit()
    with pytest.raises(ConfigError, match="floorplan"):
        abstract(Block("b", Rect("", 0, 0, 0, 0), Rect("", 0, 0, 0, 0)), kit)
    block = placed_block(kit, 20)
    block.ports["q"] = Port("q", "output", next(iter(block.nets)))
    with pytest.raises(ConfigError, match="place"):
        abstract(block, kit)
