"""Scores of a grouping against the classes, facts about the grouping itself, and the rule that calls it degenerate.

The Rand index alone rewards collapse on unbalanced classes: one group for everything scores 0.81 on Wafer. So the adjusted index and the
sizes of the groups always go with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

COLLAPSE = 0.95


@dataclass(frozen=True)
class Scores:
    """External measures of a grouping against the classes: Rand index, adjusted Rand index, normalised mutual information."""

    rand: float
    adjusted_rand: float
    nmi: float

    @classmethod
    def of(cls, classes: NDArray[Any], labels: NDArray[Any]) -> Scores:
        """classes, labels: (series,); series labelled -1 count as one more group."""
        from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score, rand_score

        return cls(
            float(rand_score(classes, labels)),
            float(adjusted_rand_score(classes, labels)),
            float(normalized_mutual_info_score(classes, labels)),
        )


@dataclass(frozen=True)
class Grouping:
    """What a grouping looks like without the classes.

    groups: non-empty groups, unassigned series not counted. largest_share: share of all series in the largest group, where the unassigned
    series together count as one group. unassigned: series labelled -1.
    """

    groups: int
    largest_share: float
    unassigned: int

    @classmethod
    def of(cls, labels: NDArray[np.integer]) -> Grouping:
        """labels: (series,) group of each series from 0, -1 where it has none."""
        names, sizes = np.unique(labels, return_counts=True)
        largest = float(sizes.max() / len(labels)) if len(labels) else 0.0
        return cls(int((names >= 0).sum()), largest, int((labels < 0).sum()))


def degenerate(labels: NDArray[np.integer], clusters: int) -> str | None:
    """Why a grouping into ``clusters`` groups is no real grouping, or None if it is one.

    The rule, first match first; the classes play no part in it:

    1. No series is assigned to any group, or all to one.
    2. Fewer groups hold a series than were asked for (for two groups that is one group, even where other series are unassigned).
    3. The largest group, or the unassigned series together, holds at least 95 % of the series.

    With one group asked for, nothing is degenerate but leaving it empty.
    """
    facts = Grouping.of(labels)
    if facts.groups == 0:
        return "no group"
    if clusters <= 1:
        return None
    if facts.groups == 1 and not facts.unassigned:
        return "one group only"
    if facts.groups < clusters:
        return f"{facts.groups} of {clusters} groups"
    if facts.largest_share >= COLLAPSE:
        return f"largest group holds {100 * facts.largest_share:.1f} %"
    return None
