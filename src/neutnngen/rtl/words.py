"""Kinds of hardware, and the pieces of SystemVerilog text that all templates need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from neutnngen.spec import MU_ONE, LfsrSpec, StdpSpec

Kind = Literal["learning", "programmable", "frozen"]
KINDS: tuple[Kind, ...] = ("learning", "programmable", "frozen")
"""What becomes of the weights: they learn on chip; they are loaded and stay; they are constants, of which synthesis removes what it can."""


def constant(value: int, width: int) -> str:
    """A sized constant."""
    return f"{width}'h{value:x}"


def limits(values: Sequence[int]) -> str:
    """Limits over 1024 as one constant, 11 bits each, the first lowest (rule R7)."""
    bits = MU_ONE.bit_length()
    return constant(sum(value << (bits * k) for k, value in enumerate(values)), bits * len(values))


def random_words(lfsr: LfsrSpec, stdp: StdpSpec, up: Sequence[int], down: Sequence[int]) -> dict[str, Any]:
    """What a template prints of random bits: width and taps of their register, and the limits of all draws. up, down: the stabiliser."""
    return {
        "lfsr_w": lfsr.width,
        "taps": constant(lfsr.tap_mask, lfsr.width),
        "rule_limits": limits(stdp.mu),
        "up_limits": limits(up),
        "down_limits": limits(down),
    }


def joined(parts: Sequence[str]) -> str:
    """A concatenation whose element 0 is lowest."""
    return "{" + ", ".join(reversed(parts)) + "}"


def stabiliser_kind(up: Sequence[int], down: Sequence[int]) -> int:
    """What ``random_unit`` needs: 0 always moves, 1 one table for both directions, 2 two tables."""
    if set(up) | set(down) == {MU_ONE}:
        return 0
    return 1 if tuple(up) == tuple(down) else 2
