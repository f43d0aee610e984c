"""Random bits of a column or a voter in one wave (rules R6, R7, R8): one order, whoever asks."""

from __future__ import annotations

from math import prod

from neutnngen.core.lfsr import ColumnBits, draw_levels, draw_rules
from neutnngen.spec import DendriticColumnSpec, VoterSpec


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


def draw_voter(state: int, voter: VoterSpec, lines: int) -> tuple[list[ColumnBits], int]:
    """All sets of one learning wave of a voter on ``lines`` lines (rules R8, R10) and the new state; ``minus`` is backoff_simple."""
    sets = []
    for _ in range(voter_sets(voter, lines)):
        rules, state = draw_rules(state, voter.stdp, voter.lfsr)
        up, down, state = draw_levels(state, voter.stdp, voter.lfsr, voter.w_max)
        sets.append(ColumnBits(*rules, up, down))
    return sets, state


def voter_sets(voter: VoterSpec, lines: int) -> int:
    """Sets of one learning wave of a voter (rule R8): one, one for each line, or one for each synapse (class fastest)."""
    return {"column": 1, "line": lines, "synapse": lines * voter.classes}[voter.sharing]
