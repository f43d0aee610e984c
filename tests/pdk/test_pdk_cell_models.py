"""Models of cells made from Liberty behave as the library's own Verilog does."""

from __future__ import annotations

import dataclasses
import random
import re
import subprocess
from pathlib import Path

import pytest

from conftest import need
from neutnngen.errors import ConfigError
from neutnngen.pdk.cell_models import write_models
from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import Cell


def test_the_same_kit_gives_the_same_bytes(tmp_path: Path) -> None:
    kit = load_kit("n7p")
    first = write_models(kit, tmp_path / "a.v").read_bytes()
    assert first == write_models(kit, tmp_path / "b.v").read_bytes()
    text = first.decode()
    assert "predictive, n7p, not a foundry or ASAP7 library" in text.splitlines()[0]
    assert set(re.findall(r"^module (\w+)", text, re.MULTILINE)) == set(kit.cells)


def test_a_cell_that_liberty_does_not_explain_is_named(tmp_path: Path) -> None:
    kit = load_kit()
    with pytest.raises(ConfigError, match="how these cells behave") as caught:
        write_models(kit, tmp_path / "a.v", ["INV_X1", "CLKGATE_X1"])
    assert caught.value.got == "CLKGATE_X1"
    assert "CLKGATE_X1" in write_models(kit, tmp_path / "all.v").read_text().splitlines()[1]


def _bench(cells: list[Cell], steps: int) -> str:
    """One bit of every input of every cell changes at a time; outputs of both models are compared before each change."""
    random.seed(1)
    lines, checks = ["module bench;", "  integer wrong = 0, compared = 0;"], []
    inputs: list[str] = []
    for cell in cells:
        pins = []
        for pin in cell.pins.values():
            net = f"{cell.name}_{pin.name}"
            if pin.direction == "input":
                lines.append(f"  reg {net} = 0;")
                inputs.append(net)
                pins.append((f".{pin.name}({net})", f".{pin.name}({net})"))
            elif pin.direction == "output":
                lines.append(f"  wire {net}, {net}_own;")
                pins.append((f".{pin.name}({net})", f".{pin.name}({net}_own)"))
                checks.append(
                    (net, f"if ({net} !== 1'bx) begin compared = compared + 1; if ({net} !== {net}_own) begin wrong = wrong + 1; ")
                )
        for prefix, which in (("", 0), ("own_", 1)):
            lines.append(f"  {prefix}{cell.name} i_{prefix}{cell.name} ({', '.join(pair[which] for pair in pins)});")
    lines.append("  task compare; begin")
    lines += [f'    {check} $display("{net} %b own %b at %t", {net}, {net}_own, $time); end end' for net, check in checks]
    lines.append("  end endtask\n  initial begin")
    for _ in range(steps):
        # clocks of different cells change apart from their data, but all cells change in one step
        lines += [f"    {net} = {random.getrandbits(1)}; #1;" for net in random.sample(inputs, -(-len(inputs) // 3))]
        lines.append("    #10; compare;")
    lines.append('    $display("compared %0d wrong %0d", compared, wrong); $finish;\n  end\nendmodule')
    return "\n".join(lines)


@pytest.mark.tool
def test_equal_to_nangates_own_models(tmp_path: Path) -> None:
    need("iverilog")
    kit = load_kit()
    own = write_models(kit, tmp_path / "own.v").read_text()
    known = set(re.findall(r"^module (\w+)", own, re.MULTILINE))
    cells = [cell for cell in kit.cells.values() if cell.name in known and cell.pins]
    assert len(cells) >= 120
    (tmp_path / "own.v").write_text(re.sub(r"^module (\w+)", r"module own_\1", own, flags=re.MULTILINE))
    (tmp_path / "bench.v").write_text(_bench(cells, 60))
    assert kit.verilog is not None
    files = [str(tmp_path / "bench.v"), str(tmp_path / "own.v"), str(kit.verilog)]
    subprocess.run(["iverilog", "-g2005", "-s", "bench", "-o", str(tmp_path / "sim"), *files], check=True, timeout=120)
    said = subprocess.run(["vvp", str(tmp_path / "sim")], capture_output=True, text=True, check=True, timeout=120).stdout
    found = re.search(r"compared (\d+) wrong (\d+)", said)
    assert found, said[-2000:]
    assert int(found[2]) == 0, said[:2000]
    assert int(found[1]) > 60 * len(cells) / 2


@pytest.mark.tool
def test_a_wrong_function_is_seen(tmp_path: Path) -> None:
    """The comparison above can fail."""
    need("iverilog")
    kit = load_kit()
    cell = kit.cells["NAND2_X1"]
    pins = {**cell.pins, "ZN": dataclasses.replace(cell.pins["ZN"], function="!(A1 + A2)")}
    broken = dataclasses.replace(kit, cells={**kit.cells, "NAND2_X1": dataclasses.replace(cell, pins=pins)})
    own = write_models(broken, tmp_path / "own.v", ["NAND2_X1"]).read_text()
    (tmp_path / "own.v").write_text(own.replace("module NAND2_X1", "module own_NAND2_X1"))
    (tmp_path / "bench.v").write_text(_bench([cell], 20))
    files = [str(tmp_path / "bench.v"), str(tmp_path / "own.v"), str(kit.verilog)]
    subprocess.run(["iverilog", "-g2005", "-s", "bench", "-o", str(tmp_path / "sim"), *files], check=True, timeout=120)
    said = subprocess.run(["vvp", str(tmp_path / "sim")], capture_output=True, text=True, check=True, timeout=120).stdout
    assert re.search(r"wrong [1-9]", said)
