"""Steps that the clustering estimators share: start from spread samples, train, restart, choose without labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.core.initial import Initial, weights_of_times
from neutnngen.engine import get_engine
from neutnngen.spec import NO_SPIKE, ColumnSpec, DendriticColumnSpec, Design, LfsrSpec, StdpSpec, blank_state
from neutnngen.spec.network import as_network
from neutnngen.spec.state import state_from_arrays
from neutnngen.train import train

Waves = NDArray[np.uint8]
Labels = NDArray[np.int64]

# One setting for every set and stage; none was chosen with labels of the set at hand.
STDP = StdpSpec(mu_capture=512, mu_minus=512, mu_search=0, mu_backoff=512, mu_min=256)
"""Capture and minus alike, so that a weight follows the share of waves in which its line was in time; no search: all waves carry the same
drive and every segment starts from a sample, so none is left behind for want of drive."""


def spread_samples(waves: Waves, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Numbers of ``count`` waves that lie apart: each is drawn with a chance that grows with its squared distance (sum of absolute time
    differences) to those drawn before, as k-means++ does. waves: (wave, line)."""
    times = as_times(waves)
    chosen = [int(rng.integers(len(times)))]
    distance = np.abs(times - times[chosen[0]]).sum(axis=1)
    while len(chosen) < count:
        weight = distance**2
        total = float(weight.sum())
        chosen.append(int(rng.choice(len(times), p=weight / total) if total > 0 else rng.integers(len(times))))
        distance = np.minimum(distance, np.abs(times - times[chosen[-1]]).sum(axis=1))
    return np.array(chosen, dtype=np.int64)


def as_times(waves: Waves) -> NDArray[np.float64]:
    """Spike times as numbers to compute distances with; no spike counts as one clock later than the latest spike."""
    silent = waves == NO_SPIKE
    latest = int(waves[~silent].max(initial=0))
    return np.where(silent, latest + 1, waves).astype(np.float64)


def code_distance(waves: Waves, labels: Labels) -> float:
    """Mean distance of the waves to the median wave of their group, in clocks per line; infinite for a single group.

    The label-free measure by which restarts are compared. labels: (wave,) with -1 for none, a group of its own.
    """
    times = as_times(waves)
    groups = set(labels.tolist())
    if len(groups) < 2:
        return float("inf")
    total = 0.0
    for group in groups:
        members = times[labels == group]
        total += float(np.abs(members - np.median(members, axis=0)).sum())
    return total / times.size


def started(spec: ColumnSpec | DendriticColumnSpec, weights: NDArray[np.uint8], rule: dict[str, Any], name: str = "column") -> Design:
    """A Design of one column whose distal weights are given (rule R13), any shape of the right size."""
    network = as_network(spec)
    arrays = dict(blank_state(network).arrays())
    arrays["layer0.distal"] = weights.reshape(arrays["layer0.distal"].shape).astype(np.uint8)
    design = Design(name, network, blank_state(network), {})
    return Initial(state_from_arrays(network, arrays), rule).design(design)


def sample_start(spec: ColumnSpec, waves: Waves, seed: int, name: str = "column") -> Design:
    """A classic column whose neurons copy waves that lie apart (rule R13)."""
    numbers = spread_samples(waves, spec.neurons, np.random.default_rng(seed))
    weights = weights_of_times(waves[numbers], spec.t_in_max, spec.w_max)
    return started(spec, weights, {"rule": "spread samples", "waves": numbers.tolist(), "seed": seed}, name)


def winners(design: Design, waves: Waves) -> Labels:
    """(wave,) which output line spikes, -1 for none; nothing is learned (rule R11)."""
    return np.asarray(get_engine().open(design).run(waves).winners, dtype=np.int64)


def taught(design: Design, waves: Waves, epochs: int, seed: int, enable: NDArray[np.bool_] | None = None) -> Design:
    """The Design after ``epochs`` passes of online learning in seeded orders."""
    return train(design, waves, enable=enable, epochs=epochs, order="shuffled", seed=seed, chunk=1 << 16, every=1 << 30).design


def best_column(
    spec: ColumnSpec,
    waves: Waves,
    seeds: list[int],
    epochs: int,
    badness: Callable[[Labels], float] | None = None,
) -> tuple[Design, Labels]:
    """Train a column from each seed and keep the one whose groups are best; by default, with the smallest code distance."""
    measure = (lambda labels: code_distance(waves, labels)) if badness is None else badness
    tries = ((design, winners(design, waves)) for design in (taught(sample_start(spec, waves, s), waves, epochs, s) for s in seeds))
    return min(tries, key=lambda one: measure(one[1]))


def drive_threshold(share: float, lines: int) -> int:
    """θ as a share of the line pairs of a population code, at least 1."""
    return max(1, round(share * lines / 2))


def seeded(lfsr: LfsrSpec, number: int) -> LfsrSpec:
    """The same register with a seed of its own for run ``number``."""
    return LfsrSpec(lfsr.width, lfsr.taps, 1 + (lfsr.seed - 1 + number * 7919) % ((1 << lfsr.width) - 1))
