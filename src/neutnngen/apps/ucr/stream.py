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
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.ucr.context import learn_context
from neutnngen.apps.ucr.dendrites import learn_dendrites
from neutnngen.apps.ucr.learning import Labels, Waves, winners
from neutnngen.apps.ucr.neutnn import NeuTNN, Settings, checked_series, fit_neutnn
from neutnngen.apps.ucr.transforms import Array, z_normalise
from neutnngen.engine import get_engine
from neutnngen.errors import ConfigError
from neutnngen.spec import DendriticColumnSpec, Design, HomeostasisSpec, StdpSpec, blank_state
from neutnngen.spec.column import check_range, check_word
from neutnngen.spec.dendritic import Sharing
from neutnngen.spec.network import as_network
from neutnngen.spec.state import state_from_arrays

BACK = 0.05
"""A stream is back when its adjusted Rand index is at most so far below the level before the drift."""
BATCH = 512  # series that are encoded at a time
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Drift:
    """What happens to the series half-way, each z-normalised first.

    kind: ``shift`` moves a series in time by ``size`` of its length, what leaves at the end comes in at the start; ``offset`` adds a smooth
    curve, the same for all series, of ``size`` standard deviations. over: waves over which it grows from nothing to all, 0 for a sudden one.
    seed: of the curve.
    """

    kind: Literal["shift", "offset"] = "shift"
    size: float = 0.25
    over: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        check_word("drift.kind", self.kind, ("shift", "offset"))
        check_range("drift.over", self.over, 0, 1 << 30)
        check_range("drift.seed", self.seed, 0, 1 << 30)
        if not np.isfinite(self.size):
            raise ConfigError("drift.size is not a number", got=self.size, allowed="a share of the length, or standard deviations")

    @property
    def pace(self) -> str:
        return f"gradual, over {self.over:,} waves" if self.over else "sudden"


def inject_drift(values: NDArray[np.floating], drift: Drift, share: float | NDArray[np.floating] = 1.0) -> Array:
    """values: (series, sample), finite. share: how far the drift has come, 0 … 1, one value or (series,). Returns them z-normalised."""
    plain = z_normalise(values)
    length = plain.shape[1]
    amount = np.broadcast_to(np.asarray(share, dtype=np.float64) * drift.size, len(plain))[:, None]
    if drift.kind == "offset":
        return np.asarray(plain + amount * _curve(length, drift.seed))
    moved = (np.arange(length) - np.round(amount * length).astype(np.int64)) % length
    return np.take_along_axis(plain, moved, axis=1)


def _curve(length: int, seed: int) -> Array:
    """(sample,) three slow waves with seeded sizes and phases, of mean 0 and standard deviation 1."""
    rng = np.random.default_rng(seed)
    angle = 2 * np.pi * np.arange(length) / length
    waves = [rng.normal() / k * np.sin(k * angle) + rng.normal() / k * np.cos(k * angle) for k in (1, 2, 3)]
    return z_normalise(np.sum(waves, axis=0)[None])[0]


@dataclass(frozen=True)
class StreamSettings:
    """fit: of the warm-up, on at most ``warm_up`` series and at most half of the set. window: waves of the sliding window.

    stdp, sharing, homeostasis: plasticity in the stream. Bits of their own for every input line (rule R8) let a weight follow how often
    its line is in time; with one set for a column all lines would move together and a single wave could turn a segment around. The biases
    (rule R12) keep one segment from taking everything when a drift makes all segments worse.
    """

    fit: Settings = field(default_factory=Settings)
    warm_up: int = 400
    window: int = 200
    stdp: StdpSpec = field(default_factory=lambda: StdpSpec(256, 256, 0, 256, 256))
    sharing: Sharing = "line"
    homeostasis: HomeostasisSpec | None = field(default_factory=lambda: HomeostasisSpec(2, 1, 2, 64))

    def __post_init__(self) -> None:
        check_range("stream.warm_up", self.warm_up, 2, 1 << 30)
        check_range("stream.window", self.window, 2, 1 << 30)


@dataclass(frozen=True, eq=False)
class StreamResult:
    """A finished stream; all arrays are by wave.

    order: number of the series in the set that was given. classes: its class, 0 …, used for scores only. share: how far the drift had come.
    frozen, learning, refitted: which neuron answered, -1 for none. layer: the learning layer after the last wave, one dendrite (rule C2)
    with ``segments`` segments for each neuron in turn. model: the fit on the series ``warm``.
    """

    model: NeuTNN
    layer: Design
    warm: NDArray[np.int64]
    order: NDArray[np.int64]
    classes: NDArray[np.int64]
    share: Array
    frozen: Labels
    learning: Labels
    refitted: Labels
    clusters: int
    segments: int
    drift: Drift
    window: int

    @property
    def onset(self) -> int:
        """The wave at which the drift begins."""
        return len(self.order) // 2

    @property
    def settled(self) -> int:
        """The first wave of a complete drift."""
        return self.onset + self.drift.over

    def ari(self, answers: Labels) -> Array:
        """(wave,) adjusted Rand index over the window that ends with each wave; NaN where there is no whole window yet."""
        return sliding_ari(self.classes, answers, self.window)

    def wins(self, answers: Labels) -> Array:
        """(wave, neuron) share of the answers in the window that ends with each wave, NaN where there is no whole window yet."""
        sums = np.cumsum(answers[:, None] == np.arange(self.clusters), axis=0).astype(np.float64)
        shares = np.full(sums.shape, np.nan)
        sums = np.vstack([np.zeros((1, self.clusters)), sums])
        shares[self.window - 1 :] = (sums[self.window :] - sums[: -self.window]) / self.window
        return shares

    def summary(self) -> dict[str, Any]:
        """As JSON values. before, end: means of the sliding index over the last half of the waves before the drift, and of all waves after
        its onset. right_after: of the first window after the drift is complete. recovered_after: waves from the complete drift to the
        first window that is back at the learning layer's level before it, and from which on the mean is too; None if there is none.
        """
        half = len(self.order) // 4
        curves = {name: self.ari(getattr(self, name)) for name in ("frozen", "learning", "refitted")}
        first = self.settled + self.window - 1
        table = {
            name: {
                "before": float(curve[self.onset - half : self.onset].mean()),
                "right_after": float(curve[first]),
                "end": float(curve[-half:].mean()),
            }
            for name, curve in curves.items()
        }
        return {
            "series": len(set(self.order.tolist())),
            "warm_up": len(self.warm),
            "waves": len(self.order),
            "visits": round(len(self.order) / len(set(self.order.tolist())), 2),
            "window": self.window,
            "drift": {**asdict(self.drift), "pace": self.drift.pace, "onset": self.onset, "settled": self.settled},
            "ari": table,
            "recovered_after": _recovery(curves["learning"][first:], table["learning"]["before"] - BACK, self.window),
        }


def _recovery(curve: Array, level: float, window: int) -> int | None:
    """Waves to the first window at ``level`` or above, if the mean from it to the end is so too: one lucky window is no recovery."""
    rest = np.cumsum(curve[::-1])[::-1] / np.arange(len(curve), 0, -1)
    back = np.flatnonzero((curve >= level) & (rest >= level))
    return window + int(back[0]) if len(back) else None


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
    """The layer as one dendrite with all its segments (rule C2), neuron after neuron, with the plasticity of a stream."""
    spec, state = layer.network.layers[0].column, layer.state.layers[0]
    homeostasis = settings.homeostasis or spec.homeostasis
    column = DendriticColumnSpec(
        spec.inputs,
        1,
        spec.threshold,
        segments=spec.neurons * spec.segments,
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
    arrays["layer0.lfsr"] = state.lfsr
    return Design("stream", network, state_from_arrays(network, arrays), {"stream_of": layer.fingerprint()})


def sliding_ari(classes: NDArray[np.integer], answers: Labels, window: int) -> Array:
    """(wave,) adjusted Rand index over the ``window`` waves that end with each; NaN before the first whole one. -1 is a group of its own."""
    values = np.full(len(classes), np.nan)
    cells = np.zeros((int(classes.max()) + 1, int(answers.max()) + 2), dtype=np.int64).tolist()
    rows, columns = [0] * len(cells), [0] * len(cells[0])
    pairs = in_rows = in_columns = 0  # pairs of waves alike in both, in class, in answer; counted on as waves come and go
    everything = window * (window - 1) // 2
    told = list(zip(classes.tolist(), (answers + 1).tolist(), strict=True))
    for wave, (c, a) in enumerate(told):
        pairs, in_rows, in_columns = pairs + cells[c][a], in_rows + rows[c], in_columns + columns[a]
        cells[c][a], rows[c], columns[a] = cells[c][a] + 1, rows[c] + 1, columns[a] + 1
        if wave >= window:
            c, a = told[wave - window]
            cells[c][a], rows[c], columns[a] = cells[c][a] - 1, rows[c] - 1, columns[a] - 1
            pairs, in_rows, in_columns = pairs - cells[c][a], in_rows - rows[c], in_columns - columns[a]
        if wave >= window - 1:
            chance = in_rows * in_columns / everything
            most = (in_rows + in_columns) / 2
            values[wave] = 1.0 if most == chance else (pairs - chance) / (most - chance)
    return values


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
