"""Designs, waves and a module that learns nothing by itself, for the tests of the learning drivers."""

from __future__ import annotations

from typing import Any

import numpy as np

from neutnngen.core.initial import uniform_weights
from neutnngen.core.masks import apply_mask
from neutnngen.spec import (
    NO_SPIKE,
    ColumnSpec,
    DendriticColumnSpec,
    DenseWiring,
    Design,
    HomeostasisSpec,
    LayerSpec,
    NetworkSpec,
    ProximalSpec,
    StdpSpec,
    VoterSpec,
)

LIVELY = StdpSpec(mu_capture=700, mu_minus=500, mu_search=300, mu_backoff=500, mu_min=300)


def waves_of(count: int, inputs: int, seed: int = 5, silent: float = 0.4, t_in_max: int = 7) -> np.ndarray:
    rng = np.random.default_rng(seed)
    made = rng.integers(0, t_in_max + 1, (count, inputs)).astype(np.uint8)
    made[rng.random(made.shape) < silent] = NO_SPIKE
    return made


def labels_of(count: int, classes: int = 3, seed: int = 6) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, classes, count)


def design_of(network: NetworkSpec, seed: int = 4) -> Design:
    """Seeded uniform weights (R13), a tenth of the first layer's distal synapses pruned."""
    design = Design("trial", network, uniform_weights(network, seed).state)
    return apply_mask(design, 0, np.random.default_rng(seed).random(design.state.layers[0].distal.shape) < 0.9)


def deep_network() -> NetworkSpec:
    """Two layers, the first with homeostasis (R12), the second rewarded (R9), and a voter (R10) on both."""
    first = DendriticColumnSpec(
        6, 3, 6, 2, 2, inhibition="one_lowest_index", stdp=LIVELY, homeostasis=HomeostasisSpec(2, 1, 2, 6), sharing="line"
    )
    second = DendriticColumnSpec(6, 1, 3, segments=3, output="segments", reward=True, stdp=LIVELY)
    layers = (LayerSpec(first, DenseWiring(6, 1, 2)), LayerSpec(second, DenseWiring(6, 8)))
    return NetworkSpec(8, layers, voter=VoterSpec(3), outputs=(0, 1))


def enabled_network(voter: bool = False) -> NetworkSpec:
    """One column of three neurons with enable lines (P2)."""
    column = DendriticColumnSpec(8, 3, 8, 1, 2, proximal=ProximalSpec("enable"), stdp=LIVELY)
    return NetworkSpec(8, (LayerSpec(column, DenseWiring(8)),), voter=VoterSpec(3) if voter else None)


def classic_design() -> Design:
    """The column that the golden weights of online training belong to."""
    weights = np.random.default_rng(4).integers(0, 8, (3, 12)).astype(np.uint8)
    return Design.of_column("classic", ColumnSpec(12, 3, 9), weights, np.ones((3, 12), dtype=bool), 1)


class Module:
    """What the drivers ask of a module."""

    def __init__(self, design: Design) -> None:
        self.held, self.training = design, True

    def to_design(self, name: str) -> Design:
        return Design(name, self.held.network, self.held.state)

    def load_design(self, design: Design) -> None:
        self.held = design

    def eval(self) -> Module:
        self.training = False
        return self


class Stop(Exception):
    """Raised by a test to break a run off."""


def same(a: Any, b: Any) -> bool:
    """Whether two histories are of equal Designs and equal records."""
    return bool(a.design.fingerprint() == b.design.fingerprint() and a.records == b.records)
