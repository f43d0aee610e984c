"""What learns when, and on which wave: the passes of a run and the order of its waves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from neutnngen.errors import ConfigError, unknown_name
from neutnngen.spec import NetworkSpec

Order = Literal["given", "shuffled"]
Plan = Literal["together", "layer_by_layer"]
ORDERS = ("given", "shuffled")
PLANS = ("together", "layer_by_layer")


@dataclass(frozen=True)
class Pass:
    """Every wave once. epoch: from 1, and from 1 again for the next stage of ``layer_by_layer``. stages: the stages that learn, the layers
    being 0, 1, … and the voter the last one."""

    epoch: int
    stages: tuple[int, ...]

    @property
    def stage(self) -> int | None:
        """The one stage that learns while the others are frozen; None in a plan where they learn together."""
        return self.stages[0] if len(self.stages) == 1 else None


def passes_of(network: NetworkSpec, plan: Plan, epochs: int) -> tuple[Pass, ...]:
    """together: all stages learn in each of ``epochs`` passes. layer_by_layer: stage 0 learns for ``epochs`` passes, then stage 1, …"""
    stages = tuple(range(network.stages))
    steps = [stages] if plan == "together" else [(stage,) for stage in stages]
    return tuple(Pass(epoch, learning) for learning in steps for epoch in range(1, epochs + 1))


def presentation_order(count: int, epochs: int, seed: int) -> NDArray[np.int64]:
    """(epoch, wave) numbers of waves: a new seeded permutation for every epoch."""
    rng = np.random.default_rng(seed)
    return np.stack([rng.permutation(count) for _ in range(epochs)])


def wave_numbers(count: int, passes: int, order: Order, seed: int) -> NDArray[np.int64]:
    """(pass, wave): which wave is next."""
    if order == "shuffled":
        return presentation_order(count, passes, seed)
    return np.broadcast_to(np.arange(count, dtype=np.int64), (passes, count))


def check_settings(order: str, plan: str, seed: int, **counts: int) -> None:
    """ConfigError for an unknown word, a negative seed or a number below 1."""
    for name, value, words in (("order", order, ORDERS), ("plan", plan, PLANS)):
        if value not in words:
            raise unknown_name(f"the {name} of training is not known", value, words)
    for name, number, least in (("seed", seed, 0), *((name, number, 1) for name, number in counts.items())):
        if isinstance(number, bool) or not isinstance(number, (int, np.integer)) or number < least:
            raise ConfigError(f"{name} is not legal", got=number, allowed=f"an integer ≥ {least}")
