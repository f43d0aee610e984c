"""Golden cases for the encoders that can be checked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from neutnngen.core.encode import QuantileEncoder
from neutnngen.core.encode_fields import FirstDifferenceEncoder, GaussianReceptiveFieldsEncoder, OnOffCentreSurroundEncoder
from neutnngen.core.encode_kinds import ENCODERS, encoder_from_dict
from neutnngen.core.encode_values import IntensityEncoder, MedianThresholdEncoder, OneHotEncoder, PosNegEncoder, quantile_times
from neutnngen.errors import ConfigError
from neutnngen.spec import NO_SPIKE

X = NO_SPIKE


def test_intensity() -> None:
    values = np.array([[0, 63, 64, 255, 256, -5, 300]])
    assert IntensityEncoder(7, 0, 256, t_res=2).encode(values).tolist() == [[3, 3, 2, 0, 0, 3, 0]]
    assert IntensityEncoder(7, 0, 256, t_res=2, drop=1).encode(values).tolist() == [[X, X, 2, 0, 0, X, 0]]
    assert IntensityEncoder(7, 0, 256, t_res=2, drop=1).times == (0, 2)
    assert IntensityEncoder(8).encode(np.arange(8)[None] / 8).tolist() == [[7, 6, 5, 4, 3, 2, 1, 0]]


def test_posneg() -> None:
    assert PosNegEncoder(3, cut=0.5).encode(np.array([[0.5, 0.6, 0.0]])).tolist() == [[X, 0, 0, X, X, 0]]


def test_on_off_centre_surround() -> None:
    image = np.array([[0.0, 0, 0], [0, 8, 0], [0, 0, 0]])
    # centre 8 − 0; a corner has 3 neighbours: 0 − 8/3; an edge has 5: 0 − 8/5. Cuts of 1 … 9 with 4 levels: 1, 3, 5, 7
    encoder = OnOffCentreSurroundEncoder(3, 3, radius=1, threshold=1, high=9, t_res=2)
    corner, edge, centre = [X, 3], [X, 3], [0, X]
    assert encoder.encode(image[None]).reshape(9, 2).tolist() == [corner, edge, corner, edge, centre, edge, corner, edge, corner]
    coarse = OnOffCentreSurroundEncoder(3, 3, radius=1, threshold=2, high=10, t_res=0)  # the edges' 1.6 is too little
    assert coarse.encode(image[None]).reshape(9, 2).tolist() == [[X, 0], [X, X], [X, 0], [X, X], [0, X], [X, X], [X, 0], [X, X], [X, 0]]
    contrast = coarse.contrast(torch.from_numpy(image)[None])[0].tolist()
    assert contrast == [[-8 / 3, -8 / 5, -8 / 3], [-8 / 5, 8.0, -8 / 5], [-8 / 3, -8 / 5, -8 / 3]]
    # not square, and a window wider than the image: 1 × 3, surround of the middle (4 + 0) / 2
    assert OnOffCentreSurroundEncoder(1, 3, 2, 1, 2, 0).encode(np.array([[[4, 2, 0]]])).tolist() == [[0, X, X, X, X, 0]]
    assert (OnOffCentreSurroundEncoder(3, 3).encode(np.full((1, 3, 3), 0.7)) == X).all()  # flat: no contrast


def test_first_difference() -> None:
    encoder = FirstDifferenceEncoder(5, threshold=1, high=5, t_res=1)  # cuts 1 and 3
    assert encoder.encode(np.array([[0, 1, 0.5, 4, 1]])).tolist() == [[1, X, X, X, 0, X, X, 0]]
    assert encoder.lines == 8


def test_gaussian_receptive_fields() -> None:
    # one dimension p = x0 − x2, centres 0, 1, 2, two levels: spike where |p − centre| ≤ √(2 ln 2) = 1.177…
    encoder = GaussianReceptiveFieldsEncoder(
        3,
        torch.tensor([[0, 2]]),
        torch.tensor([[1, -1]]),
        torch.tensor([[0.0, 1, 2]]),
        torch.tensor([[math.sqrt(2 * math.log(2))]], dtype=torch.float64),
    )
    values = np.array([[5, 99, 5], [6, 99, 5], [7.25, 99, 5], [0, 0, 5]])
    assert encoder.encode(values).tolist() == [[0, 0, X], [0, 0, 0], [X, X, 0], [X, X, X]]
    wide = GaussianReceptiveFieldsEncoder(1, [[0]], [[-1]], [[0.0]], [[2.0]])  # type: ignore[arg-type]
    assert wide.encode(np.array([[2.0], [2.25], [-2.0]])).tolist() == [[0], [X], [0]]  # a response of exactly l / L has level l


def test_gaussian_fit_codes_the_rounded_response() -> None:
    values = np.random.default_rng(3).normal(size=(50, 20))
    encoder = GaussianReceptiveFieldsEncoder.fit(values, dimensions=4, fields=5, sparsity=0.8, width=0.7, t_res=3, drop=2, seed=9)
    assert encoder.sparsity == pytest.approx(0.8)
    matrix = np.zeros((4, 20))
    np.put_along_axis(matrix, encoder.index.numpy(), encoder.sign.numpy(), axis=1)
    assert (np.count_nonzero(matrix, axis=1) == 4).all()
    projected = values @ matrix.T
    low, high = projected.min(axis=0), projected.max(axis=0)
    sigma = 0.7 * (high - low) / 4
    centres = low[:, None] + (high - low)[:, None] * np.arange(5) / 4
    response = np.exp(-((projected[:, :, None] - centres) ** 2) / (2 * sigma[:, None] ** 2))
    level = np.minimum(7, np.floor(8 * response))
    safe = np.abs(8 * response - np.round(8 * response)) > 1e-9  # at a boundary the float formula may fall on either side
    times = encoder.encode(values).reshape(50, 4, 5)
    assert (times == np.where(level < 2, X, 7 - level))[safe].all()
    assert set(np.unique(times)) == {0, 1, 2, 3, 4, 5, X}
    again = GaussianReceptiveFieldsEncoder.fit(values, 4, 5, 0.8, 0.7, 3, 2, seed=9)
    other = GaussianReceptiveFieldsEncoder.fit(values, 4, 5, 0.8, 0.7, 3, 2, seed=10)
    assert again.to_dict() == encoder.to_dict()
    assert not torch.equal(other.index * other.sign, encoder.index * encoder.sign)


def test_onehot() -> None:
    assert OneHotEncoder(3).encode(np.array([2, 0])).tolist() == [[X, X, 0], [0, X, X]]
    with pytest.raises(ConfigError, match=r"element \[1\] = 3"):
        OneHotEncoder(3).encode(np.array([2, 3]))
    with pytest.raises(ConfigError, match="category indices"):
        OneHotEncoder(3).encode(np.array([2.0]))


def test_median_threshold() -> None:
    data = np.array([[0, 5], [1, 5], [2, 6], [3, 5], [4, 5]])  # medians 2 and 5
    assert MedianThresholdEncoder.fit(data).encode(np.array([[2, 6], [3, 5]])).tolist() == [[X, 0], [0, X]]
    finer = MedianThresholdEncoder.fit(data[:, :1], t_res=1)  # cuts 2 and 3
    assert finer.encode(np.array([[2], [3], [3.5]])).tolist() == [[X], [1], [0]]


def test_median_equals_the_upper_half_of_the_quantiles_and_tensors_equal_arrays() -> None:
    random = np.random.default_rng(0)
    data, values = random.integers(0, 20, (40, 60)).astype(float), random.integers(-2, 22, (30, 60)).astype(float)
    for t_res in range(4):
        quantile = QuantileEncoder.fit(data, t_res + 1)
        assert (MedianThresholdEncoder.fit(data, t_res).encode(values) == quantile.encode(values)).all()
        for rank in (False, True):
            other = QuantileEncoder.fit(data, t_res + 1, drop=1, rank=rank)
            times = quantile_times(torch.from_numpy(values), torch.from_numpy(other.cuts), 1, rank)
            assert (times.numpy() == other.encode(values)).all()


def test_a_bad_element_is_named() -> None:
    values = np.zeros((4, 3))
    values[2, 1] = np.nan
    for encoder in (IntensityEncoder(3), PosNegEncoder(3), FirstDifferenceEncoder(3), MedianThresholdEncoder.fit(np.zeros((1, 3)))):
        with pytest.raises(ConfigError, match=r"element \[2, 1\] = nan"):
            encoder.encode(values)
    with pytest.raises(ConfigError, match=r"element \[2, 1\] = nan"):
        MedianThresholdEncoder.fit(values)
    with pytest.raises(ConfigError, match=r"element \[0, 1, 0\] = -inf"):
        OnOffCentreSurroundEncoder(2, 1).encode(np.array([[[0.0], [-np.inf]]]))
    with pytest.raises(ConfigError, match="real numbers"):
        IntensityEncoder(1).encode(np.array([["1"]]))


@pytest.mark.parametrize(
    "make",
    [
        lambda: IntensityEncoder(0),
        lambda: IntensityEncoder(1, 1.0, 1.0),
        lambda: IntensityEncoder(1, t_res=8),
        lambda: IntensityEncoder(1, t_res=2, drop=4),
        lambda: PosNegEncoder(2, math.nan),
        lambda: FirstDifferenceEncoder(1),
        lambda: FirstDifferenceEncoder(3, threshold=0.0),
        lambda: OnOffCentreSurroundEncoder(1, 1),
        lambda: OnOffCentreSurroundEncoder(3, 3, radius=0),
        lambda: MedianThresholdEncoder(torch.tensor([[2.0, 1.0]])),
        lambda: MedianThresholdEncoder(torch.zeros(2, 3)),
        lambda: MedianThresholdEncoder.fit(np.zeros((0, 3))),
        lambda: GaussianReceptiveFieldsEncoder.fit(np.zeros((2, 3)), 1, 1),
        lambda: GaussianReceptiveFieldsEncoder.fit(np.zeros((2, 3)), 1, 2, sparsity=1.0),
        lambda: encoder_from_dict({"kind": "intensity", "values": 1, "low": 0, "high": 1, "t_res": 3, "dorp": 0}),
        lambda: encoder_from_dict({"kind": "posneg", "cut": 0.0}),
        lambda: encoder_from_dict({"kind": "gausian"}),
    ],
)
def test_illegal_settings_are_refused(make: object) -> None:
    with pytest.raises(ConfigError):
        make()  # type: ignore[operator]


def test_kinds_are_unique() -> None:
    assert len({e.kind for e in ENCODERS}) == len(ENCODERS)
