"""Frozen segments counted by weight: no age for a line and no comparison for a synapse.

V(t) - V(t-1) = Σ over w of c_w(t) - c_w(t-w), where c_w(t) is how many lines of weight w have a spike by t (rules S2, G1): the lines of
equal weight are counted together, and the counts are delayed by their weight in one chain of sums.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from neutnngen.rtl.words import joined

LINE_AREA = 27.0
"""µm² at NanGate45 of a line with an age."""
RESPONSE_AREA = 2.0
"""The same of a synapse that compares a constant weight with an age."""
COUNT_BIT_AREA = 9.0
"""The same of a bit of a count: its register and its places in two sums. All three from columns synthesised both ways."""


@dataclass(frozen=True)
class Part:
    """An instance: what a template prints."""

    module: str
    name: str
    parameters: Mapping[str, int]
    ports: Mapping[str, str]


@dataclass
class CountedSegment:
    """Wires (name, bits) and instances of a segment whose terms are counted."""

    name: str
    wires: list[tuple[str, int]] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)

    def wire(self, name: str, width: int) -> str:
        """A new wire of the segment."""
        self.wires.append((f"{name}_{self.name}", width))
        return self.wires[-1][0]

    def add(self, name: str, one: tuple[str, int], other: tuple[str, int]) -> tuple[str, int]:
        """The sum of two numbers, each a wire and its largest value."""
        wide, narrow = sorted((one, other), key=lambda number: -number[1].bit_length())
        total = wide[1] + narrow[1]
        a, b = wide[1].bit_length(), narrow[1].bit_length()
        whole = self.wire(name, a + 1)
        ports = {"a": wide[0], "b": narrow[0], "ci": "1'b0", "sum": whole}
        self.parts.append(Part("adder", f"add_{whole}", {"A_W": a, "B_W": b, "CARRY": 0}, ports))
        width = total.bit_length()
        return whole if width == a + 1 else f"{whole}[{width - 1}:0]", total


def count_instance(segment: str, weight: int) -> str:
    """Name of the instance that counts a segment's lines of one weight."""
    return f"count_{weight}_{segment}"


def counted_segment(name: str, terms: Sequence[tuple[str, int]], threshold: int, fire: str) -> CountedSegment | None:
    """A segment of lines (level, weight) that drives ``fire``; None if it cannot reach the threshold."""
    most = sum(weight for _, weight in terms)
    if most < threshold:
        return None
    made = CountedSegment(name)
    total: tuple[str, int] | None = None
    late: tuple[str, int] | None = None
    for weight in range(max(w for _, w in terms), 0, -1):
        lines = [level for level, w in terms if w == weight]
        if lines:
            counted = made.wire(f"lines_{weight}", len(lines).bit_length()), len(lines)
            ports = {"bits": joined(lines), "count": counted[0]}
            made.parts.append(Part("bit_count", count_instance(name, weight), {"BITS": len(lines)}, ports))
            total = counted if total is None else made.add(f"begun_{weight}", total, counted)
            late = counted if late is None else made.add(f"ending_{weight}", late, counted)
        assert late is not None
        width = late[1].bit_length()
        delayed = made.wire(f"ended_{weight}", width)
        ports = {"clk": "clk", "clear": "clear", "value": late[0], "late": delayed}
        made.parts.append(Part("delayed_sum", f"delay_{weight}_{name}", {"WIDTH": width}, ports))
        late = delayed, late[1]
    assert total is not None and late is not None
    width = max((threshold - 1).bit_length(), (most - threshold).bit_length()) + 1
    parameters = {"RISE_W": total[1].bit_length(), "WIDTH": width, "THRESHOLD": threshold}
    ports = {"clk": "clk", "clear": "clear", "begun": total[0], "ended": late[0], "fire": fire}
    made.parts.append(Part("ramp_potential", f"segment_{name}", parameters, ports))
    return made


def counts_are_smaller(segments: Sequence[Sequence[int]], lines: int) -> bool:
    """Whether a column of segments with these weights on so many lines takes less area counted by weight than with ages; an estimate."""
    ages = lines * LINE_AREA + RESPONSE_AREA * sum(1 for weights in segments for w in weights if w)
    counts = 0.0
    for weights in segments:
        held = 0
        for weight in range(max(weights, default=0), 0, -1):
            held += weights.count(weight)
            counts += COUNT_BIT_AREA * held.bit_length()
    return counts < ages


def as_context(made: CountedSegment | None) -> dict[str, Any] | None:
    """What the template of a column prints of a segment."""
    return None if made is None else {"wires": made.wires, "parts": made.parts}
