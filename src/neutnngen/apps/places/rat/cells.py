"""Columns of place cells side by side: each sees a random part of the code, and a cell of each answers a wave."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.places.rat.code import T_RES, Times
from neutnngen.engine import Session
from neutnngen.errors import ConfigError
from neutnngen.spec import (
    NO_SPIKE,
    ColumnSpec,
    Design,
    LayerSpec,
    LfsrSpec,
    ListWiring,
    NetworkSpec,
    NetworkState,
    StdpSpec,
    blank_layer,
)
from neutnngen.spec.column import MU_ONE, check_range
from neutnngen.train.events import Progress

POOL = 500
"""Waves, the first ones, from which the threshold is taken."""
BLOCK = 1000
"""Waves that are run at once."""
Winners = NDArray[np.int64]

ONCE = StdpSpec(MU_ONE, MU_ONE, 0, MU_ONE, 0, "classic", at_zero=0, at_max=0)
"""STDP that settles once: no search, no change without the stabiliser's leave, and that gives none at 0 and at w_max (rules R1 … R6)."""


@dataclass(frozen=True)
class CellSettings:
    """Place cells.

    columns, cells: columns side by side, cells in each (rule C2). share: of the lines that a column sees, per cent. first_weight: of every
    synapse (rule R13, constant). drive: the threshold in halves of the mean number of spikes that a column sees. directions: whether
    columns see the head-direction cells too; place cells of an open arena hardly mind the direction (Muller et al. 1994, doi
    10.1523/JNEUROSCI.14-12-07235.1994).
    """

    columns: int = 16
    cells: int = 256
    share: int = 50
    first_weight: int = 4
    drive: int = 5
    directions: bool = False
    w_res: int = 3
    stdp: StdpSpec = field(default=ONCE)

    def __post_init__(self) -> None:
        check_range("cells.columns", self.columns, 1, 1 << 10)
        check_range("cells.cells", self.cells, 2, 1 << 14)
        check_range("cells.share", self.share, 1, 100)
        check_range("cells.drive", self.drive, 1, 100)
        check_range("cells.w_res", self.w_res, 1, 6)
        check_range("cells.first_weight", self.first_weight, 1, (1 << self.w_res) - 1)


def build(name: str, settings: CellSettings, first: Times, seed: int, provenance: dict[str, Any]) -> Design:
    """Columns that have learned nothing.

    Every synapse has the same weight, not quite enough for a fast answer. A cell that wins goes on until its early lines have the largest
    weight and its other lines none, then it changes no more (``ONCE``): where the animal knows its way the settled cells answer first, and
    in a new place the first cell that has not settled. So a cell never follows the animal away from its place, and nothing that was
    learned is forgotten. first: (wave, line) the first waves, from which the threshold is taken. seed: of wiring and random registers.
    Raises ConfigError where the first waves hold no spike.
    """
    lines = first.shape[1]
    seen = max(1, lines * settings.share // 100)
    spikes = int((first != NO_SPIKE).sum())
    if not spikes:
        raise ConfigError("the first waves hold no spike, so no threshold fits", got=f"{len(first)} waves", allowed="a code that spikes")
    w_max = (1 << settings.w_res) - 1
    threshold = max(1, (settings.drive * spikes * seen) // (2 * len(first) * lines))
    column = ColumnSpec(
        seen,
        settings.cells,
        min(threshold, seen * w_max),
        T_RES,
        settings.w_res,
        "rnl",
        "largest_potential",
        settings.stdp,
        LfsrSpec(seed=1 + seed * 7919),
    )
    rng = np.random.default_rng([seed, 20])
    table = tuple(tuple(sorted(rng.choice(lines, seen, replace=False).tolist())) for _ in range(settings.columns))
    layer = LayerSpec(column, ListWiring(table))  # type: ignore[arg-type]
    weights = np.full((settings.columns, *layer.column.distal_shape), settings.first_weight, np.uint8)
    state = NetworkState((dataclasses.replace(blank_layer(layer), distal=weights),))
    return Design(name, NetworkSpec(lines, (layer,), T_RES), state, provenance)


def untaught(design: Design, seed: int) -> Design:
    """The same columns with seeded uniform weights (rule R13): what they are without learning, for comparison."""
    layer = design.state.layers[0]
    weights = np.random.default_rng([seed, 21]).integers(0, design.network.layers[0].column.w_max + 1, layer.distal.shape, dtype=np.uint8)
    return design.with_state(NetworkState((dataclasses.replace(layer, distal=weights),)))


def answers(session: Session, times: Times, learn: bool = False, progress: Progress | None = None) -> Winners:
    """Run waves. Returns (wave, column) the cell that spikes, -1 where none does. progress: waves done and in all."""
    layer = session.network.layers[0]
    parts = []
    for start in range(0, len(times), BLOCK):
        block = times[start : start + BLOCK]
        spikes = session.run(block, learn).outputs.reshape(len(block), layer.columns, layer.column.lines) != NO_SPIKE
        parts.append(np.where(spikes.any(axis=2), spikes.argmax(axis=2), -1))
        if progress is not None:
            progress(start + len(block), len(times))
    return np.concatenate(parts).astype(np.int64, copy=False) if parts else np.zeros((0, layer.columns), np.int64)


def settled(design: Design) -> NDArray[np.bool_]:
    """(column, cell) whether a cell has settled: every weight is 0 or the largest."""
    state, spec = design.state.layers[0], design.network.layers[0].column
    weights = state.distal.reshape(len(state.distal), -1, spec.inputs)
    return np.asarray(((weights == 0) | (weights == spec.w_max)).all(axis=2))
