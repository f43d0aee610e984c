"""What of a Design is simulated and synthesised in one go: all of it, or of each layer one column or dendrite."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.core.lines import lines_read
from neutnngen.engine import get_engine
from neutnngen.spec import (
    ColumnSpec,
    DenseWiring,
    Design,
    LayerSpec,
    NetworkSpec,
    NetworkState,
    blank_state,
)

WHOLE = 2600
"""Synapses up to which a Design is taken whole, and a column or else one of its dendrites."""
VOTER_LINES = 6
"""Lines of the voter that is synthesised for one with more; its area grows with the lines."""


@dataclass(frozen=True, eq=False)
class Piece:
    """design: what is built. count: how many such the whole has. what: the same in words. layer, column: where it is, None of a whole."""

    design: Design
    count: int
    what: str
    layer: int | None = None
    column: int = 0


def pieces(design: Design, whole: int = WHOLE) -> list[Piece]:
    """The Design itself, or a piece of every layer. whole: synapses up to which something is taken whole."""
    if design.synapses <= whole:
        return [Piece(design, 1, "whole")]
    found = []
    for number, layer in enumerate(design.network.layers):
        column = layer.columns // 2
        made = one_column(design, number, column)
        if made.synapses <= whole or layer.column.neurons * layer.column.dendrites == 1:
            found.append(Piece(made, layer.columns, f"one column of {layer.columns}", number, column))
        else:
            count = layer.columns * layer.column.neurons * layer.column.dendrites
            found.append(Piece(one_dendrite(made), count, f"one dendrite of {count:,}", number, column))
    return found


def _alone(name: str, spec: Any, arrays: dict[str, Any]) -> Design:
    """A column on lines of its own, distal first."""
    near = spec.proximal.inputs
    layer = LayerSpec(spec, DenseWiring(spec.inputs), DenseWiring(near, spec.inputs) if near else None)
    network = NetworkSpec(spec.inputs + near, (layer,), spec.t_res)
    state = dataclasses.replace(blank_state(network).layers[0], **arrays)
    return Design(name, network, NetworkState((state,)))


def one_column(design: Design, layer: int, column: int) -> Design:
    """A column of a layer as a network of its own, with its weights, biases and random state."""
    spec, state = design.network.layers[layer].column, design.state.layers[layer]
    names = ["distal", "distal_mask", "lfsr", "bias", *(["proximal", "proximal_mask"] if spec.proximal_w_max else [])]
    arrays: dict[str, Any] = {name: getattr(state, name)[column : column + 1] for name in names}
    return _alone(f"{design.name}_layer{layer}", spec, {**arrays, "learned": state.learned})


def one_dendrite(design: Design) -> Design:
    """The first dendrite of the first neuron of a network of one column, which then is a column of one neuron."""
    spec, state = design.network.layers[0].column, design.state.layers[0]
    alone = dataclasses.replace(spec, neurons=1, dendrites=1, k=1)
    arrays: dict[str, Any] = {name: getattr(state, name)[:, :1, :1] for name in ("distal", "distal_mask", "bias")}
    if spec.proximal.mode == "sum":
        arrays |= {name: getattr(state, name)[:, :1, :1] for name in ("proximal", "proximal_mask")}
    elif spec.proximal.mode == "soma":
        arrays |= {name: getattr(state, name)[:, :1] for name in ("proximal", "proximal_mask")}
    return _alone(f"{design.name}_dendrite", alone, {**arrays, "lfsr": state.lfsr, "learned": state.learned})


def voter_pair(design: Design) -> tuple[Design, Design, float] | None:
    """Two networks whose difference is the voter, and by how much its area has to be multiplied; None without a voter.

    Each has a column of one synapse for every line of the voter, up to ``VOTER_LINES``; the first has the voter too.
    """
    voter = design.network.voter
    if voter is None:
        return None
    lines = min(design.network.lines, VOTER_LINES)
    layer = LayerSpec(ColumnSpec(1, 1, 1, w_res=1), DenseWiring(1, columns=lines))  # type: ignore[arg-type]
    base = NetworkSpec(1, (layer,), 1)
    both = dataclasses.replace(base, voter=voter)
    made = [Design(f"{design.name}_{name}", network, blank_state(network)) for name, network in (("voter", both), ("lines", base))]
    return made[0], made[1], design.network.lines / lines


def piece_waves(design: Design, piece: Piece, waves: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What a piece sees of the Design's waves (wave, line)."""
    if piece.layer is None:
        return waves
    network, layer = design.network, design.network.layers[piece.layer]
    times = [waves]
    if piece.layer:
        layers = get_engine().run(design, waves, keep_layers=True).layers
        assert layers is not None
        times += layers[: piece.layer]
    seen = lines_read(network, times, layer.column.t_in_max)
    tables = [w.table()[piece.column] for w in (layer.wiring, layer.proximal_wiring) if w is not None]
    return np.ascontiguousarray(seen[:, np.concatenate(tables)])
