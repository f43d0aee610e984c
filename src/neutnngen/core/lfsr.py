"""Random bits from a linear-feedback shift register, the same in simulator and hardware (rules R7, R8)."""

from __future__ import annotations

from typing import NamedTuple

from neutnngen.spec import DRAW_BITS, LfsrSpec, StdpSpec


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


def draw_rules(state: int, stdp: StdpSpec, lfsr: LfsrSpec) -> tuple[tuple[bool, bool, bool, bool, bool], int]:
    """The first five draws of a set: capture, minus, search, backoff, min; and the new state."""
    found = []
    for mu in stdp.mu:
        value, state = draw(state, lfsr)
        found.append(value < mu)
    capture, minus, search, backoff, minimum = found
    return (capture, minus, search, backoff, minimum), state


def draw_levels(state: int, stdp: StdpSpec, lfsr: LfsrSpec, w_max: int) -> tuple[tuple[bool, ...], tuple[bool, ...], int]:
    """One draw for each weight level 0 … w_max: F going up, F going down, and the new state."""
    up: list[bool] = []
    down: list[bool] = []
    for up_mu, down_mu in zip(*stdp.stabiliser_table(w_max), strict=True):
        value, state = draw(state, lfsr)
        up.append(value < up_mu)
        down.append(value < down_mu)
    return tuple(up), tuple(down), state
