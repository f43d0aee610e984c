"""Masks: segments that see one block of inputs, and pruning (rule S4)."""

from __future__ import annotations

import numpy as np
import pytest

from neutnngen.core.initial import constant_weights
from neutnngen.core.masks import apply_mask, block_mask
from neutnngen.errors import ConfigError
from neutnngen.spec import DendriticColumnSpec, DenseWiring, Design, LayerSpec, NetworkSpec, ProximalSpec

SPEC = DendriticColumnSpec(5, 2, 4, 3, 4, proximal=ProximalSpec("sum", 2))


def design() -> Design:
    network = NetworkSpec(7, (LayerSpec(SPEC, DenseWiring(5, 0, 2), DenseWiring(2, 5, 2)),))
    return Design("masked", network, constant_weights(network, 3).state)


def test_blocks_by_hand() -> None:
    mask = block_mask(SPEC, [(0, 2), (3, 2)])
    assert mask.shape == SPEC.distal_shape
    one = [[1, 1, 0, 0, 0], [1, 1, 0, 0, 0], [0, 0, 0, 1, 1], [0, 0, 0, 1, 1]]
    assert all(mask[j, d].astype(int).tolist() == one for j in range(2) for d in range(3))
    runs = block_mask(SPEC, [(0, 1), (1, 1), (2, 3)])[0, 0].argmax(axis=1).tolist()
    assert runs == [0, 0, 1, 2], "runs differ by one where four segments go to three blocks"
    assert block_mask(SPEC, [(0, 5)]).all()


@pytest.mark.parametrize("block", [(0, 6), (4, 2), (-1, 2), (0, 0), (5, 1)])
def test_blocks_beyond_the_inputs(block: tuple[int, int]) -> None:
    with pytest.raises(ConfigError, match="block 1 is not among the inputs"):
        block_mask(SPEC, [(0, 1), block])


@pytest.mark.parametrize("count", [0, 5])
def test_a_block_needs_a_segment(count: int) -> None:
    with pytest.raises(ConfigError, match="needs a segment"):
        block_mask(SPEC, [(0, 1)] * count)


def test_apply_prunes_and_never_brings_back() -> None:
    before = design()
    mask = block_mask(SPEC, [(0, 2), (3, 2)])
    after = apply_mask(before, 0, mask, np.zeros(SPEC.proximal_shape, dtype=bool))
    layer = after.state.layers[0]
    assert (layer.distal_mask == mask).all() and (layer.distal == 3 * mask).all()
    assert not layer.proximal.any() and not layer.proximal_mask.any()
    assert before.state.layers[0].distal_mask.all() and before.state.layers[0].distal.all(), "the given Design stays as it is"
    again = apply_mask(after, 0, np.ones((2, *SPEC.distal_shape), dtype=bool))
    assert again.fingerprint() == after.fingerprint()
    only_second = np.stack([np.ones_like(mask), mask])
    assert apply_mask(before, 0, only_second).state.layers[0].distal_mask[0].all()


def test_masks_that_do_not_fit() -> None:
    for distal in (np.ones((2, 3, 4, 4), dtype=bool), np.ones(SPEC.distal_shape, dtype=int)):
        with pytest.raises(ConfigError, match="distal mask does not fit"):
            apply_mask(design(), 0, distal)
    with pytest.raises(ConfigError, match="proximal mask does not fit"):
        apply_mask(design(), 0, proximal=np.ones(3, dtype=bool))
    for layer in (-1, 1):
        with pytest.raises(ConfigError, match="no such layer"):
            apply_mask(design(), layer)
