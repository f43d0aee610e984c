"""Potentials of segments (rules S2…S4, G1, T3), on whole batches of waves and all columns of a layer."""

from __future__ import annotations

import torch
from torch import Tensor

from neutnngen.spec import ColumnSpec

FLOAT32_EXACT = 1 << 24
"""Integers below this are exact in float32."""


def potentials(times: Tensor, weights: Tensor, column: ColumnSpec) -> Tensor:
    """V(t) of every neuron of one column at every unit clock of the wave.

    times: (batch, input) integer unit clocks, NO_SPIKE for none. weights: (neuron, input) integers, 0 where pruned.
    Returns (batch, neuron, horizon) int32.
    """
    rows = weights.to(torch.uint8).unsqueeze(0)
    found = row_potentials(times.to(torch.uint8).unsqueeze(1), rows, column.horizon, column.w_max, column.response, column.potential_max)
    return found[:, 0].transpose(1, 2).to(torch.int32)


def row_potentials(times: Tensor, weights: Tensor, horizon: int, w_max: int, response: str, largest: int) -> Tensor:
    """V(t) of every row of weights of every column, whatever the rows belong to.

    times: (wave, column, input) uint8, NO_SPIKE for none. weights: (column, row, input) uint8, 0 where pruned. horizon: clocks wanted.
    largest: the largest potential that can occur. Returns (wave, column, clock, row), integers as int32, float32 or float64.

    A step (S3) is one matrix product. A ramp (S2) is min(a, w), a being the clocks since arrival; in unary this is the sum over k of
    [a ≥ k] [w ≥ k], hence w_max shifted products of zeros and ones, which serve a whole batch. For few waves that costs more than to go
    through the synapses once per wave and count where ramps begin and end.

    The products are exact (rule A1): factors are 0, 1 or a weight of at most six bits, which every format that a matrix unit may round its
    factors to holds (TF32 and bfloat16 included), and sums are formed in float32 where they stay below 2^24, else in float64.
    """
    if response == "rnl" and 2 * len(times) <= w_max:
        return _ramps_by_ends(times, weights, horizon)
    dtype = torch.float32 if largest < FLOAT32_EXACT else torch.float64
    waves, columns, _ = times.shape
    clocks = torch.arange(horizon, dtype=torch.uint8, device=times.device)
    arrived = times.transpose(0, 1).unsqueeze(1) <= clocks[:, None, None]  # (column, clock, wave, input)
    arrived = arrived.flatten(1, 2).to(dtype)
    if response == "snl":
        total = arrived @ weights.to(dtype).transpose(1, 2)
    else:
        total = torch.zeros(columns, horizon * waves, weights.shape[1], dtype=dtype, device=times.device)
        for k in range(1, w_max + 1):
            has_unit = (weights >= k).to(dtype).transpose(1, 2)
            total[:, (k - 1) * waves :].baddbmm_(arrived[:, : (horizon - k + 1) * waves], has_unit)
    return total.view(columns, horizon, waves, -1).permute(2, 0, 1, 3)


def _ramps_by_ends(times: Tensor, weights: Tensor, horizon: int) -> Tensor:
    """V(t + 1) - V(t) is the number of ramps that began by t + 1 and did not end; a ramp ends w clocks after its begin."""
    begin = times.clamp(max=horizon).unsqueeze(2)  # (wave, column, 1, input); both sums stay below 256
    end = (begin + weights).clamp_(max=horizon)
    slope = (_histogram(begin, horizon) - _histogram(end, horizon)).cumsum(dim=-1, dtype=torch.int32)
    return slope.cumsum(dim=-1, dtype=torch.int32).transpose(2, 3)


def _histogram(clocks: Tensor, horizon: int) -> Tensor:
    """(…, input) clocks as (…, clock) int32 counts; the horizon itself is not counted."""
    counts = torch.zeros(*clocks.shape[:-1], horizon + 1, dtype=torch.int32, device=clocks.device)
    ones = torch.ones((), dtype=torch.int32, device=clocks.device).expand(clocks.shape)
    return counts.scatter_add_(-1, clocks.to(torch.int64), ones)[..., :horizon]
