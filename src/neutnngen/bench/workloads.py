"""What the engines are measured on: seeded Designs and waves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from neutnngen.spec import (
    NO_SPIKE,
    ColumnSpec,
    DendriticColumnSpec,
    Design,
    FieldWiring,
    LayerSpec,
    NetworkSpec,
    NetworkState,
    ProximalSpec,
    blank_layer,
)

Code = Literal["graded", "posneg"]


@dataclass(frozen=True, eq=False)
class Work:
    """A Design and its waves. waves: (wave, line) uint8. learn: for all. enable: (wave, neuron) bool for learning with enable lines."""

    name: str
    design: Design
    waves: NDArray[np.uint8]
    learn: bool
    enable: NDArray[np.bool_] | None = None


def make_waves(rng: np.random.Generator, count: int, inputs: int, t_in_max: int, code: Code) -> NDArray[np.uint8]:
    """Waves around ten patterns, (wave, input) uint8.

    graded: every line spikes, at a pattern's time moved by -1, 0 or 1. posneg: a line spikes at 0 or not at all, half of each in a
    pattern, of which one line in ten is turned over.
    """
    patterns = rng.integers(0, t_in_max + 1 if code == "graded" else 2, (10, inputs)).astype(np.int8)
    waves = patterns[rng.integers(0, 10, count)]
    if code == "graded":
        return np.clip(waves + rng.integers(-1, 2, waves.shape, dtype=np.int8), 0, t_in_max).astype(np.uint8)
    return np.where(waves ^ (rng.random(waves.shape) < 0.1), NO_SPIKE, 0).astype(np.uint8)


def _with_weights(rng: np.random.Generator, network: NetworkSpec) -> Design:
    """Uniform random weights in the one layer of a network."""
    layer = network.layers[0]
    blank = blank_layer(layer)
    distal = rng.integers(0, layer.column.w_max + 1, blank.distal.shape, dtype=np.uint8)
    return Design("bench", network, NetworkState((replace(blank, distal=distal),)))


def columns_work(name: str, columns: int, inputs: int, neurons: int, count: int, code: Code, learn: bool, seed: int = 7) -> Work:
    """Classic columns with lines of their own, with the default plasticity, that fire about half-way through a wave."""
    rng = np.random.default_rng(seed)
    column = ColumnSpec(inputs, neurons, threshold=inputs)
    layer = LayerSpec(column, FieldWiring(1, columns, inputs, 1))  # type: ignore[arg-type]
    design = _with_weights(rng, NetworkSpec(columns * inputs, (layer,)))
    return Work(name, design, make_waves(rng, count, columns * inputs, column.t_in_max, code), learn)


def dendritic_work(name: str, count: int, learn: bool, seed: int = 9) -> Work:
    """The published active-dendrite layer for MNIST: 576 columns × 10 classes × 24 segments × 18 inputs, label as enable line.

    Windows of 3×3 over 26×26 places of two lines; the images are ten smooth patterns with a twentieth of the pixels turned over.
    """
    rng = np.random.default_rng(seed)
    column = DendriticColumnSpec(18, 10, 36, segments=24, proximal=ProximalSpec("enable"))
    layer = LayerSpec(column, FieldWiring(26, 26, 2, 3))  # type: ignore[arg-type]
    design = _with_weights(rng, NetworkSpec(26 * 26 * 2, (layer,)))
    rough = rng.random((10, 7, 7)) < 0.4
    patterns = rough.repeat(4, axis=1).repeat(4, axis=2)[:, :26, :26]
    labels = rng.integers(0, 10, count)
    pixels = patterns[labels] ^ (rng.random((count, 26, 26)) < 0.05)
    waves = np.stack([np.where(pixels, 0, NO_SPIKE), np.where(pixels, NO_SPIKE, 0)], axis=-1).astype(np.uint8)
    return Work(name, design, waves.reshape(count, -1), learn, np.eye(10, dtype=bool)[labels] if learn else None)
