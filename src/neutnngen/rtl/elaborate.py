"""From a Design to a folder of SystemVerilog: hand-written leaves, and a structural top, constraints and test bench from templates."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.errors import ConfigError, DataError
from neutnngen.files import write_atomic
from neutnngen.rtl.blocks import column_blocks
from neutnngen.rtl.diagram import write_diagram
from neutnngen.rtl.text import leaf_text, package_text, render
from neutnngen.rtl.words import constant, joined, limits, stabiliser_kind
from neutnngen.spec import NO_SPIKE, ColumnSpec, Design

FORMAT = "neutnngen-rtl"
VERSION = "1.0"
LEAVES = (
    "wave_controller",
    "lfsr_draw",
    "random_unit",
    "winner_select",
    "spike_input",
    "plasticity_line",
    "synapse_response",
    "synapse",
    "neuron",
)
TEST_HALF_PERIOD = 5
"""Half a clock period of the test bench, in the nanoseconds of its timescale. Gate models delay by at most 1."""


@dataclass(frozen=True)
class RtlPackage:
    """Where the parts of a generated column lie.

    folder: holds everything. top: name of the top module. sources: SystemVerilog files of the design, leaves first. testbench, constraints,
    file_list, hierarchy: the other files. chain: synapses as (neuron, input) in the order of the scan chain. clock_period: ns.
    """

    folder: Path
    top: str
    sources: tuple[Path, ...]
    testbench: Path
    constraints: Path
    file_list: Path
    hierarchy: Path
    chain: tuple[tuple[int, int], ...]
    clock_period: float


def scan_chain(design: Design) -> tuple[tuple[int, int], ...]:
    """Synapses that exist as (neuron, input), from the scan chain's entry to its exit."""
    return tuple((int(j), int(i)) for j, i in np.argwhere(design.mask))


def scan_image(design: Design, weights: NDArray[np.uint8] | None = None) -> list[int]:
    """Bits that load ``weights`` (default: the design's own), in the order in which they go in: last synapse first, highest bit first."""
    values = design.weights if weights is None else weights
    bits = range(design.column.w_res - 1, -1, -1)
    return [(int(values[j, i]) >> k) & 1 for j, i in reversed(scan_chain(design)) for k in bits]


def scan_weights(design: Design, bits: list[int]) -> NDArray[np.uint8]:
    """The inverse of :func:`scan_image`: (neuron, input) uint8 from the bits in the order in which they came out."""
    width = design.column.w_res
    chain = scan_chain(design)
    if len(bits) != width * len(chain):
        raise DataError("the scan image has the wrong length", got=len(bits), allowed=width * len(chain))
    weights = np.zeros(design.mask.shape, dtype=np.uint8)
    for position, (j, i) in enumerate(reversed(chain)):
        value = 0
        for bit in bits[position * width : (position + 1) * width]:
            value = 2 * value + bit
        weights[j, i] = value
    return weights


def _context(design: Design, clock_period: float) -> dict[str, Any]:
    """Everything that the templates print."""
    column: ColumnSpec = design.column
    width, inputs, neurons = column.w_res, column.inputs, column.neurons
    ramp = column.response == "rnl"
    up, down = column.stdp.stabiliser_table(column.w_max)
    stdp = column.stdp

    def last_bit(j: int, i: int) -> str:
        return f"weight_{j}_{i}[{width - 1}]"

    chain = scan_chain(design)
    if not chain:
        raise ConfigError("the design has no synapse left, so there is nothing to build", next_step="prune less")
    scan_in = {chain[0]: "weight_in"}
    scan_in |= {after: last_bit(*previous) for previous, after in pairwise(chain)}
    lines = []
    for i in range(inputs):
        present = [j for j in range(neurons) if design.mask[j, i]]
        lines.append(
            {
                "index": i,
                "neurons": present,
                "winner": joined([f"spike_out[{j}]" for j in present]),
                "weights": joined([f"weight_{j}_{i}" for j in present]),
            }
        )
    rows = []
    for j in range(neurons):
        present = [i for i in range(inputs) if design.mask[j, i]]
        rows.append(
            {
                "index": j,
                "synapses": [{"input": i, "scan_in": scan_in[j, i]} for i in present],
                "can_fire": len(present) * column.w_max >= column.threshold,
            }
        )
    return {
        "name": design.name,
        "inputs": inputs,
        "neurons": rows,
        "lines": lines,
        "synapse_count": len(chain),
        "chain_bits": len(chain) * width,
        "scan_end": last_bit(*chain[-1]),
        "clocks": column.wave_clocks,
        "draws": column.draws,
        "weights": [
            f"dut.weight_{j}_{i}" if design.mask[j, i] else f"{width}'d0" for j in reversed(range(neurons)) for i in reversed(range(inputs))
        ],
        "count_w": (column.wave_clocks - 1).bit_length(),
        "t_in_max": column.t_in_max,
        "t_lines": column.t_in_max + 1,
        "weight_w": width,
        "levels": column.w_max + 1,
        "ramp": int(ramp),
        "age_w": width if ramp else 1,
        "term_w": 1 if ramp else width,
        "potential_w": column.potential_bits,
        "threshold": column.threshold,
        "largest": int(column.tie == "largest_potential"),
        "lfsr_w": column.lfsr.width,
        "taps": constant(sum(1 << (tap - 1) for tap in column.lfsr.taps), column.lfsr.width),
        "seed": constant(design.lfsr_state, column.lfsr.width),
        "stabiliser": stabiliser_kind(up, down),
        "rule_limits": limits((stdp.mu_capture, stdp.mu_minus, stdp.mu_search, stdp.mu_backoff, stdp.mu_min)),
        "up_limits": limits(up),
        "down_limits": limits(down),
        "no_spike": NO_SPIKE,
        "half_period": TEST_HALF_PERIOD,
        "clock_period": clock_period,
    }


def _hierarchy(design: Design) -> dict[str, Any]:
    """Which instance is which part of the Design."""
    column = design.column
    synapses = {f"neuron/{j}/synapse/{i}": f"synapse_{j}_{i}" for j, i in scan_chain(design)}
    lines = [i for i in range(column.inputs) if design.mask[:, i].any()]
    firing = [j for j in range(column.neurons) if int(design.mask[j].sum()) * column.w_max >= column.threshold]
    registers = {
        "weight of a synapse": "synapse_<neuron>_<input>.weight",
        "clocks since arrival of an input": "line_<input>.age",
        "potential of a neuron": "neuron_<neuron>.potential",
        "winner, one-hot": "inhibition.winner",
        "random state": "random.state",
        "random bits of the wave": "random.drawn",
        "unit clock": "controller.count",
    }
    return {
        "format": FORMAT,
        "version": VERSION,
        "design": design.name,
        "fingerprint": design.fingerprint(),
        "top": design.name,
        "instances": {f"input/{i}": f"line_{i}" for i in lines}
        | {f"input/{i}/plasticity": f"plasticity_{i}" for i in lines}
        | synapses
        | {f"neuron/{j}": f"neuron_{j}" for j in firing}
        | {"inhibition": "inhibition", "random": "random", "controller": "controller"},
        "registers": registers,
        "scan_chain": [f"synapse_{j}_{i}" for j, i in scan_chain(design)],
        "output_latency_clocks": 1,
        "wave_clocks": column.wave_clocks,
        "column": asdict(column),
    }


def check_name(name: str, leaves: Sequence[str]) -> None:
    """Raise ConfigError if a Design's name cannot be that of a module."""
    if name in leaves or name in tomllib.loads(package_text("reserved_words.toml"))["words"].split():
        raise ConfigError(
            "the design's name cannot be a module name", got=name, allowed="any name that is no SystemVerilog keyword and no leaf"
        )


def generate_rtl(design: Design, folder: Path | str, *, clock_period: float = 2.0) -> RtlPackage:
    """Write the column's RTL, ``files.f``, ``constraints.sdc``, ``hierarchy.json``, test bench and block diagram into ``folder``
    (made if absent).

    clock_period: nanoseconds, for the constraints only. Raises ConfigError if the design cannot be built: its name is a word of
    SystemVerilog or of a leaf, the period is not positive, or no synapse is left.
    """
    check_name(design.name, LEAVES)
    if not clock_period > 0:
        raise ConfigError("the clock period must be positive", got=clock_period, allowed="nanoseconds > 0")
    context = _context(design, clock_period)
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    sources = []
    for leaf in LEAVES:
        sources.append(write_atomic(target / f"{leaf}.sv", leaf_text(leaf)))
    sources.append(write_atomic(target / f"{design.name}.sv", render("column.sv.j2", context)))
    testbench = write_atomic(target / f"{design.name}_tb.sv", render("testbench.sv.j2", context))
    constraints = write_atomic(target / "constraints.sdc", render("constraints.sdc.j2", context))
    file_list = write_atomic(target / "files.f", "".join(f"{path.name}\n" for path in sources))
    hierarchy = write_atomic(target / "hierarchy.json", json.dumps(_hierarchy(design), indent=2) + "\n")
    write_diagram(column_blocks(design), target)
    return RtlPackage(
        target, design.name, tuple(sources), testbench, constraints, file_list, hierarchy, scan_chain(design), float(clock_period)
    )


def open_rtl(design: Design, folder: Path | str, *, clock_period: float = 2.0) -> RtlPackage:
    """The RTL that stands in ``folder``, as ``generate_rtl`` wrote it or edited since; nothing is written.

    Raises DataError if a file of the package is absent or the folder holds the RTL of another design.
    """
    target = Path(folder)
    names = {"file list": "files.f", "hierarchy": "hierarchy.json", "constraints": "constraints.sdc", "test bench": f"{design.name}_tb.sv"}
    listed = (target / "files.f").read_text(encoding="utf-8").split() if (target / "files.f").is_file() else []
    sources = tuple(target / name for name in listed)
    for what, path in [*((what, target / name) for what, name in names.items()), *(("source", path) for path in sources)]:
        if not path.is_file():
            raise DataError(
                f"the RTL folder has no {what}",
                got=path,
                allowed="a folder written by `neutnngen rtl` for this design",
                next_step="neutnngen rtl --help",
            )
    return RtlPackage(
        target,
        design.name,
        sources,
        target / names["test bench"],
        target / names["constraints"],
        target / names["file list"],
        target / names["hierarchy"],
        scan_chain(design),
        float(clock_period),
    )
