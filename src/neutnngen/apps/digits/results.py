"""Results of runs on digits: one row per run, whole or pruned, and their summary over the seeds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from neutnngen.apps.table import Table

WHOLE = "none"
"""Method of a network that is not pruned."""


@dataclass(frozen=True)
class Row:
    """One run.

    sound, image: names of the sets. part: ``test`` or ``validation``. pairs: learned from. method, keep, rounds: of pruning; ``none``, 1
    and 0 for a network as it was trained, ``none``, 1 and more for one that was trained on for as long as the pruned ones. synapses: that
    exist. dense: synapses of the same segments without any mask. accuracy: share of right answers. silent: share without an answer.
    seconds: of learning or of pruning.
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
    method: str
    keep: float
    rounds: int
    synapses: int
    dense: int
    accuracy: float
    silent: float
    seconds: float

    @property
    def group(self) -> tuple[Any, ...]:
        """What makes a run, but for its seed."""
        return (*self.trained, self.method, self.keep, self.rounds)

    @property
    def trained(self) -> tuple[Any, ...]:
        """The network that it is or comes from, but for its seed."""
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


@dataclass(frozen=True)
class Loss:
    """A pruned network beside the one it comes from. removed: share of its synapses that is gone; of_dense: share of those that the same
    segments have without any mask. lost: mean accuracy that is lost, below 0 where there is more than before. none: whether that is at most
    one deviation of the whole network's seeds."""

    pruned: Summary
    whole: Summary
    removed: float
    of_dense: float
    lost: float
    none: bool


def losses(summaries: list[Summary]) -> list[Loss]:
    """Of every pruned network whose whole one is there, with the same seeds: whole ones as they were trained, not those trained on."""
    made = []
    wholes = {s.first.trained: s for s in summaries if (s.first.method, s.first.rounds) == (WHOLE, 0)}
    for s in summaries:
        whole = wholes.get(s.first.trained)
        if s.first.method == WHOLE and s.first.rounds == 0:
            continue
        if whole is None:
            continue
        seeds = {row.seed for row in s.rows}
        same = _summary(tuple(row for row in whole.rows if row.seed in seeds))
        if len(same.rows) != len(seeds):
            continue
        lost = same.accuracy - s.accuracy
        none = lost <= 0 if math.isnan(same.sd) else lost <= same.sd
        made.append(Loss(s, same, 1 - s.synapses / same.synapses, 1 - s.synapses / s.first.dense, lost, none))
    return made


def _summary(rows: tuple[Row, ...]) -> Summary:
    found = [row.accuracy for row in rows]
    sd = stdev(found) if len(found) > 1 else math.nan
    return Summary(rows, fmean(found), sd, fmean(row.synapses for row in rows))
