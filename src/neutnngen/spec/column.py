"""A classic TNN column as frozen data (rule C2: one dendrite with ``neurons`` segments on the same inputs, one winner).

Nothing here computes with spikes; the derived widths and counts are those that simulator and hardware must share.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from neutnngen.errors import ConfigError

NO_SPIKE = 255
"""The stored value of *no spike* (rule T2): larger than every legal time."""

MU_ONE = 1024
"""Probabilities are integers over this (rule R7)."""

DRAW_BITS = 10
"""Random bits that one draw takes: log2 of ``MU_ONE``."""

MAX_RES = 6
"""Widest time and weight, so that every time stays below ``NO_SPIKE``."""


def check_range(name: str, value: object, low: int, high: int) -> None:
    """Raise ConfigError unless ``value`` is an integer low … high."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ConfigError(f"{name} is out of range", got=value, allowed=f"an integer {low} … {high}")


def check_word(name: str, value: object, words: tuple[str, ...]) -> None:
    """Raise ConfigError unless ``value`` is one of ``words``."""
    if value not in words:
        raise ConfigError(f"{name} is not known", got=value, allowed=", ".join(words))


@dataclass(frozen=True)
class LfsrSpec:
    """A Fibonacci linear-feedback shift register (rule R7).

    One step: ``bit = xor of state bits (tap - 1)``, ``state = ((state << 1) | bit)`` cut to ``width``. A draw is ten steps and its
    value is the low ten bits afterwards, newest bit lowest. The default x^31 + x^28 + 1 has period 2^31 - 1 and lets hardware take
    the ten steps in one clock with ten XOR gates.
    """

    width: int = 31
    taps: tuple[int, ...] = (31, 28)
    seed: int = 1

    def __post_init__(self) -> None:
        check_range("lfsr.width", self.width, DRAW_BITS + 1, 63)
        object.__setattr__(self, "taps", tuple(self.taps))
        if not self.taps or max(self.taps) != self.width or min(self.taps) < 1 or len(set(self.taps)) != len(self.taps):
            raise ConfigError(
                "lfsr.taps must be distinct, from 1, and hold the width itself",
                got=self.taps,
                allowed=f"1 … {self.width}, with {self.width} among them",
            )
        check_range("lfsr.seed", self.seed, 1, 2**self.width - 1)

    @property
    def tap_mask(self) -> int:
        """The taps as bits of the register, tap 1 lowest (rule R7)."""
        return sum(1 << (tap - 1) for tap in self.taps)


@dataclass(frozen=True)
class StdpSpec:
    """Plasticity of a column (rules R1…R8). All ``mu`` are integers over 1024.

    ``at_zero`` and ``at_max`` are the stabiliser's value at w = 0 and w = w_max (rule R6: explicit). Random bits are shared
    per column (rule R8): one bit for each of capture, minus, search, backoff, min, then one stabiliser draw for each weight level,
    drawn in this order once per learning wave.
    """

    mu_capture: int = 640
    mu_minus: int = 952
    mu_search: int = 2
    mu_backoff: int = 952
    mu_min: int = 70
    stabiliser: Literal["symmetric", "classic", "off"] = "symmetric"
    at_zero: Literal[0, 1] = 0
    at_max: Literal[0, 1] = 0

    def __post_init__(self) -> None:
        for name in ("mu_capture", "mu_minus", "mu_search", "mu_backoff", "mu_min"):
            check_range(f"stdp.{name}", getattr(self, name), 0, MU_ONE)
        check_word("stdp.stabiliser", self.stabiliser, ("symmetric", "classic", "off"))
        check_range("stdp.at_zero", self.at_zero, 0, 1)
        check_range("stdp.at_max", self.at_max, 0, 1)

    @property
    def mu(self) -> tuple[int, int, int, int, int]:
        """Capture, minus, search, backoff, min: the order in which they are drawn."""
        return self.mu_capture, self.mu_minus, self.mu_search, self.mu_backoff, self.mu_min

    def stabiliser_table(self, w_max: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Probabilities over 1024 of F(w) for a change up and for one down, by weight 0 … w_max (rule R6).

        The one draw for a level serves both directions. Fractions are rounded half up. Off is 1024 (always) everywhere.
        """
        if self.stabiliser == "off":
            return (MU_ONE,) * (w_max + 1), (MU_ONE,) * (w_max + 1)
        up: list[int] = []
        down: list[int] = []
        square = w_max * w_max
        for w in range(w_max + 1):
            if self.stabiliser == "classic":
                numerators = (w * (2 * w_max - w), (w_max - w) * (w_max + w))
            else:
                numerators = (w * (w_max - w), w * (w_max - w))
            pair = [(2 * MU_ONE * n + square) // (2 * square) for n in numerators]
            if w == 0:
                pair = [MU_ONE * self.at_zero] * 2
            elif w == w_max:
                pair = [MU_ONE * self.at_max] * 2
            up.append(pair[0])
            down.append(pair[1])
        return tuple(up), tuple(down)


@dataclass(frozen=True)
class ColumnSpec:
    """``inputs`` lines into ``neurons`` one-segment neurons, one winner (rules S1…S4, G1, D1, C2).

    ``threshold`` is the integer θ ≥ 1 of every neuron. ``tie`` says who wins among equally early neurons (rule D1).
    """

    inputs: int
    neurons: int
    threshold: int
    t_res: int = 3
    w_res: int = 3
    response: Literal["rnl", "snl"] = "rnl"
    tie: Literal["lowest_index", "largest_potential"] = "lowest_index"
    stdp: StdpSpec = field(default_factory=StdpSpec)
    lfsr: LfsrSpec = field(default_factory=LfsrSpec)

    def __post_init__(self) -> None:
        check_range("column.inputs", self.inputs, 1, 1 << 20)
        check_range("column.neurons", self.neurons, 1, 1 << 16)
        check_range("column.t_res", self.t_res, 1, MAX_RES)
        check_range("column.w_res", self.w_res, 1, MAX_RES)
        check_word("column.response", self.response, ("rnl", "snl"))
        check_word("column.tie", self.tie, ("lowest_index", "largest_potential"))
        check_range("column.threshold", self.threshold, 1, 1 << 30)
        if self.threshold > self.potential_max:
            raise ConfigError(
                "column.threshold can never be reached, so no neuron would ever fire",
                got=self.threshold,
                allowed=f"1 … {self.potential_max} (= {self.inputs} inputs × largest weight {self.w_max})",
                next_step="lower the threshold, or leave it out to have it chosen from the data",
            )

    @property
    def t_in_max(self) -> int:
        """Latest legal input time."""
        return (1 << self.t_res) - 1

    @property
    def w_max(self) -> int:
        return (1 << self.w_res) - 1

    @property
    def horizon(self) -> int:
        """Number of unit clocks of a wave in which a potential can change (rule T3)."""
        return self.t_in_max + (self.w_max if self.response == "rnl" else 1)

    @property
    def potential_max(self) -> int:
        """Largest potential that can occur (rule A1)."""
        return self.inputs * self.w_max

    @property
    def potential_bits(self) -> int:
        return self.potential_max.bit_length()

    @property
    def draws(self) -> int:
        """Random draws of one learning wave: five rules, then one per weight level (rules R7, R8)."""
        return 5 + self.w_max + 1

    @property
    def wave_clocks(self) -> int:
        """Clocks that one wave takes in hardware: the wave itself, at least one clock per draw, and one to update the weights."""
        return max(self.horizon, self.draws) + 1
