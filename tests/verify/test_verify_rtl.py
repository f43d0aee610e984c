"""The RTL equals the reference engine to the bit, in Icarus Verilog; wrong RTL does not."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from conftest import need
from neutnngen.errors import ToolFailed
from neutnngen.rtl import generate_rtl
from neutnngen.spec import ColumnSpec, Design, LfsrSpec, StdpSpec
from neutnngen.tools.process import run_tool
from neutnngen.verify import NetlistFiles, measure_gates, random_waves, simulate_gates, simulate_rtl, verify_rtl
from neutnngen.verify.mutants import MUTANTS, run_mutants
from random_designs import mutant_design

pytestmark = pytest.mark.tool

RESPONSES: tuple[Literal["rnl", "snl"], ...] = ("rnl", "snl")
TIES: tuple[Literal["lowest_index", "largest_potential"], ...] = ("lowest_index", "largest_potential")
STABILISERS: tuple[Literal["symmetric", "classic", "off"], ...] = ("symmetric", "classic", "off")


def random_design(seed: int) -> Design:
    """All combinations of the options within 12 seeds, everything else random."""
    rng = np.random.default_rng(seed)
    inputs, neurons, w_res = int(rng.integers(1, 9)), int(rng.integers(1, 6)), int(rng.integers(1, 5))
    mu = [int(value) for value in rng.choice([0, 100, 500, 900, 1024], 5)]
    column = ColumnSpec(
        inputs,
        neurons,
        threshold=int(rng.integers(1, max(2, inputs * (2**w_res - 1) * 2 // 3))),
        t_res=int(rng.integers(1, 5)),
        w_res=w_res,
        response=RESPONSES[seed % 2],
        tie=TIES[seed // 2 % 2],
        stdp=StdpSpec(*mu, STABILISERS[seed % 3], at_zero=int(rng.integers(2)), at_max=int(rng.integers(2))),  # type: ignore[arg-type]
        lfsr=LfsrSpec() if seed % 5 else LfsrSpec(16, (16, 15, 13, 4), 77),
    )
    mask = rng.random((neurons, inputs)) < (0.7 if seed % 4 == 3 else 1.0)
    mask[0, 0] = True
    weights = rng.integers(0, column.w_max + 1, mask.shape) * mask
    return Design.of_column(f"random_{seed}", column, weights, mask, int(rng.integers(1, 2**column.lfsr.width)))


@pytest.mark.parametrize("seed", range(36))
def test_rtl_equals_reference(seed: int, tmp_path: Path) -> None:
    need("iverilog")
    design = random_design(seed)
    waves = random_waves(design.column, 80, seed, silent=0.3)
    learn = np.random.default_rng(seed).random(80) < 0.8
    report = verify_rtl(design, waves, learn, tmp_path)
    assert report.ok, report.message
    assert report.learning_waves == learn.sum()


def test_every_mutant_is_caught(tmp_path: Path) -> None:
    need("iverilog")
    design = mutant_design(0, 3)
    waves = random_waves(design.column, 60, 3, silent=0.4)
    waves[0] = [0, 1, 2, 0, 1, 2]
    results = run_mutants(design, waves, np.arange(60) % 5 != 4, tmp_path)
    assert len(results) == len(MUTANTS) >= 6
    assert {result.mutant.name: result.detail for result in results if result.outcome != "caught"} == {}


def test_truncated_simulation_is_an_error(tmp_path: Path) -> None:
    need("iverilog")
    design = random_design(1)
    package = generate_rtl(design, tmp_path / "rtl")
    text = package.testbench.read_text()
    package.testbench.write_text(text.replace("wave < WAVES;", "wave < WAVES - 1;"))
    waves = random_waves(design.column, 5, 1)
    with pytest.raises(ToolFailed, match="not complete"):
        simulate_rtl(package, design, waves, True, tmp_path)
    package.testbench.write_text(text.replace("for (wave = 0;", "$finish; for (wave = 0;"))
    with pytest.raises(ToolFailed, match="not complete"):
        simulate_rtl(package, design, waves, True, tmp_path)


CELLS = """\
primitive \\seq_dff  (q, d, ck);
  output q; input d, ck; reg q;
  table
    0 r : ? : 0; 1 r : ? : 1; ? n : ? : -; * ? : ? : -; 0 * : 0 : 0; 1 * : 1 : 1;
  endtable
endprimitive
module DFF (D, CK, Q); input D, CK; output Q;
  \\seq_dff (iq, D, CK);
  buf (Q, iq);
endmodule
module BUF (A, Z); input A; output Z; buf (Z, A); endmodule
module INV (A, Z); input A; output Z; not (Z, A); endmodule
module NAND (A, B, Z); input A, B; output Z; nand (Z, A, B); endmodule
"""


MAPPING = """\
module \\$_NAND_ (input A, B, output Y); NAND g (.A(A), .B(B), .Z(Y)); endmodule
module \\$_NOT_ (input A, output Y); INV g (.A(A), .Z(Y)); endmodule
module \\$_DFF_P_ (input C, D, output Q); DFF g (.D(D), .CK(C), .Q(Q)); endmodule
"""
SYNTHESIS = """\
import sys
from pyosys import libyosys as ys
session = ys.Design()
for command in sys.argv[1:]:
    ys.run_pass(command, session)
"""


def synthesise(design: Design, folder: Path) -> tuple[Path, Path]:
    """A netlist of four kinds of cells, in which every second register hangs on five clock buffers in a row."""
    package = generate_rtl(design, folder)
    cells, mapping, netlist = folder / "cells.v", folder / "mapping.v", folder / "netlist.v"
    cells.write_text(CELLS)
    mapping.write_text(MAPPING)
    commands = (
        f"read_verilog -sv {' '.join(str(path) for path in package.sources)}",
        f"synth -flatten -top {design.name}",
        "dfflegalize -cell $_DFF_P_ x",
        "abc -g NAND",
        f"techmap -map {mapping}",
        "clean",
        f"write_verilog -noattr {netlist}",
    )
    # In a process of its own: an error of Yosys ends the process.
    run_tool([sys.executable, "-c", SYNTHESIS, *commands], folder, folder / "yosys.log", 300, expect=[netlist])
    parts = netlist.read_text().split(".CK(clk)")
    assert len(parts) > 20
    text = parts[0] + "".join((".CK(clk)" if k % 2 else ".CK(tree[5])") + part for k, part in enumerate(parts[1:]))
    chain = "".join(f"  BUF tree_{k} (.A(tree[{k}]), .Z(tree[{k + 1}]));\n" for k in range(5))
    head, body = text.split(";", 1)
    netlist.write_text(f"{head};\n  wire [5:0] tree;\n  assign tree[0] = clk;\n{chain}{body}")
    return netlist, cells


def test_gates_equal_reference_and_give_activity(tmp_path: Path) -> None:
    need("iverilog")
    design = mutant_design(1, 3)
    netlist, cells = synthesise(design, tmp_path / "synthesis")
    waves = random_waves(design.column, 40, 5)
    learn = np.arange(40) % 4 != 3
    report, _ = measure_gates(NetlistFiles(netlist, cells), design, waves, learn, tmp_path / "run", activity=False)
    assert report.ok, report.message

    counted = simulate_gates(netlist, cells, design, waves, learn, tmp_path / "activity").activity
    assert counted is not None
    total = 40 * design.column.wave_clocks
    assert counted["clk"].duty == pytest.approx(0.5) and counted["clk"].toggles == pytest.approx(2, abs=2 / total)
    rises = sum(1 for n in range(1, 40) if waves[n, 0] != 255 and waves[n - 1, 0] == 255)
    rises += sum(1 for n in range(1, 40) if waves[n, 0] not in (0, 255) and waves[n - 1, 0] != 255) + int(waves[0, 0] != 255)
    assert counted["spike_in[0]"].toggles * total == pytest.approx(2 * rises, abs=1.5)
    assert counted["weight_shift"] == (0.0, 0.0), "the scan load is not part of the activity"

    names = set(re.findall(r"(?<=\\)\S+(?= ;| \))", netlist.read_text()))
    known = set(counted) | {re.sub(r"\[\d+\]$", "", net) for net in counted}  # a vector by the name of its bits
    assert len(names) > 50
    assert names - known == set(), "every net of the netlist is found by its name"

    other = Design.of_column(design.name, design.column, (design.weights + 1) % 8, design.mask, design.lfsr_state)
    wrong = simulate_gates(netlist, cells, other, waves, False, tmp_path / "other", activity=False).record
    assert wrong.final_weights is not None and (wrong.final_weights == other.weights).all(), "weights come in by the scan chain only"
