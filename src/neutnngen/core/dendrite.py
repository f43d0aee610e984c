"""The winner of a dendrite, which in a classic column is the winner of the column (rules D1, C2)."""

from __future__ import annotations

import torch
from torch import Tensor

from neutnngen.spec import NO_SPIKE, ColumnSpec


def winners(times: Tensor, potential: Tensor, column: ColumnSpec) -> Tensor:
    """Index of the earliest neuron of every wave, -1 where nobody fired: (batch,) int64.

    times: (batch, neuron) firing times. potential: (batch, neuron, horizon), used by the tie rule *largest_potential* only.
    """
    earliest = times.min(dim=1).values
    candidate = times == earliest.unsqueeze(1)
    if column.tie == "largest_potential":
        at = earliest.to(torch.int64).clamp(max=column.horizon - 1)
        level = potential.gather(2, at[:, None, None].expand(-1, times.shape[1], 1)).squeeze(2)
        level = torch.where(candidate, level, -1)
        candidate = level == level.max(dim=1, keepdim=True).values
    index = candidate.to(torch.uint8).argmax(dim=1)  # argmax takes the lowest of equal ones
    return torch.where(earliest == NO_SPIKE, -1, index)


def inhibit(times: Tensor, winner: Tensor) -> Tensor:
    """Set all but the winner to *no spike* (rule D1): (batch, neuron) uint8."""
    neurons = torch.arange(times.shape[1], device=times.device)
    return torch.where(neurons == winner.unsqueeze(1), times, NO_SPIKE).to(torch.uint8)
