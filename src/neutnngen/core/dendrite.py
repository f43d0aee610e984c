"""Segments that compete in a dendrite; in a classic column the neurons compete the same way (rules G1, D1, C2)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from neutnngen.spec import NO_SPIKE


@dataclass(frozen=True, eq=False)
class Groups:
    """Winners of segments that compete.

    winner: (…,) int64 index, -1 if none. time: (…,) uint8, NO_SPIKE if none. level: (…,) the winner's potential, 0 if none; None where
    nothing depends on it.
    """

    winner: Tensor
    time: Tensor
    level: Tensor | None


def compete(potential: Tensor, threshold: Tensor, tie: str, *, with_level: bool) -> Groups:
    """Rules G1 and D1 for many groups at once.

    potential: (wave, column, clock, …, segment), never falling over the clocks, at most 254 of them. threshold: (column, …, segment) or
    (). with_level: whether the winner's potential is wanted.
    """
    horizon = potential.shape[2]
    bar = threshold.to(potential.dtype)
    # Potentials do not fall, so the clocks below the threshold are those before the spike.
    before = (potential < (bar.unsqueeze(1) if bar.ndim else bar)).view(torch.uint8).sum(dim=2, dtype=torch.uint8)
    time = before.amin(dim=-1)
    candidate = before == time.unsqueeze(-1)
    silent = time == horizon
    level = None
    if with_level or tie == "largest_potential":
        at = time.clamp(max=horizon - 1).to(torch.int64)[:, :, None, ..., None].expand(*before.shape[:2], 1, *before.shape[2:])
        level = potential.gather(2, at).squeeze(2)
    if level is not None and tie == "largest_potential":
        of_candidates = torch.where(candidate, level, -1)
        candidate = of_candidates == of_candidates.amax(dim=-1, keepdim=True)
    winner = first_of(candidate)
    if level is not None:
        level = level.gather(-1, winner.unsqueeze(-1)).squeeze(-1).masked_fill(silent, 0)
    return Groups(winner.masked_fill(silent, -1), time.masked_fill(silent, NO_SPIKE), level)


def first_of(candidate: Tensor) -> Tensor:
    """(…,) int64: the lowest index that is True in (…, index) bool; 0 if none is. ``argmax`` takes the first of equal ones."""
    return candidate.to(torch.uint8).argmax(dim=-1)


def segment_times(groups: Groups, segments: int) -> Tensor:
    """Times of all segments after D1: (…, segment) uint8, NO_SPIKE for all but the winner."""
    index = torch.arange(segments, device=groups.winner.device)
    return torch.where(index == groups.winner.unsqueeze(-1), groups.time.unsqueeze(-1), NO_SPIKE)
