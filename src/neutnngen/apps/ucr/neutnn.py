"""Clustering of time series by a NeuTNN: views as spikes, a context of classic columns, and a layer of active dendrites that it teaches.

1. ``ViewEncoder``: nine views of a series become spike times; from here on everything is integer.
2. ``learn_context``: a column per view and a consensus column group the series.
3. ``learn_dendrites``: neurons with several distal segments learn the groups with the context as proximal enable, then on their own.

No step sees a label, and every setting is the same for all sets; what depends on the data follows from rules stated here.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.ucr.context import Context, learn_context
from neutnngen.apps.ucr.dendrites import learn_dendrites
from neutnngen.apps.ucr.learning import Labels, winners
from neutnngen.apps.ucr.views import VIEWS, ViewEncoder
from neutnngen.errors import ConfigError
from neutnngen.spec import Design, HomeostasisSpec, LfsrSpec
from neutnngen.spec.column import check_range
from neutnngen.spec.serial import plain
from neutnngen.train.events import Progress

SERIES_PER_SEGMENT = 15
MOST_SEGMENTS = 4


@dataclass(frozen=True)
class Settings:
    """What a fit may spend. pairs: line pairs of each view. segments: of every dendrite, None for the rule of ``segments_for``.

    epochs, restarts: passes of a column of the context, and how many starts it is chosen from (the consensus: twice as many).
    layer_epochs, rounds, layer_restarts: passes of the dendrites in a round, rounds, starts. lfsr: register and first seed.
    homeostasis: of the segments (rule R12); off, as groups are seldom of one size and starts from samples leave no neuron behind.
    """

    pairs: int = 12
    segments: int | None = None
    epochs: int = 8
    restarts: int = 6
    layer_epochs: int = 6
    rounds: int = 6
    layer_restarts: int = 3
    lfsr: LfsrSpec = field(default_factory=LfsrSpec)
    homeostasis: HomeostasisSpec | None = None

    def __post_init__(self) -> None:
        for name in ("pairs", "epochs", "restarts", "layer_epochs", "rounds", "layer_restarts"):
            check_range(name, getattr(self, name), 1, 1 << 16)
        if self.segments is not None:
            check_range("segments", self.segments, 1, 1 << 10)


@dataclass(frozen=True, eq=False)
class NeuTNN:
    """A fitted clustering. layer: the Design that names clusters, one layer of active dendrites on the encoder's lines.

    labels: (series,) neuron that fires first for each fitted series, -1 if none does.
    """

    encoder: ViewEncoder
    context: Context
    layer: Design
    labels: Labels
    seed: int
    settings: Settings

    def assign(self, values: NDArray[np.floating]) -> Labels:
        """Clusters of any series (series, sample) of the same length; nothing is learned."""
        return winners(self.layer, self.encoder.encode(values))

    def design(self, name: str, provenance: dict[str, Any] | None = None) -> Design:
        """The layer as a named Design; encoder and training are in its provenance."""
        record = {
            "encoder": self.encoder.to_dict(),
            "training": {**plain(self.settings), "seed": self.seed, "views": list(VIEWS), "labels": "none were used"},
        }
        return dataclasses.replace(self.layer, name=name, provenance={**self.layer.provenance, **record, **(provenance or {})})


def segments_for(series: int, clusters: int) -> int:
    """Distal segments of a dendrite: one for every 15 series of a cluster of mean size, 1 … 4, so that each has enough to learn from."""
    return int(np.clip(series // (clusters * SERIES_PER_SEGMENT), 1, MOST_SEGMENTS))


def fit_neutnn(
    values: NDArray[np.floating], clusters: int, seed: int = 0, settings: Settings | None = None, progress: Progress | None = None
) -> NeuTNN:
    """Cluster ``values`` (series, sample), finite and of equal length. progress: called with steps done and in all.

    Raises ConfigError for fewer than two clusters, more clusters than series, and series that are too short.
    """
    chosen = settings or Settings()
    values = checked_series(values, clusters)
    seed, clusters = int(seed), int(clusters)
    check_range("seed", seed, 0, 1 << 30)
    tell = progress or (lambda done, total: None)
    tell(0, 3)
    encoder, waves = ViewEncoder.fit_encode(values, chosen.pairs, seed)
    tell(1, 3)
    context = learn_context(waves, encoder.view_lines, clusters, seed, chosen.epochs, chosen.restarts, chosen.lfsr)
    tell(2, 3)
    segments = chosen.segments or segments_for(len(values), clusters)
    layer, labels = learn_dendrites(
        waves,
        context.labels,
        clusters,
        segments,
        seed,
        chosen.layer_epochs,
        chosen.rounds,
        chosen.layer_restarts,
        chosen.lfsr,
        chosen.homeostasis,
    )
    tell(3, 3)
    return NeuTNN(encoder, context, layer, labels, seed, chosen)


def checked_series(values: NDArray[np.floating], clusters: int) -> NDArray[np.float64]:
    """``values`` as float64 after checks that every clustering method shares. Raises ConfigError."""
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or len(table) < 2:
        raise ConfigError("clustering needs at least two series of equal length", got=table.shape, allowed="(series, sample)")
    if not np.isfinite(table).all():
        row, column = np.argwhere(~np.isfinite(table))[0]
        raise ConfigError(
            f"series {row}, sample {column} is missing or not finite",
            got=table[row, column],
            allowed="finite numbers",
            next_step="load the file with --repair (repair=True) to interpolate missing values",
        )
    if isinstance(clusters, bool) or not isinstance(clusters, (int, np.integer)) or not 2 <= clusters <= len(table):
        raise ConfigError("the number of clusters is out of range", got=clusters, allowed=f"2 to the {len(table)} series")
    return table
