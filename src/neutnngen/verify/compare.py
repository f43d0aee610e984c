"""Simulator against hardware: every spike time, winner, weight and random state, wave by wave, without tolerance (rule A2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neutnngen.engine import Engine, ReferenceEngine, Trace
from neutnngen.errors import CheckFailed
from neutnngen.rtl import RtlPackage, generate_rtl
from neutnngen.spec import NO_SPIKE, Design
from neutnngen.verify.activity import Activity
from neutnngen.verify.gate_model import GateModel
from neutnngen.verify.record import Record
from neutnngen.verify.simulate import Gates, play_gates, simulate_gates, simulate_rtl


@dataclass(frozen=True)
class Divergence:
    """The first thing in which hardware differs from the simulator.

    what: "protocol", "output", "winner", "weight" or "random state". clock: unit clock of the wave, -1 where the difference belongs to
    the wave's end. neuron, input: -1 where they do not apply. expected (simulator) and got (hardware) as text.
    """

    wave: int
    clock: int
    what: str
    neuron: int
    input: int
    expected: str
    got: str

    def __str__(self) -> str:
        place = [f"wave {self.wave}"]
        place.append(f"unit clock {self.clock}" if self.clock >= 0 else "end of wave")
        if self.neuron >= 0:
            place.append(f"neuron {self.neuron}")
        if self.input >= 0:
            place.append(f"input {self.input}")
        return f"{self.what} at {', '.join(place)}: simulator {self.expected}, hardware {self.got}"


@dataclass(frozen=True)
class VerifyReport:
    """The outcome of a comparison. ``level`` is "rtl" or "gates"; spikes counts finite output spikes, values all compared values. waveform:
    file that shows the hardware around the first difference, where one was made."""

    ok: bool
    level: str
    design: str
    engine: str
    waves: int
    learning_waves: int
    spikes: int
    values: int
    divergence: Divergence | None
    waveform: Path | None = None

    @property
    def message(self) -> str:
        """One readable line."""
        head = (
            f"{self.design}, {self.level} against {self.engine}: {self.waves} waves ({self.learning_waves} learning, {self.spikes} spikes)"
        )
        if self.divergence is None:
            return f"{head}, {self.values} values equal"
        shown = "" if self.waveform is None else f"; waveform: {self.waveform}"
        return f"{head}, first difference: {self.divergence}{shown}"

    def raise_if_different(self) -> None:
        """CheckFailed (exit code 1) if hardware and simulator differ."""
        if not self.ok:
            raise CheckFailed(self.message, got=self.divergence, allowed="equality in every value (rule A2)")


def time_text(value: int) -> str:
    """An output time in words."""
    return "no spike" if value == NO_SPIKE else f"{value}"


def _first_output(expected: Trace, record: Record) -> Divergence | None:
    wrong = np.argwhere(expected.outputs != record.outputs)
    if not len(wrong):
        return None
    wave = int(wrong[0][0])
    pairs = [(int(expected.outputs[wave, j]), int(record.outputs[wave, j]), int(j)) for w, j in wrong if w == wave]
    want, got, neuron = min(pairs, key=lambda pair: (min(pair[:2]), pair[2]))  # the earliest of this wave
    return Divergence(wave, min(want, got), "output", neuron, -1, time_text(want), time_text(got))


def _first_winner(expected: Trace, record: Record) -> Divergence | None:
    wrong = np.flatnonzero(expected.winners != record.winners)
    if not len(wrong):
        return None
    wave = int(wrong[0])
    want, got = int(expected.winners[wave]), int(record.winners[wave])
    return Divergence(wave, -1, "winner", -1, -1, "none" if want < 0 else str(want), "none" if got < 0 else str(got))


def _first_weight(expected: NDArray[np.uint8], got: NDArray[np.uint8], first_wave: int = 0) -> Divergence | None:
    wrong = np.argwhere(expected != got)
    if not len(wrong):
        return None
    wave, j, i = (int(k) for k in wrong[0])
    return Divergence(wave + first_wave, -1, "weight", j, i, str(expected[wave, j, i]), str(got[wave, j, i]))


def _first_state(expected: Trace, record: Record) -> Divergence | None:
    assert record.lfsr is not None
    wrong = np.flatnonzero(expected.lfsr != record.lfsr)
    if not len(wrong):
        return None
    wave = int(wrong[0])
    return Divergence(wave, -1, "random state", -1, -1, f"{int(expected.lfsr[wave]):#x}", f"{int(record.lfsr[wave]):#x}")


def first_divergence(expected: Trace, record: Record) -> Divergence | None:
    """The earliest difference, None if there is none. A record without weights or state per wave is compared in what it has."""
    waves = len(expected.outputs)
    found: list[Divergence | None] = [
        Divergence(fault.wave, fault.clock, "protocol", -1, -1, "legal behaviour", fault.text) for fault in record.faults[:1]
    ]
    found += [_first_output(expected, record), _first_winner(expected, record)]
    if record.weights is not None:
        found += [_first_weight(expected.weights, record.weights), _first_state(expected, record)]
    if record.final_weights is not None:
        found.append(_first_weight(expected.final.weights[None], record.final_weights[None], waves - 1))
    elif not record.faults:
        raise ValueError("the record has no weights from the scan chain, and no fault that says why")
    # Within a wave: what happens at a clock comes before what is seen at its end; stable for equals.
    present = [divergence for divergence in found if divergence is not None]
    return min(present, key=lambda d: (d.wave, d.clock if d.clock >= 0 else NO_SPIKE), default=None)


def compare(expected: Trace, record: Record, design: Design, learn: NDArray[np.bool_] | bool, *, engine: str, level: str) -> VerifyReport:
    """Report on a record against the simulator's trace of the same waves."""
    divergence = first_divergence(expected, record)
    waves = len(expected.outputs)
    values = expected.outputs.size + expected.winners.size + design.weights.size
    if record.weights is not None:
        values += record.weights.size + waves
    learning = int(np.broadcast_to(np.asarray(learn, dtype=bool), (waves,)).sum())
    spikes = int((expected.outputs != NO_SPIKE).sum())
    return VerifyReport(divergence is None, level, design.name, engine, waves, learning, spikes, values, divergence)


def verify_rtl(
    design: Design,
    inputs: NDArray[np.uint8],
    learn: NDArray[np.bool_] | bool,
    folder: Path,
    *,
    package: RtlPackage | None = None,
    engine: Engine | None = None,
    timeout: float = 3600.0,
) -> VerifyReport:
    """Simulate waves in the engine and in the RTL and compare every value after every wave.

    inputs: (wave, input) uint8 spike times. learn: per wave or for all. package: RTL to check, default newly generated into
    ``folder/rtl``. engine: default the reference engine. A difference makes ``report.ok`` False; raises ToolFailed if a tool fails or
    its output is incomplete, MissingTool, ConfigError.
    """
    judge = engine or ReferenceEngine()
    expected = judge.run(design, inputs, learn, keep_states=True)
    record = simulate_rtl(package or generate_rtl(design, folder / "rtl"), design, inputs, learn, folder, timeout=timeout)
    return compare(expected, record, design, learn, engine=judge.name, level="rtl")


def measure_gates(
    gates: Gates,
    design: Design,
    inputs: NDArray[np.uint8],
    learn: NDArray[np.bool_] | bool,
    folder: Path,
    *,
    package: RtlPackage | None = None,
    engine: Engine | None = None,
    activity: bool = True,
    timeout: float = 3600.0,
    tell: Callable[[int, int], None] | None = None,
) -> tuple[VerifyReport, Activity]:
    """The same for a gate netlist: output spikes and winners of every wave, the weights after the last one, and the switching activity of
    every net (in Icarus Verilog none unless ``activity``). package: RTL that the netlist is of, default newly
    generated. tell: gets waves done and their number, in the gate simulator."""
    judge = engine or ReferenceEngine()
    expected = judge.run(design, inputs, learn)
    if isinstance(gates, GateModel):
        run = play_gates(gates, design, inputs, learn, folder, package=package, tell=tell)
    else:
        run = simulate_gates(*gates, design, inputs, learn, folder, package=package, activity=activity, timeout=timeout)
    return compare(expected, run.record, design, learn, engine=judge.name, level="gates"), run.activity or {}
