"""Theorem 4: a mapped netlist does what its RTL does, in every state and for all inputs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from neutnngen.errors import CheckFailed
from neutnngen.verify.formal.prover import Verdict, prove, render
from neutnngen.verify.formal.step import Step

_INDEXED = re.compile(r"(?P<name>.+)\[(?P<bit>\d+)\]\Z")


@dataclass(frozen=True)
class Correspondence:
    """Which flip-flop is which. gate: for every bit of the RTL's state the netlist's, None where synthesis left it out because nothing
    reads it; extra: the netlist's that are none of the RTL's."""

    gate: tuple[int | None, ...]
    extra: tuple[int, ...]


def correspondence(rtl: Step, gates: Step) -> Correspondence:
    """Match flip-flops by name. Nothing has to be trusted here: with a wrong match the proof fails, and so it does if one that the netlist
    lacks matters. Raises CheckFailed if none has a counterpart."""
    found: dict[int, int] = {}
    for place, names in enumerate(gates.names):
        for name, bit in names:
            split = _INDEXED.match(name)  # netlists have a scalar for each bit
            for known in [(name, bit)] + ([(split["name"], int(split["bit"]))] if split and bit == 0 else []):
                if known in rtl.places:
                    found.setdefault(rtl.places[known], place)
    if rtl.bits and not found:
        raise CheckFailed("the netlist has none of the RTL's flip-flops", got=rtl.label(0), allowed="flip-flops of the same names")
    gate = tuple(found.get(place) for place in range(rtl.bits))
    return Correspondence(gate, tuple(sorted(set(range(gates.bits)) - set(gate))))


def prove_netlist(
    rtl: Step, gates: Step, folder: Path, *, anchors: Sequence[str] = ("controller.count",), timeout: float = 300.0, sweep: bool = True
) -> Verdict:
    """rtl: module ``step``. gates: module ``gates``. anchors: registers of which flip-flops that synthesis added are functions; with too
    few, the proof fails. Raises CheckFailed if ports or flip-flops do not fit each other."""
    if rtl.inputs != gates.inputs or rtl.outputs != gates.outputs:
        raise CheckFailed("netlist and RTL have different ports", got=gates.inputs | gates.outputs, allowed=rtl.inputs | rtl.outputs)
    match = correspondence(rtl, gates)
    anchored = {match.gate[place] for name in anchors for place in rtl.registers(name)}
    left_out = [place for place, gate in enumerate(match.gate) if gate is None]
    taken = anchored | set(match.extra)
    text = render(
        "theorems/netlist.sv.j2",
        {
            "rtl": rtl,
            "gates": gates,
            "matched": len(match.gate) - len(left_out),
            "left_out": len(left_out),
            "extra": len(match.extra),
            "inputs": rtl.inputs,
            "outputs": rtl.outputs,
            "now": [f"{'after' if place in taken else 'state'}[{place}]" for place in reversed(range(gates.bits))],
            "rtl_now": [
                f"unread[{left_out.index(place)}]" if gate is None else f"now[{gate}]" for place, gate in reversed([*enumerate(match.gate)])
            ],
            "mapped_next": [
                f"rtl_next[{place}]" if gate is None else f"gates_next[{gate}]" for place, gate in reversed([*enumerate(match.gate)])
            ],
        },
    )
    show = ["unequal", *(f"{side}_{name}" for name in rtl.outputs for side in ("gates", "rtl"))]
    return prove("netlist", text, folder, steps=[rtl.file, gates.file], show=show, timeout=timeout, sweep=sweep)
