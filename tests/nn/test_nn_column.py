"""Columns equal the reference on random specifications (rule A2); what is particular to a column."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neutnngen.engine import ReferenceEngine
from neutnngen.errors import ConfigError
from neutnngen.nn import Column
from neutnngen.spec import NO_SPIKE, ColumnSpec, DendriticColumnSpec, Design, ProximalSpec, as_classic, as_network

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "engine"))
from random_designs import random_column, random_state


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(["reference", "compiled", "torch"]))
def test_module_equals_reference(seed: int, engine: str) -> None:
    rng = np.random.default_rng(seed)
    spec = random_column(rng, int(rng.integers(1, 8)), 3)
    network = as_network(spec)
    design = Design("random", network, random_state(rng, network))
    column = Column.from_design(design, engine=engine)
    assert column.spec == (as_classic(spec) or spec)
    assert column.to_design("random").fingerprint() == design.fingerprint()
    count, near = 6, spec.proximal.inputs
    waves = rng.integers(0, spec.t_in_max + 1, (count, network.inputs)).astype(np.uint8)
    waves[rng.random(waves.shape) < 0.3] = NO_SPIKE
    enable = rng.random((count, spec.neurons)) < 0.6 if spec.proximal.mode == "enable" else None
    labels = rng.integers(0, 3, count)
    for learn in (True, False):
        trace = ReferenceEngine().run(design, waves, learn, enable=enable, labels=labels)
        outputs = column.train(learn)(
            torch.from_numpy(waves[:, : spec.inputs]),
            proximal=torch.from_numpy(waves[:, spec.inputs :]) if near else None,
            enable=None if enable is None else torch.from_numpy(enable),
            labels=torch.from_numpy(labels),
        )
        assert np.array_equal(outputs.numpy(), trace.outputs)
        design = trace.final
        assert column.to_design("random").fingerprint() == design.fingerprint()


def test_winner_never_learns() -> None:
    column = Column(ColumnSpec(4, 2, 3), torch.tensor([[7, 7, 0, 0], [0, 0, 7, 7]]), engine="reference")
    before = column.to_design("d").fingerprint()
    times = torch.tensor([[0, 0, 255, 255], [255, 255, 0, 0], [255, 255, 255, 255]], dtype=torch.uint8)
    assert column.training and column.winner(times).tolist() == [0, 1, -1] and column.winner(times).dtype == torch.int64
    assert column.to_design("d").fingerprint() == before
    many = Column(DendriticColumnSpec(2, 2, 1), torch.ones(2, 1, 1, 2, dtype=torch.int64), engine="reference")
    assert many.winner(torch.zeros(1, 2, dtype=torch.uint8)).tolist() == [-1]  # both neurons are earliest and pass


def test_buffers_and_their_views() -> None:
    column = Column(ColumnSpec(4, 2, 3), torch.tensor([[7, 7, 0, 0], [0, 0, 7, 7]]), torch.tensor([[1, 1, 0, 1], [1, 1, 1, 1]]))
    shapes = {name: (tuple(b.shape), b.dtype) for name, b in column.named_buffers()}
    assert shapes == {
        "distal": ((1, 1, 2, 4), torch.uint8),
        "distal_mask": ((1, 1, 2, 4), torch.bool),
        "proximal": ((0,), torch.uint8),
        "proximal_mask": ((0,), torch.bool),
        "lfsr": ((), torch.int64),
        "bias": ((1, 1, 2), torch.int64),
        "learned": ((), torch.int64),
    }
    assert column.weights.tolist() == [[7, 7, 0, 0], [0, 0, 7, 7]] and column.mask[0].tolist() == [True, True, False, True]
    column.weights[0, 0] = 5
    assert int(column.distal[0, 0, 0, 0]) == 5
    assert Column(DendriticColumnSpec(4, 2, 3)).weights.shape == Column(DendriticColumnSpec(4, 2, 3)).mask.shape == (2, 1, 1, 4)


def test_weights_given_are_copied_and_checked() -> None:
    given = torch.ones(2, 4, dtype=torch.uint8)
    column = Column(ColumnSpec(4, 2, 3), given)
    given.zero_()
    assert int(column.weights.sum()) == 8
    for weights, mask, message in [
        (torch.ones(4, 2, dtype=torch.uint8), None, "distal has the wrong shape"),
        (torch.ones(2, 4), None, "must be integers"),
        (torch.full((2, 4), 8), None, "S1"),
        (torch.full((2, 4), -1), None, "S1"),
        (torch.ones(2, 4, dtype=torch.int64), torch.zeros(2, 4), "S4"),
        (None, torch.ones(3, 4), "distal mask has the wrong shape"),
    ]:
        with pytest.raises(ConfigError, match=message):
            Column(ColumnSpec(4, 2, 3), weights, mask)
    spec = DendriticColumnSpec(4, 2, 3, segments=2, proximal=ProximalSpec("sum", 3))
    full = Column(spec, torch.ones(2, 1, 2, 4, dtype=torch.uint8), proximal_weights=torch.full((2, 1, 2, 3), 2))
    assert int(full.proximal.sum()) == 24
    with pytest.raises(ConfigError, match="proximal has the wrong shape"):
        Column(spec, proximal_weights=torch.full((2, 3), 2))


def test_proximal_input_must_fit() -> None:
    plain, near = Column(ColumnSpec(4, 2, 3)), Column(DendriticColumnSpec(4, 2, 3, proximal=ProximalSpec("sum", 3)))
    times, three = torch.zeros(2, 4, dtype=torch.uint8), torch.zeros(2, 3, dtype=torch.uint8)
    with pytest.raises(ConfigError, match="proximal input does not fit"):
        plain(times, proximal=three)
    with pytest.raises(ConfigError, match="proximal input does not fit"):
        near(times)
    with pytest.raises(ConfigError, match="proximal spike times have the wrong shape"):
        near(times, proximal=times)
    with pytest.raises(ConfigError, match="different batches"):
        near(times, proximal=three[:1])


def test_what_learning_needs_is_asked_for() -> None:
    times = torch.zeros(2, 4, dtype=torch.uint8)
    enabled = Column(DendriticColumnSpec(4, 2, 3, proximal=ProximalSpec("enable")), engine="reference")
    with pytest.raises(ConfigError, match=r"enabled \(rule P2\)"):
        enabled(times)
    with pytest.raises(ConfigError, match="enable has the wrong shape"):
        enabled(times, enable=torch.ones(2, 3, dtype=torch.bool))
    assert enabled.eval()(times).shape == (2, 2)
    rewarded = Column(DendriticColumnSpec(4, 1, 3, segments=2, output="segments", reward=True), engine="reference")
    with pytest.raises(ConfigError, match="labels"):
        rewarded(times)
    with pytest.raises(ConfigError, match="enable has the wrong shape"):
        rewarded(times, enable=torch.ones(2, 1, dtype=torch.bool), labels=torch.zeros(2, dtype=torch.int64))
