"""A network as a PyTorch module (rule L2)."""

from __future__ import annotations

from typing import Self, cast

import torch
from torch import Tensor, nn

from neutnngen.nn.base import EngineModule
from neutnngen.nn.layer import Layer
from neutnngen.nn.voter import Voter
from neutnngen.spec import Design, NetworkSpec


class Network(EngineModule):
    """Layers, and perhaps a voter, that run as a whole in one session of the engine, re-based between them by rule T4.

    ``layers``: ModuleList of Layer; ``voter``: Voter or None. Each learns while it is in training mode itself, so its own ``eval()``
    freezes it. Without ``load_state_dict`` or ``load_design`` all weights are 0.
    """

    layers: nn.ModuleList
    voter: Voter | None

    def __init__(self, spec: NetworkSpec, *, engine: str = "auto") -> None:
        super().__init__(spec, engine)
        known = zip(spec.layers, spec.line_offsets[1:], strict=True)
        self.layers = nn.ModuleList(Layer(layer, inputs=lines, engine=engine) for layer, lines in known)
        self.voter = None if spec.voter is None else Voter(spec.voter, spec.lines, engine=engine)

    @property
    def spec(self) -> NetworkSpec:
        """The structure."""
        return self.network

    @property
    def inputs(self) -> int:
        """Lines of ``forward``."""
        return self.network.inputs

    @property
    def lines(self) -> int:
        """Output lines, which the voter reads if there is one."""
        return self.network.lines

    def forward(self, times: Tensor, *, enable: Tensor | None = None, labels: Tensor | None = None) -> Tensor:
        """times: (batch, input) uint8 spike times. enable: (batch, neuron) bool for layers of rule P2. labels: (batch,) classes, for what
        learns from them (rules R9, R10).

        Returns (batch, class) int32 votes if there is a voter, else (batch, line) uint8 output times before rule T4. Raises ConfigError
        where something does not fit, or is missing for learning.
        """
        outcome = self._run(self._check_times(times, self.inputs), self._learning(), enable, labels)
        return outcome.outputs if outcome.votes is None else outcome.votes

    def winner(self, times: Tensor, enable: Tensor | None = None) -> Tensor:
        """(batch,) int64: the class with most votes, or without a voter the one line that spikes; -1 where there is none. Never learns."""
        return self._run(self._check_times(times, self.inputs), [False] * self.network.stages, enable, None).winners

    def _layers(self) -> list[Layer]:
        return cast("list[Layer]", list(self.layers))

    def state_tensors(self) -> dict[str, Tensor]:
        found = {}
        for n, layer in enumerate(self._layers()):
            found.update({name.replace("layer0", f"layer{n}"): tensor for name, tensor in layer.state_tensors().items()})
        return found | ({} if self.voter is None else self.voter.own_tensors())

    def _learning(self) -> list[bool]:
        return [layer.training for layer in self._layers()] + ([] if self.voter is None else [self.voter.training])

    @classmethod
    def from_design(cls, design: Design, *, engine: str = "auto") -> Self:
        """A module that continues where the Design stands."""
        network = cls(design.network, engine=engine)
        network.load_design(design)
        return network

    def extra_repr(self) -> str:
        masks = [tensor for name, tensor in self.state_tensors().items() if name.endswith("mask")]
        synapses = sum(int(torch.count_nonzero(mask)) for mask in masks)
        outputs = "" if self.network.outputs is None else f", outputs of layers {list(self.network.outputs)}"
        s = self.network
        return f"{s.inputs} inputs, t_res={s.t_res}, {s.lines} output lines{outputs}, synapses={synapses}, engine={self.engine!r}"


def module_from_design(design: Design, *, engine: str = "auto") -> Network:
    """The way back from a Design: a Network that continues where it stands."""
    return Network.from_design(design, engine=engine)
