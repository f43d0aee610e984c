"""What a block diagram of the hardware shows: stages with their parts, the lines between them, and when each begins.

Pure functions of a Design. A classic column's RTL and a network's RTL name their instances differently, so there is a function for each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from neutnngen.rtl.rings import RingPlan, Rings
from neutnngen.rtl.structure import column_module, distinct_columns, wave_clocks
from neutnngen.rtl.voting import voter_draws
from neutnngen.rtl.words import Kind
from neutnngen.spec import DendriticColumnSpec, Design, LayerSpec, LayerState, VoterSpec
from neutnngen.spec.schedule import heard_from, layer_draws, layer_starts, lines_of_sources, own_clocks, voter_start

Role = Literal["lines", "dendrites", "winner", "neuron", "learning"]

INHIBITION = {
    "all_earliest": "all earliest neurons pass",
    "one_lowest_index": "one earliest passes, lowest index",
    "one_largest_potential": "one earliest passes, largest potential",
    "k_earliest": "the k earliest pass",
}
TIES = {"lowest_index": "earliest, then lowest index", "largest_potential": "earliest, then largest potential"}


@dataclass(frozen=True)
class Part:
    """A box of a stage. role: its colour. details: lines of text. modules: leaves that it is made of. instances: their names."""

    role: Role
    title: str
    details: tuple[str, ...]
    modules: tuple[str, ...]
    instances: tuple[str, ...]


@dataclass(frozen=True)
class Stage:
    """A layer, or the voter. key: ``layer0`` …, ``voter``. copies: columns side by side. cells: (neurons, dendrites, segments) of a column,
    None of a voter. begins, ends: unit clocks of the wave in which it works, the end not included. draws: clocks of random bits.
    synapses, weight_bits: of all columns together, pruned ones left out. enabled: reads the enable lines (rule P2).
    """

    key: str
    title: str
    modules: tuple[str, ...]
    instances: tuple[str, ...]
    copies: int
    cells: tuple[int, int, int] | None
    begins: int
    ends: int
    draws: int
    synapses: int
    weight_bits: int
    parts: tuple[Part, ...]
    enabled: bool = False


@dataclass(frozen=True)
class Link:
    """Lines from a stage (or ``inputs``) to another (or ``outputs``). delay: clocks by which they wait for a slower source (rule T4)."""

    source: str
    target: str
    lines: int
    delay: int = 0


@dataclass(frozen=True)
class Blocks:
    """A whole diagram. t_in_max: last clock in which an input may rise. clocks: of a wave. chain_bits: of the weight port, 0 if frozen.
    controller: leaf that counts the clocks. update: clocks at the end of the wave in which weights change."""

    name: str
    kind: Kind
    inputs: int
    t_in_max: int
    enables: int
    outputs: int
    clocks: int
    chain_bits: int
    stages: tuple[Stage, ...]
    links: tuple[Link, ...]
    controller: str = "wave_controller"
    update: int = 1


def span(pattern: str, count: int) -> str:
    """Names of ``count`` instances: the first and the last of them, ``pattern`` with their number in place of {}."""
    ends = [pattern.replace("{}", str(n)) for n in dict.fromkeys((0, count - 1))]
    return " … ".join(ends)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def column_blocks(design: Design, rings: Rings | None = None) -> Blocks:
    """Of a classic column's own RTL (rule C2). rings: fitted, None for the style parallel."""
    column, layer, state = design.column, design.network.layers[0], design.state.layers[0]
    names = {
        "line": span("line_{}", column.inputs),
        "near": "",
        "segment": span("neuron_{}", column.neurons),
        "synapse": "synapse_<neuron>_<input>",
        "select": "inhibition",
        "plasticity": span("plasticity_{}", column.inputs),
    }
    title = f"Column {column.inputs}×{column.neurons}"
    synapses, bits = _size(layer, state)
    if rings is None:
        clocks, unit, parts = column.wave_clocks, 1, _parts(layer.column, state, "learning", names)
    else:
        plan = RingPlan(column, rings)
        clocks, unit, parts = plan.clocks, rings.slots, _ring_parts(layer.column, plan)
        bits = len(plan.order().places)
    cells = (1, 1, column.neurons)  # as one dendrite (rule C2)
    ends, draws = unit * column.horizon, unit * column.draws
    stage = Stage("layer0", title, (design.name,), (), 1, cells, 0, ends, draws, synapses, bits, parts)
    links = (Link("inputs", "layer0", column.inputs), Link("layer0", "outputs", column.neurons))
    made = Blocks(design.name, "learning", column.inputs, unit * column.t_in_max, 0, column.neurons, clocks, bits, (stage,), links)
    return made if rings is None else replace(made, controller="ring_controller", update=rings.slots * rings.members)


def _ring_parts(spec: DendriticColumnSpec, plan: RingPlan) -> tuple[Part, ...]:
    """Boxes of a column whose weights circulate."""
    slots, members, groups, blocks = plan.rings.slots, plan.rings.members, plan.groups, plan.blocks
    lines = (
        f"{spec.inputs} lines, times 0 … {spec.t_in_max} (T2)",
        f"{_counted(slots, 'line')} take turns, {_counted(slots, 'clock')} a unit clock",
    )
    held = f"{blocks * groups} rings of {slots * members} weights of {spec.w_res} bits"
    neurons = (f"{blocks} × {_counted(members, 'neuron')}, {held}", f"ramp (S2), fire at potential ≥ {spec.threshold} (G1)")
    shared = (f"STDP R1 … R5, one update for each ring: {_counted(members, 'neuron')} in turn", f"stabiliser {spec.stdp.stabiliser} (R6)")
    drawn = (f"shift register of {spec.lfsr.width} bits (R7)", f"{layer_draws(spec)} draws, one set of bits (R8)")
    rings, potentials = f"ring_0_0 … ring_{blocks - 1}_{groups - 1}", span("potentials_{}", blocks)
    updates = f"update_0_0 … update_{blocks - 1}_{groups - 1}"
    return (
        Part("lines", "Input lines", lines, ("line_ring",), (span("line_{}", groups),)),
        Part("dendrites", "Neurons", neurons, ("weight_ring", "synapse_response", "potential_ring"), (rings, potentials)),
        Part("winner", "Inhibition", (f"{TIES[spec.tie]} (C1)",), ("ring_winner",), ("inhibition",)),
        Part("learning", "Plasticity", shared, ("rule_gates", "weight_update"), (span("gates_{}", blocks), updates)),
        Part("learning", "Random unit", drawn, ("random_shift",), ("random",)),
    )


def network_blocks(design: Design, kind: Kind = "learning") -> Blocks:
    """Of a network's RTL (rules L1, L2)."""
    network, starts = design.network, layer_starts(design.network)
    modules = [name for name, *_ in distinct_columns(design, kind)]
    stages, links = [], []
    for number, (layer, state) in enumerate(zip(network.layers, design.state.layers, strict=True)):
        spec, key = layer.column, f"layer{number}"
        synapses, bits = _size(layer, state)
        stem = column_module(design.name, number, None)
        mine = tuple(name for name in modules if name == stem or name.startswith(f"{stem}_column"))
        draws = layer_draws(spec) if kind == "learning" else 0
        ends = starts[number] + own_clocks(layer)
        parts = _parts(spec, state, kind, _names(spec))
        instance = (span(f"column_{number}_{{}}", layer.columns),)
        title, cells = _title(number, layer), (spec.neurons, spec.dendrites, spec.segments)
        enabled = spec.proximal.mode == "enable"
        begins = starts[number]
        stages.append(Stage(key, title, mine, instance, layer.columns, cells, begins, ends, draws, synapses, bits, parts, enabled))
        for source, lines in enumerate(lines_of_sources(network)[number]):
            if lines:
                heard = 0 if source == 0 else heard_from(network, starts, source - 1)
                links.append(Link("inputs" if source == 0 else f"layer{source - 1}", key, lines, starts[number] - heard))
    reader = "outputs"
    if network.voter is not None:
        stages.append(_voter(design, network.voter, starts, kind))
        reader = "voter"
        links.append(Link("voter", "outputs", network.voter.classes))
    for number in network.output_layers:
        delay = 0 if network.voter is None else voter_start(network, starts) - heard_from(network, starts, number)
        links.append(Link(f"layer{number}", reader, network.layers[number].lines, delay))
    chain = 0 if kind == "frozen" else sum(stage.weight_bits for stage in stages)
    outputs = network.lines if network.voter is None else network.voter.classes
    return Blocks(
        design.name, kind, network.inputs, network.t_in_max, network.enables, outputs, wave_clocks(network, kind), chain,
        tuple(stages), tuple(links),
    )  # fmt: skip


def _title(number: int, layer: LayerSpec) -> str:
    spec = layer.column
    size = [spec.inputs, spec.segments] if (spec.neurons, spec.dendrites) == (1, 1) else [spec.inputs, spec.neurons, spec.segments]
    if (spec.neurons, spec.dendrites) != (1, 1) and spec.dendrites > 1:
        size.insert(2, spec.dendrites)
    many = "" if layer.columns == 1 else f"{layer.columns} × "
    return f"Layer {number}: {many}column {'×'.join(map(str, size))}"


def _size(layer: LayerSpec, state: LayerState) -> tuple[int, int]:
    """Synapses that exist, and bits of their weights."""
    far, near = int(state.distal_mask.sum()), int(state.proximal_mask.sum())
    return far + near, far * layer.column.w_res + near * layer.column.proximal.w_res


def _names(spec: DendriticColumnSpec) -> dict[str, str]:
    """Names of instances in a network's column."""
    return {
        "line": span("line_far_{}", spec.inputs),
        "near": span("line_near_{}", spec.proximal.inputs) if spec.proximal.inputs else "",
        "segment": "segment_<neuron>_<dendrite>_<segment>",
        "synapse": "synapse_<kind>_<index>",
        "select": "select_<neuron>_<dendrite>",
        "plasticity": "plasticity_<neuron>_<dendrite>_<kind>_<line>",
    }


def _parts(spec: DendriticColumnSpec, state: LayerState, kind: Kind, names: dict[str, str]) -> tuple[Part, ...]:
    """Boxes of a column, from its lines to its learning."""
    mode, near = spec.proximal.mode, spec.proximal
    lines = [f"{spec.inputs} distal lines, times 0 … {spec.t_in_max} (T2)"]
    if near.inputs:
        lines.append(f"{near.inputs} proximal lines, {mode} ({'P1' if mode == 'sum' else 'P3'})")
    if mode == "enable":
        lines.append(f"{spec.neurons} enable lines (P2)")
    made = [Part("lines", "Input lines", tuple(lines), ("spike_input",), tuple(filter(None, (names["line"], names["near"]))))]

    classic = spec.output == "segments" and (spec.neurons, spec.dendrites) == (1, 1)
    counts = [_counted(spec.neurons, "neuron"), _counted(spec.dendrites, "dendrite"), _counted(spec.segments, "segment")]
    what = _counted(spec.segments, "neuron") if classic else " × ".join(counts)
    ramp = "ramp (S2)" if spec.response == "rnl" else "step (S3)"
    count = int(state.distal_mask[0].sum() + state.proximal_mask[0].sum())
    dendrites = (what, f"{count:,} synapses of {spec.w_res} bits, {ramp}", f"fire at potential ≥ {spec.threshold} (G1)")
    held = {"learning": "synapse", "programmable": "weight_register", "frozen": "synapse_response"}[kind]
    neuron = "neuron" if spec.homeostasis is None else "biased_neuron"
    title = "Neurons" if classic else "Dendrites"
    made.append(Part("dendrites", title, dendrites, (held, neuron), (names["synapse"], names["segment"])))

    rule = "C1" if classic else "D1"
    title = "Inhibition" if classic else "Winner of a dendrite"
    made.append(Part("winner", title, (f"{TIES[spec.tie]} ({rule})",), ("winner_select",), (names["select"],)))
    if mode == "soma":
        soma = (f"θ {near.soma_threshold}, weights {near.weight_proximal} near, {near.weight_distal} far (P3)",)
        made.append(Part("neuron", "Soma", soma, ("soma",), (span("soma_{}", spec.neurons),)))
    if spec.output == "neurons":
        passes = INHIBITION[spec.inhibition].replace("the k", f"the {spec.k}")
        made.append(Part("neuron", "Inhibition", (f"{passes} (C1)",), ("neuron_inhibition",), ("inhibition",)))
    if kind == "learning":
        made += _learning(spec, names)
    return tuple(made)


def _learning(spec: DendriticColumnSpec, names: dict[str, str]) -> list[Part]:
    """Plasticity, its random bits, and homeostasis."""
    cases = "R1 … R5" + (", reward (R9)" if spec.reward else "") + (", taught (R15)" if spec.teacher is not None else "")
    stdp = (f"STDP {cases}, once per wave", f"stabiliser {spec.stdp.stabiliser} (R6)")
    shared = "one set of bits (R8)" if spec.sharing == "column" else f"a set for each of {spec.inputs + spec.proximal.inputs} lines (R8)"
    unit = "random_unit" if spec.sharing == "column" else "random_sets"
    bits = (f"shift register of {spec.lfsr.width} bits (R7)", f"{layer_draws(spec)} draws, {shared}")
    made = [
        Part("learning", "Plasticity", stdp, ("plasticity_line",), (names["plasticity"],)),
        Part("learning", "Random unit", bits, (unit,), ("random",)),
    ]
    if spec.homeostasis is not None:
        rule = spec.homeostasis
        bias = (f"a win +{rule.alpha}, every {1 << rule.period} waves −{rule.beta} (R12)",)
        made.append(Part("learning", "Homeostasis", bias, ("homeostasis", "fall_counter"), ("bias_<index>_register", "period")))
    return made


def _voter(design: Design, voter: VoterSpec, starts: Sequence[int], kind: Kind) -> Stage:
    network, state = design.network, design.state.voter
    assert state is not None
    begins, synapses = voter_start(network, starts), int(state.mask.sum())
    by_lines = voter.read == "votes"
    rows = network.lines if by_lines else voter.rows
    module = "voter_line" if by_lines else "voter_row"
    read = f"a line votes from {voter.fraction[0]}/{voter.fraction[1]} of its largest weight (R10)"
    if not by_lines:
        read = f"{voter.segments} segment{'s' if voter.segments > 1 else ''} a class, margin {voter.margin} (R14)"
    parts = [
        Part("dendrites", "Weights", (f"{rows} rows of {voter.w_res}-bit weights", read), (module,), (span(f"{module}_{{}}", rows),)),
        Part(
            "winner",
            "Tally" if by_lines else "Comparison",
            (f"{voter.classes} classes, most votes, lowest index" if by_lines else f"{voter.classes} classes, largest potential",),
            ("voter_tally" if by_lines else "voter_compare",),
            ("voter",),
        ),
    ]
    draws = voter_draws(network) if kind == "learning" else 0
    if draws:
        parts.append(Part("learning", "Random sets", (f"{draws} draws (R7, R8)",), ("random_sets",), ("voter_random",)))
    title = f"Voter by {voter.read}: {network.lines} lines × {voter.rows}"
    ends = begins + voter.t_in_max + 1
    return Stage("voter", title, (), (), 1, None, begins, ends, draws, synapses, synapses * voter.w_res, tuple(parts))
