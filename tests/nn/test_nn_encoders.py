"""Every encoder module, found by discovery: line count, time range, round trips, agreement with the core."""

from __future__ import annotations

import inspect
import io
import json
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from neutnngen.core.encode_kinds import ENCODERS, encoder_from_dict
from neutnngen.core.log_mel import MelPlan
from neutnngen.errors import ConfigError
from neutnngen.nn import Column, encoders
from neutnngen.spec import NO_SPIKE, ColumnSpec

MODULES = [m for _, m in inspect.getmembers(encoders, inspect.isclass) if issubclass(m, encoders.Encoder) and m is not encoders.Encoder]


def data(seed: int, count: int = 12, values: int = 6) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.3, 0.6, (count, values))


def sound(seed: int, count: int = 12) -> np.ndarray:
    """Noise whose loudness changes halfway, at 8,000 samples a second."""
    rng = np.random.default_rng(seed)
    return rng.normal(0, 0.1, (count, 600)) * np.where(
        np.arange(600) < 300, rng.uniform(0.2, 1, (count, 1)), rng.uniform(0.2, 1, (count, 1))
    )


# how to make one with random settings; a new encoder without an entry here fails every test below
MAKE: dict[type[encoders.Encoder], Callable[[int, int], encoders.Encoder]] = {
    encoders.Intensity: lambda seed, t_res: encoders.Intensity(6, -0.5, 1.5, t_res, drop=seed % 2 if t_res else 0),
    encoders.PosNeg: lambda seed, t_res: encoders.PosNeg(6, 0.1 * seed),
    encoders.OnOffCentreSurround: lambda seed, t_res: encoders.OnOffCentreSurround(2, 3, 1 + seed % 2, 0.2, 0.9, t_res),
    encoders.FirstDifference: lambda seed, t_res: encoders.FirstDifference(6, 0.2, 0.9, t_res),
    encoders.GaussianReceptiveFields: lambda seed, t_res: encoders.GaussianReceptiveFields.fit(
        data(seed), 3, 4, 0.5, t_res=max(t_res, 1), drop=seed % 2, seed=seed
    ),
    encoders.OneHot: lambda seed, t_res: encoders.OneHot(5 + seed % 3),
    encoders.MedianThreshold: lambda seed, t_res: encoders.MedianThreshold.fit(data(seed), t_res),
    encoders.LogMel: lambda seed, t_res: encoders.LogMel.fit(sound(seed), MelPlan(frames=3, bins=2), t_res),
    encoders.Population: lambda seed, t_res: encoders.Population.fit(data(seed), 9, max(t_res, 1), 1 + 0.1 * (seed % 3)),
    encoders.Quantile: lambda seed, t_res: encoders.Quantile.fit(data(seed), max(t_res, 1), rank=bool(seed % 2)),
}


def sample(module: encoders.Encoder, seed: int, count: int = 12) -> Tensor:
    """Input that fits the module, some of it beyond what it was fitted on."""
    if isinstance(module, encoders.OneHot):
        return torch.from_numpy(np.random.default_rng(seed).integers(0, module.lines, count))
    if isinstance(module, encoders.LogMel):
        return torch.from_numpy(sound(seed, count))
    values = torch.from_numpy(3 * data(seed, count))
    return values.reshape(-1, 2, 3) if isinstance(module, encoders.OnOffCentreSurround) else values


@pytest.fixture(params=MODULES, ids=lambda m: m.__name__)
def kind(request: pytest.FixtureRequest) -> type[encoders.Encoder]:
    return request.param  # type: ignore[no-any-return]


def test_every_encoder_of_the_core_has_a_module() -> None:
    assert {m.core for m in MODULES} == set(ENCODERS) and len(MODULES) == len(ENCODERS)


@pytest.mark.parametrize("kind", MODULES, ids=lambda m: m.__name__)
@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 4))
def test_line_count_and_time_range_hold(kind: type[encoders.Encoder], seed: int, t_res: int) -> None:
    module = MAKE[kind](seed, t_res)
    times = module(sample(module, seed + 1))
    assert times.dtype == torch.uint8 and times.shape == (12, module.lines)
    spikes = times[times != NO_SPIKE]
    assert ((spikes >= module.times[0]) & (spikes <= module.times[1])).all()
    assert torch.equal(times, module(sample(module, seed + 1)))
    assert module(sample(module, 0, 0)).shape == (0, module.lines)


def test_every_time_of_the_range_occurs(kind: type[encoders.Encoder]) -> None:
    module = MAKE[kind](2, 2)
    seen = set(module(sample(module, 5, 400)).unique().tolist()) - {NO_SPIKE}
    assert seen == set(range(module.times[0], module.times[1] + 1))


def test_dict_round_trip_and_agreement_with_the_core(kind: type[encoders.Encoder]) -> None:
    module = MAKE[kind](3, 2)
    x = sample(module, 4)
    described = json.loads(json.dumps(module.to_dict()))
    core, again = encoder_from_dict(described), kind.from_dict(described)
    assert core.to_dict() == again.to_dict() == module.to_dict()
    assert core.lines == module.lines and core.times == module.times
    assert np.array_equal(core.encode(x.numpy()), module(x).numpy()) and torch.equal(again(x), module(x))


def test_state_dict_round_trip(kind: type[encoders.Encoder]) -> None:
    module, other = MAKE[kind](3, 2), MAKE[kind](5, 2)
    if module.state_dict():
        assert other.to_dict() != module.to_dict()  # so that loading has something to do
    file = io.BytesIO()
    torch.save(module.state_dict(), file)
    file.seek(0)
    other = kind.from_dict({**other.to_dict(), **{k: v for k, v in module.to_dict().items() if k not in module.state_dict()}})
    other.load_state_dict(torch.load(file, weights_only=True))
    assert other.to_dict() == module.to_dict()
    assert torch.equal(other(sample(module, 4)), module(sample(module, 4)))


def test_a_change_of_float_type_leaves_the_code(kind: type[encoders.Encoder]) -> None:
    module = MAKE[kind](3, 2)
    described = module.to_dict()
    assert nn.Sequential(module).half()[0].to_dict() == described  # type: ignore[operator]


def test_wrong_shapes_and_elements_are_refused(kind: type[encoders.Encoder]) -> None:
    module = MAKE[kind](3, 2)
    x = sample(module, 4)
    for wrong in (x.unsqueeze(-1), x[0], x[..., :-1] if x.ndim > 1 else x.reshape(2, -1)):
        with pytest.raises(ConfigError, match="does not fit"):
            module(wrong)
    for value in (torch.nan, torch.inf):
        bad = x.double()
        bad.view(-1)[-1] = value
        with pytest.raises(ConfigError, match=r"element \[11"):
            module(bad)


def test_repr_says_lines_and_times() -> None:
    assert repr(encoders.PosNeg(3, 0.5)) == "PosNeg(6 lines, times 0 … 0, values=3, cut=0.5)"


def test_before_a_column() -> None:
    column = Column(ColumnSpec(4, 2, 3), torch.tensor([[7, 7, 0, 0], [0, 0, 7, 7]]), engine="reference")
    network = nn.Sequential(encoders.Intensity(4), column).eval()
    assert network(torch.tensor([[1.0, 1.0, 0.0, 0.0]])).tolist() == [[1, NO_SPIKE]]  # V = 2, 4 on two ramps from 0
