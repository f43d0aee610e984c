"""The design space between accuracy and silicon: one thing at a time is varied around our form; the forms at many sizes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from neutnngen.apps.mnist.blueprint import Blueprint, CodePlan, LayerPlan, ReadoutPlan
from neutnngen.apps.mnist.catalogue import GREY, TALLY, THETA, VOTES, classic, dendrites
from neutnngen.apps.mnist.study import Task

BASE = LayerPlan(7, 2, dendrites=3, segments=15, share=0.5, threshold=THETA)
"""Around which the dimensions are varied: 121 windows of 7 × 7 pixels, some 316,000 synapses."""

SIZES: tuple[tuple[str, tuple[int, int], tuple[int, int, float], int], ...] = (
    ("40k", (7, 3), (2, 6, 0.5), 7),
    ("80k", (7, 3), (2, 11, 0.5), 12),
    ("160k", (7, 2), (2, 11, 0.5), 12),
    ("320k", (7, 2), (3, 15, 0.5), 24),
    ("640k", (9, 2), (6, 18, 0.3), 37),
    ("1100k", (11, 2), (8, 24, 0.25), 53),
)
"""Synapses; size and stride of the windows; dendrites, segments and share of ours; neurons of a classic column at the same windows: as
many synapses, voter included, between a hundredth fewer and a tenth more."""


def sizes() -> list[Task]:
    """Ours and the classic form at equal synapses, single pass: both with the margin read-out, and the classic one with published votes."""
    tasks = []
    for name, window, ours, neurons in SIZES:
        tasks.append(Task(dendrites(f"dendrites_{name}", "sizes", window, *ours), "dendrites"))
        tasks.append(Task(classic(f"classic_{name}", "sizes", window, neurons), "classic columns"))
    for name, window, _, neurons in SIZES[1:4]:
        tasks.append(Task(classic(f"votes_{name}", "sizes", window, neurons, VOTES), "classic columns, votes (R10)"))
    return tasks


def dimensions() -> list[Task]:
    """The space around BASE, a family for each dimension."""
    return [Task(blueprint, family) for family, blueprint in _points()]


def _points() -> Iterator[tuple[str, Blueprint]]:
    yield "base", _point("base")
    for size, stride in ((5, 2), (5, 3), (7, 3), (9, 2), (9, 3), (11, 3)):
        yield "receptive field, stride", _point(f"field_{size}_{stride}", size=size, stride=stride)
    for number, segments in ((1, 45), (2, 22), (6, 8), (3, 4), (3, 8), (3, 30)):
        yield "dendrites, segments", _point(f"dendrites_{number}_{segments}", dendrites=number, segments=segments)
    for share in (0.25, 0.75, 1.0):
        yield "share of the window", _point(f"share_{round(100 * share)}", share=share)
    # θ of the next two is the best of three each: it must be reached while spikes still arrive
    for bits, share in ((1, 0.5), (2, 0.4), (4, 0.15)):
        yield "weight bits", _point(f"weight_bits_{bits}", w_res=bits, threshold=share)
    for bits, share in ((1, 0.04), (2, 0.1), (4, 0.3)):
        yield "time bits", replace(_point(f"time_bits_{bits}", t_res=bits, threshold=share), code=CodePlan("population", t_res=bits))
    yield "code", replace(_point("posneg", threshold=0.5), code=CodePlan("posneg"))
    yield "code", replace(_point("onoff", threshold=0.4), code=CodePlan("onoff", cut=0.1))
    for share in (0.2, 0.25, 0.35, 0.4):
        yield "threshold", _point(f"threshold_{round(100 * share)}", threshold=share)
    yield "response", _point("steps", response="snl", threshold=0.4)
    for segments in (2, 4, 8):
        yield "segments of a class", replace(_point(f"class_segments_{segments}"), readout=ReadoutPlan(segments=segments))
    for bits in (4, 5, 6, 7):
        readout = ReadoutPlan(w_res=bits, margin=4 / 2 ** (8 - bits))  # as large a share of the largest weight
        yield "read-out bits", replace(_point(f"readout_bits_{bits}"), readout=readout)
    yield "read-out", replace(_point("votes"), readout=VOTES)
    for inhibition in ("all_earliest", "one_lowest_index", "one_largest_potential"):
        layer = LayerPlan(7, 3, segments=16, classes=True, output="neurons", inhibition=inhibition, threshold=THETA)
        yield "read-out", Blueprint(f"x_tally_{inhibition}", (layer,), TALLY, GREY)
    yield "read-out", Blueprint("x_enabled_segments", (LayerPlan(7, 3, segments=5, classes=True, threshold=THETA),), ReadoutPlan(), GREY)
    first = LayerPlan(5, 2, segments=12, threshold=THETA)
    second = LayerPlan(3, 2, segments=30, share=0.5, t_res=4, threshold=0.4)
    yield "depth", Blueprint("x_depth_2", (first, second), ReadoutPlan(), GREY)
    several = replace(first, dendrites=2, share=0.7)
    yield "depth", Blueprint("x_depth_2_dendrites", (several, replace(second, dendrites=2)), ReadoutPlan(), GREY)


def _point(name: str, **changes: Any) -> Blueprint:
    return Blueprint(f"x_{name}", (replace(BASE, **changes),), ReadoutPlan(), GREY)
