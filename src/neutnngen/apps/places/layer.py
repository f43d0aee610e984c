"""The place-cell layer as a Design: three columns (dx, dy, environment) that read the same buses.

A neuron stands for one label. Its distal lines are the other two buses, the tails, and its own line, which teaches it (rule R15). It has a
dendrite for every head, selected by that head's line as summed proximal input (rule P1).

**Why it learns in a few waves.** All weights begin at 3 and θ is 13. An edge that is taught has five lines: 5 · 3 ≥ 13, so a fresh
segment fires; with one line missing, 4 · 3 < 13, so it never answers a question and never fires elsewhere. Of several fresh segments the
lowest index wins (rule D1): segments are taken one after the other, and an edge that is shown again meets the segment that has it. The
winner's five weights rise by one a wave, the others fall (rules R1, R4 with certainty, no random bits); after three waves they are 6 and
0. Then four lines that match fire at clock 3, three at clock 4, two never: *when* a neuron answers says how well the question matches.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from neutnngen.apps.places.sizes import LABELS, RECALLED, Sizes
from neutnngen.errors import ConfigError
from neutnngen.spec import (
    DendriticColumnSpec,
    DenseWiring,
    Design,
    LayerSpec,
    LayerState,
    NetworkSpec,
    NetworkState,
    ProximalSpec,
    StdpSpec,
    blank_layer,
)

THRESHOLD = 13
START = 3
"""Weight of every synapse before anything is learned (rule R13)."""

CERTAIN = StdpSpec(mu_capture=1024, mu_minus=1024, mu_search=0, mu_backoff=1024, mu_min=1024, stabiliser="off")


def build_layer(sizes: Sizes, name: str = "places", taught: bool = True) -> Design:
    """A layer that has learned nothing.

    taught: whether learning is taught (rule R15); without it, for comparison, every dendrite learns that fires.
    """
    layers, states = zip(*(_column(sizes, label, taught) for label in range(len(RECALLED))), strict=True)
    network = NetworkSpec(sizes.lines, layers, outputs=tuple(range(len(RECALLED))))
    return Design(name, network, NetworkState(states), {"places": dataclasses.asdict(sizes)})


def _column(sizes: Sizes, label: int, taught: bool) -> tuple[LayerSpec, LayerState]:
    """The column of one label."""
    first, count, distal = sizes.first[label], sizes.counts[label], sizes.first[LABELS.index("head")]
    column = DendriticColumnSpec(
        distal,
        count,
        THRESHOLD,
        dendrites=sizes.heads,
        segments=sizes.segments,
        proximal=ProximalSpec("sum", sizes.heads),
        stdp=CERTAIN,
        teacher=first if taught else None,
    )
    layer = LayerSpec(column, DenseWiring(distal), DenseWiring(sizes.heads, distal))
    exists = np.ones((1, *column.distal_shape), dtype=bool)
    exists[..., first : first + count] = np.eye(count, dtype=bool)[:, None, None]  # of its own bus a neuron sees its own line
    near = np.broadcast_to(np.eye(sizes.heads, dtype=bool)[:, None], (1, *column.proximal_shape)).copy()  # dendrite h sees head h
    weights = (exists * np.uint8(START), near * np.uint8(START))
    return layer, dataclasses.replace(blank_layer(layer), distal=weights[0], distal_mask=exists, proximal=weights[1], proximal_mask=near)


def sizes_of(design: Design) -> Sizes:
    """The sizes of a place-cell layer. Raises ConfigError for any other Design."""
    values: Any = design.provenance.get("places")
    try:
        sizes = Sizes(**values)
    except TypeError:
        raise ConfigError(
            f"the Design {design.name!r} is no layer of place cells",
            got=", ".join(design.provenance) or "no provenance",
            allowed="a Design that `neutnngen apps places` or Frame.save wrote",
        ) from None
    taught = design.network.layers[0].column.teacher is not None
    if design.network != build_layer(sizes, taught=taught).network:
        raise ConfigError(f"the Design {design.name!r} has another structure than its sizes say", got=values)
    return sizes
