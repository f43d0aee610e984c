"""Extraction against figures worked out by hand, and SPEF as OpenSTA reads it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from routed_block import placed_block

from conftest import need
from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import Kit, Rect
from neutnngen.place_route.block import Block, Instance, Net, PinRef, Port, Via, Wire
from neutnngen.place_route.extract import extract, write_spef
from neutnngen.place_route.router import route
from neutnngen.place_route.verilog_netlist import write_netlist


@pytest.fixture(scope="module")
def kit() -> Kit:
    return load_kit("nangate45")


def _by_hand() -> Block:
    """Output of u1 over metal2 (2.8 um) and metal3 (3.8 um) to u2, a port in the middle of the metal3 wire's way."""
    block = Block("hand", Rect("", 0, 0, 20000, 20000), Rect("", 0, 0, 20000, 20000))
    block.instances = {
        "u1": Instance("u1", "INV_X1", 3800, 2800, "N", True),
        "u2": Instance("u2", "INV_X1", 3800 + 20 * 380, 2800, "N", True),
    }
    # ZN of u1 at x 4370, A of u2 at x 11590, both on the row y 4060
    net = Net("n", "signal", [PinRef("u1", "ZN"), PinRef("u2", "A"), PinRef(None, "n")])
    net.wires = [
        Wire("metal2", 4370, 4060, 4370, 9660, 140, 70),
        Wire("metal3", 4370, 9660, 11590, 9660, 140, 70),
        Wire("metal2", 11590, 4060, 11590, 9660, 140, 70),
    ]
    net.vias = [Via("via1_4", 4370, 4060), Via("via2_5", 4370, 9660), Via("via2_5", 11590, 9660), Via("via1_4", 11590, 4060)]
    block.nets = {"n": net}
    block.ports = {"n": Port("n", "output", "n", Rect("metal3", 8000, 9590, 8400, 9730))}
    return block


def test_hand_worked_network(kit: Kit) -> None:
    found = extract(_by_hand(), kit).nets["n"]
    metal2, metal3 = kit.technology.layers["metal2"], kit.technology.layers["metal3"]
    up, across = 2.8, 3.61  # um
    assert found.length == 2 * 5600 + 7220
    assert found.total == pytest.approx(2 * up * metal2.capacitance + across * metal3.capacitance)
    assert sorted(r for _, _, r in found.resistors) == pytest.approx(
        sorted([5.0] * 4 + [up * metal2.resistance] * 2 + [1.915 * metal3.resistance, (across - 1.915) * metal3.resistance])
    )
    node = {key: i for i, key in enumerate(found.nodes)}
    # the port splits metal3 1.915 um from its left end: half of both pieces is its own
    assert found.capacitance[node[PinRef(None, "n")]] == pytest.approx(0.5 * across * metal3.capacitance)
    assert found.capacitance[node[PinRef("u1", "ZN")]] == 0  # a via alone carries no capacitance


def test_network_of_every_routed_net_joins_all_pins(kit: Kit) -> None:
    block = route(placed_block(kit, 80, 5), kit).block
    for name, found in extract(block, kit).nets.items():
        reached, grown = {0}, True
        while grown:
            more = {b for a, b, _ in found.resistors if a in reached} | {a for a, b, _ in found.resistors if b in reached}
            grown = not more <= reached
            reached |= more
        assert len(reached) == len(found.nodes), name
        wires = sum(w.x1 - w.x0 + w.y1 - w.y0 for w in block.nets[name].wires)
        assert found.length == wires


def test_spef_text(kit: Kit, tmp_path: Path) -> None:
    block = _by_hand()
    write_spef(extract(block, kit), block, kit, tmp_path / "hand.spef")
    text = (tmp_path / "hand.spef").read_text()
    assert "*NAME_MAP\n*1 n\n" in text
    assert "*CONN\n*I u1:ZN O *D INV_X1\n*I u2:A I *D INV_X1\n*P n O\n*CAP\n" in text
    assert text.count("*END") == 1 and not list(tmp_path.glob(".*"))


def _awkward(block: Block) -> Block:
    """The same block with names that synthesis makes."""
    spellings = ("a.b[{}]", "x/y{}", "$abc${}", "u[{}][3]", "p\\q:{}")
    names = {name: spellings[i % 5].format(i) for i, name in enumerate(block.instances)}
    block.instances = {names[k]: v for k, v in block.instances.items()}
    for name, instance in block.instances.items():
        instance.name = name
    nets = {}
    for i, net in enumerate(block.nets.values()):
        ports = [ref.pin for ref in net.pins if ref.instance is None]
        if net.use == "signal":
            net.name = ports[0] if ports else ("n.q[{}]", "w/y{}", "$t${}")[i % 3].format(i)
        for port in ports:
            block.ports[port].net = net.name
        net.pins = [PinRef(names.get(str(r.instance), r.instance), r.pin) for r in net.pins]
        nets[net.name] = net
    block.nets = nets
    return block


@pytest.mark.tool
def test_opensta_finds_every_net(kit: Kit, tmp_path: Path) -> None:
    need("sta")
    block = _awkward(route(placed_block(kit, 120, 6), kit).block)
    parasitics = extract(block, kit)
    write_spef(parasitics, block, kit, tmp_path / "good.spef")
    write_netlist(block, tmp_path / "block.v", kit)
    text = (tmp_path / "good.spef").read_text()
    (tmp_path / "bad.spef").write_text(text.replace("*1 ", "*1 zz", 1))
    warnings = {}
    for name in ("good", "bad"):
        script = [f"read_liberty {kit.liberty[0]}", f"read_verilog {tmp_path}/block.v", f"link_design {block.name}"]
        script += [f"read_spef {tmp_path}/{name}.spef"]
        script += ["foreach net [get_nets *] { catch { report_net -connections -verbose -digits 6 [get_full_name $net] } }"]
        (tmp_path / f"{name}.tcl").write_text("\n".join([*script, "exit"]) + "\n")
        done = subprocess.run(
            ["sta", "-exit", str(tmp_path / f"{name}.tcl")], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=True
        )
        warnings[name] = [line for line in (done.stdout + done.stderr).splitlines() if re.search(r"Warning|Error|not found", line)]
        if name == "good":
            heard = {float(value) for value in re.findall(r"Wire capacitance: (?:r )?([0-9.]+)", done.stdout)}
    assert warnings["good"] == []
    assert any("not found" in line for line in warnings["bad"])  # the check can fail
    said = [net.total for net in parasitics.nets.values()]
    assert len(heard) > len(said) // 2
    assert all(min(abs(value - total) for total in said) < 1e-4 for value in heard)
