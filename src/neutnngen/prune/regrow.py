"""Synapses that were pruned and are worth another try: those whose input would have been in time when their segment won."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from neutnngen.prune.activity import batches, decided_by, record, seen_by, wins_of
from neutnngen.prune.stages import DISTAL, Bools, Floats, Part, exists_in, parts_of, with_masks
from neutnngen.spec import Design


def promise(design: Design, waves: NDArray[np.uint8]) -> dict[Part, Floats]:
    """(column, row, line) of every distal part: wins of the segment in which the line was in time, less those in which it was not. This is
    which way STDP would drive a weight there (rules R1, R2, R4)."""
    recorded = record(design, waves)
    found = {part: np.zeros(part.shape) for part in parts_of(design) if part.kind == DISTAL}
    for part, values in found.items():
        if design.network.layers[part.stage].column.proximal.mode == "soma":
            for rows in batches(design, part.stage, len(waves)):
                wins = wins_of(design, part.stage, seen_by(design, recorded, part.stage, rows), recorded.layers[part.stage][rows])
                early = torch.where(wins.distal <= wins.time[:, None], 1.0, -1.0)
                np.add.at(values, (wins.column.numpy(), wins.row.numpy()), early.numpy())
            continue
        for one in decided_by(design, recorded, part.stage):
            np.add.at(values, (one.column, one.row), np.where(one.distal <= one.time[:, None], 1.0, -1.0))
    return found


def regrown(design: Design, waves: NDArray[np.uint8], whole: dict[Part, Bools], count: int) -> Design:
    """``design`` with up to ``count`` distal synapses more, the most promising, with weights of half of w_max.

    whole: where a synapse may be at all, so that the masks that a Design began with are respected.
    """
    if count <= 0:
        return design
    values = promise(design, waves)
    free = {part: whole[part] & ~exists_in(design, part) & (values[part] > 0) for part in values}
    ranked = np.concatenate([np.where(free[part], values[part], 0).reshape(-1) for part in values])
    best = np.argsort(-ranked, kind="stable")[:count]
    taken = np.zeros(len(ranked), dtype=bool)
    taken[best[ranked[best] > 0]] = True
    keep, grown, at = {}, {}, 0
    for part in values:
        mine = taken[at : at + values[part].size].reshape(part.shape)
        at += values[part].size
        grown[part] = np.where(mine, (part.w_max + 1) // 2, 0).astype(np.uint8)
        keep[part] = exists_in(design, part) | mine
    return with_masks(design, keep, grown)
