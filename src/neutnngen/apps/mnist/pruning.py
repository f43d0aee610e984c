"""Pruning of networks for images: on training images; the images that are scored are never looked at before."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neutnngen.apps.mnist.blueprint import Blueprint
from neutnngen.apps.mnist.learn import BLOCK, fit, learn_block
from neutnngen.apps.mnist.model import Model
from neutnngen.apps.mnist.study import Split
from neutnngen.apps.pruning.study import Case, Subject
from neutnngen.engine import get_engine
from neutnngen.spec import Design
from neutnngen.train.events import Progress

WAVES = 3000
"""Training images, the first ones, on which uses and changed answers are counted and thresholds are found."""


def case_of(
    blueprint: Blueprint, data: Split, out: Path, passes: int | None = None, waves: int = WAVES, progress: Progress | None = None
) -> Case:
    """A design as a case of ``run_curves``: the score is the share of ``data.images`` that is classified rightly.

    out: folder for what the dense networks have learned; a run that was stopped goes on there. In a round that retrains, the network sees
    all training images once: the voter learns, or, where it only counts (tally), the layers do, taught by their labels as in training.
    """

    def make(seed: int) -> Subject:
        fitted = fit(
            blueprint, data.train_images, data.train_labels, data.classes, seed,
            passes=passes, jitter=0, progress=progress, keep=out / "dense" / f"{blueprint.name}-{seed}",
        )  # fmt: skip
        model = fitted.model
        layers = tuple(range(len(model.design.network.layers)))
        stages = layers if blueprint.readout.kind == "tally" else None

        def score(one: Design) -> tuple[float, float]:
            named = Model(one).predict(data.images)
            return float((named == data.labels).mean()), float((named >= 0).mean())

        def retrain(one: Design, number: int) -> Design:
            session = get_engine().open(one)
            order = np.random.default_rng([seed, number]).permutation(len(data.train_images))
            for start in range(0, len(order), BLOCK):
                some = order[start : start + BLOCK]
                learn_block(Model(one), session, data.train_images[some], data.train_labels[some], 1)
            return session.design()

        shown = model.code.encode(data.train_images[:waves])
        return Subject(model.design, shown, score, retrain, stages=stages, labels=data.train_labels[:waves])

    return Case(blueprint.name, make)
