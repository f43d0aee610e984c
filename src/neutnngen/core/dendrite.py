"""Segments that compete in a dendrite; in a classic column the neurons compete the same way (rules G1, D1, C2)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from neutnngen.spec import NO_SPIKE


@dataclass(frozen=True, eq=False)
class Groups:
    """Segments that compete: winner (…,) index or -1, time (…,) NO_SPIKE if none, level (…,) the winner's potential. All int64."""

    winner: Tensor
    time: Tensor
    level: Tensor


def compete(potential: Tensor, threshold: Tensor, tie: str) -> Groups:
    """Rules G1 and D1 for many groups at once. potential: (batch, …, segment, clock). threshold: (…, segment)."""
    reached = potential >= threshold.unsqueeze(-1)
    fired = reached.any(dim=-1)
    times = torch.where(fired, reached.to(torch.uint8).argmax(dim=-1), NO_SPIKE)
    time = times.min(dim=-1).values
    at = time.clamp(max=potential.shape[-1] - 1)[..., None, None].expand(*times.shape, 1)
    level = potential.gather(-1, at).squeeze(-1).to(torch.int64)
    candidate = times == time.unsqueeze(-1)
    if tie == "largest_potential":
        level_of = torch.where(candidate, level, -1)
        candidate = level_of == level_of.max(dim=-1, keepdim=True).values
    winner = candidate.to(torch.uint8).argmax(dim=-1)  # the lowest of equal ones
    won = level.gather(-1, winner.unsqueeze(-1)).squeeze(-1)
    silent = time == NO_SPIKE
    return Groups(torch.where(silent, -1, winner), time, torch.where(silent, 0, won))


def segment_times(groups: Groups, segments: int) -> Tensor:
    """Times of all segments after D1: (batch, …, segment), NO_SPIKE for all but the winner."""
    index = torch.arange(segments, device=groups.winner.device)
    return torch.where(index == groups.winner.unsqueeze(-1), groups.time.unsqueeze(-1), NO_SPIKE)
