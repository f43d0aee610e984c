"""Results of the benchmark of place cells: one row for every figure of a task, and their summary over the seeds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from neutnngen.apps.table import Table


@dataclass(frozen=True)
class Row:
    """One figure. design: name of the setting. task, measure: what was measured. condition: noise, or how much was stored. value: a share
    unless the measure says otherwise. count: trials that it is the mean of, or whatever was counted."""

    design: str
    task: str
    condition: str
    seed: int
    measure: str
    value: float
    count: int

    @property
    def key(self) -> tuple[Any, ...]:
        """What makes a figure."""
        return self.design, self.task, self.condition, self.seed, self.measure


@dataclass(frozen=True)
class Figure:
    """A figure over its seeds. mean, sd: of the values (sd nan for one seed). worst: the smallest value. count: trials of all seeds."""

    design: str
    task: str
    condition: str
    measure: str
    mean: float
    sd: float
    worst: float
    seeds: int
    count: int


class Results(Table[Row]):
    """The figures of a study."""

    ROW = Row
    FORMAT = "neutnngen-places-results"

    def done(self, design: str, task: str, seed: int) -> bool:
        """Whether a task has been run with a seed; its figures come into the table together."""
        return any((row.design, row.task, row.seed) == (design, task, seed) for row in self)

    def figures(self, design: str, task: str, seeds: int) -> list[Figure]:
        """The figures of a task over the seeds 0 … seeds - 1, in the order of the table."""
        groups: dict[tuple[str, str], list[Row]] = {}
        for row in self:
            if (row.design, row.task) == (design, task) and row.seed < seeds:
                groups.setdefault((row.condition, row.measure), []).append(row)
        return [_figure(rows) for rows in groups.values()]


def _figure(rows: list[Row]) -> Figure:
    values = [row.value for row in rows]
    first, sd = rows[0], stdev(values) if len(values) > 1 else math.nan
    return Figure(
        first.design, first.task, first.condition, first.measure, fmean(values), sd, min(values), len(values), sum(r.count for r in rows)
    )
