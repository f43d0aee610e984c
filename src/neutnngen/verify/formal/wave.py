"""Theorem 1: one whole wave of the RTL from the cleared state is the arithmetic definition, for all times, weights and random states."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np

from neutnngen.files import write_atomic
from neutnngen.spec import ColumnSpec, Design
from neutnngen.verify.formal.machine import Machine
from neutnngen.verify.formal.prover import Verdict, formal_text, prove, render
from neutnngen.verify.formal.step import Step

Claim = Literal["times", "weights", "random", "cleared"]
RULES: dict[Claim, str] = {
    "times": "output times and length",
    "weights": "weights afterwards",
    "random": "random state afterwards",
    "cleared": "cleared afterwards",
}
SHOW: dict[Claim, tuple[str, ...]] = {
    "times": ("golden_out", "rtl_out"),
    "weights": ("rtl_out", "golden_weights", "rtl_weights"),
    "random": ("golden_lfsr", "rtl_lfsr"),
    "cleared": ("not_cleared",),
}
GOLDEN = ("golden_wave", "golden_draws", "golden_rule")


def golden_sources(folder: Path) -> list[Path]:
    """The golden models, written into ``folder``."""
    return [write_atomic(folder / f"{name}.sv", formal_text(f"golden/{name}.sv")) for name in GOLDEN]


def limits(values: tuple[int, ...]) -> str:
    """Limits over 1024 as one Verilog constant, 11 bits each, the first lowest."""
    return f"{11 * len(values)}'d{sum(value << (11 * k) for k, value in enumerate(values))}"


def column_context(design: Design) -> dict[str, Any]:
    """What every theorem about a classic column prints of its Design."""
    column: ColumnSpec = design.column
    up, down = column.stdp.stabiliser_table(column.w_max)
    width, inputs, neurons = column.w_res, column.inputs, column.neurons
    present = [(int(j), int(i)) for j, i in np.argwhere(design.mask)]
    return {
        "inputs": inputs,
        "neurons": neurons,
        "t_res": column.t_res,
        "w_res": width,
        "threshold": column.threshold,
        "ramp": int(column.response == "rnl"),
        "largest": int(column.tie == "largest_potential"),
        "horizon": column.horizon,
        "sum_w": (column.inputs * column.w_max).bit_length(),
        "mask": f"{neurons * inputs}'d{sum(1 << (j * inputs + i) for j, i in present)}",
        "x_bits": inputs * (column.t_res + 1),
        "weight_bits": neurons * inputs * width,
        "synapses": [(j, i, (j * inputs + i) * width) for j, i in present],
        "absent": [(int(j) * inputs + int(i)) * width for j, i in np.argwhere(~design.mask)],
        "state_w": column.lfsr.width,
        "taps": f"{column.lfsr.width}'d{column.lfsr.tap_mask}",
        "draws": column.draws,
        "limits_up": limits((*column.stdp.mu, *up)),
        "limits_down": limits((*column.stdp.mu, *down)),
    }


def home_bits(design: Design, step: Step, machine: Machine) -> dict[int, int]:
    """Bit of state -> bit of the vector ``weights``, in the cleared state."""
    column = design.column
    found: dict[int, int] = {}
    for j, i in np.argwhere(design.mask):
        for bit, place in enumerate(machine.home(step, int(j), int(i))):
            found[place] = (int(j) * column.inputs + int(i)) * column.w_res + bit
    return found


def cleared_state(design: Design, step: Step, machine: Machine) -> tuple[list[str], int]:
    """Every bit of the cleared state as Verilog, lowest first: of weights, lfsr, old (random bits of earlier waves), or a constant.

    Also the number of bits of ``old``.
    """
    home = home_bits(design, step, machine)
    lfsr = {place: bit for bit, place in enumerate(step.registers(machine.lfsr))}
    old = {place: bit for bit, place in enumerate(sorted(machine.survivors(step) - set(lfsr)))}
    bits = []
    for place in range(step.bits):
        if place in home:
            bits.append(f"weights[{home[place]}]")
        elif place in lfsr:
            bits.append(f"{_turn(machine, lfsr[place])}lfsr[{lfsr[place]}]")
        elif place in old:
            bits.append(f"old[{old[place]}]")
        else:
            bits.append(f"1'b{machine.cleared_value(step, place)}")
    return bits, len(old)


def _turn(machine: Machine, bit: int) -> str:
    """Whether a bit of the random state's register is inverted."""
    return "~" if machine.turned >> bit & 1 else ""


def cleared_places(design: Design, step: Step, machine: Machine) -> list[int]:
    """Bits of state that are neither weight nor random: those that every wave begins with cleared."""
    weights = set(home_bits(design, step, machine))
    return [place for place in range(step.bits) if place not in weights | machine.survivors(step)]


def wave_theorem(design: Design, step: Step, machine: Machine, claim: Claim) -> str:
    """The theorem as SystemVerilog."""
    start, old = cleared_state(design, step, machine)
    home = {bit: place for place, bit in home_bits(design, step, machine).items()}
    base = column_context(design)
    end = f"state_{machine.clocks}"
    weights_end = [f"{end}[{home[bit]}]" if bit in home else "1'b0" for bit in range(base["weight_bits"])]
    lfsr_end = [f"{_turn(machine, bit)}{end}[{place}]" for bit, place in enumerate(step.registers(machine.lfsr))]
    context = base | {
        "rule_text": RULES[claim],
        "claim": claim,
        "m": machine,
        "step": step,
        "old_bits": old,
        "start": list(reversed(start)),
        "weights_end": list(reversed(weights_end)),
        "lfsr_end": list(reversed(lfsr_end)),
        "stored": [
            (f"state_{machine.clocks - 1}[{place}]", f"{vector}[{number}]")
            for name, vector, draws in machine.random
            for number, place in zip(draws, step.registers(name), strict=False)
        ],
        "cleared": [(place, machine.cleared_value(step, place)) for place in cleared_places(design, step, machine)],
    }
    return render("theorems/wave.sv.j2", context)


def prove_reset(design: Design, step: Step, machine: Machine, folder: Path, *, timeout: float = 300.0) -> Verdict:
    """From every state, after enough clocks of rst: all cleared, and the seed loaded."""
    lfsr = step.registers(machine.lfsr)
    context = {
        "step": step,
        "inputs": design.column.inputs,
        "clocks": machine.reset,
        "cleared": [(place, machine.cleared_value(step, place)) for place in cleared_places(design, step, machine)],
        "lfsr": [f"{_turn(machine, bit)}state_{machine.reset}[{place}]" for bit, place in enumerate(lfsr)],
        "seed": f"{len(lfsr)}'d{design.lfsr_state}",
    }
    theorem = render("theorems/reset.sv.j2", context)
    return prove("reset", theorem, folder, steps=[step.file], show=("not_cleared", "seeded"), timeout=timeout)


def prove_wave(
    design: Design, step: Step, machine: Machine, folder: Path, claim: Claim, *, timeout: float = 300.0, sweep: bool = False
) -> Verdict:
    """Prove one claim about a whole wave outright."""
    show = SHOW[claim]
    theorem = wave_theorem(design, step, machine, claim)
    return prove(
        f"wave_{claim}", theorem, folder, steps=[step.file], sources=golden_sources(folder), show=show, timeout=timeout, sweep=sweep
    )
