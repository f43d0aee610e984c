"""Line numbers in place of spike times, and the layers found so far; used by ``nn.trace``."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neutnngen.errors import ConfigError
from neutnngen.spec import (
    DenseWiring,
    FieldWiring,
    LayerSpec,
    LayerState,
    NetworkSpec,
    NetworkState,
    VoterSpec,
    VoterState,
    Wiring,
    shortest_wiring,
)

SAMPLES = 2
"""Samples in the traced batch; two, so that an operation that mixes them is seen."""

# An element is MARK | sample | limit | line. A constant or a padded place has no MARK. limit: 0 for raw output times, else 1 + the latest
# time that passes here. All of it is exact in a double, which nn.Unfold needs.
LINE_BITS, LIMIT_BITS = 24, 8
MARK = 1 << 40
RAW = 0

Lines = NDArray[np.int64]


def encode(lines: Lines, limit: int) -> Tensor:
    """(sample, line) elements for the lines of one sample."""
    sample = np.arange(SAMPLES).reshape(SAMPLES, *[1] * lines.ndim)
    return torch.from_numpy(MARK | (sample << (LINE_BITS + LIMIT_BITS)) | (limit << LINE_BITS) | lines)


def decode(elements: Any, where: str) -> tuple[Lines, Lines]:
    """Lines and limits that a module reads: (line,) each. Raises ConfigError unless they are (sample, line) of one sample a row."""
    if not isinstance(elements, Tensor):
        raise ConfigError(f"{where}: this is no tensor of spike times", got=type(elements).__name__, allowed="(batch, lines)")
    if elements.ndim != 2:
        raise ConfigError(
            f"{where} takes (batch, lines)",
            got=f"{elements.ndim} dimensions, {tuple(elements.shape)[1:]} for a sample",
            allowed="2 dimensions",
            next_step="flatten the lines first: x.flatten(1)",
        )
    numbers = elements.numpy().astype(np.int64)
    if not ((numbers & MARK) != 0).all():
        raise ConfigError(f"{where} reads values that are no lines", got="a constant or padding", allowed="inputs and outputs of modules")
    sample = (numbers >> (LINE_BITS + LIMIT_BITS)) & 0xFF
    if len(sample) != SAMPLES or (sample != np.arange(SAMPLES)[:, None]).any():
        raise ConfigError(
            f"{where}: the batch was mixed with the lines",
            got=f"shape {tuple(elements.shape)} for a batch of {SAMPLES}",
            allowed="operations that leave dimension 0 alone",
            next_step="keep the batch first and take its length from x.shape[0]",
        )
    row = numbers[0]
    return row & ((1 << LINE_BITS) - 1), (row >> LINE_BITS) & ((1 << LIMIT_BITS) - 1)


def moved_wiring(wiring: Wiring, lines: Lines) -> Wiring:
    """The wiring on ``lines``, one number for each of its source lines; its short form where the lines are neighbours."""
    if isinstance(wiring, (DenseWiring, FieldWiring)) and (lines == lines[0] + np.arange(len(lines))).all():
        return dataclasses.replace(wiring, first=wiring.first + int(lines[0]))
    return shortest_wiring(lines[wiring.table()])


@dataclass
class Found:
    """A layer of the network to be: its place in the module, and its base once it is known (rule T4)."""

    spec: LayerSpec
    state: LayerState
    where: str
    base: int | None


class Lineup:
    """The network's lines and layers, in the order in which the module makes them."""

    def __init__(self, inputs: int, t_res: int) -> None:
        self.inputs, self.t_res = inputs, t_res
        self.layers: list[Found] = []
        self.starts = [0, inputs]

    def add(self, spec: LayerSpec, state: LayerState, where: str, base: int | None = None) -> Tensor:
        """A new layer; its lines."""
        self.layers.append(Found(spec, state, where, base))
        first = self.starts[-1]
        self.starts.append(first + spec.lines)
        return encode(np.arange(first, self.starts[-1]), RAW)

    def sources(self, lines: Lines) -> NDArray[np.int64]:
        """For every line the layer that it comes from, -1 for the inputs."""
        return np.searchsorted(self.starts, lines, side="right") - 2

    def rebase(self, lines: Lines, limits: Lines, base: int, t_in_max: int, where: str) -> Lines:
        """Rule T4 on raw output lines, or on input lines with base 0; the new limits."""
        for number in np.unique(self.sources(lines)).tolist():
            mine = self.sources(lines) == number
            if number < 0:
                if base:
                    raise ConfigError(f"{where}: network inputs are based at 0 already", got=f"base {base}", allowed="base 0")
                continue
            layer = self.layers[number]
            if (limits[mine] != RAW).any():
                raise ConfigError(f"{where}: the outputs of {layer.where} are re-based twice", allowed="one nn.Rebase between modules")
            if base > layer.spec.column.earliest_output:
                raise ConfigError(
                    f"{where}: the base is later than the earliest output of {layer.where} (rule T4)",
                    got=base,
                    allowed=f"0 … {layer.spec.column.earliest_output}",
                    next_step="use nn.Rebase.between(first, second)",
                )
            if layer.base not in (None, base):
                raise ConfigError(f"{where}: {layer.where} is re-based in two ways", got=base, allowed=f"{layer.base}, as elsewhere")
            layer.base = base
        new = np.full_like(limits, t_in_max + 1)
        return np.where(limits == RAW, new, np.minimum(limits, new))

    def check_read(self, lines: Lines, limits: Lines, t_in_max: int, accepted: int, where: str) -> None:
        """Raise ConfigError unless a reader gets the same times from the module as from the engine's rule T4.

        t_in_max: of the column or voter that reads. accepted: latest time that its module takes without an error.
        """
        for number in np.unique(self.sources(lines)).tolist():
            mine = self.sources(lines) == number
            if number < 0:
                source, latest = "the network's inputs", (1 << self.t_res) - 1
            else:
                layer = self.layers[number]
                source = layer.where
                if (limits[mine] == RAW).any():
                    base = layer.spec.column.earliest_output if layer.base is None else layer.base
                    raise ConfigError(
                        f"{where} reads output times of {source} as they are (rule T4)",
                        allowed="times that are re-based",
                        next_step=f"put nn.Rebase between them: nn.Rebase({base}, {t_in_max})",
                    )
                latest = layer.spec.column.last_time - (layer.base or 0)
            for limit in np.unique(limits[mine]).tolist():
                passing = min(limit - 1, latest)
                if passing > accepted or min(passing, t_in_max) != min(latest, t_in_max):
                    step = f"nn.Rebase({0 if number < 0 else layer.base}, {t_in_max})"
                    raise ConfigError(
                        f"{where} gets times of {source} that are cut in another way than its own t_res cuts (rule T4)",
                        got=f"times 0 … {passing}",
                        allowed=f"0 … {t_in_max}",
                        next_step=f"put {step} between them" + (", or trace with its t_res" if number < 0 else ""),
                    )

    def whole_layers(self, lines: Lines, where: str) -> tuple[int, ...]:
        """The layers whose lines these are, each whole and in order. Raises ConfigError if they are something else."""
        order: list[int] = []
        at = 0
        while at < len(lines):
            number = int(self.sources(lines[at : at + 1])[0])
            end = at + (0 if number < 0 else self.layers[number].spec.lines)
            if number < 0 or number in order or not np.array_equal(lines[at:end], np.arange(*self.starts[number + 1 : number + 3])):
                what = "the network's inputs" if number < 0 else self.layers[number].where
                raise ConfigError(
                    f"{where}: the outputs are not whole layers, each once and in its own order",
                    got=f"line {at} is one of {what}",
                    allowed="all lines of a layer, then all of another one",
                    next_step="concatenate whole outputs of modules (torch.cat), or pick lines in front of a module that reads them",
                )
            order.append(number)
            at = end
        return tuple(order)

    def network(self, outputs: tuple[int, ...], voter: VoterSpec | None) -> NetworkSpec:
        """What was found, as a specification."""
        layers = []
        for found in self.layers:
            base = found.spec.base if found.base is None else found.base
            layers.append(dataclasses.replace(found.spec, base=None if base == found.spec.column.earliest_output else base))
        return NetworkSpec(self.inputs, tuple(layers), self.t_res, voter, None if outputs == (len(layers) - 1,) else outputs)

    def state(self, voter: VoterState | None) -> NetworkState:
        """The state of what was found."""
        return NetworkState(tuple(found.state for found in self.layers), voter)
