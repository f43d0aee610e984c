"""The voter of a network in RTL (rules R10, R14): when it reads, what it draws, and what the template prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from neutnngen.rtl.hearing import hear
from neutnngen.rtl.words import Kind, constant, joined, random_words, stabiliser_kind
from neutnngen.spec import Design, NetworkSpec, VoterSpec, VoterState
from neutnngen.spec.schedule import voter_start


def label_lines(network: NetworkSpec) -> int:
    """One-hot lines of the label, 0 where nothing learns from one."""
    wanted = [layer.column.segments for layer in network.layers if layer.column.reward]
    return max([*wanted, 0 if network.voter is None else network.voter.classes], default=0)


def vote_bits(network: NetworkSpec) -> int:
    """Bits of a class's votes, or of its strength (rule A1); 0 without a voter."""
    voter = network.voter
    return 0 if voter is None else (network.lines * (voter.w_max if voter.read == "potential" else 1)).bit_length()


def _sets(voter: VoterSpec, lines: int) -> int:
    return lines if voter.sharing == "line" else 1


def voter_draws(network: NetworkSpec) -> int:
    """Draws of a learning wave of the voter (rules R7, R8); none by potentials."""
    voter = network.voter
    return 0 if voter is None or voter.read == "potential" else _sets(voter, network.lines) * (5 + voter.w_max + 1)


def output_lines(network: NetworkSpec) -> list[int]:
    """Numbers of the network's output lines in their order."""
    offsets = network.line_offsets
    return [offsets[n + 1] + k for n in network.output_layers for k in range(network.layers[n].lines)]


def voter_weights(state: VoterState, voter: VoterSpec) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Weights and masks as the hardware has them: a row per segment of a class over the lines, or per line over the classes."""
    by_row = voter.read == "potential"
    return (state.weights.T, state.mask.T) if by_row else (state.weights, state.mask)


def voter_scan(state: VoterState, voter: VoterSpec) -> list[int]:
    """Weights in the order of the scan chain."""
    weights, masks = voter_weights(state, voter)
    return [int(w) for row, there in zip(weights, masks, strict=True) for w in row[there]]


def voter_context(design: Design, starts: Sequence[int], first_link: int, kind: Kind) -> dict[str, Any]:
    """What the template of a network prints of its voter. first_link: its place in the scan chain."""
    network, voter, state = design.network, design.network.voter, design.state.voter
    assert voter is not None and state is not None
    start, lines = voter_start(network, starts), output_lines(network)
    heard = list(hear(network, lines, starts, start, voter.t_in_max, "voter"))
    weights, masks = voter_weights(state, voter)
    size = 5 + voter.w_max + 1
    up, down = voter.stdp.stabiliser_table(voter.w_max)
    table = stabiliser_kind(up, down)
    rows = []
    for n, (row, there) in enumerate(zip(weights, masks, strict=True)):
        at = n * size if _sets(voter, network.lines) > 1 else 0
        learns = kind == "learning" and voter.read == "votes"
        ones = f"{{{voter.w_max + 1}{{1'b1}}}}"
        words = [ones if table == 0 else f"{word}[{at + 5}+:{voter.w_max + 1}]" for word in ("voter_bits", "voter_bits_down")]
        rows.append(
            {
                "exists": constant(sum(int(bit) << k for k, bit in enumerate(there)), len(there)),
                "constant": constant(sum(int(w) << (voter.w_res * k) for k, w in enumerate(row)), voter.w_res * len(row)),
                "link": first_link + n,
                "bits": [f"voter_bits[{at + k}]" if learns else "1'b0" for k in range(5)],
                "up": words[0] if learns else ones,
                "down": words[1] if learns else ones,
            }
        )
    stdp = voter.stdp
    return {
        "read": voter.read,
        "classes": voter.classes,
        "segments": voter.segments,
        "margin": voter.margin,
        "top": voter.fraction[0],
        "bottom": voter.fraction[1],
        "weight_w": voter.w_res,
        "sum_w": vote_bits(network),
        "start": start,
        "closes": start + voter.t_in_max,
        "gated": any(line["gated"] for line in heard),
        "heard": heard,
        "lines": joined([line["name"] for line in heard]),
        "rows": rows,
        "bits": voter.w_res * int(state.mask.sum()),
        "sets": _sets(voter, network.lines),
        "set_size": size,
        "draws": voter_draws(network),
        "levels": voter.w_max + 1,
        "stabiliser": table,
        **random_words(voter.lfsr, stdp, up, down),
        "seed": constant(int(state.lfsr), voter.lfsr.width),
    }
