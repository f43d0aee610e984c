"""What a run on recorded movement gave, and its summary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.places.rat.cells import Winners
from neutnngen.apps.places.rat.path import Integrated
from neutnngen.apps.places.rat.readout import Fields
from neutnngen.apps.places.rat.walk import Walk
from neutnngen.spec import Design

Positions = NDArray[np.int64]


@dataclass(frozen=True)
class Errors:
    """Distances between where the animal was and where it was located, centimetres. high: 95 % are at most this."""

    median: float
    mean: float
    high: float

    @classmethod
    def of(cls, distances: NDArray[np.float64]) -> Errors:
        """distances: (wave,) centimetres."""
        return cls(float(np.median(distances)), float(distances.mean()), float(np.percentile(distances, 95)))


def distances(located: Positions, walk: Walk) -> NDArray[np.float64]:
    """(wave,) centimetres between positions in millimetres and the walk."""
    return np.asarray(np.hypot(*(located - walk.positions).T) / 10)


@dataclass(frozen=True)
class Row:
    """One run under one noise, for a table. cells_*, nearest_*, chance_*: see ``Errors``; of the place cells, of the nearest learned
    moment, and of answers that were shuffled among the moments. silent: share of columns that do not answer."""

    data: str
    seed: int
    noise: str
    waves: int
    cells_median: float
    cells_mean: float
    cells_high: float
    nearest_median: float
    nearest_mean: float
    nearest_high: float
    chance_median: float
    silent: float


@dataclass(frozen=True, eq=False)
class RatResult:
    """A run.

    data: name of the recording. learned, asked: the walk's two parts. design: the columns after learning. fields: their read-out.
    winners: (wave, column) of the part that was asked for, without noise. learned_winners: (wave, column) of the learning part, while it
    was learned. located, nearest: (wave, 2) millimetres, by the place cells and by the nearest learned moment, without noise. curve:
    (seconds learned, median error in cm on the other part, share of the cells that have answered), now and then while learning. rows:
    figures for every noise. untaught: of the same columns with random weights and without STDP, read out in the same way. path: path
    integration over the part that was asked for; recalled: (wave, 2) what the place cells say when they see the code of the corrected
    estimate. settled: share of cells that have settled; used: share that has ever answered. seconds: the whole run took.
    """

    data: str
    seed: int
    learned: Walk
    asked: Walk
    design: Design
    fields: Fields
    winners: Winners
    learned_winners: Winners
    located: Positions
    nearest: Positions
    curve: tuple[tuple[float, float, float], ...]
    rows: tuple[Row, ...]
    untaught: Errors
    path: Integrated
    recalled: Positions
    settled: float
    used: float
    seconds: float

    @property
    def path_errors(self) -> dict[str, Errors]:
        """Path integration alone, with landmarks, and the place cells on the latter's estimate."""
        three = {"alone": self.path.alone, "landmarks": self.path.corrected, "recalled": self.recalled}
        return {name: Errors.of(distances(where, self.asked)) for name, where in three.items()}

    def figures(self) -> Iterator[tuple[str, str, float, int]]:
        """(condition, measure, centimetres, waves), for a table of the benchmark."""
        for row in self.rows:
            for who in ("cells", "nearest", "chance"):
                for what in ("median", "mean", "high") if who != "chance" else ("median",):
                    yield row.noise, f"{who}, {what}", getattr(row, f"{who}_{what}"), row.waves
        yield "without STDP", "cells, median", self.untaught.median, len(self.asked)
        for name, errors in self.path_errors.items():
            yield "path integration", f"{name}, median", errors.median, len(self.asked)

    def summary(self) -> dict[str, Any]:
        """JSON values."""
        layer = self.design.network.layers[0]
        return {
            "data": self.data,
            "seed": self.seed,
            "columns": layer.columns,
            "cells": layer.column.lines,
            "inputs": layer.column.inputs,
            "synapses": self.design.synapses,
            "threshold": layer.column.threshold,
            "hertz": self.asked.hertz,
            "waves_learned": len(self.learned),
            "settled": self.settled,
            "used": self.used,
            "rows": [asdict(row) for row in self.rows],
            "curve": [list(point) for point in self.curve],
            "untaught": asdict(self.untaught),
            "path": {name: asdict(errors) for name, errors in self.path_errors.items()},
            "landmarks_met": int((np.diff(self.path.met.astype(int)) == 1).sum() + self.path.met[0]),
            "seconds": self.seconds,
        }
