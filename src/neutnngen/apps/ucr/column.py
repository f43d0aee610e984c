"""The classic column p×q, a line per sample and a neuron per cluster, as a scikit-learn-like estimator."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import silhouette_score

from neutnngen.core.encode import QuantileEncoder
from neutnngen.errors import ConfigError
from neutnngen.nn import Column
from neutnngen.spec import NO_SPIKE, ColumnSpec, Design, LfsrSpec, StdpSpec
from neutnngen.train import EpochRecord, train_online
from neutnngen.train.events import Progress, part_of


def threshold_from_waves(waves: NDArray[np.uint8]) -> int:
    """A threshold without labels: 4/3 of the median number of spikes of a wave, so a few strong synapses fire a neuron early."""
    return max(1, round(float(np.median((waves != NO_SPIKE).sum(axis=1))) * 4 / 3))


def code_silhouette(waves: NDArray[np.uint8], labels: NDArray[np.int64]) -> float:
    """Silhouette of a grouping in the space of the spike code (early spikes large, no spike 0); -1 for a single group.

    waves: (wave, line) spike times. labels: (wave,) groups. At most 2,000 waves, spread evenly, are looked at.
    """
    step = -(-len(waves) // 2000)
    waves, labels = waves[::step], labels[::step]
    if not 2 <= len(set(labels.tolist())) < len(labels):
        return -1.0
    strength = np.where(waves == NO_SPIKE, 0.0, 1.0 + int(waves[waves != NO_SPIKE].max(initial=0)) - waves.astype(np.float64))
    return float(silhouette_score(strength, labels))


@dataclass
class ColumnClustering:
    """``fit`` encodes the series, trains a column and labels them; attributes that end in _ are set by it.

    clusters: neurons of the column. threshold: θ, None to choose it from the encoded series. drop, rank: see QuantileEncoder.
    restarts: columns trained from different initial weights, of which the one with the best silhouette of its groups is kept (no labels
    are used), as k-means does with its starts.
    After ``fit``: encoder_, column_, labels_ (series,) int64 with -1 where no neuron fired (a group of its own), history_.
    """

    clusters: int = 2
    threshold: int | None = None
    t_res: int = 3
    w_res: int = 3
    drop: int | None = None
    rank: bool = True
    epochs: int = 4
    restarts: int = 3
    seed: int = 0
    stdp: StdpSpec = field(default_factory=lambda: StdpSpec(mu_capture=256, mu_minus=256, mu_search=2, mu_backoff=256, mu_min=128))
    lfsr: LfsrSpec = field(default_factory=LfsrSpec)
    tie: Literal["lowest_index", "largest_potential"] = "lowest_index"

    def fit(self, values: NDArray[np.floating], progress: Progress | None = None) -> ColumnClustering:
        """values: (series, sample) finite floats."""
        values = np.asarray(values, dtype=np.float64)
        if values.ndim != 2 or len(values) < 2:
            raise ConfigError("clustering needs at least two series of equal length", got=values.shape, allowed="(series, sample)")
        for name, value in (("epochs", self.epochs), ("restarts", self.restarts)):
            if value < 1:
                raise ConfigError(f"the number of {name} is out of range", got=value, allowed="an integer ≥ 1")
        self.encoder_ = QuantileEncoder.fit(values, self.t_res, self.drop, self.rank)
        waves = self.encoder_.encode(values)
        w_max = (1 << self.w_res) - 1
        threshold = threshold_from_waves(waves) if self.threshold is None else self.threshold
        spec = ColumnSpec(
            values.shape[1],
            self.clusters,
            threshold,
            self.t_res,
            self.w_res,
            "rnl",
            self.tie,
            self.stdp,
            self.lfsr,
        )
        total = self.restarts * self.epochs * len(waves)
        best = -2.0
        for restart in range(self.restarts):
            seed = self.seed * self.restarts + restart
            rng = np.random.default_rng(seed)
            initial = rng.integers(0, w_max + 1, (spec.neurons, spec.inputs), dtype=np.uint8)  # R13: seeded uniform
            column = Column(spec, torch.from_numpy(initial))
            before = restart * self.epochs * len(waves)
            tell = None if progress is None else part_of(progress, before, total)
            history = train_online(column, waves, self.epochs, seed, tell)
            labels = np.asarray(column.winner(torch.from_numpy(waves)).numpy(), dtype=np.int64)
            quality = code_silhouette(waves, labels)
            if quality > best:
                best = quality
                self.column_, self.labels_, self.silhouette_, self.kept_seed_ = column, labels, quality, seed
                self.history_: list[EpochRecord] = history
        return self

    def predict(self, values: NDArray[np.floating]) -> NDArray[np.int64]:
        """Index of the winning neuron of every series, -1 where none fires."""
        waves = torch.from_numpy(self.encoder_.encode(np.asarray(values, dtype=np.float64)))
        return np.asarray(self.column_.winner(waves).numpy(), dtype=np.int64)

    def to_design(self, name: str, provenance: dict[str, Any] | None = None) -> Design:
        """The trained column as a Design; encoder and training settings go into its provenance."""
        record = {
            "encoder": self.encoder_.to_dict(),
            "training": {
                "epochs": self.epochs,
                "seed": self.kept_seed_,
                "restarts": self.restarts,
                "silhouette": self.silhouette_,
                "initial_weights": "seeded uniform",
                "history": [asdict(h) for h in self.history_],
            },
        }
        return self.column_.to_design(name, {**record, **(provenance or {})})
