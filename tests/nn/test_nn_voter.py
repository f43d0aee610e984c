"""A voter by itself equals the voter of a network (rules R10, T4)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neutnngen.errors import ConfigError
from neutnngen.nn import Column, Network, Rebase, Voter
from neutnngen.spec import ColumnSpec, DenseWiring, LayerSpec, NetworkSpec, VoterSpec


def test_votes_by_hand() -> None:
    voter = Voter(VoterSpec(2), 3, torch.tensor([[7, 0], [6, 3], [0, 5]]), engine="reference").eval()
    times = torch.tensor([[0, 7, 255], [255, 0, 3], [255, 255, 255]], dtype=torch.uint8)
    votes = voter(times)
    assert votes.dtype == torch.int32 and votes.tolist() == [[2, 1], [1, 2], [0, 0]]  # 3 is half of 6, so line 1 votes for both


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(["column", "line", "synapse"]))
def test_equals_the_voter_of_a_network(seed: int, sharing: str) -> None:
    rng = np.random.default_rng(seed)
    spec = VoterSpec(3, t_res=int(rng.integers(1, 5)), sharing=sharing, mu_search=900)  # type: ignore[arg-type]
    column = ColumnSpec(5, 4, 6)
    network = Network(NetworkSpec(5, (LayerSpec(column, DenseWiring(5)),), voter=spec), engine="reference")
    network.layers[0].distal.copy_(torch.from_numpy(rng.integers(0, 8, (1, 1, 1, 4, 5))))
    assert network.voter is not None
    network.voter.weights.copy_(torch.from_numpy(rng.integers(0, 8, (4, 3))))
    voter = Voter.from_design(network.to_design("d"), engine="reference")
    layer = Column(column, network.layers[0].distal[0].clone(), engine="reference")
    times, labels = torch.from_numpy(rng.integers(0, 8, (9, 5)).astype(np.uint8)), torch.from_numpy(rng.integers(0, 3, 9))
    votes = network(times, labels=labels)
    assert torch.equal(votes, voter(Rebase.between(layer, voter)(layer(times)), labels=labels))
    assert all(torch.equal(a, b) for a, b in zip(voter.buffers(), network.voter.buffers(), strict=True))


@pytest.mark.parametrize("engine", ["reference", "compiled", "torch"])
def test_labels_are_needed_to_learn_only(engine: str) -> None:
    voter, times = Voter(VoterSpec(2), 3, engine=engine), torch.zeros(2, 3, dtype=torch.uint8)
    with pytest.raises(ConfigError, match="labels"):
        voter(times)
    with pytest.raises(ConfigError, match="labels are not legal"):
        voter(times, labels=torch.zeros(2))
    with pytest.raises(ConfigError, match="no class of the voter"):
        voter(times, labels=torch.tensor([0, 2]))
    assert voter.eval()(times).tolist() == [[3, 3], [3, 3]]


def test_weights_given_are_checked() -> None:
    spec = VoterSpec(2)
    for weights, mask, message in [
        (torch.zeros(2, 3, dtype=torch.uint8), None, "weights have the wrong shape"),
        (torch.zeros(3, 2), None, "weight of the voter is not legal"),
        (torch.full((3, 2), 8), None, "weight of the voter is not legal"),
        (torch.ones(3, 2, dtype=torch.uint8), torch.zeros(3, 2, dtype=torch.bool), "S4"),
    ]:
        with pytest.raises(ConfigError, match=message):
            Voter(spec, 3, weights, mask)
    pruned = Voter(spec, 3, mask=torch.tensor([[1, 0], [1, 1], [0, 1]]))
    assert "3 lines, 2 classes" in repr(pruned) and "synapses=4" in repr(pruned)
    with pytest.raises(ConfigError, match=r"network\.voter\.mu_search"):
        Voter(replace(spec, mu_search=5), 3).load_design(pruned.to_design("d"))
