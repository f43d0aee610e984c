"""The reference for one column: a clock loop in plain Python integers, rule by rule, written to be read.

It shares no code with the fast engines but the specification and the random bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from neutnngen.core.draws import draw_wave
from neutnngen.core.lfsr import ColumnBits
from neutnngen.errors import ConfigError
from neutnngen.spec import NO_SPIKE, DendriticColumnSpec

Index = tuple[int, ...]


@dataclass(eq=False)
class ColumnState:
    """What a column carries from wave to wave; ``run_wave`` changes it only in learning waves.

    distal: (neuron, dendrite, segment, input) weights. proximal: weights of ``spec.proximal_shape``. distal_mask, proximal_mask: False
    where a synapse was pruned (rule S4). bias: (neuron, dendrite, segment) of rule R12. learned: learning waves so far.
    """

    distal: NDArray[np.uint8]
    proximal: NDArray[np.uint8]
    distal_mask: NDArray[np.bool_]
    proximal_mask: NDArray[np.bool_]
    lfsr: int
    bias: NDArray[np.int64]
    learned: int = 0

    @classmethod
    def constant(cls, spec: DendriticColumnSpec, weight: int) -> ColumnState:
        """Every synapse present, with the same weight (rule R13)."""
        return cls(
            np.full(spec.distal_shape, weight, dtype=np.uint8),
            np.full(spec.proximal_shape, weight, dtype=np.uint8),
            np.ones(spec.distal_shape, dtype=bool),
            np.ones(spec.proximal_shape, dtype=bool),
            spec.lfsr.seed,
            np.zeros(spec.distal_shape[:3], dtype=np.int64),
        )


@dataclass(frozen=True, eq=False)
class WaveResult:
    """outputs: times of the column's lines after inhibition. segments: (neuron, dendrite, segment) times after D1. neurons: times before
    inhibition. winner: the one line that is left, -1 if none or several."""

    outputs: NDArray[np.uint8]
    segments: NDArray[np.uint8]
    neurons: NDArray[np.uint8]
    winner: int


@dataclass(frozen=True, eq=False)
class _Group:
    """Segments that compete with each other: one dendrite, or the proximal segments of one soma neuron."""

    winner: int  # -1 where none fired
    time: int
    level: int  # the winner's potential at its time
    enabled: bool = True
    key: Index = field(default=())


def response(t: int, x: int, w: int, spec: DendriticColumnSpec) -> int:
    """ρ(t) of one synapse (rules S2, S3, S4)."""
    if x == NO_SPIKE or t < x:
        return 0
    return min(t - x + 1, w) if spec.response == "rnl" else w


def ramp(t: int, y: int, w: int) -> int:
    """A somatic ramp ρ(t - y; w) (rule P3)."""
    return 0 if y == NO_SPIKE or t < y else min(t - y + 1, w)


def _compete(levels: list[list[int]], thresholds: list[int], spec: DendriticColumnSpec) -> tuple[int, int, int]:
    """The earliest segment (rules G1, D1): index, time, potential. levels: per clock, per segment."""
    for t, potential in enumerate(levels):
        firing = [s for s, v in enumerate(potential) if v >= thresholds[s]]
        if firing:
            if spec.tie == "largest_potential":
                best = max(potential[s] for s in firing)
                firing = [s for s in firing if potential[s] == best]
            return firing[0], t, potential[firing[0]]
    return -1, NO_SPIKE, 0


class _Draws:
    """Who gets which bits (rule R8): one set for all, one for each line (distal lines first), or one for each synapse (likewise, in the
    order of the arrays)."""

    def __init__(self, state: int, spec: DendriticColumnSpec) -> None:
        self.spec = spec
        self.sets, self.state = draw_wave(state, spec)

    def of(self, proximal: bool, index: Index) -> ColumnBits:
        spec = self.spec
        shape = spec.proximal_shape if proximal else spec.distal_shape
        if spec.sharing == "column":
            number = 0
        elif spec.sharing == "line":
            number = index[-1] + (spec.inputs if proximal else 0)
        else:
            number = int(np.ravel_multi_index(index, shape)) + (int(np.prod(spec.distal_shape)) if proximal else 0)
        return self.sets[number][int(proximal)]


def _change(x: int, y: int, w: int, bits: ColumnBits, reward: int | None) -> int:
    """Rules R1…R5, and R9 where there is a reward."""
    capture, minus, search, backoff, minimum = bits[:5]
    up, down = minimum or bits.up[w], minimum or bits.down[w]
    if x == NO_SPIKE and y == NO_SPIKE:
        return 0  # R5
    if y == NO_SPIKE:  # R3
        return int(search and reward in (None, 0, -1))
    if reward == 0:
        return 0
    if x == NO_SPIKE:  # R4
        return -int(backoff and down) if reward in (None, 1) else 0
    if x <= y:
        return -int(backoff and down) if reward == -1 else int(capture and up)  # R9: capture reversed; R1
    return -int(minus and down) if reward in (None, 1) else 0  # R2


def run_wave(
    spec: DendriticColumnSpec,
    state: ColumnState,
    distal: NDArray[np.uint8],
    *,
    proximal: NDArray[np.uint8] | None = None,
    enable: NDArray[np.bool_] | None = None,
    learn: bool = False,
    label: int | None = None,
) -> WaveResult:
    """One wave. distal: (input,) and proximal: (line,) spike times; enable: (neuron,) for rule P2; label: for rule R9.

    Raises ConfigError if an input that the column needs is absent or has the wrong shape.
    """
    x, xp, on = _inputs(spec, distal, proximal, enable)
    if spec.reward and learn and label is None:
        raise ConfigError("a rewarded column needs the label of a learning wave (rule R9)")
    dendrites = [[_dendrite(spec, state, x, xp, j, d, on[j]) for d in range(spec.dendrites)] for j in range(spec.neurons)]
    somas = [_soma_group(spec, state, xp, j) for j in range(spec.neurons)] if spec.proximal.mode == "soma" else []

    segments = np.full(spec.distal_shape[:3], NO_SPIKE, dtype=np.uint8)
    times, levels = [], []
    for j in range(spec.neurons):
        first = min(dendrites[j], key=lambda g: g.time)  # N1; the lowest index of equal ones
        times.append(first.time)
        levels.append(first.level)
        for d, group in enumerate(dendrites[j]):
            if group.winner >= 0:
                segments[j, d, group.winner] = group.time
        if somas:
            times[j], levels[j] = _fire_soma(spec, somas[j].time, first.time)
    neurons = np.array(times, dtype=np.uint8)
    if spec.output == "segments":
        outputs = segments.reshape(-1)
    else:
        outputs = np.full(spec.neurons, NO_SPIKE, dtype=np.uint8)
        for j in _uninhibited(spec, times, levels):
            outputs[j] = times[j]
    left = np.flatnonzero(outputs != NO_SPIKE)
    winner = int(left[0]) if len(left) == 1 else -1
    if learn:  # R11
        reward = None if not spec.reward else 0 if winner < 0 else 1 if winner == label else -1
        _learn(spec, state, x, xp, [g for row in dendrites for g in row], somas, reward)
    return WaveResult(outputs, segments, neurons, winner)


def _inputs(
    spec: DendriticColumnSpec, distal: NDArray[np.uint8], proximal: NDArray[np.uint8] | None, enable: NDArray[np.bool_] | None
) -> tuple[list[int], list[int], list[bool]]:
    wanted = spec.proximal.inputs
    for name, array, length in (
        ("distal input", distal, spec.inputs),
        ("proximal input", proximal, wanted),
        ("enable", enable, spec.neurons if spec.proximal.mode == "enable" else 0),
    ):
        shape = () if array is None else np.asarray(array).shape
        if shape != ((length,) if length else ()):
            raise ConfigError(f"the {name} has the wrong shape", got=shape, allowed=f"({length},)" if length else "none at all")
    x = [int(v) for v in distal]
    xp = [] if proximal is None else [int(v) for v in proximal]
    for t in (*x, *xp):
        if not (0 <= t <= spec.t_in_max or t == NO_SPIKE):
            raise ConfigError("an input time is not legal (rule T2)", got=t, allowed=f"0 … {spec.t_in_max}, or {NO_SPIKE}")
    return x, xp, [True] * spec.neurons if enable is None else [bool(v) for v in enable]


def _dendrite(spec: DendriticColumnSpec, state: ColumnState, x: list[int], xp: list[int], j: int, d: int, enabled: bool) -> _Group:
    """D1 for one dendrite; with *sum* the proximal synapses add to every segment (P1), without *enable* nothing arrives (P2)."""
    if not enabled:
        return _Group(-1, NO_SPIKE, 0, enabled=False, key=(j, d))
    with_proximal = spec.proximal.mode == "sum"
    levels = []
    for t in range(spec.horizon):
        row = []
        for s in range(spec.segments):
            v = sum(response(t, x[i], int(w), spec) for i, w in enumerate(state.distal[j, d, s]))
            if with_proximal:
                v += sum(response(t, xp[i], int(w), spec) for i, w in enumerate(state.proximal[j, d, s]))
            row.append(v)
        levels.append(row)
    thresholds = [spec.threshold + int(b) for b in state.bias[j, d]]
    winner, time, level = _compete(levels, thresholds, spec)
    return _Group(winner, time, level, key=(j, d))


def _soma_group(spec: DendriticColumnSpec, state: ColumnState, xp: list[int], j: int) -> _Group:
    """The proximal segments of a soma neuron compete like those of a dendrite."""
    levels = [[sum(response(t, xp[i], int(w), spec) for i, w in enumerate(row)) for row in state.proximal[j]] for t in range(spec.horizon)]
    winner, time, level = _compete(levels, [spec.proximal.threshold] * spec.proximal.segments, spec)
    return _Group(winner, time, level, key=(j,))


def _fire_soma(spec: DendriticColumnSpec, y_proximal: int, y_distal: int) -> tuple[int, int]:
    """P3: time and level; never without a proximal spike."""
    p = spec.proximal
    for t in range(spec.last_time + 1):
        level = ramp(t, y_proximal, p.weight_proximal) + ramp(t, y_distal, p.weight_distal)
        if y_proximal != NO_SPIKE and level >= p.soma_threshold:
            return t, level
    return NO_SPIKE, 0


def _uninhibited(spec: DendriticColumnSpec, times: list[int], levels: list[int]) -> Iterator[int]:
    """Neurons that C1 lets through."""
    fired = [j for j, t in enumerate(times) if t != NO_SPIKE]
    if not fired:
        return
    if spec.inhibition == "k_earliest":
        yield from sorted(fired, key=lambda j: (times[j], j))[: spec.k]
        return
    first = min(times)
    earliest = [j for j in fired if times[j] == first]
    if spec.inhibition == "all_earliest":
        yield from earliest
    elif spec.inhibition == "one_lowest_index":
        yield earliest[0]
    else:
        yield max(earliest, key=lambda j: (levels[j], -j))


def _is_taught(spec: DendriticColumnSpec, state: ColumnState, x: list[int], xp: list[int], j: int, d: int) -> bool:
    """R15: the neuron's own line spiked, and with *sum* a proximal synapse of the dendrite saw a spike."""
    if spec.teacher is None or x[spec.teacher + j] == NO_SPIKE:
        return False
    seen = [mask for mask, t in zip(state.proximal_mask[j, d].T, xp, strict=True) if t != NO_SPIKE] if spec.proximal.mode == "sum" else []
    return spec.proximal.mode != "sum" or any(mask.any() for mask in seen)


def _learn(
    spec: DendriticColumnSpec,
    state: ColumnState,
    x: list[int],
    xp: list[int],
    dendrites: list[_Group],
    somas: list[_Group],
    reward: int | None,
) -> None:
    """D2: every dendrite learns from its own winner, whatever inhibition said; with a teacher only those that are taught (R15)."""
    if spec.teacher is not None:
        dendrites = [g for g in dendrites if _is_taught(spec, state, x, xp, *g.key)]
    draws = _Draws(state.lfsr, spec)
    distal, proximal = state.distal.copy(), state.proximal.copy()

    def move(
        weights: NDArray[np.uint8], mask: NDArray[np.bool_], key: Index, times: list[int], y: int, w_max: int, is_proximal: bool
    ) -> None:
        for i, time in enumerate(times):
            index = (*key, i)
            if mask[index]:
                w = int(weights[index])
                weights[index] = min(max(w + _change(time, y, w, draws.of(is_proximal, index), reward), 0), w_max)

    for group in dendrites:
        if not group.enabled:
            continue  # P2: a disabled neuron does not learn
        for s in range(spec.segments):
            y = group.time if s == group.winner else NO_SPIKE
            move(distal, state.distal_mask, (*group.key, s), x, y, spec.w_max, False)
            if spec.proximal.mode == "sum":
                move(proximal, state.proximal_mask, (*group.key, s), xp, y, spec.proximal_w_max, True)
    for group in somas:
        for s in range(spec.proximal.segments):
            y = group.time if s == group.winner else NO_SPIKE
            move(proximal, state.proximal_mask, (*group.key, s), xp, y, spec.proximal_w_max, True)
    state.distal, state.proximal, state.lfsr = distal, proximal, draws.state
    state.learned += 1
    if spec.homeostasis is not None:
        rule = spec.homeostasis
        bias = state.bias.copy()
        for group in dendrites:
            if group.winner >= 0:
                bias[(*group.key, group.winner)] += rule.alpha
        if state.learned % (1 << rule.period) == 0:
            bias -= rule.beta
        state.bias = bias.clip(0, rule.limit)
