"""A voter as a PyTorch module (rules R10, R14)."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor

from neutnngen.errors import ConfigError
from neutnngen.nn.base import EngineModule
from neutnngen.nn.state import VOTER_FIELDS, as_tensor, check_same, register_state
from neutnngen.spec import DendriticColumnSpec, Design, FieldWiring, LayerSpec, NetworkSpec, VoterSpec, blank_layer, blank_voter


def _relays(spec: VoterSpec, lines: int) -> NetworkSpec:
    """The voter behind a layer that hands every input time on: weight 1 reaches the threshold 1 at the input's own clock (rule S2)."""
    relay = DendriticColumnSpec(1, 1, 1, t_res=spec.t_res, w_res=1)
    return NetworkSpec(lines, (LayerSpec(relay, FieldWiring(1, lines, 1, (1, 1)), base=0),), spec.t_res, spec)


class Voter(EngineModule):
    """Spike lines to votes for classes. Buffers, named as in ``spec.VoterState``: weights (line, row) uint8, mask bool, lfsr () int64.
    Rows are the classes or, with ``read="potential"``, their segments.

    Weights are 0 where not given: then every line that spikes votes for every class, until the voter has learned.
    """

    weights: Tensor
    mask: Tensor
    lfsr: Tensor

    def __init__(
        self, spec: VoterSpec, lines: int, weights: Tensor | None = None, mask: Tensor | None = None, *, engine: str = "auto"
    ) -> None:
        super().__init__(_relays(spec, lines), engine)
        self.spec, self.lines = spec, lines
        register_state(self, blank_voter(spec, lines))
        for name, given in (("weights", weights), ("mask", mask)):
            if given is not None:
                buffer: Tensor = getattr(self, name)
                if given.shape != buffer.shape:
                    raise ConfigError(f"the voter's {name} have the wrong shape", got=tuple(given.shape), allowed=tuple(buffer.shape))
                if name == "weights" and (given.dtype.is_floating_point or ((given < 0) | (given > spec.w_max)).any()):
                    raise ConfigError("a weight of the voter is not legal (rule S1)", got=given.dtype, allowed=f"integers 0 … {spec.w_max}")
                buffer.copy_(given)
        if (self.weights[~self.mask] != 0).any():
            raise ConfigError("the voter: a pruned synapse carries a weight (rule S4)", allowed="weight 0 wherever the mask is False")

    @property
    def inputs(self) -> int:
        """Lines of ``forward``."""
        return self.lines

    def forward(self, times: Tensor, *, labels: Tensor | None = None) -> Tensor:
        """times: (batch, line) uint8 spike times. labels: (batch,) classes, needed in training mode.

        Returns (batch, class) int32 votes or strengths. Raises ConfigError where something does not fit or is missing.
        """
        votes = self._run(self._check_times(times, self.lines), self._learning(), None, labels).votes
        assert votes is not None
        return votes

    def state_tensors(self) -> dict[str, Tensor]:
        return {f"layer0.{name}": tensor for name, tensor in self._relay_tensors().items()} | self.own_tensors()

    def own_tensors(self) -> dict[str, Tensor]:
        """The buffers by the names of ``NetworkState.arrays``."""
        return {f"voter.{name}": getattr(self, name) for name in VOTER_FIELDS}

    def _relay_tensors(self) -> dict[str, Tensor]:
        state = blank_layer(self.network.layers[0])
        tensors = {name: as_tensor(array).to(self.weights.device) for name, array in vars(state).items()}
        return tensors | {"distal": torch.ones_like(tensors["distal"])}

    def _learning(self) -> list[bool]:
        return [False, self.training]

    def load_design(self, design: Design) -> None:
        """Continue where the voter of a Design stands, whatever comes before it. Raises ConfigError if that is another voter."""
        network, state = design.network, design.state.voter
        if network.voter is None or state is None:
            raise ConfigError(f"the Design {design.name!r} has no voter", allowed="a Design with a voter")
        check_same(self.network, _relays(network.voter, network.lines))
        for name in VOTER_FIELDS:
            getattr(self, name).copy_(as_tensor(getattr(state, name)))

    @classmethod
    def from_design(cls, design: Design, *, engine: str = "auto") -> Self:
        """A module that continues where the voter of a Design stands."""
        if design.network.voter is None:
            raise ConfigError(f"the Design {design.name!r} has no voter", allowed="a Design with a voter")
        voter = cls(design.network.voter, design.network.lines, engine=engine)
        voter.load_design(design)
        return voter

    def extra_repr(self) -> str:
        s = self.spec
        top, bottom = s.fraction
        rule = f"segments={s.segments}, margin={s.margin}" if s.read == "potential" else f"fraction={top}/{bottom}, sharing={s.sharing}"
        votes = f"{self.lines} lines, {s.classes} classes, t_res={s.t_res}, w_res={s.w_res}, {rule}"
        return f"{votes}, synapses={int(torch.count_nonzero(self.mask))}, engine={self.engine!r}"
