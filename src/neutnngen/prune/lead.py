"""Which columns, or which segments, a voter can do without, one after another.

With C(i, c) what column i gives to class c in a wave, the right class r leads class c by the sum of C(i, r) − C(i, c). The doubt of a wave
is Σ exp(−lead / (SOFT · largest vote)) over all classes: 1 where the answer is safe. Every step takes the column away without which doubt
grows by the smallest factor, in the mean over the waves; so waves that are nearly lost, or just lost, decide. Segments are many, so they go
in groups: those first by which the doubts of all waves grow least for each synapse, to first order.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from neutnngen.errors import ConfigError
from neutnngen.prune.activity import Recorded
from neutnngen.prune.stages import DISTAL, VOTER, Floats, Scores, exists_in, parts_of
from neutnngen.spec import NO_SPIKE, Design

SOFT = 3.0
"""In votes, chosen on validation images: small looks at few waves, large at the mean lead, in which columns that say the same all count."""

SOFT_MARGIN = 1 / 7
"""The same for segments and a voter that learns with a margin (rule R14), in margins; chosen on held-back pairs of digits."""
GROUP = 0.03
"""Share of the segments left that goes in a step."""


def last_columns(design: Design, recorded: Recorded, right: NDArray[np.integer]) -> Scores:
    """Of the parts of all layers (column, row, line): how many columns went before this one. right: (wave,) classes; waves with none (-1)
    are left out. Raises ConfigError where no voter compares the columns."""
    network = design.network
    if network.voter is None or not _reads_all(design):
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


def last_segments(design: Design, recorded: Recorded, right: NDArray[np.integer]) -> Scores:
    """Of the parts of all layers (column, row, line): how many segments went before this one. right: as of ``last_columns``. Raises
    ConfigError where segments are not the lines of a voter with one segment for each class."""
    network, voter, state = design.network, design.network.voter, design.state.voter
    lines_are_segments = all(layer.column.output == "segments" for layer in network.layers)
    if voter is None or state is None or recorded.voter is None or voter.segments != 1 or not lines_are_segments or not _reads_all(design):
        raise ConfigError(
            f"the segments of {design.name!r} are not all read by a voter",
            got="no voter" if voter is None else f"{voter.segments} voter segments a class, outputs {network.layers[-1].column.output}",
            allowed="segments as output lines of every layer, and a voter of one segment for each class that reads them",
            next_step="--method use",
        )
    parts = [part for part in parts_of(design) if part.kind != VOTER]
    size = state.mask.sum(axis=1).astype(np.float64)  # of every line: synapses that go with its segment
    first = np.cumsum([0, *(network.layers[n].lines for n in network.output_layers)])
    lines = {n: slice(first[k], first[k + 1]) for k, n in enumerate(network.output_layers)}
    inside = np.zeros(len(size))
    for part in parts:
        inside[lines[part.stage]] += exists_in(design, part).sum(axis=-1).reshape(-1)
    soft = SOFT_MARGIN * voter.margin / voter.w_max or SOFT
    known = np.flatnonzero(right >= 0)
    spikes = csr_array((recorded.voter[known] != NO_SPIKE).astype(np.float32))
    rank = _order_of_lines(spikes, _given(design) / np.float32(soft), right[known], size + inside, inside > 0)
    return {part: np.broadcast_to(rank[lines[part.stage]].reshape(*part.shape[:2], 1), part.shape).copy() for part in parts}


def _order_of_lines(
    spikes: csr_array, given: NDArray[np.float32], right: NDArray[np.integer], size: Floats, there: NDArray[np.bool_]
) -> Floats:
    """(line,) how many went before. spikes: (wave, line). given: (line, class) votes in units of the softness. size: synapses of a line."""
    classes = given.shape[1]
    of_class = [np.flatnonzero(right == label) for label in range(classes)]
    heard = [csr_array(spikes[waves].T) for waves in of_class]
    votes = np.asarray(spikes @ given)
    rank, left, gone = np.zeros(len(size)), there.copy(), 0
    while left.any():
        grows = np.zeros(len(size))
        for label, (waves, lines) in enumerate(zip(of_class, heard, strict=True)):
            doubt = np.exp(np.minimum(votes[waves] - votes[waves, label][:, None], 10.0))
            doubt[:, label] = 0.0
            grows += (np.asarray(lines @ doubt) * (given[:, [label]] - given)).sum(axis=1)
        worth = np.where(left, grows / np.maximum(size, 1), np.inf)
        go = np.argsort(worth, kind="stable")[: max(1, int(GROUP * left.sum()))]
        rank[go] = gone + np.arange(len(go))
        gone += len(go)
        left[go] = False
        votes -= np.asarray(spikes[:, go] @ given[go])
    return rank


def _reads_all(design: Design) -> bool:
    return set(design.network.output_layers) == set(range(len(design.network.layers)))


def _given(design: Design) -> NDArray[np.float32]:
    """(line, row) what a line that spikes gives to a row of the voter, in parts of the largest."""
    voter, state = design.network.voter, design.state.voter
    assert voter is not None and state is not None
    if voter.read == "potential":
        return np.asarray(state.weights / np.float32(voter.w_max), dtype=np.float32)
    top, bottom = voter.fraction
    weights = state.weights.astype(np.int64)
    votes = (weights * bottom >= weights.max(axis=1, keepdims=True) * top) & state.mask
    return np.asarray(votes, dtype=np.float32)


def _votes(design: Design, recorded: Recorded) -> NDArray[np.float32]:
    """(column, wave, class) what every column of the output layers gives to the classes, in parts of the largest."""
    network, voter = design.network, design.network.voter
    assert voter is not None and recorded.voter is not None
    spikes, given = recorded.voter != NO_SPIKE, _given(design)
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
