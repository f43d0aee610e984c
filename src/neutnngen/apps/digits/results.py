"""Results of runs on digits: one row per run, and their summary over the seeds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from neutnngen.apps.table import Table


@dataclass(frozen=True)
class Row:
    """One run.

    sound, image: names of the sets. part: ``test`` or ``validation``. pairs: learned from. synapses: that exist. dense: synapses of the
    same segments without any mask. accuracy: share of right answers. silent: share without an answer. seconds: of learning.
    """

    design: str
    sense: str
    masks: str
    sound: str
    image: str
    part: str
    seed: int
    pairs: int
    passes: int
    synapses: int
    dense: int
    accuracy: float
    silent: float
    seconds: float

    @property
    def group(self) -> tuple[Any, ...]:
        """What makes a run, but for its seed."""
        return self.design, self.sense, self.masks, self.sound, self.image, self.part, self.pairs, self.passes

    @property
    def key(self) -> tuple[Any, ...]:
        """What makes a run; no two rows of a table have the same."""
        return (*self.group, self.seed)


@dataclass(frozen=True)
class Summary:
    """Runs over their seeds. accuracy, sd: mean and sample deviation (nan for one seed). synapses: mean."""

    rows: tuple[Row, ...]
    accuracy: float
    sd: float
    synapses: float

    @property
    def first(self) -> Row:
        """The run of the first seed, for what all have alike."""
        return self.rows[0]


class Results(Table[Row]):
    """The runs of a study."""

    ROW = Row
    FORMAT = "neutnngen-digits-results"

    def summary(self) -> list[Summary]:
        """Runs that differ in their seed alone together, in the order of the table."""
        groups: dict[tuple[Any, ...], list[Row]] = {}
        for row in self:
            groups.setdefault(row.group, []).append(row)
        return [_summary(tuple(rows)) for rows in groups.values()]


def _summary(rows: tuple[Row, ...]) -> Summary:
    found = [row.accuracy for row in rows]
    sd = stdev(found) if len(found) > 1 else math.nan
    return Summary(rows, fmean(found), sd, fmean(row.synapses for row in rows))
