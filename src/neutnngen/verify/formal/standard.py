"""Small columns that together use every option of a classic column; `neutnngen verify --formal` proves them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neutnngen.rtl import Rings
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


RINGED: dict[str, tuple[ColumnSpec, Rings]] = {
    "rings": (ColumnSpec(2, 2, 3), Rings(2, 2)),
    "rings_odd": (ColumnSpec(3, 2, 5, t_res=2, w_res=2, stdp=StdpSpec(stabiliser="classic", at_max=1)), Rings(2, 1)),
}
"""Columns whose weights circulate; three lines in two places leave one without a line."""


def standard_designs() -> Iterator[tuple[Design, Rings | None]]:
    """The columns and their styles; "pruned" has lost synapses, and with them a line and a neuron that could fire."""
    for name, (column, rings) in RINGED.items():
        shape = (column.neurons, column.inputs)
        yield Design.of_column(name, column, np.zeros(shape, dtype=np.uint8), np.ones(shape, dtype=bool), 1), rings
    for name, column in COLUMNS.items():
        weights = np.zeros((column.neurons, column.inputs), dtype=np.uint8)
        mask = np.ones(weights.shape, dtype=bool)
        if name == "pruned":
            mask[:, 1] = False
            mask[2, 0] = False
        yield Design.of_column(name, column, weights, mask, 1), None
