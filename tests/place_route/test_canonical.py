"""Equal structure gives equal text, whatever the names and the order were."""

from __future__ import annotations

import random
from pathlib import Path

from neutnngen.pdk.kits import load_kit
from neutnngen.place_route.canonical import canonical
from neutnngen.place_route.verilog_netlist import read_netlist, write_netlist

CELLS = [
    "INV_X1 {u} (.A(a[0]), .ZN({n0}));",
    "NAND2_X1 {u} (.A1({n0}), .A2(a[1]), .ZN({n1}));",
    "NAND2_X1 {u} (.A1(a[1]), .A2({n0}), .ZN({n2}));",
    "XOR2_X1 {u} (.A({n1}), .B({n2}), .Z({n3}));",
    "DFF_X1 {u} (.D({n3}), .CK(clk), .Q(kept));",
    "DFF_X1 {u} (.D({n1}), .CK(clk), .Q(y[1]));",
    "BUF_X1 {u} (.A(kept), .Z(y[0]));",
]


def netlist(folder: Path, seed: int, cells: list[str]) -> str:
    """The text of the canonical form of a shuffled and renamed circuit."""
    rng = random.Random(seed)
    numbers = rng.sample(range(1000), 20)
    names = {f"n{k}": f"n{numbers[k]}" for k in range(4)}
    body = [cell.format(u=f"u{numbers[4 + k]}", **names) for k, cell in enumerate(cells)]
    rng.shuffle(body)
    wires = " ".join(f"wire {name};" for name in names.values())
    file = folder / f"{seed}.v"
    file.write_text(
        f"module m (clk, a, y);\n input clk; input [1:0] a; output [1:0] y; wire kept; {wires}\n" + "\n".join(body) + "\nendmodule\n"
    )
    kit = load_kit()
    out = folder / f"{seed}.out.v"
    write_netlist(canonical(read_netlist(file, kit), kit), out, kit)
    return out.read_text()


def test_equal_structure_equal_text(tmp_path: Path) -> None:
    texts = {netlist(tmp_path, seed, CELLS) for seed in range(8)}
    assert len(texts) == 1
    (text,) = texts
    assert "kept" in text and text.count("DFF_X1") == 2


def test_another_structure_is_another_text(tmp_path: Path) -> None:
    changed = [cell.replace("XOR2_X1", "XNOR2_X1").replace(".Z({n3})", ".ZN({n3})") for cell in CELLS]
    assert netlist(tmp_path, 1, CELLS) != netlist(tmp_path, 1, changed)
