"""Coupling between neighbours: by hand, who counts as a neighbour, totals that stay, and both sides in SPEF."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import Rect
from neutnngen.place_route.block import Block, Net, PinRef, Port, Wire
from neutnngen.place_route.coupling import SHARE
from neutnngen.place_route.extract import extract, write_spef

KIT = load_kit()
LAYER = KIT.technology.layers["metal3"]


def lines(*at: tuple[int, int, int]) -> Block:
    """Wires on metal3, one net each: (x0, x1, y), between two ports."""
    block = Block("b", Rect("", 0, 0, 60000, 60000), Rect("", 0, 0, 60000, 60000))
    for k, (x0, x1, y) in enumerate(at):
        name = f"n{k}"
        net = Net(name, "signal", wires=[Wire("metal3", x0, y, x1, y, LAYER.width, LAYER.width // 2)])
        for end, x in (("a", x0), ("b", x1)):
            port = f"{name}{end}"
            block.ports[port] = Port(port, "input" if end == "a" else "output", name, Rect("metal3", x - 70, y - 70, x + 70, y + 70))
            net.pins.append(PinRef(None, port))
        block.nets[name] = net
    return block


def coupled(block: Block, net: str) -> float:
    return extract(block, KIT).nets[net].coupled


def test_two_neighbours_by_hand() -> None:
    pitch = LAYER.width + LAYER.spacing
    block = lines((1000, 21000, 5000), (11000, 31000, 5000 + pitch))
    run = 10000 / KIT.technology.dbu
    close = SHARE / 2 * LAYER.capacitance * run
    assert coupled(block, "n0") == pytest.approx(close) and coupled(block, "n1") == pytest.approx(close)
    entries = extract(block, KIT).nets["n0"].coupling
    assert {(other, there) for _, other, there, _ in entries} == {("n1", 0), ("n1", 1)} and len(entries) == 2
    wider = lines((1000, 21000, 5000), (11000, 31000, 5000 + LAYER.width + 2 * LAYER.spacing))
    assert coupled(wider, "n0") == pytest.approx(close / 2)
    assert extract(block, KIT).nets["n0"].total == pytest.approx(LAYER.capacitance * 20000 / KIT.technology.dbu)


def test_who_is_no_neighbour() -> None:
    pitch = LAYER.width + LAYER.spacing
    assert coupled(lines((1000, 9000, 5000), (9000 + 280, 21000, 5000 + pitch)), "n0") == 0, "no common run"
    assert coupled(lines((1000, 21000, 5000), (1000, 21000, 5000 + 2 * pitch)), "n0") == 0, "room for a wire between"
    three = lines((1000, 21000, 5000), (1000, 21000, 5000 + pitch), (1000, 21000, 5000 + 2 * pitch))
    nets = extract(three, KIT).nets
    assert nets["n1"].coupled == pytest.approx(SHARE * nets["n1"].total), "both sides at the smallest spacing"
    assert {other for _, other, _, _ in nets["n0"].coupling} == {"n1"}


def test_spef_lists_a_coupling_at_both_nets_and_keeps_the_total(tmp_path: Path) -> None:
    block = lines((1000, 21000, 5000), (1000, 21000, 5000 + LAYER.width + LAYER.spacing))
    write_spef(extract(block, KIT), block, KIT, tmp_path / "b.spef")
    text = (tmp_path / "b.spef").read_text()
    for net in re.findall(r"\*D_NET .*?\*END", text, re.DOTALL):
        total = float(re.findall(r"\*D_NET \S+ (\S+)", net)[0])
        rows = [row.split() for row in re.findall(r"\*CAP\n(.*?)\*RES", net, re.DOTALL)[0].splitlines()]
        assert sorted(len(row) for row in rows) == [3, 3, 4, 4]
        assert sum(float(row[-1]) for row in rows) == pytest.approx(total, rel=1e-4)
        assert [int(row[0]) for row in rows] == [1, 2, 3, 4]
