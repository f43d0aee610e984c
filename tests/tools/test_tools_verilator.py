"""The wrapper of Verilator."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import need
from neutnngen.tools.process import in_range, probe
from neutnngen.tools.verilator import INSTALL, TOOLS, VERILATOR, build_argv


def test_argv() -> None:
    argv = build_argv([Path("a.sv"), Path("b.sv")], Path("main.cpp"), "top", "Vmodel", Path("made"), "simulate")
    assert argv[0] == "verilator" and {"--cc", "--exe", "--build", "-O3"} <= set(argv) and "--trace" not in argv
    pairs = {"--top-module": "top", "--prefix": "Vmodel", "--Mdir": "made", "-o": "simulate", "-j": "1"}
    assert all(argv[argv.index(option) + 1] == value for option, value in pairs.items())
    assert argv[-3:] == ["a.sv", "b.sv", "main.cpp"]
    traced = build_argv([], Path("main.cpp"), "top", "Vmodel", Path("made"), "simulate", trace=True, optimise=False, jobs=3)
    assert any("OPT_FAST=-O1" in word for word in argv) and any("OPT_FAST=-O0" in word for word in traced)
    assert "--trace" in traced and traced[traced.index("-j") + 1] == "3"


@pytest.mark.parametrize(("version", "usable"), [("5.006", True), ("5.030", True), ("5.002", False), ("4.228", False)])
def test_versions(version: str, usable: bool) -> None:
    assert in_range(version, VERILATOR) is usable


@pytest.mark.tool
def test_the_installed_programs_are_usable() -> None:
    for tool in TOOLS:
        need(tool.program)
        assert probe(tool).usable, INSTALL
