"""Many waves against compiled RTL: every line of every layer in every wave, all weights and random states as often as asked (rule A2).

The hardware runs in Verilator's model (``compiled_model``), the judge is the compiled engine. Verilator knows two values only: registers
without a reset begin with random bits, but an x that reaches an output is seen by Icarus Verilog alone (``verify_network``,
``verify_rtl``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.engine import Engine, Session, get_engine
from neutnngen.engine.checks import Learn, Waves, check_run
from neutnngen.rtl.network import build_rtl
from neutnngen.rtl.structure import Synapse
from neutnngen.spec import NO_SPIKE, Design, NetworkState
from neutnngen.verify.compare import Divergence, VerifyReport, time_text
from neutnngen.verify.compiled_model import (
    VOTER,
    CompiledModel,
    CompiledRecord,
    Package,
    StatePart,
    compile_model,
    numbers,
    run_model,
)
from neutnngen.verify.network import NEVER

MANY = 20_000
"""Waves from which on an optimised model saves more time than its compilation takes; both grow with the synapses."""
BLOCK = 1024
"""Waves that are compared at a time, at most."""
BLOCK_BITS = 1 << 26
"""Bits of recorded states that are unpacked at a time, at most."""


def verify_fast(
    design: Design,
    inputs: NDArray[np.uint8],
    learn: Learn,
    folder: Path,
    *,
    enable: Any = None,
    labels: Any = None,
    package: Package | None = None,
    engine: Engine | None = None,
    every: int = 1,
    model: CompiledModel | None = None,
    timeout: float = 3600.0,
) -> VerifyReport:
    """Run waves in an engine and in the compiled RTL of a classic column or a network, and compare.

    Arguments as in ``Session.run``. folder: gets model and record. package: RTL to check, default newly generated into ``folder/rtl``.
    engine: default the compiled one on one core. every: waves from one comparison of weights and random states to the next; lines are
    compared in every wave. model: the package compiled by ``compile_model``, to save the compilation.

    At a difference ``report.ok`` is False, the divergence is that of ``every=1``, and ``report.waveform`` is a VCD file with that wave, the
    one before and the one after. Raises MissingTool, ToolFailed, ConfigError.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    waves = check_run(design.network, inputs, learn, enable, labels)
    judge = engine or get_engine("compiled", threads=1)
    if model is None:
        if package is None:
            package = build_rtl(design, folder / "rtl")
        model = compile_model(design, package, folder, optimise=len(waves) >= MANY, timeout=timeout)
    record = run_model(model, design, waves, folder, every=every, timeout=timeout)
    found = _Comparison(judge.open(design), model, record, waves, every).run()
    learning = int(waves.learn.any(axis=1).sum())
    report = VerifyReport(found.divergence is None, "rtl", design.name, judge.name, len(waves), learning, *found.counts)
    if found.divergence is None:
        return report
    if every > 1:  # the first wave in which a state differs
        start = _part(waves, slice(0, found.divergence.wave + 1))
        record = run_model(model, design, start, folder, timeout=timeout)
        found = _Comparison(judge.open(design), model, record, start, 1).run()
        report = replace(report, divergence=found.divergence or report.divergence)
    assert report.divergence is not None
    return replace(report, waveform=_waveform(model, design, waves, report.divergence.wave, folder, timeout))


def _part(waves: Waves, rows: slice) -> Waves:
    enable, labels = waves.enable, waves.labels
    return Waves(
        waves.times[rows], waves.learn[rows], enable if enable is None else enable[rows], labels if labels is None else labels[rows]
    )


def _waveform(model: CompiledModel, design: Design, waves: Waves, wave: int, folder: Path, timeout: float) -> Path:
    """All signals in the waves around ``wave``, by a model that plays everything up to them again."""
    traced = compile_model(model.design, model.package, folder, trace=True, optimise=False, timeout=timeout)
    path = folder / f"wave_{wave}.vcd"
    last = min(wave + 1, len(waves) - 1)
    run_model(traced, design, _part(waves, slice(0, last + 1)), folder, every=len(waves), waveform=(path, max(wave - 1, 0), last))
    return path


@dataclass(eq=False)
class _Found:
    """Finite output spikes of the engine and compared values up to the first difference."""

    spikes: int = 0
    values: int = 0
    divergence: Divergence | None = None

    @property
    def counts(self) -> tuple[int, int, Divergence | None]:
        return self.spikes, self.values, self.divergence


class _Comparison:
    """One pass through a record, block by block."""

    def __init__(self, session: Session, model: CompiledModel, record: CompiledRecord, waves: Waves, every: int) -> None:
        self.session, self.model, self.record, self.waves, self.every = session, model, record, waves, every
        network = model.design.network
        layers = network.layers
        self.layer_of = np.repeat(np.arange(len(layers)), [layer.lines for layer in layers])
        self.line_of = np.concatenate([np.arange(layer.lines) for layer in layers])
        self.delay = np.array(model.starts)[self.layer_of] + 1  # an output is registered
        self.points = max(1, min(BLOCK // every, BLOCK_BITS // (32 * model.state_words)))

    def run(self) -> _Found:
        """The first difference, or none in all."""
        found = _Found()
        for start in range(0, len(self.waves), self.points * self.every):
            self._block(start, min(start + self.points * self.every, len(self.waves)), found)
            fault = self.record.fault
            if fault is not None and fault[0] <= (len(self.waves) if found.divergence is None else found.divergence.wave):
                found.divergence = Divergence(fault[0], fault[1], "protocol", -1, -1, "legal behaviour", fault[2])
            if found.divergence is not None:
                return found
        if self.model.chained and self.record.chain != self.model.package.scan_image(self.session.design()):
            found.divergence = Divergence(len(self.waves) - 1, -1, "weight", -1, -1, "the simulator's", "another scan image")
        return found

    def _block(self, start: int, end: int, found: _Found) -> None:
        """Compare the waves ``start`` … ``end`` - 1."""
        lines, states, votes, winners = [], [], [], []
        for first in range(start, end, self.every):
            part = _part(self.waves, slice(first, min(first + self.every, end)))
            result = self.session.run(part.times, part.learn, enable=part.enable, labels=part.labels, keep_layers=True)
            assert result.layers is not None
            found.spikes += int((result.outputs != NO_SPIKE).sum())
            lines.append(result.layers)
            winners.append(result.winners)
            votes += [] if result.votes is None else [result.votes]
            states.append(self.session.state())
        want = np.concatenate([np.concatenate(parts) for parts in zip(*lines, strict=True)], axis=1).astype(np.int64)
        rises = self.record.rises[start:end].astype(np.int64)
        got = np.where(rises == NEVER, NO_SPIKE, rises - self.delay)
        wrong = np.argwhere(want != got)
        by_line = self._line(want, got, wrong, start) if len(wrong) else None
        by_state = self._states(states, start, found)
        found.values += got.size
        by_vote = self._votes(np.concatenate(votes), np.concatenate(winners), start, found) if votes else None
        # Of equal waves the line comes first, then the vote: they were there before the wave's end.
        present = [divergence for divergence in (by_line, by_vote, by_state) if divergence is not None]
        found.divergence = min(present, key=lambda divergence: divergence.wave, default=None)

    def _line(self, want: NDArray[np.int64], got: NDArray[np.int64], wrong: NDArray[np.int64], start: int) -> Divergence:
        wave = int(wrong[0, 0])
        lines = wrong[wrong[:, 0] == wave, 1].tolist()
        line = min(lines, key=lambda n: (min(want[wave, n], got[wave, n]), n))
        expected, seen = int(want[wave, line]), int(got[wave, line])
        layer, place = int(self.layer_of[line]), int(self.line_of[line])
        where = "" if self._classic else f" in layer {layer}, column {place // self.model.design.network.layers[layer].column.lines}"
        return Divergence(wave + start, min(expected, seen), "output", place, -1, f"{time_text(expected)}{where}", time_text(seen))

    def _votes(self, votes: NDArray[np.int32], winners: NDArray[np.int32], start: int, found: _Found) -> Divergence | None:
        """What the voter said in the waves from ``start`` on."""
        bits = _bits(self.record.cast[start : start + len(votes)])
        classes = votes.shape[1]
        seen, won = numbers(bits, self.model.votes).astype(np.int64), bits[:, :classes]
        found.values += votes.size + len(votes)
        wrong = np.flatnonzero((won != (winners[:, None] == np.arange(classes))).any(axis=1))
        differences = [
            Divergence(start + int(n), -1, "winner", -1, -1, str(winners[n]), f"{np.flatnonzero(won[n]).tolist()}") for n in wrong[:1]
        ]
        for n, c in np.argwhere(seen != votes)[:1].tolist():
            differences.append(Divergence(start + n, -1, "votes", c, -1, str(votes[n, c]), str(seen[n, c])))
        return min(differences, key=lambda divergence: divergence.wave, default=None)

    def _states(self, states: list[NetworkState], start: int, found: _Found) -> Divergence | None:
        """States after the block's waves ``every`` - 1, 2 ``every`` - 1 …"""
        first = start // self.every
        bits = _bits(self.record.states[first : first + len(states)])

        def wave(point: int) -> int:
            return min(start + (point + 1) * self.every, len(self.waves)) - 1

        differences = []
        for part in self.model.state:
            expected = np.stack([part.expected(state) for state in states]).astype(np.uint64)
            seen = part.read(bits)
            found.values += seen.size
            wrong = np.argwhere(expected != seen)
            if len(wrong):
                point, number = map(int, wrong[0])
                differences.append(self._number(part, number, wave(point), int(expected[point, number]), int(seen[point, number])))
        return min(differences, key=lambda divergence: divergence.wave, default=None)

    def _number(self, part: StatePart, number: int, wave: int, expected: int, seen: int) -> Divergence:
        if part.layer == VOTER:
            what = "random state" if part.kind == "random" else "weight"
            name = "" if part.kind == "random" else f", line {part.index[number, 0]}, row {part.index[number, 1]}"
            return Divergence(wave, -1, what, -1, -1, f"{expected} of the voter{name}", str(seen))
        column, *index = map(int, part.index[number])
        where = "" if self._classic else f" in layer {part.layer}, column {column}"
        if part.kind == "random":
            return Divergence(wave, -1, "random state", -1, -1, f"{expected:#x}{where}", f"{seen:#x}")
        if part.kind == "bias":
            neuron, dendrite, segment = index
            return Divergence(wave, -1, "bias", neuron, -1, f"{expected}{where}, dendrite {dendrite}, segment {segment}", str(seen))
        if self._classic:
            shape = self.model.design.state.layers[0].distal.shape[1:]
            neuron, line = divmod(int(np.ravel_multi_index(index, shape)), shape[-1])
            return Divergence(wave, -1, "weight", neuron, line, str(expected), str(seen))
        name = Synapse(part.kind, tuple(index)).name
        return Divergence(wave, -1, "weight", -1, index[-1], f"{expected}{where}, {name}", str(seen))

    @property
    def _classic(self) -> bool:
        return self.model.design.network.classic is not None


def _bits(words: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """(point, bit) of recorded words."""
    return np.unpackbits(np.ascontiguousarray(words).view(np.uint8), axis=1, bitorder="little")
