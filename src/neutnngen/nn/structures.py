"""The levels below a column as modules of their own: segment, dendrite, neuron. Each is a column of the structure it names."""

from __future__ import annotations

from typing import Literal, TypedDict, Unpack

from torch import Tensor

from neutnngen.errors import ConfigError
from neutnngen.nn.column import Column
from neutnngen.spec import DendriticColumnSpec, HomeostasisSpec, LfsrSpec, ProximalSpec, StdpSpec, check_keys


class SegmentOptions(TypedDict, total=False):
    """Keyword arguments of ``DendriticColumnSpec`` that any structure has."""

    t_res: int
    w_res: int
    response: Literal["rnl", "snl"]
    sharing: Literal["column", "line", "synapse"]
    stdp: StdpSpec
    lfsr: LfsrSpec
    homeostasis: HomeostasisSpec | None


class DendriteOptions(SegmentOptions, total=False):
    """Those of a dendrite: rule D1, and rule R9 for its segments."""

    tie: Literal["lowest_index", "largest_potential"]
    reward: bool


class NeuronOptions(SegmentOptions, total=False):
    """Those of a neuron: rule D1 for its dendrites, rules P0…P3."""

    tie: Literal["lowest_index", "largest_potential"]
    proximal: ProximalSpec


class Segment(Column):
    """One segment, a point neuron (rule G1): (batch, inputs) to (batch, 1). weights, mask: (input,). options: as in DendriticColumnSpec."""

    def __init__(
        self,
        inputs: int,
        threshold: int,
        *,
        weights: Tensor | None = None,
        mask: Tensor | None = None,
        engine: str = "auto",
        **options: Unpack[SegmentOptions],
    ) -> None:
        check_keys("segment", dict(options), list(SegmentOptions.__annotations__))
        super().__init__(DendriticColumnSpec(inputs, 1, threshold, **options), weights, mask, engine=engine)

    def _check_structure(self) -> None:
        spec = self.dendritic
        _check("segment", (spec.neurons, spec.dendrites, spec.segments, spec.proximal.mode), (1, 1, 1, "none"))


class Dendrite(Column):
    """One active dendrite whose segments compete and are its outputs (rules D1, C2): (batch, inputs) to (batch, segments).

    weights, mask: (segment, input). options: as in DendriticColumnSpec.
    """

    def __init__(
        self,
        inputs: int,
        segments: int,
        threshold: int,
        *,
        weights: Tensor | None = None,
        mask: Tensor | None = None,
        engine: str = "auto",
        **options: Unpack[DendriteOptions],
    ) -> None:
        check_keys("dendrite", dict(options), list(DendriteOptions.__annotations__))
        spec = DendriticColumnSpec(inputs, 1, threshold, segments=segments, output="segments", **options)
        super().__init__(spec, weights, mask, engine=engine)

    def _check_structure(self) -> None:
        spec = self.dendritic
        _check("dendrite", (spec.output, spec.neurons, spec.dendrites), ("segments", 1, 1))


class Neuron(Column):
    """One neuron of ``dendrites`` active dendrites and perhaps a proximal input (rules N1, P0…P3): (batch, inputs) to (batch, 1).

    weights, mask: (dendrite, segment, input). options: as in DendriticColumnSpec.
    """

    def __init__(
        self,
        inputs: int,
        dendrites: int,
        segments: int,
        threshold: int,
        *,
        weights: Tensor | None = None,
        mask: Tensor | None = None,
        proximal_weights: Tensor | None = None,
        proximal_mask: Tensor | None = None,
        engine: str = "auto",
        **options: Unpack[NeuronOptions],
    ) -> None:
        check_keys("neuron", dict(options), list(NeuronOptions.__annotations__))
        spec = DendriticColumnSpec(inputs, 1, threshold, dendrites, segments, **options)
        super().__init__(spec, weights, mask, proximal_weights=proximal_weights, proximal_mask=proximal_mask, engine=engine)

    def _check_structure(self) -> None:
        _check("neuron", (self.dendritic.neurons, self.dendritic.output), (1, "neurons"))


def _check(kind: str, got: tuple[object, ...], allowed: tuple[object, ...]) -> None:
    if got != allowed:
        raise ConfigError(f"the Design is not a {kind}", got=got, allowed=allowed, next_step="nn.Column.from_design takes every column")
