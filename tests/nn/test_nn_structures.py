"""Segment, dendrite and neuron, by hand."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from neutnngen.errors import ConfigError
from neutnngen.nn import Column, Dendrite, Neuron, Segment
from neutnngen.spec import NO_SPIKE, ColumnSpec, DendriticColumnSpec, ProximalSpec, as_dendritic

TIMES = torch.tensor([[0, 1, NO_SPIKE], [NO_SPIKE, NO_SPIKE, NO_SPIKE]], dtype=torch.uint8)


def test_segment() -> None:
    segment = Segment(3, 4, weights=torch.tensor([3, 3, 7]), engine="reference").eval()
    assert segment(TIMES).tolist() == [[2], [NO_SPIKE]]  # V = 1, 3, 5 on two ramps (rule G1)
    assert segment.dendritic == DendriticColumnSpec(3, 1, 4)


def test_dendrite_is_a_classic_column() -> None:
    weights = torch.tensor([[1, 0, 0], [3, 3, 0]])
    dendrite = Dendrite(3, 2, 4, weights=weights, tie="largest_potential", engine="reference").eval()
    assert dendrite(TIMES).tolist() == [[NO_SPIKE, 2], [NO_SPIKE, NO_SPIKE]]  # rule D1
    classic = ColumnSpec(3, 2, 4, tie="largest_potential")
    assert dendrite.dendritic == as_dendritic(classic)  # rule C2
    assert Column(classic, weights).to_design("d").fingerprint() == dendrite.to_design("d").fingerprint()


def test_neuron() -> None:
    weights = torch.zeros(2, 2, 3, dtype=torch.int64)
    weights[1, 0] = torch.tensor([3, 3, 0])
    neuron = Neuron(3, 2, 2, 4, weights=weights, engine="reference").eval()
    assert neuron(TIMES).tolist() == [[2], [NO_SPIKE]]  # N1: the second dendrite
    near = Neuron(3, 2, 2, 4, proximal=ProximalSpec("sum", 1), proximal_weights=torch.full((2, 2, 1), 7), engine="reference").eval()
    proximal = torch.tensor([[1], [NO_SPIKE]], dtype=torch.uint8)
    assert near(TIMES, proximal=proximal).tolist() == [[4], [NO_SPIKE]]  # P1: one ramp from 1 reaches 4 at 4
    assert near.dendritic == DendriticColumnSpec(3, 1, 4, 2, 2, proximal=ProximalSpec("sum", 1))


@pytest.mark.parametrize(("make", "wrong"), [(Segment, "tie"), (Dendrite, "proximal"), (Neuron, "inhibition")])
def test_options_of_another_level_are_refused(make: Any, wrong: str) -> None:
    sizes = {Segment: (3, 4), Dendrite: (3, 2, 4), Neuron: (3, 2, 2, 4)}[make]
    with pytest.raises(ConfigError, match="unknown key"):
        make(*sizes, **{wrong: "x"})
    with pytest.raises(ConfigError, match="unknown key") as caught:
        make(*sizes, t_ress=2)
    assert caught.value.next_step == "did you mean 't_res'?"
