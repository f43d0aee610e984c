"""Routed blocks are clean by the independent check, the same seed gives the same metal, and what cannot be routed is reported."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from routed_block import placed_block

from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.macros import read_tnn7, with_adder
from neutnngen.pdk.technology import Kit, Rect
from neutnngen.place_route.abutment import room_beside
from neutnngen.place_route.block import Block, Instance, Net, PinRef, Wire
from neutnngen.place_route.drc import check_connectivity, check_geometry
from neutnngen.place_route.router import RouteOptions, route


@pytest.fixture(scope="module")
def kit() -> Kit:
    return load_kit("nangate45")


@pytest.fixture(scope="module")
def block(kit: Kit) -> Block:
    return placed_block(kit, 150)


@pytest.mark.parametrize(("seed", "utilisation"), [(0, 0.65), (1, 0.7), (2, 0.75)])
def test_routes_clean(kit: Kit, seed: int, utilisation: float) -> None:
    placed = placed_block(kit, 220, seed, utilisation)
    steps: list[tuple[int, int]] = []
    result = route(placed, kit, RouteOptions(seed=seed), lambda iteration, left: steps.append((iteration, left)))
    assert (result.failed, result.overflow) == ((), 0)
    assert check_geometry(result.block, kit) == []
    assert check_connectivity(result.block, kit) == []
    assert [iteration for iteration, _ in steps] == list(range(result.iterations + 1)) and steps[-1][1] == 0
    signal = [net for net in result.block.nets.values() if net.use == "signal"]
    assert result.vias == sum(len(net.vias) for net in signal)
    assert {wire.layer for net in signal for wire in net.wires} <= set(kit.signal_layers)


def test_same_seed_same_metal_and_argument_untouched(kit: Kit, block: Block) -> None:
    first, second = (route(block, kit, RouteOptions(seed=3)) for _ in range(2))
    assert first.block.nets == second.block.nets
    assert all(not net.wires for net in block.nets.values() if net.use == "signal")


def test_wires_are_maximal(kit: Kit, block: Block) -> None:
    for net in route(block, kit).block.nets.values():
        if net.use != "signal":
            continue
        for a in net.wires:
            for b in net.wires:
                collinear = a.layer == b.layer and a is not b and (a.x1, a.y1) == (b.x0, b.y0)
                assert not collinear or (a.x0 == a.x1) != (b.x0 == b.x1)


def test_covered_pin_is_reported_with_its_place(kit: Kit, block: Block) -> None:
    walled = block.copy()
    instance = walled.instances["u0"]
    master = kit.masters[instance.master]
    x, y = instance.x + master.width // 2, instance.y
    walled.nets[kit.roles.power_net].wires.append(Wire("metal2", x, y, x, y + master.height, master.width, 0))
    result = route(walled, kit)
    reports = [failed for failed in result.failed if "u0/" in failed.reason]
    assert len(reports) == sum(pin.use in ("signal", "clock") for pin in master.pins.values() if _used(block, pin.name))
    assert all(failed.places for failed in reports)


def _used(block: Block, pin: str) -> bool:
    return any(ref == ("u0", pin) for net in block.nets.values() for ref in net.pins)


def test_conflicts_that_are_left_are_reported(kit: Kit, block: Block) -> None:
    result = route(block, kit, RouteOptions(max_iterations=0))
    assert result.overflow > 0 and result.failed
    assert all("conflict" in failed.reason and failed.places for failed in result.failed)
    # the independent check sees them too, and sees that every net is whole
    broken = {name for violation in check_geometry(result.block, kit) for name in violation.nets}
    assert broken & {failed.net for failed in result.failed}
    assert check_connectivity(result.block, kit) == []


def _far_apart(kit: Kit, wall: list[Wire]) -> Block:
    """One net from the left to the right end of a row, with metal of another net in between."""
    die = Rect("", 0, 0, 76000, 42000)
    block = Block("far", die, die)
    block.instances = {name: Instance(name, "INV_X1", x, 19600, "N", True) for name, x in (("a", 3800), ("b", 68400))}
    block.nets["n"] = Net("n", "signal", [PinRef("a", "ZN"), PinRef("b", "A")])
    block.nets["shield"] = Net("shield", "power", [], wall)
    return block


def test_finds_the_gate_far_outside_the_first_search_window(kit: Kit) -> None:
    # a wall on both horizontal layers, open at the lower end only
    gate = 5600
    wall = [Wire(layer, 38000, gate, 38000, 42000, 280, 0) for layer in ("metal3", "metal5")]
    result = route(_far_apart(kit, wall), kit, RouteOptions(margin=2))
    assert result.failed == () and check_connectivity(result.block, kit) == []
    assert [v for v in check_geometry(result.block, kit) if "n" in v.nets] == []
    crossing = [w for w in result.block.nets["n"].wires if w.x0 < 38000 < w.x1]
    assert crossing and all(w.y0 < gate for w in crossing)


def test_no_way_at_all_is_reported(kit: Kit) -> None:
    wall = [Wire(layer, 38000, 0, 38000, 42000, 280, 0) for layer in ("metal3", "metal5")]
    result = route(_far_apart(kit, wall), kit)
    assert [(failed.net, failed.reason) for failed in result.failed] == [("n", "no path from a/ZN to b/A")]


def test_row_that_is_reached_only_beside_an_own_via(kit: Kit) -> None:
    """A net whose wires fill a row must still reach the next row, though a via back at once is forbidden by cut spacing."""
    result = route(placed_block(kit, 80), kit)
    assert result.failed == () and check_geometry(result.block, kit) == []


def test_hard_cells_with_metal_between_their_pins_are_routed(shared: Path, tmp_path: Path) -> None:
    """The full adders of a set of macros, whose pins lie on M2 beside obstructions, in a carry chain in all orientations."""
    plain = load_kit("asap7", shared / "pdk" / "asap7")
    kit = with_adder(plain, read_tnn7(shared / "pdk" / "tnn7", plain), tmp_path)
    assert kit.roles.full_adder is not None
    name, pins = kit.roles.full_adder
    site, master = kit.technology.sites[kit.roles.core_site], kit.masters[name]
    core = Rect("", 4 * site.width, 4 * site.height, 64 * site.width, 12 * site.height)
    block = Block("b", Rect("", 0, 0, core.x0 + core.x1, core.y0 + core.y1), core)
    room = master.width + sum(room_beside(master, kit))
    for row in (0, 3, 6):  # apart: without supply nets, rails of neighbours would be shorts
        for k in range(2):
            orient = ("N", "FN", "FS", "S")[2 * (row % 2) + k]
            x, y = core.x0 + 8 * site.width + k * room, core.y0 + row * site.height
            block.instances[f"u{row + k}"] = Instance(f"u{row + k}", name, x, y, orient, True)  # type: ignore[arg-type]
    cells = list(block.instances)
    for i, (here, there) in enumerate(pairwise(cells)):
        block.nets[f"carry{i}"] = Net(f"carry{i}", "signal", [PinRef(here, pins["co"]), PinRef(there, pins["ci"])])
        block.nets[f"sum{i}"] = Net(f"sum{i}", "signal", [PinRef(here, pins["s"]), PinRef(there, pins["a"]), PinRef(there, pins["b"])])
    result = route(block, kit)
    assert (result.failed, result.overflow) == ((), 0)
    assert check_geometry(result.block, kit) == []
    assert check_connectivity(result.block, kit) == []
