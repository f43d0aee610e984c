"""Repeaters: every sink hangs on its net's driver, no wire is longer than it may be, clocks are balanced."""

from __future__ import annotations

import numpy as np
import pytest

from neutnngen.errors import ConfigError
from neutnngen.hierarchy.netlist import ChipNet, Pin
from neutnngen.hierarchy.repeaters import FANOUT, Node, Planner

PITCH = 100.0


def planner(side: int, reach: float, places: dict[Pin, tuple[float, float]], room: int | None = None) -> Planner:
    tiles = {(r, c): (c * PITCH, r * PITCH) for r in range(1, side + 1) for c in range(side)}

    def tile_of(place: tuple[float, float]) -> tuple[int, int]:
        return max(1, min(side, round(place[1] / PITCH))), max(0, min(side - 1, round(place[0] / PITCH)))

    return Planner(tiles, reach, room, places.__getitem__, tile_of)


def case(side: int, sinks: int, seed: int) -> tuple[ChipNet, dict[Pin, tuple[float, float]]]:
    rng = np.random.default_rng(seed)
    pins = [Pin(f"m{k}", "d") for k in range(sinks)]
    places = {p: (float(rng.uniform(0, (side - 1) * PITCH)), float(rng.uniform(PITCH, side * PITCH))) for p in pins}
    driver = Pin("", "in")
    places[driver] = (0.0, side * PITCH)
    return ChipNet("net", driver, tuple(pins)), places


def depths(plan: Planner, net: ChipNet) -> dict[Pin, int]:
    """Buffers before every sink, by following the wires; fails where one is reached twice."""
    children = {s.driver: s.sinks for s in plan.plan.segments}
    assert len(children) == len(plan.plan.segments), "a repeater drives one wire"
    found: dict[Pin, int] = {}
    seen: set[Node] = set()
    todo = [(Node(net.driver, (-1, -1), -1), 0)]
    while todo:
        node, depth = todo.pop()
        for sink in children[node]:
            assert sink not in seen
            seen.add(sink)
            if sink.pin is not None:
                found[sink.pin] = depth
            else:
                todo.append((sink, depth + 1))
    assert len(seen) == sum(len(s.sinks) for s in plan.plan.segments)
    return found


@pytest.mark.parametrize("sinks", [1, 3, 9, 60, 400])
@pytest.mark.parametrize("seed", range(4))
def test_every_sink_is_reached_once_and_no_repeater_drives_too_many(sinks: int, seed: int) -> None:
    net, places = case(12, sinks, seed)
    plan = planner(12, 350.0, places)
    plan.cut(net)
    assert set(depths(plan, net)) == set(net.sinks)
    assert max(len(s.sinks) for s in plan.plan.segments) <= max(FANOUT, 2 * FANOUT)
    used = [n for s in plan.plan.segments for n in (s.driver, *s.sinks) if n.pin is None]
    assert sum(plan.plan.used.values()) == len(set(used))


def test_long_wires_are_cut() -> None:
    near, far = Pin("near", "d"), Pin("far", "d")
    places = {Pin("", "in"): (0.0, PITCH), near: (50.0, PITCH), far: (1100.0, 12 * PITCH)}
    plan = planner(12, 350.0, places)
    plan.cut(ChipNet("short", Pin("", "in"), (near,)))
    assert not plan.plan.used
    plan.cut(ChipNet("long", Pin("", "in"), (far,)))
    assert sum(plan.plan.used.values()) >= 2200 // 350


@pytest.mark.parametrize("end", [(0.0, 12 * PITCH), (1100.0, 12 * PITCH), (1040.0, 230.0), (310.0, 930.0)])
def test_banks_are_no_farther_apart_than_a_repeater_reaches(end: tuple[float, float]) -> None:
    """Repeaters stand in banks only: a reach of two tiles and a half is worth two tiles."""
    start, far = Pin("", "in"), Pin("far", "d")
    plan = planner(12, 250.0, {start: (20.0, 130.0), far: end})
    plan.cut(ChipNet("long", start, (far,)))

    def place(node: Node) -> tuple[float, float]:
        return plan.where(node.pin) if node.pin is not None else plan.tiles[node.tile]

    lengths = [sum(abs(a - b) for a, b in zip(place(s.driver), place(s.sinks[0]), strict=True)) for s in plan.plan.segments]
    assert max(lengths) <= 250.0 and min(lengths) > 0
    assert len(lengths) <= 2 + (abs(end[0] - 20) + abs(end[1] - 130)) / 150


def test_where_a_repeater_does_not_reach_the_next_bank_there_is_one_in_every_bank() -> None:
    start, far = Pin("", "in"), Pin("far", "d")
    plan = planner(12, 60.0, {start: (0.0, PITCH), far: (0.0, 12 * PITCH)})
    plan.cut(ChipNet("long", start, (far,)))
    assert {tile for tile, count in plan.plan.used.items() if count} >= {(row, 0) for row in range(2, 12)}


def test_a_weak_driver_gets_a_repeater_where_its_wire_is_long_or_was_too_slow() -> None:
    out, port = Pin("m", "out"), Pin("", "port")
    net, places = ChipNet("net", out, (port,)), {out: (10.0, PITCH), port: (20.0, PITCH)}
    counts = []
    for weak, share in ((True, 1.0), (True, 0.8), (False, 0.8)):
        plan = planner(3, 350.0, places)
        plan.cut(net, weak=weak, share=share)
        counts.append(sum(plan.plan.used.values()))
    assert counts == [0, 1, 0]


def test_every_path_of_a_clock_has_as_many_buffers() -> None:
    net, places = case(12, 144, 3)
    plan = planner(12, 350.0, places)
    plan.cut(net, balanced=True)
    assert len(set(depths(plan, net).values())) == 1


def test_banks_that_are_full_pass_repeaters_on_until_none_has_room() -> None:
    net, places = case(3, 60, 0)
    plan = planner(3, 400.0, places, room=8)
    plan.cut(net)
    assert max(plan.plan.used.values()) <= 8 and set(depths(plan, net)) == set(net.sinks)
    with pytest.raises(ConfigError, match="too few repeaters"):
        for _ in range(20):
            plan.cut(net)


def test_a_net_with_less_reach_has_shorter_wires_and_a_pin_with_pads_more_repeaters() -> None:
    net, places = case(12, 40, 1)
    usual, short = planner(12, 350.0, places), planner(12, 350.0, places)
    usual.cut(net)
    short.cut(net, share=0.5, pads={net.sinks[0]: 3})
    assert short.reach == 350.0
    assert sum(short.plan.used.values()) > sum(usual.plan.used.values()) + 3
    assert depths(short, net)[net.sinks[0]] >= 4
    last = next(s for s in short.plan.segments if s.sinks == (Node(net.sinks[0], (-1, -1), -1),))
    assert last.driver.pin is None
