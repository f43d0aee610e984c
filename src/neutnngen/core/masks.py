"""Which synapses exist (rule S4): segments that see only one block of the inputs, and pruning by a mask."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.errors import ConfigError
from neutnngen.spec import DendriticColumnSpec, Design


def block_mask(spec: DendriticColumnSpec, blocks: Sequence[tuple[int, int]]) -> NDArray[np.bool_]:
    """Bool mask of ``spec.distal_shape`` with which every segment sees one block of inputs only, for instance one modality.

    blocks: (first input, number of inputs) of each; they may overlap. The segments of every dendrite are dealt to the blocks in runs:
    segment s sees block ⌊s · blocks / segments⌋, so the runs are equal, or differ by one where the division has a rest. Raises
    ConfigError for a block that is not among the inputs, and for more blocks than segments or none.
    """
    if not 1 <= len(blocks) <= spec.segments:
        raise ConfigError("every block of inputs needs a segment", got=f"{len(blocks)} blocks", allowed=f"1 … {spec.segments} blocks")
    for number, (first, count) in enumerate(blocks):
        if first < 0 or count < 1 or first + count > spec.inputs:
            got, allowed = f"(first {first}, count {count})", f"inputs 0 … {spec.inputs - 1}, one or more"
            raise ConfigError(f"block {number} is not among the inputs", got=got, allowed=allowed)
    seen = np.zeros((spec.segments, spec.inputs), dtype=bool)
    for s in range(spec.segments):
        first, count = blocks[s * len(blocks) // spec.segments]
        seen[s, first : first + count] = True
    return np.broadcast_to(seen, spec.distal_shape).copy()


def apply_mask(design: Design, layer: int, distal: NDArray[np.bool_] | None = None, proximal: NDArray[np.bool_] | None = None) -> Design:
    """``design`` with synapses of one layer pruned where a mask is False; what was pruned before stays so.

    distal, proximal: bool of ``spec.distal_shape`` and ``spec.proximal_shape``, the same for every column, or with the column as first
    axis. Pruned synapses lose their weight (rule S4). Raises ConfigError for a layer that is not there and a mask that does not fit.
    """
    layers = design.state.layers
    if not 0 <= layer < len(layers):
        raise ConfigError("there is no such layer", got=layer, allowed=f"0 … {len(layers) - 1}")
    old = layers[layer]
    far = _pruned("distal", old.distal, old.distal_mask, distal)
    near = _pruned("proximal", old.proximal, old.proximal_mask, proximal)
    new = dataclasses.replace(old, distal=far[0], distal_mask=far[1], proximal=near[0], proximal_mask=near[1])
    return design.with_state(dataclasses.replace(design.state, layers=(*layers[:layer], new, *layers[layer + 1 :])))


def _pruned(name: str, weights: NDArray[np.uint8], exists: NDArray[np.bool_], mask: Any) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    if mask is None:
        return weights, exists
    keep = np.asarray(mask)
    if keep.dtype != bool or keep.shape not in (exists.shape, exists.shape[1:]):
        raise ConfigError(
            f"the {name} mask does not fit the layer",
            got=f"{keep.dtype} {keep.shape}",
            allowed=f"bool {exists.shape[1:]} or {exists.shape}",
        )
    left = exists & keep
    return np.where(left, weights, 0).astype(np.uint8), left
