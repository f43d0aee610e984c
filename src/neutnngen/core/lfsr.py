"""Random bits from a linear-feedback shift register, the same in simulator and hardware (rules R7, R8)."""

from __future__ import annotations

from typing import NamedTuple

from neutnngen.spec import DRAW_BITS, ColumnSpec, LfsrSpec


class ColumnBits(NamedTuple):
    """The Bernoulli bits that one column draws for one learning wave, shared by all its synapses (rule R8, per column).

    ``up`` and ``down`` hold one stabiliser bit per weight 0 … w_max; both come from the one draw of that level.
    """

    capture: bool
    minus: bool
    search: bool
    backoff: bool
    minimum: bool
    up: tuple[bool, ...]
    down: tuple[bool, ...]


def step(state: int, spec: LfsrSpec) -> int:
    """One shift of the register."""
    bit = 0
    for tap in spec.taps:
        bit ^= state >> (tap - 1)
    return ((state << 1) | (bit & 1)) & ((1 << spec.width) - 1)


def draw(state: int, spec: LfsrSpec) -> tuple[int, int]:
    """Ten shifts; returns the value 0 … 1023 and the new state. B(mu) is ``value < mu``."""
    for _ in range(DRAW_BITS):
        state = step(state, spec)
    return state & ((1 << DRAW_BITS) - 1), state


def draw_column(state: int, column: ColumnSpec) -> tuple[ColumnBits, int]:
    """All draws of one learning wave in their normative order: capture, minus, search, backoff, min, F(0) … F(w_max)."""
    stdp = column.stdp
    rules = []
    for mu in (stdp.mu_capture, stdp.mu_minus, stdp.mu_search, stdp.mu_backoff, stdp.mu_min):
        value, state = draw(state, column.lfsr)
        rules.append(value < mu)
    up_table, down_table = stdp.stabiliser_table(column.w_max)
    up: list[bool] = []
    down: list[bool] = []
    for up_mu, down_mu in zip(up_table, down_table, strict=True):
        value, state = draw(state, column.lfsr)
        up.append(value < up_mu)
        down.append(value < down_mu)
    capture, minus, search, backoff, minimum = rules
    return ColumnBits(capture, minus, search, backoff, minimum, tuple(up), tuple(down)), state
