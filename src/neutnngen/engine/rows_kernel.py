# mypy: disable-error-code="untyped-decorator"
"""The loops of the compiled engine: weights as bytes, 64 synapses per vector.

Three ideas make it quick, and none of them changes a result:

* A potential never falls during a wave, and V(t) = Σ min(w, a(t)) with a(t) the clocks since arrival (rules S2, S3, G1) needs no V(t-1).
  So a neuron is not clocked through the wave: one sum tells whether it fires before the best neuron so far, and most do not.
* Four neurons are summed at once, in bytes, which are widened only just before they could overflow.
* Learning touches the winner's row, and the others only in a wave in which the search bit is drawn (rules R1…R5).

The vector functions are LLVM vectors of 64 bytes, which LLVM cuts into whatever the machine has.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped, unused-ignore]
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from neutnngen.spec import DRAW_BITS, NO_SPIKE

LANES = 64
"""Synapses in a block; rows are padded to whole blocks."""

ROWS = 4
"""Neurons summed at once; columns are padded to whole groups of rows."""

SPEC_FIELDS = ("neurons", "inputs", "blocks", "horizon", "threshold", "w_max", "rnl", "largest", "width")
"""What the entries of the kernel's ``spec`` array are."""

_I8 = ir.IntType(8)
_I64 = ir.IntType(64)
_BYTES = ir.VectorType(_I8, LANES)
_WORDS = ir.VectorType(ir.IntType(16), LANES // 2)
_QUADS = ir.VectorType(ir.IntType(32), LANES // 4)


def _all(kind: ir.VectorType, value: int) -> ir.Constant:
    return ir.Constant(kind, [ir.Constant(kind.element, value)] * kind.count)


def _splat(builder: Any, scalar: Any) -> Any:
    """One byte in all lanes."""
    one = builder.insert_element(ir.Constant(_BYTES, ir.Undefined), scalar, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(one, ir.Constant(_BYTES, ir.Undefined), _all(ir.VectorType(ir.IntType(32), LANES), 0))


def _data(context: Any, builder: Any, kind: Any, array: Any) -> Any:
    return context.make_array(kind)(context, builder, array).data


def _at(builder: Any, data: Any, offset: Any) -> Any:
    """Pointer to the block that begins ``offset`` bytes into an array."""
    return builder.bitcast(builder.gep(data, [offset]), _BYTES.as_pointer())


def _load(builder: Any, data: Any, offset: Any) -> Any:
    return builder.load(_at(builder, data, offset), align=1)


def _store(builder: Any, value: Any, data: Any, offset: Any) -> None:
    builder.store(value, _at(builder, data, offset), align=1)


def _call(builder: Any, name: str, result: Any, arguments: list[Any]) -> Any:
    """A call of an LLVM intrinsic."""
    kind = ir.FunctionType(result, [a.type for a in arguments])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), arguments)


def _for_blocks(builder: Any, blocks: Any) -> Any:
    return cgutils.for_range(builder, blocks, intp=_I64)


def _offset(builder: Any, block: Any) -> Any:
    return builder.mul(block, ir.Constant(_I64, LANES))


@intrinsic
def copy_bytes(typing_context: Any, target: Any, source: Any, start: Any, count: Any) -> Any:
    """target[:count] = source.flat[start : start + count]."""
    signature = types.void(target, source, types.int64, types.int64)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        into = _data(context, builder, signature.args[0], arguments[0])
        out_of = builder.gep(_data(context, builder, signature.args[1], arguments[1]), [arguments[2]])
        cgutils.raw_memcpy(builder, into, out_of, arguments[3], 1)
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def elapsed_clocks(typing_context: Any, age: Any, x: Any, blocks: Any, t: Any, rnl: Any) -> Any:
    """age[i] = the most that an input can contribute at clock t: max(t - x + 1, 0), for SNL 255 once it has arrived (rules S2…S4)."""
    signature = types.void(age, x, types.int64, types.int64, types.int64)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        ages = _data(context, builder, signature.args[0], arguments[0])
        times = _data(context, builder, signature.args[1], arguments[1])
        after = _splat(builder, builder.trunc(builder.add(arguments[3], ir.Constant(_I64, 1)), _I8))
        is_ramp = builder.icmp_signed("!=", arguments[4], ir.Constant(_I64, 0))
        with _for_blocks(builder, arguments[2]) as loop:
            offset = _offset(builder, loop.index)
            ramp = _call(builder, f"llvm.usub.sat.v{LANES}i8", _BYTES, [after, _load(builder, times, offset)])
            step = builder.sext(builder.icmp_unsigned("!=", ramp, _all(_BYTES, 0)), _BYTES)
            _store(builder, builder.select(is_ramp, ramp, step), ages, offset)
        return context.get_dummy_value()

    return signature, generate


def _sum_rows(rows: int) -> Any:
    """An intrinsic that writes Σ min(w, age) of ``rows`` neighbouring rows into ``sums``."""

    def sums_of(typing_context: Any, sums: Any, weights: Any, start: Any, age: Any, blocks: Any, group: Any) -> Any:
        signature = types.void(sums, weights, types.int64, age, types.int64, types.int64)

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            result = _data(context, builder, signature.args[0], arguments[0])
            data = _data(context, builder, signature.args[1], arguments[1])
            ages = _data(context, builder, signature.args[3], arguments[3])
            start, blocks, group = arguments[2], arguments[4], arguments[5]
            row_bytes = _offset(builder, blocks)
            starts = [builder.add(start, builder.mul(row_bytes, ir.Constant(_I64, r))) for r in range(rows)]
            narrow = [cgutils.alloca_once(builder, _BYTES) for _ in range(rows)]
            wide = [cgutils.alloca_once_value(builder, _all(_QUADS, 0)) for _ in range(rows)]
            with cgutils.for_range_slice(builder, ir.Constant(_I64, 0), blocks, group, intp=_I64) as (first, _):
                for one in narrow:
                    builder.store(_all(_BYTES, 0), one)
                end = builder.add(first, group)
                end = builder.select(builder.icmp_signed("<", end, blocks), end, blocks)
                with cgutils.for_range_slice(builder, first, end, ir.Constant(_I64, 1), intp=_I64) as (block, _):
                    offset = _offset(builder, block)
                    age_block = _load(builder, ages, offset)
                    for one, row in zip(narrow, starts, strict=True):
                        weight = _load(builder, data, builder.add(row, offset))
                        smaller = _call(builder, f"llvm.umin.v{LANES}i8", _BYTES, [weight, age_block])
                        builder.store(builder.add(builder.load(one), smaller), one)
                for one, total in zip(narrow, wide, strict=True):
                    words = builder.bitcast(builder.load(one), _WORDS)
                    words = builder.add(builder.and_(words, _all(_WORDS, 0xFF)), builder.lshr(words, _all(_WORDS, 8)))
                    quads = builder.bitcast(words, _QUADS)
                    quads = builder.add(builder.and_(quads, _all(_QUADS, 0xFFFF)), builder.lshr(quads, _all(_QUADS, 16)))
                    builder.store(builder.add(builder.load(total), quads), total)
            for r, total in enumerate(wide):
                value = _call(builder, f"llvm.vector.reduce.add.v{LANES // 4}i32", ir.IntType(32), [builder.load(total)])
                builder.store(builder.zext(value, _I64), builder.gep(result, [ir.Constant(_I64, r)]))
            return context.get_dummy_value()

        return signature, generate

    return intrinsic(sums_of)


sum_group = _sum_rows(ROWS)
sum_row = _sum_rows(1)


def _winner_rule(unrolled: int) -> Any:
    """An intrinsic for rules R1, R2, R4 on the winner's row; ``unrolled`` levels stay in registers, 0 for lists of any length.

    levels: bytes, at 0 … ups-1 the levels from which a move up is open, at 64 … 64+downs-1 those for moves down; entries above w_max match
    nothing. flags: bit 0 minus was drawn, bit 1 backoff was drawn.
    """

    def learn(
        typing_context: Any,
        weights: Any,
        exists: Any,
        start: Any,
        x: Any,
        blocks: Any,
        y: Any,
        levels: Any,
        ups: Any,
        downs: Any,
        flags: Any,
    ) -> Any:
        i64 = types.int64
        signature = types.void(weights, exists, i64, x, i64, i64, levels, i64, i64, i64)

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            data, there, times, listed = (_data(context, builder, signature.args[n], arguments[n]) for n in (0, 1, 3, 6))
            start, blocks, flags = arguments[2], arguments[4], arguments[9]
            fired = _splat(builder, builder.trunc(arguments[5], _I8))
            minus, backoff = (
                _splat(builder, builder.sub(ir.Constant(_I8, 0), builder.and_(builder.trunc(moved, _I8), ir.Constant(_I8, 1))))
                for moved in (flags, builder.lshr(flags, ir.Constant(_I64, 1)))
            )

            def level_at(place: Any) -> Any:
                return _splat(builder, builder.load(builder.gep(listed, [place])))

            kept = [[level_at(ir.Constant(_I64, base + k)) for k in range(unrolled)] for base in (0, LANES)]
            gates = [cgutils.alloca_once(builder, _BYTES) for _ in range(2)]
            with _for_blocks(builder, blocks) as loop:
                offset = _offset(builder, loop.index)
                place = builder.add(start, offset)
                weight, time = _load(builder, data, place), _load(builder, times, offset)

                def widen(gate: Any, level: Any, weight: Any = weight) -> None:
                    same = builder.sext(builder.icmp_unsigned("==", weight, level), _BYTES)
                    builder.store(builder.or_(builder.load(gate), same), gate)

                for gate, base, count, vectors in zip(gates, (0, LANES), arguments[7:9], kept, strict=True):
                    builder.store(_all(_BYTES, 0), gate)
                    for vector in vectors:
                        widen(gate, vector)
                    if not unrolled:
                        with cgutils.for_range(builder, count, intp=_I64) as each:
                            widen(gate, level_at(builder.add(each.index, ir.Constant(_I64, base))))
                captured = builder.sext(builder.icmp_unsigned("<=", time, fired), _BYTES)
                silent = builder.sext(builder.icmp_unsigned("==", time, _all(_BYTES, NO_SPIKE)), _BYTES)
                late = builder.not_(builder.or_(captured, silent))
                lost = builder.or_(builder.and_(late, minus), builder.and_(silent, backoff))
                exist = _load(builder, there, place)
                up = builder.and_(builder.and_(builder.load(gates[0]), captured), exist)  # all ones is -1
                down = builder.and_(builder.and_(builder.load(gates[1]), lost), exist)
                _store(builder, builder.add(builder.sub(weight, up), down), data, place)
            return context.get_dummy_value()

        return signature, generate

    return intrinsic(learn)


UNROLLED = 8
learn_winner = _winner_rule(0)
learn_winner_narrow = _winner_rule(UNROLLED)


@intrinsic
def learn_loser(typing_context: Any, weights: Any, exists: Any, start: Any, x: Any, blocks: Any, w_max: Any) -> Any:
    """Rule R3 on the row of a neuron that did not win, in a wave whose search bit was drawn."""
    i64 = types.int64
    signature = types.void(weights, exists, i64, x, i64, i64)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data, there, times = (_data(context, builder, signature.args[n], arguments[n]) for n in (0, 1, 3))
        top = _splat(builder, builder.trunc(arguments[5], _I8))
        with _for_blocks(builder, arguments[4]) as loop:
            offset = _offset(builder, loop.index)
            place = builder.add(arguments[2], offset)
            weight = _load(builder, data, place)
            arrives = builder.sext(builder.icmp_unsigned("!=", _load(builder, times, offset), _all(_BYTES, NO_SPIKE)), _BYTES)
            below = builder.sext(builder.icmp_unsigned("<", weight, top), _BYTES)
            up = builder.and_(builder.and_(arrives, below), _load(builder, there, place))
            _store(builder, builder.sub(weight, up), data, place)
        return context.get_dummy_value()

    return signature, generate


@njit(cache=True, nogil=True)
def draw_values(state: Any, taps: Any, width: int, values: Any) -> Any:
    """Fill ``values`` with draws 0 … 1023 (rule R7) and return the new state.

    With both taps at ten or higher the ten new bits of a draw depend on old bits only, so they come out in one go.
    """
    full = (np.uint64(1) << np.uint64(width)) - np.uint64(1)
    ten = np.uint64((1 << DRAW_BITS) - 1)
    if taps.size == 2 and min(taps[0], taps[1]) >= DRAW_BITS:
        first, second = np.uint64(taps[0] - DRAW_BITS), np.uint64(taps[1] - DRAW_BITS)
        n = 0
        if min(taps[0], taps[1]) >= 2 * DRAW_BITS:  # even twenty bits depend on old bits only: half as long a chain
            first_pair, second_pair = np.uint64(taps[0] - 2 * DRAW_BITS), np.uint64(taps[1] - 2 * DRAW_BITS)
            twenty = np.uint64((1 << 2 * DRAW_BITS) - 1)
            while n + 1 < values.size:
                new = ((state >> first_pair) ^ (state >> second_pair)) & twenty
                state = ((state << np.uint64(2 * DRAW_BITS)) | new) & full
                values[n] = np.int64(new >> np.uint64(DRAW_BITS))
                values[n + 1] = np.int64(new & ten)
                n += 2
        while n < values.size:
            new = ((state >> first) ^ (state >> second)) & ten
            state = ((state << np.uint64(DRAW_BITS)) | new) & full
            values[n] = np.int64(new)
            n += 1
        return state
    for n in range(values.size):
        for _ in range(DRAW_BITS):
            bit = np.uint64(0)
            for tap in taps:
                bit ^= state >> np.uint64(tap - 1)
            state = ((state << np.uint64(1)) | (bit & np.uint64(1))) & full
        values[n] = np.int64(state & ten)
    return state


@njit(cache=True, nogil=True)
def list_levels(values: Any, table: Any, drawn: bool, always: bool, clamped: int, levels: Any, base: int) -> int:
    """Write the levels from which a move is open at ``base`` and return their number; short tables keep their places, 255 where closed.

    A level is open if the rule was drawn, if its stabiliser bit or the minimum bit was, and if a move from it is not clamped away.
    Random bits cannot be predicted, so there is no branch on them.
    """
    place = base
    for k in range(table.size):
        is_open = drawn & (always | (values[5 + k] < table[k])) & (k != clamped)
        if table.size <= UNROLLED:
            levels[base + k] = k if is_open else NO_SPIKE
        else:
            levels[place] = k
            place += int(is_open)
    return place - base


@njit(cache=True, nogil=True)
def first_clock(weights: Any, start: int, x: Any, age: Any, sums: Any, blocks: int, group: int, rnl: int, threshold: int, last: int) -> int:
    """The clock at which a neuron fires that is known to fire at ``last`` or before, and mostly just before."""
    y = last
    while y > 0:
        elapsed_clocks(age, x, blocks, y - 1, rnl)
        sum_row(sums, weights, start, age, blocks, group)
        if sums[0] < threshold:
            break
        y -= 1
    return y


@njit(cache=True, nogil=True)
def run_column(
    spec: Any,
    taps: Any,
    mu: Any,
    up: Any,
    down: Any,
    weights: Any,
    exists: Any,
    seen: Any,
    lines: Any,
    learn: Any,
    state: Any,
    outputs: Any,
    place: int,
) -> Any:
    """Waves of one column one after another; ``weights`` change in place and the new random state is returned.

    spec: int64, see SPEC_FIELDS. taps: int64. mu: (5,) int64 capture, minus, search, backoff, min. up, down: (w_max + 1,) int64
    stabiliser. weights: flat uint8, padded rows of padded inputs; exists likewise, 255 where there is a synapse. seen: (wave, line)
    uint8, legal. lines: (input,) int64, the lines of the column. learn: (wave,) bool. outputs: (wave, output line) uint8, filled with
    NO_SPIKE by the caller; the column's are those from ``place`` on.
    """
    neurons, inputs, blocks, horizon, threshold = spec[0], spec[1], spec[2], spec[3], spec[4]
    w_max, rnl, largest, width = spec[5], spec[6], spec[7], spec[8]
    row = blocks * LANES
    group = 255 // w_max
    x = np.full(row, NO_SPIKE, np.uint8)
    age = np.zeros(row, np.uint8)
    sums = np.zeros(ROWS, np.int64)
    one = np.zeros(1, np.int64)
    levels = np.zeros(2 * LANES, np.uint8)
    values = np.zeros(5 + w_max + 1, np.int64)
    levels[:] = NO_SPIKE
    hint = horizon - 1
    adjacent = True
    for i in range(inputs):
        adjacent &= lines[i] == lines[0] + i
    for n in range(seen.shape[0]):
        if adjacent:
            copy_bytes(x, seen, n * seen.shape[1] + lines[0], inputs)
        else:
            for i in range(inputs):
                x[i] = seen[n, lines[i]]
        winner = -1
        fired = horizon
        best = 0
        # Clock `probe` is the last at which a neuron of higher index could still win: before the best so far, or, where potentials break
        # ties, together with it. The first guess is a clock after the last wave's; if nobody fires by then, the end of the wave.
        for attempt in range(2):
            probe = hint if attempt == 0 else horizon - 1
            elapsed_clocks(age, x, blocks, probe, rnl)
            for first in range(0, neurons, ROWS):
                if probe < 0:
                    break
                sum_group(sums, weights, first * row, age, blocks, group)
                if max(sums[0], sums[1], sums[2], sums[3]) < threshold:
                    continue
                probed = probe
                for r in range(ROWS):
                    if sums[r] < threshold:  # potentials never fall, so this holds for an earlier probe too
                        continue
                    start = (first + r) * row
                    if probe != probed:
                        if probe < 0:
                            break
                        sum_row(one, weights, start, age, blocks, group)
                        if one[0] < threshold:
                            continue
                    y = first_clock(weights, start, x, age, one, blocks, group, rnl, threshold, probe)
                    probe = y
                    if largest != 0:
                        elapsed_clocks(age, x, blocks, y, rnl)
                        sum_row(one, weights, start, age, blocks, group)
                        if y < fired or one[0] > best:
                            best = one[0]
                            winner = first + r
                    else:  # the last clock that `first_clock` summed is the new probe
                        winner = first + r
                        probe -= 1
                    fired = y
            if winner >= 0 or hint == horizon - 1:
                break
        hint = min(fired + 1, horizon - 1)
        if winner >= 0:
            outputs[n, place + winner] = fired
        if learn[n]:
            state = draw_values(state, taps, width, values)
            always = values[4] < mu[4]
            if winner >= 0:
                minus, backoff = values[1] < mu[1], values[3] < mu[3]
                ups = list_levels(values, up, values[0] < mu[0], always, w_max, levels, 0)
                downs = list_levels(values, down, minus | backoff, always, 0, levels, LANES)
                flags = int(minus) | (int(backoff) << 1)
                if w_max < UNROLLED:
                    learn_winner_narrow(weights, exists, winner * row, x, blocks, fired, levels, ups, downs, flags)
                else:
                    learn_winner(weights, exists, winner * row, x, blocks, fired, levels, ups, downs, flags)
            if values[2] < mu[2]:
                for j in range(neurons):
                    if j != winner:
                        learn_loser(weights, exists, j * row, x, blocks, w_max)
    return state


@njit(cache=True, nogil=True)
def run_columns(
    first: int, last: int, spec: Any, taps: Any, mu: Any, up: Any, down: Any, weights: Any, exists: Any, seen: Any, table: Any, learn: Any,
    state: Any, outputs: Any,
) -> None:  # fmt: skip
    """The columns first … last - 1 of a layer; arguments as of ``run_column``, those of columns with a leading axis.

    table: (column, input) int64 lines. state: (column,) uint64, changed in place. exists: of one column if it serves for all.
    """
    for c in range(first, last):
        there = exists[c] if exists.shape[0] > 1 else exists[0]
        state[c] = run_column(spec, taps, mu, up, down, weights[c], there, seen, table[c], learn, state[c], outputs, c * spec[0])
