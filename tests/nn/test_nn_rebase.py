"""Rule T4 between modules equals what the engines do."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from neutnngen.core.lines import rebased
from neutnngen.errors import ConfigError
from neutnngen.nn import Column, Layer, Network, Rebase, Segment, Voter
from neutnngen.spec import NO_SPIKE, ColumnSpec, DenseWiring, LayerSpec, NetworkSpec, VoterSpec


def test_by_hand_and_as_the_engines_do() -> None:
    times = torch.tensor([[2, 3, 9, 10, NO_SPIKE]], dtype=torch.uint8)
    moved = Rebase(2, 7)(times)
    assert moved.dtype == torch.uint8 and moved.tolist() == [[0, 1, 7, NO_SPIKE, NO_SPIKE]]
    assert np.array_equal(moved.numpy(), rebased(times.numpy(), 2, 7))
    assert Rebase(2, 7)(times.reshape(1, 1, 5)).shape == (1, 1, 5)
    assert Rebase(0, 63)(torch.full((2, 0), 0, dtype=torch.uint8)).shape == (2, 0)
    assert repr(Rebase(2, 7)) == "Rebase(base=2, t_in_max=7)"


def test_errors() -> None:
    with pytest.raises(ConfigError, match="earlier than the base") as caught:
        Rebase(2, 7)(torch.tensor([[5, 1]], dtype=torch.uint8))
    assert caught.value.got == "1"
    for base, t_in_max in ((-1, 7), (255, 7), (0, 64)):
        with pytest.raises(ConfigError, match="out of range"):
            Rebase(base, t_in_max)


def test_between() -> None:
    first, second = Column(ColumnSpec(4, 2, 9)), Segment(2, 3, t_res=2)
    assert first.base == 2  # V = 4, 8, 12
    rebase = Rebase.between(first, second)
    assert (rebase.base, rebase.t_in_max) == (2, 3)
    layer = Layer(LayerSpec(ColumnSpec(4, 2, 9), DenseWiring(4), base=1))
    assert Rebase.between(layer, Voter(VoterSpec(2, t_res=4), 2)).extra_repr() == "base=1, t_in_max=15"
    with pytest.raises(ConfigError, match="two modules that take spikes"):
        Rebase.between(first, nn.ReLU())
    with pytest.raises(ConfigError, match="no one base"):
        Rebase.between(Voter(VoterSpec(2), 2), second)
    two = NetworkSpec(4, (layer.spec, LayerSpec(ColumnSpec(4, 2, 9), DenseWiring(4))), outputs=(0, 1))
    with pytest.raises(ConfigError, match="no one base"):
        Rebase.between(Network(two), second)
