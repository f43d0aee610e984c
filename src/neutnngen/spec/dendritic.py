"""A column of neurons with active dendrites as frozen data: all six levels (rules G, D, P, N, C).

A classic column (:class:`ColumnSpec`) is the same object as one neuron with one dendrite of ``neurons`` segments (rule C2);
:func:`as_dendritic` is that spelling.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Literal

from neutnngen.errors import ConfigError
from neutnngen.spec.column import MAX_RES, NO_SPIKE, ColumnSpec, LfsrSpec, StdpSpec, check_range, check_word

ProximalMode = Literal["none", "sum", "enable", "soma"]
Inhibition = Literal["all_earliest", "one_lowest_index", "one_largest_potential", "k_earliest"]
Sharing = Literal["column", "line", "synapse"]


@dataclass(frozen=True)
class ProximalSpec:
    """Proximal input of every neuron (rules P0…P3).

    inputs, w_res: lines and weight bits of *sum* and *soma*; *enable* has one 1-bit line per neuron and no weights. segments, threshold:
    proximal segments of a *soma* neuron and their θ. soma_threshold, weight_proximal, weight_distal: θ_s, W_p, W_d of its soma.
    """

    mode: ProximalMode = "none"
    inputs: int = 0
    w_res: int = 3
    segments: int = 1
    threshold: int = 1
    soma_threshold: int = 1
    weight_proximal: int = 1
    weight_distal: int = 0

    def __post_init__(self) -> None:
        check_word("proximal.mode", self.mode, ("none", "sum", "enable", "soma"))
        check_range("proximal.w_res", self.w_res, 1, MAX_RES)
        weighted = self.mode in ("sum", "soma")
        check_range("proximal.inputs", self.inputs, 1 if weighted else 0, 1 << 20 if weighted else 0)
        if self.mode == "soma":
            check_range("proximal.segments", self.segments, 1, 1 << 16)
            check_range("proximal.threshold", self.threshold, 1, self.inputs * ((1 << self.w_res) - 1))
            check_range("proximal.weight_proximal", self.weight_proximal, 1, 64)
            check_range("proximal.weight_distal", self.weight_distal, 0, self.soma_threshold - 1)  # proximal input stays necessary (P3)
            check_range("proximal.soma_threshold", self.soma_threshold, 1, self.weight_proximal + self.weight_distal)


@dataclass(frozen=True)
class HomeostasisSpec:
    """Rule R12: a win adds ``alpha`` to a segment's bias; every 2^``period`` learning waves all biases fall by ``beta``; 0 … ``limit``."""

    alpha: int
    beta: int
    period: int
    limit: int

    def __post_init__(self) -> None:
        check_range("homeostasis.alpha", self.alpha, 0, 1 << 20)
        check_range("homeostasis.beta", self.beta, 0, 1 << 20)
        check_range("homeostasis.period", self.period, 0, 30)
        check_range("homeostasis.limit", self.limit, 0, 1 << 20)


@dataclass(frozen=True)
class DendriticColumnSpec:
    """``neurons`` neurons on ``inputs`` distal lines, each with ``dendrites`` dendrites of ``segments`` segments.

    threshold: θ of every distal segment. tie: rule D1. inhibition, k: rule C1. sharing: of random bits, rule R8. output: the column's lines
    are its neurons, or its segments, of which the winner of every dendrite spikes (rule D1) whatever C1 says; a classic column is one such
    dendrite (rule C2). reward: R-STDP (rule R9), for segment outputs only.
    teacher: taught learning (rule R15): neuron j learns only in waves in which distal input ``teacher`` + j spikes, and with proximal input
    that is summed only in those of its dendrites that see a proximal spike.
    """

    inputs: int
    neurons: int
    threshold: int
    dendrites: int = 1
    segments: int = 1
    t_res: int = 3
    w_res: int = 3
    response: Literal["rnl", "snl"] = "rnl"
    tie: Literal["lowest_index", "largest_potential"] = "lowest_index"
    proximal: ProximalSpec = field(default_factory=ProximalSpec)
    inhibition: Inhibition = "all_earliest"
    k: int = 1
    output: Literal["neurons", "segments"] = "neurons"
    reward: bool = False
    sharing: Sharing = "column"
    stdp: StdpSpec = field(default_factory=StdpSpec)
    lfsr: LfsrSpec = field(default_factory=LfsrSpec)
    homeostasis: HomeostasisSpec | None = None
    teacher: int | None = field(default=None, metadata={"omit": True})

    def __post_init__(self) -> None:
        for name, low, high in (
            ("inputs", 1, 1 << 20),
            ("neurons", 1, 1 << 16),
            ("dendrites", 1, 1 << 16),
            ("segments", 1, 1 << 16),
            ("t_res", 1, MAX_RES),
            ("w_res", 1, MAX_RES),
        ):
            check_range(f"column.{name}", getattr(self, name), low, high)
        check_word("column.response", self.response, ("rnl", "snl"))
        check_word("column.tie", self.tie, ("lowest_index", "largest_potential"))
        check_word("column.inhibition", self.inhibition, ("all_earliest", "one_lowest_index", "one_largest_potential", "k_earliest"))
        check_word("column.output", self.output, ("neurons", "segments"))
        check_word("column.sharing", self.sharing, ("column", "line", "synapse"))
        check_range("column.k", self.k, 1, self.neurons)
        check_range("column.threshold", self.threshold, 1, self.potential_max)
        if self.output == "segments" and self.proximal.mode == "soma":
            raise ConfigError("segments cannot be outputs of neurons with a soma", got="soma", allowed="proximal mode none, sum or enable")
        if self.reward and (self.output, self.neurons, self.dendrites, self.proximal.mode) != ("segments", 1, 1, "none"):
            raise ConfigError(
                "reward needs one winner among the segments of one purely distal dendrite (rules R9, C2)",
                got=f"output {self.output}, {self.neurons} neurons, {self.dendrites} dendrites, proximal {self.proximal.mode}",
                allowed='output = "segments", neurons = 1, dendrites = 1, proximal mode "none"',
            )
        if self.teacher is not None:
            check_range("column.teacher", self.teacher, 0, self.inputs - self.neurons)
            if self.reward or self.proximal.mode == "soma":
                raise ConfigError(
                    "taught learning (rule R15) goes with neither reward nor a soma",
                    got=f"reward {self.reward}, proximal mode {self.proximal.mode}",
                    allowed="no reward, proximal mode none, sum or enable",
                )
        if self.last_time >= NO_SPIKE:
            raise ConfigError("the latest possible spike does not fit below the sentinel", got=self.last_time, allowed=f"< {NO_SPIKE}")

    @property
    def t_in_max(self) -> int:
        """Latest legal input time."""
        return (1 << self.t_res) - 1

    @property
    def w_max(self) -> int:
        """Largest distal weight."""
        return (1 << self.w_res) - 1

    @property
    def proximal_w_max(self) -> int:
        """Largest proximal weight; 0 where proximal input has no weights."""
        return (1 << self.proximal.w_res) - 1 if self.proximal.mode in ("sum", "soma") else 0

    @property
    def horizon(self) -> int:
        """Unit clocks in which a segment's potential can change (rule T3, the wider of both weights)."""
        return self.t_in_max + (max(self.w_max, self.proximal_w_max) if self.response == "rnl" else 1)

    @property
    def last_time(self) -> int:
        """Latest possible output time; a soma's ramps go on after its last input (rule P3)."""
        soma = self.proximal
        return self.horizon - 1 + (max(soma.weight_proximal, soma.weight_distal) - 1 if soma.mode == "soma" else 0)

    @property
    def potential_max(self) -> int:
        """Largest potential of a distal segment (rule A1)."""
        return self.inputs * self.w_max + (self.proximal.inputs * self.proximal_w_max if self.proximal.mode == "sum" else 0)

    @property
    def lines(self) -> int:
        """Output lines: neurons, or all segments, neuron by neuron and dendrite by dendrite, where these are the outputs."""
        return self.neurons * self.dendrites * self.segments if self.output == "segments" else self.neurons

    @property
    def synapses(self) -> int:
        """Distal and proximal synapses before any is pruned."""
        return prod(self.distal_shape) + prod(self.proximal_shape)

    @property
    def earliest_output(self) -> int:
        """The first clock at which a line can spike at all: every input at 0 and every weight at its largest (rule T4)."""
        soma = self.proximal
        lines = soma.inputs if soma.mode == "sum" else 0
        distal = self._earliest(((self.inputs, self.w_max), (lines, self.proximal_w_max)), self.threshold)
        if soma.mode != "soma":
            return distal
        proximal = self._earliest(((soma.inputs, self.proximal_w_max),), soma.threshold)
        clock = proximal
        while min(clock - proximal + 1, soma.weight_proximal) + min(max(clock - distal + 1, 0), soma.weight_distal) < soma.soma_threshold:
            clock += 1
        return clock

    def _earliest(self, groups: tuple[tuple[int, int], ...], threshold: int) -> int:
        if self.response == "snl":
            return 0
        clock = 0
        while sum(count * min(clock + 1, w_max) for count, w_max in groups) < threshold:
            clock += 1
        return clock

    @property
    def distal_shape(self) -> tuple[int, int, int, int]:
        """(neuron, dendrite, segment, input)."""
        return (self.neurons, self.dendrites, self.segments, self.inputs)

    @property
    def proximal_shape(self) -> tuple[int, ...]:
        """*sum*: (neuron, dendrite, segment, line); *soma*: (neuron, proximal segment, line); else (0,)."""
        if self.proximal.mode == "sum":
            return (*self.distal_shape[:3], self.proximal.inputs)
        if self.proximal.mode == "soma":
            return (self.neurons, self.proximal.segments, self.proximal.inputs)
        return (0,)


def as_classic(spec: DendriticColumnSpec) -> ColumnSpec | None:
    """The classic column that has this spelling, or None if it is more than one (rule C2)."""
    if spec.output != "segments" or (spec.neurons, spec.dendrites) != (1, 1):
        return None
    column = ColumnSpec(spec.inputs, spec.segments, spec.threshold, spec.t_res, spec.w_res, spec.response, spec.tie, spec.stdp, spec.lfsr)
    return column if as_dendritic(column) == spec else None


def as_dendritic(column: ColumnSpec) -> DendriticColumnSpec:
    """The other spelling of a classic column (rule C2): one dendrite whose segments are its neurons."""
    return DendriticColumnSpec(
        column.inputs,
        1,
        column.threshold,
        segments=column.neurons,
        t_res=column.t_res,
        w_res=column.w_res,
        response=column.response,
        tie=column.tie,
        output="segments",
        stdp=column.stdp,
        lfsr=column.lfsr,
    )
