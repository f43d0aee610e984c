"""Initial weights copied from samples through several layers (rule R13)."""

from __future__ import annotations

import numpy as np
import pytest
from training_cases import classic_design, deep_network, design_of, enabled_network, labels_of, waves_of

from neutnngen.core.initial import sample_weights
from neutnngen.engine import ReferenceEngine
from neutnngen.errors import ConfigError
from neutnngen.spec import DendriticColumnSpec, DenseWiring, Design, LayerSpec, NetworkSpec, blank_state
from neutnngen.train import sample_design


def two_layers() -> Design:
    first = LayerSpec(DendriticColumnSpec(8, 4, 8, segments=3), DenseWiring(8, 0, 2))
    second = LayerSpec(DendriticColumnSpec(8, 2, 3, segments=4), DenseWiring(8, 8))
    network = NetworkSpec(8, (first, second))
    return Design("deep", network, blank_state(network))


@pytest.mark.parametrize("labelled", [False, True])
def test_layer_after_layer(labelled: bool) -> None:
    design, waves = two_layers(), waves_of(60, 8)
    labels = labels_of(60, 4) if labelled else None
    made = sample_design(design, waves, labels=labels, engine="reference")
    first = sample_weights(design.network, design.state, 0, [waves], labels).state
    layers = ReferenceEngine().run(design.with_state(first), waves, keep_layers=True).layers
    assert layers is not None
    second = sample_weights(design.network, first, 1, [waves, layers[0]], labels).state
    assert made.state.equals(second) and second.layers[1].distal.any()
    rule = made.provenance["initial_weights"]
    assert rule["rule"] == "samples" and rule["layers"] == [0, 1] and rule["labelled"] == labelled
    assert len(rule["waves"]) < 60 and len(rule["sha256"]) == 64


def test_only_some_layers_and_masks_kept() -> None:
    design = design_of(deep_network())
    made = sample_design(design, waves_of(9, 8), layers=[0], engine="reference")
    before, after = design.state.layers, made.state.layers
    assert np.array_equal(after[1].distal, before[1].distal) and not np.array_equal(after[0].distal, before[0].distal)
    assert np.array_equal(after[0].distal_mask, before[0].distal_mask) and not after[0].distal[~after[0].distal_mask].any()
    assert sample_design(design, waves_of(9, 8), layers=[], engine="reference").fingerprint() == design.fingerprint()


def test_enable_lines_are_passed_on() -> None:
    design = design_of(enabled_network())
    made = sample_design(design, waves_of(30, 8), labels=labels_of(30), enable=np.ones((30, 3), dtype=bool), engine="reference")
    assert made.fingerprint() == sample_design(design, waves_of(30, 8), labels=labels_of(30), engine="auto").fingerprint()


def test_errors() -> None:
    with pytest.raises(ConfigError, match="no such layer"):
        sample_design(classic_design(), waves_of(9, 12), layers=[1])
    with pytest.raises(ConfigError, match="too few samples"):
        sample_design(classic_design(), waves_of(2, 12))
    with pytest.raises(ConfigError, match="wrong shape"):
        sample_design(classic_design(), waves_of(9, 11))
