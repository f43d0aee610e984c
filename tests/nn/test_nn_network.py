"""Networks and layers equal the reference on random Designs with every option (rule A2)."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neutnngen.engine import ReferenceEngine
from neutnngen.nn import Layer, Network, design_from_module, module_from_design
from neutnngen.spec import NO_SPIKE, ColumnSpec, DenseWiring, Design, FieldWiring, LayerSpec, ListWiring, NetworkSpec, StdpSpec, VoterSpec

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "engine"))
from random_designs import random_case, random_network, random_state

ALWAYS = StdpSpec(1024, 1024, 1024, 1024, 1024)


def tensor(array: np.ndarray | None) -> torch.Tensor | None:
    return None if array is None else torch.from_numpy(array)


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.booleans(), min_size=4, max_size=4), st.sampled_from(["reference", "compiled", "torch"]))
def test_network_equals_reference(seed: int, training: list[bool], engine: str) -> None:
    case = random_case(seed)
    network = module_from_design(case.design, engine=engine)
    learn = training[: case.design.network.stages]
    parts = [*network.layers, *([] if network.voter is None else [network.voter])]
    for part, on in zip(parts, learn, strict=True):
        part.train(on)
    trace = ReferenceEngine().run(
        case.design, case.waves, np.tile(learn, (len(case.waves), 1)), enable=case.enable, labels=case.labels, keep_layers=True
    )
    times = torch.from_numpy(case.waves)
    result = network(times, enable=tensor(case.enable), labels=tensor(case.labels))
    assert np.array_equal(result.numpy(), trace.outputs if trace.votes is None else trace.votes)
    assert network.to_design(case.design.name).fingerprint() == trace.final.fingerprint()
    inferred = ReferenceEngine().run(trace.final, case.waves, enable=case.enable)
    assert np.array_equal(network.winner(times, tensor(case.enable)).numpy(), inferred.winners)
    assert network.to_design(case.design.name).fingerprint() == trace.final.fingerprint()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.booleans(), st.sampled_from(["reference", "compiled", "torch"]))
def test_layer_equals_reference(seed: int, learn: bool, engine: str) -> None:
    rng = np.random.default_rng(seed)
    whole = random_network(rng)
    spec = NetworkSpec(whole.inputs, whole.layers[:1], whole.layers[0].column.t_res)
    design = Design("layer", spec, random_state(rng, spec))
    layer = Layer.from_design(design, engine=engine).train(learn)
    waves = rng.integers(0, spec.t_in_max + 1, (6, spec.inputs)).astype(np.uint8)
    waves[rng.random(waves.shape) < 0.3] = NO_SPIKE
    enable = rng.random((6, spec.enables)) < 0.6 if spec.enables else None
    labels = rng.integers(0, 3, 6)
    trace = ReferenceEngine().run(design, waves, learn, enable=enable, labels=labels)
    outputs = layer(torch.from_numpy(waves), enable=tensor(enable), labels=tensor(labels))
    assert np.array_equal(outputs.numpy(), trace.outputs)
    assert layer.to_design("layer").fingerprint() == trace.final.fingerprint()
    traced = design_from_module(torch.nn.Sequential(layer), (spec.inputs,), name="layer", t_res=spec.t_res)
    assert traced.state.equals(trace.final.state)


def test_a_layer_in_eval_is_frozen_while_the_others_learn() -> None:
    layers = (LayerSpec(ColumnSpec(4, 3, 2, stdp=ALWAYS), DenseWiring(4)), LayerSpec(ColumnSpec(3, 2, 1, stdp=ALWAYS), DenseWiring(3, 4)))
    network = Network(NetworkSpec(4, layers, voter=VoterSpec(2)), engine="reference")
    for layer in network.layers:
        layer.distal.fill_(2)
    network.layers[0].eval()
    before = {name: t.clone() for name, t in network.state_dict().items()}
    network(torch.zeros(4, 4, dtype=torch.uint8), labels=torch.tensor([0, 1, 0, 1]))
    moved = {name for name, t in network.state_dict().items() if not torch.equal(t, before[name])}
    assert {"layers.1.distal", "layers.1.lfsr", "layers.1.learned", "voter.weights", "voter.lfsr"} <= moved
    assert not any(name.startswith("layers.0") for name in moved)
    assert network.voter is not None
    network.eval()
    network.voter.train()
    before = {name: t.clone() for name, t in network.state_dict().items()}
    network(torch.zeros(4, 4, dtype=torch.uint8), labels=torch.tensor([0, 1, 0, 1]))
    assert all(torch.equal(t, before[name]) for name, t in network.state_dict().items() if name.startswith("layers"))


def test_a_layer_of_a_network_works_alone_on_all_lines_before_it() -> None:
    layers = (LayerSpec(ColumnSpec(4, 3, 2), DenseWiring(4)), LayerSpec(ColumnSpec(3, 2, 1), DenseWiring(3, 4)))
    network = Network(NetworkSpec(4, layers), engine="reference").eval()
    assert [layer.inputs for layer in network.layers] == [4, 7] and network.voter is None
    assert network.layers[1](torch.zeros(1, 7, dtype=torch.uint8)).shape == (1, 2)


def test_source_lines_of_a_layer() -> None:
    column = ColumnSpec(4, 2, 3)
    assert Layer(LayerSpec(column, FieldWiring(5, 5, 1, 2, 3, first=2))).inputs == 27  # the whole grid, also what no window sees
    assert Layer(LayerSpec(column, DenseWiring(4, 3))).inputs == 7
    assert Layer(LayerSpec(column, ListWiring(((1, 5, 2, 2),)))).inputs == 6
    assert Layer(LayerSpec(column, DenseWiring(4)), inputs=9).inputs == 9


def test_repr() -> None:
    spec = LayerSpec(ColumnSpec(4, 2, 3), FieldWiring(3, 3, 1, 2, corners=True))
    text = repr(Network(NetworkSpec(9, (spec,), voter=VoterSpec(2), outputs=(0,))))
    for part in (
        "4 columns by fields of 2×2, stride 1×1, in 3×3×1, corners only",
        "8 output lines",
        "(voter): Voter(8 lines",
        "synapses=48",
    ):
        assert part in text
    assert "a list (4 lines each)" in repr(Layer(LayerSpec(ColumnSpec(4, 2, 3), ListWiring(((1, 5, 2, 2),)))))
