"""Leaves one by one, with the parameters that a design gives them, against definitions of a few lines (theorems/leaf_*.sv.j2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from neutnngen.files import write_atomic
from neutnngen.rtl.text import leaf_text
from neutnngen.spec import Design
from neutnngen.verify.formal.prover import Verdict, prove, render
from neutnngen.verify.formal.step import build_step

Parameters = Mapping[str, int | str]

RULES = {
    "wave_controller": "T1, T3, R11",
    "lfsr_draw": "R7",
    "spike_input": "S2, R1, R2",
    "synapse_response": "S1 … S4",
    "winner_select": "D1, C1",
    "neuron": "G1, A1",
}
LARGEST_NEURON = 24
"""Terms up to which a neuron's sum is compared with a sum in the other order; the solver does not do larger ones in reasonable time."""


def leaf_parameters(design: Design) -> Iterator[tuple[str, Parameters]]:
    """Every leaf of a classic column that has a theorem of its own, with its parameters; a neuron for each number of synapses."""
    column = design.column
    ramp = column.response == "rnl"
    yield "wave_controller", {"CLOCKS": column.wave_clocks, "DRAWS": column.draws, "COUNT_W": (column.wave_clocks - 1).bit_length()}
    yield "lfsr_draw", {"STATE_W": column.lfsr.width, "TAPS": f"{column.lfsr.width}'d{column.lfsr.tap_mask}"}
    yield "spike_input", {"AGE_W": column.w_res if ramp else 1}
    yield "synapse_response", {"WEIGHT_W": column.w_res, "RAMP": int(ramp)}
    yield (
        "winner_select",
        {"NEURONS": column.neurons, "POTENTIAL_W": column.potential_bits, "LARGEST": int(column.tie == "largest_potential")},
    )
    for terms in sorted({int(n) for n in design.mask.sum(axis=1)}):
        if 0 < terms <= LARGEST_NEURON and terms * column.w_max >= column.threshold:
            width = 1 if ramp else column.w_res
            yield "neuron", {"TERMS": terms, "TERM_W": width, "POTENTIAL_W": column.potential_bits, "THRESHOLD": column.threshold}


def prove_leaf(leaf: str, parameters: Parameters, folder: Path, *, source: Path | None = None, timeout: float = 60.0) -> Verdict:
    """Prove one leaf. source: its file, if it is not the package's own."""
    path = write_atomic(folder / f"{leaf}.sv", leaf_text(leaf)) if source is None else source
    step = build_step([path], leaf, folder, parameters=parameters)
    theorem = render(f"theorems/leaf_{leaf}.sv.j2", {"p": parameters, "step": step})
    return prove(f"leaf_{leaf}", theorem, folder, steps=[step.file], show=("expected", "got"), timeout=timeout)
