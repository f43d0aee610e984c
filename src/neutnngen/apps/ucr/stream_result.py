"""What a stream gave: the answers of its three layers, and scores over a sliding window."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.ucr.drift import Drift
from neutnngen.apps.ucr.learning import Labels
from neutnngen.apps.ucr.neutnn import NeuTNN
from neutnngen.apps.ucr.transforms import Array
from neutnngen.spec import Design

BACK = 0.05
"""A stream is back when its adjusted Rand index is at most so far below the level before the drift."""


@dataclass(frozen=True, eq=False)
class StreamResult:
    """A finished stream; all arrays are by wave.

    order: number of the series in the set that was given. classes: its class, 0 …, used for scores only. share: how far the drift had come.
    frozen, learning, refitted: which neuron answered, -1 for none. layer: the learning layer after the last wave, one dendrite (rule C2)
    with ``segments`` segments for each neuron in turn. model: the fit on the series ``warm``.
    """

    model: NeuTNN
    layer: Design
    warm: NDArray[np.int64]
    order: NDArray[np.int64]
    classes: NDArray[np.int64]
    share: Array
    frozen: Labels
    learning: Labels
    refitted: Labels
    clusters: int
    segments: int
    drift: Drift
    window: int

    @property
    def onset(self) -> int:
        """The wave at which the drift begins."""
        return len(self.order) // 2

    @property
    def settled(self) -> int:
        """The first wave of a complete drift."""
        return self.onset + self.drift.over

    def ari(self, answers: Labels) -> Array:
        """(wave,) adjusted Rand index over the window that ends with each wave; NaN where there is no whole window yet."""
        return sliding_ari(self.classes, answers, self.window)

    def wins(self, answers: Labels) -> Array:
        """(wave, neuron) share of the answers in the window that ends with each wave, NaN where there is no whole window yet."""
        shares = np.full((len(answers), self.clusters), np.nan)
        sums = np.vstack([np.zeros((1, self.clusters)), np.cumsum(answers[:, None] == np.arange(self.clusters), axis=0)])
        shares[self.window - 1 :] = (sums[self.window :] - sums[: -self.window]) / self.window
        return shares

    def summary(self) -> dict[str, Any]:
        """As JSON values, with figures of the sliding index that stand for a quarter of the stream or for one window of it.

        before: mean over the quarter of the waves that ends with the onset of the drift. right_after: of the first window of the complete
        drift. end: mean over the last quarter. recovered_after: waves from the complete drift to the end of the first window in which the
        learning layer is back at its level before, at least one window; None if it never is. visits: how often a series came, on average.
        """
        quarter, first = len(self.order) // 4, self.settled + self.window - 1
        curves = {name: self.ari(getattr(self, name)) for name in ("frozen", "learning", "refitted")}
        before = {name: float(curves[name][self.onset - quarter : self.onset].mean()) for name in ("frozen", "learning")}
        table: dict[str, dict[str, float]] = {name: {"before": value} for name, value in before.items()}
        for name, curve in curves.items():
            table.setdefault(name, {}).update(right_after=float(curve[first]), end=float(curve[-quarter:].mean()))
        return {
            "series": len(set(self.order.tolist())),
            "warm_up": len(self.warm),
            "waves": len(self.order),
            "visits": len(self.order) / len(set(self.order.tolist())),
            "window": self.window,
            "drift": {**asdict(self.drift), "pace": self.drift.pace, "onset": self.onset, "settled": self.settled},
            "ari": table,
            "recovered_after": _recovery(curves["learning"][first:], before["learning"] - BACK, self.window),
        }


def _recovery(curve: Array, level: float, window: int) -> int | None:
    """Waves to the first window at ``level`` or above from which on the mean is so too: one lucky window is no recovery, and at least one
    other whole window must follow."""
    rest = np.cumsum(curve[::-1])[::-1] / np.arange(len(curve), 0, -1)
    back = np.flatnonzero((curve >= level) & (rest >= level))
    return window + int(back[0]) if len(back) and back[0] < len(curve) - window else None


def sliding_ari(classes: NDArray[np.integer], answers: Labels, window: int) -> Array:
    """(wave,) adjusted Rand index over the ``window`` waves that end with each; NaN before the first whole window.

    Unanswered waves (-1) are a group of their own.
    """
    values = np.full(len(classes), np.nan)
    cells = np.zeros((int(classes.max()) + 1, int(answers.max()) + 2), dtype=np.int64).tolist()
    rows, columns = [0] * len(cells), [0] * len(cells[0])
    pairs = in_rows = in_columns = 0  # pairs of waves alike in both, in class, in answer; counted on as waves come and go
    everything = window * (window - 1) // 2
    told = list(zip(classes.tolist(), (answers + 1).tolist(), strict=True))
    for wave, (c, a) in enumerate(told):
        pairs, in_rows, in_columns = pairs + cells[c][a], in_rows + rows[c], in_columns + columns[a]
        cells[c][a], rows[c], columns[a] = cells[c][a] + 1, rows[c] + 1, columns[a] + 1
        if wave >= window:
            c, a = told[wave - window]
            cells[c][a], rows[c], columns[a] = cells[c][a] - 1, rows[c] - 1, columns[a] - 1
            pairs, in_rows, in_columns = pairs - cells[c][a], in_rows - rows[c], in_columns - columns[a]
        if wave >= window - 1:
            chance = in_rows * in_columns / everything
            most = (in_rows + in_columns) / 2
            values[wave] = 1.0 if most == chance else (pairs - chance) / (most - chance)
    return values
