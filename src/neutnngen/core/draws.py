"""Random bits of a dendritic column in one wave (rules R6, R7, R8): one order, whoever asks."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from neutnngen.core.lfsr import draw
from neutnngen.spec import DendriticColumnSpec


class Bits(NamedTuple):
    """One set as synapses of one weight width see it. rules: capture, minus, search, backoff, min; up, down: F by weight 0 … w_max."""

    rules: tuple[bool, ...]
    up: tuple[bool, ...]
    down: tuple[bool, ...]


def draw_set(state: int, spec: DendriticColumnSpec) -> tuple[tuple[Bits, Bits], int]:
    """One set of draws: five rules, then a level each for the distal weights, then for proximal weights of another width.

    Returns the bits as distal and as proximal synapses see them, and the new state.
    """
    stdp = spec.stdp
    rules = []
    for mu in (stdp.mu_capture, stdp.mu_minus, stdp.mu_search, stdp.mu_backoff, stdp.mu_min):
        value, state = draw(state, spec.lfsr)
        rules.append(value < mu)
    kinds: list[Bits] = []
    for w_max in (spec.w_max, spec.proximal_w_max):
        if w_max == 0 or (kinds and w_max == spec.w_max):
            kinds.append(kinds[0])  # no proximal weights, or of the same width: the same draws
            continue
        up, down = stdp.stabiliser_table(w_max)
        values = []
        for _ in range(w_max + 1):
            value, state = draw(state, spec.lfsr)
            values.append(value)
        ups, downs = (tuple(v < m for v, m in zip(values, table, strict=True)) for table in (up, down))
        kinds.append(Bits(tuple(rules), ups, downs))
    return (kinds[0], kinds[1]), state


def set_count(spec: DendriticColumnSpec) -> int:
    """Sets of one learning wave (rule R8): one for all, one for each line (distal first), or one for each synapse (likewise)."""
    if spec.sharing == "column":
        return 1
    if spec.sharing == "line":
        return spec.inputs + spec.proximal.inputs
    return prod(spec.distal_shape) + prod(spec.proximal_shape)


def draw_wave(state: int, spec: DendriticColumnSpec) -> tuple[list[tuple[Bits, Bits]], int]:
    """All sets of one learning wave and the new state."""
    sets = []
    for _ in range(set_count(spec)):
        bits, state = draw_set(state, spec)
        sets.append(bits)
    return sets, state
