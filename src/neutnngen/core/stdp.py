"""The local learning rule (rules R1…R6) for one wave of one column."""

from __future__ import annotations

import torch
from torch import Tensor

from neutnngen.core.lfsr import ColumnBits
from neutnngen.spec import NO_SPIKE, ColumnSpec


def stdp_update(times: Tensor, winner: int, fired_at: int, weights: Tensor, mask: Tensor, bits: ColumnBits, column: ColumnSpec) -> Tensor:
    """Weights after the wave.

    times: (input,) spike times. winner: index of the winning neuron or -1; fired_at: its time y. weights: (neuron, input) integers.
    mask: (neuron, input) bool, pruned synapses stay 0 (rule S4). Returns a new tensor of the shape and type of ``weights``.
    """
    device = weights.device
    finite = times != NO_SPIKE
    change = torch.zeros(weights.shape, dtype=torch.int16, device=device)
    if bits.search:
        change[:, finite] = 1  # R3 for every neuron that did not win; the winner's row is overwritten below
    if winner >= 0:
        level = weights[winner].to(torch.int64)
        gate_up = torch.tensor([bits.minimum or f for f in bits.up], device=device)[level]
        gate_down = torch.tensor([bits.minimum or f for f in bits.down], device=device)[level]
        captured = finite & (times <= fired_at)
        late = finite & ~captured
        change[winner] = (
            (captured & gate_up & bits.capture).to(torch.int16)  # R1
            - (late & gate_down & bits.minus).to(torch.int16)  # R2
            - (~finite & gate_down & bits.backoff).to(torch.int16)  # R4
        )
    moved = (weights.to(torch.int16) + change).clamp(0, column.w_max)
    return torch.where(mask, moved, 0).to(weights.dtype)
