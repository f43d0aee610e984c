"""Initial weights (rule R13)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from neutnngen.core.initial import Initial, constant_weights, sample_numbers, sample_weights, uniform_weights, weights_of_times
from neutnngen.errors import ConfigError
from neutnngen.spec import (
    NO_SPIKE,
    ColumnSpec,
    DendriticColumnSpec,
    DenseWiring,
    Design,
    LayerSpec,
    ListWiring,
    NetworkSpec,
    NetworkState,
    ProximalSpec,
    VoterSpec,
    as_network,
    blank_state,
)

N = NO_SPIKE


def network_of(mode: str = "sum") -> NetworkSpec:
    near = ProximalSpec("soma", 2, 2, 3, 1, 2, 2, 1) if mode == "soma" else ProximalSpec("sum", 2, 2)
    column = DendriticColumnSpec(3, 2, 4, 2, 2, proximal=near)
    layer = LayerSpec(column, ListWiring(((0, 1, 2), (2, 1, 0))), DenseWiring(2, 3, 2))
    return NetworkSpec(5, (layer,), voter=VoterSpec(3, w_res=1))


def pruned(network: NetworkSpec) -> NetworkState:
    """Marked, so that what must not change can be seen."""
    blank = blank_state(network)
    layer = blank.layers[0]
    mask = np.random.default_rng(0).random(layer.distal.shape) < 0.5
    marked = replace(layer, distal_mask=mask, lfsr=layer.lfsr * 0 + 9, learned=np.array(5))
    return NetworkState((marked, *blank.layers[1:]), blank.voter)


def check_kept(initial: Initial, before: NetworkState) -> None:
    after = initial.state.layers[0]
    assert not after.distal[~after.distal_mask].any() and np.array_equal(after.distal_mask, before.layers[0].distal_mask)
    assert (after.lfsr == 9).all() and after.learned == 5
    assert json.loads(json.dumps(initial.rule)) == initial.rule


def test_constant() -> None:
    network = network_of()
    initial = constant_weights(network, 1, state=pruned(network))
    check_kept(initial, pruned(network))
    layer = initial.state.layers[0]
    assert (layer.distal == layer.distal_mask).all() and (layer.proximal == 1).all()
    assert initial.state.voter is not None and (initial.state.voter.weights == 1).all()
    each = constant_weights(network, [7, 3, 0])
    assert each.rule == {"rule": "constant", "weights": {"layer0.distal": 7, "layer0.proximal": 3, "voter.weights": 0}}
    assert (each.state.layers[0].distal == 7).all() and (each.state.layers[0].proximal == 3).all()
    for weight, message in ((4, "layer0.proximal is out of range"), (-1, "layer0.distal is out"), ([1, 1], "number of initial weights")):
        with pytest.raises(ConfigError, match=message):
            constant_weights(network, weight)


def test_uniform() -> None:
    network = network_of()
    initial = uniform_weights(network, 3, state=pruned(network))
    check_kept(initial, pruned(network))
    full = uniform_weights(network, 3).state
    assert np.array_equal(initial.state.layers[0].distal, full.layers[0].distal * initial.state.layers[0].distal_mask)
    assert full.equals(uniform_weights(network, 3).state) and not full.equals(uniform_weights(network, 4).state)
    for name, array in full.arrays():
        if name in ("layer0.distal", "layer0.proximal", "voter.weights"):
            assert array.min() == 0 and array.max() == {"layer0.distal": 7, "layer0.proximal": 3, "voter.weights": 1}[name]
    for seed in (-1, 1.5, True):
        with pytest.raises(ConfigError, match="seed of the initial weights"):
            uniform_weights(network, seed)  # type: ignore[arg-type]


def test_uniform_of_a_classic_column_is_one_plain_draw() -> None:
    state = uniform_weights(as_network(ColumnSpec(12, 3, 9)), 4).state
    expected = np.random.default_rng(4).integers(0, 8, (3, 12), dtype=np.uint8)
    assert np.array_equal(state.layers[0].distal.reshape(3, 12), expected)


def test_the_rule_goes_into_the_provenance() -> None:
    network = network_of()
    design = Design("begun", network, blank_state(network), {"data": "none"})
    begun = uniform_weights(network, 3).design(design)
    assert begun.provenance == {"data": "none", "initial_weights": {"rule": "uniform", "seed": 3, "generator": "numpy default_rng"}}
    assert design.provenance == {"data": "none"} and begun.name == "begun"


def test_weights_of_times_by_hand() -> None:
    times = np.array([0, 1, 6, 7, N], dtype=np.uint8)
    assert weights_of_times(times, 7, 7).tolist() == [7, 6, 1, 0, 0]
    assert weights_of_times(times, 7, 3).tolist() == [3, 3, 1, 0, 0]
    assert weights_of_times(np.array([0, 1, N], dtype=np.uint8), 1, 63).tolist() == [63, 0, 0]


SAMPLES = np.array([[0, 1, 2, 3, N], [7, 6, 5, N, 0], [N, 0, N, 7, 7], [1, 1, 1, 1, 1]], dtype=np.uint8)


def test_samples_without_labels_by_hand() -> None:
    network = network_of()
    state = sample_weights(network, blank_state(network), 0, [SAMPLES]).state.layers[0]
    for j in range(2):
        for d in range(2):
            assert state.distal[0, j, d].tolist() == [[7, 6, 5], [0, 1, 2]]
            assert state.distal[1, j, d].tolist() == [[5, 6, 7], [2, 1, 0]], "the second column reads the lines backwards"
            assert state.proximal[0, j, d].tolist() == [[2, 0], [0, 3]]


def test_samples_with_labels_by_hand() -> None:
    network = network_of()
    initial = sample_weights(network, pruned(network), 0, [SAMPLES], np.array([1, 0, 0, 1]))
    check_kept(initial, pruned(network))
    state = sample_weights(network, blank_state(network), 0, [SAMPLES], np.array([1, 0, 0, 1])).state.layers[0]
    assert state.distal[0, 0, 1].tolist() == [[0, 1, 2], [0, 7, 0]]
    assert state.distal[0, 1, 0].tolist() == [[7, 6, 5], [6, 6, 6]]


def test_samples_of_soma_neurons_and_of_segment_lines() -> None:
    network = network_of("soma")
    state = sample_weights(network, blank_state(network), 0, [SAMPLES]).state.layers[0]
    assert state.proximal[1, 1].tolist() == [[2, 0], [0, 3], [0, 0]], "proximal segment r copies sample r"
    assert state.distal.shape == (2, 2, 2, 2, 3)
    lines = as_network(ColumnSpec(5, 3, 4))
    by_class = sample_weights(lines, blank_state(lines), 0, [SAMPLES], np.array([2, 1, 0, 1])).state.layers[0].distal[0, 0, 0]
    assert by_class.tolist() == weights_of_times(SAMPLES[[2, 1, 0]], 7, 7).tolist()


def test_a_later_layer_copies_rebased_outputs() -> None:
    first = LayerSpec(DendriticColumnSpec(2, 3, 6), DenseWiring(2), base=2)
    second = LayerSpec(DendriticColumnSpec(3, 1, 1, segments=2, t_res=2, w_res=2), DenseWiring(3, 2))
    network = NetworkSpec(2, (first, second))
    outputs = np.array([[2, 3, N], [5, 6, 4]], dtype=np.uint8)
    state = sample_weights(network, blank_state(network), 1, [SAMPLES[:2, :2], outputs]).state
    assert state.layers[1].distal[0, 0, 0].tolist() == [[3, 2, 0], [0, 0, 1]]
    assert not state.layers[0].distal.any(), "other layers stay as they are"


@pytest.mark.parametrize(
    ("layer", "times", "labels", "message"),
    [
        (1, [SAMPLES], None, "no such layer"),
        (0, [SAMPLES[:, :4]], None, "do not fit"),
        (0, [], None, "do not fit"),
        (0, [SAMPLES[:1]], None, "too few samples for"),
        (0, [SAMPLES], np.array([0, 0, 1, 2]), "too few samples of class 1"),
        (0, [SAMPLES], np.array([0, 0, 1]), "labels of the samples have the wrong shape"),
    ],
)
def test_samples_that_do_not_fit(layer: int, times: list[np.ndarray], labels: Any, message: str) -> None:
    network = network_of()
    with pytest.raises(ConfigError, match=message):
        sample_weights(network, blank_state(network), layer, times, labels)


def test_sample_numbers() -> None:
    column = DendriticColumnSpec(3, 2, 4, segments=2)
    assert sample_numbers(column, 9).tolist() == [[0, 1], [0, 1]]
    assert sample_numbers(column, 5, np.array([4, 1, 0, 1, 0])).tolist() == [[2, 4], [1, 3]]
