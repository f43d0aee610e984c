"""A chip answers, over its bytes, what the reference engine says: learning, weights in and out, errors, late hosts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conftest import need
from neutnngen.errors import CheckFailed, ConfigError, ToolFailed
from neutnngen.rtl.chip import ChipPackage, generate_chip
from neutnngen.rtl.chip_driver import Chip
from neutnngen.rtl.chip_protocol import Code, Command, Sample, encode_sample
from neutnngen.rtl.words import KINDS
from neutnngen.spec import Design
from neutnngen.verify import random_waves
from neutnngen.verify.chip import SimulatedChip, verify_chip
from random_designs import classic_case, random_case, ring_case

pytestmark = pytest.mark.tool


@pytest.fixture(autouse=True)
def icarus() -> None:
    need("iverilog")


def classic(seed: int = 1) -> Design:
    return classic_case(np.random.default_rng(seed), 10, 3, threshold=12)


def opened(design: Design, folder: Path, **options: int) -> tuple[Chip, SimulatedChip]:
    package = generate_chip(design, folder / "rtl")
    transport = SimulatedChip(package, folder / "play", **options)
    return Chip(package, transport), transport


@pytest.mark.parametrize(("seed", "late"), [(0, 0), (1, 60), (2, 220)])
def test_learning_column(seed: int, late: int, tmp_path: Path) -> None:
    design = classic(seed)
    learn = np.random.default_rng(seed).random(24) < 0.7
    report = verify_chip(
        design, random_waves(design.column, 24, seed), learn, tmp_path, generate_chip(design, tmp_path / "rtl"), late=late, seed=seed
    )
    assert report.ok, report.message
    assert report.spikes > 10 and report.learning_waves > 5


@pytest.mark.parametrize(("seed", "late"), [(0, 0), (1, 60), (2, 200), (3, 120), (5, 30), (6, 90)])
def test_column_with_rings(seed: int, late: int, tmp_path: Path) -> None:
    """Shapes whose weights come home after 1 to 16 clocks."""
    design, rings = ring_case(seed)
    package = generate_chip(design, tmp_path / "rtl", rings=rings)
    learn = np.random.default_rng(seed).random(16) < 0.7
    report = verify_chip(design, random_waves(design.column, 16, seed, silent=0.3), learn, tmp_path, package, late=late, seed=seed)
    assert report.ok, report.message
    assert package.turn == rings.slots * rings.members
