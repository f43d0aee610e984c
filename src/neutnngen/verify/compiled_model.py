"""RTL as a program that plays waves from a file: Verilator's model behind one harness for classic columns and networks.

The harness (``harness/harness.cpp``) never changes; what belongs to a design is in the wrapper module (``harness/wrapper.sv.j2``), which
shows all lines, weights and random states by hierarchical names, so that the design itself is compiled as it is.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, StrictUndefined
from numpy.typing import NDArray

from neutnngen.engine.checks import Waves
from neutnngen.errors import ConfigError, ToolFailed
from neutnngen.files import write_atomic
from neutnngen.rtl import RtlPackage
from neutnngen.rtl.elaborate import SPARE_RESET_CLOCKS
from neutnngen.rtl.network import NetworkPackage
from neutnngen.rtl.structure import bias_bits, widths
from neutnngen.rtl.voting import label_lines, vote_bits, voter_weights
from neutnngen.rtl.words import joined
from neutnngen.spec import Design, NetworkSpec, NetworkState
from neutnngen.tools.process import require, run_tool
from neutnngen.tools.verilator import INSTALL, TOOLS, build_argv

Package = RtlPackage | NetworkPackage

CONTROLS = 4
"""Lowest bits of a stimulus word: rst, weight_shift, weight_in, sample."""
VOTER = -1
"""The voter's place among the layers."""
LEAST_WORDS = 3
"""A port of fewer words would be a plain integer in C++, and the harness reads arrays."""
CHUNK_BITS = 1 << 26
"""Bits of stimulus that are made at a time."""
COMPILE_TIMEOUT = 3600.0


@dataclass(frozen=True, eq=False)
class StatePart:
    """Where the numbers of one kind in one layer stand in the recorded state.

    layer: ``VOTER`` for the voter. kind: "random", "far" (distal weight), "near" (proximal weight), "bias" or "voter" (a weight of it).
    index: (number, axis) places in the state's array, of a layer the column first. bits: (number, bit) places in the record, the lowest bit
    first.
    """

    layer: int
    kind: str
    index: NDArray[np.int64]
    bits: NDArray[np.int64]

    def expected(self, state: NetworkState) -> NDArray[Any]:
        """(number,) values of a state."""
        arrays: dict[str, NDArray[Any]]
        if self.layer == VOTER:
            assert state.voter is not None
            arrays = {"random": state.voter.lfsr, "voter": state.voter.weights}
        else:
            one = state.layers[self.layer]
            arrays = {"random": one.lfsr, "far": one.distal, "near": one.proximal, "bias": one.bias}
        return np.atleast_1d(arrays[self.kind][tuple(self.index.T)])

    def read(self, bits: NDArray[np.uint8]) -> NDArray[np.uint64]:
        """(point, number) values from the bits (point, bit) of recorded states."""
        return numbers(bits, self.bits)


def numbers(bits: NDArray[np.uint8], places: NDArray[np.int64]) -> NDArray[np.uint64]:
    """(point, number) values whose bits, the lowest first, stand at ``places`` (number, bit) of ``bits`` (point, bit)."""
    values = np.zeros((len(bits), len(places)), dtype=np.uint64)
    for k in range(places.shape[1]):
        values |= bits[:, places[:, k]].astype(np.uint64) << np.uint64(k)
    return values


@dataclass(frozen=True, eq=False)
class CompiledModel:
    """A program that simulates a package. It serves every Design that differs only in its weights from the one it was compiled for.

    starts: first unit clock of every layer. clocks: of a wave; unit: of a unit clock; reset: of the reset. learning, chained: whether
    weights learn, and can be loaded. labels: label lines. state, state_words: what a recorded state holds, and its size in 32-bit words.
    votes: (class, bit) places of the voter's votes in what is recorded of it in every wave, behind the winner, one bit for each class; no
    rows without a voter.
    """

    design: Design
    package: Package
    program: Path
    starts: tuple[int, ...]
    clocks: int
    unit: int
    reset: int
    learning: bool
    chained: bool
    labels: int
    state: tuple[StatePart, ...]
    state_words: int
    votes: NDArray[np.int64]

    @property
    def cast_words(self) -> int:
        """32-bit words that are recorded of the voter in a wave."""
        return _words(len(self.votes) + self.votes.size)

    @property
    def lines(self) -> int:
        """Output lines of all layers."""
        return sum(layer.lines for layer in self.design.network.layers)


@dataclass(frozen=True, eq=False)
class CompiledRecord:
    """What a run left.

    rises: (wave, line) uint16, unit clocks at which the lines of all layers rise, 0xffff if they do not. states: (point, word) uint32 after
    every ``every``-th wave and the last. cast: (wave, word) uint32 of the voter. chain: bits of the scan chain after the last wave, empty
    without one. fault: (wave, clock, text) of the first illegal behaviour.
    """

    rises: NDArray[np.uint16]
    states: NDArray[np.uint32]
    cast: NDArray[np.uint32]
    chain: list[int]
    fault: tuple[int, int, str] | None


def _words(bits: int) -> int:
    return max(LEAST_WORDS, -(-bits // 32))


def _state_parts(design: Design, learning: bool) -> tuple[tuple[StatePart, ...], int]:
    """Column by column: random state, distal and proximal weights, biases, in the order of their arrays; and how many bits there are."""
    parts, at = [], 0
    for number, (layer, state) in enumerate(zip(design.network.layers, design.state.layers, strict=True)):
        spec, rule = layer.column, layer.column.homeostasis
        there = {"far": state.distal_mask, "near": state.proximal_mask}
        width = dict(widths(spec))
        if learning:
            there, width["random"] = {"random": np.ones(layer.columns, dtype=bool), **there}, spec.lfsr.width
        if rule is not None:
            there["bias"], width["bias"] = np.ones(state.bias.shape, dtype=bool), bias_bits(rule)
        first: dict[str, list[NDArray[np.int64]]] = {kind: [] for kind in there}
        for column in range(layer.columns):
            for kind, mask in there.items():
                count = int(mask[column].sum())
                first[kind].append(at + width[kind] * np.arange(count))
                at += width[kind] * count
        for kind, mask in there.items():
            if mask.any():
                bits = np.concatenate(first[kind])[:, None] + np.arange(width[kind])
                parts.append(StatePart(number, kind, np.argwhere(mask), bits))
    voter, cast = design.network.voter, design.state.voter
    if voter is not None and cast is not None:
        place = np.argwhere(np.ones(voter_weights(cast, voter)[0].shape, dtype=bool))
        index = place[:, ::-1] if voter.read == "potential" else place
        parts.append(StatePart(VOTER, "voter", index, at + np.arange(len(index) * voter.w_res).reshape(-1, voter.w_res)))
        at += parts[-1].bits.size
        if learning and voter.read == "votes":
            parts.append(StatePart(VOTER, "random", np.zeros((1, 0), dtype=np.int64), at + np.arange(voter.lfsr.width)[None]))
            at += voter.lfsr.width
    return tuple(parts), at


def _vote_places(network: NetworkSpec) -> NDArray[np.int64]:
    """See ``CompiledModel.votes``."""
    voter = network.voter
    if voter is None:
        return np.zeros((0, 0), dtype=np.int64)
    width = vote_bits(network)
    return voter.classes + np.arange(voter.classes * width).reshape(-1, width)


def _names(design: Design, package: Package, learning: bool) -> tuple[str, list[str]]:
    """Inner names of the design: all lines, and the parts of the state, lowest bits first."""
    if isinstance(package, RtlPackage):
        return "dut.spike_out", ["dut.random.state", *[f"dut.{name}" for name in package.probes.values()]]
    network = design.network
    states = []
    for number, layer in enumerate(network.layers):
        one = design.state.layers[number]
        for c in range(layer.columns):
            there = one.distal_mask[c].any() or one.proximal_mask[c].any()
            parts = [*(["random.state"] if learning else []), *(["weights"] if there else [])]
            parts += ["biases"] if layer.column.homeostasis is not None else []
            states += [f"dut.column_{number}_{c}.{part}" for part in parts]
    if network.voter is not None:
        states += ["dut.voter_weights", *(["dut.voter_random.state"] if learning and network.voter.read == "votes" else [])]
    return joined([f"dut.lines_{n}" for n in range(len(network.layers))]), states


def _harness(name: str) -> str:
    return files("neutnngen.verify").joinpath("harness", name).read_text(encoding="utf-8")


def _stimulus_places(design: Design, labels: int) -> dict[str, int]:
    """First bit of every part of the stimulus, and how many bits there are."""
    network, places, at = design.network, {}, CONTROLS
    for part, count in (("learn", network.stages), ("label", labels), ("enable", network.enables), ("spike_in", network.inputs)):
        places[part] = at
        at += count
    return {**places, "bits": at}


def compile_model(
    design: Design,
    package: Package,
    folder: Path,
    *,
    trace: bool = False,
    optimise: bool = True,
    jobs: int = 1,
    timeout: float = COMPILE_TIMEOUT,
) -> CompiledModel:
    """Compile a package's RTL into a program in ``folder``; one that is there already, of the same sources, is taken as it is.

    trace: it can write waveforms, and is slower. optimise: for many waves; the compilation takes several times as long. jobs: compilers at
    a time. Raises MissingTool and ToolFailed.
    """
    network = design.network
    learning, chained = package.kind == "learning", package.kind != "frozen"
    labels = label_lines(network) if learning else 0
    (state, state_bits), places = _state_parts(design, learning), _stimulus_places(design, labels)
    all_lines, states = _names(design, package, learning)
    top = f"{package.top}_compiled"
    lines = sum(layer.lines for layer in network.layers)
    votes = _vote_places(network)
    context = {
        "top": top,
        "name": package.top,
        "learning": learning,
        "chained": chained,
        "first": places,
        "inputs": network.inputs,
        "stages": network.stages,
        "labels": labels,
        "enables": network.enables,
        "outputs": network.lines,
        "lines": lines,
        "all_lines": all_lines,
        "states": states,
        "state_bits": state_bits,
        "classes": len(votes),
        "cast_bits": len(votes) + votes.size,
        "cast_words": _words(len(votes) + votes.size),
        "stimulus_words": _words(places["bits"]),
        "seen_words": _words(lines + 2),
        "state_words": _words(state_bits),
    }
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, autoescape=False)
    folder = folder.resolve()
    wrapper = write_atomic(folder / f"{top}.sv", environment.from_string(_harness("wrapper.sv.j2")).render(context))
    harness = write_atomic(folder / "harness.cpp", _harness("harness.cpp"))
    settings = write_atomic(folder / "leaves.vlt", _harness("leaves.vlt"))
    program = _build([settings, *package.sources, wrapper], harness, top, folder, trace, optimise, jobs, timeout)
    timing = (package.starts, package.clocks, package.unit, package.reset_clocks + SPARE_RESET_CLOCKS)
    return CompiledModel(design, package, program, *timing, learning, chained, labels, state, _words(state_bits), votes)


def _build(sources: list[Path], harness: Path, top: str, folder: Path, trace: bool, optimise: bool, jobs: int, timeout: float) -> Path:
    """The program; compiled anew unless sources, command and versions are those of the last time."""
    for tool in TOOLS:
        require(tool)
    made = "traced" if trace else "fast" if optimise else "plain"
    program = folder / made / "simulate"
    # Names relative to the folder: make knows no spaces in a path.
    argv = build_argv(
        [path.resolve() for path in sources],
        Path(harness.name),
        top,
        "Vmodel",
        Path(made),
        program.name,
        trace=trace,
        optimise=optimise,
        jobs=jobs,
    )
    texts = [path.read_text(encoding="utf-8") for path in (*sources, harness)]
    stamp, wanted = folder / f"{made}.stamp", hashlib.sha256(json.dumps([argv, texts]).encode()).hexdigest()
    if not (program.is_file() and stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted):
        stamp.unlink(missing_ok=True)
        run_tool(argv, folder, folder / f"{made}.log", timeout, install=INSTALL, expect=[program])
        write_atomic(stamp, wanted)
    return program


def write_stimulus(path: Path, model: CompiledModel, waves: Waves) -> Path:
    """The waves as the harness reads them: levels of all inputs in the clocks 0 … t_in_max of every wave."""
    network = model.design.network
    places = _stimulus_places(model.design, model.labels)
    clocks = np.arange(network.t_in_max + 1, dtype=np.uint8)
    width = 32 * _words(places["bits"])
    step = max(1, CHUNK_BITS // (len(clocks) * width))
    with path.open("wb") as file:
        for start in range(0, len(waves), step):
            rows = slice(start, start + step)
            times = waves.times[rows]
            bits = np.zeros((len(times), len(clocks), width), dtype=bool)

            def place(part: str, values: NDArray[np.bool_], bits: NDArray[np.bool_] = bits) -> None:
                bits[:, :, places[part] : places[part] + values.shape[-1]] = values

            place("spike_in", times[:, None, :] <= clocks[None, :, None])  # NO_SPIKE is larger than every clock
            place("learn", waves.learn[rows, None, :])
            if waves.enable is not None:
                place("enable", waves.enable[rows, None, :])
            if waves.labels is not None:
                place("label", waves.labels[rows, None, None] == np.arange(model.labels))
            np.packbits(bits, axis=-1, bitorder="little").tofile(file)
    return path


def run_model(
    model: CompiledModel,
    design: Design,
    waves: Waves,
    folder: Path,
    *,
    every: int = 1,
    waveform: tuple[Path, int, int] | None = None,
    timeout: float = 3600.0,
) -> CompiledRecord:
    """Load the weights of ``design`` and run waves. every: after how many waves the state is recorded. waveform: file (VCD) and first and
    last wave of it; the model must have been compiled with ``trace``.

    Raises ConfigError without waves or where hardware that does not learn is asked to; ToolFailed if the record is not complete.
    """
    if len(waves) == 0:
        raise ConfigError("there is no wave to simulate", got="0 waves", allowed="at least one")
    if not model.learning and waves.learn.any():
        raise ConfigError("this hardware does not learn", got="learning waves", allowed="learn=False")
    if every < 1:
        raise ConfigError("the state cannot be recorded that often", got=every, allowed="after every 1, 2, … waves")
    folder = folder.resolve()
    stimulus = write_stimulus(folder / "stimulus.bin", model, waves)
    scan = write_atomic(folder / "scan.bin", bytes(model.package.scan_image(design)))
    parts = [folder / f"record.{part}" for part in ("lines", "states", "cast", "chain", "faults")]
    numbers = (len(waves), design.network.t_in_max + 1, model.clocks, model.lines, every, model.unit, model.reset)
    argv: list[Any] = [model.program, stimulus, scan, folder / "record", *numbers, *(waveform or ())]
    run_tool(argv, folder, folder / "simulate.log", timeout, expect=[*parts, *(waveform or ())[:1]])
    stimulus.unlink()  # large, and made again from the waves at any time
    return _read(model, parts, len(waves), every, scan.stat().st_size)


def _read(model: CompiledModel, parts: list[Path], waves: int, every: int, chain: int) -> CompiledRecord:
    points = -(-waves // every)
    wanted = (2 * waves * model.lines, 4 * points * model.state_words, 4 * waves * model.cast_words, chain)
    for path, size in zip(parts, wanted, strict=False):
        if path.stat().st_size != size:
            raise ToolFailed(
                "the simulation's record is not complete",
                got=f"{path}: {path.stat().st_size} bytes",
                allowed=f"{size} bytes",
                next_step=f"read {path.parent / 'simulate.log'}",
            )
    first = parts[4].read_text(encoding="ascii").split(maxsplit=2)
    return CompiledRecord(
        np.memmap(parts[0], dtype="<u2", mode="r", shape=(waves, model.lines)),
        np.memmap(parts[1], dtype="<u4", mode="r", shape=(points, model.state_words)),
        np.memmap(parts[2], dtype="<u4", mode="r", shape=(waves, model.cast_words)),
        list(parts[3].read_bytes()),
        (int(first[0]), int(first[1]), first[2].strip()) if first else None,
    )
