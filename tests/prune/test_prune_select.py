"""Which synapses stay: by hand, and what holds for every structure and pool."""

from __future__ import annotations

import numpy as np
import pytest

from neutnngen.core.initial import constant_weights
from neutnngen.core.masks import apply_mask, block_mask
from neutnngen.errors import ConfigError
from neutnngen.prune import POOLS, STRUCTURES, Choice, exists_in, kept, parts_of, scored, with_masks
from neutnngen.spec import DendriticColumnSpec, DenseWiring, Design, LayerSpec, NetworkSpec, ProximalSpec, VoterSpec

SPEC = DendriticColumnSpec(6, 2, 4, 3, 4, proximal=ProximalSpec("sum", 2))
BLOCKS = ((0, 4), (4, 2))


def design(voter: bool = False) -> Design:
    """Two columns of two neurons with three dendrites of four segments, distal and summed proximal synapses."""
    layer = LayerSpec(SPEC, DenseWiring(6, 0, 2), DenseWiring(2, 6, 2))
    network = NetworkSpec(8, (layer,), voter=VoterSpec(3) if voter else None)
    return Design("small", network, constant_weights(network, 3).state)


def test_synapses_of_a_segment_by_hand() -> None:
    distal, near, vote = parts_of(design(voter=True))
    scores = {p: np.broadcast_to(np.arange(p.lines, dtype=float), p.shape).copy() for p in (distal, near, vote)}
    keep = kept(scores, 0.5, Choice("synapse", "segment"))
    # Distal 0 … 5 and proximal 0, 1 of a segment are one pool of eight; 5, 4, 3, 2 stay.
    assert keep[distal].astype(int).tolist() == [[[0, 0, 1, 1, 1, 1]] * 24] * 2
    assert not keep[near].any()
    assert keep[vote].astype(int).tolist() == [[[0, 0, 1, 1]] * 3]


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("pool", POOLS)
def test_structures_go_whole_and_pools_keep_their_share(structure: str, pool: str) -> None:
    given = design(voter=True)
    try:
        choice = Choice(structure, pool, BLOCKS)  # type: ignore[arg-type]
    except ConfigError as problem:
        assert "cannot be removed one by one" in problem.what
        return
    keep = kept(scored(given, "random", seed=3), 0.5, choice)
    distal, near, vote = parts_of(given)
    mask = keep[distal].reshape(2, 2, 3, 4, 6)
    whole = {"segment": (4,), "dendrite": (3, 4), "input": (1, 2, 3), "column": (1, 2, 3, 4)}.get(structure)
    if whole is not None:
        assert (mask.all(axis=whole) == mask.any(axis=whole)).all()
    if structure in ("segment", "dendrite", "column"):
        assert (keep[near].any(axis=-1) == keep[distal].any(axis=-1)).all(), "a segment goes with its proximal synapses"
    if structure == "block":
        assert all((mask[..., a : a + n].all(axis=-1) == mask[..., a : a + n].any(axis=-1)).all() for a, n in BLOCKS)
    after = with_masks(given, keep)
    share = after.synapses / given.synapses
    assert 0.3 < share <= 0.52
    if (structure, pool) == ("synapse", "segment"):
        assert (keep[distal].sum(axis=-1) + keep[near].sum(axis=-1) == 4).all()
    if (structure, pool) == ("synapse", "block"):
        assert keep[distal][..., :4].sum() == 96 and keep[distal][..., 4:].sum() == 48
    if structure == "column":
        assert vote not in keep, "it loses what was of the columns, and nothing else"
        return
    assert keep[vote].sum() == 6 or pool == "network" or structure == "input"


def test_the_most_valuable_structures_stay() -> None:
    (distal,) = parts_of(
        Design(
            "plain",
            network := NetworkSpec(6, (LayerSpec(DendriticColumnSpec(6, 2, 4, segments=3), DenseWiring(6)),)),
            constant_weights(network, 3).state,
        )
    )
    worth = np.array([3.0, 1.0, 2.0, 6.0, 5.0, 4.0])
    scores = {distal: np.broadcast_to(worth[None, :, None], distal.shape).copy()}
    stays = kept(scores, 2 / 3, Choice("segment", "neuron"))[distal]
    assert stays.all(axis=-1)[0].astype(int).tolist() == [1, 0, 1, 1, 1, 0]
    stays = kept(scores, 0.5, Choice("segment", "column"))[distal]
    assert stays.all(axis=-1)[0].astype(int).tolist() == [0, 0, 0, 1, 1, 1]


def test_masks_by_modality_are_respected() -> None:
    """A Design whose segments see one modality each: what was not there counts for nothing and stays away."""
    given = design()
    mask = block_mask(SPEC, BLOCKS)
    given = apply_mask(given, 0, mask)
    distal, near = parts_of(given)
    keep = kept(scored(given, "weight"), 0.5, Choice("synapse", "segment"))
    after = with_masks(given, keep)
    here = exists_in(after, distal)
    assert not (here & ~exists_in(given, distal)).any()
    assert (here.sum(axis=-1) + exists_in(after, near).sum(axis=-1) == [3, 3, 2, 2] * 6).all(), "half of 4 + 2 and of 2 + 2"


def test_blocks_by_value() -> None:
    """Every segment keeps the modality that is worth more to it."""
    given = design()
    distal, near = parts_of(given)
    scores = {distal: np.ones(distal.shape), near: np.ones(near.shape)}
    scores[distal][..., 4:] = np.where(np.arange(24) % 2, 2.0, 0.5)[None, :, None]
    stays = kept(scores, 0.5, Choice("block", "segment", BLOCKS))[distal]
    assert stays[0, 0].astype(int).tolist() == [1, 1, 1, 1, 0, 0] or stays[0, 0].sum() <= 4
    assert stays[0, 1, 4:].all()


@pytest.mark.parametrize("keep", [0, -1, 1.1])
def test_shares_that_are_none(keep: float) -> None:
    with pytest.raises(ConfigError, match="share of synapses to keep"):
        kept(scored(design(), "weight"), keep)


def test_errors_of_a_choice() -> None:
    with pytest.raises(ConfigError, match="no such structure"):
        Choice("neuron")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="needs to know them"):
        Choice("block", "layer")
    with pytest.raises(ConfigError, match="block 1 is not among the inputs"):
        kept(scored(design(), "weight"), 0.5, Choice("block", "layer", ((0, 3), (3, 4))))
