"""Initial weights by a stated rule (rule R13): constant, seeded uniform, or copied from samples.

Every rule returns an Initial: a new state, whose pruned synapses keep weight 0 (rule S4) and whose random states, biases and counts are
those of the state it began with, and the rule as JSON values for the Design's provenance.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.core.lines import lines_read
from neutnngen.errors import ConfigError
from neutnngen.spec import NO_SPIKE, DendriticColumnSpec, Design, NetworkSpec, NetworkState, blank_state
from neutnngen.spec.state import state_from_arrays

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Initial:
    """A state and the rule that made its weights, as JSON values."""

    state: NetworkState
    rule: dict[str, Any]

    def design(self, design: Design) -> Design:
        """``design`` in this state, the rule in its provenance under ``initial_weights``."""
        return dataclasses.replace(design, state=self.state, provenance={**design.provenance, "initial_weights": self.rule})


def constant_weights(network: NetworkSpec, weight: int | Sequence[int], *, state: NetworkState | None = None) -> Initial:
    """Every weight the same.

    weight: for all weights, or one for each weight array: the distal and, where there are any, the proximal weights of layer 0, of layer
    1, …, then the voter's. state: whose masks count and whose other values are kept; blank if not given. Raises ConfigError for a number
    of weights that does not fit and for a weight outside 0 … w_max (rule S1).
    """
    places = _places(network)
    values = [weight] * len(places) if isinstance(weight, (int, np.integer)) else list(weight)
    if len(values) != len(places):
        raise ConfigError("the number of initial weights does not fit", got=len(values), allowed=f"{len(places)}: {', '.join(places)}")
    for (name, w_max), value in zip(places.items(), values, strict=True):
        if isinstance(value, bool) or not 0 <= value <= w_max:
            raise ConfigError(f"the initial weight of {name} is out of range (rule S1)", got=value, allowed=f"0 … {w_max}")
    base = blank_state(network) if state is None else state
    made = {name: np.full(_array(base, name).shape, value) for name, value in zip(places, values, strict=True)}
    rule = {"rule": "constant", "weights": {name: int(value) for name, value in zip(places, values, strict=True)}}
    return Initial(_with_weights(network, base, made), rule)


def uniform_weights(network: NetworkSpec, seed: int, *, state: NetworkState | None = None) -> Initial:
    """Uniform over 0 … w_max, from one generator through all layers (distal, then proximal weights) and the voter.

    Pruned synapses take a draw too, so a mask does not move the weights of others. state: see ``constant_weights``. Raises ConfigError for
    a negative seed.
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ConfigError("the seed of the initial weights is not legal", got=seed, allowed="an integer ≥ 0")
    base = blank_state(network) if state is None else state
    rng = np.random.default_rng(seed)
    made = {name: rng.integers(0, w_max + 1, _array(base, name).shape, dtype=np.uint8) for name, w_max in _places(network).items()}
    return Initial(_with_weights(network, base, made), {"rule": "uniform", "seed": int(seed), "generator": "numpy default_rng"})


def weights_of_times(times: NDArray[np.uint8], t_in_max: int, w_max: int) -> NDArray[np.uint8]:
    """w = w_max - ⌊x · w_max / t_in_max⌋, earlier spikes larger; 0 for no spike. Any shape."""
    strength = w_max - times.astype(np.int64) * w_max // t_in_max
    return np.where(times == NO_SPIKE, 0, strength).astype(np.uint8)


def samples_needed(column: DendriticColumnSpec, labelled: bool) -> tuple[int, int]:
    """(classes, samples of each class) that ``sample_weights`` copies; one class if there are no labels."""
    if labelled and _lines_are_classes(column):
        return column.segments, 1
    per_class = max(column.segments, column.proximal.segments if column.proximal.mode == "soma" else 0)
    return (column.neurons if labelled else 1), per_class


def sample_numbers(column: DendriticColumnSpec, count: int, labels: Array | None = None) -> NDArray[np.int64]:
    """(neuron, segment): which of ``count`` samples each segment copies, whatever its dendrite; proximal segments likewise.

    Without labels sample r goes to segment r. With labels, (sample,) integers, segment r of neuron c copies the r-th sample of class c; of
    a column whose segments are its lines (rule C2), segment c copies the first sample of class c. Raises ConfigError where there are
    too few samples, naming the class.
    """
    classes, wanted = samples_needed(column, labels is not None)
    if labels is not None and np.shape(labels) != (count,):
        raise ConfigError("the labels of the samples have the wrong shape", got=np.shape(labels), allowed=f"({count},)")
    rows = []
    for c in range(classes):
        found = np.arange(count) if labels is None else np.flatnonzero(np.asarray(labels) == c)
        if len(found) < wanted:
            whose = "" if labels is None else f" of class {c}"
            raise ConfigError(f"there are too few samples{whose} for the segments (rule R13)", got=len(found), allowed=f"{wanted} or more")
        rows.append(found[:wanted])
    numbers = np.array(rows, dtype=np.int64)
    if labels is None:
        return np.broadcast_to(numbers, (column.neurons, wanted))
    return numbers.reshape(1, -1) if _lines_are_classes(column) else numbers


def _lines_are_classes(column: DendriticColumnSpec) -> bool:
    """Whether the column is one dendrite whose segments are its lines, which labels then name (rule C2)."""
    return column.output == "segments" and (column.neurons, column.dendrites) == (1, 1)


def sample_weights(
    network: NetworkSpec, state: NetworkState, layer: int, times: Sequence[NDArray[np.uint8]], labels: Array | None = None
) -> Initial:
    """Segments of one layer copy samples: ``sample_numbers`` says which, ``weights_of_times`` how.

    times: the inputs and then the outputs of layer 0 … ``layer`` - 1 before re-basing, each (sample, line) uint8. Distal and proximal
    weights copy what their own lines carry; other layers and the voter stay as they are in ``state``. Raises ConfigError for a layer that
    is not there, for missing times and for too few samples.
    """
    if not 0 <= layer < len(network.layers):
        raise ConfigError("there is no such layer", got=layer, allowed=f"0 … {len(network.layers) - 1}")
    widths = [network.inputs, *(one.lines for one in network.layers[:layer])]
    if [np.shape(part)[1:] for part in times] != [(width,) for width in widths]:
        raise ConfigError(
            "the times of the samples do not fit", got=[np.shape(p) for p in times], allowed=f"(sample, line) of {widths} lines"
        )
    spec = network.layers[layer]
    column = spec.column
    seen = lines_read(network, times, column.t_in_max)
    numbers = sample_numbers(column, len(seen), labels)
    far = seen[:, spec.wiring.table()][numbers[:, : column.segments]]  # (neuron, segment, column, input)
    made = {f"layer{layer}.distal": _per_dendrite(weights_of_times(far, column.t_in_max, column.w_max), column.dendrites)}
    if spec.proximal_wiring is not None:
        near = weights_of_times(seen[:, spec.proximal_wiring.table()], column.t_in_max, column.proximal_w_max)
        if column.proximal.mode == "soma":
            made[f"layer{layer}.proximal"] = np.moveaxis(near[numbers[:, : column.proximal.segments]], 2, 0)
        else:
            made[f"layer{layer}.proximal"] = _per_dendrite(near[numbers[:, : column.segments]], column.dendrites)
    rule = {"rule": "samples", "layers": [layer], "labelled": labels is not None, "weight": "w_max - floor(x * w_max / t_in_max)"}
    return Initial(_with_weights(network, state, made), rule)


def _per_dendrite(weights: Array, dendrites: int) -> Array:
    """From (neuron, segment, column, line) to (column, neuron, dendrite, segment, line), the same for every dendrite."""
    moved = np.moveaxis(weights, 2, 0)[:, :, None]
    return np.broadcast_to(moved, (*moved.shape[:2], dendrites, *moved.shape[3:]))


def _places(network: NetworkSpec) -> dict[str, int]:
    """Largest weight of every weight array that is not empty, by its name in ``NetworkState.arrays``."""
    places: dict[str, int] = {}
    for n, layer in enumerate(network.layers):
        places[f"layer{n}.distal"] = layer.column.w_max
        if layer.column.proximal_w_max:
            places[f"layer{n}.proximal"] = layer.column.proximal_w_max
    if network.voter is not None:
        places["voter.weights"] = network.voter.w_max
    return places


def _array(state: NetworkState, name: str) -> Array:
    return dict(state.arrays())[name]


def _with_weights(network: NetworkSpec, state: NetworkState, made: dict[str, Array]) -> NetworkState:
    """``state`` with other weights, 0 where a synapse was pruned."""
    arrays = dict(state.arrays())
    for name, weights in made.items():
        mask = arrays["voter.mask" if name == "voter.weights" else f"{name}_mask"]
        arrays[name] = np.where(mask, weights, 0).astype(np.uint8)
    return state_from_arrays(network, arrays)
