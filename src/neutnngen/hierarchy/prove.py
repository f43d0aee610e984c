"""Whether an assembled chip behaves as its network: its Verilog, with the RTL of its macros, against the simulator."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np

from neutnngen.errors import CheckFailed, ConfigError
from neutnngen.files import write_atomic
from neutnngen.flow.gate_netlist import gate_model
from neutnngen.flow.state import file_hash
from neutnngen.flow.steps.common import cell_models
from neutnngen.flow.steps.gatesim import waves_for_icarus
from neutnngen.flow.steps.synth import synthesise
from neutnngen.hierarchy.chip import Chip
from neutnngen.hierarchy.export import write_chip_verilog
from neutnngen.hierarchy.flat import flatten
from neutnngen.hierarchy.macro import HardMacro
from neutnngen.hierarchy.netlist import GLUE, chip_netlist
from neutnngen.hierarchy.part import common_column, some_columns
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.verilog_netlist import read_netlist
from neutnngen.rtl.network import NetworkPackage, generate_network, write_glue
from neutnngen.spec import Design
from neutnngen.verify import Activity, NetlistFiles, Stimuli, VerifyReport
from neutnngen.verify.gate_model import GateModel
from neutnngen.verify.network import measure_netlist, measure_network_gates, verify_network


def column_activity(design: Design, column: HardMacro, waves: Stimuli, kit: Kit, folder: Path) -> Path:
    """Switching of every net of a hardened column in a network of one layer, in a file as the flow's gate simulation writes it.

    The network is one column alone, the one that sees most nearly the mean number of spikes, with the glue that it needs. It runs in the
    gate simulator, and in Icarus Verilog if that takes seconds or the gate simulator cannot hold the column; its lines and weights are
    compared with the simulator. The same netlist and waves are not simulated again. Raises CheckFailed where they differ.
    """
    assert column.netlist is not None
    part = some_columns(design, [common_column(design, waves.inputs)])
    seen = (waves.inputs, waves.learn, waves.enable, waves.labels)
    key = hashlib.sha256(repr((file_hash(column.netlist), part.fingerprint())).encode())
    for array in seen:
        key.update(b"" if array is None else np.ascontiguousarray(array).tobytes())
    made, mark = folder / "activity.json", folder / "activity.key"
    if made.is_file() and mark.is_file() and mark.read_text(encoding="ascii") == key.hexdigest():
        return made
    mark.unlink(missing_ok=True)
    package = generate_network(part, folder / "rtl")
    glue_source = write_glue(part, folder / "rtl")
    netlist, name = chip_netlist(part), "column_0_0"
    leaves = [path for path in package.sources if path.stem not in {package.top, column.name}]
    shutil.rmtree(folder / "glue", ignore_errors=True)
    glue, _ = synthesise(kit, [*leaves, glue_source], netlist.macros[GLUE], folder / "glue")
    inside = read_netlist(column.netlist, kit)
    block, names = flatten(netlist, {column.name: inside, netlist.macros[GLUE]: read_netlist(glue, kit)}, kit)
    activity: Activity = {}
    reports: list[VerifyReport] = []
    model: GateModel | None = None
    with contextlib.suppress(ConfigError):
        model = gate_model(block, kit)
    count = len(waves.inputs)
    judged = count if model is None else waves_for_icarus(model.cells, part, None, count)
    if judged:
        report, activity = _in_icarus(part, package, column, waves.first(judged), kit, folder, name)
        reports.append(report)
    if model is not None:
        report, flat = measure_netlist(model, package, part, waves, folder / "played")
        reports.append(report)
        activity = {own: flat[of] for own, of in names[name].items() if of in flat}
        activity |= {port: flat[of] for port, of in ((p.name, names[name].get(p.net, "")) for p in inside.ports.values()) if of in flat}
    for report in reports:
        if not report.ok:
            raise CheckFailed("the column's netlist does not behave as the simulator", got=report.message)
    write_atomic(made, json.dumps(activity, indent=0, sort_keys=True) + "\n")
    write_atomic(mark, key.hexdigest())
    return made


def _in_icarus(
    part: Design, package: NetworkPackage, column: HardMacro, waves: Stimuli, kit: Kit, folder: Path, name: str
) -> tuple[VerifyReport, Activity]:
    """The column's netlist in the RTL of all else."""
    assert column.netlist is not None
    parts = [path for path in package.sources if path.stem != column.name]
    together = "\n".join(path.read_text(encoding="utf-8") for path in (*parts, column.netlist))
    gates = NetlistFiles(write_atomic(folder / "together.sv", together), cell_models(kit, folder))
    return measure_network_gates(
        gates, part, waves.inputs, waves.learn, folder / "run", enable=waves.enable, labels=waves.labels, package=package, inside=name
    )


def chip_package(design: Design, chip: Chip, folder: Path) -> NetworkPackage:
    """The network's RTL with the chip's top module for the network's: what its test bench checks is then the chip's wiring."""
    package = generate_network(design, folder)
    kept = [path for path in package.sources if path.stem != package.top]
    top, bank = write_chip_verilog(chip, folder / f"{package.top}_chip.v", folder / "bank_model.v")
    return replace(package, sources=(*kept, write_glue(design, folder), bank, top))


def prove_chip(design: Design, chip: Chip, waves: Stimuli, folder: Path) -> VerifyReport:
    """Run waves through the chip's Verilog and the simulator and compare every line, weight and random state after every wave.

    Errors as of ``verify_network``; needs Icarus Verilog.
    """
    package = chip_package(design, chip, folder / "rtl")
    return verify_network(design, waves.inputs, waves.learn, folder, enable=waves.enable, labels=waves.labels, package=package)
