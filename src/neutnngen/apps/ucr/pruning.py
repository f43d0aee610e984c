"""Pruning of columns that cluster time series: on the waves that they learned from, without labels; classes only score the groups."""

from __future__ import annotations

import re

import numpy as np

from neutnngen.apps.pruning.study import Case, Subject
from neutnngen.apps.ucr.column import ColumnClustering
from neutnngen.apps.ucr.learning import winners
from neutnngen.apps.ucr.neutnn import fit_neutnn
from neutnngen.apps.ucr.scores import Scores
from neutnngen.data import SeriesSet
from neutnngen.errors import unknown_name
from neutnngen.spec import Design

MODELS = ("column", "neutnn")


def case_of(data: SeriesSet, model: str = "column") -> Case:
    """A set as a case of ``run_curves``; all of its series are fitted and scored (protocol ``all``). model: of ``MODELS``."""
    if model not in MODELS:
        raise unknown_name("there is no such model to prune", model, MODELS)

    def make(seed: int) -> Subject:
        name = re.sub(r"\W", "_", data.name).lower()
        if model == "column":
            column = ColumnClustering(clusters=data.classes, seed=seed).fit(data.values)
            design, waves = column.to_design(f"{name}_column"), column.encoder_.encode(data.values)
        else:
            fitted = fit_neutnn(data.values, data.classes, seed)
            design, waves = fitted.design(f"{name}_neutnn"), fitted.encoder.encode(data.values)

        def score(one: Design) -> tuple[float, float]:
            found = Scores.of(data.labels, winners(one, waves))
            return found.rand, found.adjusted_rand

        return Subject(design, np.ascontiguousarray(waves), score)

    return Case(data.name if model == "column" else f"{data.name}, {model}", make)
