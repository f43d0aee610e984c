"""From a plan to a Design: wiring, masks, thresholds and first weights, all from the plan and the first training pairs."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.digits.code import DigitsCode
from neutnngen.apps.digits.pairs import CLASSES, Pairs
from neutnngen.apps.digits.plan import DigitsPlan
from neutnngen.apps.mnist.build import apart, copied, first_voter
from neutnngen.core.masks import block_mask
from neutnngen.engine import get_engine
from neutnngen.errors import ConfigError
from neutnngen.spec import (
    NO_SPIKE,
    DendriticColumnSpec,
    Design,
    FieldWiring,
    LayerSpec,
    LfsrSpec,
    ListWiring,
    NetworkSpec,
    NetworkState,
    blank_layer,
)

POOL = 600
"""Pairs from which weights are copied and thresholds are taken."""

Blocks = list[tuple[int, int]]
"""(first input, number of inputs) of each sense in a column."""


def build(plan: DigitsPlan, pairs: Pairs, seed: int) -> Design:
    """The Design before it has learned anything.

    pairs: of the training part: medians are those of all, the first ``POOL`` give weights and thresholds; no labels are used. seed: of the
    choice of samples and of the random registers. Raises ConfigError where the plan does not fit the pairs.
    """
    rng = np.random.default_rng([seed, 20])
    code = DigitsCode.fit(plan.sense, pairs, plan.t_res)
    pool = code.encode(pairs[:POOL])
    wiring, blocks = _wiring(plan, code)
    seen = pool[:, wiring.table()]  # (pair, column, input)
    parts = blocks if plan.blocks > 1 else [(0, wiring.inputs)]
    drive = float(np.mean([(seen[:, :, first : first + count] != NO_SPIKE).sum(axis=2).mean() for first, count in parts]))
    w_max = (1 << plan.w_res) - 1
    column = DendriticColumnSpec(
        wiring.inputs,
        1,
        min(max(1, round(plan.threshold * w_max * drive)), wiring.inputs * w_max),
        dendrites=plan.dendrites * len(plan.senses),
        segments=plan.segments,
        t_res=plan.t_res,
        w_res=plan.w_res,
        tie="largest_potential",
        output="segments",
        stdp=plan.stdp,
        lfsr=LfsrSpec(seed=1 + (seed * 7919) % (2**31 - 2)),
    )
    layer = LayerSpec(column, wiring)
    mask = mask_of(plan, column, blocks)
    weights = _first_weights(column, seen, mask, rng)
    whole = np.broadcast_to(mask, weights.shape)
    state = dataclasses.replace(blank_layer(layer), distal=weights, distal_mask=np.ascontiguousarray(whole))
    network = NetworkSpec(code.lines, (layer,), plan.t_res)
    result = get_engine().run(Design("pool", network, NetworkState((state,))), pool, keep_layers=True)
    assert result.layers is not None
    voter, read = first_voter(plan.readout, network, [pool, *result.layers], CLASSES, rng)
    provenance = {"plan": dataclasses.asdict(plan), "code": code.to_dict(), "seed": seed, "pool": len(pool)}
    name = plan.name if plan.sense == "both" else f"{plan.name}_{plan.sense}"
    return Design(name, dataclasses.replace(network, voter=voter), NetworkState((state,), read), provenance)


def mask_of(plan: DigitsPlan, column: DendriticColumnSpec, blocks: Blocks) -> NDArray[np.bool_]:
    """Block-diagonal mask of ``column.distal_shape`` (rule S4): which sense each segment has synapses to."""
    if plan.blocks == 1:
        return np.ones(column.distal_shape, dtype=bool)
    if plan.masks == "segments":
        return block_mask(column, blocks)
    one = dataclasses.replace(column, dendrites=1, segments=column.dendrites)  # dendrites in the place of segments, dealt in the same way
    dealt = block_mask(one, blocks).reshape(1, column.dendrites, 1, column.inputs)
    return np.broadcast_to(dealt, column.distal_shape).copy()


def _wiring(plan: DigitsPlan, code: DigitsCode) -> tuple[ListWiring, Blocks]:
    """Every column's window of the image, then the same window of the map; places of a window row by row."""
    rows, columns = code.shape
    if plan.size > min(rows, columns):
        raise ConfigError("the window is larger than the image", got=plan.size, allowed=f"1 … {min(rows, columns)}")
    fields = [FieldWiring(rows, columns, 1, (plan.size,) * 2, (plan.stride,) * 2, first=n * code.places) for n in range(len(plan.senses))]
    table = np.concatenate([field.table() for field in fields], axis=1)
    each = plan.size * plan.size
    return ListWiring(tuple(map(tuple, table.tolist()))), [(n * each, each) for n in range(len(fields))]


def _first_weights(
    column: DendriticColumnSpec, seen: NDArray[np.uint8], mask: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.uint8]:
    """(column, neuron, dendrite, segment, input) weights (rule R13): of each dendrite, copies of samples that lie apart in what its
    segments see; the earlier a line, the heavier."""
    strength = copied(column, seen)
    made = np.zeros((seen.shape[1], *column.distal_shape), dtype=np.uint8)
    for c in range(seen.shape[1]):
        for d in range(column.dendrites):
            kinds, kind = np.unique(mask[0, d], axis=0, return_inverse=True)
            for n, lines in enumerate(kinds):
                segments = np.flatnonzero(kind.reshape(-1) == n)
                patches = strength[:, c, lines]
                made[c, 0, d][np.ix_(segments, np.flatnonzero(lines))] = patches[apart(patches, len(segments), rng)]
    return made
