"""From a blueprint to a Design: wiring, thresholds and first weights, all from the plan and the first training images."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.mnist.blueprint import Blueprint, LayerPlan, ReadoutPlan
from neutnngen.apps.mnist.code import ImageCode, Images
from neutnngen.core.lines import lines_read, outputs_read
from neutnngen.engine import get_engine
from neutnngen.errors import ConfigError
from neutnngen.spec import (
    NO_SPIKE,
    DendriticColumnSpec,
    Design,
    FieldWiring,
    LayerSpec,
    LayerState,
    LfsrSpec,
    ListWiring,
    NetworkSpec,
    NetworkState,
    ProximalSpec,
    VoterSpec,
    VoterState,
    blank_layer,
    blank_voter,
)

Labels = NDArray[np.int64]
POOL = 600
"""Images from which weights are copied and thresholds are taken; ten classes have some 60 each."""

VOTER_T_RES = 4
VOTER_NOISE = 4
"""Segments of one class begin this far apart at most (rule R14), of 2^w_res."""


@dataclass(frozen=True)
class _Grid:
    """Lines of a map of places: the image or a layer."""

    rows: int
    columns: int
    channels: int
    first: int


@dataclass(eq=False)
class _Growing:
    """A network that grows layer by layer, with the pool's times at every stage."""

    inputs: int
    t_res: int
    times: list[NDArray[np.uint8]]
    layers: list[LayerSpec] = field(default_factory=list)
    states: list[LayerState] = field(default_factory=list)

    def network(self, voter: VoterSpec | None = None) -> NetworkSpec:
        return NetworkSpec(self.inputs, tuple(self.layers), self.t_res, voter)


def build(blueprint: Blueprint, images: Images, labels: Labels, classes: int, seed: int) -> Design:
    """The Design before it has learned anything.

    images, labels: of the training part; the first ``POOL`` of them are looked at. seed: of wiring, of the choice of samples, and of the
    random registers. Raises ConfigError where the plan does not fit the images.
    """
    rng = np.random.default_rng([seed, 0])
    code = ImageCode(blueprint.code, (images.shape[1], images.shape[2]))
    pool, known = images[:POOL], labels[:POOL]
    grid = _Grid(*code.places, code.channels, 0)
    made = _Growing(code.lines, code.t_res, [code.encode(pool)])
    for number, plan in enumerate(blueprint.layers):
        grid = _add_layer(made, number, plan, grid, known, classes, seed, rng)
    network = made.network()
    voter, state = first_voter(blueprint.readout, network, made.times, classes, rng)
    return Design(
        blueprint.name,
        made.network(voter),
        NetworkState(tuple(made.states), state),
        {"blueprint": dataclasses.asdict(blueprint), "seed": seed, "image": list(images.shape[1:]), "pool": len(pool)},
    )


def _add_layer(
    made: _Growing, number: int, plan: LayerPlan, grid: _Grid, labels: Labels, classes: int, seed: int, rng: np.random.Generator
) -> _Grid:
    if plan.size > min(grid.rows, grid.columns):
        raise ConfigError(
            f"layer {number}: the window is larger than what it looks at", got=plan.size, allowed=f"1 … {min(grid.rows, grid.columns)}"
        )
    wiring, shape = _wiring(plan, grid, rng)
    known = lines_read(made.network(), made.times, (1 << plan.t_res) - 1) if made.layers else made.times[0]
    seen = known[:, wiring.table()]  # (image, column, input)
    drive = float((seen != NO_SPIKE).sum(axis=2).mean())
    w_max = (1 << plan.w_res) - 1
    apart = plan.share < 1
    column = DendriticColumnSpec(
        wiring.inputs,
        classes if plan.classes else 1,
        min(max(1, round(plan.threshold * w_max * drive)), wiring.inputs * w_max),
        dendrites=1 if apart else plan.dendrites,
        segments=plan.segments,
        t_res=plan.t_res,
        w_res=plan.w_res,
        response=plan.response,
        tie=plan.tie,
        proximal=ProximalSpec("enable") if plan.classes else ProximalSpec(),
        inhibition=plan.inhibition,
        output=plan.output,
        stdp=plan.stdp,
        lfsr=LfsrSpec(seed=1 + (seed * 7919 + number * 104_729) % (2**31 - 2)),
        homeostasis=plan.homeostasis,
    )
    layer = LayerSpec(column, wiring)
    weights = _first_weights(plan, column, seen, labels, rng)
    made.layers.append(layer)
    made.states.append(dataclasses.replace(blank_layer(layer), distal=weights))
    result = get_engine().run(Design("pool", made.network(), NetworkState(tuple(made.states))), made.times[0], keep_layers=True)
    assert result.layers is not None
    made.times.append(result.layers[-1])
    return _Grid(*shape, layer.lines // (shape[0] * shape[1]), made.network().line_offsets[-1])


def _wiring(plan: LayerPlan, grid: _Grid, rng: np.random.Generator) -> tuple[FieldWiring | ListWiring, tuple[int, int]]:
    """Lines of every column, and (rows, columns) of the windows."""
    whole = FieldWiring(
        grid.rows, grid.columns, grid.channels, (plan.size, plan.size), (plan.stride, plan.stride), plan.corners, grid.first
    )
    if plan.share == 1 and plan.windows is None:
        return whole, whole.grid
    table, shape = whole.table(), whole.grid
    if plan.windows is not None:
        if plan.windows > whole.columns:
            raise ConfigError("there are not so many windows", got=plan.windows, allowed=f"1 … {whole.columns}")
        first = (whole.columns - plan.windows) // 2
        table, shape = table[first : first + plan.windows], (1, plan.windows)
    if plan.share < 1:
        places = table.reshape(len(table), -1, grid.channels)
        count = max(1, round(plan.share * places.shape[1]))
        rows = [np.sort(rng.permutation(places.shape[1])[:count]) for _ in range(len(table) * plan.dendrites)]
        table = np.stack([places[n // plan.dendrites, chosen].reshape(-1) for n, chosen in enumerate(rows)])
    return ListWiring(tuple(map(tuple, table.tolist()))), shape


def _first_weights(
    plan: LayerPlan, column: DendriticColumnSpec, seen: NDArray[np.uint8], labels: Labels, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """(column, neuron, dendrite, segment, input) weights (rule R13)."""
    shape = (seen.shape[1], *column.distal_shape)
    if plan.start == "uniform":
        return rng.integers(0, column.w_max + 1, shape, dtype=np.uint8)
    made = np.empty(shape, dtype=np.uint8)
    strength = copied(column, seen)
    for j in range(column.neurons):
        members = np.flatnonzero(labels == j) if plan.classes else np.arange(len(labels))
        if not len(members):
            raise ConfigError(f"class {j} has no image among the first {len(labels)}", got=0, allowed="one or more")
        for c in range(seen.shape[1]):
            patches = strength[members, c]
            for d in range(column.dendrites):
                made[c, j, d] = patches[apart(patches, column.segments, rng)]
    return made


def copied(column: DendriticColumnSpec, seen: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Spike times as weights (rule R13): the earlier a line, the heavier; neither end of the range where there is something between."""
    low, high = (1, column.w_max - 1) if column.w_max > 2 else (0, column.w_max)
    late = np.minimum(seen, column.t_in_max).astype(np.int64)
    return np.where(seen == NO_SPIKE, low, high - late * (high - low) // column.t_in_max).astype(np.uint8)


def apart(patches: NDArray[np.uint8], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Numbers of ``count`` patches that lie apart: the chance of each grows with its squared distance to those drawn before."""
    values = patches.astype(np.float32)
    chosen = [int(rng.integers(len(values)))]
    distance = np.abs(values - values[chosen[0]]).sum(axis=1)
    while len(chosen) < count:
        reach = np.cumsum(distance.astype(np.float64) ** 2)
        last = int(np.searchsorted(reach, rng.random() * reach[-1], side="right")) if reach[-1] > 0 else int(rng.integers(len(values)))
        chosen.append(min(last, len(values) - 1))
        distance = np.minimum(distance, np.abs(values - values[chosen[-1]]).sum(axis=1))
    return np.array(chosen, dtype=np.int64)


def first_voter(
    plan: ReadoutPlan, network: NetworkSpec, times: list[NDArray[np.uint8]], classes: int, rng: np.random.Generator
) -> tuple[VoterSpec, VoterState]:
    """A voter that has learned nothing. times: of the pool, at the inputs and after every layer."""
    lines = network.lines
    spec = _voter_spec(plan, classes, network, times)
    blank = blank_voter(spec, lines)
    if plan.kind == "tally":  # the lines of a column are its classes: each keeps the one synapse to its own
        own = np.arange(lines)[:, None] % classes == np.arange(classes)
        return spec, dataclasses.replace(blank, weights=own * np.uint8(spec.w_max), mask=own)
    middle = 1 << (spec.w_res - 1)
    weights = np.full(blank.weights.shape, middle, dtype=np.int64)
    if spec.segments > 1:
        weights += rng.integers(-VOTER_NOISE, VOTER_NOISE + 1, weights.shape)
    return spec, dataclasses.replace(blank, weights=np.clip(weights, 0, spec.w_max).astype(np.uint8))


def _voter_spec(plan: ReadoutPlan, classes: int, network: NetworkSpec, times: list[NDArray[np.uint8]]) -> VoterSpec:
    """The lead that rule R14 wants is ``margin`` times the mean number of lines that spike."""
    options: dict[str, Any] = {"t_res": VOTER_T_RES, "w_res": plan.w_res}
    if plan.kind == "margin":
        spiking = float((outputs_read(network, times[1:], (1 << VOTER_T_RES) - 1) != NO_SPIKE).sum(axis=1).mean())
        return VoterSpec(classes, **options, read="potential", segments=plan.segments, margin=max(1, round(plan.margin * spiking)))
    return VoterSpec(classes, **options, fraction=(1, 1) if plan.kind == "tally" else (1, 2))
