"""The clustering layer: one neuron per cluster, its active dendrite with several distal segments, one for every way a cluster can look.

While it learns, the context enables one neuron per series (rule P2), so each dendrite meets only its own cluster and its segments divide
that among them; afterwards all neurons are enabled and the earliest names the cluster.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.ucr.context import DRIVE
from neutnngen.apps.ucr.learning import (
    STDP,
    Labels,
    Waves,
    code_distance,
    drive_threshold,
    seeded,
    spread_samples,
    started,
    taught,
    winners,
)
from neutnngen.core.initial import weights_of_times
from neutnngen.spec import ColumnSpec, DendriticColumnSpec, Design, HomeostasisSpec, LfsrSpec, ProximalSpec


def dendritic_spec(
    lines: int, clusters: int, segments: int, lfsr: LfsrSpec, homeostasis: HomeostasisSpec | None = None
) -> DendriticColumnSpec:
    """One neuron per cluster with an enable line (rule P2); its one dendrite has ``segments`` distal segments on all lines."""
    return DendriticColumnSpec(
        lines,
        clusters,
        drive_threshold(DRIVE, lines),
        segments=segments,
        tie="largest_potential",
        proximal=ProximalSpec("enable"),
        inhibition="one_largest_potential",
        stdp=STDP,
        lfsr=lfsr,
        homeostasis=homeostasis,
    )


def learn_dendrites(
    waves: Waves,
    context: Labels,
    clusters: int,
    segments: int,
    seed: int,
    epochs: int,
    rounds: int,
    restarts: int,
    lfsr: LfsrSpec,
    homeostasis: HomeostasisSpec | None = None,
) -> tuple[Design, Labels]:
    """Train the layer. context: (series,) group of each, -1 for none, which then teaches nobody.

    In the first round the context teaches; in every later one the layer's own answers do. The best of ``restarts`` by code distance.
    """

    def attempt(number: int) -> tuple[Design, Labels]:
        spec = dendritic_spec(waves.shape[1], clusters, segments, seeded(lfsr, number), homeostasis)
        design, labels = _start(spec, waves, context, number), context
        for turn in range(rounds):
            design = taught(design, waves, epochs, 10 * number + turn, labels[:, None] == np.arange(clusters))
            labels = winners(design, waves)
        return design, labels

    numbers = (1000 * seed + 500 + restart for restart in range(restarts))
    return min(map(attempt, numbers), key=lambda one: code_distance(waves, one[1]))


def _start(spec: DendriticColumnSpec, waves: Waves, context: Labels, seed: int) -> Design:
    """Segments of a neuron copy waves of its group that lie apart (rule R13); a group without a wave copies from all."""
    rng = np.random.default_rng(seed)
    numbers: list[NDArray[np.int64]] = []
    for cluster in range(spec.neurons):
        members = np.flatnonzero(context == cluster)
        members = members if len(members) else np.arange(len(waves))
        numbers.append(members[spread_samples(waves[members], spec.segments, rng)])
    chosen = np.array(numbers)
    weights = weights_of_times(waves[chosen], spec.t_in_max, spec.w_max)
    return started(spec, weights, {"rule": "spread samples of the context's groups", "waves": chosen.tolist(), "seed": seed}, "dendrites")


def as_column(layer: Design, name: str) -> Design:
    """The layer in inference as one classic column (rule C2): a neuron per segment; segment // segments of a dendrite is the cluster.

    The same earliest segment wins: the layer lets its one earliest neuron pass by largest potential, then lowest index, as a column with
    that tie rule does. Learning differs, because a column has no enable line.
    """
    spec = layer.network.layers[0].column
    column = ColumnSpec(
        spec.inputs,
        spec.neurons * spec.segments,
        spec.threshold,
        spec.t_res,
        spec.w_res,
        tie="largest_potential",
        stdp=spec.stdp,
        lfsr=spec.lfsr,
    )
    shape = (column.neurons, column.inputs)
    state = layer.state.layers[0]
    return Design.of_column(
        name,
        column,
        state.distal.reshape(shape),
        state.distal_mask.reshape(shape),
        int(state.lfsr[0]),
        {"inference_of": layer.name, "fingerprint": layer.fingerprint()},
    )
