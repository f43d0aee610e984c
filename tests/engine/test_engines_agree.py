"""The module and the reference engine agree to the bit on random columns (rule A2)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neutnngen.engine import ReferenceEngine
from neutnngen.nn import Column
from neutnngen.spec import NO_SPIKE, ColumnSpec, Design, LfsrSpec, StdpSpec

MU = st.integers(0, 1024)


@st.composite
def designs(draw: Any) -> Design:
    inputs, neurons = draw(st.integers(1, 9)), draw(st.integers(1, 5))
    t_res, w_res = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    stdp = StdpSpec(
        mu_capture=draw(MU),
        mu_minus=draw(MU),
        mu_search=draw(MU),
        mu_backoff=draw(MU),
        mu_min=draw(MU),
        stabiliser=draw(st.sampled_from(["symmetric", "classic", "off"])),
        at_zero=draw(st.sampled_from([0, 1])),
        at_max=draw(st.sampled_from([0, 1])),
    )
    column = ColumnSpec(
        inputs,
        neurons,
        threshold=draw(st.integers(1, inputs * (2**w_res - 1))),
        t_res=t_res,
        w_res=w_res,
        response=draw(st.sampled_from(["rnl", "snl"])),
        tie=draw(st.sampled_from(["lowest_index", "largest_potential"])),
        stdp=stdp,
        lfsr=draw(st.sampled_from([LfsrSpec(), LfsrSpec(16, (16, 15, 13, 4), 77)])),
    )
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    mask = rng.random((neurons, inputs)) < draw(st.sampled_from([1.0, 0.7]))
    weights = rng.integers(0, column.w_max + 1, mask.shape) * mask
    return Design("random", column, weights, mask, int(rng.integers(1, 2**column.lfsr.width)))


@settings(max_examples=300, deadline=None)
@given(designs(), st.integers(0, 2**32))
def test_module_equals_reference(design: Design, seed: int) -> None:
    rng = np.random.default_rng(seed)
    waves = rng.integers(0, design.column.t_in_max + 1, (12, design.column.inputs)).astype(np.uint8)
    waves[rng.random(waves.shape) < 0.3] = NO_SPIKE
    module = Column.from_design(design)
    learned = ReferenceEngine().run(design, waves, True, keep_weights=True)
    module.train()
    for n, wave in enumerate(torch.from_numpy(waves)):
        assert module(wave.unsqueeze(0)).numpy()[0].tolist() == learned.outputs[n].tolist()
        assert learned.weights is not None
        assert (module.weights.numpy() == learned.weights[n]).all()
        assert int(module.lfsr_state) == int(learned.lfsr[n])
    assert module.to_design("random").fingerprint() == learned.final.fingerprint()

    module.eval()
    inferred = ReferenceEngine().run(learned.final, waves, False)
    assert (module(torch.from_numpy(waves)).numpy() == inferred.outputs).all()
    assert (module.winner(torch.from_numpy(waves)).numpy() == inferred.winners).all()
    assert inferred.final.fingerprint() == learned.final.fingerprint(), "R11: inference changes nothing"
