"""The population code: pairs of lines whose two times add up to a constant (rules T2, L1)."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch

from neutnngen.core.encode_kinds import encoder_from_dict
from neutnngen.core.encode_population import PopulationEncoder
from neutnngen.errors import ConfigError


def pairs_of(encoder: PopulationEncoder, features: int) -> list[int]:
    """How many pairs read each feature."""
    return np.bincount(encoder.feature.numpy(), minlength=features).tolist()


def random_data(seed: int, samples: int = 40, features: int = 5) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(rng.normal(0, 5, features), rng.uniform(0.1, 3, features), (samples, features))


def test_fit_and_code_by_hand() -> None:
    # σ = 2 and 1, so three pairs are shared 2 : 1. Quantiles ¼ and ¾ of 0 0 4 4 are 0 and 4; the median of 5 5 7 7 is 6.
    # Four levels: the cuts lie at the quantile − ⅔σ, + 0 and + ⅔σ.
    data = np.array([[0, 5], [0, 7], [4, 5], [4, 7]])
    encoder = PopulationEncoder.fit(data, pairs=3, t_res=2)
    assert encoder.feature.tolist() == [0, 0, 1]
    third = 4 / 3
    assert np.allclose(encoder.cuts.numpy(), [[-third, 0, third], [4 - third, 4, 4 + third], [6 - third / 2, 6, 6 + third / 2]])
    assert (encoder.features, encoder.lines, encoder.times) == (2, 6, (0, 3))
    # levels of 1: two cuts of the first pair below it, none of the second; 6 itself is not below 6: level 1
    assert encoder.encode(np.array([[1.0, 6.0]])).tolist() == [[1, 2, 3, 0, 2, 1]]
    assert encoder.encode(np.array([[9.0, 6.1], [-9.0, -9.0]])).tolist() == [[0, 3, 0, 3, 1, 2], [3, 0, 3, 0, 3, 0]]


def test_pairs_lie_at_the_quantiles_of_their_feature() -> None:
    data = np.arange(13.0)[:, None]
    for pairs, centres in ((1, [6]), (2, [3, 9]), (3, [2, 6, 10]), (4, [1.5, 4.5, 7.5, 10.5])):
        assert np.allclose(PopulationEncoder.fit(data, pairs).cuts[:, 3], centres)  # the middle one of seven cuts


def test_width_scales_the_cuts_about_their_quantile() -> None:
    data = random_data(0)
    one, two = PopulationEncoder.fit(data, 7), PopulationEncoder.fit(data, 7, width=2.0)
    centre = one.cuts[:, 3:4]  # the middle one of seven
    assert torch.allclose(two.cuts - centre, 2 * (one.cuts - centre))
    assert not torch.allclose(two.cuts, one.cuts)


@pytest.mark.parametrize("t_res", [1, 2, 3, 5])
def test_the_two_times_of_a_pair_always_add_up(t_res: int) -> None:
    encoder = PopulationEncoder.fit(random_data(1), 11, t_res)
    values = np.random.default_rng(2).uniform(-20, 20, (3000, 5))
    times = encoder.encode(values).astype(int).reshape(3000, 11, 2)
    assert (times.sum(axis=2) == (1 << t_res) - 1).all()
    assert set(np.unique(times)) == set(range(1 << t_res))  # every time occurs, no spike never does


def test_larger_values_spike_earlier_on_the_high_line() -> None:
    encoder = PopulationEncoder.fit(random_data(3, features=1), 6)
    times = encoder.encode(np.linspace(-30, 30, 500)[:, None]).astype(int).reshape(500, 6, 2)
    assert (np.diff(times[..., 0], axis=0) <= 0).all() and (np.diff(times[..., 1], axis=0) >= 0).all()
    assert (times[0, :, 0] == 7).all() and (times[-1, :, 0] == 0).all()


def test_pairs_are_shared_by_largest_remainder() -> None:
    unit = np.array([[-1.0], [1.0]])  # σ = 1

    def shares(spread: list[float], pairs: int) -> list[int]:
        return pairs_of(PopulationEncoder.fit(unit * spread, pairs), len(spread))

    assert shares([5, 3, 2], 10) == [5, 3, 2]
    assert shares([5, 3, 2], 7) == [4, 2, 1]  # 3.5, 2.1, 1.4: the first remainder is the largest
    assert shares([1, 1, 1], 4) == [2, 1, 1]  # equal remainders: the lowest index
    assert shares([1, 100, 1], 3) == [0, 3, 0]
    for seed in range(30):
        for pairs in (1, 2, 12, 24):
            data = random_data(seed)
            got = np.array(pairs_of(PopulationEncoder.fit(data, pairs), 5))
            exact = pairs * data.std(axis=0) / data.std(axis=0).sum()
            assert got.sum() == pairs and (np.abs(got - exact) < 1).all()


def test_a_constant_feature_gets_no_pair() -> None:
    data = np.column_stack([np.full(9, 0.1), np.arange(9), np.full(9, 1e6)])
    assert pairs_of(PopulationEncoder.fit(data, 5), 3) == [0, 5, 0]


def test_all_features_constant() -> None:
    for data in (np.full((4, 3), 0.1), np.zeros((4, 3)), random_data(0)[:1]):
        encoder = PopulationEncoder.fit(data, 2)
        assert pairs_of(encoder, data.shape[1]) == [2] + [0] * (data.shape[1] - 1)
        assert encoder.encode(data).tolist() == [[7, 0, 7, 0]] * len(data)  # no cut is below the value
        assert encoder.encode(data + 1).tolist() == [[0, 7, 0, 7]] * len(data)


def test_dict_round_trip() -> None:
    encoder, values = PopulationEncoder.fit(random_data(4), 9, 4, 0.7), random_data(5)
    described = json.loads(json.dumps(encoder.to_dict()))
    assert described["kind"] == "population"
    for again in (PopulationEncoder.from_dict(described), encoder_from_dict(described)):
        assert isinstance(again, PopulationEncoder)
        assert again.to_dict() == encoder.to_dict() and (again.lines, again.times) == (18, (0, 15))
        assert np.array_equal(again.encode(values), encoder.encode(values))
    for wrong in ({**described, "width": 1.0}, {k: v for k, v in described.items() if k != "feature"}, {**described, "kind": "posneg"}):
        with pytest.raises(ConfigError):
            PopulationEncoder.from_dict(wrong)


def test_tensors_and_arrays_agree() -> None:
    data, values = random_data(6), 2 * random_data(7)
    array, tensor = PopulationEncoder.fit(data, 8), PopulationEncoder.fit(torch.from_numpy(data), 8)
    assert array.to_dict() == tensor.to_dict()
    times = array.encode(torch.from_numpy(values))
    assert isinstance(times, torch.Tensor) and times.dtype == torch.uint8 and times.shape == (40, 16)
    assert np.array_equal(times.numpy(), array.encode(values)) and np.array_equal(times.numpy(), array.encode(values.astype(">f8")))
    assert np.array_equal(array.encode(np.round(values).astype(np.int16)), array.encode(np.round(values)))
    assert array.encode(values[:0]).shape == (0, 16)


def test_wrong_shapes_and_elements_are_refused() -> None:
    encoder = PopulationEncoder.fit(random_data(8, features=3), 4)
    for shape in ((3,), (2, 4), (2, 3, 1)):
        with pytest.raises(ConfigError, match="does not fit the population encoder"):
            encoder.encode(np.zeros(shape))
    values = np.zeros((4, 3))
    for bad in (np.nan, np.inf):
        values[2, 1] = bad
        with pytest.raises(ConfigError, match=rf"element \[2, 1\] = {bad}"):
            encoder.encode(values)
        with pytest.raises(ConfigError, match=rf"element \[2, 1\] = {bad}"):
            PopulationEncoder.fit(values, 4)
    for empty in (np.zeros((0, 3)), np.zeros((3, 0)), np.zeros(3)):
        with pytest.raises(ConfigError, match="cannot be fitted"):
            PopulationEncoder.fit(empty, 4)


@pytest.mark.parametrize(
    ("features", "feature", "cuts", "reason"),
    [
        (2, [0], [[1.0, 2.0]], "wrong shape"),  # three levels
        (2, [0], [1.0], "wrong shape"),
        (2, [0], [[[1.0]]], "wrong shape"),
        (2, [0], [[3.0, 2.0, 4.0]], "do not ascend"),
        (2, [0], [[0.0, math.nan, 1.0]], "not finite"),
        (2, [0], [[]], "empty"),
        (2, [], [[1.0]], "empty"),
        (2, [0], [list(range(255))], "t_res is out of range"),
        (2, [0, 1], [[1.0]], "does not fit its cuts"),
        (2, [[0]], [[1.0]], "does not fit its cuts"),
        (2, [2], [[1.0]], "not there"),
        (2, [-1], [[1.0]], "not there"),
        (0, [0], [[1.0]], "features is not legal"),
    ],
)
def test_bad_constants_are_refused(features: int, feature: list[int], cuts: list[object], reason: str) -> None:
    PopulationEncoder(2, torch.tensor([0]), torch.tensor([[1.0]]))  # these are legal
    with pytest.raises(ConfigError, match=reason):
        PopulationEncoder(features, torch.tensor(feature), torch.tensor(cuts))


@pytest.mark.parametrize(
    "settings",
    [{"pairs": 0}, {"pairs": 2.0}, {"t_res": 8}, {"t_res": -1}, {"t_res": 0}, {"width": 0.0}, {"width": -1.0}, {"width": math.nan}],
    ids=str,
)
def test_bad_settings_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        PopulationEncoder.fit(random_data(9), **{"pairs": 3, **settings})  # type: ignore[arg-type]
