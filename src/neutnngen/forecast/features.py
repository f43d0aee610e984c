"""What a column's silicon is counted in: registers to the bit, and the sizes that combinational area goes with.

The fit (``scripts/fit_silicon.py``) and the forecast count with the same function, so that a coefficient means the same to both.
"""

from __future__ import annotations

from collections.abc import Iterator

from neutnngen.spec import DendriticColumnSpec
from neutnngen.spec.schedule import column_draws

FEATURES: dict[str, str] = {
    "synapse_rnl": "ramp synapse",
    "synapse_bit_rnl": "bit of a ramp synapse's weight",
    "synapse_bit_snl": "bit of a step synapse's weight",
    "adder_bit_snl": "step synapse, per bit of the potential",
    "potential_bit": "bit of a segment's potential",
    "segment": "segment",
    "line": "input line",
    "column": "column",
    "largest_bit": "bit of a segment's potential where the largest potential decides",
    "ramp_clock": "ramp synapse, per clock of its longest ramp; for energy only",
    "learn_synapse": "synapse that learns",
    "learn_bit": "bit of a weight that learns",
    "learn_pair": "pair of bits of a weight that learns",
    "learn_line": "input line of a dendrite that learns",
    "learn_level": "weight level on an input line of a dendrite that learns",
    "learn_column": "column that learns",
    "learn_column_level": "weight level of a column that learns",
}
"""Name of a feature to what one unit of it is; coefficients are per unit."""


def _groups(spec: DendriticColumnSpec) -> Iterator[tuple[int, int, int, int, int]]:
    """Groups of synapses: how many, bits of a weight, bits of the potential they add to, input lines, dendrites that learn."""
    dendrites, near = spec.neurons * spec.dendrites, spec.proximal
    segments, bits = dendrites * spec.segments, spec.potential_max.bit_length()
    yield segments * spec.inputs, spec.w_res, bits, spec.inputs, dendrites
    if near.mode == "sum":
        yield segments * near.inputs, near.w_res, bits, near.inputs, dendrites
    elif near.mode == "soma":
        own = (near.inputs * spec.proximal_w_max).bit_length()
        yield spec.neurons * near.segments * near.inputs, near.w_res, own, near.inputs, spec.neurons


def column_counts(spec: DendriticColumnSpec, share: float = 1.0, *, learning: bool) -> tuple[dict[str, float], float]:
    """Units of every feature (absent ones are 0), and flip-flops of what the RTL generator would build for a column.

    share: of the synapses that exist (rule S4). Flip-flops: weights, potentials, winners, ages, clock counter, random state and drawn
    bits; not those that Yosys adds (``rom_registers`` of the coefficients). Proximal synapses and segments count as distal ones.
    """
    dendrites, near = spec.neurons * spec.dendrites, spec.proximal
    units = dendrites * spec.segments
    potentials = units * spec.potential_max.bit_length()
    if near.mode == "soma":
        units += spec.neurons * near.segments
        potentials += spec.neurons * near.segments * (near.inputs * spec.proximal_w_max).bit_length()
    found = dict.fromkeys(FEATURES, 0.0)
    found |= {"potential_bit": float(potentials), "segment": float(units), "column": 1.0}
    if spec.tie == "largest_potential":
        found["largest_bit"] = float(potentials)
    draws = column_draws(spec)
    registers = float(potentials + units + (max(spec.horizon, draws) if learning else spec.horizon).bit_length())
    for count, width, bits, lines, places in _groups(spec):
        synapses = count * share
        registers += synapses * width + lines * (width if spec.response == "rnl" else 1)
        found["line"] += lines
        if spec.response == "rnl":
            found["synapse_rnl"] += synapses
            found["synapse_bit_rnl"] += synapses * width
            found["ramp_clock"] += synapses * ((1 << width) - 1)
        else:
            found["synapse_bit_snl"] += synapses * width
            found["adder_bit_snl"] += synapses * bits
        if learning:
            found["learn_synapse"] += synapses
            found["learn_bit"] += synapses * width
            found["learn_pair"] += synapses * (width * (width - 1) // 2)
            found["learn_line"] += lines * places
            found["learn_level"] += lines * places << width
    if learning:
        tables = {"off": 0, "symmetric": 1, "classic": 2}[spec.stdp.stabiliser]
        registers += spec.lfsr.width + 5 + tables * (draws - 5)
        found |= {"learn_column": 1.0, "learn_column_level": float(draws - 5)}
    return {name: value for name, value in found.items() if value}, registers
