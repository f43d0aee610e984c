"""Random choices that are judged as wholes: what several structures do together, no measure of single ones can say."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from neutnngen.prune.calibrate import Answers, agreement, with_threshold
from neutnngen.prune.scores import scored
from neutnngen.prune.select import Choice, kept
from neutnngen.prune.stages import DISTAL, PROXIMAL, parts_of, weights_in, with_masks
from neutnngen.spec import Design


def best_draw(
    design: Design, keep: float, choice: Choice, stages: Collection[int], waves: NDArray[np.uint8], wanted: Answers, draws: int, seed: int
) -> Design:
    """``design`` pruned by the best of so many random choices of what stays: the engine runs each, and the one stays whose answers are most
    often those ``wanted`` (the first of equal ones). No labels are used.

    keep, choice: see ``kept``. stages: that are pruned. For the comparison θ of every layer falls as its weights do.
    """
    rng = np.random.default_rng([seed, 30])
    best, most = design, -1.0
    for _ in range(draws):
        found = scored(design, "random", seed=int(rng.integers(1 << 31)))
        made = with_masks(design, kept({part: found[part] for part in found if part.stage in stages}, keep, choice))
        made = _eased(made, design)
        met = agreement(made, waves, wanted)
        if met > most:
            best, most = made, met
    return best


def _eased(pruned: Design, before: Design) -> Design:
    """``pruned`` with thresholds that are as much smaller as the sums of the weights of each layer are."""
    kinds = DISTAL, PROXIMAL
    for n, layer in enumerate(before.network.layers):
        parts = [part for part in parts_of(before) if part.stage == n and part.kind in kinds]
        left, given = (sum(int(weights_in(one, part).sum()) for part in parts) for one in (pruned, before))
        pruned = with_threshold(pruned, n, max(1, round(layer.column.threshold * left / max(given, 1))))
    return pruned
