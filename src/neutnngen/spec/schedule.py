"""When the layers of a network compute within one wave of hardware, and how long a wave is (rules T3, T4, R7, L2).

A layer begins at the clock at which the last of those that it reads can first be heard: their base and one clock for the output's register.
Everything learns and clears together, in the wave's last clock.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neutnngen.spec.dendritic import DendriticColumnSpec
from neutnngen.spec.network import LayerSpec, NetworkSpec


def column_draws(spec: DendriticColumnSpec) -> int:
    """Draws of one set of random bits: five rules, then a level each, those of proximal weights of another width too (R7, R8)."""
    near = spec.proximal_w_max
    return 5 + spec.w_max + 1 + (near + 1 if near not in (0, spec.w_max) else 0)


def layer_draws(spec: DendriticColumnSpec) -> int:
    """Draws of a learning wave of a column: a set, or one for every line (rule R8); bits per synapse are for simulation only."""
    return column_draws(spec) * (spec.inputs + spec.proximal.inputs if spec.sharing == "line" else 1)


def lines_of_sources(network: NetworkSpec) -> list[list[int]]:
    """For every layer, how many distinct lines it reads of the inputs and of every layer before it."""
    found = []
    for number, layer in enumerate(network.layers):
        seen = np.zeros(network.line_offsets[number + 1], dtype=bool)
        for wiring in (layer.wiring, layer.proximal_wiring):
            if wiring is not None:
                seen[np.unique(wiring.table())] = True
        ends = network.line_offsets[1 : number + 2]
        found.append([int(seen[a:b].sum()) for a, b in zip((0, *ends[:-1]), ends, strict=True)])
    return found


def heard_from(network: NetworkSpec, starts: Sequence[int], layer: int) -> int:
    """Clock of the wave that is 0 for whoever reads ``layer`` alone; its outputs are registered."""
    return starts[layer] + network.layers[layer].rebase + 1


def layer_starts(network: NetworkSpec) -> list[int]:
    """First clock of every layer within the network's wave."""
    starts: list[int] = []
    for lines in lines_of_sources(network):
        starts.append(max((heard_from(network, starts, n) for n, count in enumerate(lines[1:]) if count), default=0))
    return starts


def voter_start(network: NetworkSpec, starts: Sequence[int]) -> int:
    """First clock of the voter's window: that of the last output layer to be heard."""
    return max(heard_from(network, starts, number) for number in network.output_layers)


def own_clocks(layer: LayerSpec) -> int:
    """Unit clocks in which something can happen in a layer, from its start (rules T3, P3)."""
    return max(layer.column.horizon, layer.column.last_time + 1)
