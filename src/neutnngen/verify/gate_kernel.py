"""The compiled part of the gate simulator: all gates in the order of their levels, once after every edge that changes something."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def _settle(order, value, out, first, fan, table, tables):  # type: ignore[no-untyped-def]
    """Values of the gates in ``order``, whose inputs come before them."""
    for gate in order:
        row = 0
        start = first[gate]
        for k in range(start, first[gate + 1]):
            row |= value[fan[k]] << (k - start)
        value[out[gate]] = tables[table[gate] + row]


@njit(cache=True, nogil=True)
def _count(value, old, toggles, high, ticks):  # type: ignore[no-untyped-def]
    for net in range(value.shape[0]):
        toggles[net] += value[net] ^ old[net]
        high[net] += value[net] * ticks
        old[net] = value[net]


@njit(cache=True, nogil=True)
def run_clocks(  # type: ignore[no-untyped-def]
    stimulus, input_net, wide, narrow, every, value, gates, flops, tables, output_net, seen, old, toggles, high, ticks, counting, fresh
):
    """Clocks from falling edge to falling edge: outputs are seen, inputs change, gates settle, flip-flops sample, gates settle.

    stimulus: (clock, input) uint8. wide: (input,) whether a change of it asks for all gates instead of ``narrow`` ones. every: all gates
    in the order of their levels. value: (net,) uint8. gates, flops: (net of the result, first operand, operands, start of the table) of
    each. seen: (clock, output) is filled. toggles, high: (net,) uint64, sums over the clocks if ``counting``; old: (net,) values at the
    last count; fresh: what the first inputs change does not count. ticks: time before and after the answer of the flip-flops.
    """
    gate_out, gate_first, gate_fan, gate_table = gates
    flop_out, flop_first, flop_fan, flop_table = flops
    sampled = np.empty(flop_out.shape[0], np.uint8)
    for clock in range(stimulus.shape[0]):
        for k in range(output_net.shape[0]):
            seen[clock, k] = value[output_net[k]]
        changed, all_of_it = False, False
        for k in range(input_net.shape[0]):
            if value[input_net[k]] != stimulus[clock, k]:
                value[input_net[k]] = stimulus[clock, k]
                changed = True
                all_of_it |= wide[k]
        if changed:
            _settle(every if all_of_it else narrow, value, gate_out, gate_first, gate_fan, gate_table, tables)
        if counting:
            if fresh and clock == 0:
                old[:] = value
            _count(value, old, toggles, high, ticks[0])
        for k in range(flop_out.shape[0]):
            row = 0
            start = flop_first[k]
            for n in range(start, flop_first[k + 1]):
                row |= value[flop_fan[n]] << (n - start)
            sampled[k] = tables[flop_table[k] + row]
        for k in range(flop_out.shape[0]):
            value[flop_out[k]] = sampled[k]
        _settle(every, value, gate_out, gate_first, gate_fan, gate_table, tables)
        if counting:
            _count(value, old, toggles, high, ticks[1])
