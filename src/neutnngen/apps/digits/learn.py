"""Learning from pairs, one after another: everything learns in the first pass, the voter alone in those that follow."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.digits.build import build
from neutnngen.apps.digits.model import Model
from neutnngen.apps.digits.pairs import Labels, Pairs
from neutnngen.apps.digits.plan import DigitsPlan
from neutnngen.engine import get_engine
from neutnngen.errors import ConfigError
from neutnngen.spec import Design
from neutnngen.train.events import Progress

BLOCK = 500
"""Pairs between two looks at the clock."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """A network that has learned. online: error of every pass on its own pairs, each classified before it was learned. seconds: of
    learning."""

    model: Model
    online: tuple[float, ...]
    seconds: float


def fit(
    plan: DigitsPlan, pairs: Pairs, labels: Labels, seed: int = 0, *, passes: int | None = None, progress: Progress | None = None
) -> Fitted:
    """Build a network and let it learn. passes: the plan's own if not given. progress: pairs done and in all."""
    count = plan.passes if passes is None else passes
    if count < 1:
        raise ConfigError("the number of passes is out of range", got=count, allowed="an integer ≥ 1")
    if len(pairs) != len(labels) or not len(pairs):
        raise ConfigError("every pair needs a label", got=f"{len(pairs)} pairs, {len(labels)} labels", allowed="equal, one or more")
    model = Model(build(plan, pairs, seed))
    waves = model.code.encode(pairs)
    began = time.perf_counter()
    design, online = taught(model.design, waves, labels, seed, range(count), first=True, progress=progress)
    provenance = {**design.provenance, "training": {"passes": count, "pairs": len(pairs), "online_error": list(online)}}
    return Fitted(Model(dataclasses.replace(design, provenance=provenance)), online, time.perf_counter() - began)


def taught(
    design: Design,
    waves: NDArray[np.uint8],
    labels: Labels,
    seed: int,
    passes: range,
    *,
    first: bool = False,
    progress: Progress | None = None,
) -> tuple[Design, tuple[float, ...]]:
    """A Design that has seen waves in some passes, and the error of each.

    passes: their numbers, which decide the order of the waves. first: whether the layer learns too in the pass of number 0; the voter
    learns always (rule R14).
    """
    session = get_engine().open(design)
    online = []
    for done, number in enumerate(passes):
        order = np.random.default_rng([seed, 21, number]).permutation(len(waves))
        wrong = 0
        for start in range(0, len(order), BLOCK):
            chosen = order[start : start + BLOCK]
            learn = np.ones((len(chosen), session.network.stages), dtype=bool)
            learn[:, :-1] = first and number == 0
            wrong += int((session.run(waves[chosen], learn, labels=labels[chosen]).winners != labels[chosen]).sum())
            if progress is not None:
                progress(done * len(order) + start + len(chosen), len(passes) * len(order))
        online.append(wrong / len(order))
    return session.design(), tuple(online)
