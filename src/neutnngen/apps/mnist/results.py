"""Results of runs on images: one row per run, and their summary over the seeds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from neutnngen.apps.table import Table


@dataclass(frozen=True)
class Row:
    """One run of one design.

    design, family: names; families are compared with each other. part: ``test``, or ``validation`` where the last tenth and more of the
    training images was held back. images: learned from. passes, jitter: see Blueprint. synapses: that exist. weight_bits: of all of them.
    first_error: share of wrong images after the first pass (on ``part``; nan if there was one pass only, then it is ``error``).
    error: at the end. silent: share of images without a class. learn_seconds: of learning. images_per_second: of classifying, engine and
    encoder. area, leakage, energy: mm², mW, nJ per image, nan where not estimated; ``silicon`` says how they came about.
    """

    design: str
    family: str
    data: str
    part: str
    seed: int
    images: int
    passes: int
    jitter: int
    synapses: int
    weight_bits: int
    error: float
    first_error: float
    silent: float
    learn_seconds: float
    images_per_second: float
    area: float
    leakage: float
    energy: float
    silicon: str

    @property
    def key(self) -> tuple[Any, ...]:
        """What makes a run; no two rows of a table have the same."""
        return self.design, self.data, self.part, self.seed, self.images, self.passes, self.jitter


@dataclass(frozen=True)
class Summary:
    """A design over its seeds. rows: its runs. error, first_error, sd: mean and sample deviation of the error, as shares."""

    rows: tuple[Row, ...]
    error: float
    sd: float
    first_error: float

    @property
    def first(self) -> Row:
        """The run of the first seed, for what all have alike."""
        return self.rows[0]


class Results(Table[Row]):
    """The runs of a study."""

    ROW = Row
    FORMAT = "neutnngen-mnist-results"

    def summary(self) -> list[Summary]:
        """Runs of the same design, data, part and training together, in the order of the table."""
        groups: dict[tuple[Any, ...], list[Row]] = {}
        for row in self:
            groups.setdefault((row.design, row.data, row.part, row.images, row.passes, row.jitter), []).append(row)
        return [_summary(tuple(rows)) for rows in groups.values()]


def _summary(rows: tuple[Row, ...]) -> Summary:
    errors = [row.error for row in rows]
    firsts = [row.error if math.isnan(row.first_error) else row.first_error for row in rows]
    return Summary(rows, fmean(errors), stdev(errors) if len(errors) > 1 else math.nan, fmean(firsts))
