"""Which columns a voter can do without, one after another.

With C(i, c) what column i gives to class c in a wave, the right class r leads class c by the sum of C(i, r) − C(i, c). The doubt of a wave
is Σ exp(−lead / (SOFT · largest vote)) over all classes: 1 where the answer is safe. Every step takes the column away without which doubt
grows by the smallest factor, in the mean over the waves; so waves that are nearly lost, or just lost, decide.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neutnngen.errors import ConfigError
from neutnngen.prune.activity import Recorded
from neutnngen.prune.stages import DISTAL, VOTER, Floats, Scores, exists_in, parts_of
from neutnngen.spec import NO_SPIKE, Design

SOFT = 3.0
"""In votes, chosen on validation images: small looks at few waves, large at the mean lead, in which columns that say the same all count."""


def last_columns(design: Design, recorded: Recorded, right: NDArray[np.integer]) -> Scores:
    """Of the parts of all layers (column, row, line): how many columns went before this one. right: (wave,) classes; waves with none (-1)
    are left out. Raises ConfigError where no voter compares the columns."""
    network = design.network
    if network.voter is None or set(network.output_layers) != set(range(len(network.layers))):
        raise ConfigError(
            f"the columns of {design.name!r} are not all read by a voter",
            got="no voter" if network.voter is None else f"{len(network.layers)} layers, output layers {list(network.output_layers)}",
            allowed="a voter that reads every layer",
            next_step="--method use",
        )
    parts = [part for part in parts_of(design) if part.kind != VOTER]
    there = {p.stage: exists_in(design, p).any(axis=(1, 2)) for p in parts if p.kind == DISTAL}
    rank = _order(_votes(design, recorded), np.concatenate([there[n] for n in network.output_layers]), right)
    ends = dict(zip(network.output_layers, np.cumsum([network.layers[n].columns for n in network.output_layers]).tolist(), strict=True))
    return {p: np.broadcast_to(rank[ends[p.stage] - p.columns : ends[p.stage], None, None], p.shape).astype(float) for p in parts}


def _votes(design: Design, recorded: Recorded) -> NDArray[np.float32]:
    """(column, wave, class) what every column of the output layers gives to the classes, in parts of the largest."""
    network, voter, state = design.network, design.network.voter, design.state.voter
    assert voter is not None and state is not None and recorded.voter is not None
    spikes = recorded.voter != NO_SPIKE
    if voter.read == "votes":
        top, bottom = voter.fraction
        weights = state.weights.astype(np.int64)
        given = ((weights * bottom >= weights.max(axis=1, keepdims=True) * top) & state.mask).astype(np.float32)
    else:
        given = state.weights / np.float32(voter.w_max)
    strength = (spikes.astype(np.float32) @ given).reshape(len(spikes), voter.classes, -1)
    row = strength.argmax(axis=-1) + np.arange(voter.classes) * strength.shape[-1]  # of a class the segment that counts (rule R14)
    found, first = [], 0
    for layer in (network.layers[n] for n in network.output_layers):
        for _ in range(layer.columns):
            lines = slice(first, first + layer.column.lines)
            each = spikes[:, lines].astype(np.float32) @ given[lines]  # (wave, row)
            found.append(np.take_along_axis(each, row, axis=1))
            first = lines.stop
    return np.stack(found)


def _order(votes: NDArray[np.float32], there: NDArray[np.bool_], right: NDArray[np.integer]) -> Floats:
    """(column,) how many went before. there: which columns have a synapse; the others come first, together."""
    known = np.flatnonzero(right >= 0)
    votes = votes[:, known]
    ahead = (np.take_along_axis(votes, right[known][None, :, None], axis=2) - votes) / np.float32(SOFT)  # (column, wave, class)
    without = np.exp(ahead).reshape(len(votes), -1)
    lead = ahead.sum(axis=0)
    rank, left = np.zeros(len(votes)), there.copy()
    for step in range(int(there.sum())):
        doubt = np.exp(lead.min(axis=1, keepdims=True) - lead)  # of every class, scaled so that none overflows
        doubt /= doubt.sum(axis=1, keepdims=True)
        worst = int(np.where(left, without @ doubt.reshape(-1), np.inf).argmin())
        left[worst], rank[worst] = False, step
        lead -= ahead[worst]
    return rank
