"""Planted faults: each is caught, by the check that is there for it; a check that is blind is noticed."""

from __future__ import annotations

import random
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from neutnngen.errors import CheckFailed
from neutnngen.flow import planted
from neutnngen.pdk.kits import load_kit
from neutnngen.place_route.block import Block
from neutnngen.place_route.verilog_netlist import write_netlist

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "place_route"))
from routed_block import finished_block

KIT = load_kit()


@pytest.fixture(scope="module")
def block() -> Block:
    return finished_block(KIT, 60)


def test_every_fault_is_caught_by_its_check(block: Block, tmp_path: Path) -> None:
    write_netlist(block, tmp_path / "n.v", KIT)
    outcomes = {outcome.fault.kind: outcome for outcome in planted.run_planted(block, tmp_path / "n.v", KIT, tmp_path / "faults")}
    seen = {kind: {finding.check for finding in outcome.caught} for kind, outcome in outcomes.items()}
    assert seen["via removed"] >= {"connectivity", "LVS", "transistors"}
    assert seen["wires shorted"] >= {"DRC", "LVS", "transistors"}
    assert "placement" in seen["cell off grid"]
    assert seen["wrong cell"] >= {"LVS", "transistors"}
    assert seen["rail cut off"] >= {"supply", "LVS", "transistors"}
    assert seen["gates joined"] == {"transistors"}
    short = outcomes["wires shorted"]
    where = next(finding.place for finding in short.caught if finding.check == "DRC")
    assert where is not None and all(abs(a - b) < 1 for a, b in zip(where, short.fault.place, strict=True))


def test_blind_checks_are_noticed(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_netlist(block, tmp_path / "n.v", KIT)
    monkeypatch.setattr(planted, "check_placement", lambda block, kit: [])
    monkeypatch.setattr(planted, "PLANTS", (planted.move_cell,))
    (outcome,) = planted.run_planted(block, tmp_path / "n.v", KIT, tmp_path / "faults")
    assert "placement" not in {finding.check for finding in outcome.caught}


def test_a_layout_with_faults_is_refused(block: Block, tmp_path: Path) -> None:
    write_netlist(block, tmp_path / "n.v", KIT)
    wrong = block.copy()
    next(iter(wrong.instances.values())).x += 1
    with pytest.raises(CheckFailed, match="before any is planted"):
        planted.run_planted(wrong, tmp_path / "n.v", KIT, tmp_path / "faults")


def test_a_fault_that_nothing_could_notice_is_not_planted(block: Block, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(0)
    assert planted.join_gates(block.copy(), KIT, chance) is not None
    assert planted.join_gates(block.copy(), replace(KIT, devices=None), chance) is None
    monkeypatch.setattr(planted, "MOST_INSTANCES", 5)
    assert planted.join_gates(block.copy(), KIT, chance) is None
