"""What each synapse is worth, by six measures; what is worth least is pruned first.

weight: w / w_max, no waves needed; ``keep everything above w_th`` is a fraction of this order.
use: what the synapse had contributed to the potential of its segment when that fired and decided an answer (rules S2…S4, G1), summed over
waves. A synapse of a segment that never wins, or that arrives after the spike, has none.
information: the number of waves whose answer would be another without this one synapse; then, of equal ones, the number in which the
answer would only be later; then use. Exact for one synapse at a time, nothing is approximated by gradients.
taught: use while every wave enables the neurons of its label alone (rule P2), as in learning: what a neuron needs to know its own class.
lead: of whole columns that a voter reads. They are taken away one by one, each time the one without which the right class leads best
(``neutnngen.prune.lead``); what goes later is worth more, so of columns that say the same one stays. Or of whole segments, where those are
the lines of the voter; its own synapses are then worth their use.
random: a seeded draw, the control.
Equal ones are put into a seeded random order by all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array

from neutnngen.engine import get_engine
from neutnngen.errors import ConfigError, unknown_name
from neutnngen.prune.activity import Recorded, Wins, batches, decided_by, ramps, record, seen_by, soma_wins, wins_of
from neutnngen.prune.lead import last_columns, last_segments
from neutnngen.prune.select import Structure
from neutnngen.prune.stages import DISTAL, PROXIMAL, VOTER, Floats, Part, Scores, exists_in, parts_of, weights_in
from neutnngen.spec import NO_SPIKE, Design

Method = Literal["weight", "use", "information", "taught", "lead", "random"]
METHODS: tuple[Method, ...] = ("weight", "use", "information", "taught", "lead", "random")
MEASURED: tuple[Method, ...] = ("use", "information", "taught", "lead")
"""Those that look at waves."""
MOST = 256
"""Above the largest weight, so above what a synapse can contribute in a wave."""

Waves = NDArray[np.uint8]


def scored(
    design: Design,
    method: Method,
    waves: Waves | None = None,
    seed: int = 0,
    labels: NDArray[np.integer] | None = None,
    structure: Structure = "column",
) -> Scores:
    """(column, row, line) of every part what its synapses are worth; nan where there is none. Larger is kept longer.

    waves: (wave, input) uint8, which ``MEASURED`` need. labels: (wave,) classes for *taught* and *lead*, the network's own answers if not
    given. structure: whose lead is measured, *column* or *segment*. Parts are comparable by *weight*, *random* and *information*; *use* and
    *taught* count potential. Raises ConfigError for an unknown method, for missing waves, and for a network without what the method looks
    at.
    """
    if method not in METHODS:
        raise unknown_name("there is no such method of pruning", method, METHODS)
    if method in MEASURED and (waves is None or not len(waves)):
        raise ConfigError(f"pruning by {method} measures on training waves", got="none", allowed="(wave, input) spike times")
    rng = np.random.default_rng(seed)
    found: Scores = {part: np.zeros(part.shape) for part in parts_of(design)}
    if method == "weight":
        found = {part: weights_in(design, part) / part.w_max for part in found}
    elif waves is not None and method == "lead":
        recorded = record(design, waves)
        right = recorded.winners if labels is None else np.asarray(labels)
        found.update((last_segments if structure == "segment" else last_columns)(design, recorded, right))
        for part in found:
            if part.kind == VOTER and structure == "segment":
                found[part] = _voter_use(design, part, recorded)
    elif waves is not None and method in MEASURED:
        recorded = record(design, waves, taught_by(design, waves, labels) if method == "taught" else None)
        for n, layer in enumerate(design.network.layers):
            if method != "information" and layer.column.proximal.mode != "soma":
                _use_of_layer(design, n, recorded, found)
            else:
                _score_layer(design, n, recorded, _information if method == "information" else _use, found)
        for part in found:
            if part.kind == VOTER:
                found[part] = _voter_information(design, part, recorded) if method == "information" else _voter_use(design, part, recorded)
    step = 0.001 if method == "weight" else 0.5
    for part, values in found.items():
        order = rng.random(part.shape)
        mixed = values + order * step  # less than any difference: weights have up to 8 bits, use and information are integers
        found[part] = np.where(exists_in(design, part), order if method == "random" else mixed, np.nan)
    return found


def taught_by(design: Design, waves: Waves, labels: NDArray[np.integer] | None) -> NDArray[np.bool_]:
    """(wave, neuron) enable lines by labels, or by the network's own answers. Raises ConfigError where nothing is enabled."""
    enables = design.network.enables
    if not enables:
        raise ConfigError(
            f"no neuron of {design.name!r} is enabled by a label",
            got="no enable lines",
            allowed="a network with enable lines (rule P2)",
            next_step="--method use",
        )
    known = get_engine().open(design).run(waves).winners if labels is None else np.asarray(labels)
    return np.asarray(known[:, None] == np.arange(enables))


Measure = Callable[[Wins, torch.Tensor, torch.Tensor, str, int], torch.Tensor]
"""(wins, weights (count, line), times (count, line), response, waves) → (count, line) float64 worth of each input of the winning row."""


def _score_layer(design: Design, layer: int, recorded: Recorded, measure: Measure, found: Scores) -> None:
    spec = design.network.layers[layer].column
    parts = {part.kind: part for part in found if part.stage == layer}
    count = len(recorded.winners)
    for rows in batches(design, layer, count):
        seen = seen_by(design, recorded, layer, rows)
        wins = wins_of(design, layer, seen, recorded.layers[layer][rows])
        _add(found, parts[DISTAL], design, wins, wins.distal, measure, count)
        if spec.proximal.mode == "sum" and wins.proximal is not None:
            _add(found, parts[PROXIMAL], design, wins, wins.proximal, measure, count)
        if spec.proximal.mode == "soma":
            near = soma_wins(design, layer, seen, parts[PROXIMAL])
            _add(found, parts[PROXIMAL], design, near, near.distal, measure, count)


def _add(found: Scores, part: Part, design: Design, wins: Wins, times: torch.Tensor, measure: Measure, count: int) -> None:
    weights = torch.from_numpy(weights_in(design, part).copy())
    response = design.network.layers[part.stage].column.response
    step = max(1, (1 << 22) // max(1, times.shape[1] * wins.potential.shape[1]))
    for start in range(0, len(wins.row), step):
        some = wins.part(slice(start, start + step))
        worth = measure(some, weights[some.column, some.row], times[start : start + step], response, count)
        _gather(found[part], some.column.numpy(), some.row.numpy(), worth.numpy())


def _gather(into: Floats, column: NDArray[np.integer], row: NDArray[np.integer], worth: NDArray[Any]) -> None:
    """Add each of ``worth`` (…, line) to its row of ``into`` (column, row, line); a product by a sparse matrix, for speed."""
    rows = column.astype(np.int64) * into.shape[1] + row
    which = csr_array((np.ones(len(rows)), rows, np.arange(len(rows) + 1)), shape=(len(rows), into.shape[0] * into.shape[1]))
    into += (which.T @ worth.astype(np.float64)).reshape(into.shape)


def _use_of_layer(design: Design, layer: int, recorded: Recorded, found: Scores) -> None:
    """``_use`` without what only rivals are needed for."""
    spec = design.network.layers[layer].column
    parts = {part.kind: part for part in found if part.stage == layer}
    for one in decided_by(design, recorded, layer):
        for kind, times in ((DISTAL, one.distal), (PROXIMAL, one.proximal)):
            if times is None:
                continue
            weights = weights_in(design, parts[kind])[one.column, one.row].astype(np.int16)
            age = np.maximum(one.time[:, None].astype(np.int16) - times.astype(np.int16) + 1, 0)
            worth = np.minimum(age, weights) if spec.response == "rnl" else np.where(age > 0, weights, 0)
            _gather(found[parts[kind]], one.column, one.row, worth)


def _use(wins: Wins, weights: torch.Tensor, times: torch.Tensor, response: str, waves: int) -> torch.Tensor:
    del waves
    return ramps(wins.time[:, None].to(torch.int16), times, weights, response).to(torch.float64)


def _information(wins: Wins, weights: torch.Tensor, times: torch.Tensor, response: str, waves: int) -> torch.Tensor:
    horizon = wins.potential.shape[1]
    clocks = torch.arange(horizon, dtype=torch.int16)
    left = wins.potential[:, None, :] - ramps(clocks, times[..., None], weights[..., None], response)  # (count, line, clock)
    late = (left < wins.bar[:, None, None]).sum(dim=-1)
    level = left.gather(-1, late.clamp(max=horizon - 1)[..., None]).squeeze(-1).to(torch.int64)
    used = ramps(wins.time[:, None].to(torch.int16), times, weights, response)
    return _ranked(wins.changes(late, level), late > wins.time[:, None], used, waves)


def _ranked(changed: torch.Tensor, delayed: torch.Tensor, used: torch.Tensor, waves: int) -> torch.Tensor:
    """One number by which changes come first, then delays, then use, also after it has been summed over the waves."""
    more = waves + 1.0
    return (changed.to(torch.float64) * more + delayed.to(torch.float64)) * (more * MOST) + used.to(torch.float64)


def _voter_use(design: Design, part: Part, recorded: Recorded) -> Floats:
    """How often a line spiked, times the weight where the row decided the answer."""
    spikes, winning = _voter_waves(design, recorded)
    counts = winning.T.astype(np.float64) @ spikes.astype(np.float64)  # (row, line)
    return np.asarray((counts * weights_in(design, part)[0])[None])


def _voter_information(design: Design, part: Part, recorded: Recorded) -> Floats:
    """How often the named class would lose its lead without the synapse (rules R10, R14)."""
    voter, votes = design.network.voter, recorded.votes
    assert voter is not None and votes is not None
    spikes, winning = _voter_waves(design, recorded)
    weights = weights_in(design, part)[0].astype(np.int64)  # (row, line)
    if voter.read == "votes":
        top, bottom = voter.fraction
        weights = ((weights * bottom >= weights.max(axis=0) * top) & exists_in(design, part)[0]).astype(np.int64)  # a vote
    ordered = np.sort(votes, axis=1)
    lead = ordered[:, -1] - (ordered[:, -2] if votes.shape[1] > 1 else 0)
    found = np.zeros(part.shape)
    for wave, row in zip(*np.nonzero(winning), strict=True):
        lines = np.flatnonzero(spikes[wave])
        w = weights[row, lines]
        found[0, row, lines] += _ranked(torch.from_numpy(w > lead[wave]), torch.zeros(len(w)), torch.from_numpy(w), len(spikes)).numpy()
    return found


def _voter_waves(design: Design, recorded: Recorded) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(wave, line) which lines the voter sees spike, and (wave, row) which row decided the answer."""
    voter, state = design.network.voter, design.state.voter
    assert voter is not None and state is not None and recorded.voter is not None
    spikes = recorded.voter != NO_SPIKE
    potential = (spikes.astype(np.int64) @ state.weights.astype(np.int64)).reshape(len(spikes), voter.classes, -1)
    best = potential.argmax(axis=-1)  # (wave, class) the first of equal ones
    named = recorded.winners
    row = named * potential.shape[-1] + np.take_along_axis(best, np.maximum(named, 0)[:, None], axis=1)[:, 0]
    return spikes, (np.arange(voter.rows) == row[:, None]) & (named >= 0)[:, None]
