"""Results of pruning: one row for every design, recipe, share and seed, and their summary over the seeds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from neutnngen.apps.pruning.recipes import DENSE
from neutnngen.apps.table import Table


@dataclass(frozen=True)
class Row:
    """One run. design: the data set or the named network. recipe: its name; DENSE for the network before it is pruned, and DENSE with more
    words for dense controls. keep: share that was asked for; synapses: that exist, of ``before``. score: the application's own measure,
    larger is better. other: a second measure, nan where there is none. agreement: share of answers as before, nan where not measured.
    threshold: θ of the first layer. seconds: of pruning."""

    design: str
    recipe: str
    keep: float
    seed: int
    before: int
    synapses: int
    score: float
    other: float
    agreement: float
    threshold: int
    seconds: float

    @property
    def key(self) -> tuple[Any, ...]:
        """What makes a run."""
        return self.design, self.recipe, round(self.keep, 6), self.seed


@dataclass(frozen=True)
class Point:
    """A design and a recipe at one share, over the seeds. density: mean share of synapses that is left. score, other, agreement: means; sd:
    of the score. dense, dense_sd: the same of the unpruned networks of the same seeds. lost: dense - score."""

    design: str
    recipe: str
    keep: float
    seeds: int
    density: float
    score: float
    sd: float
    other: float
    agreement: float
    dense: float
    dense_sd: float

    @property
    def lost(self) -> float:
        return self.dense - self.score

    @property
    def no_loss(self) -> bool:
        """Whether the mean score is within one standard deviation of the seeds of the dense one, or above; exactly with one seed."""
        return self.lost <= (0.0 if math.isnan(self.dense_sd) else self.dense_sd) + 1e-12


class Results(Table[Row]):
    """The runs of a study."""

    ROW = Row
    FORMAT = "neutnngen-prune-results"

    def designs(self) -> list[str]:
        """Names, in the order of their first row."""
        return list(dict.fromkeys(row.design for row in self))

    def points(self, designs: list[str] | None = None) -> list[Point]:
        """Runs of the same design, recipe and share together, in the order of the table; DENSE is one of them."""
        dense = {(row.design, row.seed): row for row in self if row.recipe == DENSE}
        groups: dict[tuple[str, str, float], list[Row]] = {}
        for row in self:
            if (designs is None or row.design in designs) and (row.design, row.seed) in dense:
                groups.setdefault((row.design, row.recipe, round(row.keep, 6)), []).append(row)
        return [_point(rows, [dense[row.design, row.seed] for row in rows]) for rows in groups.values()]


def _sd(values: list[float]) -> float:
    return stdev(values) if len(values) > 1 else math.nan


def _point(rows: list[Row], dense: list[Row]) -> Point:
    scores, others = [row.score for row in rows], [row.score for row in dense]
    return Point(
        rows[0].design,
        rows[0].recipe,
        rows[0].keep,
        len(rows),
        fmean(row.synapses / row.before for row in rows),
        fmean(scores),
        _sd(scores),
        fmean(row.other for row in rows),
        fmean(row.agreement for row in rows),
        fmean(others),
        _sd(others),
    )
