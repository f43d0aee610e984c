"""The clustering estimator on series whose groups are known."""

from __future__ import annotations

import numpy as np
import pytest

from neutnngen.apps.ucr.column import ColumnClustering
from neutnngen.apps.ucr.scores import Scores
from neutnngen.core.encode import QuantileEncoder
from neutnngen.errors import ConfigError
from neutnngen.spec import NO_SPIKE


def two_shapes(count: int = 120) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    classes = rng.integers(0, 2, count)
    ramp = np.linspace(-1, 1, 16)
    return np.where(classes[:, None] == 1, ramp, -ramp) + rng.normal(0, 0.2, (count, 16)), classes


def test_finds_two_shapes_and_is_reproducible() -> None:
    values, classes = two_shapes()
    first = ColumnClustering(seed=5).fit(values)
    again = ColumnClustering(seed=5).fit(values)
    assert Scores.of(classes, first.labels_).rand > 0.9
    assert first.to_design("a").fingerprint() == again.to_design("a").fingerprint()
    assert np.array_equal(first.predict(values), first.labels_)


def test_encoder_by_hand() -> None:
    values = np.array([[0.0], [1.0], [2.0], [3.0]])
    encoder = QuantileEncoder.fit(values, t_res=1, drop=0)
    assert encoder.cuts.tolist() == [[1.5]]
    assert encoder.encode(values)[:, 0].tolist() == [1, 1, 0, 0]
    assert QuantileEncoder.fit(values, t_res=1).encode(values)[:, 0].tolist() == [NO_SPIKE, NO_SPIKE, 0, 0]
    restored = QuantileEncoder.from_dict(encoder.to_dict())
    assert np.array_equal(restored.encode(values), encoder.encode(values))


def test_rank_code_ignores_scale() -> None:
    values, _ = two_shapes(20)
    encoder = QuantileEncoder.fit(values, rank=True)
    assert np.array_equal(encoder.encode(values), encoder.encode(np.exp(values * 3) + 100))


def test_bad_input() -> None:
    values, _ = two_shapes(10)
    with pytest.raises(ConfigError, match="can never be reached"):
        ColumnClustering(threshold=10_000).fit(values)
    with pytest.raises(ConfigError, match="at least two series"):
        ColumnClustering().fit(values[:1])
    with pytest.raises(ConfigError, match="epochs"):
        ColumnClustering(epochs=0).fit(values)
