"""What every segment of a layer does on waves in which nothing is learned: when it fires, who wins, and who would win without it.

All tensors are on the CPU; the leading axes are (wave, column). A *unit* is what answers with one spike: a dendrite where segments are the
layer's lines (rule D1), else a neuron (rules N1, C1); its rows compete with each other, units of neurons then with each other.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neutnngen.core.lines import lines_read, outputs_read
from neutnngen.core.response import row_potentials
from neutnngen.engine import get_engine
from neutnngen.prune.stages import DISTAL, PROXIMAL, Part, parts_of, weights_in
from neutnngen.spec import NO_SPIKE, DendriticColumnSpec, Design, NetworkSpec, NetworkState

BATCH_BYTES = 1 << 26
Rule = Literal["all_earliest", "largest", "lowest"]
LATE = 1 << 20
"""Index of a rival that is not there; its time is later than every clock."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """Spike times on the lines that a part of a layer sees, (wave, column, line) uint8 tensors; proximal None where there is none."""

    distal: Tensor
    proximal: Tensor | None


@dataclass(frozen=True, eq=False)
class Recorded:
    """A Design's lines on waves. layers: of every layer, outputs (wave, column, line) after inhibition. times: the inputs, then the layers,
    (wave, line) each. voter: (wave, line) times that the voter sees, None without one. winners, votes: of ``engine.Result``."""

    layers: tuple[NDArray[np.uint8], ...]
    times: tuple[NDArray[np.uint8], ...]
    voter: NDArray[np.uint8] | None
    winners: NDArray[np.int32]
    votes: NDArray[np.int32] | None


@dataclass(frozen=True, eq=False)
class Wins:
    """The rows that decide an answer in a batch of waves; every entry is one (wave, column, unit), ``count`` of them.

    column, row: (count,) which row of which column won. time, bar: (count,) when, and its threshold with its bias. distal, proximal:
    (count, line) times of the inputs. potential: (count, clock) of the row. rivals: (count,) time, potential and 1 for a lower index of the
    best other unit (of the best other row, where the unit is a dendrite); own: the same of the unit's second row, which may step in.
    rule: who wins a tie between units. tie: rule D1 within a unit.
    """

    column: Tensor
    row: Tensor
    time: Tensor
    bar: Tensor
    distal: Tensor
    proximal: Tensor | None
    potential: Tensor
    rivals: tuple[Tensor, Tensor, Tensor]
    own: tuple[Tensor, Tensor, Tensor]
    rule: Rule
    tie: str

    def part(self, rows: slice) -> Wins:
        """Some of them."""
        near = None if self.proximal is None else self.proximal[rows]
        column, row, time, bar = (t[rows] for t in (self.column, self.row, self.time, self.bar))
        (a, b, c), (d, e, f) = self.rivals, self.own
        rivals, own = (a[rows], b[rows], c[rows]), (d[rows], e[rows], f[rows])
        return Wins(column, row, time, bar, self.distal[rows], near, self.potential[rows], rivals, own, self.rule, self.tie)

    def changes(self, times: Tensor, levels: Tensor) -> Tensor:
        """Whether the layer's answer would be another if the rows fired at ``times``, the horizon for never, with potentials ``levels``;
        all (count, line)."""
        at, level, index = (t[:, None] for t in self.rivals)
        second, second_level, second_lower = (t[:, None] for t in self.own)
        unit_time = torch.minimum(times, second)
        equal = torch.where(second_lower == 1, second_level, levels)
        equal = torch.maximum(levels, second_level) if self.tie == "largest_potential" else equal
        unit_level = torch.where(times < second, levels, torch.where(times == second, equal, second_level))
        tied = unit_time == at
        silent = unit_time >= self.potential.shape[1]
        if self.rule == "all_earliest":
            mine = self.time[:, None]
            return torch.where(at == mine, unit_time > mine, unit_time >= at) | silent
        lost = (tied & (index == 1)) | silent
        if self.rule == "largest":
            lost = (tied & ((level > unit_level) | ((level == unit_level) & (index == 1)))) | silent
        return (unit_time > at) | lost


def record(design: Design, waves: NDArray[np.uint8], enable: NDArray[np.bool_] | None = None) -> Recorded:
    """Run waves without learning (rule R11) and keep every line. enable: (wave, neuron) of rule P2, all if not given."""
    network = design.network
    result = get_engine().open(design).run(waves, enable=enable, keep_layers=True)
    assert result.layers is not None
    layers = tuple(
        out.reshape(len(waves), layer.columns, layer.column.lines) for out, layer in zip(result.layers, network.layers, strict=True)
    )
    voter = None if network.voter is None else outputs_read(network, result.layers, network.voter.t_in_max)
    return Recorded(layers, (waves, *result.layers), voter, result.winners, result.votes)


@dataclass(frozen=True, eq=False)
class Decided:
    """The rows that decide an answer, without their rivals; arrays of one length. column, row: which row of which column. time: when it
    fired. distal, proximal: (…, line) uint8 times of what it saw; proximal None where it is not summed."""

    column: NDArray[np.int64]
    row: NDArray[np.int64]
    time: NDArray[np.uint8]
    distal: NDArray[np.uint8]
    proximal: NDArray[np.uint8] | None


def decided_by(design: Design, recorded: Recorded, layer: int) -> Iterator[Decided]:
    """The same rows as ``wins_of``, batch by batch, out of the compiled engine: the layer runs alone, its segments as its lines. Not for
    layers with a soma."""
    network, one = design.network, design.network.layers[layer]
    spec, known = one.column, design.network.line_offsets[layer + 1]
    bare = dataclasses.replace(spec, output="segments", inhibition="all_earliest", k=1, reward=False)
    alone = NetworkSpec(known, (dataclasses.replace(one, column=bare, base=None),), spec.t_res)
    session = get_engine().open(Design("alone", alone, NetworkState((design.state.layers[layer],))))
    members = spec.dendrites * spec.segments
    for rows in _slices(len(recorded.winners), 4 * one.columns * (spec.neurons * members + spec.inputs)):
        lines = lines_read(network, [t[rows] for t in recorded.times[: layer + 1]], spec.t_in_max)
        fired = session.run(lines).outputs.reshape(len(lines), one.columns, -1)
        if spec.output == "neurons":  # of the neurons that pass, the lowest of the dendrites that fire first (rules N1, C1)
            passed = recorded.layers[layer][rows]
            units = fired.reshape(*passed.shape, members)
            first = (units == passed[..., None]).argmax(axis=-1)
            wave, column, neuron = np.nonzero(passed != NO_SPIKE)
            row = neuron * members + first[wave, column, neuron]
        else:
            wave, column, row = np.nonzero(fired != NO_SPIKE)
        near = None
        if spec.proximal.mode == "sum" and one.proximal_wiring is not None:
            near = lines[wave[:, None], one.proximal_wiring.table()[column]]
        yield Decided(column, row, fired[wave, column, row], lines[wave[:, None], one.wiring.table()[column]], near)


def seen_by(design: Design, recorded: Recorded, layer: int, rows: slice) -> Inputs:
    """What a layer sees in some of the waves."""
    network, one = design.network, design.network.layers[layer]
    lines = lines_read(network, [t[rows] for t in recorded.times[: layer + 1]], one.column.t_in_max)
    far = torch.from_numpy(np.ascontiguousarray(lines[:, one.wiring.table()]))
    near = None
    if one.proximal_wiring is not None:
        near = torch.from_numpy(np.ascontiguousarray(lines[:, one.proximal_wiring.table()]))
    return Inputs(far, near)


def batches(design: Design, layer: int, count: int, factor: int = 1) -> Iterator[slice]:
    """Waves so few at a time that their potentials, or ``factor`` times as much, stay below BATCH_BYTES."""
    one = design.network.layers[layer]
    each = 4 * one.columns * one.column.horizon * (max(1, int(np.prod(one.column.distal_shape[:3]))) + one.column.inputs) * factor
    return _slices(count, each)


def _slices(count: int, each: int) -> Iterator[slice]:
    """``count`` waves of ``each`` bytes, so few at a time that they stay below BATCH_BYTES."""
    step = max(1, min(count, BATCH_BYTES // max(each, 1)))
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))


def ramps(age_clocks: Tensor, times: Tensor, weights: Tensor, response: str) -> Tensor:
    """ρ at ``age_clocks`` (rules S2…S4). All broadcast against each other; int16."""
    age = (age_clocks - times.to(torch.int16) + 1).clamp(min=0)
    w = weights.to(torch.int16)
    return torch.minimum(age, w) if response == "rnl" else torch.where(age > 0, w, torch.zeros_like(w))


def wins_of(design: Design, layer: int, seen: Inputs, outputs: NDArray[np.uint8]) -> Wins:
    """The rows that decide the answers of a layer. outputs: (wave, column, line) of the layer in the same waves.

    Of a column whose neurons are its lines only neurons that pass the inhibition count; with a soma (rule P3) every dendrite does.
    """
    spec, parts = design.network.layers[layer].column, {p.kind: p for p in parts_of(design) if p.stage == layer}
    potential = _potentials(design, layer, seen, parts)  # (wave, column, row, clock)
    bias = torch.from_numpy(design.state.layers[layer].bias.reshape(parts[DISTAL].columns, -1).copy())
    bar = (spec.threshold + bias)[None, :, :, None]
    time = (potential < bar).sum(dim=-1, dtype=torch.int16)  # the horizon for never
    at = time.clamp(max=spec.horizon - 1).to(torch.int64)
    level = potential.gather(-1, at[..., None]).squeeze(-1).masked_fill(time == spec.horizon, 0)
    as_lines = spec.output == "segments" or spec.proximal.mode == "soma"
    rule: Rule
    units = spec.neurons * spec.dendrites if as_lines else spec.neurons
    shape = (*time.shape[:2], units, -1)
    times, levels = time.view(shape), level.view(shape)
    first, second = _two_best(times, levels, spec)
    unit_time = times.gather(-1, first[..., None]).squeeze(-1)
    passes = unit_time < spec.horizon
    if not as_lines:
        passes = passes & torch.from_numpy(outputs != NO_SPIKE)
    wave, column, unit = passes.nonzero(as_tuple=True)
    members = times.shape[-1]
    row = unit * members + first[wave, column, unit]
    own_at = second[wave, column, unit]
    own_time, own_level, _ = _nobody(wave)
    if members > 1:
        own_time, own_level = (t[wave, column, unit, own_at].to(torch.int64) for t in (times, levels))
    won = unit_time[wave, column, unit]
    lower = (own_at < first[wave, column, unit]).to(torch.int64)
    if as_lines:  # the rival is the second segment of the dendrite, and nobody takes its place
        rivals = (own_time, own_level, lower)
        own = _nobody(wave)
        rule = "largest" if spec.tie == "largest_potential" else "lowest"
    else:
        best_level = levels.gather(-1, first[..., None]).squeeze(-1)
        rivals = _best_other(unit_time, best_level, wave, column, unit, spec)
        own = (own_time, own_level, lower)
        alike = spec.inhibition == "all_earliest"
        rule = "all_earliest" if alike else "largest" if spec.inhibition == "one_largest_potential" else "lowest"
    near = None if seen.proximal is None or spec.proximal.mode != "sum" else seen.proximal[wave, column]
    picked = potential[wave, column, row]
    bars = spec.threshold + bias[column, row]
    return Wins(column, row, won.to(torch.int64), bars, seen.distal[wave, column], near, picked, rivals, own, rule, spec.tie)


def _nobody(like: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """A rival that never comes."""
    return torch.full_like(like, LATE), torch.zeros_like(like), torch.zeros_like(like)


def soma_wins(design: Design, layer: int, seen: Inputs, part: Part) -> Wins:
    """The proximal segments of somas (rule P3) that win among those of their neuron; ``distal`` are the proximal lines here."""
    spec = design.network.layers[layer].column
    assert seen.proximal is not None
    weights = torch.from_numpy(weights_in(design, part).copy())
    largest = spec.proximal.inputs * spec.proximal_w_max
    found = row_potentials(seen.proximal, weights, spec.horizon, spec.proximal_w_max, spec.response, largest)
    potential = found.transpose(2, 3).to(torch.int32)
    time = (potential < spec.proximal.threshold).sum(dim=-1, dtype=torch.int16)
    at = time.clamp(max=spec.horizon - 1).to(torch.int64)
    shape = (*time.shape[:2], spec.neurons, spec.proximal.segments)
    times, levels = time.view(shape), potential.gather(-1, at[..., None]).squeeze(-1).view(shape)
    first, _ = _two_best(times, levels, spec)
    won = times.gather(-1, first[..., None]).squeeze(-1)
    wave, column, neuron = (won < spec.horizon).nonzero(as_tuple=True)
    row = neuron * spec.proximal.segments + first[wave, column, neuron]
    bar = torch.full_like(wave, spec.proximal.threshold)
    clock = won[wave, column, neuron].to(torch.int64)
    picked = potential[wave, column, row]
    return Wins(column, row, clock, bar, seen.proximal[wave, column], None, picked, _nobody(wave), _nobody(wave), "lowest", spec.tie)


def _potentials(design: Design, layer: int, seen: Inputs, parts: dict[str, Part]) -> Tensor:
    """(wave, column, row, clock) int32."""
    spec = design.network.layers[layer].column
    law = (spec.response, spec.potential_max)
    far = torch.from_numpy(weights_in(design, parts[DISTAL]).copy())
    total = row_potentials(seen.distal, far, spec.horizon, spec.w_max, *law)
    if spec.proximal.mode == "sum" and seen.proximal is not None:
        near = torch.from_numpy(weights_in(design, parts[PROXIMAL]).copy())
        total = total + row_potentials(seen.proximal, near, spec.horizon, spec.proximal_w_max, *law)
    return total.transpose(2, 3).to(torch.int32)


def _order(times: Tensor, levels: Tensor, by_level: bool, segments: int | None = None) -> Tensor:
    """Smaller wins: time, then (perhaps) the larger level, then the lower index along the last axis. segments: of a dendrite, where rows of
    several compete: of those that fire together the lowest dendrite counts before the level (rule N1)."""
    index = torch.arange(times.shape[-1])
    dendrite = index // (segments or times.shape[-1])
    top = int(levels.max()) if levels.numel() else 0
    tie = (top - levels.to(torch.int64)) if by_level else torch.zeros_like(levels, dtype=torch.int64)
    return ((times.to(torch.int64) * times.shape[-1] + dendrite) * (top + 1) + tie) * times.shape[-1] + index


def _two_best(times: Tensor, levels: Tensor, spec: DendriticColumnSpec) -> tuple[Tensor, Tensor]:
    """Places along the last axis of the winner and of the second (the winner again if it is alone)."""
    order = _order(times, levels, spec.tie == "largest_potential", spec.segments)
    if times.shape[-1] == 1:
        only = torch.zeros(times.shape[:-1], dtype=torch.int64)
        return only, only
    best = order.topk(2, dim=-1, largest=False).indices
    return best[..., 0], best[..., 1]


def _best_other(
    time: Tensor, level: Tensor, wave: Tensor, column: Tensor, unit: Tensor, spec: DendriticColumnSpec
) -> tuple[Tensor, Tensor, Tensor]:
    """Of the other neurons of the column the best: its time, its level, and 1 where its index is lower, so that it wins a tie."""
    if time.shape[-1] == 1:
        return _nobody(wave)
    order = _order(time, level, spec.inhibition == "one_largest_potential")[wave, column]
    order.scatter_(-1, unit[:, None], torch.iinfo(torch.int64).max)
    other = order.argmin(dim=-1)
    return time[wave, column, other].to(torch.int64), level[wave, column, other].to(torch.int64), (other < unit).to(torch.int64)
