"""A picture of one wave in RTL: clock, inputs, ages, potentials, outputs, and what learning changes, with the numbers of the rules."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neutnngen.files import write_atomic
from neutnngen.spec import NO_SPIKE
from neutnngen.verify.waveform import Waveform, case_of

INK, SOFT, LINE, AGE, FIRE, LEARN = "#25303b", "#7b8794", "#0b6e99", "#8ab6cf", "#c8641b", "#7a5195"
SHOWN_LINES = 7
RULES = {"capture": "R1", "minus": "R2", "backoff": "R4"}


def shown_lines(wave: Waveform) -> list[int]:
    """Lines with a synapse of the winner, in the order of their time: of every case those whose weight moves first."""
    lines = [i for i in range(wave.column.inputs) if wave.mask[wave.winner, i]]
    change = wave.after[wave.winner].astype(int) - wave.before[wave.winner].astype(int)
    by_case: dict[str, list[int]] = {}
    for i in sorted(lines, key=lambda n: (change[n] == 0, n)):
        by_case.setdefault(case_of(int(wave.times[i]), wave.decided), []).append(i)
    chosen: list[int] = []
    while len(chosen) < min(SHOWN_LINES, len(lines)):  # a line of every case in turn
        for case in by_case.values():
            if case and len(chosen) < SHOWN_LINES:
                chosen.append(case.pop(0))
    return sorted(chosen, key=lambda n: (int(wave.times[n]), n))


def potentials(wave: Waveform, neuron: int) -> list[int]:
    """V(t) of a neuron in every clock (rule G1)."""
    bits = wave.column.potential_bits
    return [(value >> (neuron * bits)) & ((1 << bits) - 1) for value in wave.known("dut.level")]


def plot_wave(wave: Waveform, path: Path) -> Path:
    """Draw it as PNG."""
    from matplotlib.figure import Figure

    lines = shown_lines(wave)
    other = next((j for j in range(wave.column.neurons) if j != wave.winner), None)
    neurons = [wave.winner] if other is None else [wave.winner, other]
    heights = [1.0, 1.0, *([1.0, 0.8] * len(lines)), *([2.6] * len(neurons)), *([1.0] * len(neurons)), 1.0, 1.0, *([1.0] * len(lines))]
    figure = Figure(figsize=(13, 0.36 * sum(heights) + 1.2))
    axes = iter(figure.subplots(len(heights), 1, sharex=True, height_ratios=heights, gridspec_kw={"hspace": 0.12}))
    clocks = wave.column.wave_clocks
    row = _Row(clocks, wave.decided)

    row.clock(next(axes))
    row.words(next(axes), "count", wave.known("dut.count"), SOFT, "unit clocks (T1)")
    levels = wave.known("dut.spike_in")
    for i in lines:
        time = int(wave.times[i])
        said = "no spike: ∞ (T2)" if time == NO_SPIKE else f"x = {time} (T2)"
        row.level(next(axes), f"spike_in[{i}]", [(value >> i) & 1 for value in levels], LINE, said)
        row.words(next(axes), "age", wave.known(f"dut.line_{i}.age"), AGE, "ramp: 1 while w > age (S2)" if i == lines[0] else "")
    for j in neurons:
        what = "wins" if j == wave.winner else "loses"
        row.curve(
            next(axes), f"V of neuron {j}", potentials(wave, j), wave.column.threshold, f"θ = {wave.column.threshold} (G1); {what} (D1)"
        )
    out = wave.known("dut.spike_out")
    for j in neurons:
        said = f"y = {wave.decided}, one clock later (D1)" if j == wave.winner else "inhibited: ∞ (C1)"
        row.level(next(axes), f"spike_out[{j}]", [(value >> j) & 1 for value in out], FIRE, said)
    row.level(next(axes), "draw", wave.known("dut.draw"), LEARN, f"{wave.column.draws} random bits (R7, R8)")
    row.level(next(axes), "update", wave.known("dut.update"), LEARN, "weights move (T5)")
    for i in lines:
        case = case_of(int(wave.times[i]), wave.decided)
        values = wave.known(f"dut.weight_{wave.winner}_{i}")
        change = values[-1] - values[0]
        said = f"{case} ({RULES[case]}): {change:+d}" if change else f"{case} ({RULES[case]}): kept"
        row.words(next(axes), f"weight[{wave.winner}][{i}]", values, LEARN, said, FIRE if change else None)

    title = f"{wave.design}: wave {wave.wave} in RTL, {wave.column.inputs}×{wave.column.neurons} column, a learning wave"
    figure.suptitle(title, x=0.13, ha="left", y=0.985, fontsize=13, color=INK, fontweight="bold")
    figure.subplots_adjust(left=0.13, right=0.79, top=0.955, bottom=0.035)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, facecolor="white", metadata={"Software": None})
    return write_atomic(path, buffer.getvalue())


class _Row:
    """Draws rows of one time axis: a value stands from its clock to the next; the clock after the last is the next wave's first."""

    def __init__(self, clocks: int, decided: int) -> None:
        self._clocks, self._decided = clocks, decided

    def _frame(self, axes: Any, label: str, said: str) -> None:
        axes.set_xlim(0, self._clocks + 1)
        axes.set_ylim(-0.15, 1.15)
        axes.set_yticks([])
        axes.set_xticks(range(self._clocks + 1))
        axes.tick_params(axis="x", length=0, labelbottom=False)
        for side in axes.spines.values():
            side.set_visible(False)
        axes.grid(axis="x", color="#e3e8ed", linewidth=0.8)
        axes.axvspan(self._decided, self._decided + 1, color="#fdf1e6", zorder=0)
        axes.axvspan(self._clocks - 1, self._clocks, color="#f2ecf7", zorder=0)
        axes.axvline(self._clocks, color=SOFT, linestyle=":", linewidth=1)
        axes.text(-0.01, 0.5, label, transform=axes.transAxes, ha="right", va="center", fontsize=9, color=INK, family="monospace")
        axes.text(1.01, 0.5, said, transform=axes.transAxes, ha="left", va="center", fontsize=9, color=SOFT)

    def clock(self, axes: Any) -> None:
        """Falls at the start of a unit clock, when inputs change, and rises in its middle, when registers do."""
        self._frame(axes, "clk", "registers at the rising edge")
        x = np.repeat(np.arange(self._clocks + 1), 4) + np.tile([0.0, 0.5, 0.5, 1.0], self._clocks + 1)
        axes.plot(x, np.tile([0.0, 0.0, 1.0, 1.0], self._clocks + 1), color=INK, linewidth=1.1)

    def level(self, axes: Any, label: str, values: Sequence[int], colour: str, said: str) -> None:
        self._frame(axes, label, said)
        axes.step(range(len(values) + 1), [*values, values[-1]], where="post", color=colour, linewidth=1.8)
        axes.fill_between(range(len(values) + 1), [*values, values[-1]], step="post", color=colour, alpha=0.18)

    def words(self, axes: Any, label: str, values: Sequence[int], colour: str, said: str, mark: str | None = None) -> None:
        """Numbers in boxes, equal neighbours in one; the last in ``mark`` if that is a colour."""
        self._frame(axes, label, said)
        start = 0
        for end in range(1, len(values) + 1):
            if end < len(values) and values[end] == values[start]:
                continue
            face = mark if mark is not None and end == len(values) else colour
            axes.fill_between([start + 0.05, end - 0.05], 0.05, 0.95, color=face, alpha=0.28, linewidth=0)
            axes.text((start + end) / 2, 0.47, str(values[start]), ha="center", va="center", fontsize=8, color=INK)
            start = end

    def curve(self, axes: Any, label: str, values: Sequence[int], threshold: int, said: str) -> None:
        self._frame(axes, label, said)
        top = 1.15 * max(*values, threshold)
        axes.set_ylim(-0.04 * top, top)
        axes.step(range(len(values) + 1), [*values, values[-1]], where="post", color=LINE, linewidth=1.8)
        axes.fill_between(range(len(values) + 1), [*values, values[-1]], step="post", color=LINE, alpha=0.12)
        axes.axhline(threshold, color=FIRE, linestyle="--", linewidth=1.1)
        for clock, value in enumerate(values):
            if clock == 0 or value != values[clock - 1]:
                axes.text(clock + 0.5, value + 0.03 * top, str(value), ha="center", va="bottom", fontsize=7.5, color=INK)
