"""Verilator: from SystemVerilog to C++ and, with g++ and make, to a program that simulates it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from neutnngen.tools.process import ToolInfo

INSTALL = "apt-get install verilator g++ make"
VERILATOR = ToolInfo("Verilator", "verilator", ("--version",), r"Verilator (\d+(?:\.\d+)*)", INSTALL, at_least="5.006")
GXX = ToolInfo("The GNU C++ compiler", "g++", ("--version",), r"\) (\d+(?:\.\d+)*)", INSTALL, at_least="10")
MAKE = ToolInfo("GNU Make", "make", ("--version",), r"GNU Make (\d+(?:\.\d+)*)", INSTALL)
TOOLS = (VERILATOR, GXX, MAKE)

SPLIT = 20000
"""Size of a generated C++ file, in Verilator's own measure: what is larger goes into several, so that no one file takes g++ minutes."""
FUNCTION = 500
"""The same for a function: what g++ does with one grows faster than its length."""


def build_argv(
    sources: Sequence[Path],
    harness: Path,
    top: str,
    prefix: str,
    folder: Path,
    program: str,
    *,
    trace: bool = False,
    optimise: bool = True,
    jobs: int = 1,
) -> list[str]:
    """Command line that makes the program ``folder/program`` of the module ``top`` and the C++ file ``harness``, which has ``main``.

    sources: SystemVerilog, and settings (.vlt) before it. prefix: name of the C++ class of the model. trace: the model can write waveforms
    (VCD), and is slower. optimise: g++ takes several times as long, and the model is several times as fast. jobs: compilers at a time.
    Lint warnings are off; registers without a reset start with random bits, from a seed that the harness may set, so that what relies on
    them is seen although this simulator knows no x.
    """
    argv = ["verilator", "--cc", "--exe", "--build", "-j", str(jobs), "-O3", "--x-initial", "unique", "--x-assign", "fast"]
    argv += [
        "-Wno-fatal",
        "-Wno-lint",
        "-Wno-style",
        "--output-split",
        str(SPLIT),
        "--output-split-cfuncs",
        str(FUNCTION),
        "-MAKEFLAGS",
        f"OPT_FAST={'-O1' if optimise else '-O0'} OPT_SLOW=-O0 OPT_GLOBAL=-O0",
    ]
    argv += ["--trace"] if trace else []
    argv += ["--prefix", prefix, "--top-module", top, "--Mdir", str(folder), "-o", program]
    return argv + [str(path) for path in (*sources, harness)]
