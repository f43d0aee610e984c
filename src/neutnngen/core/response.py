"""Potentials of segments (rules S2…S4, G1, T3), on whole batches of waves."""

from __future__ import annotations

import torch
from torch import Tensor

from neutnngen.spec import ColumnSpec


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
