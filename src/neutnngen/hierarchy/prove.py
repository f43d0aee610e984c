"""Whether an assembled chip behaves as its network: its Verilog, with the RTL of its macros, against the simulator."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from neutnngen.errors import CheckFailed
from neutnngen.files import write_atomic
from neutnngen.flow.steps.common import cell_models
from neutnngen.hierarchy.chip import Chip
from neutnngen.hierarchy.export import write_chip_verilog
from neutnngen.hierarchy.macro import HardMacro
from neutnngen.hierarchy.part import first_columns
from neutnngen.pdk.technology import Kit
from neutnngen.rtl.network import NetworkPackage, generate_network, write_glue
from neutnngen.spec import Design
from neutnngen.verify import VerifyReport
from neutnngen.verify.network import measure_network_gates, verify_network


@dataclass(frozen=True, eq=False)
class Waves:
    """What a network sees, as in ``Session.run``: inputs (wave, line), learn (wave,), enable (wave, neuron) and labels (wave,) or None."""

    inputs: Any
    learn: Any
    enable: Any = None
    labels: Any = None


def column_activity(design: Design, column: HardMacro, waves: Waves, kit: Kit, folder: Path) -> Path:
    """Switching of every net of a hardened column, the first of a network of one layer, in a file as the flow's gate simulation writes it.

    The network is that column alone, its netlist in the RTL of all else; its lines and weights are compared with the simulator.
    Raises CheckFailed where they differ.
    """
    part = first_columns(design, 1)
    package = generate_network(part, folder / "rtl")
    assert column.netlist is not None
    parts = [path for path in package.sources if path.stem != column.name]
    together = "\n".join(path.read_text(encoding="utf-8") for path in (*parts, column.netlist))
    netlist = write_atomic(folder / "together.sv", together)
    report, activity = measure_network_gates(
        netlist,
        cell_models(kit, folder),
        part,
        waves.inputs,
        waves.learn,
        folder / "run",
        enable=waves.enable,
        labels=waves.labels,
        inside="column_0_0",
    )
    if not report.ok:
        raise CheckFailed("the column's netlist does not behave as the simulator", got=report.message)
    return write_atomic(folder / "activity.json", json.dumps(activity, indent=0, sort_keys=True) + "\n")


def chip_package(design: Design, chip: Chip, folder: Path) -> NetworkPackage:
    """The network's RTL with the chip's top module for the network's: what its test bench checks is then the chip's wiring."""
    package = generate_network(design, folder)
    kept = [path for path in package.sources if path.stem != package.top]
    top, bank = write_chip_verilog(chip, folder / f"{package.top}_chip.v", folder / "bank_model.v")
    return replace(package, sources=(*kept, write_glue(design, folder), bank, top))


def prove_chip(design: Design, chip: Chip, waves: Waves, folder: Path) -> VerifyReport:
    """Run waves through the chip's Verilog and the simulator and compare every line, weight and random state after every wave.

    Errors as of ``verify_network``; needs Icarus Verilog.
    """
    package = chip_package(design, chip, folder / "rtl")
    return verify_network(design, waves.inputs, waves.learn, folder, enable=waves.enable, labels=waves.labels, package=package)
