"""Bills of cells for parts that no RTL exists for yet: explicit counts of registers, adders and gates of the library.

Every count says in its comment what it is for. A bill has an area and a leakage by the Liberty values in ``coefficients.toml``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from neutnngen.spec import DendriticColumnSpec, LayerSpec, VoterSpec

FLOP = "DFF_X1"
ADDER = "FA_X1"
HALF = "HA_X1"
MUX = "MUX2_X1"
AND = "AND2_X1"
OR = "OR2_X1"
XOR = "XOR2_X1"
XNOR = "XNOR2_X1"


@dataclass(frozen=True)
class Bill:
    """Cells by name. gated: how many of the flip-flops have a clock that stands still while nothing is learned."""

    cells: Mapping[str, float] = field(default_factory=dict)
    gated: float = 0.0

    @property
    def registers(self) -> float:
        """Flip-flops, the gated ones included."""
        return self.cells.get(FLOP, 0.0)

    def times(self, factor: float) -> Bill:
        """The bill ``factor`` times over."""
        return Bill({name: count * factor for name, count in self.cells.items()}, self.gated * factor)


def total(bills: Iterable[Bill]) -> Bill:
    """Sum of bills."""
    cells: Counter[str] = Counter()
    gated = 0.0
    for bill in bills:
        for name, count in bill.cells.items():
            cells[name] += count  # type: ignore[assignment]  # counts of averages need not be whole
        gated += bill.gated
    return Bill(dict(cells), gated)


def column_extras(spec: DendriticColumnSpec, *, learning: bool) -> Bill:
    """What a column has beyond the classic one (rules D, P, N1, C1, R8, R9, R12, R15)."""
    neurons, dendrites = spec.neurons, spec.neurons * spec.dendrites
    segments = dendrites * spec.segments
    lines = spec.inputs + spec.proximal.inputs
    bits = spec.potential_max.bit_length()
    bills = []
    if dendrites > 1:
        bills.append(Bill({AND: segments, OR: segments}))  # a winner is held while other dendrites go on (D1)
        bills.append(Bill({OR: segments - neurons}))  # the earliest of its segments and dendrites is the neuron's time (N1)
        if learning:
            bills.append(Bill({FLOP: 1, AND: 1, OR: 1}).times(lines * (dendrites - 1)))  # x <= y, once for every further dendrite
    if spec.output == "neurons" and neurons > 1:
        bills.append(_inhibition(spec, bits, segments))
    if spec.proximal.mode == "enable":
        bills.append(Bill({AND: segments + (lines * neurons if learning else 0)}))  # no firing, no search (P2)
    if spec.proximal.mode == "soma":
        bills.append(_soma(spec).times(neurons))
    if spec.homeostasis is not None:
        bias = spec.homeostasis.limit.bit_length()
        bills.append(Bill({FLOP: bias, ADDER: max(bias, bits)}).times(segments))  # bias, and threshold + bias (R12)
        if learning:
            bills.append(Bill({ADDER: bias, MUX: 2 * bias}).times(segments))  # alpha up or beta down, clamped on both sides
            bills.append(Bill({FLOP: spec.homeostasis.period, HALF: spec.homeostasis.period}))  # learning waves until the next fall
    if learning:
        if spec.sharing == "line":
            bills.append(drawn_bits(5 + spec.w_max + 1).times(lines - 1))  # a set of bits for every further line (R8)
        if spec.teacher is not None:
            bills.append(Bill({AND: 2}).times(dendrites))  # the neuron's line and the dendrite's, and the gate of its clock (R15)
        if spec.reward:
            bills.append(Bill({AND: 1, XNOR: 1}).times(segments))  # is the winner the label (R9)
            bills.append(Bill({MUX: 2}).times(lines))  # which of capture and its reverse
    return total(bills)


def drawn_bits(draws: int) -> Bill:
    """One set of drawn random bits, filled one after the other by the random unit."""
    return Bill({FLOP: 1, MUX: 1}).times(draws)


def _inhibition(spec: DendriticColumnSpec, bits: int, segments: int) -> Bill:
    """Among neurons (rule C1): one decided bit and a held output for each neuron, and the choice among equally early ones."""
    n = spec.neurons
    bills = [Bill({FLOP: 1 + n, AND: 2 * n, OR: 2 * n})]
    if spec.inhibition == "one_lowest_index":
        bills.append(Bill({AND: n, OR: n}))  # no lower index
    elif spec.inhibition == "one_largest_potential":
        bills.append(Bill({AND: segments * bits, OR: segments * bits}))  # the winner's potential of each neuron
        bills.append(Bill({ADDER: bits, MUX: bits}).times(n - 1))  # compared in a row
        bills.append(Bill({AND: n, OR: n}))
    elif spec.inhibition == "k_earliest":
        rank = spec.k.bit_length()
        bills.append(Bill({ADDER: rank, OR: 1, AND: 1}).times(n))  # rank of each among those that fired, up to k
        bills.append(Bill({FLOP: rank}))  # passed so far
    return total(bills)


def _soma(spec: DendriticColumnSpec) -> Bill:
    """One soma (rule P3): two ramps, their sum against the threshold, and the earliest of its segments on either side."""
    near, far = spec.proximal.weight_proximal.bit_length(), spec.proximal.weight_distal.bit_length()
    return Bill({FLOP: near + far + 1, HALF: near + far, AND: near + far, ADDER: 2 * (max(near, far) + 1), OR: spec.proximal.segments})


def rebase(lines: int, window: int) -> Bill:
    """Rule T4 for ``lines`` lines of a reader: a late spike is none. One counter of the window for all."""
    return Bill({FLOP: lines + window.bit_length(), AND: lines, OR: lines, HALF: window.bit_length()})


def delay(lines: int, clocks: int) -> Bill:
    """``lines`` levels later by ``clocks``, for a layer that reads past others."""
    return Bill({FLOP: lines * clocks})


def voter_votes(spec: VoterSpec, lines: int, kept: int, *, learning: bool) -> Bill:
    """A voter by rule R10: weights or, without learning, votes; all lines counted in one clock; the first of the largest."""
    classes, width = spec.classes, spec.w_res
    tally = lines.bit_length()
    bills = [Bill({AND: kept}), Bill({ADDER: kept})]  # a spike passes the line's votes; counting n bits takes n full adders
    bills.append(_largest(classes, tally))
    bills.append(Bill({FLOP: classes + 1, AND: classes}))  # the label, registered
    if not learning:
        bills.append(Bill({FLOP: kept, MUX: kept}, gated=kept))  # a vote is one bit; the scan chain loads it
        return total(bills)
    bits = kept * width
    bills.append(Bill({FLOP: bits, MUX: 2 * bits, HALF: bits}, gated=bits))  # weights: counted by one, or shifted
    bills.append(Bill({ADDER: width, MUX: width}).times(lines * (classes - 1)))  # largest weight of a line
    bills.append(Bill({ADDER: width}).times(lines))  # its fraction
    bills.append(Bill({ADDER: width + 1}).times(kept))  # who votes
    bills.append(Bill({AND: 4, OR: 2}).times(kept))  # which rule
    bills.append(Bill({MUX: spec.w_max}).times(kept))  # the stabiliser's bit of this weight
    tables = {"off": 0, "symmetric": 1, "classic": 2}[spec.stabiliser]
    draws = 5 + tables * (spec.w_max + 1)
    bills.append(Bill({FLOP: spec.lfsr.width, XOR: 10, ADDER: 10}))  # ten steps in one clock, value against a limit
    bills.append(drawn_bits(draws).times(lines if spec.sharing == "line" else 1))
    return total(bills)


def potential_bits(spec: VoterSpec, lines: int) -> int:
    """Bits of a class segment's potential (rules R14, A1)."""
    return (lines * spec.w_max).bit_length()


def voter_store(spec: VoterSpec, kept: int) -> Bill:
    """Weights of a voter by rule R14 in registers: loaded through a multiplexer, one line read by AND and OR; the clock is gated."""
    bits = kept * spec.w_res
    return Bill({FLOP: bits, MUX: bits, AND: bits, OR: bits}, gated=bits)


def voter_adders(spec: VoterSpec, lines: int, rows: int, *, learning: bool) -> Bill:
    """A voter by rule R14 besides its weights: one spiking line in each clock is added to the potential of every class segment."""
    bits = potential_bits(spec, lines)
    bills = [Bill({FLOP: bits, ADDER: bits, AND: bits}).times(rows)]  # potential, its adder, its clear
    bills.append(Bill({FLOP: 1, AND: 2, OR: 1}).times(lines))  # lines still to read, the lowest of them next
    bills.append(_largest(rows, bits))
    bills.append(Bill({FLOP: spec.classes + 1, AND: spec.classes}))  # the label, registered
    if learning:
        bills.append(Bill({HALF: spec.w_res, MUX: spec.w_res, AND: 2}).times(rows))  # one line's weights up or down, clamped
        bills.append(_largest(spec.classes - 1, bits))  # the strongest other class
        bills.append(Bill({ADDER: 2 * bits}))  # its distance against the margin
        bills.append(Bill({FLOP: rows, AND: rows}))  # winning segments
    return total(bills)


def _largest(numbers: int, bits: int) -> Bill:
    """The first of the largest among ``numbers`` of ``bits``: a comparator and a multiplexer for each but one, and its number."""
    pairs = max(numbers - 1, 0)
    return Bill({ADDER: bits, MUX: bits + max(numbers - 1, 0).bit_length()}).times(pairs)


def winners(layer: LayerSpec) -> int:
    """Most lines of a layer that can spike in one wave (rules D1, N1, C1)."""
    spec = layer.column
    if spec.output == "segments":
        one = spec.neurons * spec.dendrites
    else:
        one = {"all_earliest": spec.neurons, "k_earliest": spec.k}.get(spec.inhibition, 1)
    return layer.columns * min(one, spec.lines)
