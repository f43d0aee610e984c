"""Any network in the simulator and in RTL: every line of every layer, every weight and random state after every wave (rule A2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.engine import Engine, ReferenceEngine, Trace
from neutnngen.engine.checks import Learn, check_run
from neutnngen.errors import ConfigError, ToolFailed
from neutnngen.files import write_atomic
from neutnngen.rtl.elaborate import SPARE_RESET_CLOCKS, RtlPackage
from neutnngen.rtl.network import NetworkPackage, generate_network, network_scan_image
from neutnngen.rtl.structure import bias_bits, column_weights, widths
from neutnngen.rtl.structure import column_synapses as synapses_of
from neutnngen.rtl.voting import label_lines, vote_bits, voter_weights
from neutnngen.rtl.words import Kind
from neutnngen.spec import NO_SPIKE, Design
from neutnngen.tools.iverilog import simulate
from neutnngen.verify.activity import Activity, read_vcd_activity
from neutnngen.verify.compare import Divergence, VerifyReport, measure_gates, time_text
from neutnngen.verify.gate_bench import Session, play_session
from neutnngen.verify.gate_model import GateModel
from neutnngen.verify.simulate import CLOCK_PERIOD, Gates, delay_registers
from neutnngen.verify.stimuli import Stimuli

NEVER = 0xFFFF
"""A line that does not rise, in the test bench's record."""


def verify_network(
    design: Design,
    inputs: NDArray[np.uint8],
    learn: Learn,
    folder: Path,
    *,
    enable: Any = None,
    labels: Any = None,
    package: NetworkPackage | None = None,
    kind: Kind = "learning",
    engine: Engine | None = None,
    timeout: float = 3600.0,
) -> VerifyReport:
    """Run waves in an engine and in the RTL of a network and compare every value after every wave.

    Arguments as in ``Session.run``. package: RTL to check, default newly generated into ``folder/rtl``, of a ``kind``. engine: default the
    reference. A difference makes ``report.ok`` False; raises ToolFailed if a tool fails or its output is incomplete, MissingTool,
    ConfigError.
    """
    judge = engine or ReferenceEngine()
    expected = judge.run(design, inputs, learn, enable=enable, labels=labels, keep_layers=True, keep_states=True)
    made = package or generate_network(design, folder / "rtl", kind=kind)
    out = _simulate(made, made.sources, design, inputs, learn, folder.resolve(), enable, labels, timeout)
    divergence, values = _compare(expected, design, made, out, len(inputs))
    learning = int(check_run(design.network, inputs, learn, enable, labels).learn.any(axis=1).sum())
    spikes = int((expected.outputs != NO_SPIKE).sum())
    return VerifyReport(divergence is None, "rtl", design.name, judge.name, len(inputs), learning, spikes, values, divergence)


def measure_network_gates(
    gates: Gates,
    design: Design,
    inputs: NDArray[np.uint8],
    learn: Learn,
    folder: Path,
    *,
    enable: Any = None,
    labels: Any = None,
    package: NetworkPackage | None = None,
    engine: Engine | None = None,
    timeout: float = 3600.0,
    inside: str | None = None,
    tell: Callable[[int, int], None] | None = None,
) -> tuple[VerifyReport, Activity]:
    """Run waves through a gate netlist of a network and compare the lines of its outputs and the voter's winner after every wave, and all
    weights after the last one.

    Returns the switching activity of every net as well; inside, for Icarus Verilog: of the nets of this instance in the network, whose
    module may be a netlist in a network of RTL. tell: gets waves done and their number, in the gate simulator. Other arguments and errors
    as of :func:`verify_network`.
    """
    judge = engine or ReferenceEngine()
    expected = judge.run(design, inputs, learn, enable=enable, labels=labels, keep_layers=True)
    made = package or generate_network(design, folder / "rtl")
    folder = folder.resolve()
    if isinstance(gates, GateModel):
        if len(inputs) == 0:
            raise ConfigError("there is no wave to simulate", got="0 waves", allowed="at least one")
        levels = _levels(design, inputs, learn, enable, labels, made.kind)
        reset = made.reset_clocks + SPARE_RESET_CLOCKS
        winner = "winner" if design.network.voter is not None else ""
        session = Session(levels, made.scan_image(design), made.clocks, 1, reset, narrow=False, winner=winner)
        activity = play_session(gates, session, folder / "record.txt", tell)
        rows = (folder / "record.txt").read_text(encoding="ascii").splitlines()
    else:
        text = delay_registers(gates.cell_models.read_text(encoding="utf-8", errors="replace"))
        models, vcd = write_atomic(folder / "cells.v", text), folder / "waves.vcd"
        rows = _simulate(made, (gates.netlist, models), design, inputs, learn, folder, enable, labels, timeout, vcd=vcd, inside=inside)
        activity = read_vcd_activity(vcd, CLOCK_PERIOD)
        vcd.unlink()  # large, and everything that is needed of it is known
    divergence, values = _compare_gates(expected, design, made, rows, len(inputs))
    learning = int(check_run(design.network, inputs, learn, enable, labels).learn.any(axis=1).sum())
    spikes = int((expected.outputs != NO_SPIKE).sum())
    return VerifyReport(divergence is None, "gates", design.name, judge.name, len(inputs), learning, spikes, values, divergence), activity


def measure_netlist(
    gates: Gates,
    package: RtlPackage | NetworkPackage,
    design: Design,
    waves: Stimuli,
    folder: Path,
    tell: Callable[[int, int], None] | None = None,
) -> tuple[VerifyReport, Activity]:
    """The gate netlist of any RTL package against the simulator, and its activity: a classic column's has a test bench of its own."""
    if isinstance(package, RtlPackage):
        return measure_gates(gates, design, waves.inputs, waves.learn, folder, package=package, tell=tell)
    return measure_network_gates(
        gates, design, waves.inputs, waves.learn, folder, enable=waves.enable, labels=waves.labels, package=package, tell=tell
    )


def _compare_gates(expected: Trace, design: Design, package: NetworkPackage, rows: list[str], waves: int) -> tuple[Divergence | None, int]:
    """The first difference in what the ports show, and how many values were compared."""
    assert expected.layers is not None
    network, values, wave = design.network, 0, 0
    outputs = network.output_layers
    offsets = np.concatenate([np.full(network.layers[n].lines, package.starts[n] + 1) for n in outputs])
    want = np.concatenate([expected.layers[n] for n in outputs], axis=1).astype(np.int64)
    shifted = not package.scan_image(design)
    for row in rows[:-1]:
        words = row.split()
        if words[0] == "error":
            return Divergence(int(words[1]), int(words[2]), "protocol", -1, -1, "legal behaviour", " ".join(words[3:])), values
        if words[0] == "chain":
            image = network_scan_image(expected.final)
            values, shifted = values + len(image), True
            if [int(b) if b in "01" else -1 for b in words[1]] != image:
                return Divergence(waves - 1, -1, "weight", -1, -1, "the simulator's", "another scan image"), values
            continue
        if words[0] != "wave" or int(words[1]) != wave or set("xz") & set(row.lower().replace("wave", "")):
            return Divergence(wave, -1, "protocol", -1, -1, "known bits", row[:80]), values
        found, count = _compare_lines(words[2], offsets, want[wave], wave)
        values += count
        if found is not None:
            return found, values
        if network.voter is not None:
            values += 1
            won, winner = int(words[3], 16), int(expected.winners[wave])
            if won != (0 if winner < 0 else 1 << winner):
                return Divergence(wave, -1, "winner", -1, -1, str(winner), f"{won:#x}, one-hot"), values
        wave += 1
    if wave != waves or not shifted:
        raise ToolFailed("the simulation's record is not complete", got=f"{wave} of {waves} waves")
    return None, values


def _compare_lines(word: str, offsets: NDArray[np.int64], want: NDArray[np.int64], wave: int) -> tuple[Divergence | None, int]:
    """The earliest difference of a wave's lines, and their number. word: clocks of the test bench's record."""
    times = _fields(word, len(offsets), 16)
    got = np.where(times == NEVER, NO_SPIKE, times - offsets)
    wrong = np.flatnonzero(got != want)
    if not len(wrong):
        return None, len(got)
    line = min(wrong.tolist(), key=lambda n: (min(got[n], want[n]), n))
    clock = int(min(got[line], want[line]))
    return Divergence(wave, clock, "output", line, -1, time_text(int(want[line])), time_text(int(got[line]))), len(got)


def _levels(design: Design, inputs: Any, learn: Learn, enable: Any, labels: Any, kind: Kind) -> dict[str, NDArray[np.uint8]]:
    """Levels of the ports, (wave, clock, bit), in every clock of the input window of every wave; also of ports that it lacks."""
    network = design.network
    waves = check_run(network, inputs, learn, enable, labels)
    if kind != "learning" and waves.learn.any():
        raise ConfigError(f"{kind} hardware does not learn", got="learning waves", allowed="learn=False")
    count, clocks = len(waves.times), np.arange(network.t_in_max + 1, dtype=np.uint8)
    classes = label_lines(network) if kind == "learning" else 0
    label = np.zeros((count, max(classes, 1)), np.uint8)
    if waves.labels is not None and classes:
        named = np.flatnonzero((waves.labels >= 0) & (waves.labels < classes))
        label[named, waves.labels[named]] = 1
    lines = np.zeros((count, max(network.enables, 1)), np.uint8)
    if waves.enable is not None:
        lines[:, : network.enables] = waves.enable
    still = {"enable": lines, "label": label, "learn": waves.learn.astype(np.uint8)}  # of learn a bit for every layer, then the voter
    rises = (waves.times[:, None, :] <= clocks[None, :, None]).view(np.uint8)  # NO_SPIKE is larger than every clock
    return {"spike_in": rises} | {name: np.repeat(bits[:, None], len(clocks), axis=1) for name, bits in still.items()}


def _words(design: Design, inputs: Any, learn: Learn, enable: Any, labels: Any, kind: Kind) -> list[str]:
    """{learn, label, enable, spike_in} of every clock of the input window of every wave, hexadecimal."""
    bits = np.concatenate(list(_levels(design, inputs, learn, enable, labels, kind).values()), axis=2)
    packed = np.packbits(bits.reshape(-1, bits.shape[2]), axis=1, bitorder="little")[:, ::-1]
    return [row.tobytes().hex() for row in packed]


def _simulate(
    package: NetworkPackage,
    sources: Sequence[Path],
    design: Design,
    inputs: Any,
    learn: Learn,
    folder: Path,
    enable: Any,
    labels: Any,
    timeout: float,
    *,
    vcd: Path | None = None,
    inside: str | None = None,
) -> list[str]:
    """Lines of the record. sources: of what is simulated; vcd: dump of a gate netlist."""
    if len(inputs) == 0:
        raise ConfigError("there is no wave to simulate", got="0 waves", allowed="at least one")
    folder.mkdir(parents=True, exist_ok=True)
    waves = write_atomic(folder / "waves.hex", "\n".join(_words(design, inputs, learn, enable, labels, package.kind)) + "\n")
    weights = write_atomic(folder / "weights.bits", "\n".join(map(str, network_scan_image(design))) + "\n")
    out, parameters = folder / "record.txt", {"WAVES": len(inputs)}
    plusargs: dict[str, str | Path] = {"waves": waves.name, "weights": weights.name, "out": out.name}
    expect, defines = [out], []
    if vcd is not None:
        plusargs["vcd"] = vcd.name
        expect, defines = [out, vcd], ["GATES", *([] if inside is None else [f"INSIDE=.{inside}"])]
    bench = (package.testbench, *sources)
    simulate(bench, f"{package.top}_tb", folder, plusargs, expect, parameters=parameters, defines=defines, timeout=timeout)
    rows = [row for row in out.read_text(encoding="ascii").splitlines() if row]
    if not rows or rows[-1] != f"end {len(inputs)}":
        raise ToolFailed("the simulation's record does not end after the last wave", got=out, next_step=f"read the logs in {folder}")
    return rows


def _compare(expected: Trace, design: Design, package: NetworkPackage, rows: list[str], waves: int) -> tuple[Divergence | None, int]:
    """The first difference and how many values were compared."""
    assert expected.layers is not None and expected.states is not None
    values, wave = 0, 0
    offsets = np.concatenate([np.full(layer.lines, start + 1) for layer, start in zip(design.network.layers, package.starts, strict=True)])
    want = np.concatenate(expected.layers, axis=1).astype(np.int64)
    for row in rows[:-1]:
        words = row.split()
        if words[0] == "error":
            return Divergence(int(words[1]), int(words[2]), "protocol", -1, -1, "legal behaviour", " ".join(words[3:])), values
        if words[0] == "chain":
            if [int(b) for b in words[1] if b in "01"] != network_scan_image(expected.final):
                return Divergence(waves - 1, -1, "weight", -1, -1, "the simulator's", "another scan image"), values
            continue
        if words[0] != "wave" or int(words[1]) != wave or set("xz") & set(row.lower().replace("wave", "")):
            return Divergence(wave, -1, "protocol", -1, -1, "known bits", row[:80]), values
        found, count = _compare_lines(words[2], offsets, want[wave], wave)
        values += count
        if found is not None:
            return found, values
        found, count = _compare_states(expected, design, words[3:], wave, package.kind == "learning")
        values += count
        if found is not None:
            return found, values
        wave += 1
    if wave != waves:
        raise ToolFailed("the simulation's record is not complete", got=f"{wave} of {waves} waves")
    return None, values


def _compare_states(expected: Trace, design: Design, words: list[str], wave: int, learning: bool) -> tuple[Divergence | None, int]:
    """Random state and weights of every column after a wave."""
    assert expected.states is not None
    at, values = 0, 0
    for number, layer in enumerate(design.network.layers):
        state = expected.states[wave].layers[number]
        width = widths(layer.column)
        for column in range(layer.columns):
            lfsr, word = words[at] if learning else "", words[at + learning]
            at += 1 + learning
            if learning and int(lfsr, 16) != int(state.lfsr[column]):
                where = f"{int(state.lfsr[column]):#x} in layer {number}, column {column}"
                return Divergence(wave, -1, "random state", -1, -1, where, f"{int(lfsr, 16):#x}"), values
            packed = int(word, 16)
            for synapse, weight in zip(synapses_of(state, column), column_weights(state, column), strict=True):
                bits = width[synapse.kind]
                got, packed = packed & ((1 << bits) - 1), packed >> bits
                values += 1
                if got != weight:
                    where = f"{weight} in layer {number}, column {column}, {synapse.name}"
                    return Divergence(wave, -1, "weight", -1, synapse.line, where, str(got)), values
            values += 1
            if layer.column.homeostasis is not None:
                want = state.bias[column].reshape(-1)
                biases = _fields(words[at], len(want), bias_bits(layer.column.homeostasis))
                at += 1
                values += len(want)
                wrong = np.flatnonzero(biases != want)
                if len(wrong):
                    where = f"{want[wrong[0]]} of segment {wrong[0]} in layer {number}, column {column}"
                    return Divergence(wave, -1, "bias", -1, -1, where, str(biases[wrong[0]])), values
    found, count = _compare_voter(expected, design, words[at:], wave, learning)
    return found, values + count


def _compare_voter(expected: Trace, design: Design, words: list[str], wave: int, learning: bool) -> tuple[Divergence | None, int]:
    """Winner, votes, weights and random state of the voter after a wave."""
    voter = design.network.voter
    if voter is None or expected.votes is None or expected.states is None:
        return None, 0
    state = expected.states[wave].voter
    assert state is not None
    won = int(words[0], 16)
    winner = int(expected.winners[wave])
    if won != (0 if winner < 0 else 1 << winner):
        return Divergence(wave, -1, "winner", -1, -1, str(winner), f"{won:#x}, one-hot"), 1
    votes = _fields(words[1], voter.classes, vote_bits(design.network))
    if (votes != expected.votes[wave]).any():
        c = int(np.flatnonzero(votes != expected.votes[wave])[0])
        return Divergence(wave, -1, "votes", c, -1, str(expected.votes[wave, c]), str(votes[c])), 1 + voter.classes
    weights = voter_weights(state, voter)[0].reshape(-1)
    got = _fields(words[2], len(weights), voter.w_res)
    if (got != weights).any():
        n = int(np.flatnonzero(got != weights)[0])
        return Divergence(wave, -1, "weight", -1, n, f"{weights[n]} of the voter", str(got[n])), 1 + voter.classes + n
    drawn = len(words) > 3 and learning
    if drawn and int(words[3], 16) != int(state.lfsr):
        return Divergence(wave, -1, "random state", -1, -1, f"{int(state.lfsr):#x} of the voter", f"{int(words[3], 16):#x}"), len(weights)
    return None, 1 + voter.classes + len(weights) + drawn


def _fields(word: str, count: int, width: int) -> NDArray[np.int64]:
    value = int(word, 16)
    return np.array([(value >> (k * width)) & ((1 << width) - 1) for k in range(count)], dtype=np.int64)
