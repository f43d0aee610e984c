"""Random bits of many registers at once, the same as ``core.lfsr`` gives one after another (rules R7, R8).

A register is linear over GF(2): with b(0), b(1), … the bits that it shifts in, and b(-1-j) bit j of the state that it starts with, b(n) is
the xor of b(n - tap) over the taps. So every b(n) is the parity of some bits of the start, and all bits of all registers are one product of
zeros and ones, taken modulo 2. It is exact, since no sum is larger than the register is wide (rule A1).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from neutnngen.spec import DRAW_BITS, LfsrSpec

BLOCK_DRAWS = 4096
"""Draws that are made from one start; after them the register starts anew, so that the table stays small."""

BLOCK_BITS = 1 << 22
"""Bits of all registers that are in work at once."""


def draws(states: Tensor, lfsr: LfsrSpec, count: int) -> tuple[Tensor, Tensor]:
    """``count`` draws of every register.

    states: (register,) int64, each 1 … 2^width - 1. Returns the values 0 … 1023 as (register, count) int16, in the order in which they are
    drawn, and the new states; B(μ) is ``value < μ``.
    """
    block = max(1, min(BLOCK_DRAWS, BLOCK_BITS // (DRAW_BITS * len(states))))
    values = torch.empty(len(states), count, dtype=torch.int16, device=states.device)
    for start in range(0, count, block):
        part = min(block, count - start)
        bits = _bits(states, lfsr, part * DRAW_BITS)
        values[:, start : start + part] = _packed(bits.view(len(states), part, DRAW_BITS))
        states = _shifted(states, bits, lfsr.width)
    return values, states


def _bits(states: Tensor, lfsr: LfsrSpec, steps: int) -> Tensor:
    """(register, step) int32: the bits that the next steps shift in."""
    size = 1 << (steps - 1).bit_length()  # a table serves every smaller number of steps, so few sizes are made
    table = _table(lfsr.width, lfsr.taps, size, states.device)[:, :steps]
    start = (states.unsqueeze(1) >> torch.arange(lfsr.width, device=states.device)) & 1
    return (start.to(torch.float32) @ table).to(torch.int32) & 1


@lru_cache(maxsize=32)
def _table(width: int, taps: tuple[int, ...], steps: int, device: torch.device) -> Tensor:
    """(width, step) float32: 1 where a bit of the start takes part in the parity of that step's bit."""
    masks = [1 << (width - 1 - n) for n in range(width)]  # b(-width) … b(-1)
    for n in range(width, width + steps):
        mask = 0
        for tap in taps:
            mask ^= masks[n - tap]
        masks.append(mask)
    rows = np.array(masks[width:], dtype=np.int64) >> np.arange(width)[:, None]
    return torch.from_numpy((rows & 1).astype(np.float32)).to(device)


def _packed(bits: Tensor) -> Tensor:
    """(…, bit), newest last and lowest, as numbers of the type of ``bits``."""
    places = torch.arange(bits.shape[-1] - 1, -1, -1, dtype=bits.dtype, device=bits.device)
    return (bits << places).sum(dim=-1, dtype=bits.dtype)


def _shifted(states: Tensor, bits: Tensor, width: int) -> Tensor:
    """The states after ``bits`` (register, step) were shifted in; what is shifted out at the top, even beyond 64 bits, is cut off."""
    last = bits[:, -width:].to(torch.int64)
    return ((states << last.shape[1]) & ((1 << width) - 1)) | _packed(last)
