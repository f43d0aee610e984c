"""Columns whose weights circulate equal the reference engine, in RTL and in gates; wrong ones do not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from conftest import need
from neutnngen.flow.steps.synth import synthesise
from neutnngen.pdk.kits import load_kit
from neutnngen.rtl import Rings, generate_rtl
from neutnngen.spec import Design
from neutnngen.verify import random_waves, verify_gates, verify_rtl
from neutnngen.verify.fast import verify_fast
from neutnngen.verify.mutants import Mutant, run_mutants
from random_designs import mutant_design, ring_case

pytestmark = pytest.mark.tool


def stimuli(design: Design, waves: int, seed: int) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    return random_waves(design.column, waves, seed, silent=0.3), np.random.default_rng(seed).random(waves) < 0.8


@pytest.mark.parametrize("seed", range(21))
def test_rtl_equals_reference(seed: int, tmp_path: Path) -> None:
    need("iverilog")
    design, rings = ring_case(seed)
    report = verify_rtl(design, *stimuli(design, 60, seed), tmp_path, package=generate_rtl(design, tmp_path / "rtl", rings=rings))
    assert report.ok, report.message


def test_compiled_rtl_equals_the_compiled_engine(tmp_path: Path) -> None:
    need("verilator")
    design, rings = ring_case(2)
    package = generate_rtl(design, tmp_path / "rtl", rings=rings)
    report = verify_fast(design, *stimuli(design, 400, 2), tmp_path, package=package)
    assert report.ok and report.values > 400 * design.synapses, report.message


@pytest.mark.parametrize("seed", [1, 3])
def test_gates_equal_reference(seed: int, tmp_path: Path) -> None:
    need("iverilog")
    design, rings = ring_case(seed)
    kit = load_kit()
    package = generate_rtl(design, tmp_path / "rtl", rings=rings)
    netlist, made = synthesise(kit, package.sources, package.top, tmp_path, modular=True)
    assert made.by_type["FA_X1"][0] > 0
    report = verify_gates(netlist, kit.verilog, design, *stimuli(design, 40, seed), tmp_path / "gates", rings=package.rings)
    assert report.ok, report.message


WRONG = (
    Mutant("a_slot_early", "ring_controller.sv", "unit_end = place[SLOTS-1]", "unit_end = place[0]", "T1"),
    Mutant("update_a_unit_early", "ring_controller.sv", "(UNITS - MEMBERS))", "(UNITS - MEMBERS - 1))", "T5"),
    Mutant("one_draw_missing", "ring_controller.sv", "(count < COUNT_W'(DRAWS))", "(count < COUNT_W'(DRAWS - 1))", "R7"),
    Mutant("age_starts_at_one", "line_ring.sv", "early     = |age", "early     = arrived | (|age)", "R1"),
    Mutant("ages_kept", "line_ring.sv", "{AGE_W{~clear}} & (age", "{AGE_W{1'b1}} & (age", "T5"),
    Mutant("drives_after_the_decision", "line_ring.sv", "driving = arrived & ~decided", "driving = arrived", "D1"),
    Mutant("equal_limit_drawn", "drawn_bits.sv", "stored <= {value < limit,", "stored <= {value <= limit,", "R7"),
    Mutant("threshold_exceeded", "potential_ring.sv", "(1 << WIDTH) - THRESHOLD", "(1 << WIDTH) - THRESHOLD - 1", "G1"),
    Mutant("potentials_stay", "potential_ring.sv", "else if (unit_end) potentials", "else if (1'b0) potentials", "G1"),
    Mutant("highest_index_wins", "ring_winner.sv", "candidate & ~taken", "candidate", "C1"),
    Mutant("loser_backs_off", "rule_gates.sv", "silent_on   = update & win & backoff", "silent_on   = update & backoff", "R4"),
    Mutant("search_needs_the_stabiliser", "rule_gates.sv", "{LEVELS{minimum | ~win}}", "{LEVELS{minimum}}", "R3"),
    Mutant("falls_below_zero", "weight_update.sv", "levels_up[0] & ~down", "levels_up[0]", "S1"),
    Mutant("rises_above_the_top", "weight_update.sv", "levels_down[LEVELS-1] & down", "levels_down[LEVELS-1]", "S1"),
    Mutant("winner_only_rises", "weight_update.sv", "down = win & ~early;", "down = 1'b0;", "R2"),
    Mutant("carry_lost", "adder.sv", "if (CARRY != 0) begin : with_carry", "if (1'b0) begin : with_carry", "A1"),
)


def test_every_mutant_is_caught(tmp_path: Path) -> None:
    need("iverilog")
    design = mutant_design(3, 4)
    waves, learn = random_waves(design.column, 80, 3, silent=0.4), np.arange(80) % 5 != 4
    waves[0] = [0, 1, 2, 0, 1, 2]
    results = run_mutants(design, waves, learn, tmp_path, mutants=WRONG, rings=Rings(2, 2))
    assert {result.mutant.name: result.detail for result in results if result.outcome != "caught"} == {}
