"""Rule T4 between modules."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor, nn

from neutnngen.errors import ConfigError
from neutnngen.nn.base import EngineModule
from neutnngen.spec import NO_SPIKE
from neutnngen.spec.column import MAX_RES, check_range


class Rebase(nn.Module):
    """Output times of one module as input times of the next: ``base`` is taken off, and what is then beyond ``t_in_max`` is no spike.

    base: the earliest possible output time, or an earlier one. Any shape, uint8 to uint8.
    """

    def __init__(self, base: int, t_in_max: int) -> None:
        super().__init__()
        check_range("rebase.base", base, 0, NO_SPIKE - 1)
        check_range("rebase.t_in_max", t_in_max, 0, (1 << MAX_RES) - 1)
        self.base, self.t_in_max = base, t_in_max

    @classmethod
    def between(cls, module: nn.Module, next_module: nn.Module) -> Self:
        """The Rebase that belongs between two modules. Raises ConfigError if the first has no one base (votes, layers of several bases)."""
        if not isinstance(module, EngineModule) or not isinstance(next_module, EngineModule):
            raise ConfigError(
                "nn.Rebase.between stands between two modules that take spikes",
                got=f"{type(module).__name__}, {type(next_module).__name__}",
                allowed="nn.Segment, Dendrite, Neuron, Column, Layer, Voter or Network",
            )
        return cls(module.base, next_module.t_in_max)

    def forward(self, times: Tensor) -> Tensor:
        """times: uint8 of any shape. Returns the same shape; raises ConfigError for a spike before ``base``."""
        silent = times == NO_SPIKE
        moved = times.to(torch.int16) - self.base
        if ((moved < 0) & ~silent).any():
            got = int(times[~silent].min())
            raise ConfigError("nn.Rebase: a spike is earlier than the base (rule T4)", got=got, allowed=f"{self.base} or later")
        return torch.where(silent | (moved > self.t_in_max), NO_SPIKE, moved).to(torch.uint8)

    def extra_repr(self) -> str:
        return f"base={self.base}, t_in_max={self.t_in_max}"
