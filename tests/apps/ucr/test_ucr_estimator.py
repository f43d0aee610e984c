"""The NeuTNN as an estimator of aeon: its conformance tests, input forms, and the Design that it gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aeon.testing.estimator_checking import check_estimator
from sklearn.metrics import adjusted_rand_score

from neutnngen.apps.ucr.estimator import NeuTNNClustering
from neutnngen.apps.ucr.neutnn import Settings, fit_neutnn
from neutnngen.apps.ucr.views import VIEWS
from neutnngen.core.encode_kinds import encoder_from_dict
from neutnngen.engine import get_engine
from neutnngen.errors import ConfigError
from neutnngen.spec import load_design

LEAN: dict[str, Any] = {"pairs": 6, "epochs": 2, "restarts": 2, "layer_epochs": 2, "rounds": 1, "layer_restarts": 1}


def two_shapes(count: int = 30, length: int = 32, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A slow and a fast swing, in noise."""
    rng, t = np.random.default_rng(seed), np.linspace(0, 2 * np.pi, length)
    classes = np.arange(count) % 2
    return np.stack([np.sin(t), np.sin(4 * t)])[classes] + rng.normal(0, 0.2, (count, length)), classes


@pytest.fixture(scope="module")
def fitted() -> NeuTNNClustering:
    return NeuTNNClustering(2, **LEAN).fit(two_shapes()[0])


def test_aeon_conformance() -> None:
    results = check_estimator(NeuTNNClustering, raise_exceptions=True)
    assert len(results) >= 10 and set(results.values()) == {"PASSED"}


def test_fit_and_predict_name_the_groups(fitted: NeuTNNClustering) -> None:
    values, classes = two_shapes()
    assert fitted.labels_.shape == (30,) and np.issubdtype(fitted.labels_.dtype, np.integer)
    assert adjusted_rand_score(classes, fitted.labels_) >= 0.8
    assert np.array_equal(fitted.predict(values), fitted.labels_)
    fresh, others = two_shapes(20, seed=3)
    assert adjusted_rand_score(others, fitted.predict(fresh)) >= 0.8
    assert np.array_equal(NeuTNNClustering(2, **LEAN).fit_predict(values), fitted.labels_)


def test_parameters_are_the_settings_of_the_fit() -> None:
    own = {k: v for k, v in NeuTNNClustering().get_params().items() if k not in ("n_clusters", "random_state")}
    assert len(own) == 7 and own == {k: getattr(Settings(), k) for k in own}  # the same defaults
    values = two_shapes()[0]
    odd = {"segments": 3, "pairs": 4, "epochs": 3, "restarts": 2, "layer_epochs": 1, "rounds": 2, "layer_restarts": 2}
    model = NeuTNNClustering(4, random_state=11, **odd).fit(values)
    assert model.model_.settings == Settings(**odd) and model.model_.seed == 11
    expected = fit_neutnn(values, 4, 11, Settings(**odd))
    assert np.array_equal(model.labels_, expected.labels) and model.to_design("x").fingerprint() == expected.design("x").fingerprint()


def test_two_and_three_dimensional_input_are_one(fitted: NeuTNNClustering) -> None:
    values = two_shapes()[0]
    cube = NeuTNNClustering(2, **LEAN).fit(values[:, None, :])
    assert cube.to_design("a").fingerprint() == fitted.to_design("a").fingerprint()
    assert np.array_equal(cube.predict(values), fitted.predict(values[:, None, :]))


def test_seeds() -> None:
    values = two_shapes()[0]

    def made(seed: int | None) -> str:
        return NeuTNNClustering(2, **LEAN, random_state=seed).fit(values).to_design("a").fingerprint()

    assert made(1) == made(1) != made(2)
    assert made(None) != made(None)


def test_the_design_is_saved_and_loaded_with_its_encoder(fitted: NeuTNNClustering, tmp_path: Path) -> None:
    values = two_shapes()[0]
    design = fitted.to_design("clusters")
    loaded = load_design(design.save(tmp_path / "design"))
    assert loaded.name == "clusters" and loaded.fingerprint() == design.fingerprint()
    assert loaded.provenance == json.loads(json.dumps(design.provenance))
    described = loaded.provenance["encoder"]
    assert described["kind"] == "views" and described["length"] == 32 and len(described["encoders"]) == len(VIEWS)
    features = fitted.model_.encoder.features(values)
    waves = np.hstack([encoder_from_dict(one).encode(feature) for one, feature in zip(described["encoders"], features, strict=True)])
    assert np.array_equal(get_engine().open(loaded).run(waves).winners, fitted.labels_)
    assert loaded.provenance["training"]["labels"] == "none were used"


def test_wrong_input_is_refused(fitted: NeuTNNClustering) -> None:
    values = two_shapes()[0]
    with pytest.raises(ConfigError, match="number of clusters"):
        NeuTNNClustering(31, **LEAN).fit(values)
    with pytest.raises(ConfigError, match="restarts"):
        NeuTNNClustering(2, restarts=0).fit(values)
    with pytest.raises(ConfigError, match="too short"):
        NeuTNNClustering(2, **LEAN).fit(values[:, :8])
    with pytest.raises(ValueError, match="multivariate"):
        NeuTNNClustering(2, **LEAN).fit(np.stack([values, values], axis=1))
    with pytest.raises(ValueError, match="missing"):
        NeuTNNClustering(2, **LEAN).fit(np.where(np.arange(32) == 3, np.nan, values))
    with pytest.raises(ValueError, match="different length"):
        fitted.predict(values[:, :-1])
