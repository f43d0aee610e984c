"""From a Design to a folder of SystemVerilog: hand-written leaves, and a structural top, constraints and test bench from templates."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from neutnngen.errors import ConfigError, DataError
from neutnngen.files import write_atomic
from neutnngen.rtl.blocks import column_blocks
from neutnngen.rtl.diagram import write_diagram
from neutnngen.rtl.rings import RING_LEAVES, RingPlan, Rings, check_rings, ring_context, ring_hierarchy
from neutnngen.rtl.scan import ScanOrder, plain_order, scan_chain
from neutnngen.rtl.text import leaf_text, package_text, render
from neutnngen.rtl.words import Kind, constant, joined, random_words, stabiliser_kind
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
COLUMN_LEAVES = (*LEAVES, *RING_LEAVES)
"""Of classic columns of both styles."""
TEST_HALF_PERIOD = 5
"""Half a clock period of the test bench, in the nanoseconds of its timescale. Gate models delay by at most 1."""
SPARE_RESET_CLOCKS = 2
"""Clocks for which a test bench holds rst longer than the hardware asks for."""


@dataclass(frozen=True)
class RtlPackage:
    """Where the parts of a generated column lie, and how it is driven.

    folder: holds everything. top: name of the top module. sources: SystemVerilog, leaves first. testbench, constraints, file_list,
    hierarchy: the other files. clock_period: ns. scan: the bits of the weight port. probes: (neuron, input) of every synapse that exists
    to the name of its weight in the top module, as it stands between waves. clocks: of a wave. unit: clocks of a unit clock. reset_clocks:
    for which rst must be high. rings: None for the style parallel.
    """

    folder: Path
    top: str
    sources: tuple[Path, ...]
    testbench: Path
    constraints: Path
    file_list: Path
    hierarchy: Path
    clock_period: float
    scan: ScanOrder
    probes: dict[tuple[int, int], str]
    clocks: int
    unit: int = 1
    reset_clocks: int = 1
    rings: Rings | None = None

    @property
    def kind(self) -> Kind:
        """Of the hardware, as a network's."""
        return "learning"

    @property
    def starts(self) -> tuple[int, ...]:
        """First unit clock of its one layer, as a network's."""
        return (0,)

    def scan_image(self, design: Design) -> list[int]:
        """Bits that load the Design's weights, in the order in which they go in."""
        return self.scan.image(design.weights)


def _context(design: Design) -> dict[str, Any]:
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
        "scan_end": last_bit(*chain[-1]),
        "clocks": column.wave_clocks,
        "draws": column.draws,
        "count_w": (column.wave_clocks - 1).bit_length(),
        "t_in_max": column.t_in_max,
        "weight_w": width,
        "levels": column.w_max + 1,
        "ramp": int(ramp),
        "age_w": width if ramp else 1,
        "term_w": 1 if ramp else width,
        "potential_w": column.potential_bits,
        "threshold": column.threshold,
        "largest": int(column.tie == "largest_potential"),
        **random_words(column.lfsr, stdp, up, down),
        "seed": constant(design.lfsr_state, column.lfsr.width),
        "stabiliser": stabiliser_kind(up, down),
    }


def _hierarchy(design: Design) -> dict[str, Any]:
    """Which instance is which part of the Design, and where its state stands."""
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
        "instances": {f"input/{i}": f"line_{i}" for i in lines}
        | {f"input/{i}/plasticity": f"plasticity_{i}" for i in lines}
        | synapses
        | {f"neuron/{j}": f"neuron_{j}" for j in firing}
        | {"inhibition": "inhibition", "random": "random", "controller": "controller"},
        "registers": registers,
        "scan_chain": [f"synapse_{j}_{i}" for j, i in scan_chain(design)],
    }


def _description(design: Design, package: RtlPackage) -> dict[str, Any]:
    """What ``hierarchy.json`` says."""
    rings = package.rings
    return {
        "format": FORMAT,
        "version": VERSION,
        "design": design.name,
        "fingerprint": design.fingerprint(),
        "top": package.top,
        "style": {"name": "parallel"} if rings is None else {"name": "rings", **asdict(rings)},
        **(_hierarchy(design) if rings is None else ring_hierarchy(design, RingPlan(design.column, rings))),
        "output_latency_clocks": package.unit,
        "wave_clocks": package.clocks,
        "unit_clocks": package.unit,
        "reset_clocks": package.reset_clocks,
        "column": asdict(design.column),
    }


def as_module(design: Design, leaves: Sequence[str]) -> Design:
    """The Design under a name that a module can have: with ``_top`` where its own is a keyword of SystemVerilog or the name of a leaf."""
    taken = (*leaves, *tomllib.loads(package_text("reserved_words.toml"))["words"].split())
    return replace(design, name=f"{design.name}_top") if design.name in taken else design


def _package(design: Design, folder: Path, sources: Sequence[str], clock_period: float, rings: Rings | None) -> RtlPackage:
    """All that is known of a package without its files."""
    paths = {"testbench": f"{design.name}_tb.sv", "constraints": "constraints.sdc", "file_list": "files.f", "hierarchy": "hierarchy.json"}
    where: dict[str, Any] = {name: folder / file for name, file in paths.items()}
    common = (folder, design.name, tuple(folder / name for name in sources))
    chain = scan_chain(design)
    if rings is None:
        probes = {(j, i): f"weight_{j}_{i}" for j, i in chain}
        return RtlPackage(
            *common, **where, clock_period=clock_period, scan=plain_order(design), probes=probes, clocks=design.column.wave_clocks
        )
    plan = RingPlan(design.column, rings)
    return RtlPackage(
        *common,
        **where,
        clock_period=clock_period,
        scan=plan.order(),
        probes={(j, i): plan.probe(j, i) for j, i in chain},
        clocks=plan.clocks,
        unit=rings.slots,
        reset_clocks=plan.reset_clocks,
        rings=rings,
    )


def _testbench_context(design: Design, package: RtlPackage) -> dict[str, Any]:
    column = design.column
    absent = f"{column.w_res}'d0"
    places = [(j, i) for j in reversed(range(column.neurons)) for i in reversed(range(column.inputs))]
    return {
        "name": design.name,
        "inputs": column.inputs,
        "neurons": column.neurons,
        "clocks": package.clocks,
        "unit": package.unit,
        "reset_clocks": package.reset_clocks + SPARE_RESET_CLOCKS,
        "t_lines": column.t_in_max + 1,
        "weight_w": column.w_res,
        "chain_bits": len(package.scan.places),
        "weights": [f"dut.{package.probes[place]}" if place in package.probes else absent for place in places],
        "no_spike": NO_SPIKE,
        "half_period": TEST_HALF_PERIOD,
    }


def generate_rtl(design: Design, folder: Path | str, *, clock_period: float = 2.0, rings: Rings | None = None) -> RtlPackage:
    """Write the column's RTL, ``files.f``, ``constraints.sdc``, ``hierarchy.json``, test bench and block diagram into ``folder``
    (made if absent).

    clock_period: nanoseconds, for the constraints only. rings: None for logic at every synapse, else weights that circulate. Raises
    ConfigError if the design cannot be built: the period is not positive, no synapse is left, or rings cannot do it.
    """
    if not clock_period > 0:
        raise ConfigError("the clock period must be positive", got=clock_period, allowed="nanoseconds > 0")
    built = as_module(design, COLUMN_LEAVES)
    if rings is None:
        leaves, top = list(LEAVES), render("column.sv.j2", _context(built))
    else:
        check_rings(design)
        rings = rings.fitted(design.column)
        leaves, top = list(RING_LEAVES), render("ring_column.sv.j2", ring_context(built, RingPlan(design.column, rings)))
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    names = [f"{name}.sv" for name in (*leaves, built.name)]
    package = _package(built, target, names, float(clock_period), rings)
    for leaf, path in zip(leaves, package.sources, strict=False):
        write_atomic(path, leaf_text(leaf))
    write_atomic(package.sources[-1], top)
    write_atomic(package.testbench, render("testbench.sv.j2", _testbench_context(built, package)))
    write_atomic(package.constraints, render("constraints.sdc.j2", {"name": built.name, "clock_period": clock_period}))
    write_atomic(package.file_list, "".join(f"{name}\n" for name in names))
    write_atomic(package.hierarchy, json.dumps(_description(design, package), indent=2) + "\n")
    write_diagram(column_blocks(built, rings), target)
    return package


def open_rtl(design: Design, folder: Path | str, *, clock_period: float = 2.0) -> RtlPackage:
    """The RTL that stands in ``folder``, as ``generate_rtl`` wrote it or edited since; nothing is written.

    Raises DataError if a file of the package is absent or cannot be read.
    """
    target = Path(folder)
    listed = (target / "files.f").read_text(encoding="utf-8").split() if (target / "files.f").is_file() else []
    built = as_module(design, COLUMN_LEAVES)
    package = _package(built, target, listed, float(clock_period), _style(target / "hierarchy.json"))
    named = {"file list": package.file_list, "constraints": package.constraints, "test bench": package.testbench}
    for what, path in [*named.items(), *(("source", path) for path in package.sources)]:
        if not path.is_file():
            raise _no_package(what, path)
    return package


def _style(hierarchy: Path) -> Rings | None:
    """The style that a package says it has."""
    if not hierarchy.is_file():
        raise _no_package("hierarchy", hierarchy)
    try:
        style = json.loads(hierarchy.read_text(encoding="utf-8")).get("style", {"name": "parallel"})
        return None if style["name"] == "parallel" else Rings(int(style["slots"]), int(style["members"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _no_package("hierarchy that can be read", hierarchy) from None


def _no_package(what: str, path: Path) -> DataError:
    return DataError(
        f"the RTL folder has no {what}",
        got=path,
        allowed="a folder written by `neutnngen rtl` for this design",
        next_step="neutnngen rtl --help",
    )
