"""What a synapse is worth: against removing every single one and running the judge, on Designs of all kinds."""

from __future__ import annotations

import numpy as np
import pytest

from neutnngen.engine import get_engine
from neutnngen.errors import ConfigError
from neutnngen.prune import exists_in, parts_of, scored, with_masks
from neutnngen.prune.activity import record
from neutnngen.prune.scores import MOST, _score_layer, _use, _use_of_layer
from neutnngen.spec import NO_SPIKE, ColumnSpec, Design
from random_designs import random_case

WAVES = 12


def column() -> Design:
    """Two neurons on three lines, θ 4: by hand below."""
    weights = np.array([[3, 2, 1], [1, 1, 3]], dtype=np.uint8)
    return Design.of_column("small", ColumnSpec(3, 2, 4, w_res=2), weights, np.ones((2, 3), dtype=bool), 1)


def test_use_by_hand() -> None:
    # Wave 0: lines at 0, 0, 0. V0 = 3, 5 …: neuron 0 fires at 1 and has 2, 2, 1 from its lines. V1 = 3, 4 …: so does neuron 1, which loses.
    # Wave 1: line 2 at 0 and line 0 at 2: V1 = 1, 2, 4 fires at 2 with 1 and 3; V0 = 1, 1, 2 does not.
    waves = np.array([[0, 0, 0], [2, NO_SPIKE, 0]], dtype=np.uint8)
    design = column()
    (part,) = parts_of(design)
    found = np.floor(scored(design, "use", waves)[part][0])
    assert found.tolist() == [[2, 2, 1], [1, 0, 3]]


def test_weight_and_random_need_no_waves() -> None:
    design = column()
    (part,) = parts_of(design)
    assert np.allclose(scored(design, "weight")[part], np.array([[[3, 2, 1], [1, 1, 3]]]) / 3, atol=0.002)
    first, again, other = (scored(design, "random", seed=seed)[part] for seed in (1, 1, 2))
    assert (first == again).all() and (first != other).any()


def test_information_needs_waves() -> None:
    with pytest.raises(ConfigError, match="measures on training waves"):
        scored(column(), "information")
    with pytest.raises(ConfigError, match="no such method"):
        scored(column(), "magnitude")  # type: ignore[arg-type]


def spiking(design: Design, waves: np.ndarray, layer: int) -> np.ndarray:
    layers = get_engine().open(design).run(waves, keep_layers=True).layers
    assert layers is not None
    return layers[layer] != NO_SPIKE


@pytest.mark.parametrize("seed", range(40))
def test_information_is_what_removing_one_synapse_changes(seed: int) -> None:
    """In the first layer, whose inputs do not depend on what is removed: waves × units whose spiking lines change."""
    case = random_case(seed)
    spec = case.design.network.layers[0].column
    if spec.proximal.mode == "soma" or spec.inhibition == "k_earliest":
        pytest.skip("a soma, or k winners: the measure is of the dendrite")
    rng = np.random.default_rng(seed)
    waves = rng.integers(0, case.design.network.t_in_max + 1, (WAVES, case.design.network.inputs)).astype(np.uint8)
    waves[rng.random(waves.shape) < 0.4] = NO_SPIKE
    scores = scored(case.design, "information", waves)
    before = spiking(case.design, waves, 0)
    for part in [p for p in scores if p.stage == 0]:
        exists = exists_in(case.design, part)
        chosen = np.argwhere(exists)[:: max(1, int(exists.sum()) // 25)]
        for place in map(tuple, chosen):
            mask = exists.copy()
            mask[place] = False
            after = spiking(with_masks(case.design, {part: mask}), waves, 0)
            units = -1 if spec.output == "segments" else spec.neurons
            size = spec.segments if spec.output == "segments" else units
            changed = int((before != after).reshape(WAVES, -1, size).any(axis=-1).sum())
            counted = scores[part][place] // (MOST * (WAVES + 1) ** 2)
            if spec.output == "neurons" and spec.inhibition == "all_earliest":
                # of several neurons that are the earliest each is judged alone; the answer is the set
                assert (counted > 0) == (changed > 0), (part.kind, place)
            else:
                assert counted == changed, (part.kind, place, counted, changed)


@pytest.mark.parametrize("seed", range(25))
def test_use_of_the_compiled_engine_is_that_of_the_rivals(seed: int) -> None:
    """The quick way to what decided an answer, against the one that also knows who came second."""
    case = random_case(seed, 12)
    recorded = record(case.design, case.waves)
    quick, slow = ({part: np.zeros(part.shape) for part in parts_of(case.design)} for _ in range(2))
    for n, layer in enumerate(case.design.network.layers):
        if layer.column.proximal.mode != "soma":
            _use_of_layer(case.design, n, recorded, quick)
            _score_layer(case.design, n, recorded, _use, slow)
    assert all((quick[part] == slow[part]).all() for part in quick)
