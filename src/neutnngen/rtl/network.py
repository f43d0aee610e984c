"""From any network to a folder of SystemVerilog: the leaves, a module for every kind of column, the network, constraints, a test bench."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from neutnngen.errors import ConfigError, DataError
from neutnngen.files import write_atomic
from neutnngen.rtl.blocks import network_blocks
from neutnngen.rtl.counting import count_instance
from neutnngen.rtl.diagram import write_diagram
from neutnngen.rtl.elaborate import FORMAT, LEAVES, TEST_HALF_PERIOD, VERSION, RtlPackage, as_module, generate_rtl
from neutnngen.rtl.rings import Rings
from neutnngen.rtl.structure import (
    check_network,
    column_context,
    column_synapses,
    column_weights,
    counted_by_weight,
    distinct_columns,
    network_context,
    widths,
)
from neutnngen.rtl.text import leaf_text, render
from neutnngen.rtl.voting import voter_scan, voter_weights
from neutnngen.rtl.words import Kind
from neutnngen.spec import Design, NetworkState
from neutnngen.spec.schedule import layer_starts

NETWORK_LEAVES = (
    *LEAVES, "early_register", "line_gate", "line_delay", "neuron_inhibition", "soma", "weight_register",
    "random_sets", "homeostasis", "fall_counter", "biased_neuron",
    "voter_row", "voter_compare", "voter_line", "voter_tally",
    "full_adder", "adder", "bit_count", "delayed_sum", "ramp_potential",
)  # fmt: skip


@dataclass(frozen=True)
class NetworkPackage:
    """Where the parts of a generated network lie; as in ``RtlPackage``.

    starts: first clock of every layer. clocks: of a wave. kind: see ``KINDS``.
    """

    folder: Path
    top: str
    sources: tuple[Path, ...]
    testbench: Path
    constraints: Path
    file_list: Path
    hierarchy: Path
    starts: tuple[int, ...]
    clocks: int
    clock_period: float
    kind: Kind = "learning"

    @property
    def unit(self) -> int:
        """Clocks of a unit clock."""
        return 1

    @property
    def reset_clocks(self) -> int:
        """Clocks for which rst must be high."""
        return 1

    @property
    def rings(self) -> None:
        """A network has no weights that circulate."""
        return None

    def scan_image(self, design: Design) -> list[int]:
        """Bits that load the Design's weights, in the order in which they go in; none if they are frozen."""
        return [] if self.kind == "frozen" else network_scan_image(design)


def network_scan_image(design: Design) -> list[int]:
    """Bits that load the Design's weights, in the order in which they go in: last column's last synapse first, highest bit first."""
    bits = []
    voter = design.network.voter
    if voter is not None and design.state.voter is not None:
        for weight in reversed(voter_scan(design.state.voter, voter)):
            bits += [(weight >> k) & 1 for k in reversed(range(voter.w_res))]
    for layer, state in reversed(list(zip(design.network.layers, design.state.layers, strict=True))):
        width = widths(layer.column)
        for column in reversed(range(layer.columns)):
            pairs = zip(column_synapses(state, column), column_weights(state, column), strict=True)
            for synapse, weight in reversed(list(pairs)):
                bits += [(weight >> k) & 1 for k in reversed(range(width[synapse.kind]))]
    return bits


def network_from_image(design: Design, bits: Sequence[int]) -> Design:
    """The Design with the weights of a scan image, the inverse of ``network_scan_image``. Raises DataError for a wrong number of bits."""
    wanted = len(network_scan_image(design))
    if len(bits) != wanted:
        raise DataError("the scan image has the wrong length", got=len(bits), allowed=wanted)
    left = list(bits)

    def weight(width: int) -> int:
        """The next one: the image ends with the first synapse's lowest bit."""
        taken = [left.pop() for _ in range(width)]
        return sum(bit << k for k, bit in enumerate(taken))

    layers = []
    for layer, state in zip(design.network.layers, design.state.layers, strict=True):
        arrays, width = {"far": state.distal.copy(), "near": state.proximal.copy()}, widths(layer.column)
        for column in range(layer.columns):
            for synapse in column_synapses(state, column):
                arrays[synapse.kind][(column, *synapse.index)] = weight(width[synapse.kind])
        layers.append(replace(state, distal=arrays["far"], proximal=arrays["near"]))
    voter = design.state.voter
    if voter is not None and design.network.voter is not None:
        weights = voter.weights.copy()
        rows, masks = voter_weights(replace(voter, weights=weights), design.network.voter)  # views
        for row, there in zip(rows, masks, strict=True):
            for place in np.flatnonzero(there):
                row[place] = weight(design.network.voter.w_res)
        voter = replace(voter, weights=weights)
    return design.with_state(NetworkState(tuple(layers), voter))


def generate_network(
    design: Design, folder: Path | str, *, clock_period: float = 2.0, kind: Kind = "learning", votes: bool = False
) -> NetworkPackage:
    """Write a network's RTL and its block diagram into ``folder`` (made if absent).

    clock_period: nanoseconds, for the constraints only. kind: see ``KINDS``. votes: give the voter's votes a port, for a chip that reports
    them.

    Raises ConfigError where there is no hardware for a part of it (``check_network``), no synapse is left at all, or the period is not
    positive.
    """
    check_network(design.network, kind)
    if design.synapses == 0:
        raise ConfigError("the design has no synapse left, so there is nothing to build", got=design.name, next_step="prune less")
    if not clock_period > 0:
        raise ConfigError("the clock period must be positive", got=clock_period, allowed="nanoseconds > 0")
    built = as_module(design, NETWORK_LEAVES)
    context = {
        **network_context(built, kind),
        "half_period": TEST_HALF_PERIOD,
        "clock_period": clock_period,
        "votes_port": votes,
        "glue": False,
    }
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    sources = [write_atomic(target / f"{leaf}.sv", leaf_text(leaf)) for leaf in NETWORK_LEAVES]
    for name, layer, state, column in distinct_columns(built, kind):
        inner = column_context(name, layer.column, state, column, context["count_w"], kind)
        sources.append(write_atomic(target / f"{name}.sv", render("dendritic_column.sv.j2", inner)))
    sources.append(write_atomic(target / f"{built.name}.sv", render("network.sv.j2", context)))
    write_diagram(network_blocks(built, kind), target)
    return NetworkPackage(
        target,
        built.name,
        tuple(sources),
        write_atomic(target / f"{built.name}_tb.sv", render("network_testbench.sv.j2", context)),
        write_atomic(target / "constraints.sdc", render("constraints.sdc.j2", context)),
        write_atomic(target / "files.f", "".join(f"{path.name}\n" for path in sources)),
        write_atomic(target / "hierarchy.json", json.dumps(_hierarchy(design, context), indent=2) + "\n"),
        tuple(layer_starts(design.network)),
        context["clocks"],
        float(clock_period),
        kind,
    )


def glue_reads(context: dict[str, Any]) -> set[str]:
    """Vectors of lines that the network's parts other than columns read: ``spike_in``, ``lines_0`` …; context: ``network_context``'s."""
    late = [line for layer in context["layers"] for line in layer["heard"] if line["delay"] or line["gated"]]
    voter = [] if context["voter"] is None else context["voter"]["heard"]
    return {line["source"].partition("[")[0] for line in (*late, *voter)}


def write_glue(design: Design, folder: Path | str, *, kind: Kind = "learning") -> Path:
    """Write the module ``NAME_glue``: the network without its columns, for a chip whose columns are macros; returns its file.

    Its ports are the network's, but for the outputs of the columns, and: ``count`` and ``clear``; of every layer ``lines_L`` (in) and, out,
    ``draw_L``, ``update_L`` and those lines that its columns do not hear as they are. ``weight_in`` is the chain after the columns. Vectors
    that nothing inside reads are left out, and without a voter the chain. Its leaves are those of :func:`generate_network`.
    """
    context = network_context(as_module(design, NETWORK_LEAVES), kind)
    name = f"{context['name']}_glue"
    more = {"name": name, "design": context["name"], "votes_port": False, "glue": True, "reads": glue_reads(context)}
    return write_atomic(Path(folder) / f"{name}.sv", render("network.sv.j2", {**context, **more}))


def check_style(design: Design, kind: Kind, rings: Rings | None) -> None:
    """Raise ConfigError if the Design as this kind of hardware cannot have rings that are asked for."""
    if rings is not None and (design.network.classic is None or kind != "learning"):
        raise ConfigError(
            "this design cannot have weights that circulate",
            got="a network" if design.network.classic is None else f"a column of the kind {kind}",
            allowed="classic columns that learn",
            next_step="leave out --style rings",
        )


def build_rtl(
    design: Design,
    folder: Path | str,
    *,
    clock_period: float = 2.0,
    kind: Kind = "learning",
    rings: Rings | None = None,
    votes: bool = False,
) -> RtlPackage | NetworkPackage:
    """The RTL of any Design: a classic column's own (``generate_rtl``) where it learns, else a network's (``generate_network``), whose
    arguments these are."""
    check_style(design, kind, rings)
    if design.network.classic is not None and kind == "learning":
        return generate_rtl(design, folder, clock_period=clock_period, rings=rings)
    return generate_network(design, folder, clock_period=clock_period, kind=kind, votes=votes)


def open_network(design: Design, folder: Path | str, *, clock_period: float = 2.0, kind: Kind = "learning") -> NetworkPackage:
    """The RTL of a network that stands in ``folder``, as ``generate_network`` wrote it or edited since; nothing is written.

    Raises DataError if a file is absent.
    """
    built = as_module(design, NETWORK_LEAVES)
    target, context = Path(folder), network_context(built, kind)
    listed = (target / "files.f").read_text(encoding="utf-8").split() if (target / "files.f").is_file() else []
    names = ["files.f", "hierarchy.json", "constraints.sdc", f"{built.name}_tb.sv", *listed]
    for path in [target / name for name in names]:
        if not path.is_file():
            allowed = "a folder written by `neutnngen rtl` for this design"
            raise DataError("a file of the RTL is missing", got=path, allowed=allowed, next_step="neutnngen rtl --help")
    sources = tuple(target / name for name in listed)
    places = (target / names[3], target / names[2], target / names[0], target / names[1])
    return NetworkPackage(
        target, built.name, sources, *places, tuple(layer_starts(design.network)), context["clocks"], float(clock_period), kind
    )


def _hierarchy(design: Design, context: dict[str, Any]) -> dict[str, Any]:
    """Which instance is which part of the Design."""
    instances: dict[str, str] = {"controller": "controller"}
    for layer, state in zip(context["layers"], design.state.layers, strict=True):
        for c, column in enumerate(layer["columns"]):
            path, inside = f"layer/{layer['index']}/column/{c}", column["instance"]
            instances[path] = inside
            if context["learning"]:
                instances[f"{path}/random"] = f"{inside}.random"
            counted = counted_by_weight(design.network.layers[layer["index"]].column, state, c, context["kind"])
            for synapse, weight in zip(column_synapses(state, c), column_weights(state, c), strict=True):
                kind = {"far": "distal", "near": "proximal"}[synapse.kind]
                where = f"{path}/{kind}/{'/'.join(map(str, synapse.index))}"
                if not counted:
                    instances[where] = f"{inside}.synapse_{synapse.name}{'' if context['chained'] else '_response'}"
                elif weight:  # a weight of 0 has no hardware
                    instances[where] = f"{inside}.{count_instance('_'.join(map(str, synapse.index[:-1])), weight)}"
    return {
        "format": FORMAT,
        "version": VERSION,
        "design": design.name,
        "kind": context["kind"],
        "fingerprint": design.fingerprint(),
        "top": context["name"],
        "wave_clocks": context["clocks"],
        "layers": [{"begins_at_clock": layer["start"], "output_latency_clocks": 1} for layer in context["layers"]],
        "registers": {
            "weight of a synapse": "column_<layer>_<column>.synapse_<kind>_<index>.weight",
            "clocks since arrival of an input": "column_<layer>_<column>.line_<kind>_<line>.age",
            "potential of a segment": "column_<layer>_<column>.segment_<neuron>_<dendrite>_<segment>.potential",
            "winner of a dendrite, one-hot": "column_<layer>_<column>.select_<neuron>_<dendrite>.winner",
            "random state": "column_<layer>_<column>.random.state",
            "unit clock": "controller.count",
        },
        "instances": instances,
    }
