"""Theorems about one clock of a column with a register per weight, of any size: what the composition rests on (docs/formal.md).

potentials: while undecided, every potential grows by what the definition says, the winner is chosen by the definition, and ages count.
hold: a decision stays. learning: in the last clock every weight moves by the rule table. boundary: everything else clears.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np

from neutnngen.errors import CheckFailed
from neutnngen.rtl import scan_chain
from neutnngen.spec import Design
from neutnngen.verify.formal.machine import Machine
from neutnngen.verify.formal.prover import Verdict, prove, render
from neutnngen.verify.formal.step import Step
from neutnngen.verify.formal.wave import cleared_places, column_context, golden_sources, home_bits

ClockClaim = Literal["potentials", "hold", "learning"]
RULES: dict[ClockClaim, str] = {
    "potentials": "potentials, ages and the decision of an undecided clock",
    "hold": "a decision stays to the end of the wave",
    "learning": "one step of plasticity in the last clock",
}
SHOW: dict[ClockClaim, tuple[str, ...]] = {
    "potentials": ("golden_potentials", "next_potentials", "golden_winner", "next_winner", "golden_ages", "next_ages"),
    "hold": ("winner", "next_winner", "next_potentials", "next_ages"),
    "learning": ("golden_weights", "next_weights"),
}


def _registers(design: Design, step: Step, machine: Machine) -> dict[int, str]:
    """Bit of state -> the bit of a vector of the theorem that it is."""
    column = design.column
    age_w = column.w_res if column.response == "rnl" else 1
    width = column.potential_bits
    named: dict[int, str] = {place: f"weights[{bit}]" for place, bit in home_bits(design, step, machine).items()}

    def add(name: str, vector: str, first: int = 0) -> None:
        named.update({place: f"{vector}[{first + bit}]" for bit, place in enumerate(step.registers(name))})

    add(machine.lfsr, "lfsr")
    for name, vector, draws in machine.random:
        add(name, vector, draws[0])
    add("controller.count", "t")
    add("inhibition.winner", "winner")
    for i in range(column.inputs):
        add(f"line_{i}.age", "age", i * age_w)
    for j in range(column.neurons):
        add(f"neuron_{j}.potential", "potentials", j * width)
    return named


def _always(bits: str, levels: int) -> str:
    """Random bits of the five rules under a stabiliser that is always 1, as Verilog."""
    ones = "{" + str(levels) + "{1'b1}}"
    return "{" + f"{ones}, {bits}[4:0]" + "}"


def clock_theorem(design: Design, step: Step, machine: Machine, claim: ClockClaim) -> str:
    """The theorem as SystemVerilog."""
    column = design.column
    base = column_context(design)
    named = _registers(design, step, machine)
    unknown = [step.label(place) for place in range(step.bits) if place not in named]
    if unknown:
        raise CheckFailed("the column has registers that this proof does not know", got=", ".join(unknown[:6]))
    ends = {text: f"next[{place}]" for place, text in named.items()}
    age_w = column.w_res if column.response == "rnl" else 1
    lines = [i for i in range(column.inputs) if design.mask[:, i].any()]
    stored_down = any(vector == "hits_down" and step.registers(name) for name, vector, _ in machine.random)
    always = column.stdp.stabiliser == "off"

    def vector(name: str, width: int) -> list[str]:
        return [ends.get(f"{name}[{bit}]", "1'b0") for bit in reversed(range(width))]

    down = "hits_down" if stored_down else "hits"
    context: dict[str, Any] = base | {
        "rule_text": RULES[claim],
        "claim": claim,
        "m": machine,
        "step": step,
        "age_w": age_w,
        "count_w": (column.wave_clocks - 1).bit_length(),
        "lines": lines,
        "line_mask": sum(1 << i for i in lines),
        "present": [[int(i) for i in np.flatnonzero(row)] for row in design.mask],
        "firing": [j for j in range(column.neurons) if step.registers(f"neuron_{j}.potential")],
        "exist": f"{base['weight_bits']}'d{sum(column.w_max << at for _, _, at in base['synapses'])}",
        "start": [named.get(place, "1'b0") for place in reversed(range(step.bits))],
        "potentials_end": vector("potentials", column.neurons * column.potential_bits),
        "winner_end": vector("winner", column.neurons),
        "ages_end": vector("age", column.inputs * age_w),
        "weights_end": vector("weights", base["weight_bits"]),
        # without a stabiliser the RTL stores no bits for it, and F is 1
        "bits_up": _always("hits", column.w_max + 1) if always else "hits",
        "bits_down": _always(down, column.w_max + 1) if always else down,
    }
    return render("theorems/clock.sv.j2", context)


def prove_clock(
    design: Design, step: Step, machine: Machine, folder: Path, claim: ClockClaim, *, timeout: float = 300.0, sweep: bool = True
) -> Verdict:
    """Prove one claim about a clock of a column outright, at the design's size."""
    theorem = clock_theorem(design, step, machine, claim)
    return prove(
        f"clock_{claim}", theorem, folder, steps=[step.file], sources=golden_sources(folder), show=SHOW[claim], timeout=timeout, sweep=sweep
    )


def prove_boundary(design: Design, step: Step, machine: Machine, folder: Path, *, timeout: float = 300.0) -> Verdict:
    """Rule T5 from every state."""
    weights = set(home_bits(design, step, machine))
    lfsr = step.registers(machine.lfsr)
    context = {
        "rule_text": "every register but weights and random ones clears",
        "step": step,
        "inputs": design.column.inputs,
        "neurons": design.column.neurons,
        "cleared": [(place, machine.cleared_value(step, place)) for place in cleared_places(design, step, machine)],
        "lfsr": lfsr,
        "seed": f"{len(lfsr)}'d{design.lfsr_state}",
        "weights": sorted(weights),
        "fixed": machine.ratio == 1,
        "chain": [place for j, i in scan_chain(design) for place in machine.home(step, j, i)],
    }
    theorem = render("theorems/boundary.sv.j2", context)
    return prove(
        "boundary", theorem, folder, steps=[step.file], show=("wave_last", "not_cleared", "seeded", "kept", "scanned"), timeout=timeout
    )
