"""Generated RTL of every kind, and the chips around it, is accepted by Yosys, and Verilator and slang have nothing to say about it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pyslang
import pytest

from conftest import ROOT, need
from neutnngen.errors import ConfigError
from neutnngen.rtl import RtlPackage, generate_rtl
from neutnngen.rtl.chip import ChipPackage, generate_chip
from neutnngen.rtl.network import NetworkPackage, generate_network
from neutnngen.rtl.words import KINDS
from neutnngen.spec import load_design
from neutnngen.tools import yosys
from random_designs import random_case, ring_case

SEEDS = 160
Package = RtlPackage | NetworkPackage | ChipPackage


def packages(folder: Path) -> list[Package]:
    """Small networks that together use every option, of the three kinds in turn, and a classic column."""
    seen: set[str] = set()
    made: list[Package] = [generate_rtl(load_design(ROOT / "examples/ucr/ECG200/column/design"), folder / "column")]
    made += [generate_rtl(design, folder / f"rings_{n}", rings=rings) for n, (design, rings) in enumerate(map(ring_case, range(7)))]
    for seed in range(SEEDS):
        case = random_case(seed, 4)
        if case.design.synapses <= 120 and case.features - seen:
            try:
                made.append(generate_network(case.design, folder / str(seed), kind=KINDS[seed % 3]))
            except ConfigError:  # no hardware for it
                continue
            seen |= case.features
    return made + chips(folder)


def chips(folder: Path) -> list[Package]:
    """Chips of a classic column, of one with rings, and of networks with a voter by votes or by potential, enable lines, labels, nothing
    to load."""
    column = generate_chip(load_design(ROOT / "examples/ucr/ECG200/column/design"), folder / "chip_column")
    made: list[Package] = [column]
    for seed in (1, 4):
        design, rings = ring_case(seed)
        made.append(generate_chip(design, folder / f"chip_rings_{seed}", rings=rings))
    for seed in (64, 109, 111, 294):
        for kind in KINDS:
            made.append(generate_chip(random_case(seed, 1).design, folder / f"chip_{seed}_{kind}", kind=kind))
    return made


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[Package]:
    return packages(tmp_path_factory.mktemp("rtl"))


def test_slang_accepts_all_without_a_warning(built: list[Package], capfd: pytest.CaptureFixture[str]) -> None:
    for package in built:
        driver = pyslang.driver.Driver()
        driver.addStandardArgs()
        line = f"slang {' '.join(map(str, package.sources))} --top {package.top} -Werror"
        assert driver.parseCommandLine(line, pyslang.driver.CommandLineOptions()) and driver.processOptions() and driver.parseAllSources()
        driver.reportCompilation(driver.createCompilation(), True)
        said = capfd.readouterr()
        assert "error" not in said.out + said.err and "warning" not in said.out + said.err, said.out + said.err


@pytest.mark.tool
def test_verilator_has_nothing_to_say(built: list[Package]) -> None:
    need("verilator")
    for package in built:
        argv = ["verilator", "--lint-only", "-Wall", "--top-module", package.top, *(path.name for path in package.sources)]
        done = subprocess.run(argv, cwd=package.folder, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0 and not done.stderr, done.stderr[:2000]


@pytest.mark.tool
def test_yosys_accepts_all_and_finds_no_latch(built: list[Package]) -> None:
    for package in built:
        lines = [f"read_verilog -sv {path.name}" for path in package.sources]
        lines += [
            f"hierarchy -check -top {package.top}",
            "proc",
            "flatten",
            "select -assert-none t:$dlatch* t:$sr",
            "opt_clean",
            "check -assert",
        ]
        script = package.folder / "accept.ys"
        script.write_text("\n".join([*lines, "write_verilog accepted.v"]) + "\n")
        yosys.run_script(Path(script.name), package.folder, package.folder / "yosys.log", [package.folder / "accepted.v"])
