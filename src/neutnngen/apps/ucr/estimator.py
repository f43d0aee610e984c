"""The NeuTNN as an estimator of aeon and scikit-learn: ``fit``, ``predict``, ``labels_``."""

from __future__ import annotations

from typing import Any

import numpy as np
from aeon.clustering.base import BaseClusterer
from numpy.typing import NDArray

from neutnngen.apps.ucr.neutnn import Settings, fit_neutnn
from neutnngen.spec import Design


class NeuTNNClustering(BaseClusterer):  # type: ignore[misc]
    """Clustering of univariate series of equal length by a NeuTNN with online STDP, in hardware arithmetic.

    Parameters
    ----------
    n_clusters : int
        Clusters, one neuron each.
    segments : int or None
        Distal segments of every dendrite; None for a rule (``segments_for``).
    pairs, epochs, restarts, layer_epochs, rounds, layer_restarts : int
        What the fit may spend; see ``Settings``.
    random_state : int or None
        Seed; None for a new one each time.

    Attributes
    ----------
    labels_ : np.ndarray of shape (n_cases,)
        Cluster of every fitted series; -1 if no neuron fired.
    model_ : NeuTNN
        Encoder, context and the layer of active dendrites.
    """

    _tags = {"capability:multivariate": False, "algorithm_type": "feature", "X_inner_type": "numpy3D", "non_deterministic": False}  # noqa: RUF012

    def __init__(
        self,
        n_clusters: int = 2,
        segments: int | None = None,
        pairs: int = 12,
        epochs: int = 8,
        restarts: int = 6,
        layer_epochs: int = 6,
        rounds: int = 6,
        layer_restarts: int = 3,
        random_state: int | None = 0,
    ) -> None:
        self.n_clusters = n_clusters
        self.segments = segments
        self.pairs = pairs
        self.epochs = epochs
        self.restarts = restarts
        self.layer_epochs = layer_epochs
        self.rounds = rounds
        self.layer_restarts = layer_restarts
        self.random_state = random_state
        super().__init__()

    def _fit(self, X: NDArray[np.floating], y: Any = None) -> NeuTNNClustering:
        seed = int(np.random.default_rng().integers(1 << 20)) if self.random_state is None else int(self.random_state)
        settings = Settings(self.pairs, self.segments, self.epochs, self.restarts, self.layer_epochs, self.rounds, self.layer_restarts)
        self.model_ = fit_neutnn(X[:, 0, :], self.n_clusters, seed, settings)
        self.labels_ = self.model_.labels
        return self

    def _predict(self, X: NDArray[np.floating]) -> NDArray[np.int64]:
        return self.model_.assign(X[:, 0, :])

    def to_design(self, name: str) -> Design:
        """The layer of active dendrites as a Design."""
        return self.model_.design(name)

    @classmethod
    def _get_test_params(cls, parameter_set: str = "default") -> dict[str, Any]:
        return {"n_clusters": 2, "pairs": 4, "epochs": 2, "restarts": 1, "layer_epochs": 1, "rounds": 1, "layer_restarts": 1}
