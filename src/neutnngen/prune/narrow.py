"""A pruned Design without the input lines or columns that have no synapse any more, so that a smaller one is built and not a sparse one."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neutnngen.spec import Design, LayerSpec, LayerState, ListWiring, NetworkState, Wiring


@dataclass(frozen=True, eq=False)
class Narrowed:
    """design: on the lines that are left. lines: their numbers among those of the Design that was given."""

    design: Design
    lines: NDArray[np.int64]

    def waves(self, waves: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """What the narrowed Design sees of waves (wave, line) of the given one."""
        return np.ascontiguousarray(waves[:, self.lines])


def narrowed(design: Design) -> Narrowed:
    """A classic column (rule C2) on the lines that it still reads, a network without the columns that have no synapse (``fewer_columns``),
    on all its lines. Every answer is the same, and every weight after learning where the synapses of a column or of the voter share their
    random bits (rule R8)."""
    if design.network.classic is None:
        return Narrowed(fewer_columns(design), np.arange(design.network.inputs))
    column, mask = design.column, design.mask
    lines = np.flatnonzero(mask.any(axis=0))
    lines = lines if len(lines) else np.arange(1)
    spec = dataclasses.replace(column, inputs=len(lines), threshold=min(column.threshold, len(lines) * column.w_max))
    made = Design.of_column(
        design.name,
        spec,
        design.weights[:, lines],
        mask[:, lines],
        design.lfsr_state,
        {**design.provenance, "narrowed": {"inputs": column.inputs, "lines": lines.tolist()}},
    )
    return Narrowed(made, lines)


def fewer_columns(design: Design) -> Design:
    """``design`` without the columns that have no synapse, in every layer behind which no layer reads; at least one column of a layer
    stays. The lines of the others are numbered anew, and the voter loses the rest."""
    network, state = design.network, design.state
    layers, states, left = list(network.layers), list(state.layers), {}
    for n, layer in enumerate(network.layers):
        if _read_later(design, n):
            continue
        there = state.layers[n].distal_mask.any(axis=(1, 2, 3, 4)) | state.layers[n].proximal_mask.reshape(layer.columns, -1).any(axis=1)
        left[n] = np.flatnonzero(there) if there.any() else np.arange(1)
        if not there.all():
            layers[n], states[n] = _columns_of(layer, left[n]), _state_of(state.layers[n], left[n])
    voter, at = state.voter, 0
    if voter is not None:
        rows = []
        for n in network.output_layers:
            lines = np.arange(network.layers[n].lines).reshape(network.layers[n].columns, -1)
            rows.append(at + lines[left.get(n, slice(None))].reshape(-1))
            at += lines.size
        chosen = np.concatenate(rows)
        voter = dataclasses.replace(voter, weights=voter.weights[chosen], mask=voter.mask[chosen])
    columns = {"columns": [layer.columns for layer in network.layers], "left": {str(n): found.tolist() for n, found in left.items()}}
    return dataclasses.replace(
        design,
        network=dataclasses.replace(network, layers=tuple(layers)),
        state=NetworkState(tuple(states), voter),
        provenance={**design.provenance, "narrowed": columns},
    )


def _read_later(design: Design, layer: int) -> bool:
    """Whether a later layer reads lines of this one or behind it, which would get other numbers."""
    network = design.network
    tables = [w.table() for one in network.layers[layer + 1 :] for w in (one.wiring, one.proximal_wiring) if w is not None]
    return any(int(table.max()) >= network.line_offsets[layer + 1] for table in tables)


def _columns_of(layer: LayerSpec, chosen: NDArray[np.int64]) -> LayerSpec:
    near = layer.proximal_wiring
    return dataclasses.replace(layer, wiring=_listed(layer.wiring, chosen), proximal_wiring=None if near is None else _listed(near, chosen))


def _listed(wiring: Wiring, chosen: NDArray[np.int64]) -> ListWiring:
    return ListWiring(tuple(map(tuple, wiring.table()[chosen].tolist())))


def _state_of(state: LayerState, chosen: NDArray[np.int64]) -> LayerState:
    """Everything but ``learned`` is of a column."""
    return dataclasses.replace(state, **{f.name: getattr(state, f.name)[chosen] for f in dataclasses.fields(state) if f.name != "learned"})
