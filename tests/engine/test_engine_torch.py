"""The torch engine equals the reference to the bit (rule A2), and its tensor interface equals the engine."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import numpy as np
import pytest
import torch

from neutnngen.core import lfsr as one_by_one
from neutnngen.core import lfsr_tensor
from neutnngen.engine import ReferenceEngine, Trace, torch_engine
from neutnngen.engine.torch_engine import TorchEngine, TorchSession
from neutnngen.errors import ConfigError
from neutnngen.spec import (
    NO_SPIKE,
    DendriticColumnSpec,
    DenseWiring,
    Design,
    FieldWiring,
    HomeostasisSpec,
    LayerSpec,
    LfsrSpec,
    NetworkSpec,
    NetworkState,
    ProximalSpec,
    VoterSpec,
    blank_state,
)
from random_designs import Case, classic_case, random_case

DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device")),
]


def assert_equal(got: Trace, expected: Trace, why: str = "") -> None:
    for name in ("outputs", "winners", "votes"):
        a, b = getattr(expected, name), getattr(got, name)
        assert (a is None) == (b is None), (name, why)
        assert a is None or (a.dtype == b.dtype and np.array_equal(a, b)), (name, why)
    if expected.layers is not None:
        assert got.layers is not None
        for n, (a, b) in enumerate(zip(expected.layers, got.layers, strict=True)):
            assert np.array_equal(a, b), (f"layer {n}", why)
    for (name, a), (_, b) in zip(expected.final.state.arrays(), got.final.state.arrays(), strict=True):
        assert a.dtype == b.dtype and np.array_equal(a, b), (name, why)
    assert got.final.state.equals(expected.final.state)


def run_both(case: Case, device: str, why: str = "") -> None:
    options: dict[str, Any] = {"enable": case.enable, "labels": case.labels, "keep_layers": True}
    before = case.design.fingerprint()
    expected = ReferenceEngine().run(case.design, case.waves, case.learn, **options)
    assert_equal(TorchEngine(device).run(case.design, case.waves, case.learn, **options), expected, why)
    assert case.design.fingerprint() == before, "the Design that comes in never changes"


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("block", range(4))
def test_a2_random_designs_equal_the_reference(block: int, device: str) -> None:
    for seed in range(100_000 + 25 * block, 100_000 + 25 * (block + 1)):
        case = random_case(seed)
        run_both(case, device, f"seed {seed}: {sorted(case.features)}")


@pytest.mark.parametrize("device", DEVICES)
def test_a2_states_after_every_wave(device: str) -> None:
    for seed in range(30):
        case = random_case(seed)
        options: dict[str, Any] = {"enable": case.enable, "labels": case.labels, "keep_states": True}
        expected = ReferenceEngine().run(case.design, case.waves, case.learn, **options)
        got = TorchEngine(device).run(case.design, case.waves, case.learn, **options)
        assert expected.states is not None and got.states is not None
        for n, (a, b) in enumerate(zip(expected.states, got.states, strict=True)):
            assert a.equals(b), (seed, n)


def random_weights(network: NetworkSpec, seed: int) -> NetworkState:
    """Random weights, a tenth of the synapses pruned."""
    rng = np.random.default_rng(seed)
    blank = blank_state(network)
    layers = []
    for layer, state in zip(network.layers, blank.layers, strict=True):
        column = layer.column
        masks = [rng.random(array.shape) < 0.9 for array in (state.distal, state.proximal)]
        tops = (column.w_max, column.proximal_w_max)
        weights = [(rng.integers(0, top + 1, mask.shape) * mask).astype(np.uint8) for top, mask in zip(tops, masks, strict=True)]
        changed = {"distal": weights[0], "distal_mask": masks[0], "proximal": weights[1], "proximal_mask": masks[1]}
        layers.append(dataclasses.replace(state, **changed))
    return NetworkState(tuple(layers), blank.voter)


def big_network(sharing: Any) -> NetworkSpec:
    """Fields, enable, sum and soma in three layers with a voter, every register used for many draws."""
    homeostasis = HomeostasisSpec(2, 1, 1, 6)
    first = DendriticColumnSpec(
        18, 3, 20, dendrites=2, segments=4, proximal=ProximalSpec("enable"), sharing=sharing, inhibition="k_earliest", k=2, t_res=2, w_res=5
    )
    second = DendriticColumnSpec(12, 2, 9, segments=3, proximal=ProximalSpec("sum", 4, 2), sharing=sharing, homeostasis=homeostasis)
    soma = ProximalSpec("soma", 3, 3, 2, 4, 4, 5, 2)
    third = DendriticColumnSpec(8, 4, 6, segments=2, proximal=soma, sharing=sharing, inhibition="one_largest_potential", w_res=6)
    layers = (
        LayerSpec(first, FieldWiring(5, 5, 2, (3, 3), (1, 1))),
        LayerSpec(second, DenseWiring(12, 50, 3), DenseWiring(4, 0, 3)),
        LayerSpec(third, DenseWiring(8, 40, 2), DenseWiring(3, 77, 2)),
    )
    return NetworkSpec(50, layers, voter=VoterSpec(3, sharing=sharing), outputs=(2, 1))


def case_of(network: NetworkSpec, count: int, seed: int) -> Case:
    rng = np.random.default_rng(seed)
    waves = rng.integers(0, network.t_in_max + 1, (count, network.inputs)).astype(np.uint8)
    waves[rng.random(waves.shape) < 0.3] = NO_SPIKE
    labels = rng.integers(0, 3, count)
    learn = rng.random((count, network.stages)) < 0.7
    design = Design("big", network, random_weights(network, seed))
    return Case(design, waves, learn, np.eye(network.enables, dtype=bool)[labels] if network.enables else None, labels, frozenset())


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("sharing", ["column", "line", "synapse"])
def test_a2_a_network_with_every_kind_of_proximal_input(sharing: str, device: str) -> None:
    run_both(case_of(big_network(sharing), 10, 3), device)


@pytest.mark.parametrize("limit", [1, 5000])
def test_the_result_does_not_depend_on_how_the_work_is_split(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_engine, "BATCH_BYTES", {"cpu": limit})
    monkeypatch.setattr(torch_engine, "CHUNK_BYTES", limit)
    monkeypatch.setattr(lfsr_tensor, "BLOCK_DRAWS", 7)
    monkeypatch.setattr("neutnngen.core.columns.BITS_IN_WORK", 400 * limit)
    for seed in range(12):
        run_both(random_case(seed), "cpu", f"seed {seed}")


@pytest.mark.parametrize(("response", "time"), [("rnl", 62), ("snl", 0)])
def test_a1_potentials_beyond_the_integers_of_float32(response: Any, time: int) -> None:
    """θ = 2^24 + 1 is missed by a unit that float32 could not tell."""
    theta = (1 << 24) + 1
    inputs = theta // 63 + 1
    column = DendriticColumnSpec(inputs, 1, theta, t_res=1, w_res=6, response=response)
    network = NetworkSpec(inputs, (LayerSpec(column, DenseWiring(inputs)),), 1)
    for missing in (0, 1):
        weights = np.full((1, *column.distal_shape), 63, dtype=np.uint8)
        weights[..., -1] = theta % 63 - missing
        layer = dataclasses.replace(blank_state(network).layers[0], distal=weights)
        got = TorchEngine().run(Design("wide", network, NetworkState((layer,))), np.zeros((1, inputs), dtype=np.uint8))
        assert got.outputs.tolist() == [[NO_SPIKE if missing else time]]


@pytest.mark.parametrize(
    "lfsr", [LfsrSpec(), LfsrSpec(11, (11, 9)), LfsrSpec(20, (20, 1)), LfsrSpec(63, (63, 62)), LfsrSpec(63, (63, 40, 1))]
)
@pytest.mark.parametrize("count", [1, 5, 7, 300])
def test_r7_draws_of_many_registers_equal_those_of_one(lfsr: LfsrSpec, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lfsr_tensor, "BLOCK_DRAWS", 128)
    source = random.Random(count)
    states = [source.randrange(1, 1 << lfsr.width) for _ in range(3)] + [1, (1 << lfsr.width) - 1]
    values, after = lfsr_tensor.draws(torch.tensor(states), lfsr, count)
    for register, state in enumerate(states):
        expected = []
        for _ in range(count):
            value, state = one_by_one.draw(state, lfsr)
            expected.append(value)
        assert values[register].tolist() == expected and int(after[register]) == state


@pytest.mark.parametrize("device", DEVICES)
def test_tensor_interface_equals_the_engine(device: str) -> None:
    for seed in range(40):
        case = random_case(seed)
        before = TorchEngine(device).open(case.design).tensors()
        copies = {name: tensor.clone() for name, tensor in before.items()}
        session = TorchSession.from_tensors(case.design.network, before)
        times, enable, labels = (None if a is None else torch.tensor(a, device=device) for a in (case.waves, case.enable, case.labels))
        assert times is not None
        result = session.run_tensors(times, case.learn, enable, labels)
        expected = TorchEngine(device).run(case.design, case.waves, case.learn, enable=case.enable, labels=case.labels, keep_layers=True)
        assert np.array_equal(result.outputs.cpu(), expected.outputs) and np.array_equal(result.winners.cpu(), expected.winners)
        assert session.state().equals(expected.final.state) and session.design().state.equals(expected.final.state)
        assert all(torch.equal(copies[name], tensor) for name, tensor in before.items()), "tensors that come in are never written to"
        assert session.tensors().keys() == dict(case.design.state.arrays()).keys()


@pytest.mark.parametrize("sharing", ["column", "line", "synapse"])
def test_nothing_waits_for_the_device(sharing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tensors on ``meta`` have no values, so whatever needs one on the host would fail, in learning as in inference."""
    monkeypatch.setattr(torch_engine, "BATCH_BYTES", {"meta": 1 << 20})
    case = case_of(big_network(sharing), 6, 1)
    rewarded = DendriticColumnSpec(6, 1, 4, segments=3, output="segments", reward=True, tie="largest_potential", sharing=sharing)  # type: ignore[arg-type]
    other = case_of(NetworkSpec(6, (LayerSpec(rewarded, DenseWiring(6, columns=2)),)), 6, 1)
    for one in (case, other):
        tensors = {name: tensor.to("meta") for name, tensor in TorchEngine().open(one.design).tensors().items()}
        session = TorchSession.from_tensors(one.design.network, tensors)
        times, enable, labels = (None if a is None else torch.tensor(a, device="meta") for a in (one.waves, one.enable, one.labels))
        assert times is not None
        assert session.run_tensors(times, one.learn, enable, labels).outputs.shape == (6, one.design.network.lines)


def test_r11_inference_changes_nothing() -> None:
    case = random_case(5)
    session = TorchEngine().open(case.design)
    session.run(case.waves, False, enable=case.enable, labels=case.labels)
    assert session.design().fingerprint() == case.design.fingerprint()


def test_tensors_that_do_not_fit_are_refused() -> None:
    network = big_network("column")
    tensors = TorchEngine().open(Design("big", network, blank_state(network))).tensors()
    with pytest.raises(ConfigError, match="missing"):
        TorchSession.from_tensors(network, {k: t for k, t in tensors.items() if k != "layer1.bias"})
    with pytest.raises(ConfigError, match=r"layer1\.lfsr has the wrong shape"):
        TorchSession.from_tensors(network, {**tensors, "layer1.lfsr": torch.ones(1, dtype=torch.int64)})
    session = TorchSession.from_tensors(network, tensors)
    waves = torch.zeros(2, network.inputs, dtype=torch.uint8)
    with pytest.raises(ConfigError, match="times"):
        session.run_tensors(waves[:, 1:])
    with pytest.raises(ConfigError, match="learn"):
        session.run_tensors(waves, np.zeros(3, dtype=bool))
    with pytest.raises(ConfigError, match="stage 0 cannot learn without enable"):
        session.run_tensors(waves, True, None, torch.zeros(2, dtype=torch.int64))
    with pytest.raises(ConfigError, match="stage 3 cannot learn without labels"):
        session.run_tensors(waves, True, torch.ones(2, 3, dtype=torch.bool))
    with pytest.raises(ConfigError, match="enable"):
        session.run_tensors(waves, False, torch.ones(2, 2, dtype=torch.bool))
    assert session.state().equals(blank_state(network))


@pytest.mark.parametrize("device", ["cuda:99", "meta", "quantum", None])
def test_a_device_that_is_not_there_is_refused(device: Any) -> None:
    with pytest.raises(ConfigError, match="cpu"):
        TorchEngine(device)


def test_no_waves_at_all() -> None:
    design = classic_case(np.random.default_rng(0), 6, 3, threshold=5)
    got = TorchEngine().run(design, np.zeros((0, 6), dtype=np.uint8), True)
    assert got.outputs.shape == (0, 3) and got.winners.shape == (0,) and got.final.fingerprint() == design.fingerprint()
