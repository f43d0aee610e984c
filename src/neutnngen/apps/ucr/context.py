"""The context: a column per view groups the series as that view sees them, and a consensus column groups what the view columns say.

All are classic columns with online STDP. Together they are one network of two steps whose outcome, a group for every series, is the
proximal context that teaches the dendrites.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from neutnngen.apps.ucr.learning import STDP, Labels, Waves, best_column, drive_threshold, seeded
from neutnngen.core.lines import rebased
from neutnngen.engine import get_engine
from neutnngen.spec import ColumnSpec, DenseWiring, Design, LayerSpec, LfsrSpec, NetworkSpec
from neutnngen.spec.state import NetworkState, blank_state

DRIVE = 1.1
"""θ of a view column per line pair, such that a matching neuron fires near the middle of a wave, when lines have told high from low."""
AGREEMENT = 0.5
"""θ of the consensus column per view: low, so that the neuron with the largest potential at the first possible clock decides."""


@dataclass(frozen=True, eq=False)
class Context:
    """design: the whole network; layer v is the column of view v, the last layer the consensus. labels: (series,) its groups.
    view_labels: (view, series) those of the view columns."""

    design: Design
    labels: Labels
    view_labels: Labels


def learn_context(
    waves: Waves, view_lines: list[tuple[int, int]], clusters: int, seed: int, epochs: int, restarts: int, lfsr: LfsrSpec
) -> Context:
    """Train the view columns, then the consensus, each the best of ``restarts`` by a measure without labels: the code distance for a
    view, the mean normalised mutual information with the views for the consensus (Strehl and Ghosh 2002)."""
    designs, groups, said = [], [], []
    for v, (first, lines) in enumerate(view_lines):
        part = np.ascontiguousarray(waves[:, first : first + lines])
        spec = ColumnSpec(
            lines, clusters, drive_threshold(DRIVE, lines), tie="largest_potential", stdp=STDP, lfsr=seeded(lfsr, 100 * seed + v)
        )
        design, labels = best_column(spec, part, [1000 * seed + 10 * v + r for r in range(restarts)], epochs)
        designs.append(design)
        groups.append(labels)
        times = get_engine().open(design).run(part).outputs
        said.append(rebased(times, design.network.layers[0].rebase, spec.t_in_max))
    heard = np.hstack(said)
    spec = ColumnSpec(
        heard.shape[1],
        clusters,
        max(1, round(AGREEMENT * len(view_lines))),
        tie="largest_potential",
        stdp=STDP,
        lfsr=seeded(lfsr, 100 * seed + 99),
    )
    view_labels = np.array(groups)

    def disagreement(labels: Labels) -> float:
        if len(set(labels.tolist())) < 2:
            return 1.0
        return 1.0 - float(np.mean([agreement(labels, one) for one in view_labels]))

    consensus, labels = best_column(spec, heard, [1000 * seed + 900 + r for r in range(2 * restarts)], epochs, disagreement)
    return Context(_joined(designs, consensus, view_lines, waves.shape[1]), labels, view_labels)


def agreement(first: Labels, second: Labels) -> float:
    """Normalised mutual information of two groupings (arithmetic mean of the entropies), 1 for the same partition; -1 counts as a group.

    As scikit-learn's, of which a fit would spend half its time in input checks.
    """
    _, rows = np.unique(first, return_inverse=True)
    _, columns = np.unique(second, return_inverse=True)
    joint = np.bincount(rows * (columns.max() + 1) + columns, minlength=(rows.max() + 1) * (columns.max() + 1)) / len(rows)
    table = joint.reshape(rows.max() + 1, -1)
    entropies = [float(-(p * np.log(p)).sum()) for p in (table.sum(axis=1), table.sum(axis=0), joint[joint > 0])]
    mean = (entropies[0] + entropies[1]) / 2
    return 1.0 if mean <= 0 else max(0.0, (entropies[0] + entropies[1] - entropies[2]) / mean)


def _joined(designs: list[Design], consensus: Design, view_lines: list[tuple[int, int]], inputs: int) -> Design:
    layers = [
        LayerSpec(d.network.layers[0].column, DenseWiring(lines, first)) for d, (first, lines) in zip(designs, view_lines, strict=True)
    ]
    layers.append(LayerSpec(consensus.network.layers[0].column, DenseWiring(consensus.network.inputs, inputs)))
    network = NetworkSpec(inputs, tuple(layers))
    state: NetworkState = dataclasses.replace(blank_state(network), layers=tuple(d.state.layers[0] for d in (*designs, consensus)))
    return Design("context", network, state, {})
