"""A column as a PyTorch module (rules C1, C2)."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor

from neutnngen.errors import ConfigError
from neutnngen.nn.base import EngineModule
from neutnngen.nn.describe import column_text
from neutnngen.nn.state import LAYER_FIELDS, check_same, copy_state, network_state, register_state
from neutnngen.spec import ColumnSpec, DendriticColumnSpec, Design, as_dendritic, as_network, blank_layer
from neutnngen.spec.state import checked_state


class Column(EngineModule):
    """``spec.inputs`` spike lines into competing neurons: a ColumnSpec is the classic column, a DendriticColumnSpec has all six levels.

    weights, mask: of the distal synapses, in the shape ``(neuron, dendrite, segment, input)`` of the specification, where leading axes of
    length 1 may be left out: (neuron, input) for a classic column, which is one dendrite whose segments are its neurons (rule C2).
    proximal_weights, proximal_mask: likewise. All weights are 0 and all synapses exist where not given. Raises ConfigError for a weight
    beyond 0 … w_max or on a pruned synapse. Buffers: those of ``Layer`` without the leading column axis.
    """

    distal: Tensor
    distal_mask: Tensor
    proximal: Tensor
    proximal_mask: Tensor
    lfsr: Tensor
    bias: Tensor
    learned: Tensor

    def __init__(
        self,
        spec: ColumnSpec | DendriticColumnSpec,
        weights: Tensor | None = None,
        mask: Tensor | None = None,
        *,
        proximal_weights: Tensor | None = None,
        proximal_mask: Tensor | None = None,
        engine: str = "auto",
    ) -> None:
        super().__init__(as_network(spec), engine)
        self.spec = spec
        register_state(self, blank_layer(self.network.layers[0]), of_column=True)
        tensors = self.state_tensors()
        given = {"distal": weights, "distal_mask": mask, "proximal": proximal_weights, "proximal_mask": proximal_mask}
        fitted = {f"layer0.{name}": self._fitted(name, t, getattr(self, name).shape) for name, t in given.items() if t is not None}
        copy_state(tensors, checked_state(self.network, network_state(self.network, tensors | fitted)))

    @staticmethod
    def _fitted(name: str, given: Tensor, shape: torch.Size) -> Tensor:
        """``given`` as (1, all axes of ``shape``)."""
        short = shape
        while len(short) > max(given.ndim, 1) and short[0] == 1:
            short = short[1:]
        if given.shape != short:
            raise ConfigError(
                f"the column's {name.replace('_', ' ')} has the wrong shape",
                got=tuple(given.shape),
                allowed=f"{tuple(shape)}; leading axes of length 1 may be left out",
            )
        return given.detach().reshape(1, *shape)

    @property
    def dendritic(self) -> DendriticColumnSpec:
        """The specification in its dendritic spelling."""
        return as_dendritic(self.spec) if isinstance(self.spec, ColumnSpec) else self.spec

    @property
    def inputs(self) -> int:
        """Distal lines of ``forward``."""
        return self.spec.inputs

    @property
    def lines(self) -> int:
        """Output lines."""
        return self.dendritic.lines

    @property
    def weights(self) -> Tensor:
        """The distal weights, a view: (segment, input) where one dendrite's segments are the outputs (rule C2), as in a classic column."""
        return self.distal[0, 0] if self._one_dendrite else self.distal

    @property
    def mask(self) -> Tensor:
        """False where a synapse was pruned; as ``weights``."""
        return self.distal_mask[0, 0] if self._one_dendrite else self.distal_mask

    @property
    def _one_dendrite(self) -> bool:
        spec = self.dendritic
        return spec.output == "segments" and (spec.neurons, spec.dendrites) == (1, 1)

    def forward(
        self, times: Tensor, *, proximal: Tensor | None = None, enable: Tensor | None = None, labels: Tensor | None = None
    ) -> Tensor:
        """times: (batch, input) uint8 spike times; where the specification asks for them, proximal: (batch, line) uint8 times (P1, P3),
        enable: (batch, neuron) bool (rule P2), labels: (batch,) integers (rule R9).

        Returns (batch, line) uint8 times after inhibition. Raises ConfigError where something does not fit, or is missing for learning.
        """
        return self._run(self._joined(times, proximal), self._learning(), enable, labels).outputs

    def winner(self, times: Tensor, *, proximal: Tensor | None = None, enable: Tensor | None = None) -> Tensor:
        """(batch,) int64: the one line that spikes in each wave, -1 where there is none or several. Never learns."""
        return self._run(self._joined(times, proximal), [False], enable, None).winners

    def _joined(self, times: Tensor, proximal: Tensor | None) -> Tensor:
        times = self._check_times(times, self.inputs)
        lines = self.dendritic.proximal.inputs
        if (proximal is not None) != bool(lines):
            got, allowed = ("none" if proximal is None else tuple(proximal.shape)), (f"(batch, {lines})" if lines else "none at all")
            raise ConfigError(f"nn.{type(self).__name__}: the proximal input does not fit", got=got, allowed=allowed)
        if proximal is None:
            return times
        near = self._check_times(proximal, lines, "proximal spike times")
        if len(near) != len(times):
            raise ConfigError("distal and proximal input have different batches", got=len(near), allowed=len(times))
        return torch.cat([times, near], dim=1)

    def state_tensors(self) -> dict[str, Tensor]:
        return {f"layer0.{name}": t if name == "learned" else t.unsqueeze(0) for name in LAYER_FIELDS for t in [getattr(self, name)]}

    def _learning(self) -> list[bool]:
        return [self.training]

    @classmethod
    def from_design(cls, design: Design, *, engine: str = "auto") -> Self:
        """A module that continues where a Design of one column stands. Raises ConfigError if the Design is something else."""
        column = cls.__new__(cls)  # subclasses have constructors of their own
        spec = design.network.classic or design.network.layers[0].column
        Column.__init__(column, spec, engine=engine)
        column._check_structure()
        check_same(column.network, design.network)
        copy_state(column.state_tensors(), design.state)
        return column

    def _check_structure(self) -> None:
        """Raise ConfigError unless the specification is one of this class."""

    def extra_repr(self) -> str:
        synapses = int(torch.count_nonzero(self.distal_mask)) + int(torch.count_nonzero(self.proximal_mask))
        return f"{column_text(self.dendritic)}, synapses={synapses}, engine={self.engine!r}"
