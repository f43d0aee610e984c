"""All columns of a layer at once, and the voter, as pure functions on tensors (rules S, G, D, P, N, C, R and T4).

The leading axes are (wave, column) in ``respond``, (column,) in the state. Everything stays on the tensors' device and nothing there waits
for it. Segments of all dendrites of all neurons of a column are called its *rows* where it does not matter whose they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod

import torch
from torch import Tensor

from neutnngen.core.dendrite import Groups, compete, first_of, segment_times
from neutnngen.core.draws import set_count, voter_sets
from neutnngen.core.lfsr_tensor import draws
from neutnngen.core.response import FLOAT32_EXACT, row_potentials
from neutnngen.spec import DRAW_BITS, NO_SPIKE, DendriticColumnSpec, LfsrSpec, StdpSpec, VoterSpec

BITS_IN_WORK = 1 << 22
"""Random bits that are in work at once while they become gates."""

_ALL = slice(None)
_LATER = 127
"""As signed bytes, lines that do not spike; rows that do not fire are at ``_LATER`` - 1, and every spike of a segment is before that."""


@dataclass(frozen=True, eq=False)
class LayerTensors:
    """``spec.LayerState`` as tensors of the same names and shapes; random states as int64."""

    distal: Tensor
    distal_mask: Tensor
    proximal: Tensor
    proximal_mask: Tensor
    lfsr: Tensor
    bias: Tensor
    learned: Tensor


@dataclass(frozen=True, eq=False)
class VoterTensors:
    """``spec.VoterState`` as tensors of the same names and shapes; the random state as int64."""

    weights: Tensor
    mask: Tensor
    lfsr: Tensor


@dataclass(frozen=True, eq=False)
class LayerWaves:
    """What the columns of a layer see.

    distal: (wave, column, input) uint8 times. proximal: (wave, column, line) uint8, None if the columns have no proximal lines. enable:
    (wave, neuron) bool, None where all are enabled. labels: (wave,) integers, needed where a rewarded column learns.
    """

    distal: Tensor
    proximal: Tensor | None = None
    enable: Tensor | None = None
    labels: Tensor | None = None

    def part(self, start: int, stop: int) -> LayerWaves:
        """The waves ``start`` … ``stop`` - 1."""
        proximal, enable, labels = (None if t is None else t[start:stop] for t in (self.proximal, self.enable, self.labels))
        return LayerWaves(self.distal[start:stop], proximal, enable, labels)


@dataclass(frozen=True, eq=False)
class Response:
    """outputs: (wave, column, line) uint8 times after inhibition. dendrites: groups (wave, column, neuron, dendrite). somas: groups (wave,
    column, neuron) of the proximal segments, None without a soma."""

    outputs: Tensor
    dendrites: Groups
    somas: Groups | None


@dataclass(frozen=True, eq=False)
class Gates:
    """Random bits as functions of the weight: bit w says whether a synapse of weight w moves in that case (rules R1…R4, R6).

    capture, search move up and are 0 at w_max; minus, backoff move down and are 0 at w = 0, so that no weight has to be clamped.
    """

    capture: Tensor
    minus: Tensor
    search: Tensor
    backoff: Tensor

    def part(self, *index: int | slice) -> Gates:
        """The same index of every tensor."""
        return Gates(self.capture[index], self.minus[index], self.search[index], self.backoff[index])

    def shaped(self, *shape: int) -> Gates:
        """Every tensor in another shape."""
        return Gates(self.capture.reshape(shape), self.minus.reshape(shape), self.search.reshape(shape), self.backoff.reshape(shape))


@dataclass(frozen=True, eq=False)
class LayerGates:
    """Gates of distal and of proximal synapses, (column, wave, row or 1, input or 1) each (rule R8); see ``layer_gates``."""

    distal: Gates
    proximal: Gates


# --- lines (rules T4, L2) ---------------------------------------------------------------------------------------------------------------


def rebased(times: Tensor, base: int, t_in_max: int) -> Tensor:
    """Rule T4: ``base`` taken off, and what is beyond ``t_in_max`` silent. uint8 of any shape, no spike before ``base``."""
    last = min(base + t_in_max, NO_SPIKE - 1)
    return (times - base).masked_fill(times > last, NO_SPIKE)


def only_line(outputs: Tensor) -> Tensor:
    """(wave,) int32: the one line that spikes, -1 if none or several. outputs: (wave, line)."""
    fired = outputs != NO_SPIKE
    return first_of(fired).masked_fill(fired.sum(dim=1) != 1, -1).to(torch.int32)


def most_votes(votes: Tensor) -> Tensor:
    """(wave,) int32: the class with most votes, the lowest of equal ones, -1 where nobody votes. votes: (wave, class)."""
    most = votes.amax(dim=1)
    return first_of(votes == most.unsqueeze(1)).masked_fill(most == 0, -1).to(torch.int32)


# --- response ---------------------------------------------------------------------------------------------------------------------------


def respond(spec: DendriticColumnSpec, state: LayerTensors, waves: LayerWaves) -> Response:
    """Rules S2…S4, G1, D1, P0…P3, N1, C1 for a batch of waves; nothing changes."""
    needs_level = spec.inhibition == "one_largest_potential"
    potential = _distal_potentials(spec, state, waves)
    dendrites = compete(potential, spec.threshold + state.bias, spec.tie, with_level=needs_level and spec.proximal.mode != "soma")
    if waves.enable is not None:
        dendrites = _enabled(dendrites, waves.enable)
    if spec.output == "segments":
        return Response(segment_times(dendrites, spec.segments).flatten(2), dendrites, None)
    times, level = _neurons(dendrites)
    somas = None
    if spec.proximal.mode == "soma":
        somas = _compete_somas(spec, state, waves)
        times, level = _fire_somas(spec, somas.time, times)
    return Response(_inhibit(spec, times, level), dendrites, somas)


def response_bytes(spec: DendriticColumnSpec, columns: int) -> int:
    """Working memory that one wave of a batch takes in ``respond``, roughly."""
    rows = prod(spec.distal_shape[:3]) + prod(spec.proximal_shape[:-1])
    return columns * spec.horizon * (4 * (spec.inputs + spec.proximal.inputs) + 10 * rows)


def _distal_potentials(spec: DendriticColumnSpec, state: LayerTensors, waves: LayerWaves) -> Tensor:
    """(wave, column, clock, neuron, dendrite, segment); with *sum* the proximal synapses add to every segment (P1)."""
    law = (spec.response, spec.potential_max)
    total = row_potentials(waves.distal, state.distal.flatten(1, 3), spec.horizon, spec.w_max, *law)
    if spec.proximal.mode == "sum" and waves.proximal is not None:
        total = total + row_potentials(waves.proximal, state.proximal.flatten(1, 3), spec.horizon, spec.proximal_w_max, *law)
    return total.view(*total.shape[:3], *spec.distal_shape[:3])


def _enabled(groups: Groups, enable: Tensor) -> Groups:
    """P2: a disabled neuron sees nothing, so none of its dendrites fires."""
    off = ~enable[:, None, :, None]
    level = None if groups.level is None else groups.level.masked_fill(off, 0)
    return Groups(groups.winner.masked_fill(off, -1), groups.time.masked_fill(off, NO_SPIKE), level)


def _neurons(dendrites: Groups) -> tuple[Tensor, Tensor | None]:
    """N1: time and level of every neuron, those of its earliest dendrite, the lowest of equal ones."""
    time = dendrites.time.amin(dim=-1)
    if dendrites.level is None:
        return time, None
    first = first_of(dendrites.time == time.unsqueeze(-1)).unsqueeze(-1)
    return time, dendrites.level.gather(-1, first).squeeze(-1)


def _compete_somas(spec: DendriticColumnSpec, state: LayerTensors, waves: LayerWaves) -> Groups:
    """The proximal segments of a soma neuron compete like those of a dendrite."""
    assert waves.proximal is not None
    largest = spec.proximal.inputs * spec.proximal_w_max
    rows = row_potentials(waves.proximal, state.proximal.flatten(1, 2), spec.horizon, spec.proximal_w_max, spec.response, largest)
    threshold = torch.full((), spec.proximal.threshold, device=rows.device)
    return compete(rows.view(*rows.shape[:3], *spec.proximal_shape[:2]), threshold, spec.tie, with_level=False)


def _fire_somas(spec: DendriticColumnSpec, y_proximal: Tensor, y_distal: Tensor) -> tuple[Tensor, Tensor]:
    """P3: time and level of every soma; never without a proximal spike."""
    soma = spec.proximal
    clocks = torch.arange(spec.last_time + 1, dtype=torch.int16, device=y_distal.device)

    def ramp(y: Tensor, w: int) -> Tensor:
        return (clocks + 1 - y.to(torch.int16).unsqueeze(-1)).clamp(0, w)  # 0 for no spike, which is later than every clock

    level = ramp(y_proximal, soma.weight_proximal) + ramp(y_distal, soma.weight_distal)
    reached = (level >= soma.soma_threshold) & (y_proximal != NO_SPIKE).unsqueeze(-1)
    time, silent = first_of(reached), ~reached.any(dim=-1)
    at = level.gather(-1, time.unsqueeze(-1)).squeeze(-1)
    return time.to(torch.uint8).masked_fill(silent, NO_SPIKE), at.masked_fill(silent, 0)


def _inhibit(spec: DendriticColumnSpec, times: Tensor, level: Tensor | None) -> Tensor:
    """Rule C1 on (…, neuron)."""
    index = torch.arange(spec.neurons, device=times.device)
    if spec.inhibition == "k_earliest":
        order = times.to(torch.int64) * spec.neurons + index  # no two are equal
        passes = order <= order.sort(dim=-1).values[..., spec.k - 1 : spec.k]
    else:
        passes = times == times.amin(dim=-1, keepdim=True)
        if spec.inhibition == "one_largest_potential" and level is not None:
            best = torch.where(passes, level, -1)
            passes = best == best.amax(dim=-1, keepdim=True)
        if spec.inhibition != "all_earliest":
            passes = index == first_of(passes).unsqueeze(-1)
    return times.masked_fill(~passes, NO_SPIKE)


# --- random bits (rules R6…R8) ----------------------------------------------------------------------------------------------------------


def layer_gates(spec: DendriticColumnSpec, lfsr: Tensor, waves: int) -> tuple[LayerGates, Tensor]:
    """Random bits of the next ``waves`` learning waves of every column, and the new random states. lfsr: (column,) int64."""
    widths = [spec.w_max] if spec.proximal_w_max in (0, spec.w_max) else [spec.w_max, spec.proximal_w_max]
    found, lfsr = _gate_sets(spec.stdp, widths, spec.lfsr, lfsr, waves * set_count(spec))
    shape = (len(lfsr), waves, set_count(spec))
    distal, proximal = found[0].shaped(*shape), found[-1].shaped(*shape)
    if spec.sharing != "column":
        first = spec.inputs if spec.sharing == "line" else prod(spec.distal_shape)  # number of the first set of the proximal synapses
        distal, proximal = distal.part(_ALL, _ALL, slice(first)), proximal.part(_ALL, _ALL, slice(first, None))
    ends = (1, 1) if spec.sharing == "column" else (1, -1) if spec.sharing == "line" else None
    of_distal = distal.shaped(len(lfsr), waves, *(ends or (-1, spec.inputs)))
    return LayerGates(of_distal, proximal.shaped(len(lfsr), waves, *(ends or (-1, max(spec.proximal.inputs, 1))))), lfsr


def voter_gates(voter: VoterSpec, lines: int, lfsr: Tensor, waves: int) -> tuple[Gates, Tensor]:
    """Random bits of the next ``waves`` learning waves of a voter, (wave, line or 1, class or 1), and the new random state ()."""
    sets = voter_sets(voter, lines)
    found, state = _gate_sets(voter.stdp, [voter.w_max], voter.lfsr, lfsr.view(1), waves * sets, gated_minus=False)
    return found[0].shaped(waves, min(sets, lines), sets // min(sets, lines)), state.view(())


def waves_of_gates(columns: int, sets: int, w_max: int, inputs: int) -> int:
    """Learning waves whose random bits and moves are worth making, and small enough to make, at once."""
    return max(1, min(256, BITS_IN_WORK // (columns * max(sets * (5 + w_max + 1), inputs))))


def _gate_sets(
    stdp: StdpSpec, widths: list[int], spec: LfsrSpec, lfsr: Tensor, sets: int, *, gated_minus: bool = True
) -> tuple[list[Gates], Tensor]:
    """``sets`` sets of draws of every register: five rules, then the levels of every weight width; (register, set) gates per width."""
    size = 5 + sum(w_max + 1 for w_max in widths)
    block = max(1, BITS_IN_WORK // (len(lfsr) * size * DRAW_BITS))
    parts: list[list[Gates]] = []
    for start in range(0, sets, block):
        count = min(block, sets - start)
        values, lfsr = draws(lfsr, spec, count * size)
        values = values.view(len(lfsr), count, size)
        rules, *levels = torch.split(values, [5, *(w_max + 1 for w_max in widths)], dim=2)
        parts.append([_gates(stdp, rules, level, gated_minus) for level in levels])
    return [_joined(of_width) for of_width in zip(*parts, strict=True)], lfsr


def _joined(parts: tuple[Gates, ...]) -> Gates:
    if len(parts) == 1:
        return parts[0]
    pairs = zip(*((p.capture, p.minus, p.search, p.backoff) for p in parts), strict=True)
    return Gates(*(torch.cat(tensors, dim=1) for tensors in pairs))


def _gates(stdp: StdpSpec, rules: Tensor, levels: Tensor, gated_minus: bool) -> Gates:
    """rules: (register, set, 5) and levels: (register, set, weight) draws. gated_minus: whether the stabiliser holds for minus too."""
    device, w_max = rules.device, levels.shape[-1] - 1
    mu, up_mu, down_mu = _probabilities(stdp, w_max, device)
    hit = rules < mu
    capture, minus, search, backoff, minimum = hit.unbind(-1)
    any_up, any_down = (1 << w_max) - 1, -2 if w_max == 63 else (1 << (w_max + 1)) - 2  # in 64 bits, level 63 is the sign
    up = torch.where(minimum, any_up, _level_bits(levels < up_mu) & any_up)
    down = torch.where(minimum, any_down, _level_bits(levels < down_mu) & any_down)
    dtype = torch.uint8 if w_max <= 7 else torch.int32 if w_max <= 15 else torch.int64
    cases = ((capture, up), (minus, down if gated_minus else any_down), (search, any_up), (backoff, down))
    return Gates(*(torch.where(case, bits, 0).to(dtype) for case, bits in cases))


@lru_cache(maxsize=64)
def _probabilities(stdp: StdpSpec, w_max: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Of the five rules, of F going up and of F going down, by weight; kept, since a transfer would make the host wait for the device."""
    up, down = stdp.stabiliser_table(w_max)
    rules, going_up, going_down = (torch.tensor(row, dtype=torch.int16, device=device) for row in (stdp.mu, up, down))
    return rules, going_up, going_down


def _level_bits(hit: Tensor) -> Tensor:
    """(…, weight) bool as (…,) int64 with bit w for weight w."""
    return (hit.to(torch.int64) << torch.arange(hit.shape[-1], device=hit.device)).sum(dim=-1)


# --- learning ---------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Moves:
    """What the learning of one wave takes from its inputs and its random bits, for all synapses of one kind.

    times: (column, 1, input) int8, _LATER where there is no spike. The rest: (column, row or 1, input or 1), bits by weight as in Gates;
    late: minus where the line spiked, backoff where it did not.
    """

    times: Tensor
    capture: Tensor
    search: Tensor
    backoff: Tensor
    late: Tensor


def layer_moves(gates: LayerGates, waves: LayerWaves) -> list[tuple[Moves, Moves | None]]:
    """For every wave the distal and the proximal Moves; made for many waves at once, since each operation on a device has its price."""
    distal = _moves(gates.distal, waves.distal)
    return (
        [(one, None) for one in distal]
        if waves.proximal is None
        else list(zip(distal, _moves(gates.proximal, waves.proximal), strict=True))
    )


def _moves(gates: Gates, times: Tensor) -> list[Moves]:
    """times: (wave, column, input) uint8."""
    x = times.transpose(0, 1).unsqueeze(2)
    silent = _spread(gates.capture.dtype, x == NO_SPIKE)
    late = (gates.backoff & silent) | (gates.minus & ~silent)
    parts = (x.clamp(max=_LATER).to(torch.int8), gates.capture, gates.search, gates.backoff, late)
    return [Moves(*of_wave) for of_wave in zip(*(part.unbind(1) for part in parts), strict=True)]


def learn(
    spec: DendriticColumnSpec, state: LayerTensors, waves: LayerWaves, response: Response, moves: tuple[Moves, Moves | None]
) -> LayerTensors:
    """Rules R1…R9, R12, R15, D2 after one wave; ``lfsr`` stays, since ``layer_gates`` moved it.

    waves, response, moves: of this one wave.
    """
    y = segment_times(response.dendrites, spec.segments)[0]  # (column, neuron, dendrite, segment)
    right = _right(response, waves) if spec.reward else None
    active = None if waves.enable is None else waves.enable[0, :, None, None].expand(spec.distal_shape[:3]).reshape(1, -1, 1)
    if spec.teacher is not None:
        taught = _taught(spec, spec.teacher, state, waves).unsqueeze(-1).expand(y.shape)
        y = y.masked_fill(~taught, NO_SPIKE)
        rows = taught.flatten(1).unsqueeze(2)
        active = rows if active is None else rows & active
    of_distal, of_proximal = moves
    distal, proximal = _moved(state.distal, state.distal_mask, y, of_distal, active, right), state.proximal
    if of_proximal is not None:
        y_proximal = y if response.somas is None else segment_times(response.somas, spec.proximal.segments)[0]
        proximal = _moved(proximal, state.proximal_mask, y_proximal, of_proximal, active if response.somas is None else None, right)
    learned = state.learned + 1
    return replace(state, distal=distal, proximal=proximal, learned=learned, bias=_biased(spec, state.bias, y, learned))


def _taught(spec: DendriticColumnSpec, teacher: int, state: LayerTensors, waves: LayerWaves) -> Tensor:
    """R15: (column, neuron, dendrite) bool, whose neuron's own line spiked and which saw a proximal spike, if there are proximal lines."""
    own = (waves.distal[0, :, teacher : teacher + spec.neurons] != NO_SPIKE).unsqueeze(2)
    if spec.proximal.mode != "sum" or waves.proximal is None:
        return own.expand(-1, -1, spec.dendrites)
    spiked = (waves.proximal[0] != NO_SPIKE)[:, None, None, None]
    return own & (spiked & state.proximal_mask).any(-1).any(-1)


def _right(response: Response, waves: LayerWaves) -> Tensor:
    """R9: (column, 1, 1) bool, whether the winner is the label."""
    assert waves.labels is not None
    winner = response.dendrites.winner[0, :, 0]
    return ((winner >= 0) & (winner == waves.labels[0])).unsqueeze(2)


def _moved(weights: Tensor, mask: Tensor, y: Tensor, moves: Moves, active: Tensor | None, right: Tensor | None) -> Tensor:
    """Weights after the wave, in their own shape.

    y: (column, …) times, one for every row. active: (column or 1, row, 1) bool, rows that learn at all (P2, R15). right: (column, 1, 1)
    bool of R9.
    """
    dtype = moves.capture.dtype
    w, exists = weights.flatten(1, -2), mask.flatten(1, -2).view(torch.uint8)
    y_row = y.flatten(1).unsqueeze(2)
    fired = _spread(dtype, y_row != NO_SPIKE)
    idle = ~fired if active is None else ~fired & _spread(dtype, active)
    # The sign of y - x, spread over all bits: the line is later than the row; for a row that did not fire, the line is silent.
    behind = _as_mask((y_row.clamp(max=_LATER - 1).to(torch.int8) - moves.times).bitwise_right_shift_(7), dtype)
    capture, search, late = moves.capture, moves.search, moves.late
    if right is not None:
        good = _spread(dtype, right)
        capture, search, late = capture & good, search & ~good, late & good
    up = ((capture & fired) | (search & idle)) & ~behind  # R1, R3
    down = (late & fired) & behind  # R2, R4
    if right is not None:
        down |= (moves.backoff & ~good & fired) & ~behind  # R9
    moved = w + ((up >> w) & exists) - ((down >> w) & exists)
    return moved.to(torch.uint8).view(weights.shape)


def _as_mask(signs: Tensor, dtype: torch.dtype) -> Tensor:
    """int8 of 0 and -1 as no bits and all bits of ``dtype``."""
    return signs.view(torch.uint8) if dtype == torch.uint8 else signs.to(dtype)


def _spread(dtype: torch.dtype, truth: Tensor) -> Tensor:
    """Where true all bits, else none. Masks, since choosing by ``torch.where`` is many times slower on bytes."""
    return truth.to(dtype).neg_()


def _biased(spec: DendriticColumnSpec, bias: Tensor, y: Tensor, learned: Tensor) -> Tensor:
    """R12."""
    rule = spec.homeostasis
    if rule is None:
        return bias
    falls = (learned & ((1 << rule.period) - 1)) == 0
    return (bias + rule.alpha * (y != NO_SPIKE) - rule.beta * falls).clamp(0, rule.limit)


# --- voter (rules R10, R14) -------------------------------------------------------------------------------------------------------------


def vote(voter: VoterSpec, state: VoterTensors, times: Tensor) -> tuple[Tensor, Tensor]:
    """Votes (wave, class) int32, and whether each line would vote for each class: (line, class) bool. times: (wave, line) uint8."""
    top, bottom = voter.fraction
    weights = state.weights.to(torch.int32)
    ballot = state.mask & (weights * bottom >= weights.amax(dim=1, keepdim=True) * top)
    dtype = torch.float32 if len(weights) < FLOAT32_EXACT else torch.float64  # exact, see row_potentials
    votes = (times != NO_SPIKE).to(dtype) @ ballot.to(dtype)
    return votes.to(torch.int32), ballot


def vote_and_learn(voter: VoterSpec, state: VoterTensors, times: Tensor, label: Tensor, gates: Gates) -> tuple[Tensor, VoterTensors]:
    """Votes (1, class) of one wave and the state after it; ``lfsr`` stays, since ``voter_gates`` moved it.

    times: (1, line) uint8. label: (1,) int64. gates: (line or 1, class or 1), those of the wave; ``minus`` is backoff_simple.
    """
    votes, voted = vote(voter, state, times)
    dtype = gates.capture.dtype

    v = _spread(dtype, voted)
    z = _spread(dtype, torch.arange(voter.classes, device=label.device) == label)  # (class,)
    r = _spread(dtype, voted.index_select(1, label))  # (line, 1); true wherever v and z are
    up = (v & z & gates.capture) | (~v & ~r & gates.search)
    down = (r & ~(v & z) & gates.backoff) | (v & ~r & gates.minus)
    w, moves = state.weights, (state.mask & (times[0] != NO_SPIKE).unsqueeze(1)).view(torch.uint8)
    moved = (w + ((up >> w) & moves) - ((down >> w) & moves)).to(torch.uint8)
    return votes, replace(state, weights=moved)


def strengths(voter: VoterSpec, state: VoterTensors, times: Tensor) -> tuple[Tensor, Tensor]:
    """Rule R14: (wave, class) int32 strengths, and every class's winning segment as a row of the weights. times: (wave, line) uint8."""
    exact32 = len(state.weights) * voter.w_max < FLOAT32_EXACT
    dtype = torch.float32 if exact32 else torch.float64
    potential = (times != NO_SPIKE).to(dtype) @ state.weights.to(dtype)
    groups = potential.view(len(times), voter.classes, voter.segments)
    most = groups.amax(dim=2)
    first = first_of(groups == most.unsqueeze(2))
    return most.to(torch.int32), first + torch.arange(voter.classes, device=times.device) * voter.segments


def compare_and_learn(voter: VoterSpec, state: VoterTensors, times: Tensor, label: Tensor) -> tuple[Tensor, VoterTensors]:
    """Strengths (1, class) of one wave and the state after it (rule R14). times: (1, line) uint8. label: (1,) int64."""
    strength, rows = strengths(voter, state, times)
    if voter.classes == 1:
        return strength, state
    is_label = torch.arange(voter.classes, device=label.device) == label
    others = strength[0].masked_fill(is_label, -1)
    rival = first_of(others == others.max()).view(1)
    learns = strength[0].index_select(0, label) - others.max() < voter.margin
    moves = (times[0] != NO_SPIKE) & learns
    row = torch.arange(voter.rows, device=label.device)
    change = (row == rows[0].index_select(0, label)).to(torch.int16) - (row == rows[0].index_select(0, rival)).to(torch.int16)
    moved = state.weights.to(torch.int16) + change * (state.mask & moves.unsqueeze(1))
    return strength, replace(state, weights=moved.clamp(0, voter.w_max).to(torch.uint8))
