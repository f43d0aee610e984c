"""What a network carries from wave to wave: weights, masks, random states, biases (rules T5, R12, R13)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.errors import ConfigError
from neutnngen.spec.network import LayerSpec, NetworkSpec, VoterSpec, column_seeds

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class LayerState:
    """State of a layer; the first axis is the column.

    distal: (column, neuron, dendrite, segment, input) uint8 weights. proximal: (column, …) uint8 with ``spec.proximal_shape``.
    distal_mask, proximal_mask: bool, False where a synapse was pruned (rule S4; its weight is 0). lfsr: (column,) uint64 random states.
    bias: (column, neuron, dendrite, segment) int64 of rule R12. learned: () int64, learning waves so far (its phase matters to R12).
    """

    distal: NDArray[np.uint8]
    distal_mask: NDArray[np.bool_]
    proximal: NDArray[np.uint8]
    proximal_mask: NDArray[np.bool_]
    lfsr: NDArray[np.uint64]
    bias: NDArray[np.int64]
    learned: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class VoterState:
    """State of a voter: weights (line, row) uint8, mask (line, row) bool, lfsr () uint64; rows are classes, or their segments (R14)."""

    weights: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    lfsr: NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class NetworkState:
    """One LayerState for every layer, and that of the voter if there is one."""

    layers: tuple[LayerState, ...]
    voter: VoterState | None = None

    def arrays(self) -> Iterator[tuple[str, Array]]:
        """All arrays by name (``layer0.distal`` …, ``voter.weights`` …), in a fixed order."""
        parts: list[tuple[str, LayerState | VoterState]] = [(f"layer{n}", layer) for n, layer in enumerate(self.layers)]
        if self.voter is not None:
            parts.append(("voter", self.voter))
        for prefix, part in parts:
            for f in fields(part):
                yield f"{prefix}.{f.name}", getattr(part, f.name)

    def equals(self, other: NetworkState) -> bool:
        """Whether every array is equal (rule A2)."""
        ours, theirs = dict(self.arrays()), dict(other.arrays())
        return ours.keys() == theirs.keys() and all(np.array_equal(a, theirs[name]) for name, a in ours.items())


def state_from_arrays(network: NetworkSpec, arrays: dict[str, Array]) -> NetworkState:
    """The reverse of ``NetworkState.arrays``; KeyError where one is missing."""

    def part(kind: type, prefix: str) -> Any:
        return kind(**{f.name: arrays[f"{prefix}.{f.name}"] for f in fields(kind)})

    layers = tuple(part(LayerState, f"layer{n}") for n in range(len(network.layers)))
    return NetworkState(layers, None if network.voter is None else part(VoterState, "voter"))


def blank_layer(layer: LayerSpec) -> LayerState:
    """All weights 0, every synapse present, seeds by column (``column_seeds``). Masks and biases are read-only views of one element."""
    spec, columns = layer.column, layer.columns
    return LayerState(
        np.zeros((columns, *spec.distal_shape), dtype=np.uint8),
        np.broadcast_to(np.True_, (columns, *spec.distal_shape)),
        np.zeros((columns, *spec.proximal_shape), dtype=np.uint8),
        np.broadcast_to(np.True_, (columns, *spec.proximal_shape)),
        column_seeds(spec.lfsr, columns),
        np.broadcast_to(np.int64(0), (columns, *spec.distal_shape[:3])),
        np.array(0, dtype=np.int64),
    )


def blank_voter(voter: VoterSpec, lines: int) -> VoterState:
    """All weights 0 and every synapse present."""
    shape = (lines, voter.rows)
    return VoterState(np.zeros(shape, dtype=np.uint8), np.broadcast_to(np.True_, shape), np.array(voter.lfsr.seed, dtype=np.uint64))


def blank_state(network: NetworkSpec) -> NetworkState:
    """All weights 0, every synapse present."""
    voter = None if network.voter is None else blank_voter(network.voter, network.lines)
    return NetworkState(tuple(blank_layer(layer) for layer in network.layers), voter)


def checked_state(network: NetworkSpec, state: NetworkState) -> NetworkState:
    """``state`` with every array in its own type. Raises ConfigError where a shape or a value is not legal."""
    if len(state.layers) != len(network.layers) or (state.voter is None) != (network.voter is None):
        raise ConfigError("the state is of another network", got=f"{len(state.layers)} layers", allowed=f"{len(network.layers)} layers")
    arrays = dict(state.arrays())
    for n, layer in enumerate(network.layers):
        spec, name = layer.column, f"layer {n}"
        limit = 0 if spec.homeostasis is None else spec.homeostasis.limit
        _check_weights(arrays, f"layer{n}.distal", f"layer{n}.distal_mask", (layer.columns, *spec.distal_shape), spec.w_max, name)
        near = (layer.columns, *spec.proximal_shape)
        _check_weights(arrays, f"layer{n}.proximal", f"layer{n}.proximal_mask", near, spec.proximal_w_max, name)
        _check_integers(arrays, f"layer{n}.lfsr", (layer.columns,), 1, (1 << spec.lfsr.width) - 1, np.uint64, f"{name}: random state")
        _check_integers(arrays, f"layer{n}.bias", (layer.columns, *spec.distal_shape[:3]), 0, limit, np.int64, f"{name}: bias (rule R12)")
        _check_integers(arrays, f"layer{n}.learned", (), 0, (1 << 62), np.int64, f"{name}: learned")
    if network.voter is not None:
        voter = network.voter
        _check_weights(arrays, "voter.weights", "voter.mask", (network.lines, voter.rows), voter.w_max, "the voter")
        _check_integers(arrays, "voter.lfsr", (), 1, (1 << voter.lfsr.width) - 1, np.uint64, "the voter: random state")
    return state_from_arrays(network, arrays)


def _check_integers(arrays: dict[str, Array], key: str, shape: tuple[int, ...], low: int, high: int, dtype: Any, what: str) -> None:
    array = np.asarray(arrays[key])
    if array.shape != shape:
        raise ConfigError(f"{what} has the wrong shape", got=array.shape, allowed=shape)
    if not np.issubdtype(array.dtype, np.integer):
        raise ConfigError(f"{what} must be integers (rule A1)", got=array.dtype, allowed="an integer type")
    if array.size and (int(array.min()) < low or int(array.max()) > high):
        raise ConfigError(f"{what} is out of range", got=f"{int(array.min())} … {int(array.max())}", allowed=f"{low} … {high}")
    arrays[key] = array.astype(dtype, copy=False)


def _check_weights(arrays: dict[str, Array], key: str, mask_key: str, shape: tuple[int, ...], w_max: int, what: str) -> None:
    _check_integers(arrays, key, shape, 0, w_max, np.uint8, f"{what}: {key.split('.')[1]} weight (rule S1)")
    mask = np.asarray(arrays[mask_key])
    if mask.shape != shape:
        raise ConfigError(f"{what}: mask has the wrong shape", got=mask.shape, allowed=shape)
    arrays[mask_key] = mask = mask.astype(bool, copy=False)
    if not mask.all() and bool((arrays[key][~mask] != 0).any()):
        raise ConfigError(f"{what}: a pruned synapse carries a weight (rule S4)", allowed="weight 0 wherever the mask is False")
