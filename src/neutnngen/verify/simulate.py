"""Simulation of RTL and gate netlists with Icarus Verilog by one test bench; or, of netlists, by the gate simulator."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neutnngen.errors import ConfigError
from neutnngen.files import write_atomic
from neutnngen.rtl import RtlPackage, generate_rtl
from neutnngen.rtl.elaborate import SPARE_RESET_CLOCKS, TEST_HALF_PERIOD
from neutnngen.spec import Design
from neutnngen.tools.iverilog import simulate
from neutnngen.verify.activity import Activity, read_vcd_activity
from neutnngen.verify.gate_bench import Session, play_session
from neutnngen.verify.gate_model import GateModel
from neutnngen.verify.record import Record, read_record
from neutnngen.verify.stimuli import wave_levels, write_stimulus

CLOCK_PERIOD = 2.0 * TEST_HALF_PERIOD
"""Clock period of the test bench, ns."""


def simulate_rtl(
    package: RtlPackage,
    design: Design,
    inputs: NDArray[np.uint8],
    learn: NDArray[np.bool_] | bool,
    folder: Path,
    *,
    timeout: float = 3600.0,
) -> Record:
    """Run waves through the RTL; weights and random state are recorded after every wave.

    inputs: (wave, input) uint8 spike times. learn: per wave or for all. folder: gets stimulus, logs and record.
    Raises MissingTool, ToolFailed if a program fails or the record is not complete, ConfigError for illegal waves.
    """
    return _simulate(package, package.sources, design, inputs, learn, folder, timeout, vcd=None, gates=False)


def simulate_waveform(
    package: RtlPackage,
    design: Design,
    inputs: NDArray[np.uint8],
    learn: NDArray[np.bool_] | bool,
    folder: Path,
    *,
    timeout: float = 3600.0,
) -> Path:
    """As ``simulate_rtl``; the value-change dump of all signals of the RTL, from the first clock of the first wave on."""
    dump = folder.resolve() / "waves.vcd"
    _simulate(package, package.sources, design, inputs, learn, folder, timeout, vcd=dump, gates=False)
    return dump


def _simulate(
    package: RtlPackage,
    sources: Sequence[Path],
    design: Design,
    inputs: NDArray[np.uint8],
    learn: NDArray[np.bool_] | bool,
    folder: Path,
    timeout: float,
    *,
    vcd: Path | None,
    gates: bool,
) -> Record:
    if len(inputs) == 0:
        raise ConfigError("there is no wave to simulate", got="0 waves", allowed="at least one")
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    waves, weights = write_stimulus(design, package.scan, inputs, learn, folder)
    out = folder / "record.txt"
    # Names relative to the folder: the test bench's buffer for them is bounded.
    plusargs: dict[str, str | Path] = {"waves": waves.name, "weights": weights.name, "out": out.name}
    expect = [out]
    if vcd is not None:
        plusargs["vcd"] = vcd.name
        expect.append(vcd)
    simulate(
        (package.testbench, *sources),
        f"{package.top}_tb",
        folder,
        plusargs,
        expect,
        parameters={"WAVES": len(inputs)},
        defines=["GATES"] if gates else [],
        timeout=timeout,
    )
    return read_record(out, design, package.scan, len(inputs), gates=gates)


_PRIMITIVE = re.compile(r"^[ \t]*primitive\s+(\\\S+|\w+).*?endprimitive", re.MULTILINE | re.DOTALL)
_STATE = re.compile(r"\breg\b")


def delay_registers(models: str) -> str:
    """Cell models in which every register and latch answers 1 ns after its clock; all else stays without delay.

    With no delays at all, the deltas of a clock tree's buffers let one register's new value overtake the clock of the next. A delay
    in the sequential primitives alone is longer than any such tree, so the netlist behaves as one with sound hold timing.
    """
    registers = [found[1] for found in _PRIMITIVE.finditer(models) if _STATE.search(found[0])]
    if not registers:
        return models
    names = "|".join(re.escape(name) for name in sorted(registers, key=len, reverse=True))
    instance = re.compile(rf"^(?P<indent>[ \t]*)(?P<name>{names})(?P<gap>\s+)(?P<rest>\w*\s*\()", re.MULTILINE)
    return instance.sub(r"\g<indent>\g<name> #1\g<gap>\g<rest>", models)


class NetlistFiles(NamedTuple):
    """A gate netlist (flat Verilog, top = the design's name) and Verilog of the library's cells, for Icarus Verilog."""

    netlist: Path
    cell_models: Path


Gates = NetlistFiles | GateModel
"""A netlist for Icarus Verilog, or as a model for the gate simulator."""


def play_gates(
    model: GateModel,
    design: Design,
    inputs: NDArray[np.uint8],
    learn: NDArray[np.bool_] | bool,
    folder: Path,
    *,
    package: RtlPackage | None = None,
    tell: Callable[[int, int], None] | None = None,
) -> GateRecord:
    """As :func:`simulate_gates`, by the gate simulator. model: of the netlist. tell: gets waves done and their number."""
    if len(inputs) == 0:
        raise ConfigError("there is no wave to simulate", got="0 waves", allowed="at least one")
    made = package or generate_rtl(design, folder / "rtl")
    levels = wave_levels(design.column, inputs, learn)
    session = Session(levels, made.scan_image(design), made.clocks, made.unit, made.reset_clocks + SPARE_RESET_CLOCKS, narrow=True)
    counted = play_session(model, session, folder / "record.txt", tell)
    return GateRecord(read_record(folder / "record.txt", design, made.scan, len(inputs), gates=True), counted)


@dataclass(frozen=True, eq=False)
class GateRecord:
    """A run of a gate netlist. activity: switching per net of the netlist during the waves, None if it was not asked for."""

    record: Record
    activity: Activity | None


def simulate_gates(
    netlist: Path,
    cell_models: Path,
    design: Design,
    inputs: NDArray[np.uint8],
    learn: NDArray[np.bool_] | bool,
    folder: Path,
    *,
    package: RtlPackage | None = None,
    activity: bool = True,
    timeout: float = 3600.0,
) -> GateRecord:
    """Run waves through a synthesised or placed and routed netlist of the design (flat Verilog, top = the design's name).

    cell_models: Verilog of the library's cells. package: RTL that the netlist is of, default newly generated into ``folder/rtl``. Outputs
    are recorded for every wave, the weights once, through the scan chain, after the last one. Activity is counted from the first clock of
    the first wave to the last clock of the last wave; reset and scan do not count. Gates switch without delay, so glitches are not part of
    it.
    """
    for path, what in ((netlist, "netlist"), (cell_models, "Verilog models of the cells")):
        if not path.is_file():
            raise ConfigError(f"the {what} cannot be read", got=path, allowed="a Verilog file")
    folder = folder.resolve()
    made = package or generate_rtl(design, folder / "rtl")
    models = folder / "cells.v"
    write_atomic(models, delay_registers(cell_models.read_text(encoding="utf-8", errors="replace")))
    vcd = folder / "waves.vcd" if activity else None
    record = _simulate(made, [netlist, models], design, inputs, learn, folder, timeout, vcd=vcd, gates=True)
    if vcd is None:
        return GateRecord(record, None)
    counted = read_vcd_activity(vcd, CLOCK_PERIOD)
    vcd.unlink()  # large, and everything that is needed of it is known
    return GateRecord(record, counted)
