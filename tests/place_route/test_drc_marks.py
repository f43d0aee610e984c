"""Rules of line ends, corners, widths and areas: each planted fault is found, its legal neighbour is not; the router keeps them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from routed_block import placed_block

from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import EndRule, Kit, Rect
from neutnngen.place_route.block import Block, Net, PinRef, Port, Wire
from neutnngen.place_route.drc import check_connectivity, check_geometry
from neutnngen.place_route.drc_marks import suspects
from neutnngen.place_route.router import route

END = EndRule(width=200, spacing=150, within=150, end_to_end=260, beside=0)


def _strict(kit: Kit, names: tuple[str, ...]) -> Kit:
    """The kit with rules of a finer node on some layers."""
    layers = dict(kit.technology.layers)
    for name in names:
        layers[name] = replace(layers[name], end_rules=(END,), corner_spacing=160, widths=(140, 280), min_area=140 * 500)
    return replace(kit, technology=replace(kit.technology, layers=layers))


@pytest.fixture(scope="module")
def kit() -> Kit:
    return _strict(load_kit("nangate45"), ("metal2",))


def _block(*second: Wire) -> Block:
    """Net "a": a vertical wire of metal2 from y = 5000 to 8000; net "b": what is given."""
    die = Rect("", 0, 0, 40000, 40000)
    block = Block("ends", die, die)
    block.nets = {"a": Net("a", "signal", [PinRef(None, "a")]), "b": Net("b", "signal", [PinRef(None, "b")])}
    block.nets["a"].wires = [Wire("metal2", 10000, 5070, 10000, 7930, 140, 70)]
    block.nets["b"].wires = list(second)
    block.ports["a"] = Port("a", "input", "a", Rect("metal2", 9930, 5000, 10070, 5500))
    return block


def _wire(x: int, low: int, high: int, width: int = 140) -> Wire:
    return Wire("metal2", x, low + 70, x, high - 70, width, 70)


CASES = {
    "ends face each other": (_wire(10000, 8250, 12000), {"end-of-line spacing"}),
    "ends far enough": (_wire(10000, 8260, 12000), set()),
    "end to a wide edge may be nearer": (_wire(10000, 8160, 12000, 280), set()),
    "ends at a slant": (_wire(10280, 8120, 12000), {"end-of-line spacing"}),
    "ends at a slant, corners too": (_wire(10280, 8020, 12000), {"end-of-line spacing", "corner spacing"}),
    "ends pass each other": (_wire(10280, 7900, 12000), set()),
    "slant far enough": (_wire(10280, 8150, 12000), set()),
    "slant two tracks away": (_wire(10560, 8020, 12000), set()),
    "width between those of the table": (_wire(20000, 5000, 9000, 200), {"width not in the table"}),
    "too small": (_wire(20000, 5000, 5400), {"minimum area"}),
    "just large enough": (_wire(20000, 5000, 5500), set()),
}


@pytest.mark.parametrize("case", CASES)
def test_planted(kit: Kit, case: str) -> None:
    wire, rules = CASES[case]
    assert {violation.rule for violation in check_geometry(_block(wire), kit)} == rules


def test_rules_that_the_kit_lacks_are_not_checked() -> None:
    plain = load_kit("nangate45")
    assert [v for wire, _ in CASES.values() if wire.width != 120 for v in check_geometry(_block(wire), plain)] == []


def test_clean_layer_has_no_suspects(kit: Kit) -> None:
    """Pads within wires and wires far apart need no exact look; a gap does."""
    layer = kit.technology.layers["metal3"]
    boxes = np.array([(0, 0, 2000, 140), (100, 0, 380, 140), (0, 280, 2000, 420)], np.int64)
    loose, polygon = np.full(3, -1), np.array([0, 0, 1])
    assert len(suspects(boxes, loose, polygon, layer)) == 0
    boxes[2] = (0, 270, 2000, 410)
    # the wire's pad and the wire both
    assert len(suspects(boxes, loose, polygon, layer)) == 2


def test_router_keeps_the_rules() -> None:
    strict = _strict(load_kit("nangate45"), ("metal2", "metal3"))
    result = route(placed_block(strict, 120, 1, 0.6), strict)
    assert result.failed == () and result.overflow == 0
    assert check_geometry(result.block, strict) == []
    opens = [violation for violation in check_connectivity(result.block, strict) if violation.rule == "open"]
    assert opens == []
