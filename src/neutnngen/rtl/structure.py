"""What the templates of a network's RTL print: every column, line and synapse by name. Pure functions of a Design."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.errors import ConfigError, unknown_name
from neutnngen.rtl.counting import as_context, counted_segment, counts_are_smaller
from neutnngen.rtl.hearing import hear
from neutnngen.rtl.voting import label_lines, voter_context, voter_draws
from neutnngen.rtl.words import KINDS, Kind, constant, joined, random_words, stabiliser_kind
from neutnngen.spec import DendriticColumnSpec, Design, HomeostasisSpec, LayerSpec, LayerState, NetworkSpec
from neutnngen.spec.schedule import column_draws, layer_draws, layer_starts, own_clocks, voter_start

MODES = ("all_earliest", "one_lowest_index", "one_largest_potential", "k_earliest")
"""Rule C1 by the number that the leaf knows it by."""


@dataclass(frozen=True)
class Synapse:
    """A synapse that exists. kind: "far" (distal) or "near" (proximal). index: its place in the array of its kind, the column left out."""

    kind: str
    index: tuple[int, ...]

    @property
    def name(self) -> str:
        """Part of the names of its wires and its instance."""
        return "_".join([self.kind, *map(str, self.index)])

    @property
    def line(self) -> int:
        """Its input line."""
        return self.index[-1]


def check_network(network: NetworkSpec, kind: Kind = "learning") -> None:
    """Raise ConfigError for what there is no hardware for yet."""
    if kind not in KINDS:
        raise unknown_name("there is no such kind of hardware", kind, KINDS)
    problems = []
    if network.voter is not None and network.voter.read == "votes" and network.voter.sharing == "synapse" and kind == "learning":
        problems.append("random bits per synapse of the voter (rule R8)")
    for number, layer in enumerate(network.layers):
        if layer.column.sharing == "synapse" and kind == "learning":
            problems.append(f"random bits per {layer.column.sharing} in layer {number} (rule R8)")
    if problems:
        raise ConfigError(
            "there is no RTL yet for a part of the network",
            got="; ".join(problems),
            allowed="columns of any kind, random bits per column or line",
        )


def wave_clocks(network: NetworkSpec, kind: Kind = "learning") -> int:
    """Clocks of a wave: all layers have decided, all random bits are drawn, and one clock to update and clear (rules T3, T4, R7)."""
    ends = [start + own_clocks(layer) for start, layer in zip(layer_starts(network), network.layers, strict=True)]
    if kind == "learning":
        ends += [layer_draws(layer.column) for layer in network.layers]
        if network.voter is not None:
            ends.append(voter_draws(network))
    if network.voter is not None:
        ends.append(voter_start(network, layer_starts(network)) + network.voter.t_in_max + 1)
    return max(ends) + 1


def column_synapses(state: LayerState, column: int) -> list[Synapse]:
    """In the order of the scan chain: distal, then proximal, each in the order of its array."""
    made = [Synapse("far", tuple(index)) for index in np.argwhere(state.distal_mask[column]).tolist()]
    return made + [Synapse("near", tuple(index)) for index in np.argwhere(state.proximal_mask[column]).tolist()]


def column_weights(state: LayerState, column: int) -> list[int]:
    """Weights in the order of ``column_synapses``."""
    far, near = state.distal[column][state.distal_mask[column]], state.proximal[column][state.proximal_mask[column]]
    return [*map(int, far), *map(int, near)]


def widths(spec: DendriticColumnSpec) -> dict[str, int]:
    """Bits of a weight by kind."""
    return {"far": spec.w_res, "near": spec.proximal.w_res}


def bias_bits(rule: HomeostasisSpec) -> int:
    """Bits of a bias (rule R12)."""
    return max(rule.limit.bit_length(), 1)


def counted_by_weight(spec: DendriticColumnSpec, state: LayerState, column: int, kind: Kind) -> bool:
    """Whether a column's lines are counted by weight instead of compared with ages (``rtl.counting``): frozen ramps whose potentials nobody
    compares, where it is estimated to be smaller."""
    levels = spec.tie == "largest_potential" or spec.inhibition == "one_largest_potential"
    if kind != "frozen" or spec.response != "rnl" or spec.homeostasis is not None or levels:
        return False
    synapses = column_synapses(state, column)
    weight = dict(zip(synapses, column_weights(state, column), strict=True))
    segments = [[weight[s] for s in members] for group in _groups(spec, synapses) for members in group.members]
    return counts_are_smaller(segments, len({(s.kind, s.line) for s in synapses}))


def column_context(
    name: str, spec: DendriticColumnSpec, state: LayerState, column: int, count_w: int, kind: Kind = "learning"
) -> dict[str, Any]:
    """Everything that the template of a column prints. A column without any synapse never fires, and has its random unit alone."""
    counted = counted_by_weight(spec, state, column, kind)
    synapses = column_synapses(state, column)
    width, ramp = widths(spec), spec.response == "rnl"
    last_bit = {s: f"w_{s.name}[{width[s.kind] - 1}]" for s in synapses}
    scan_in = dict.fromkeys(synapses[:1], "weight_in") | {after: last_bit[one] for one, after in pairwise(synapses)}
    groups = list(_groups(spec, synapses))
    alone = len(groups) == 1
    other = spec.proximal_w_max not in (0, spec.w_max)
    levels = {"far": (0, spec.w_max + 1), "near": (spec.w_max + 1 if other else 0, spec.proximal_w_max + 1)}
    tables = [spec.stdp.stabiliser_table(w) for w in ((spec.w_max, spec.proximal_w_max) if other else (spec.w_max,))]
    up, down = (tuple(level for table in tables for level in table[way]) for way in (0, 1))
    stdp = spec.stdp
    used = sorted({(s.kind, s.line) for s in synapses})
    weights = column_weights(state, column)
    sets = spec.inputs + spec.proximal.inputs if spec.sharing == "line" else 1
    kind_of_table = stabiliser_kind(up, down)
    of_weight = dict(zip(synapses, weights, strict=True)) if counted else None
    draws = _Draws(sets, column_draws(spec), kind_of_table == 0, levels, spec.inputs)
    return {
        "name": name,
        "kind": kind,
        "learning": kind == "learning",
        "chained": kind != "frozen",
        "neurons": spec.neurons,
        "dendrites": spec.dendrites,
        "segments": spec.segments,
        "far": spec.inputs,
        "near": spec.proximal.inputs,
        "enable": spec.proximal.mode == "enable",
        "reward": spec.reward,
        "lines": spec.lines,
        "synapses": [
            {"weight": f"w_{s.name}", "width": width[s.kind], "value": constant(weight, width[s.kind])}
            for s, weight in zip(synapses, weights, strict=True)
        ],
        "chain_bits": sum(width[s.kind] for s in synapses),
        "scan_end": last_bit[synapses[-1]] if synapses else "weight_in",
        "count_w": count_w,
        **random_words(spec.lfsr, stdp, up, down),
        "seed": constant(int(state.lfsr[column]), spec.lfsr.width),
        "levels": len(up),
        "stabiliser": kind_of_table,
        "sets": sets,
        "set_size": column_draws(spec),
        "bias": _bias_context(spec, state, groups),
        "ramp": int(ramp),
        "largest": int(spec.tie == "largest_potential"),
        "counted": counted,
        "inputs": [
            _line(kind, index, width[kind] if ramp else 1, groups[0].name if alone else None) for kind, index in used if not counted
        ],
        "groups": [_group_context(spec, group, scan_in, draws, alone, state.bias[column], of_weight) for group in groups],
        "segments_out": spec.output == "segments",
        "outputs": joined([f"win_{group.name}" for group in groups]),
        **_neurons_context(spec, groups),
    }


@dataclass(frozen=True)
class _Draws:
    """Where the random bits of a line are (rules R6 … R8). sets: one, or one for every line; size: bits of a set. always: whether the
    stabiliser is off. levels: by kind the first level and their number. inputs: distal lines, whose sets come first."""

    sets: int
    size: int
    always: bool
    levels: dict[str, tuple[int, int]]
    inputs: int

    def of(self, kind: str, index: int, group: str, reward: bool) -> dict[str, str]:
        """What ``plasticity_line`` is given: gates of the rules, minimum, and the stabiliser of every level."""
        first, count = self.levels[kind]
        right, wrong = (f" & right_{group}", f" & ~right_{group}") if reward else ("", "")
        at = (index if kind == "far" else self.inputs + index) * self.size
        if self.sets == 1:  # already gated with the update
            rule = dict(zip(("capture", "minus", "search", "backoff"), ("capture", "minus", "search_enable", "backoff"), strict=True))
            minimum, up, down = "minimum", f"stabilise_up[{first}+:{count}]", f"stabilise_down[{first}+:{count}]"
        else:
            rule = {name: f"bits[{at + n}]" for n, name in enumerate(("capture", "minus", "search", "backoff"))}
            ones = f"{{{count}{{1'b1}}}}"
            minimum = f"bits[{at + 4}]"
            up, down = (ones if self.always else f"{word}[{at + 5 + first}+:{count}]" for word in ("bits", "bits_down"))
        allow = f"allow_{group}"
        return {
            "capture": f"{rule['capture']} & {allow}{right}",
            "minus": f"{rule['minus']} & {allow}{right}",
            "backoff": f"{rule['backoff']} & {allow}{right}",
            "search": f"{rule['search']} & {allow}{wrong}",
            "reverse": f"{rule['backoff']} & {allow}{wrong}" if reward else "1'b0",
            "minimum": minimum,
            "up": up,
            "down": down,
        }


def _bias_context(spec: DendriticColumnSpec, state: LayerState, groups: Sequence[_Group]) -> dict[str, Any] | None:
    """Rule R12; None without homeostasis."""
    rule = spec.homeostasis
    if rule is None:
        return None
    names = [f"bias_{g.name}_{n}" for g in groups if g.dendrite >= 0 for n in range(spec.segments)]
    return {
        **dataclasses.asdict(rule),
        "width": bias_bits(rule),
        "count": len(names),
        "names": names,
        "start": int(state.learned) % (1 << rule.period),
    }


@dataclass(frozen=True)
class _Group:
    """Segments that compete: a dendrite, or the proximal segments of a soma neuron."""

    name: str
    what: str
    neuron: int
    dendrite: int  # -1 for the proximal segments
    threshold: int
    potential_max: int
    members: tuple[tuple[Synapse, ...], ...]  # by segment


def _groups(spec: DendriticColumnSpec, synapses: Sequence[Synapse]) -> Iterator[_Group]:
    summed = spec.proximal.mode == "sum"
    for j in range(spec.neurons):
        for d in range(spec.dendrites):
            mine = [s for s in synapses if s.index[:2] == (j, d) and (s.kind == "far" or summed)]
            members = tuple(tuple(s for s in mine if s.index[2] == n) for n in range(spec.segments))
            yield _Group(f"{j}_{d}", f"Dendrite {d} of neuron {j}", j, d, spec.threshold, spec.potential_max, members)
    if spec.proximal.mode == "soma":
        near = spec.proximal
        for j in range(spec.neurons):
            members = tuple(tuple(s for s in synapses if s.kind == "near" and s.index[:2] == (j, n)) for n in range(near.segments))
            largest = near.inputs * spec.proximal_w_max
            yield _Group(f"{j}_near", f"Proximal segments of neuron {j}", j, -1, near.threshold, largest, members)


def _line(kind: str, index: int, age_w: int, alone: str | None) -> dict[str, Any]:
    """An input line. alone: the one group of the column, whose decision may stop the line."""
    return {
        "what": "Distal" if kind == "far" else "Proximal",
        "index": index,
        "instance": f"line_{kind}_{index}",
        "level": f"{kind}_in[{index}]",
        "remaining": f"remaining_{kind}_{index}",
        "early": f"started_{kind}_{index}",
        "age_w": age_w,
        "decided": f"decided_{alone}" if alone else "1'b0",
    }


def _group_context(
    spec: DendriticColumnSpec,
    group: _Group,
    scan_in: dict[Synapse, str],
    draws: _Draws,
    alone: bool,
    bias: NDArray[np.int64],
    counted: dict[Synapse, int] | None,
) -> dict[str, Any]:
    """What the template prints of a group. counted: its weights where the lines are counted by weight."""
    width, ramp = widths(spec), spec.response == "rnl"
    w_max = {"far": spec.w_max, "near": spec.proximal_w_max}
    bits = group.potential_max.bit_length()
    flat = [s for members in group.members for s in members]
    lines = sorted({(s.kind, s.line) for s in flat})
    term_w = 1 if ramp else max((width[s.kind] for s in flat), default=1)
    own_w = {kind: 1 if ramp else width[kind] for kind in width}
    enabled = spec.proximal.mode == "enable"
    allow = _allow(spec, group, flat)
    biased = spec.homeostasis if group.dendrite >= 0 else None
    return {
        "id": group.name,
        "what": group.what,
        "count": len(group.members),
        "potential_w": bits,
        "threshold": group.threshold,
        "term_w": term_w,
        "hold": 0 if alone and counted is None else 1,
        "fire": f"fire_{group.name} & {{{len(group.members)}{{enable[{group.neuron}]}}}}" if enabled else f"fire_{group.name}",
        "allow": allow,
        "levels": joined([f"{kind}_in[{index}]" for kind, index in lines]),
        "lines": [_plasticity(spec, group, kind, index, place, draws, alone) for place, (kind, index) in enumerate(lines)],
        "segments": [
            {
                "index": n,
                "bias": f"bias_{group.name}_{n}" if biased else "",
                "start": constant(int(bias[group.neuron, group.dendrite, n]), bias_bits(biased)) if biased else "",
                "can_fire": sum(w_max[s.kind] for s in members) >= group.threshold,
                "counted": None if counted is None else _counted(group, n, counted),
                "synapses": [
                    {
                        "instance": f"synapse_{s.name}",
                        "weight": f"w_{s.name}",
                        "width": width[s.kind],
                        "line": f"{s.kind}_{s.line}",
                        "remaining": f"remaining_{s.kind}_{s.line}",
                        "scan_in": scan_in[s],
                        "term": f"term_{s.name}",
                        "term_w": own_w[s.kind],
                    }
                    for s in members
                ],
                "terms": joined([_padded(f"term_{s.name}", term_w - own_w[s.kind]) for s in members]),
            }
            for n, members in enumerate(group.members)
        ],
    }


def _counted(group: _Group, segment: int, weights: dict[Synapse, int]) -> dict[str, Any] | None:
    terms = [(f"{s.kind}_in[{s.line}]", weights[s]) for s in group.members[segment]]
    return as_context(counted_segment(f"{group.name}_{segment}", terms, group.threshold, f"fire_{group.name}[{segment}]"))


def _padded(name: str, zeros: int) -> str:
    return f"{{{zeros}'d0, {name}}}" if zeros else name


def _allow(spec: DendriticColumnSpec, group: _Group, synapses: Sequence[Synapse]) -> str:
    """Whether a group learns in a wave in which its column does (rules P2, R15)."""
    parts = []
    if group.dendrite >= 0 and spec.proximal.mode == "enable":
        parts.append(f"enable[{group.neuron}]")
    if group.dendrite >= 0 and spec.teacher is not None:
        parts.append(f"far_in[{spec.teacher + group.neuron}]")
        if spec.proximal.mode == "sum":
            near = sorted({s.line for s in synapses if s.kind == "near"})
            parts.append(f"(|{joined([f'near_in[{n}]' for n in near])})" if near else "1'b0")
    return f"({' & '.join(parts)})" if parts else "1'b1"


def _plasticity(spec: DendriticColumnSpec, group: _Group, kind: str, index: int, place: int, draws: _Draws, alone: bool) -> dict[str, Any]:
    """What one line asks of the synapses that a group has on it."""
    present = [(n, s) for n, members in enumerate(group.members) for s in members if (s.kind, s.line) == (kind, index)]
    return {
        "id": f"{kind}_{index}",
        "count": len(present),
        "width": widths(spec)[kind],
        **draws.of(kind, index, group.name, spec.reward),
        "level": f"{kind}_in[{index}]",
        "early": f"started_{kind}_{index}" if alone else f"early_{group.name}[{place}]",
        "winner": joined([f"win_{group.name}[{n}]" for n, _ in present]),
        "weights": joined([f"w_{s.name}" for _, s in present]),
    }


def _neurons_context(spec: DendriticColumnSpec, groups: Sequence[_Group]) -> dict[str, Any]:
    """Neurons and their inhibition (rules N1, P3, C1)."""
    soma = spec.proximal if spec.proximal.mode == "soma" else None
    bits = spec.potential_max.bit_length()
    level_w = bits if soma is None else (soma.weight_proximal + soma.weight_distal).bit_length() + 1
    neurons = []
    for j in range(spec.neurons):
        mine = [g.name for g in groups if g.neuron == j and g.dendrite >= 0]
        fires = [f"(|now_{name})" for name in mine]
        level = f"{bits}'d0"
        for name in reversed(mine):  # the first dendrite that fires now, and in it the segment that wins now
            picked = " | ".join(f"({{{bits}{{now_{name}[{s}]}}}} & level_{name}[{s * bits}+:{bits}])" for s in range(spec.segments))
            level = f"(|now_{name}) ? ({picked}) : ({level})"
        neurons.append(
            {
                "index": j,
                "fire": " | ".join(fires),
                "level": level,
                "near": f"decided_{j}_near | (|now_{j}_near)",
                "far": " | ".join(f"decided_{name} | (|now_{name})" for name in mine),
            }
        )
    return {
        "soma": None if soma is None else dataclasses.asdict(soma),
        "level_w": level_w,
        "neuron_list": neurons,
        "mode": MODES.index(spec.inhibition),
        "k": spec.k,
    }


# --- the network ------------------------------------------------------------------------------------------------------------------------


def network_context(design: Design, kind: Kind = "learning") -> dict[str, Any]:
    """Everything that the templates of a network and of its test bench print, but for its columns' insides."""
    network, starts = design.network, layer_starts(design.network)
    clocks = wave_clocks(network, kind)
    layers = [_layer_context(design, number, starts, kind) for number in range(len(network.layers))]
    voter = None if network.voter is None else voter_context(design, starts, sum(len(layer["columns"]) for layer in layers), kind)
    chain = [column for layer in layers for column in layer["columns"]]
    for place, column in enumerate(chain):
        column["chain"] = place
    return {
        "name": design.name,
        "kind": kind,
        "learning": kind == "learning",
        "chained": kind != "frozen",
        "synapses": design.synapses,
        "clocks": clocks,
        "count_w": clocks.bit_length(),
        "t_in_max": network.t_in_max,
        "t_lines": network.t_in_max + 1,
        "inputs": network.inputs,
        "enables": network.enables,
        "labels": label_lines(network) if kind == "learning" else 0,
        "stages": network.stages,
        "voter": voter,
        "first_voter_link": len(chain),
        "links": len(chain) + (0 if voter is None else len(voter["rows"])),
        "lines": network.lines,
        "all_lines": sum(layer.lines for layer in network.layers),
        "layers": layers,
        "chain": chain,
        "chain_bits": sum(column["bits"] for column in chain) + (0 if voter is None else voter["bits"]),
        "outputs": joined([f"lines_{n}" for n in network.output_layers]),
        "all_outputs": joined([f"dut.lines_{n}" for n in range(len(network.layers))]),
    }


def _layer_context(design: Design, number: int, starts: Sequence[int], kind: Kind) -> dict[str, Any]:
    network, layer = design.network, design.network.layers[number]
    spec, state = layer.column, design.state.layers[number]
    heard = list(_heard_lines(network, number, starts))
    names = {line["number"]: line["name"] for line in heard}
    far = layer.wiring.table()
    near: NDArray[np.int64] | None = None if layer.proximal_wiring is None else layer.proximal_wiring.table()
    alike = _columns_alike(state, kind)
    columns = []
    for c in range(layer.columns):
        columns.append(
            {
                "module": column_module(design.name, number, c if not alike else None),
                "instance": f"column_{number}_{c}",
                "seed": constant(int(state.lfsr[c]), spec.lfsr.width),
                "far": joined([names[int(n)] for n in far[c]]),
                "near": "" if near is None else joined([names[int(n)] for n in near[c]]),
                "first": c * spec.lines,
                "bits": sum(widths(spec)[s.kind] for s in column_synapses(state, c)),
            }
        )
    return {
        "index": number,
        "start": starts[number],
        "lines": layer.lines,
        "width": spec.lines,
        "draws": layer_draws(spec),
        "biased": spec.homeostasis is not None,
        "closes": starts[number] + spec.t_in_max,
        "gated": any(line["gated"] for line in heard),
        "heard": heard,
        "columns": columns,
        "near": spec.proximal.inputs,
        "enable": spec.proximal.mode == "enable",
        "reward": spec.segments if spec.reward else 0,
    }


def column_module(name: str, layer: int, column: int | None) -> str:
    """Name of a column's module; None where all columns of the layer share one."""
    return f"{name}_layer{layer}" + ("" if column is None else f"_column{column}")


def _columns_alike(state: LayerState, kind: Kind) -> bool:
    """Whether all columns of a layer have the same synapses and biases (and, frozen, the same weights): one module serves them all."""
    if not (state.bias == state.bias[:1]).all():
        return False
    if kind == "frozen" and not ((state.distal == state.distal[:1]).all() and (state.proximal == state.proximal[:1]).all()):
        return False
    return bool((state.distal_mask == state.distal_mask[:1]).all() and (state.proximal_mask == state.proximal_mask[:1]).all())


def distinct_columns(design: Design, kind: Kind = "learning") -> list[tuple[str, LayerSpec, LayerState, int]]:
    """Modules that have to be written: name, layer, its state, and the column that shows how."""
    found = []
    for number, (layer, state) in enumerate(zip(design.network.layers, design.state.layers, strict=True)):
        if _columns_alike(state, kind):
            found.append((column_module(design.name, number, None), layer, state, 0))
        else:
            found += [(column_module(design.name, number, c), layer, state, c) for c in range(layer.columns)]
    return found


def _heard_lines(network: NetworkSpec, number: int, starts: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Every line that a layer reads, as it hears it."""
    layer = network.layers[number]
    tables = [w.table().reshape(-1) for w in (layer.wiring, layer.proximal_wiring) if w is not None]
    lines = np.unique(np.concatenate(tables)).tolist()
    return hear(network, lines, starts, starts[number], layer.column.t_in_max, str(number))
