"""Small columns that together use every option of a classic column; `neutnngen verify --formal` proves them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neutnngen.spec import ColumnSpec, Design, StdpSpec

COLUMNS: dict[str, ColumnSpec] = {
    "ramps": ColumnSpec(2, 2, 3),
    "largest": ColumnSpec(2, 2, 4, tie="largest_potential", stdp=StdpSpec(stabiliser="classic", at_max=1)),
    "steps": ColumnSpec(3, 2, 5, response="snl", stdp=StdpSpec(stabiliser="off")),
    "largest_step": ColumnSpec(2, 3, 3, t_res=2, w_res=2, response="snl", tie="largest_potential"),
    "pruned": ColumnSpec(3, 3, 4, t_res=2, w_res=2),
    "four_inputs": ColumnSpec(4, 2, 4, t_res=2, w_res=2),
    "sixteen": ColumnSpec(16, 4, 28),
}


def standard_designs() -> Iterator[Design]:
    """The columns; "pruned" has lost synapses, and with them a line and a neuron that could fire."""
    for name, column in COLUMNS.items():
        weights = np.zeros((column.neurons, column.inputs), dtype=np.uint8)
        mask = np.ones(weights.shape, dtype=bool)
        if name == "pruned":
            mask[:, 1] = False
            mask[2, 0] = False
        yield Design.of_column(name, column, weights, mask, 1)
