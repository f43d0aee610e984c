"""Theorem 4: a mapped netlist does what its RTL does, in every state and for all inputs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
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
    rtl: Step,
    gates: Step,
    folder: Path,
    *,
    anchors: Sequence[str] = ("controller.count",),
    constants: Mapping[int, int] | None = None,
    timeout: float = 300.0,
    sweep: bool = True,
) -> Verdict:
    """rtl: module ``step``. gates: module ``gates``. anchors: registers of which flip-flops that synthesis added are functions; with too
    few, the proof fails. constants: values that bits of the RTL's state have after reset: where the netlist lacks one of these, it must
    stay so in every clock; all others that it lacks may have any value. Raises CheckFailed if ports or flip-flops do not fit each
    other."""
    if rtl.inputs != gates.inputs or rtl.outputs != gates.outputs:
        raise CheckFailed("netlist and RTL have different ports", got=gates.inputs | gates.outputs, allowed=rtl.inputs | rtl.outputs)
    match, known = correspondence(rtl, gates), constants or {}
    anchored = {match.gate[place] for name in anchors for place in rtl.registers(name)}
    left_out = [place for place, gate in enumerate(match.gate) if gate is None and place not in known]
    taken = anchored | set(match.extra)

    def now(place: int, gate: int | None) -> str:
        if gate is not None:
            return f"now[{gate}]"
        return f"1'b{known[place]}" if place in known else f"unread[{left_out.index(place)}]"

    def following(place: int, gate: int | None) -> str:
        if gate is not None:
            return f"gates_next[{gate}]"
        return f"1'b{known[place]}" if place in known else f"rtl_next[{place}]"

    pairs = [*enumerate(match.gate)][::-1]
    text = render(
        "theorems/netlist.sv.j2",
        {
            "rtl": rtl,
            "gates": gates,
            "matched": sum(gate is not None for gate in match.gate),
            "left_out": len(left_out),
            "constant": sum(gate is None for gate in match.gate) - len(left_out),
            "extra": len(match.extra),
            "inputs": rtl.inputs,
            "outputs": rtl.outputs,
            "now": [f"{'after' if place in taken else 'state'}[{place}]" for place in reversed(range(gates.bits))],
            "rtl_now": [now(*pair) for pair in pairs],
            "mapped_next": [following(*pair) for pair in pairs],
        },
    )
    show = ["unequal", *(f"{side}_{name}" for name in rtl.outputs for side in ("gates", "rtl"))]
    return prove("netlist", text, folder, steps=[rtl.file, gates.file], show=show, timeout=timeout, sweep=sweep)
