"""The dendritic module equals its reference on random columns with every option (rule A2)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neutnngen.engine.dendritic_reference import ColumnState, run_wave
from neutnngen.errors import ConfigError
from neutnngen.nn.dendritic import DendriticColumn
from neutnngen.spec import NO_SPIKE, DendriticColumnSpec, HomeostasisSpec, ProximalSpec, StdpSpec

MU = st.sampled_from([0, 300, 700, 1024])


@st.composite
def specs(draw: Any) -> DendriticColumnSpec:
    inputs, w_res = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    mode = draw(st.sampled_from(["none", "sum", "enable", "soma"]))
    lines = draw(st.integers(1, 3)) if mode in ("sum", "soma") else 0
    near = draw(st.integers(1, 3))
    w_p = draw(st.integers(1, 5))
    theta_s = draw(st.integers(1, w_p + 2)) if mode == "soma" else 1
    soma: dict[str, int] = {}
    if mode == "soma":
        w_d = draw(st.integers(max(0, theta_s - w_p), theta_s - 1)) if theta_s - w_p <= theta_s - 1 else 0
        threshold = draw(st.integers(1, lines * (2**near - 1)))
        soma = {
            "segments": draw(st.integers(1, 2)),
            "threshold": threshold,
            "soma_threshold": theta_s,
            "weight_proximal": w_p,
            "weight_distal": w_d,
        }
    proximal = ProximalSpec(mode, lines, near, **soma)
    segments_out = mode == "none" and draw(st.booleans())
    neurons, dendrites = (1, 1) if segments_out else (draw(st.integers(1, 4)), draw(st.integers(1, 2)))
    limit = inputs * (2**w_res - 1)
    return DendriticColumnSpec(
        inputs,
        neurons,
        threshold=draw(st.integers(1, limit)),
        dendrites=dendrites,
        segments=draw(st.integers(1, 3)),
        t_res=draw(st.integers(1, 3)),
        w_res=w_res,
        response=draw(st.sampled_from(["rnl", "snl"])),
        tie=draw(st.sampled_from(["lowest_index", "largest_potential"])),
        proximal=proximal,
        inhibition=draw(st.sampled_from(["all_earliest", "one_lowest_index", "one_largest_potential", "k_earliest"])),
        k=draw(st.integers(1, neurons)),
        output="segments" if segments_out else "neurons",
        reward=segments_out and draw(st.booleans()),
        sharing=draw(st.sampled_from(["column", "line", "synapse"])),
        stdp=StdpSpec(draw(MU), draw(MU), draw(MU), draw(MU), draw(MU), draw(st.sampled_from(["symmetric", "classic", "off"]))),
        homeostasis=draw(st.none() | st.just(HomeostasisSpec(2, 1, 1, 5))),
    )


@settings(max_examples=300, deadline=None)
@given(specs(), st.integers(0, 2**32))
def test_module_equals_reference(spec: DendriticColumnSpec, seed: int) -> None:
    rng = np.random.default_rng(seed)
    state = ColumnState.constant(spec, 0)
    state.distal_mask = rng.random(spec.distal_shape) < 0.8
    state.proximal_mask = rng.random(spec.proximal_shape) < 0.8
    state.distal = (rng.integers(0, spec.w_max + 1, spec.distal_shape) * state.distal_mask).astype(np.uint8)
    state.proximal = (rng.integers(0, spec.proximal_w_max + 1, spec.proximal_shape) * state.proximal_mask).astype(np.uint8)
    state.lfsr = int(rng.integers(1, 2**31))
    module = DendriticColumn(spec, torch.from_numpy(state.distal), torch.from_numpy(state.proximal))
    module.distal_mask, module.proximal_mask = torch.from_numpy(state.distal_mask), torch.from_numpy(state.proximal_mask)
    module.lfsr_state.fill_(state.lfsr)

    def inputs(count: int, lines: int) -> np.ndarray:
        made = rng.integers(0, spec.t_in_max + 1, (count, lines)).astype(np.uint8)
        made[rng.random(made.shape) < 0.3] = NO_SPIKE
        return made

    count = 6
    distal = inputs(count, spec.inputs)
    proximal = inputs(count, spec.proximal.inputs) if spec.proximal.inputs else None
    enable = rng.random((count, spec.neurons)) < 0.6 if spec.proximal.mode == "enable" else None
    labels = rng.integers(0, spec.segments, count)
    arguments = [None if a is None else torch.from_numpy(a) for a in (distal, proximal, enable)]
    for learn in (True, False):
        module.train(learn)
        outputs = module(*arguments, torch.from_numpy(labels))
        for n in range(count):
            result = run_wave(
                spec,
                state,
                distal[n],
                proximal=None if proximal is None else proximal[n],
                enable=None if enable is None else enable[n],
                learn=learn,
                label=int(labels[n]),
            )
            assert outputs[n].tolist() == result.outputs.tolist()
        assert (module.distal.numpy() == state.distal).all()
        assert (module.proximal.numpy() == state.proximal).all()
        assert int(module.lfsr_state) == state.lfsr
        assert (module.bias.numpy() == state.bias).all()


def test_state_dict_round_trip_and_repr() -> None:
    spec = DendriticColumnSpec(4, 3, 5, dendrites=2, segments=6, proximal=ProximalSpec("enable"))
    one = DendriticColumn(spec, torch.full(spec.distal_shape, 3))
    one.train()(torch.zeros(5, 4, dtype=torch.uint8), enable=torch.ones(5, 3, dtype=torch.bool))
    two = DendriticColumn(spec)
    two.load_state_dict(one.state_dict())
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), two.state_dict().values(), strict=True))
    assert "3 neurons × 2 dendrites × 6 segments" in repr(one)


def test_wrong_shapes_are_named() -> None:
    spec = DendriticColumnSpec(4, 3, 5, proximal=ProximalSpec("enable"))
    with pytest.raises(ConfigError, match="enable has the wrong shape"):
        DendriticColumn(spec)(torch.zeros(2, 4, dtype=torch.uint8))
    with pytest.raises(ConfigError, match="distal weights"):
        DendriticColumn(spec, torch.zeros(3, 4))
