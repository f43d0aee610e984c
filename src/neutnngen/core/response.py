"""Potentials and firing times of one-segment neurons (rules S2…S4, G1, T3), on whole batches of waves."""

from __future__ import annotations

import torch
from torch import Tensor

from neutnngen.spec import NO_SPIKE, ColumnSpec


def potentials(times: Tensor, weights: Tensor, column: ColumnSpec) -> Tensor:
    """V(t) of every neuron at every unit clock of the wave.

    times: (batch, input) integer unit clocks, NO_SPIKE for none. weights: (neuron, input) integers, 0 where pruned.
    Returns (batch, neuron, horizon) int32.

    Ramp-no-leak is min(a, w) with a the clocks since arrival; in unary, min(a, w) = sum over k of [a >= k] [w >= k], so V is a sum
    of w_max shifted matrix products of zeros and ones. They are exact in float32: sums stay far below 2^24 (rule A1).
    """
    return unary_potentials(times, weights, column.horizon, column.w_max, column.response)


def unary_potentials(times: Tensor, weights: Tensor, horizon: int, w_max: int, response: str) -> Tensor:
    """The same for any rows of weights, whatever they belong to: (batch, row, horizon) int32."""
    arrived = (times.unsqueeze(-1) <= torch.arange(horizon, device=times.device)).to(torch.float32)  # (batch, input, horizon)
    if response == "snl":
        return torch.einsum("qp,bpt->bqt", weights.to(torch.float32), arrived).to(torch.int32)
    total = torch.zeros(times.shape[0], weights.shape[0], horizon, device=times.device)
    for k in range(1, w_max + 1):
        has_unit = (weights >= k).to(torch.float32)
        total[..., k - 1 :] += torch.einsum("qp,bpt->bqt", has_unit, arrived[..., : horizon - k + 1])
    return total.to(torch.int32)


def firing_times(potential: Tensor, threshold: int) -> Tensor:
    """First unit clock at which V reaches the threshold, NO_SPIKE if never (rule G1): (batch, neuron) uint8."""
    reached = potential >= threshold
    first = reached.to(torch.uint8).argmax(dim=-1)
    return torch.where(reached.any(dim=-1), first, NO_SPIKE).to(torch.uint8)
