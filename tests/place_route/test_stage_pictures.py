"""Pictures of stages: each is drawn and shows what it should; levels of the clock tree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from routed_block import placed_block

from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import Rect
from neutnngen.place_route import stage_pictures
from neutnngen.place_route.block import Block, Instance, Net, PinRef, Port

KIT = load_kit()


@pytest.fixture(scope="module")
def block() -> Block:
    block = placed_block(KIT, 40)
    for net in list(block.nets.values())[:3]:
        net.use = "clock"
    return block


def words(figure: Any) -> str:
    legends = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    return " | ".join([figure.axes[0].get_title(), *legends, *(text.get_text() for text in figure.axes[0].texts)])


def test_every_stage_is_drawn_with_its_counts(block: Block, tmp_path: Path, drawn: list[Any]) -> None:
    for draw in ("floorplan", "cells", "clock_tree", "power_grid"):
        png = getattr(stage_pictures, f"draw_{draw}")(block, KIT, tmp_path / f"{draw}.png")
        assert png.read_bytes().startswith(b"\x89PNG")
    said = [words(figure) for figure in drawn]
    assert f"{len(block.rows)} rows" in said[0] and "p[0]" in said[0]
    assert said[1].startswith("small: 40 cells") and "register" in said[1] and "logic" in said[1]
    assert "3 nets" in said[2] and "VDD" in said[3] and "VSS" in said[3]


def test_names_of_ports_lie_inside_the_die(tmp_path: Path, drawn: list[Any]) -> None:
    block = placed_block(KIT, 4)
    die = block.die
    x, y = (die.x0 + die.x1) // 2, (die.y0 + die.y1) // 2
    places = {"upper": (x, die.y1 - 280), "lower": (x, die.y0), "left": (die.x0, y), "right": (die.x1 - 280, y)}
    signal = next(name for name, net in block.nets.items() if net.use == "signal")
    for name, (x0, y0) in places.items():
        block.ports[name] = Port(name, "input", signal, Rect("metal3", x0, y0, x0 + 280, y0 + 280))
    stage_pictures.draw_floorplan(block, KIT, tmp_path / "named.png")
    axes = drawn[-1].axes[0]
    named = {text.get_text().strip(): text for text in axes.texts}
    for name in places:
        box = named[name].get_window_extent().transformed(axes.transData.inverted())
        assert die.x0 <= box.x0 * KIT.technology.dbu and box.x1 * KIT.technology.dbu <= die.x1
        assert die.y0 <= box.y0 * KIT.technology.dbu and box.y1 * KIT.technology.dbu <= die.y1


def test_names_of_ports_that_lie_close_do_not_cover_each_other(tmp_path: Path, drawn: list[Any]) -> None:
    block = placed_block(KIT, 4)
    signal = next(name for name, net in block.nets.items() if net.use == "signal")
    die, kept = block.die, dict(block.ports)
    for k in range(6):
        y = (die.y0 + die.y1) // 2 + 300 * k
        block.ports[f"close{k}"] = Port(f"close{k}", "input", signal, Rect("metal3", die.x0, y, die.x0 + 280, y + 280))
    stage_pictures.draw_floorplan(block, KIT, tmp_path / "named.png")
    boxes = {text.get_text().strip(): text.get_window_extent() for text in drawn[-1].axes[0].texts}
    left = [box for name, box in boxes.items() if name.startswith("close") or kept[name].rect.x0 <= die.x0]
    assert "close0" in boxes and not any(a.overlaps(b) for n, a in enumerate(left) for b in left[:n])


def test_a_path_shows_its_cells_and_nets(block: Block, tmp_path: Path, drawn: list[Any]) -> None:
    net = next(net for net in block.nets.values() if net.use == "signal")
    pins = ["\\" + f"{ref.instance}/{ref.pin}" for ref in net.pins[:2]]
    stage_pictures.draw_path(block, KIT, pins, "a path", tmp_path / "path.png")
    said = words(drawn[-1])
    assert "a path" in said and "1 nets" in said and f"start: {net.pins[0].instance}" in said


def test_levels_of_a_clock_tree() -> None:
    die = placed_block(KIT, 2).die
    block = Block("b", die, die)
    block.ports["clk"] = Port("clk", "input", "clk")
    for name in ("b0", "b1", "b2"):
        block.instances[name] = Instance(name, "CLKBUF_X1", kind="clock")
    block.nets = {
        "leaf": Net("leaf", "clock", [PinRef("b2", "Z")]),
        "clk": Net("clk", "clock", [PinRef(None, "clk"), PinRef("b0", "A")]),
        "top": Net("top", "clock", [PinRef("b0", "Z"), PinRef("b1", "A"), PinRef("b2", "A")]),
        "other": Net("other", "clock", [PinRef("b1", "Z")]),
    }
    assert stage_pictures.clock_levels(block, KIT) == {"clk": 0, "top": 1, "leaf": 2, "other": 2}
