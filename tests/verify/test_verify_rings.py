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
from neutnngen.verify import NetlistFiles, measure_gates, random_waves, verify_rtl
from neutnngen.verify.fast import verify_fast
from neutnngen.verify.mutants import RING_MUTANTS, run_mutants
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
    waves, learn = stimuli(design, 40, seed)
    report, _ = measure_gates(NetlistFiles(netlist, kit.verilog), design, waves, learn, tmp_path / "gates", package=package, activity=False)
    assert report.ok, report.message


def test_every_mutant_is_caught(tmp_path: Path) -> None:
    need("iverilog")
    design = mutant_design(3, 4)
    waves, learn = random_waves(design.column, 80, 3, silent=0.4), np.arange(80) % 5 != 4
    waves[0] = [0, 1, 2, 0, 1, 2]
    results = run_mutants(design, waves, learn, tmp_path, rings=Rings(2, 2))
    assert len(results) == len(RING_MUTANTS) >= 16
    assert {result.mutant.name: result.detail for result in results if result.outcome != "caught"} == {}
