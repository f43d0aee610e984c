"""The synapses of a Design stage by stage (layers, then the voter) as arrays of one form, whatever their rows belong to.

A *row* is a segment with its distal and summed proximal synapses, a proximal segment of a soma, or a row of the voter. Every kind of
synapse of a stage is a ``Part``: arrays (column, row, line).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from neutnngen.errors import ConfigError
from neutnngen.spec import Design, NetworkState

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

DISTAL, PROXIMAL, VOTER = "distal", "proximal", "voter"


@dataclass(frozen=True)
class Part:
    """One kind of synapse of a stage. stage: layers are 0, 1, …, the voter is the last. kind: DISTAL, PROXIMAL or VOTER.

    columns, rows, lines: of its arrays (column, row, line). segments, dendrites: of a dendrite and of a neuron. w_max: largest weight.
    summed: proximal synapses whose rows are those of the distal part (rule P1).
    """

    stage: int
    kind: str
    columns: int
    rows: int
    lines: int
    segments: int
    dendrites: int
    w_max: int
    summed: bool = False

    @property
    def shape(self) -> tuple[int, int, int]:
        """(column, row, line)."""
        return self.columns, self.rows, self.lines


Keep = dict[Part, Bools]
"""For parts, (column, row, line) which synapses stay."""
Scores = dict[Part, Floats]
"""For parts, (column, row, line) what a synapse is worth: what is worth least goes first. nan where there is none."""


def parts_of(design: Design) -> tuple[Part, ...]:
    """All parts that have synapses, stage by stage."""
    found = []
    for n, layer in enumerate(design.network.layers):
        spec = layer.column
        rows = prod(spec.distal_shape[:3])
        found.append(Part(n, DISTAL, layer.columns, rows, spec.inputs, spec.segments, spec.dendrites, spec.w_max))
        if spec.proximal_w_max:
            soma = spec.proximal.mode == "soma"
            near = prod(spec.proximal_shape[:-1])
            segments, dendrites = (spec.proximal.segments, 1) if soma else (spec.segments, spec.dendrites)
            found.append(Part(n, PROXIMAL, layer.columns, near, spec.proximal.inputs, segments, dendrites, spec.proximal_w_max, not soma))
    voter = design.network.voter
    if voter is not None:
        found.append(Part(len(design.network.layers), VOTER, 1, voter.rows, design.network.lines, voter.segments, 1, voter.w_max))
    return tuple(found)


def weights_in(design: Design, part: Part) -> NDArray[np.uint8]:
    """(column, row, line) weights."""
    return _read(design, part, "weights" if part.kind == VOTER else part.kind)


def exists_in(design: Design, part: Part) -> Bools:
    """(column, row, line) which synapses exist (rule S4)."""
    return _read(design, part, "mask" if part.kind == VOTER else f"{part.kind}_mask").astype(bool)


def _read(design: Design, part: Part, name: str) -> NDArray[np.uint8]:
    if part.kind == VOTER:
        assert design.state.voter is not None
        return np.asarray(getattr(design.state.voter, name)).T[None]
    return np.asarray(getattr(design.state.layers[part.stage], name)).reshape(part.shape)


def density(design: Design) -> float:
    """Synapses that exist, as a share of those that the structure has."""
    return design.synapses / design.network.synapses


def stage_synapses(design: Design) -> tuple[int, ...]:
    """Synapses that exist of every stage: layers, then the voter."""
    counts = [0] * design.network.stages
    for part in parts_of(design):
        counts[part.stage] += int(exists_in(design, part).sum())
    return tuple(counts)


def with_masks(design: Design, keep: Keep, grown: dict[Part, NDArray[np.uint8]] | None = None) -> Design:
    """``design`` with only the synapses that ``keep`` says, in the parts that it names; what is not there stays so unless it is grown.

    grown: (column, row, line) weights of synapses that are to be there again, for parts of ``keep``; 0 for all others. Pruned ones lose
    their weight (rule S4). Raises ConfigError for a mask that does not fit.
    """
    layers, voter = list(design.state.layers), design.state.voter
    for part, mask in keep.items():
        if mask.shape != part.shape or mask.dtype != bool:
            raise ConfigError(f"the {part.kind} mask does not fit stage {part.stage}", got=f"{mask.dtype} {mask.shape}", allowed=part.shape)
        new = np.zeros(part.shape, dtype=np.uint8) if grown is None or part not in grown else grown[part]
        exists = (exists_in(design, part) | (new > 0)) & mask
        weights = np.where(exists, np.where(new > 0, new, weights_in(design, part)), 0).astype(np.uint8)
        if part.kind == VOTER:
            assert voter is not None
            voter = dataclasses.replace(voter, weights=weights[0].T.copy(), mask=exists[0].T.copy())
            continue
        old = layers[part.stage]
        shape = getattr(old, part.kind).shape
        values = {part.kind: weights.reshape(shape), f"{part.kind}_mask": exists.reshape(shape)}
        layers[part.stage] = dataclasses.replace(old, **values)
    return design.with_state(NetworkState(tuple(layers), voter))


def drop_dead(design: Design) -> Design:
    """``design`` without synapses that can do nothing any more, as they follow from its masks; its answers stay the same.

    These are the synapses of a segment that cannot reach θ with all its weights at their largest, and those on a line that can never
    spike, because every segment behind it is of that kind. A soma's dendrites are left alone.
    """
    network = design.network
    alive = np.ones(network.line_offsets[-1] + network.layers[-1].lines, dtype=bool)  # of all lines: inputs, then layer after layer
    found = {part: exists_in(design, part) for part in parts_of(design)}
    for n, layer in enumerate(network.layers):
        spec = layer.column
        of_stage = {part.kind: part for part in found if part.stage == n}
        far, near = of_stage[DISTAL], of_stage.get(PROXIMAL)
        found[far] &= alive[layer.wiring.table()][:, None, :]
        reach = found[far].sum(axis=-1) * far.w_max  # (column, row)
        if near is not None and layer.proximal_wiring is not None:
            found[near] &= alive[layer.proximal_wiring.table()][:, None, :]
            if spec.proximal.mode == "sum":
                reach = reach + found[near].sum(axis=-1) * near.w_max
        if spec.proximal.mode == "soma":
            continue
        fires = reach >= spec.threshold
        found[far] &= fires[..., None]
        if near is not None and spec.teacher is None:
            found[near] &= fires[..., None]
        lines = fires if spec.output == "segments" else fires.reshape(layer.columns, spec.neurons, -1).any(axis=-1)
        first = network.line_offsets[n + 1]
        alive[first : first + layer.lines] = lines.reshape(-1)
    for part in found:
        if part.kind == VOTER:
            outputs = [alive[network.line_offsets[n + 1] :][: network.layers[n].lines] for n in network.output_layers]
            found[part] &= np.concatenate(outputs)[None, None, :]
    return with_masks(design, found)


def grounded(design: Design) -> Design:
    """``design`` with the smallest weight of every line of a dense voter by potentials (rule R14) taken off all weights of that line.

    Such a voter compares sums over the same lines, so what all rows of a line have in common decides nothing: the class is the same, and
    a small weight now means that little is lost with it. A voter by votes, or one that is pruned already, stays as it is.
    """
    voter, state = design.network.voter, design.state.voter
    if voter is None or state is None or voter.read != "potential" or not state.mask.all():
        return design
    weights = (state.weights - state.weights.min(axis=1, keepdims=True)).astype(np.uint8)
    return design.with_state(dataclasses.replace(design.state, voter=dataclasses.replace(state, weights=weights)))
