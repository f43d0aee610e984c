"""One learning wave of a classic column as its RTL computes it, clock by clock."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neutnngen.engine import get_engine
from neutnngen.errors import ConfigError
from neutnngen.rtl import generate_rtl
from neutnngen.spec import NO_SPIKE, ColumnSpec, Design, NetworkState
from neutnngen.verify.simulate import CLOCK_PERIOD, simulate_waveform
from neutnngen.verify.vcd_values import Values, read_vcd_values

PICOSECONDS = 1000
"""Of the dump's unit of time in a nanosecond; the test bench's precision is 1 ps."""


@dataclass(frozen=True, eq=False)
class Waveform:
    """values: of every signal of the RTL in clocks 0 … clocks - 1 of the wave and in clock 0 of the next, as at the rising edge. times:
    (input,) of the wave. winner: its neuron. before, after: (neuron, input) weights. mask: synapses that exist. wave: its number.
    """

    design: str
    column: ColumnSpec
    wave: int
    values: Values
    times: NDArray[np.uint8]
    winner: int
    decided: int
    before: NDArray[np.uint8]
    after: NDArray[np.uint8]
    mask: NDArray[np.bool_]

    def known(self, name: str) -> list[int]:
        """A signal's values; ConfigError where one is unknown."""
        found = self.values[name]
        if any(value is None for value in found):
            raise ConfigError("a signal of the RTL is unknown", got=name, allowed="0 and 1")
        return [value for value in found if value is not None]


def case_of(time: int, decided: int) -> str:
    """The case of a winner's synapse (rules R1, R2, R4)."""
    if time == NO_SPIKE:
        return "backoff"
    return "capture" if time <= decided else "minus"


def _richest(inputs: NDArray[np.uint8], weights: NDArray[np.int64], outputs: NDArray[np.uint8], winners: NDArray[np.integer]) -> int:
    """The wave in which the winner's weights move in most cases, and of equal ones most weights; -1 if none ever moves."""
    best, found = (0, 0), -1
    for n in np.flatnonzero(winners >= 0):
        moved = np.flatnonzero(weights[n + 1, winners[n]] != weights[n, winners[n]])
        score = len({case_of(int(inputs[n, i]), int(outputs[n, winners[n]])) for i in moved}), len(moved)
        best, found = max((best, found), (score, int(n)))
    return found


def record_wave(design: Design, inputs: NDArray[np.uint8], folder: Path) -> Waveform:
    """Let an engine learn ``inputs`` (wave, input), take the one that shows most, and run it in new RTL.

    Raises ConfigError if the Design is no classic column or no wave moves a weight; MissingTool and ToolFailed as simulation does.
    """
    column = design.column
    trace = get_engine().run(design, inputs, True, keep_states=True)
    assert trace.states is not None
    states: list[NetworkState] = [design.state, *trace.states]
    weights = np.stack([state.layers[0].distal.reshape(design.mask.shape) for state in states]).astype(np.int64)
    wave = _richest(inputs, weights, trace.outputs, trace.winners)
    if wave < 0:
        raise ConfigError("no weight moves in any of the waves, so there is nothing to show", got=f"{len(inputs)} waves")
    start = design.with_state(states[wave])
    played = np.stack([inputs[wave], np.full(column.inputs, NO_SPIKE, dtype=np.uint8)])
    dump = simulate_waveform(generate_rtl(start, folder / "rtl"), start, played, np.array([True, False]), folder)
    period = round(CLOCK_PERIOD * PICOSECONDS)
    values = read_vcd_values(dump, [period // 2 + period * t for t in range(column.wave_clocks + 1)])
    winner = int(trace.winners[wave])
    before, after = weights[wave].astype(np.uint8), weights[wave + 1].astype(np.uint8)
    decided = int(trace.outputs[wave, winner])
    return Waveform(design.name, column, wave, values, inputs[wave], winner, decided, before, after, design.mask)
