"""Clustering a stream: one pass, every wave is answered and then learned from, while the series drift (rules R1 … R12 online, no labels).

A NeuTNN is fitted on a warm-up part of the set. Then the other series arrive one by one; half-way they begin to drift. Three layers answer:
*frozen* keeps its weights (rule R11), *learning* goes on learning, *refitted* is what a new fit on drifted series would reach. The encoder
stays as the warm-up left it, since its cuts are constants in hardware.

**Who learns from a wave without a label?** Only the neuron that answers it. In the layer's own spelling that takes two waves: one with
every neuron enabled and no learning, and one in which the answer drives the enable lines (rule P2). The stream runs the layer in its other
spelling instead, one dendrite that holds the segments of all neurons (rule C2): its winner by D1 (earliest, largest potential, lowest
index) is the segment that inhibition C1 would have let through, learning is driven by that winner alone (D2), and the answer is the neuron
that the segment belongs to. With μ_search = 0, so that losers stay as they are (R3), both are equal bit by bit, and one wave is enough: its
output is computed before a weight changes, so the answer to wave t is that of the weights after wave t - 1.

Learning follows the answers, so it can recover only while they still tell something, and only what a clustering of the drifted series can
find at all: after a large offset even a new fit may not find the classes again. Where a set has no clear groups, learning wanders and can
fall below frozen weights without any drift.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.ucr.context import learn_context
from neutnngen.apps.ucr.dendrites import learn_dendrites
from neutnngen.apps.ucr.drift import Drift, inject_drift
from neutnngen.apps.ucr.learning import Waves, winners
from neutnngen.apps.ucr.neutnn import NeuTNN, Settings, checked_series, fit_neutnn
from neutnngen.apps.ucr.stream_result import StreamResult
from neutnngen.apps.ucr.transforms import Array
from neutnngen.engine import get_engine
from neutnngen.errors import ConfigError
from neutnngen.spec import DendriticColumnSpec, Design, HomeostasisSpec, StdpSpec, blank_state
from neutnngen.spec.column import check_range
from neutnngen.spec.dendritic import Sharing
from neutnngen.spec.network import as_network
from neutnngen.spec.state import state_from_arrays
from neutnngen.train.events import Progress

BATCH = 512  # series that are encoded at a time


@dataclass(frozen=True)
class StreamSettings:
    """fit: of the warm-up, on at most ``warm_up`` series and at most half of the set. window: waves of the sliding window.

    stdp, sharing: plasticity in the stream. Bits of their own for every input line (rule R8) let a weight follow how often its line is in
    time; with one set for a column all lines move together, and a few waves turn a segment around. fair: biases (rule R12) that keep one
    segment from taking everything when a drift makes all of them worse; see ``fair_share``.
    """

    fit: Settings = field(default_factory=Settings)
    warm_up: int = 400
    window: int = 200
    stdp: StdpSpec = field(default_factory=lambda: StdpSpec(mu_capture=256, mu_minus=256, mu_search=0, mu_backoff=256, mu_min=256))
    sharing: Sharing = "line"
    fair: bool = True

    def __post_init__(self) -> None:
        check_range("stream.warm_up", self.warm_up, 2, 1 << 30)
        check_range("stream.window", self.window, 2, 1 << 20)


def fair_share(segments: int, threshold: int) -> HomeostasisSpec:
    """Biases that stand still in a segment that wins one wave in ``segments``: a win adds half of that number, and all fall by one every
    two waves. A bias at most doubles θ."""
    return HomeostasisSpec(alpha=max(1, segments // 2), beta=1, period=1, limit=threshold)


def run_stream(
    values: NDArray[np.floating],
    classes: NDArray[Any],
    clusters: int,
    *,
    seed: int = 0,
    waves: int = 4000,
    drift: Drift | None = None,
    settings: StreamSettings | None = None,
    progress: Progress | None = None,
) -> StreamResult:
    """Fit on a warm-up, then stream the other series in a seeded order; a set with fewer series than waves comes again, in new orders.

    values: (series, sample), finite. classes: (series,), for scores only. drift: begins half-way. progress: called with steps done and in
    all. Raises ConfigError where something does not fit, above all a stream too short for its window and its drift.
    """
    drift, chosen = drift or Drift(), settings or StreamSettings()
    values = checked_series(values, clusters)
    _check(values, classes, clusters, waves, drift, chosen)
    tell = progress or (lambda done, total: None)
    tell(0, 4)
    rng = np.random.default_rng(seed)
    mixed = rng.permutation(len(values))
    count = min(chosen.warm_up, len(values) // 2)
    warm, others = mixed[:count], mixed[count:]
    order = np.concatenate([rng.permutation(others) for _ in range(-(-waves // len(others)))])[:waves]
    share = np.clip((np.arange(waves) - waves // 2 + 1) / max(drift.over, 1), 0.0, 1.0)
    model = fit_neutnn(values[warm], clusters, seed, chosen.fit)
    tell(1, 4)
    code = _encode(model, values, order, drift, share)
    tell(2, 4)
    again = _refit(model, inject_drift(values[warm], drift), clusters)
    tell(3, 4)
    layer, segments = as_stream(model.layer, chosen), model.layer.network.layers[0].column.segments
    session = get_engine().open(layer)
    won = np.asarray(session.run(code, learn=True).winners, dtype=np.int64)
    learning = np.where(won < 0, -1, won // segments)
    numbers = np.unique(np.asarray(classes), return_inverse=True)[1]
    answers = (winners(model.layer, code), learning, winners(again, code))
    tell(4, 4)
    return StreamResult(model, session.design(), warm, order, numbers[order], share, *answers, clusters, segments, drift, chosen.window)


def as_stream(layer: Design, settings: StreamSettings) -> Design:
    """The layer as one dendrite with all its segments (rule C2), neuron after neuron, with the plasticity of a stream.

    It begins with the layer's weights, random state, count of waves and biases, these cut to what the stream allows (rule R12).
    """
    spec, state = layer.network.layers[0].column, layer.state.layers[0]
    segments = spec.neurons * spec.segments
    homeostasis = fair_share(segments, spec.threshold) if settings.fair else spec.homeostasis
    column = DendriticColumnSpec(
        spec.inputs,
        1,
        spec.threshold,
        segments=segments,
        t_res=spec.t_res,
        w_res=spec.w_res,
        tie="largest_potential",
        output="segments",
        sharing=settings.sharing,
        stdp=settings.stdp,
        lfsr=spec.lfsr,
        homeostasis=homeostasis,
    )
    network = as_network(column)
    arrays = dict(blank_state(network).arrays())
    for name, array in (("distal", state.distal), ("distal_mask", state.distal_mask)):
        arrays[f"layer0.{name}"] = array.reshape(1, *column.distal_shape)
    bias = state.bias.reshape(1, *column.distal_shape[:3])
    arrays["layer0.bias"] = bias.clip(0, 0 if homeostasis is None else homeostasis.limit)
    arrays["layer0.lfsr"], arrays["layer0.learned"] = state.lfsr, state.learned
    return Design("stream", network, state_from_arrays(network, arrays), {"stream_of": layer.fingerprint()})


def _encode(model: NeuTNN, values: Array, order: NDArray[np.int64], drift: Drift, share: Array) -> Waves:
    """(wave, line) uint8; a series that comes again with the same drift is encoded once."""
    visits, number = np.unique(np.stack([order, share]), axis=1, return_inverse=True)
    series, shares = visits[0].astype(np.int64), visits[1]
    parts = [slice(start, start + BATCH) for start in range(0, len(series), BATCH)]
    code = np.concatenate([model.encoder.encode(inject_drift(values[series[p]], drift, shares[p])) for p in parts])
    return np.asarray(code[number.reshape(-1)])


def _refit(model: NeuTNN, drifted: Array, clusters: int) -> Design:
    """A layer fitted from scratch on drifted series, behind the same encoder."""
    use, code = model.settings, model.encoder.encode(drifted)
    context = learn_context(code, model.encoder.view_lines, clusters, model.seed, use.epochs, use.restarts, use.lfsr)
    segments = model.layer.network.layers[0].column.segments
    return learn_dendrites(
        code, context.labels, clusters, segments, model.seed, use.layer_epochs, use.rounds, use.layer_restarts, use.lfsr, use.homeostasis
    )[0]


def _check(values: Array, classes: NDArray[Any], clusters: int, waves: int, drift: Drift, settings: StreamSettings) -> None:
    if np.shape(classes) != (len(values),):
        raise ConfigError("every series needs one class, for the scores", got=np.shape(classes), allowed=f"({len(values)},)")
    if len(values) < 2 * clusters:
        allowed = f"{2 * clusters} series or more, half of them for the warm-up"
        raise ConfigError("there are too few series for a stream", got=len(values), allowed=allowed)
    check_range("waves", waves, 4 * settings.window, 1 << 24)
    check_range("drift.over", drift.over, 0, waves // 4)
