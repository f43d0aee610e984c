"""A pruned column without the input lines that nobody reads any more, so that a smaller column is built and not a sparse one."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neutnngen.spec import Design


@dataclass(frozen=True, eq=False)
class Narrowed:
    """design: on the lines that are left. lines: their numbers among those of the Design that was given."""

    design: Design
    lines: NDArray[np.int64]

    def waves(self, waves: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """What the narrowed Design sees of waves (wave, line) of the given one."""
        return np.ascontiguousarray(waves[:, self.lines])


def narrowed(design: Design) -> Narrowed:
    """A classic column (rule C2) on the lines that it still reads; every answer and every weight after learning is the same, as all
    synapses share their random bits (rule R8). Raises ConfigError for a Design that is no classic column.
    """
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
