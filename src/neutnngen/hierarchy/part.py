"""Parts of networks that are chips of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from neutnngen.errors import ConfigError
from neutnngen.spec import NO_SPIKE, Design, ListWiring, NetworkState


def without_voter(design: Design) -> Design:
    """The Design's layers alone; its output lines are those of its last layer."""
    network = replace(design.network, voter=None)
    return replace(design, network=network, state=NetworkState(design.state.layers))


def first_columns(design: Design, count: int) -> Design:
    """A network of one layer with so many of its columns, in their order, on the same input lines, without its voter.

    Raises ConfigError where the network has more layers, or fewer columns.
    """
    network = design.network
    columns = network.layers[0].columns
    if len(network.layers) != 1 or not 1 <= count <= columns:
        raise ConfigError(
            "a part of a network is some columns of its one layer",
            got=f"{count} columns of {len(network.layers)} layers",
            allowed=f"1 … {columns} columns of one layer",
        )
    return some_columns(design, range(count))


def some_columns(design: Design, which: Sequence[int]) -> Design:
    """A network of one layer with these of its columns, on the same input lines, without its voter."""
    network, numbers = design.network, list(which)
    layer = network.layers[0]
    lines = tuple(tuple(row) for row in np.asarray(layer.wiring.table())[numbers].tolist())
    near = layer.proximal_wiring
    if near is not None:
        near = ListWiring(tuple(tuple(row) for row in np.asarray(near.table())[numbers].tolist()))
    state = design.state.layers[0]
    cut = {name: array[numbers] for name, array in vars(state).items() if isinstance(array, np.ndarray) and array.ndim}
    smaller = replace(layer, wiring=ListWiring(lines), proximal_wiring=near)
    alone = replace(network, layers=(smaller,), voter=None)
    return replace(design, network=alone, state=NetworkState((replace(state, **cut),)))


def common_column(design: Design, inputs: NDArray[np.uint8]) -> int:
    """The column of a network of one layer that sees most nearly as many spikes as the mean of all. inputs: (wave, line) spike times."""
    spikes = (np.asarray(inputs) != NO_SPIKE).sum(axis=0)
    seen = spikes[np.asarray(design.network.layers[0].wiring.table())].sum(axis=1)
    return int(np.argmin(np.abs(seen - seen.mean())))
