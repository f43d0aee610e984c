"""Whether an assembled chip behaves as its network: its Verilog, with the RTL of its macros, against the simulator."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from neutnngen.hierarchy.chip import Chip
from neutnngen.hierarchy.export import write_chip_verilog
from neutnngen.rtl.network import NetworkPackage, generate_network, write_glue
from neutnngen.spec import Design
from neutnngen.verify import VerifyReport
from neutnngen.verify.network import verify_network


def chip_package(design: Design, chip: Chip, folder: Path) -> NetworkPackage:
    """The network's RTL with the chip's top module for the network's: what its test bench checks is then the chip's wiring."""
    package = generate_network(design, folder)
    kept = [path for path in package.sources if path.stem != package.top]
    top, bank = write_chip_verilog(chip, folder / f"{package.top}_chip.v", folder / "bank_model.v")
    return replace(package, sources=(*kept, write_glue(design, folder), bank, top))


def prove_chip(
    design: Design, chip: Chip, inputs: Any, learn: Any, folder: Path, *, enable: Any = None, labels: Any = None
) -> VerifyReport:
    """Run waves through the chip's Verilog and the simulator and compare every line, weight and random state after every wave.

    Arguments as of ``verify_network``; needs Icarus Verilog.
    """
    package = chip_package(design, chip, folder / "rtl")
    return verify_network(design, inputs, learn, folder, enable=enable, labels=labels, package=package)
