"""The compiled engine: the same results as the reference (rule A2), in one thread of machine code.

Compiled by Numba at first use and kept in Numba's cache. Working memory: two bytes per synapse, rows padded to 64 inputs.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neutnngen.engine.checks import check_waves
from neutnngen.engine.protocol import Trace
from neutnngen.errors import ConfigError
from neutnngen.spec import NO_SPIKE, ColumnSpec, Design


class Laws(NamedTuple):
    """A ColumnSpec as the arrays that the kernels take, all int64."""

    spec: NDArray[np.int64]
    taps: NDArray[np.int64]
    mu: NDArray[np.int64]
    up: NDArray[np.int64]
    down: NDArray[np.int64]


def kernel_laws(column: ColumnSpec) -> Laws:
    """See Laws."""
    from neutnngen.engine import compiled_kernel as kernel

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
    stdp = column.stdp
    mu = [stdp.mu_capture, stdp.mu_minus, stdp.mu_search, stdp.mu_backoff, stdp.mu_min]
    lists = ([values[name] for name in kernel.SPEC_FIELDS], column.lfsr.taps, mu, *stdp.stabiliser_table(column.w_max))
    return Laws(*(np.array(one, dtype=np.int64) for one in lists))


def padded(rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(…, neuron, input) as (…, flat) in the kernel's layout, zeros where it is padded."""
    from neutnngen.engine.compiled_kernel import LANES, ROWS

    neurons, inputs = rows.shape[-2:]
    shape = (*rows.shape[:-2], -(-neurons // ROWS) * ROWS, -(-inputs // LANES) * LANES)
    made = _aligned(math.prod(shape), LANES).reshape(shape)
    made[..., :neurons, :inputs] = rows
    return made.reshape(*rows.shape[:-2], -1)


def _aligned(size: int, to: int) -> NDArray[np.uint8]:
    """Zeros that begin at a cache line, so that no vector straddles two."""
    raw = np.zeros(size + to, dtype=np.uint8)
    start = -raw.ctypes.data % to
    return raw[start : start + size]


def unpadded(flat: NDArray[np.uint8], column: ColumnSpec) -> NDArray[np.uint8]:
    """The reverse of ``padded``; a copy."""
    from neutnngen.engine.compiled_kernel import LANES

    width = -(-column.inputs // LANES) * LANES
    rows = flat.reshape(*flat.shape[:-1], -1, width)
    return rows[..., : column.neurons, : column.inputs].copy()


def _checked(column: ColumnSpec, inputs: Any, learn: Any) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """``check_waves``, whose several passes over the data are skipped where one shows that all is legal."""
    from neutnngen.engine.compiled_kernel import all_legal

    waves = np.asarray(inputs)
    if waves.dtype == np.uint8 and waves.ndim == 2 and waves.shape[1] == column.inputs:
        waves = np.require(waves, requirements=["C", "W"])  # the kernel is compiled for writeable arrays only, which it does not write
        if all_legal(waves.reshape(-1), column.t_in_max):
            return waves, np.broadcast_to(np.asarray(learn, dtype=bool), (len(waves),)).copy()
    waves, learning = check_waves(column, waves, learn)
    return np.require(waves, requirements=["C", "W"]), learning.copy()


class CompiledEngine:
    """See the module's docstring."""

    name = "compiled"

    def run(self, design: Design, inputs: NDArray[np.uint8], learn: NDArray[np.bool_] | bool, *, keep_weights: bool = False) -> Trace:
        """See Engine.run. Raises ConfigError if a shape or a spike time is not legal."""
        from neutnngen.engine.compiled_kernel import run_column

        column = design.column
        waves, learning = _checked(column, inputs, learn)
        count = len(waves)
        weights = padded(design.weights)
        exists = padded(design.mask.astype(np.uint8) * np.uint8(255))
        outputs = np.full((count, column.neurons), NO_SPIKE, dtype=np.uint8)
        winners = np.empty(count, dtype=np.int32)
        states = np.empty(count, dtype=np.uint64)
        history = np.empty((count, column.neurons, column.inputs) if keep_weights else (0, 0, 0), dtype=np.uint8)
        state = run_column(
            *kernel_laws(column), weights, exists, waves, learning, np.uint64(design.lfsr_state), outputs, winners, states, history
        )
        final = replace(design, weights=unpadded(weights, column), lfsr_state=int(state))
        return Trace(outputs, winners, history if keep_weights else None, states, final)


class ColumnBank:
    """Columns of one ColumnSpec side by side without weight sharing (rule L1), each with its own weights and random state.

    ``run`` changes the bank; ``designs`` reads it back. Raises ConfigError unless all Designs have one ColumnSpec.
    """

    def __init__(self, designs: list[Design]) -> None:
        if not designs or any(d.column != designs[0].column for d in designs):
            raise ConfigError(
                "a bank needs columns of one kind", got=f"{len(designs)} Designs", allowed="at least one, all of one ColumnSpec"
            )
        self._designs = designs
        self.column = designs[0].column
        self._laws = kernel_laws(self.column)
        self._weights = padded(np.stack([d.weights for d in designs]))
        self._exists = padded(np.stack([d.mask for d in designs]).astype(np.uint8) * np.uint8(255))
        self._state = np.array([d.lfsr_state for d in designs], dtype=np.uint64)

    def run(
        self, inputs: NDArray[np.uint8], learn: NDArray[np.bool_] | bool, *, threads: int = 1
    ) -> tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.uint64]]:
        """Run waves in every column.

        inputs: (column, wave, input) uint8. learn: per wave or one for all. threads: 1 … the machine's threads; the result does not
        depend on it. Returns outputs (column, wave, neuron) uint8, winners (column, wave) int32 and random states (column, wave) uint64.
        Raises ConfigError if a shape, a time or the number of threads is not legal.
        """
        import numba

        from neutnngen.engine.compiled_kernel import run_columns, run_columns_threaded

        waves = np.asarray(inputs)
        if waves.ndim != 3 or waves.shape[0] != len(self._designs):
            allowed = f"({len(self._designs)}, wave, {self.column.inputs})"
            raise ConfigError("the waves have the wrong shape", got=waves.shape, allowed=allowed)
        most = int(numba.config.NUMBA_NUM_THREADS)
        if not 1 <= threads <= most:
            raise ConfigError("the number of threads is out of range", got=threads, allowed=f"1 … {most}")
        columns, count = waves.shape[:2]
        flat, _ = _checked(self.column, waves.reshape(columns * count, -1), True)
        learning = np.broadcast_to(np.asarray(learn, dtype=bool), (count,)).copy()
        outputs = np.full((columns, count, self.column.neurons), NO_SPIKE, dtype=np.uint8)
        winners = np.empty((columns, count), dtype=np.int32)
        states = np.empty((columns, count), dtype=np.uint64)
        arguments = (
            *self._laws, self._weights, self._exists, flat.reshape(columns, count, -1), learning, self._state, outputs, winners, states
        )  # fmt: skip
        if threads == 1:
            run_columns(*arguments)
        else:
            before = numba.get_num_threads()
            numba.set_num_threads(threads)
            try:
                run_columns_threaded(*arguments)
            finally:
                numba.set_num_threads(before)
        return outputs, winners, states

    def weights(self) -> NDArray[np.uint8]:
        """The weights as they are now, (column, neuron, input) uint8; a copy."""
        return unpadded(self._weights, self.column)

    def designs(self) -> list[Design]:
        """The columns as they are now."""
        rows = zip(self._designs, self.weights(), self._state.tolist(), strict=True)
        return [replace(d, weights=w, lfsr_state=int(s)) for d, w, s in rows]
