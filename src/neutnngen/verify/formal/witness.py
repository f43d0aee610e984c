"""A counterexample in words: which inputs, weights and states, what should follow, and what the hardware does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from neutnngen.spec import ColumnSpec, Design

NONE = 255
_BOUNDARY = {
    "seeded": "rst does not load the seed",
    "kept": "weights change",
    "scanned": "the scan chain does not move by one bit",
}


def explain(design: Design, claim: str, values: Mapping[str, int], registers: Sequence[str] = ()) -> str:
    """The counterexample of a claim about a classic column.

    values: the theorem's signals by name. registers: names of the bits of the theorem's ``not_cleared`` or ``unequal``.
    """
    column = design.column
    said = [*_setting(column, values)]
    compare = _COMPARE.get(claim, ())
    for expected, got, what, show in compare:
        if expected in values and got in values:
            right, wrong = show(column, values[expected]), show(column, values[got])
            said.append(f"{what} should be {right}, are {wrong}" if right != wrong else f"{what} are {right}, as they should be")
    if claim == "times" and values.get("golden_out") == values.get("rtl_out"):
        said.append("the wave has not the right length, or an output falls again")
    for name, what in (("not_cleared", "not cleared"), ("unequal", "next state differs in")):
        if values.get(name):
            said.append(f"{what}: {', '.join(registers[k] if k < len(registers) else str(k) for k in bits(values[name]))}")
    for name, what in _BOUNDARY.items():
        asked = {"seeded": "rst", "scanned": "weight_shift"}.get(name)
        if not values.get(name, 1) and (values[asked] if asked else not any(values[k] for k in ("wave_last", "rst", "weight_shift"))):
            said.append(what)
    for name in ("spike_out", "wave_last", "weight_out"):
        if values.get(f"gates_{name}") != values.get(f"rtl_{name}"):
            said.append(f"{name} is {values[f'rtl_{name}']:#x} in the RTL, {values[f'gates_{name}']:#x} in the netlist")
    return "; ".join(said)


def bits(value: int) -> list[int]:
    """Numbers of the bits that are 1."""
    return [k for k in range(value.bit_length()) if value >> k & 1]


def fields(value: int, width: int, count: int) -> list[int]:
    """A flat vector as numbers, element 0 first."""
    return [value >> (width * k) & ((1 << width) - 1) for k in range(count)]


def input_times(column: ColumnSpec, x: int) -> list[int | str]:
    """Spike times of the inputs from the theorem's x."""
    none = 1 << column.t_res
    return ["none" if v >= none else v for v in fields(x, column.t_res + 1, column.inputs)]


def _setting(column: ColumnSpec, values: Mapping[str, int]) -> list[str]:
    said = []
    if "x" in values:
        said.append(f"inputs at times {_list(input_times(column, values['x']))}")
    if "weights" in values:
        said.append(f"weights by neuron {_weights(column, values['weights'])}")
    for name in ("learn", "rst", "weight_shift", "wave_last"):
        if name in values:
            said.append(f"{name} {values[name]}")
    for name, text in (("lfsr", "random state"), ("hits", "random bits"), ("t", "unit clock")):
        if name in values:
            said.append(f"{text} {values[name]:#x}" if name != "t" else f"{text} {values[name]}")
    return said


def _list(values: list[Any]) -> str:
    return "[" + ", ".join(map(str, values)) + "]"


def _weights(column: ColumnSpec, value: int) -> str:
    flat = fields(value, column.w_res, column.neurons * column.inputs)
    return _list([_list(flat[j * column.inputs : (j + 1) * column.inputs]) for j in range(column.neurons)])


def _times(column: ColumnSpec, value: int) -> str:
    return _list(["none" if v == NONE else v for v in fields(value, 8, column.neurons)])


def _potentials(column: ColumnSpec, value: int) -> str:
    return _list(fields(value, column.potential_bits, column.neurons))


def _ages(column: ColumnSpec, value: int) -> str:
    return _list(fields(value, column.w_res if column.response == "rnl" else 1, column.inputs))


def _winner(_column: ColumnSpec, value: int) -> str:
    return _list(bits(value))


def _hex(_column: ColumnSpec, value: int) -> str:
    return f"{value:#x}"


_COMPARE: dict[str, tuple[tuple[str, str, str, Any], ...]] = {
    "times": (("golden_out", "rtl_out", "output times", _times),),
    "weights": (("golden_weights", "rtl_weights", "weights afterwards", _weights),),
    "learning": (("golden_weights", "next_weights", "weights afterwards", _weights),),
    "random": (("golden_lfsr", "rtl_lfsr", "random states afterwards", _hex),),
    "potentials": (
        ("golden_potentials", "next_potentials", "potentials", _potentials),
        ("golden_winner", "next_winner", "winners", _winner),
        ("golden_ages", "next_ages", "ages", _ages),
    ),
    "hold": (("winner", "next_winner", "winners", _winner),),
}
