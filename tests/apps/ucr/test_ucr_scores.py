"""Scores, facts about groupings and the rule for degenerate ones, on labels made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from neutnngen.apps.ucr.scores import Grouping, Scores, degenerate


def test_scores_by_hand() -> None:
    classes = np.array(["a", "a", "b", "b"])
    assert Scores.of(classes, np.array([1, 1, 0, 0])) == Scores(1.0, 1.0, 1.0)
    crossed = Scores.of(classes, np.array([0, 1, 0, 1]))
    assert crossed.rand == pytest.approx(2 / 6)  # of six pairs, only a-b of different groups agree: two
    assert crossed.adjusted_rand == pytest.approx(-0.5)
    assert crossed.nmi == pytest.approx(0.0)


def test_collapse_on_unbalanced_classes_scores_well_by_rand_and_is_flagged() -> None:
    classes = np.repeat([0, 1], [90, 10])
    everything = np.zeros(100, dtype=np.int64)
    assert Scores.of(classes, everything).rand > 0.8
    assert Scores.of(classes, everything).adjusted_rand == 0.0
    assert degenerate(everything, 2) == "one group only"
    nearly = everything.copy()
    nearly[:3] = 1
    assert Scores.of(classes, nearly).rand > 0.75
    assert degenerate(nearly, 2) == "largest group holds 97.0 %"
    assert degenerate(classes, 2) is None, "the true 90/10 grouping is a real one"


@pytest.mark.parametrize(
    ("labels", "clusters", "reason"),
    [
        ([0] * 95 + [1] * 5, 2, "largest group holds 95.0 %"),
        ([0] * 94 + [1] * 6, 2, None),
        ([0, 0, 1, 1], 3, "2 of 3 groups"),
        ([0, 0, 2, 2, 1], 3, None),
        ([7, 7, 7], 2, "one group only"),
        ([-1, -1, -1], 2, "no group"),
        ([0, 0, -1, -1], 2, "1 of 2 groups"),
        ([-1] * 96 + [0, 0, 1, 1], 2, "largest group holds 96.0 %"),
        ([0, 0, 0], 1, None),
        ([], 2, "no group"),
    ],
)
def test_degenerate(labels: list[int], clusters: int, reason: str | None) -> None:
    assert degenerate(np.array(labels, dtype=np.int64), clusters) == reason


def test_grouping() -> None:
    assert Grouping.of(np.array([0, 0, 3, -1, -1, -1])) == Grouping(groups=2, largest_share=0.5, unassigned=3)
