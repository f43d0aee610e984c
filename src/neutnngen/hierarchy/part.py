"""Parts of networks that are chips of their own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neutnngen.errors import ConfigError
from neutnngen.spec import Design, ListWiring, NetworkState


def without_voter(design: Design) -> Design:
    """The Design's layers alone; its output lines are those of its last layer."""
    network = replace(design.network, voter=None)
    return replace(design, network=network, state=NetworkState(design.state.layers))


def first_columns(design: Design, count: int) -> Design:
    """A network of one layer with so many of its columns, in their order, on the same input lines, without its voter.

    Raises ConfigError where the network has more layers, or fewer columns.
    """
    network = design.network
    layer = network.layers[0]
    if len(network.layers) != 1 or not 1 <= count <= layer.columns:
        raise ConfigError(
            "a part of a network is some columns of its one layer",
            got=f"{count} columns of {len(network.layers)} layers",
            allowed=f"1 … {layer.columns} columns of one layer",
        )
    lines = tuple(tuple(row) for row in np.asarray(layer.wiring.table())[:count].tolist())
    near = layer.proximal_wiring
    if near is not None:
        near = ListWiring(tuple(tuple(row) for row in np.asarray(near.table())[:count].tolist()))
    state = design.state.layers[0]
    cut = {name: array[:count] for name, array in vars(state).items() if isinstance(array, np.ndarray) and array.ndim}
    smaller = replace(layer, wiring=ListWiring(lines), proximal_wiring=near)
    alone = replace(network, layers=(smaller,), voter=None)
    return replace(design, network=alone, state=NetworkState((replace(state, **cut),)))
