"""The geometry and connectivity check: clean layouts pass, and each kind of fault is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from routed_block import placed_block

from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import Kit, Layer, Master, Rect, ViaDef
from neutnngen.place_route.block import Block, Instance, Net, PinRef, Port, Via, Wire
from neutnngen.place_route.drc import check_connectivity, check_geometry, legal_overhangs
from neutnngen.place_route.router import route


@pytest.fixture(scope="module")
def kit() -> Kit:
    return load_kit("nangate45")


@pytest.fixture(scope="module")
def routed(kit: Kit) -> Block:
    return route(placed_block(kit, 80), kit).block


def _sheet() -> Block:
    """Two nets, clean: "a" is an L over metal2 and metal3, "b" a wire on metal2; between two ports."""
    block = Block("sheet", Rect("", 0, 0, 40000, 40000), Rect("", 0, 0, 40000, 40000))
    a = Net("a", "signal", [PinRef(None, "a")])
    a.wires = [Wire("metal2", 5000, 5000, 5000, 9000, 140, 70), Wire("metal3", 5000, 9000, 9000, 9000, 140, 70)]
    a.vias = [Via("via2_5", 5000, 9000)]
    b = Net("b", "signal", [PinRef(None, "b")])
    b.wires = [Wire("metal2", 20000, 5000, 20000, 9000, 140, 70)]
    block.nets = {"a": a, "b": b}
    block.ports = {
        "a": Port("a", "input", "a", Rect("metal2", 4930, 4860, 5070, 5140)),
        "b": Port("b", "input", "b", Rect("metal2", 19930, 4860, 20070, 5140)),
    }
    return block


def _strap(gap: int, length: int = 10000) -> list[Wire]:
    """A strap of 0.56 um on metal4 and, on the other net, a wire ``gap`` beside it."""
    return [
        Wire("metal4", 30000, 20000, 30000, 20000 + length, 1120, 0),
        Wire("metal4", 30000 + 560 + gap + 140, 15000, 30000 + 560 + gap + 140, 35000, 280, 140),
    ]


def _add(block: Block, net: str, *things: Wire | Via) -> None:
    for thing in things:
        if isinstance(thing, Wire):
            block.nets[net].wires.append(thing)
        else:
            block.nets[net].vias.append(thing)


def _two_nets(block: Block, wires: list[Wire]) -> None:
    _add(block, "a", wires[0])
    _add(block, "b", wires[1])


FAULTS: dict[str, tuple[Callable[[Block], None], str, str]] = {
    "narrow": (lambda b: _add(b, "a", Wire("metal2", 15000, 5000, 15000, 9000, 120, 60)), "width", "metal2"),
    "close": (lambda b: _add(b, "b", Wire("metal2", 5270, 5000, 5270, 7000, 140, 70)), "spacing", "metal2"),
    "corner": (lambda b: _add(b, "a", Wire("metal2", 20230, 9230, 20230, 12000, 140, 70)), "spacing", "metal2"),
    "notch": (
        lambda b: _add(b, "a", Wire("metal3", 6000, 9270, 8000, 9270, 140, 70), Wire("metal3", 8000, 9000, 8000, 9270, 140, 70)),
        "spacing",
        "metal3",
    ),
    "line ends": (lambda b: _add(b, "a", Wire("metal2", 20000, 9270, 20000, 12000, 140, 70)), "spacing", "metal2"),
    "beside strap": (lambda b: _two_nets(b, _strap(995)), "spacing of metal wider than 0.5 um", "metal4"),
    "short": (lambda b: _add(b, "b", Wire("metal3", 8000, 9000, 12000, 9000, 140, 70)), "short", "metal3"),
    "abutting": (lambda b: _add(b, "b", Wire("metal3", 9140, 9000, 12000, 9000, 140, 70)), "short", "metal3"),
    "cuts": (
        lambda b: _add(b, "a", Via("via2_5", 5000, 8720), Wire("metal3", 5000, 8720, 8000, 8720, 140, 70)),
        "cut spacing",
        "via2",
    ),
    "off grid": (lambda b: _add(b, "a", Wire("metal2", 15001, 5000, 15001, 9000, 140, 70)), "off manufacturing grid", "metal2"),
    "outside": (lambda b: _add(b, "a", Wire("metal2", 15000, 39000, 15000, 40000, 140, 70)), "outside die", "metal2"),
    "unknown via": (lambda b: _add(b, "a", Via("via2_99", 5000, 7000)), "unknown via", "via2_99"),
}


def test_clean_sheet_is_clean(kit: Kit) -> None:
    assert check_geometry(_sheet(), kit) == []
    assert check_connectivity(_sheet(), kit) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_found(kit: Kit, fault: str) -> None:
    block = _sheet()
    inject, rule, layer = FAULTS[fault]
    inject(block)
    found = check_geometry(block, kit)
    assert {(v.rule, v.layer) for v in found} == {(rule, layer)}
    assert all(v.nets for v in found)


@pytest.mark.parametrize(("gap", "length"), [(1000, 10000), (540, 3600), (280, 1800)])
def test_wide_metal_spacing_depends_on_run_length(kit: Kit, gap: int, length: int) -> None:
    block = _sheet()
    _two_nets(block, _strap(gap, length))
    assert check_geometry(block, kit) == []
    block = _sheet()
    _two_nets(block, _strap(gap - 5, length))
    assert {v.layer for v in check_geometry(block, kit)} == {"metal4"}


def test_wide_metal_made_of_narrow_wires(kit: Kit) -> None:
    block = _sheet()
    strap, wire = _strap(600)
    halves = [strap._replace(x0=strap.x0 + d, x1=strap.x1 + d, width=560) for d in (-280, 280)]
    _add(block, "a", *halves)
    _add(block, "b", wire)
    assert [v.rule for v in check_geometry(block, kit)] == ["spacing of metal wider than 0.5 um"]


def _with_layer(kit: Kit, layer: Layer) -> Kit:
    return replace(kit, technology=replace(kit.technology, layers=kit.technology.layers | {layer.name: layer}))


def test_minimum_area_and_via_enclosure(kit: Kit) -> None:
    strict = _with_layer(kit, replace(kit.technology.layers["metal2"], min_area=140 * 4250))
    assert [(v.rule, v.nets) for v in check_geometry(_sheet(), strict)] == [("minimum area", ("b",))]
    bare = ViaDef("bare", "metal2", "via2", "metal3", (Rect("via2", -70, -70, 70, 70), Rect("metal3", -140, -70, 140, 70)), default=False)
    faulty = replace(kit, technology=replace(kit.technology, vias=kit.technology.vias | {"bare": bare}))
    block = _sheet()
    block.nets["a"].vias = [Via("bare", 5000, 9000)]  # the end of the metal2 wire encloses one side by nothing
    assert {(v.rule, v.layer) for v in check_geometry(block, faulty)} == {("via enclosure", "via2")}
    assert legal_overhangs(kit.technology, "via2")["metal2"] == [(0, 70), (70, 0)]


@pytest.mark.parametrize(("shift", "rules"), [(0, set()), (100, {"cut spacing"})])
def test_cells_that_draw_the_same_cut_of_their_rail(kit: Kit, shift: int, rules: set[str]) -> None:
    """Two rows share a rail: a cut that both cells have at one place is one cut, beside each other they are two."""
    cut = Rect("via1", 200, 2730, 340, 2870)
    below = Master("BELOW", "core", 1900, 2800, "", {}, (cut,))
    above = Master("ABOVE", "core", 1900, 2800, "", {}, (cut._replace(x0=200 + shift, x1=340 + shift, y0=-70, y1=70),))
    with_cells = replace(kit, masters={**kit.masters, "BELOW": below, "ABOVE": above})
    block = _sheet()
    block.instances["below"] = Instance("below", "BELOW", 11400, 11200, "N", True)
    block.instances["above"] = Instance("above", "ABOVE", 11400, 14000, "N", True)
    assert {v.rule for v in check_geometry(block, with_cells)} == rules


def test_metal_over_a_cell(kit: Kit) -> None:
    block = _sheet()
    block.instances["u"] = Instance("u", "DFF_X1", 11400, 11200, "FS", True)
    assert check_geometry(block, kit) == []
    _add(block, "a", Wire("metal1", 11000, 12600, 17000, 12600, 140, 70))
    shorts = [v for v in check_geometry(block, kit) if v.rule == "short"]
    assert shorts and all(v.nets == ("a", "inside u") for v in shorts)


def test_what_a_cell_violates_by_itself_is_left_out_but_nothing_else(kit: Kit) -> None:
    block = _sheet()
    block.instances["t"] = Instance("t", "WELLTAP_X1", 11400, 11200, "N", True)
    power = Net("VDD", "power", [], [Wire("metal1", 11000, 14000, 13000, 14000, 340, 0)])
    block.nets["VDD"] = power
    assert check_geometry(block, kit) == []
    # 60 nm above the tap's own obstruction
    _add(block, "a", Wire("metal1", 10500, 11990, 11800, 11990, 140, 0))
    assert {(v.rule, v.nets) for v in check_geometry(block, kit)} == {("spacing", ("a", "inside t"))}


def test_routed_block_is_whole_and_each_missing_piece_is_an_open(kit: Kit, routed: Block) -> None:
    assert check_geometry(routed, kit) == []
    assert check_connectivity(routed, kit) == []
    name, net = next((n, net) for n, net in routed.nets.items() if net.use == "signal" and len(net.wires) > 2)
    for kind in ("wires", "vias"):
        for i in range(len(getattr(net, kind))):
            broken = routed.copy()
            del getattr(broken.nets[name], kind)[i]
            found = check_connectivity(broken, kit)
            # a wire that only joins what pads join already may go
            if kind == "vias":
                assert found, f"via {i}"
            assert all(v.nets[0] == name for v in found)
    broken = routed.copy()
    broken.nets[name].wires, broken.nets[name].vias = [], []
    assert len(check_connectivity(broken, kit)) == len(net.pins) - 1


def test_power_open_and_floating_metal(kit: Kit, routed: Block) -> None:
    broken = routed.copy()
    ground = broken.nets[kit.roles.ground_net]
    rail = next(wire for wire in ground.wires if wire.layer == "metal1")
    ground.vias = [via for via in ground.vias if via.y != rail.y0]
    found = check_connectivity(broken, kit)
    assert "open" in {v.rule for v in found} and {v.nets[0] for v in found} == {kit.roles.ground_net}
    loose = routed.copy()
    name = next(n for n, net in loose.nets.items() if net.use == "signal")
    loose.nets[name].wires.append(Wire("metal6", 190, 700, 190, 1400, 280, 140))
    assert [(v.rule, v.nets) for v in check_connectivity(loose, kit)] == [("floating metal", (name,))]
