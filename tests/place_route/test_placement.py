"""Placement: the check names each fault, the own legaliser is always legal, the engine's result keeps the rules and its seed."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Any

import coloquinte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from netlist_block import shift_register, the_kit

from neutnngen.errors import ConfigError, NeutnngenError
from neutnngen.pdk.technology import Rect
from neutnngen.place_route.block import Block, Instance, PinRef, Row
from neutnngen.place_route.fill import add_taps
from neutnngen.place_route.floorplan import make_floorplan
from neutnngen.place_route.legalise import legalise
from neutnngen.place_route.pin_placement import Side, place_ports
from neutnngen.place_route.place_block import PlaceOptions, place_block
from neutnngen.place_route.placement import Engine, hpwl, place, place_global, place_legal
from neutnngen.place_route.placement_check import check_placement
from neutnngen.place_route.power_grid import add_power_grid

SITE, HEIGHT = 380, 2800
COLOQUINTE: Engine = "coloquinte"


@cache
def ready(stages: int = 30) -> Block:
    """A floorplan with taps, grid and ports, its cells unplaced."""
    kit = the_kit()
    block, _ = make_floorplan(shift_register(stages), kit)
    return place_ports(add_power_grid(add_taps(block, kit), kit), kit)


@cache
def placed() -> Block:
    return place(ready(), the_kit(), seed=1)


@st.composite
def scattered(draw: st.DrawFn) -> Block:
    """Rows with fixed taps and cells at any place, even outside; they fill at most 85 % of the rows."""
    rows, sites = draw(st.integers(1, 4)), draw(st.integers(60, 90))
    site = the_kit().roles.core_site
    made = [Row(f"r{i}", site, 760, HEIGHT * (1 + i), "N" if i % 2 == 0 else "FS", sites) for i in range(rows)]
    core = Rect("", 760, HEIGHT, 760 + sites * SITE, HEIGHT * (1 + rows))
    block = Block("b", Rect("", 0, 0, core.x1 + 760, core.y1 + HEIGHT), core, made)
    block = add_taps(block, the_kit())
    room = int(0.85 * rows * (sites - 2))
    names = draw(st.lists(st.sampled_from(["INV_X1", "NAND2_X1", "MUX2_X1", "DFF_X1", "BUF_X8"]), max_size=40))
    for k, name in enumerate(names):
        room -= the_kit().masters[name].width // SITE
        if room < 0:
            break
        x = draw(st.integers(-5000, core.x1 + 5000))
        y = draw(st.integers(-5000, core.y1 + 5000))
        block.instances[f"u{k}"] = Instance(f"u{k}", name, x, y, draw(st.sampled_from(["N", "S", "FN", "FS"])))
    return block


@settings(max_examples=60, deadline=None)
@given(scattered())
def test_legalise_is_legal_keeps_fixed_cells_and_is_idempotent(block: Block) -> None:
    kit = the_kit()
    legal = legalise(block, kit)
    assert check_placement(legal, kit) == []
    assert {n: i for n, i in legal.instances.items() if i.fixed} == {n: i for n, i in block.instances.items() if i.fixed}
    mirrored = {"FN", "S"}
    assert all((i.orient in mirrored) == (block.instances[n].orient in mirrored) for n, i in legal.instances.items())
    assert legalise(legal, kit).instances == legal.instances


def test_legalise_moves_only_what_overlaps() -> None:
    kit = the_kit()
    block = placed().copy()
    moved = next(i for i in block.instances.values() if i.master == "DFF_X1")
    moved.x += SITE
    legal = legalise(block, kit)
    assert check_placement(legal, kit) == []
    far = [n for n, i in legal.instances.items() if abs(i.x - block.instances[n].x) + abs(i.y - block.instances[n].y) > 4 * HEIGHT]
    assert far == []
    assert hpwl(legal, kit) < 1.05 * hpwl(placed(), kit)


def test_legalise_refuses_what_does_not_fit() -> None:
    block = ready().copy()
    block.rows = block.rows[:2]
    with pytest.raises(ConfigError, match="do not fit"):
        legalise(block, the_kit())


def outside(block: Block, cell: Instance) -> None:
    cell.x = block.core.x1


def unplaced(_: Block, cell: Instance) -> None:
    cell.placed = False


def onto_another(block: Block, cell: Instance) -> None:
    other = next(i for i in block.instances.values() if i.name != cell.name and i.kind == "logic")
    cell.x, cell.y, cell.orient = other.x, other.y, other.orient


def off_site(_: Block, cell: Instance) -> None:
    cell.x += 5


def off_row(_: Block, cell: Instance) -> None:
    cell.y += 5


def upside_down(_: Block, cell: Instance) -> None:
    cell.orient = {"N": "FS", "FN": "S", "FS": "N", "S": "FN"}[cell.orient]  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (outside, "outside"),
        (unplaced, "unplaced"),
        (onto_another, "overlap"),
        (off_site, "off site"),
        (off_row, "off row"),
        (upside_down, "orientation"),
    ],
)
def test_the_check_names_the_fault(spoil: Any, rule: str) -> None:
    block = placed().copy()
    spoil(block, block.instances["f3"])
    found = [problem for problem in check_placement(block, the_kit()) if "f3" in problem.instances]
    assert rule in {problem.rule for problem in found}


def test_placement_is_legal_short_and_follows_its_seed() -> None:
    kit = the_kit()
    assert check_placement(placed(), kit) == []
    assert place(ready(), kit, seed=1) == placed()
    assert place(ready(), kit, seed=2).instances != placed().instances
    assert {i.orient for i in placed().instances.values()} <= {"N", "FN", "FS", "S"}
    taps = {n: i for n, i in ready().instances.items() if i.kind == "tap"}
    assert {n: i for n, i in placed().instances.items() if i.kind == "tap"} == taps
    # the ring's cells in the order of their names, row by row, are no bad placement: the engine must be better
    rowwise = ready().copy()
    per_row = -(-len(rowwise.instances) // len(rowwise.rows))
    for k, instance in enumerate(i for i in rowwise.instances.values() if not i.fixed):
        instance.x, instance.y = rowwise.core.x0 + k % per_row * 5 * SITE, rowwise.rows[k // per_row].y
    assert hpwl(placed(), kit) < 0.95 * hpwl(legalise(rowwise, kit), kit)


def test_hpwl_by_hand() -> None:
    kit = the_kit()
    block = Block("two", Rect("", 0, 0, 0, 0), Rect("", 0, 0, 0, 0))
    for name, x, y in (("a", 0, 0), ("b", 10 * SITE, HEIGHT)):
        block.instances[name] = Instance(name, "INV_X1", x, y, placed=True)
    netlist = shift_register(1)
    block.nets["n"] = netlist.nets["en"]
    block.nets["n"].pins = [PinRef("a", "A"), PinRef("b", "A")]
    assert hpwl(block, kit) == (10 * SITE + HEIGHT) / 2000


def test_weighted_nets_become_shorter_with_coloquinte() -> None:
    kit, engine = the_kit(), COLOQUINTE
    names = [f"q[{i}]" for i in range(10, 20)]
    # a weight below 1 must not mean "no net": Coloquinte cuts weights down to whole numbers
    heavy = place(ready(), kit, seed=1, net_weights={name: 2.5 if name in names else 0.5 for name in ready().nets}, engine=engine)
    even = place(ready(), kit, seed=1, engine=engine)

    def length(block: Block) -> float:
        only = block.copy()
        only.nets = {name: only.nets[name] for name in names}
        return hpwl(only, kit)

    assert length(heavy) < 0.9 * length(even)
    assert hpwl(heavy, kit) < 1.2 * hpwl(even, kit)


def test_what_the_engine_gives_up_the_own_legaliser_places(monkeypatch: pytest.MonkeyPatch) -> None:
    kit = the_kit()
    spread = place_global(ready(), kit)

    def give_up(*_: object) -> None:
        raise RuntimeError("no room")

    monkeypatch.setattr(coloquinte.Circuit, "legalize", give_up)
    assert check_placement(place_legal(spread, kit, engine="coloquinte"), kit) == []


def test_a_core_that_is_too_small_is_an_error_of_the_user() -> None:
    full = ready().copy()
    full.rows = full.rows[:2]
    with pytest.raises(NeutnngenError, match="do not fit"):
        place_legal(full, the_kit())
    with pytest.raises(ConfigError, match="effort"):
        place_global(ready(), the_kit(), effort=0)


def test_ports_lie_on_tracks_at_the_edge_apart_and_on_their_sides() -> None:
    kit, die = the_kit(), ready().die
    sides: dict[str, Side] = {"clk": "top", "q[0]": "left", "q[1]": "left", "en": "right"}
    ports = [p for p in place_ports(ready(), kit, sides).ports.values() if p.net not in ("VDD", "VSS")]
    where = {}
    for port in ports:
        assert port.rect is not None
        layer = kit.technology.layers[port.rect.layer]
        vertical = layer.direction == "vertical"
        low, high = (port.rect.x0, port.rect.x1) if vertical else (port.rect.y0, port.rect.y1)
        assert high - low == layer.width and ((low + high) // 2 - layer.offset) % layer.pitch == 0
        side = "bottom" if port.rect.y0 == die.y0 else "top" if port.rect.y1 == die.y1 else "left" if port.rect.x0 == die.x0 else "right"
        assert (layer.name in ("metal2",)) == (side in ("bottom", "top")) and (side != "right" or port.rect.x1 == die.x1)
        where[port.name] = side, (low + high) // 2 // layer.pitch
    assert {name: where[name][0] for name in sides} == sides
    tracks = list(where.values())
    assert all(a[0] != b[0] or abs(a[1] - b[1]) >= 2 for i, a in enumerate(tracks) for b in tracks[:i])
    with pytest.raises(ConfigError, match="lacks"):
        place_ports(ready(), kit, {"clock": "top"})


def test_ports_follow_their_cells() -> None:
    kit = the_kit()
    before = placed().copy()
    names = [n for n in before.ports if before.ports[n].net not in ("VDD", "VSS")]
    rects = [before.ports[n].rect for n in names]
    for name, rect in zip(names, reversed(rects), strict=True):
        before.ports[name].rect = rect
    assert hpwl(place_ports(before, kit), kit) < hpwl(before, kit)


def test_whole_sequence() -> None:
    kit = the_kit()
    netlist, _ = make_floorplan(shift_register(40), kit)
    untouched = netlist.copy()
    said: list[str] = []
    result = place_block(netlist, kit, PlaceOptions(seed=3, max_fanout=8), said.append)
    assert netlist == untouched
    assert check_placement(result.block, kit) == []
    assert {i.kind for i in result.block.instances.values()} == {"logic", "tap", "buffer", "clock"}
    assert result.hpwl_um == hpwl(result.block, kit) and list(result.seconds) == said
    assert place_block(netlist, kit, PlaceOptions(seed=3, max_fanout=8)) == result
    with pytest.raises(ConfigError, match="no rows"):
        place_block(shift_register(2), kit)
    with pytest.raises(ConfigError, match="max_fanout"):
        PlaceOptions(max_fanout=1)


def test_weights_are_asked_for_between_rounds() -> None:
    kit = the_kit()
    netlist, _ = make_floorplan(shift_register(40), kit)
    seen: list[Block] = []

    def refine(block: Block) -> dict[str, float] | None:
        seen.append(block)
        return {"d3": 8.0} if len(seen) < 3 else None

    result = place_block(netlist, kit, PlaceOptions(seed=3), refine=refine)
    assert len(seen) == 3 and seen[0] != seen[1]
    assert check_placement(result.block, kit) == []
    # the same weights from the present places change little the second time
    moved = [[abs(b.instances[n].x - i.x) + abs(b.instances[n].y - i.y) for n, i in a.instances.items()] for a, b in pairwise(seen)]
    assert sum(moved[1]) < 1.5 * sum(moved[0])
