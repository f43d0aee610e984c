"""A layer as a PyTorch module (rule L1)."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor

from neutnngen.errors import ConfigError
from neutnngen.nn.base import EngineModule
from neutnngen.nn.describe import column_text, wiring_text
from neutnngen.nn.state import LAYER_FIELDS, check_same, copy_state, register_state
from neutnngen.spec import Design, FieldWiring, LayerSpec, NetworkSpec, Wiring, blank_layer


def lines_known(wiring: Wiring | None) -> int:
    """Lines that a wiring speaks of: its grid, or up to its last line."""
    if wiring is None:
        return 0
    if isinstance(wiring, FieldWiring):
        return wiring.first + wiring.height * wiring.width * wiring.channels
    return int(wiring.table().max()) + 1


class Layer(EngineModule):
    """Columns of one kind side by side, each with its own weights, wired to its lines by ``spec.wiring``.

    inputs: source lines that ``forward`` takes; by default as many as the wirings speak of. Without ``load_state_dict`` or ``load_design``
    all weights are 0. Buffers, named as in ``spec.LayerState``: distal (column, neuron, dendrite, segment, input) and proximal (column, …)
    uint8 weights, distal_mask and proximal_mask bool, lfsr (column,) int64 random states, bias (column, neuron, dendrite, segment) int64,
    learned () int64.
    """

    distal: Tensor
    distal_mask: Tensor
    proximal: Tensor
    proximal_mask: Tensor
    lfsr: Tensor
    bias: Tensor
    learned: Tensor

    def __init__(self, spec: LayerSpec, *, inputs: int | None = None, engine: str = "auto") -> None:
        known = max(lines_known(spec.wiring), lines_known(spec.proximal_wiring)) if inputs is None else inputs
        super().__init__(NetworkSpec(known, (spec,), spec.column.t_res), engine)
        self.spec = spec
        register_state(self, blank_layer(spec))

    @property
    def inputs(self) -> int:
        """Source lines of ``forward``."""
        return self.network.inputs

    @property
    def lines(self) -> int:
        """Output lines."""
        return self.spec.lines

    def forward(self, times: Tensor, *, enable: Tensor | None = None, labels: Tensor | None = None) -> Tensor:
        """times: (batch, source line) uint8 spike times. enable: (batch, neuron) bool for rule P2. labels: (batch,) integers for rule R9.

        Returns (batch, line) uint8 times after inhibition, column by column, as they are before rule T4. Raises ConfigError where something
        does not fit, or is missing for learning.
        """
        return self._run(self._check_times(times, self.inputs), self._learning(), enable, labels).outputs

    def state_tensors(self) -> dict[str, Tensor]:
        return {f"layer0.{name}": getattr(self, name) for name in LAYER_FIELDS}

    def _learning(self) -> list[bool]:
        return [self.training]

    @classmethod
    def from_design(cls, design: Design, *, engine: str = "auto") -> Self:
        """A module that continues where a Design of one layer stands. Raises ConfigError if it is more."""
        network = design.network
        if len(network.layers) > 1 or network.voter is not None:
            raise ConfigError(
                f"the Design {design.name!r} is more than a layer",
                got=f"{len(network.layers)} layers, {'a' if network.voter else 'no'} voter",
                allowed="one layer without a voter",
                next_step="nn.Network.from_design takes every Design",
            )
        layer = cls(network.layers[0], inputs=network.inputs, engine=engine)
        check_same(layer.network, network)
        copy_state(layer.state_tensors(), design.state)
        return layer

    def extra_repr(self) -> str:
        synapses = int(torch.count_nonzero(self.distal_mask)) + int(torch.count_nonzero(self.proximal_mask))
        wired = f"{self.inputs} lines, {self.spec.columns} columns by {wiring_text(self.spec.wiring)}"
        return f"{wired}, each {column_text(self.spec.column)}, base={self.base}, synapses={synapses}, engine={self.engine!r}"
