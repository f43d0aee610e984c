"""A classic column as a PyTorch module (rule C2)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from neutnngen.core.dendrite import compete, segment_times
from neutnngen.core.lfsr import draw_column
from neutnngen.core.response import potentials
from neutnngen.core.stdp import stdp_update
from neutnngen.spec import ColumnSpec, Design


class Column(nn.Module):
    """``spec.inputs`` spike lines into ``spec.neurons`` competing neurons.

    In training mode ``forward`` takes the waves of a batch one after another and learns after each (online STDP); in evaluation mode
    it takes them together and changes nothing (rule R11).

    Buffers: ``weights`` (neuron, input) uint8, ``mask`` (neuron, input) bool, ``lfsr_state`` () int64.
    """

    weights: Tensor
    mask: Tensor
    lfsr_state: Tensor

    def __init__(self, spec: ColumnSpec, weights: Tensor | None = None, mask: Tensor | None = None) -> None:
        super().__init__()
        self.spec = spec
        shape = (spec.neurons, spec.inputs)
        self.register_buffer("weights", torch.zeros(shape, dtype=torch.uint8) if weights is None else weights.to(torch.uint8).clone())
        self.register_buffer("mask", torch.ones(shape, dtype=torch.bool) if mask is None else mask.to(torch.bool).clone())
        self.register_buffer("lfsr_state", torch.tensor(spec.lfsr.seed, dtype=torch.int64))

    def forward(self, times: Tensor) -> Tensor:
        """times: (batch, input) uint8 spike times. Returns (batch, neuron) uint8 output times after inhibition."""
        if not self.training:
            return self._respond(times)[1]
        return torch.cat([self._learn(wave.unsqueeze(0)) for wave in times]) if len(times) else self._respond(times)[1]

    def _respond(self, times: Tensor) -> tuple[Tensor, Tensor]:
        potential = potentials(times, self.weights, self.spec)
        threshold = torch.full((self.spec.neurons,), self.spec.threshold, device=times.device)
        neurons = compete(potential, threshold, self.spec.tie)
        return neurons.winner, segment_times(neurons, self.spec.neurons).to(torch.uint8)

    def _learn(self, wave: Tensor) -> Tensor:
        winner, output = self._respond(wave)
        index = int(winner[0])
        bits, state = draw_column(int(self.lfsr_state), self.spec)
        fired_at = int(output[0, index])
        self.weights = stdp_update(wave[0], index, fired_at, self.weights, self.mask, bits, self.spec)
        self.lfsr_state.fill_(state)
        return output

    def winner(self, times: Tensor) -> Tensor:
        """Index of the winning neuron of every wave, -1 where nobody fires; never learns: (batch,) int64."""
        return self._respond(times)[0]

    def extra_repr(self) -> str:
        s = self.spec
        return (
            f"{s.inputs} inputs, {s.neurons} neurons, threshold={s.threshold}, t_res={s.t_res}, w_res={s.w_res}, "
            f"response={s.response}, tie={s.tie}, synapses={int(self.mask.sum())}"
        )

    def to_design(self, name: str, provenance: dict[str, Any] | None = None) -> Design:
        """The present state as a Design."""
        return Design(name, self.spec, self.weights.cpu().numpy(), self.mask.cpu().numpy(), int(self.lfsr_state), dict(provenance or {}))

    @classmethod
    def from_design(cls, design: Design) -> Column:
        """A module that continues where the Design stands."""
        column = cls(design.column, torch.from_numpy(np.array(design.weights)), torch.from_numpy(np.array(design.mask)))
        column.lfsr_state.fill_(design.lfsr_state)
        return column
