"""Random bits of a dendritic column in one wave (rules R6, R7, R8): one order, whoever asks."""

from __future__ import annotations

from math import prod

from neutnngen.core.lfsr import ColumnBits, draw_levels, draw_rules
from neutnngen.spec import DendriticColumnSpec


def draw_set(state: int, spec: DendriticColumnSpec) -> tuple[tuple[ColumnBits, ColumnBits], int]:
    """One set of draws: five rules, then a level each for the distal weights, then for proximal weights of another width.

    Returns the bits as distal and as proximal synapses see them, and the new state.
    """
    rules, state = draw_rules(state, spec.stdp, spec.lfsr)
    up, down, state = draw_levels(state, spec.stdp, spec.lfsr, spec.w_max)
    distal = proximal = ColumnBits(*rules, up, down)
    if spec.proximal_w_max not in (0, spec.w_max):  # proximal weights of another width
        up, down, state = draw_levels(state, spec.stdp, spec.lfsr, spec.proximal_w_max)
        proximal = ColumnBits(*rules, up, down)
    return (distal, proximal), state


def set_count(spec: DendriticColumnSpec) -> int:
    """Sets of one learning wave (rule R8): one for all, one for each line (distal first), or one for each synapse (likewise)."""
    if spec.sharing == "column":
        return 1
    if spec.sharing == "line":
        return spec.inputs + spec.proximal.inputs
    return prod(spec.distal_shape) + prod(spec.proximal_shape)


def draw_wave(state: int, spec: DendriticColumnSpec) -> tuple[list[tuple[ColumnBits, ColumnBits]], int]:
    """All sets of one learning wave and the new state."""
    sets = []
    for _ in range(set_count(spec)):
        bits, state = draw_set(state, spec)
        sets.append(bits)
    return sets, state
