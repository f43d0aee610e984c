"""Does a pruned network still give the answers that it gave, and which thresholds make it do so.

θ is one number for all segments of a layer (``DendriticColumnSpec.threshold``), so it is searched layer by layer, first to last.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.engine import get_engine
from neutnngen.spec import NO_SPIKE, Design, LayerSpec

Answers = tuple[NDArray[Any], ...]
"""Outputs of every layer, (wave, line); and (wave,) the voter's class at the end where there is a voter."""

SHARES = np.linspace(0.15, 1.1, 20)
"""Of the present θ, those that are tried first."""


def answers_of(design: Design, waves: NDArray[np.uint8]) -> Answers:
    """What the network answers; nothing is learned (rule R11)."""
    result = get_engine().open(design).run(waves, keep_layers=True)
    assert result.layers is not None
    voted = () if design.network.voter is None else (result.winners.astype(np.int64),)
    return (*result.layers, *voted)


def agreement(design: Design, waves: NDArray[np.uint8], wanted: Answers) -> float:
    """Share of answers that are those ``wanted``: with a voter the same class; else, of every dendrite whose segments are output lines and
    of every column whose neurons are, the same lines that spike."""
    found = answers_of(design, waves)
    if design.network.voter is not None:
        return float((found[-1] == wanted[-1]).mean())
    return float(np.mean([_same(design.network.layers[n], found[n], wanted[n]).mean() for n in design.network.output_layers]))


def _same(layer: LayerSpec, found: NDArray[np.uint8], wanted: NDArray[np.uint8]) -> NDArray[np.bool_]:
    spec = layer.column
    lines = spec.segments if spec.output == "segments" else spec.neurons
    shape = (len(found), -1, lines)
    return np.asarray(((found != NO_SPIKE) == (wanted != NO_SPIKE)).reshape(shape).all(axis=-1))


def with_threshold(design: Design, layer: int, threshold: int) -> Design:
    """``design`` with another θ in a layer; a base of its own (rule T4) is lowered where it must be."""
    one = design.network.layers[layer]
    column = dataclasses.replace(one.column, threshold=threshold)
    base = None if one.base is None else min(one.base, column.earliest_output)
    made = dataclasses.replace(one, column=column, base=base)
    layers = design.network.layers
    network = dataclasses.replace(design.network, layers=(*layers[:layer], made, *layers[layer + 1 :]))
    return dataclasses.replace(design, network=network)


def recalibrated(design: Design, waves: NDArray[np.uint8], wanted: Answers) -> Design:
    """``design`` with, in each layer, the θ by which it agrees best with ``wanted``; of equally good ones that by which its spikes are
    nearest in time to those wanted, then the present one, then the largest. No labels are used.
    """
    for n in range(len(design.network.layers)):
        design = with_threshold(design, n, _best_threshold(design, n, waves, wanted))
    return design


def _best_threshold(design: Design, layer: int, waves: NDArray[np.uint8], wanted: Answers) -> int:
    spec = design.network.layers[layer].column
    now, most = spec.threshold, spec.potential_max

    @cache
    def quality(threshold: int) -> tuple[float, float, bool, int]:
        found = answers_of(with_threshold(design, layer, threshold), waves)[layer]
        same = _same(design.network.layers[layer], found, wanted[layer])
        both = (found != NO_SPIKE) & (wanted[layer] != NO_SPIKE)
        apart = np.abs(found[both].astype(np.int64) - wanted[layer][both].astype(np.int64))
        return float(same.mean()), -float(apart.mean()) if len(apart) else -255.0, threshold == now, threshold

    tried = {now, *(min(max(round(now * share), 1), most) for share in SHARES.tolist())}
    best = max(tried, key=quality)
    step = max(1, round(now * (SHARES[1] - SHARES[0]) / 2))
    while True:  # halve the distance to the neighbours until they are the next numbers
        best = max({best, *(min(max(best + move, 1), most) for move in (-step, step))}, key=quality)
        if step == 1:
            return int(best)
        step = -(-step // 2)


Loss = Callable[[Design], float]
"""How much a network has lost, 0 for nothing."""
