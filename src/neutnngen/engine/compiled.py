"""The compiled engine: the same results as the reference (rule A2), in machine code, columns shared out among threads.

Compiled by Numba at first use and kept in Numba's cache. Two kernels: ``rows_kernel`` for classic columns of many inputs, ``lanes_kernel``
for everything else.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neutnngen.core.lines import lines_read, most_votes, only_line, outputs_read
from neutnngen.engine.checks import Waves
from neutnngen.engine.compact import Rows, read_lines
from neutnngen.engine.protocol import Engine, Result, Session
from neutnngen.errors import ConfigError
from neutnngen.spec import (
    NO_SPIKE,
    ColumnSpec,
    DendriticColumnSpec,
    Design,
    LayerSpec,
    LayerState,
    NetworkSpec,
    NetworkState,
    VoterSpec,
    VoterState,
    as_classic,
)

CHUNK_BYTES = 1 << 25
"""Waves are taken through a network in chunks whose lines stay below this."""

PARTS = 4
"""Ranges of columns per thread, so that a thread that falls behind has less to do."""


class Laws(NamedTuple):
    """A ColumnSpec as the arrays that the row kernels take, all int64."""

    spec: NDArray[np.int64]
    taps: NDArray[np.int64]
    mu: NDArray[np.int64]
    up: NDArray[np.int64]
    down: NDArray[np.int64]


def kernel_laws(column: ColumnSpec) -> Laws:
    """See Laws."""
    from neutnngen.engine import rows_kernel as kernel

    values = {
        "neurons": column.neurons,
        "inputs": column.inputs,
        "blocks": -(-column.inputs // kernel.LANES),
        "horizon": column.horizon,
        "threshold": column.threshold,
        "w_max": column.w_max,
        "rnl": int(column.response == "rnl"),
        "largest": int(column.tie == "largest_potential"),
        "width": column.lfsr.width,
    }
    lists = ([values[name] for name in kernel.SPEC_FIELDS], column.lfsr.taps, column.stdp.mu, *column.stdp.stabiliser_table(column.w_max))
    return Laws(*(np.array(one, dtype=np.int64) for one in lists))


def _padded(rows: NDArray[Any]) -> NDArray[np.uint8]:
    """(column, neuron, input) as (column, flat) in the row kernel's layout, zeros where it is padded."""
    from neutnngen.engine.rows_kernel import LANES, ROWS

    columns, neurons, inputs = rows.shape
    shape = (columns, -(-neurons // ROWS) * ROWS, -(-inputs // LANES) * LANES)
    made = _aligned(math.prod(shape), LANES).reshape(shape)
    made[..., :neurons, :inputs] = rows
    return made.reshape(columns, -1)


def _aligned(size: int, to: int) -> NDArray[np.uint8]:
    """Zeros that begin at a cache line, so that no vector straddles two."""
    raw = np.zeros(size + to, dtype=np.uint8)
    start = -raw.ctypes.data % to
    return raw[start : start + size]


@dataclass(frozen=True, eq=False)
class _Part:
    """Waves as one layer sees them: ``seen`` (wave, line) uint8, learn (wave,), enable (wave, neuron) or (0, 0), labels (wave,)."""

    seen: NDArray[np.uint8]
    learn: NDArray[np.bool_]
    enable: NDArray[np.bool_]
    labels: NDArray[np.int64]


Share = Callable[[Callable[[int, int], None], int], None]
"""Calls a function on ranges (first, last) of columns, perhaps in several threads."""


class _RowsBank:
    """Classic columns in the row kernel."""

    def __init__(self, layer: LayerSpec, column: ColumnSpec, state: LayerState) -> None:
        self.layer, self.column, self.opened = layer, column, state
        self.laws = kernel_laws(column)
        self.table = np.ascontiguousarray(layer.wiring.table())
        shape = (layer.columns, column.neurons, column.inputs)
        self.weights = _padded(state.distal.reshape(shape))
        dense = bool(state.distal_mask.all())
        whole = np.broadcast_to(np.uint8(255), shape) if dense else state.distal_mask.reshape(shape) * np.uint8(255)
        self.exists = _padded(whole[:1] if dense else whole)  # where none is pruned all columns share one
        self.lfsr = state.lfsr.copy()
        self.learned = int(state.learned)

    def run(self, part: _Part, outputs: NDArray[np.uint8], share: Share) -> None:
        from neutnngen.engine.rows_kernel import run_columns

        def work(first: int, last: int) -> None:
            run_columns(first, last, *self.laws, self.weights, self.exists, part.seen, self.table, part.learn, self.lfsr, outputs)

        share(work, self.layer.columns)
        self.learned += int(part.learn.sum())

    def state(self) -> LayerState:
        from neutnngen.engine.rows_kernel import LANES

        column = self.column
        rows = self.weights.reshape(self.layer.columns, -1, -(-column.inputs // LANES) * LANES)
        distal = rows[:, : column.neurons, : column.inputs].copy().reshape(self.opened.distal.shape)
        return replace(self.opened, distal=distal, lfsr=self.lfsr.copy(), learned=np.array(self.learned, dtype=np.int64))


class _LanesBank:
    """Columns of any kind in the lane kernel."""

    def __init__(self, layer: LayerSpec, state: LayerState) -> None:
        from neutnngen.engine.lanes_kernel import FIELDS, INHIBITIONS, MODES, SHARINGS

        spec, near = layer.column, layer.column.proximal
        self.layer, self.spec, self.opened = layer, spec, state
        soma = near.mode == "soma"
        other = spec.proximal_w_max not in (0, spec.w_max)
        rule = spec.homeostasis
        values = {
            "inputs": spec.inputs,
            "near_inputs": near.inputs,
            "neurons": spec.neurons,
            "dendrites": spec.dendrites,
            "segments": spec.segments,
            "lines": spec.lines,
            "horizon": spec.horizon,
            "clocks": spec.last_time + 1,
            "threshold": spec.threshold,
            "group": 255 // max(spec.w_max, spec.proximal_w_max if near.mode == "sum" else 0),
            "w_max": spec.w_max,
            "near_w_max": spec.proximal_w_max,
            "rnl": spec.response == "rnl",
            "largest": spec.tie == "largest_potential",
            "mode": MODES.index(near.mode),
            "inhibition": INHIBITIONS.index(spec.inhibition),
            "k": spec.k,
            "segments_out": spec.output == "segments",
            "reward": spec.reward,
            "sharing": SHARINGS.index(spec.sharing),
            "width": spec.lfsr.width,
            "levels": spec.w_max + 1,
            "near_levels": spec.proximal_w_max + 1 if other else 0,
            "soma_segments": near.segments if soma else 0,
            "soma_group": 255 // max(spec.proximal_w_max, 1),
            "soma_threshold": near.threshold,
            "theta_s": near.soma_threshold,
            "weight_near": near.weight_proximal,
            "weight_far": near.weight_distal,
            "homeostasis": rule is not None,
            "alpha": 0 if rule is None else rule.alpha,
            "beta": 0 if rule is None else rule.beta,
            "period": 0 if rule is None else rule.period,
            "limit": 0 if rule is None else rule.limit,
            "teacher": -1 if spec.teacher is None else spec.teacher,
        }
        self.numbers = tuple(int(values[name]) for name in FIELDS)
        rules = (spec.lfsr.taps, spec.stdp.mu, *_stabiliser(spec, spec.w_max), *_stabiliser(spec, spec.proximal_w_max))
        self.rules = tuple(np.array(one, dtype=np.int64) for one in rules)
        nothing = np.zeros((layer.columns, 0), dtype=np.int64)
        self.rows = Rows.of(spec, state)
        self.tables = (
            read_lines(layer.wiring.table(), state.distal_mask, spec),
            nothing if layer.proximal_wiring is None else read_lines(layer.proximal_wiring.table(), state.proximal_mask, spec),
            self.rows.names,
            self.rows.starts,
        )
        self.weights = self._laid(state.distal, state.proximal if near.mode == "sum" else None)
        self.near_weights = self._laid(state.proximal, None, whole=True) if soma else nothing.astype(np.uint8)
        dense = bool(state.distal_mask.all() and state.proximal_mask.all())
        absent = nothing.astype(bool)
        self.exists = absent if dense else self._laid(state.distal_mask, state.proximal_mask if near.mode == "sum" else None)
        self.near_exists = absent if dense or not soma else self._laid(state.proximal_mask, None, whole=True)
        self.lfsr = state.lfsr.copy()
        self.biases = np.take_along_axis(state.bias.astype(np.int32).reshape(layer.columns, -1), self.rows.names, axis=1)
        self.learned = int(state.learned)

    def _laid(self, first: NDArray[Any], second: NDArray[Any] | None, *, whole: bool = False) -> NDArray[Any]:
        """(column, …, segment, input) as (column, input × rows + spare places), input by input; the inputs of both after each other.

        whole: all segments, else those of ``rows``.
        """
        from neutnngen.engine.lanes_kernel import SPARE

        columns = len(first)
        parts = [part.reshape(columns, -1, part.shape[-1]) for part in (first, second) if part is not None]
        parts = parts if whole else [self.rows.gather(part) for part in parts]
        rows = parts[0].shape[1]
        made = np.zeros((columns, rows * sum(part.shape[-1] for part in parts) + SPARE), dtype=first.dtype)
        at = 0
        for part in parts:
            made[:, at : at + part[0].size].reshape(columns, part.shape[-1], rows)[:] = part.transpose(0, 2, 1)
            at += part[0].size
        return made

    def _read(self, flat: NDArray[np.uint8], at: int, shape: tuple[int, ...], *, whole: bool = False) -> NDArray[np.uint8]:
        """The reverse: (column, *shape) from the input ``at`` of every column on; a copy."""
        rows = math.prod(shape[:-1]) if whole else self.rows.names.shape[1]
        part = flat[:, at * rows : (at + shape[-1]) * rows].reshape(len(flat), shape[-1], rows).transpose(0, 2, 1)
        return (part.copy() if whole else self.rows.scatter(part, math.prod(shape[:-1]))).reshape(len(flat), *shape)

    def run(self, part: _Part, outputs: NDArray[np.uint8], share: Share) -> None:
        from neutnngen.engine.lanes_kernel import run_layer

        def work(first: int, last: int) -> None:
            run_layer(
                first, last, self.numbers, *self.rules, *self.tables, self.weights, self.exists, self.near_weights, self.near_exists,
                self.lfsr, self.biases, self.learned, part.seen, part.learn, part.enable, part.labels, outputs,
            )  # fmt: skip

        share(work, self.layer.columns)
        self.learned += int(part.learn.sum())

    def state(self) -> LayerState:
        spec, before, rule = self.spec, self.opened, self.spec.homeostasis
        distal = self._read(self.weights, 0, spec.distal_shape)
        proximal = before.proximal
        if spec.proximal.mode == "sum":
            proximal = self._read(self.weights, spec.inputs, spec.proximal_shape)
        elif spec.proximal.mode == "soma":
            proximal = self._read(self.near_weights, 0, spec.proximal_shape, whole=True)
        return replace(
            before,
            distal=distal,
            proximal=proximal,
            lfsr=self.lfsr.copy(),
            bias=before.bias if rule is None else self.biases.astype(np.int64).reshape(before.bias.shape),
            learned=np.array(self.learned, dtype=np.int64),
        )


def _stabiliser(spec: DendriticColumnSpec, w_max: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return spec.stdp.stabiliser_table(w_max) if w_max else ((), ())


class _VoterBank:
    """The voter (rules R10, R14)."""

    def __init__(self, spec: VoterSpec, state: VoterState) -> None:
        self.spec, self.weights, self.exists, self.lfsr = spec, state.weights.copy(), np.array(state.mask), np.uint64(state.lfsr)
        self.pruned = np.zeros((0, 0), dtype=bool) if state.mask.all() else self.exists
        lists = (spec.lfsr.taps, spec.stdp.mu, *spec.stdp.stabiliser_table(spec.w_max))
        self.rules = tuple(np.array(one, dtype=np.int64) for one in lists)

    def run(self, part: _Part, votes: NDArray[np.int32]) -> None:
        from neutnngen.engine.lanes_kernel import SHARINGS, run_comparer, run_voter

        spec = self.spec
        if spec.read == "potential":
            numbers = (spec.classes, spec.segments, spec.w_max, spec.margin)
            run_comparer(*numbers, self.weights, self.pruned, part.seen, part.learn, part.labels, votes)
            return
        lines, classes = self.weights.shape
        sharing = SHARINGS.index(spec.sharing)
        self.lfsr = np.uint64(
            run_voter(
                lines, classes, spec.w_max, *spec.fraction, sharing, spec.lfsr.width, *self.rules, self.weights, self.exists, self.lfsr,
                part.seen, part.learn, part.labels, votes,
            )
        )  # fmt: skip

    def state(self) -> VoterState:
        return VoterState(self.weights.copy(), self.exists, np.array(self.lfsr, dtype=np.uint64))


def _reads_inputs(network: NetworkSpec, layer: LayerSpec) -> bool:
    """Whether a layer sees the network's inputs and nothing else, and all of them as they are: nothing is re-based or clipped (rule T4)."""
    last = max(int(w.table().max()) for w in (layer.wiring, layer.proximal_wiring) if w is not None)
    return last < network.inputs and layer.column.t_res >= network.t_res


def _bank(layer: LayerSpec, state: LayerState) -> _RowsBank | _LanesBank:
    """The kernel that needs fewer vector operations for a potential: inputs or neurons in the lanes."""
    from neutnngen.engine import lanes_kernel, rows_kernel

    classic = as_classic(layer.column)
    if classic is not None:
        by_row = classic.neurons * -(-classic.inputs // rows_kernel.LANES)
        by_lane = classic.inputs * -(-classic.neurons // lanes_kernel.LANES)
        if by_row <= by_lane:
            return _RowsBank(layer, classic, state)
    return _LanesBank(layer, state)


class _CompiledSession(Session):
    def __init__(self, design: Design, threads: int) -> None:
        super().__init__(design)
        self._threads = threads
        self._banks = [_bank(layer, state) for layer, state in zip(design.network.layers, design.state.layers, strict=True)]
        voter = design.network.voter
        self._voter = None if voter is None or design.state.voter is None else _VoterBank(voter, design.state.voter)
        network = design.network
        lines = network.line_offsets[-1] + network.layers[-1].lines
        self._plain = [_reads_inputs(network, layer) for layer in network.layers]
        self._chunk = max(1, CHUNK_BYTES // (2 * lines))

    def _run(self, waves: Waves, keep_layers: bool) -> Result:
        if self._threads == 1 or all(layer.columns == 1 for layer in self.network.layers):
            return self._run_shared(waves, keep_layers, lambda work, columns: work(0, columns))
        with ThreadPoolExecutor(self._threads) as pool:

            def share(work: Callable[[int, int], None], columns: int) -> None:
                parts = min(PARTS * self._threads, columns)
                bounds = [columns * n // parts for n in range(parts + 1)]
                list(pool.map(work, bounds[:-1], bounds[1:]))

            return self._run_shared(waves, keep_layers, share)

    def state(self) -> NetworkState:
        return NetworkState(tuple(bank.state() for bank in self._banks), None if self._voter is None else self._voter.state())

    def _run_shared(self, waves: Waves, keep_layers: bool, share: Share) -> Result:
        network, count = self.network, len(waves)
        kept = [np.full((count if keep_layers else 0, layer.lines), NO_SPIKE, dtype=np.uint8) for layer in network.layers]
        outputs = np.full((count, network.lines), NO_SPIKE, dtype=np.uint8)
        votes = None if network.voter is None else np.zeros((count, network.voter.classes), dtype=np.int32)
        none = np.zeros((0, 0), dtype=bool)
        for start in range(0, count, self._chunk):
            rows = slice(start, min(start + self._chunk, count))
            learn = np.ascontiguousarray(waves.learn[rows].T)
            enable = none if waves.enable is None else np.require(waves.enable[rows], requirements=["C", "W"])
            labels = np.zeros(0, np.int64) if waves.labels is None else np.require(waves.labels[rows], requirements=["C", "W"])
            times = [waves.times[rows]]
            for number, (layer, bank) in enumerate(zip(network.layers, self._banks, strict=True)):
                alone = network.output_layers == (number,)
                fired = outputs[rows] if alone else np.full((len(times[0]), layer.lines), NO_SPIKE, dtype=np.uint8)
                seen = times[0] if self._plain[number] else lines_read(network, times, layer.column.t_in_max)
                seen = np.require(seen, requirements=["C", "W"])  # kernels are compiled for writeable arrays, which they do not write
                bank.run(_Part(seen, learn[number], enable, labels), fired, share)
                times.append(fired)
                if keep_layers:
                    kept[number][rows] = fired
            if len(network.output_layers) > 1:
                outputs[rows] = np.concatenate([times[n + 1] for n in network.output_layers], axis=1)
            if votes is not None and network.voter is not None and self._voter is not None:
                seen = outputs_read(network, times[1:], network.voter.t_in_max)
                part = np.zeros((len(seen), network.voter.classes), dtype=np.int32)
                self._voter.run(_Part(seen, learn[-1], enable, labels), part)
                votes[rows] = part
        return Result(outputs, only_line(outputs) if votes is None else most_votes(votes), votes, tuple(kept) if keep_layers else None)


class CompiledEngine(Engine):
    """See the module's docstring. threads: how many the columns of a layer are shared out among, by default all that the machine has;
    results do not depend on it."""

    name = "compiled"

    def __init__(self, threads: int | None = None) -> None:
        import numba

        most = int(numba.config.NUMBA_NUM_THREADS)
        self.threads = most if threads is None else threads
        if not 1 <= self.threads <= most:
            raise ConfigError("the number of threads is out of range", got=threads, allowed=f"1 … {most}")

    def open(self, design: Design) -> Session:
        return _CompiledSession(design, self.threads)
