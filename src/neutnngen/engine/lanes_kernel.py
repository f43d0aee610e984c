# mypy: disable-error-code="untyped-decorator"
"""The loops of the compiled engine for columns with active dendrites: one lane of a vector for each segment.

Weights lie input by input, the segments of an input beside each other, so that one vector operation serves 32 segments and no sum across
lanes is needed however few inputs there are. As in ``rows_kernel`` a potential is summed only at clocks that decide something: it never
falls during a wave (rules S2, S3, G1), so the first clock at which a dendrite fires is found by bisection, beginning where it fired last.
Learning looks the new weight up in a table that the wave's random bits make, and touches the winner only unless the search bit was drawn.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped, unused-ignore]
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from neutnngen.engine.rows_kernel import draw_values
from neutnngen.spec import NO_SPIKE

LANES = 32
"""Segments in a vector; arrays of weights and thresholds end in so many spare places."""

FIELDS = (
    "inputs", "near_inputs", "neurons", "dendrites", "segments", "lines", "horizon", "clocks", "threshold", "group", "w_max", "near_w_max",
    "rnl", "largest", "mode", "inhibition", "k", "segments_out", "reward", "sharing", "width", "levels", "near_levels", "soma_segments",
    "soma_group", "soma_threshold", "theta_s", "weight_near", "weight_far", "homeostasis", "alpha", "beta", "period", "limit", "teacher",
)  # fmt: skip
"""What the entries of the kernel's ``spec`` array are; near is proximal."""

MODES = ("none", "sum", "enable", "soma")
INHIBITIONS = ("all_earliest", "one_lowest_index", "one_largest_potential", "k_earliest")
SHARINGS = ("column", "line", "synapse")
"""The words of a specification; the kernels know them by their places, which the next lines name."""

NONE, SUM, ENABLE, SOMA = range(4)
ALL_EARLIEST, ONE_LOWEST, ONE_LARGEST, K_EARLIEST = range(4)
PER_COLUMN, PER_LINE, PER_SYNAPSE = range(3)
CAPTURE, LATE, SILENT, SEARCH = range(4)  # what a synapse sees: R1, R2, R4, R3
MISSING = 1 << 30

_I32, _I64 = ir.IntType(32), ir.IntType(64)
_BYTES = ir.VectorType(ir.IntType(8), LANES)
_QUADS = ir.VectorType(_I32, LANES)


def _all(kind: ir.VectorType, value: int) -> ir.Constant:
    return ir.Constant(kind, [ir.Constant(kind.element, value)] * kind.count)


def _splat(builder: Any, scalar: Any) -> Any:
    kind = ir.VectorType(scalar.type, LANES)
    one = builder.insert_element(ir.Constant(kind, ir.Undefined), scalar, ir.Constant(_I32, 0))
    return builder.shuffle_vector(one, ir.Constant(kind, ir.Undefined), _all(ir.VectorType(_I32, LANES), 0))


def _eval_rows(unrolled: int) -> Any:
    """An intrinsic that sums ``unrolled`` vectors of segments over the inputs that have arrived."""

    def evaluate(
        typing_context: Any,
        potentials: Any,
        weights: Any,
        start: Any,
        stride: Any,
        order: Any,
        ages: Any,
        ages_at: Any,
        count: Any,
        thresholds: Any,
        row: Any,
        rows: Any,
        group: Any,
    ) -> Any:
        i64 = types.int64
        signature = types.boolean(potentials, weights, i64, i64, order, ages, i64, i64, thresholds, i64, i64, i64)

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            def data(n: int) -> Any:
                return context.make_array(signature.args[n])(context, builder, arguments[n]).data

            out, weight, listed, aged, limits = data(0), data(1), data(4), data(5), data(8)
            start, stride, ages_at, count = arguments[2], arguments[3], arguments[6], arguments[7]
            row, rows, group = arguments[9:12]
            narrow = [cgutils.alloca_once(builder, _BYTES) for _ in range(unrolled)]
            wide = [cgutils.alloca_once(builder, _QUADS) for _ in range(unrolled)]
            any_fires = cgutils.alloca_once_value(builder, ir.Constant(_I32, 0))
            index = ir.Constant(_QUADS, [ir.Constant(_I32, n) for n in range(LANES)])
            step = ir.Constant(_I64, LANES * unrolled)
            with cgutils.for_range_slice(builder, ir.Constant(_I64, 0), rows, step, intp=_I64) as (first, _):
                for one in wide:
                    builder.store(_all(_QUADS, 0), one)
                base = builder.add(start, first)
                with cgutils.for_range_slice(builder, ir.Constant(_I64, 0), count, group, intp=_I64) as (begin, _):
                    for one in narrow:
                        builder.store(_all(_BYTES, 0), one)
                    end = builder.add(begin, group)
                    end = builder.select(builder.icmp_signed("<", end, count), end, count)
                    with cgutils.for_range_slice(builder, begin, end, ir.Constant(_I64, 1), intp=_I64) as (k, _):
                        line = builder.load(builder.gep(listed, [k]))
                        age = _splat(builder, builder.load(builder.gep(aged, [builder.add(ages_at, k)])))
                        at = builder.add(base, builder.mul(line, stride))
                        for n, one in enumerate(narrow):
                            place = builder.gep(weight, [builder.add(at, ir.Constant(_I64, LANES * n))])
                            w = builder.load(builder.bitcast(place, _BYTES.as_pointer()), align=1)
                            kind = ir.FunctionType(_BYTES, [_BYTES, _BYTES])
                            smaller = cgutils.get_or_insert_function(builder.module, kind, f"llvm.umin.v{LANES}i8")
                            builder.store(builder.add(builder.load(one), builder.call(smaller, [w, age])), one)
                    for one, total in zip(narrow, wide, strict=True):
                        builder.store(builder.add(builder.load(total), builder.zext(builder.load(one), _QUADS)), total)
                for n, total in enumerate(wide):
                    at = builder.add(first, ir.Constant(_I64, LANES * n))
                    value = builder.load(total)
                    builder.store(value, builder.bitcast(builder.gep(out, [at]), _QUADS.as_pointer()), align=4)
                    limit = builder.load(builder.bitcast(builder.gep(limits, [builder.add(row, at)]), _QUADS.as_pointer()), align=4)
                    left = _splat(builder, builder.trunc(builder.sub(rows, at), _I32))
                    fires = builder.and_(builder.icmp_signed(">=", value, limit), builder.icmp_signed("<", index, left))
                    bits = builder.bitcast(fires, _I32)
                    builder.store(builder.or_(builder.load(any_fires), bits), any_fires)
            return builder.icmp_unsigned("!=", builder.load(any_fires), ir.Constant(_I32, 0))

        return signature, generate

    return intrinsic(evaluate)


eval_narrow = _eval_rows(1)
eval_wide = _eval_rows(4)
WIDE = 3 * LANES
"""More segments than this are summed four vectors at a time; the spare places of the arrays allow for it."""

SPARE = 4 * LANES


@njit(cache=True, nogil=True)
def sort_arrivals(x: Any, order: Any, counts: Any, clocks: int) -> None:
    """Inputs in the order of their arrival; counts[t]: how many have arrived at clock t. Silent inputs are left out."""
    counts[:] = 0
    for i in range(x.size):
        if x[i] < clocks:
            counts[x[i]] += 1
    total = 0
    for t in range(clocks):
        total += counts[t]
        counts[t] = total
    for i in range(x.size - 1, -1, -1):
        if x[i] < clocks:
            t = x[i]
            counts[t] -= 1
            order[counts[t]] = i
    # each entry is now where its clock begins; shift back to where it ends
    for t in range(clocks - 1):
        counts[t] = counts[t + 1]
    counts[clocks - 1] = total


@njit(cache=True, nogil=True)
def fires_at(
    t: int, x: Any, order: Any, counts: Any, ages: Any, known: Any, potentials: Any, weights: Any, stride: int, thresholds: Any,
    row: int, rows: int, group: int, rnl: int,
) -> Any:  # fmt: skip
    """Whether any of the segments row … row + rows - 1 has reached its threshold at clock t; leaves their ``potentials``."""
    count = counts[t]
    at = t * x.size
    if not known[t]:
        known[t] = True
        for k in range(count):
            ages[at + k] = t - x[order[k]] + 1 if rnl else NO_SPIKE
    if rows > WIDE:
        return eval_wide(potentials, weights, row, stride, order, ages, at, count, thresholds, row, rows, group)
    return eval_narrow(potentials, weights, row, stride, order, ages, at, count, thresholds, row, rows, group)


@njit(cache=True, nogil=True)
def first_clock(
    hint: int, horizon: int, x: Any, order: Any, counts: Any, ages: Any, known: Any, potentials: Any, weights: Any, stride: int,
    thresholds: Any, row: int, rows: int, group: int, rnl: int,
) -> int:  # fmt: skip
    """The first clock at which any of the segments fires, NO_SPIKE if none does; leaves their potentials at that clock."""
    low, high, at = -1, horizon, -1  # silent at `low`, firing at `high`, potentials are those of `at`
    probe = hint
    stride_up = 1
    while high - low > 1:
        at = probe
        if fires_at(probe, x, order, counts, ages, known, potentials, weights, stride, thresholds, row, rows, group, rnl):
            high = probe
            probe = high - 1 if high - low <= 3 or high == hint else (low + high) >> 1
        else:
            low = probe
            if high == horizon:
                probe = min(low + stride_up, horizon - 1)
                stride_up = horizon  # a second miss asks at once whether it fires at all
            else:
                probe = (low + high) >> 1
    if high == horizon:
        return NO_SPIKE
    if at != high:
        fires_at(high, x, order, counts, ages, known, potentials, weights, stride, thresholds, row, rows, group, rnl)
    return high


@njit(cache=True, nogil=True)
def choose(potentials: Any, first: int, thresholds: Any, row: int, rows: int, largest: int) -> int:
    """Rule D1 among segments of which some fire at this clock: index, -1 if none. ``first``: their place in ``potentials``."""
    best, level = -1, 0
    for s in range(rows):
        v = potentials[first + s]
        if v >= thresholds[row + s] and (best < 0 or (largest and v > level)):
            best, level = s, v
            if not largest:
                break
    return best


@njit(cache=True, nogil=True)
def mark_firing(potentials: Any, thresholds: Any, rows: int, hits: Any) -> None:
    """``hits[r]`` = 1 where a segment is at its threshold, else 0."""
    for r in range(rows):
        hits[r] = potentials[r] >= thresholds[r]


@njit(cache=True, nogil=True)
def fire_soma(near: int, far: int, last: int, theta: int, weight_near: int, weight_far: int) -> tuple[int, int]:
    """Rule P3: time and level of a soma, NO_SPIKE and 0 if it does not fire."""
    if near == NO_SPIKE:
        return NO_SPIKE, 0
    for t in range(near, last + 1):
        level = min(t - near + 1, weight_near)
        if far <= t:
            level += min(t - far + 1, weight_far)
        if level >= theta:
            return t, level
    # before the proximal spike the distal ramp alone stays below the threshold
    return NO_SPIKE, 0


@njit(cache=True, nogil=True)
def inhibit(times: Any, level: Any, out: Any, first: int, inhibition: int, k: int) -> None:
    """Rule C1: ``out[first + neuron]`` gets the times that pass; it holds NO_SPIKE before."""
    neurons = times.size
    if inhibition == K_EARLIEST:
        for _ in range(k):
            best = -1
            for j in range(neurons):
                if times[j] != NO_SPIKE and out[first + j] == NO_SPIKE and (best < 0 or times[j] < times[best]):
                    best = j
            if best < 0:
                return
            out[first + best] = times[best]
        return
    best = -1
    for j in range(neurons):
        if times[j] != NO_SPIKE and (
            best < 0 or times[j] < times[best] or (inhibition == ONE_LARGEST and times[j] == times[best] and level[j] > level[best])
        ):
            best = j
    if best < 0:
        return
    if inhibition == ALL_EARLIEST:
        for j in range(neurons):
            if times[j] == times[best]:
                out[first + j] = times[j]
    else:
        out[first + best] = times[best]


@njit(cache=True, nogil=True)
def make_table(values: Any, at: int, levels_at: int, mu: Any, up: Any, down: Any, w_max: int, reward: int, table: Any) -> Any:
    """The new weight by what a synapse sees and by its weight: ``table[kind, w]`` (rules R1…R4, R6, R9); whether losers change at all.

    values: draws; ``at``: the five rules of the set; ``levels_at``: its levels. reward: 1, 0, -1, or 2 where there is none.
    """
    capture, minus = values[at] < mu[0], values[at + 1] < mu[1]
    search, backoff = (values[at + 2] < mu[2]) & (reward != 1), values[at + 3] < mu[3]
    always = values[at + 4] < mu[4]
    right, wrong = reward >= 1, reward == -1
    for w in range(w_max + 1):
        value = values[levels_at + w]
        rise = always | (value < up[w])
        fall = always | (value < down[w])
        higher, lower = min(w + 1, w_max), max(w - 1, 0)
        table[CAPTURE, w] = higher if capture & rise & right else lower if backoff & fall & wrong else w
        table[LATE, w] = lower if minus & fall & right else w
        table[SILENT, w] = lower if backoff & fall & right else w
        table[SEARCH, w] = higher if search else w
    return search


@njit(cache=True, nogil=True)
def look(x: int, y: int) -> int:
    """What a synapse of a segment sees: CAPTURE … SEARCH, -1 for nothing (rule R5)."""
    if y == NO_SPIKE:
        return SEARCH if x != NO_SPIKE else -1
    if x == NO_SPIKE:
        return SILENT
    return CAPTURE if x <= y else LATE


@njit(cache=True, nogil=True)
def is_taught(x: Any, exists: Any, stride: int, line: int, first: int, row: int, rows: int) -> Any:
    """Rule R15: whether ``line`` spiked and, where there are proximal inputs ``first`` …, one of them at a synapse of the dendrite."""
    if x[line] == NO_SPIKE:
        return False
    for i in range(first, x.size):
        if x[i] != NO_SPIKE:
            if exists.size == 0:
                return True
            for s in range(rows):
                if exists[i * stride + row + s]:
                    return True
    return first == x.size


@njit(cache=True, nogil=True)
def learn_shared(
    weights: Any, exists: Any, stride: int, x: Any, first: int, count: int, row: int, rows: int, winner: int, y: int, table: Any,
    searching: bool, w_max: int,
) -> None:  # fmt: skip
    """Segments row … row + rows - 1 after a wave, inputs first … first + count - 1, all with the same random bits."""
    dense = exists.size == 0
    if winner >= 0:
        for i in range(first, first + count):
            at = i * stride + row + winner
            if dense or exists[at]:
                weights[at] = table[look(x[i], y), weights[at]]
    if searching:
        for i in range(first, first + count):
            if x[i] != NO_SPIKE:
                at = i * stride + row
                for s in range(rows):
                    if s != winner and weights[at + s] < w_max and (dense or exists[at + s]):
                        weights[at + s] += 1


@njit(cache=True, nogil=True)
def learn_apart(
    weights: Any, exists: Any, stride: int, x: Any, first: int, count: int, row: int, rows: int, winner: int, y: int, values: Any, mu: Any,
    up: Any, down: Any, w_max: int, reward: int, table: Any, set_at: int, set_step: int, row_step: int, levels_at: int,
) -> None:  # fmt: skip
    """The same with bits of their own for every line (row_step 0) or synapse.

    set_at: place in ``values`` of the set of the first input of segment ``row``; set_step: to the next input; row_step: to the next
    segment; levels_at: place of the levels in a set.
    """
    dense = exists.size == 0
    for i in range(count):
        for s in range(rows):
            at = (first + i) * stride + row + s
            kind = look(x[first + i], y if s == winner else NO_SPIKE)
            if kind < 0 or not (dense or exists[at]):
                continue
            place = set_at + i * set_step + s * row_step
            if kind == SEARCH:
                if values[place + 2] < mu[2] and reward != 1 and weights[at] < w_max:
                    weights[at] += 1
            else:
                make_table(values, place, place + levels_at, mu, up, down, w_max, reward, table)
                weights[at] = table[kind, weights[at]]


@njit(cache=True, nogil=True)
def run_layer(
    first_column: int, last_column: int, spec: Any, taps: Any, mu: Any, up: Any, down: Any, near_up: Any, near_down: Any, table: Any,
    near_table: Any, names: Any, starts: Any, weights: Any, exists: Any, near_weights: Any, near_exists: Any,
    states: Any, biases: Any, learned: int, seen: Any, learn: Any, enable: Any, labels: Any, outputs: Any,
) -> None:  # fmt: skip
    """Waves of the columns first_column … last_column - 1; weights, states, biases and outputs change in place.

    spec: int64, see FIELDS. table, near_table: (column, input) int64 lines, -1 where no synapse of the column reads it. Segments without a
    synapse may be left out: names: (column, row) int64, which segment of the column a row is; starts: (column, dendrite + 1) int64, first
    row of every dendrite. weights: (column, (inputs [+ proximal inputs if summed]) × rows + SPARE) uint8, input by input; exists: the same
    as bool, or (column, 0) where none is pruned. near_*: the same for the segments of somas, else (column, 0). states: (column,) uint64.
    biases: (column, row) int32. learned: learning waves before.
    seen: (wave, line) uint8. learn: (wave,) bool. enable: (wave, neuron) bool or (0, 0). labels: (wave,) int64, read where there is
    reward. outputs: (wave, column × line) uint8, NO_SPIKE before.
    """
    (inputs, near_inputs, neurons, dendrites, segments, lines, horizon, clocks, threshold, group, w_max, near_w_max, rnl, largest, mode,
     inhibition, k, segments_out, reward_on, sharing, width, levels, near_levels, soma_segments, soma_group, soma_threshold, theta_s,
     weight_near, weight_far, homeostasis, alpha, beta, period, limit, teacher) = spec  # fmt: skip
    summed = near_inputs if mode == SUM else 0
    all_inputs = inputs + summed
    rows = names.shape[1]  # places of a column; the last ones of some may be empty
    soma_rows = neurons * soma_segments
    x = np.empty(all_inputs, np.uint8)
    order, counts, known = np.empty(all_inputs, np.int64), np.empty(horizon, np.int64), np.zeros(horizon, np.bool_)
    ages = np.empty(horizon * all_inputs, np.uint8)
    potentials = np.empty(max(rows, soma_rows) + SPARE, np.int32)
    thresholds = np.full(rows + SPARE, MISSING, np.int32)
    near_count = near_inputs if mode == SOMA else 0
    xn = np.empty(near_count, np.uint8)
    near_order, near_counts, near_known = np.empty(near_count, np.int64), np.empty(horizon, np.int64), np.zeros(horizon, np.bool_)
    near_ages = np.empty(horizon * near_count, np.uint8)
    near_thresholds = np.full(soma_rows + SPARE, MISSING, np.int32)
    near_thresholds[:soma_rows] = soma_threshold
    groups = neurons * dendrites
    hits = np.zeros((rows + 7) // 8 * 8, np.uint8)
    words = hits.view(np.uint64)  # eight segments at a look: few fire
    winner, fired, level = np.empty(groups, np.int64), np.empty(groups, np.int64), np.empty(groups, np.int64)
    soma_winner, soma_fired = np.empty(neurons, np.int64), np.empty(neurons, np.int64)
    times, strength = np.empty(neurons, np.int64), np.empty(neurons, np.int64)
    hints, soma_hints = np.empty(groups, np.int64), np.empty(neurons, np.int64)
    one_set = 5 + levels + near_levels
    sets = 1
    if sharing == PER_LINE:
        sets = inputs + near_inputs
    elif sharing == PER_SYNAPSE:
        sets = rows * inputs + (rows if mode == SUM else soma_rows) * near_inputs  # here no segment is left out
    values = np.empty(sets * one_set, np.int64)
    moves, near_moves = np.zeros((4, w_max + 1), np.uint8), np.zeros((4, near_w_max + 1), np.uint8)
    near_levels_at = 5 if near_levels == 0 else 5 + levels
    none = np.zeros(0, np.bool_)
    # Where only the earliest of all dendrites matter and nobody learns, all are asked at once; those that are taught are asked again.
    # Then nobody asks which segment it was, only for its potential, where that is compared further up.
    jointly = mode != SOMA and inhibition != K_EARLIEST and dendrites * neurons > 1 and not segments_out
    for c in range(first_column, last_column):
        w, there = weights[c], exists[c] if exists.shape[1] else none
        wn, there_near = near_weights[c], near_exists[c] if near_exists.shape[1] else none
        state, waves_learned = states[c], learned
        filled = starts[c, groups]
        for r in range(rows):
            thresholds[r] = threshold + biases[c, r] if r < filled else MISSING
        hits[:] = 0
        hints[:] = horizon >> 1
        soma_hints[:] = horizon >> 1
        joint_hint = horizon >> 1
        for n in range(seen.shape[0]):
            for i in range(inputs):
                x[i] = seen[n, table[c, i]] if table[c, i] >= 0 else NO_SPIKE
            for i in range(summed):
                x[inputs + i] = seen[n, near_table[c, i]] if near_table[c, i] >= 0 else NO_SPIKE
            sort_arrivals(x, order, counts, horizon)
            known[:] = False
            if mode == SOMA:
                for i in range(near_inputs):
                    xn[i] = seen[n, near_table[c, i]]
                sort_arrivals(xn, near_order, near_counts, horizon)
                near_known[:] = False
            enabled = 0
            if mode == ENABLE:
                for j in range(neurons):
                    enabled += int(enable[n, j])
            else:
                enabled = neurons
            winner[:] = -1
            fired[:] = NO_SPIKE
            level[:] = 0
            joint = jointly and (not learn[n] or teacher >= 0) and enabled == neurons
            if joint:
                t = first_clock(joint_hint, horizon, x, order, counts, ages, known, potentials, w, rows, thresholds, 0, filled, group, rnl)
                if t != NO_SPIKE:
                    joint_hint = t
                    mark_firing(potentials, thresholds, filled, hits)
                    for k in range(words.size):
                        if words[k]:
                            for r in range(8 * k, 8 * k + 8):
                                if not hits[r]:
                                    continue
                                g = names[c, r] // segments
                                if fired[g] == NO_SPIKE or (largest and potentials[r] > level[g]):
                                    fired[g], level[g] = t, potentials[r]
            else:
                for g in range(groups):
                    if mode == ENABLE and not enable[n, g // dendrites]:
                        continue
                    row = starts[c, g]
                    size = starts[c, g + 1] - row
                    if size == 0:
                        continue
                    t = first_clock(
                        hints[g], horizon, x, order, counts, ages, known, potentials, w, rows, thresholds, row, size, group, rnl
                    )
                    if t != NO_SPIKE:
                        s = choose(potentials, 0, thresholds, row, size, largest)
                        winner[g], fired[g], level[g] = s, t, potentials[s]
                        hints[g] = t
            for j in range(neurons):
                times[j], strength[j] = NO_SPIKE, 0
                for d in range(dendrites):
                    g = j * dendrites + d
                    if fired[g] < times[j]:
                        times[j], strength[j] = fired[g], level[g]
            if mode == SOMA:
                for j in range(neurons):
                    row = j * soma_segments
                    t = first_clock(
                        soma_hints[j], horizon, xn, near_order, near_counts, near_ages, near_known, potentials, wn, soma_rows,
                        near_thresholds, row, soma_segments, soma_group, rnl,
                    )  # fmt: skip
                    soma_winner[j], soma_fired[j] = -1, t
                    if t != NO_SPIKE:
                        soma_winner[j] = choose(potentials, 0, near_thresholds, row, soma_segments, largest)
                        soma_hints[j] = t
                    times[j], strength[j] = fire_soma(t, times[j], clocks - 1, theta_s, weight_near, weight_far)
            if segments_out:
                for g in range(groups):
                    if winner[g] >= 0:
                        outputs[n, c * lines + names[c, starts[c, g] + winner[g]]] = fired[g]
            else:
                inhibit(times, strength, outputs[n], c * lines, inhibition, k)
            if not learn[n]:
                continue
            state = draw_values(state, taps, width, values)
            reward = 2
            if reward_on:
                reward = 0 if winner[0] < 0 else 1 if names[c, winner[0]] == labels[n] else -1
            searching, near_searching = False, False
            if sharing == PER_COLUMN:
                searching = make_table(values, 0, 5, mu, up, down, w_max, reward, moves)
                if near_inputs:
                    near_searching = make_table(values, 0, near_levels_at, mu, near_up, near_down, near_w_max, reward, near_moves)
            for g in range(groups):
                if mode == ENABLE and not enable[n, g // dendrites]:
                    continue
                row, s, y = starts[c, g], winner[g], fired[g]
                size = starts[c, g + 1] - row
                if size == 0:
                    continue
                if teacher >= 0:
                    if not is_taught(x, there, rows, teacher + g // dendrites, inputs, row, size):
                        continue
                    if joint:
                        y = first_clock(
                            hints[g], horizon, x, order, counts, ages, known, potentials, w, rows, thresholds, row, size, group, rnl
                        )
                        s = -1 if y == NO_SPIKE else choose(potentials, 0, thresholds, row, size, largest)
                if sharing == PER_COLUMN:
                    learn_shared(w, there, rows, x, 0, inputs, row, size, s, y, moves, searching, w_max)
                    if summed:
                        learn_shared(w, there, rows, x, inputs, summed, row, size, s, y, near_moves, near_searching, near_w_max)
                else:
                    apart = sharing == PER_SYNAPSE
                    at, step = (row * inputs * one_set, inputs * one_set) if apart else (0, 0)
                    learn_apart(
                        w, there, rows, x, 0, inputs, row, segments, s, y, values, mu, up, down, w_max, reward, moves, at, one_set, step, 5
                    )
                    if summed:
                        at = (rows * inputs + row * summed) * one_set if apart else inputs * one_set
                        step = summed * one_set if apart else 0
                        learn_apart(
                            w, there, rows, x, inputs, summed, row, segments, s, y, values, mu, near_up, near_down, near_w_max, reward,
                            near_moves, at, one_set, step, near_levels_at,
                        )  # fmt: skip
                if homeostasis and s >= 0:
                    biases[c, row + s] += alpha
            if mode == SOMA:
                for j in range(neurons):
                    row, s, y = j * soma_segments, soma_winner[j], soma_fired[j]
                    if sharing == PER_COLUMN:
                        learn_shared(
                            wn, there_near, soma_rows, xn, 0, near_inputs, row, soma_segments, s, y, near_moves, near_searching, near_w_max
                        )
                    else:
                        apart = sharing == PER_SYNAPSE
                        at = (rows * inputs + row * near_inputs) * one_set if apart else inputs * one_set
                        step = near_inputs * one_set if apart else 0
                        learn_apart(
                            wn, there_near, soma_rows, xn, 0, near_inputs, row, soma_segments, s, y, values, mu, near_up, near_down,
                            near_w_max, reward, near_moves, at, one_set, step, near_levels_at,
                        )  # fmt: skip
            waves_learned += 1
            if homeostasis:
                fall = beta if waves_learned % (1 << period) == 0 else 0
                for r in range(rows):
                    biases[c, r] = min(max(biases[c, r] - fall, 0), limit)
                    thresholds[r] = threshold + biases[c, r]
        states[c] = state


@njit(cache=True, nogil=True)
def run_voter(
    lines: int, classes: int, w_max: int, top: int, bottom: int, sharing: int, width: int, taps: Any, mu: Any, up: Any, down: Any,
    weights: Any, exists: Any, state: Any, seen: Any, learn: Any, labels: Any, votes: Any,
) -> Any:  # fmt: skip
    """Rule R10 on waves; ``weights`` (line, class) uint8 change in place, votes: (wave, class) int32 zeros; returns the random state.

    exists: (line, class) bool. seen: (wave, line) uint8. learn: (wave,) bool. labels: (wave,) int64, read where it learns.
    """
    one_set = 5 + w_max + 1
    sets = 1
    if sharing == PER_LINE:
        sets = lines
    elif sharing == PER_SYNAPSE:
        sets = lines * classes
    values = np.empty(sets * one_set, np.int64)
    ballots, known = np.zeros((lines, classes), np.uint8), np.zeros(lines, np.bool_)  # of a line, until it learns
    for n in range(seen.shape[0]):
        if learn[n]:
            state = draw_values(state, taps, width, values)
        for i in range(lines):
            if seen[n, i] == NO_SPIKE:
                continue
            voted = ballots[i]
            if not known[i]:
                known[i] = True
                largest = 0
                for c in range(classes):
                    if exists[i, c] and weights[i, c] > largest:
                        largest = weights[i, c]
                for c in range(classes):
                    voted[c] = exists[i, c] and weights[i, c] * bottom >= largest * top
            for c in range(classes):
                votes[n, c] += voted[c]
            if not learn[n]:
                continue
            known[i] = False
            label = labels[n]
            for c in range(classes):
                if not exists[i, c]:
                    continue
                at = 0 if sharing == PER_COLUMN else i * one_set if sharing == PER_LINE else (i * classes + c) * one_set
                w = weights[i, c]
                always, value = values[at + 4] < mu[4], values[at + 5 + w]
                rise = False
                fall = False
                if voted[c] and c == label:
                    rise = (values[at] < mu[0]) and (always or value < up[w])
                elif voted[c] and not voted[label]:
                    fall = values[at + 1] < mu[1]  # backoff_simple
                elif voted[c] or voted[label]:
                    fall = (values[at + 3] < mu[3]) and (always or value < down[w])
                else:
                    rise = values[at + 2] < mu[2]
                if rise and w < w_max:
                    weights[i, c] = w + 1
                elif fall and w > 0:
                    weights[i, c] = w - 1
    return state


@njit(cache=True, nogil=True)
def run_comparer(
    classes: int, segments: int, w_max: int, margin: int, weights: Any, exists: Any, seen: Any, learn: Any, labels: Any, strengths: Any
) -> None:
    """Rule R14 on waves; ``weights`` (line, row) uint8 change in place, strengths: (wave, class) int32.

    exists: (line, row) bool, or (0, 0) where none is pruned. seen: (wave, line) uint8. learn: (wave,) bool. labels: (wave,) int64.
    """
    rows = classes * segments
    potential = np.empty(rows, np.int32)
    best = np.empty(classes, np.int64)
    spiking = np.empty(seen.shape[1], np.int64)
    dense = exists.size == 0
    for n in range(seen.shape[0]):
        count = 0
        for i in range(seen.shape[1]):
            if seen[n, i] != NO_SPIKE:
                spiking[count] = i
                count += 1
        potential[:] = 0
        for k in range(count):
            w = weights[spiking[k]]
            for r in range(rows):
                potential[r] += w[r]
        for c in range(classes):
            best[c] = c * segments
            for r in range(c * segments + 1, (c + 1) * segments):
                if potential[r] > potential[best[c]]:
                    best[c] = r
            strengths[n, c] = potential[best[c]]
        if not learn[n] or classes == 1:
            continue
        label, rival = labels[n], -1
        for c in range(classes):
            if c != label and (rival < 0 or strengths[n, c] > strengths[n, rival]):
                rival = c
        if strengths[n, label] - strengths[n, rival] >= margin:
            continue
        up, down = best[label], best[rival]
        for k in range(count):
            i = spiking[k]
            if weights[i, up] < w_max and (dense or exists[i, up]):
                weights[i, up] += 1
            if weights[i, down] > 0:  # a pruned synapse has weight 0
                weights[i, down] -= 1
