"""The clustering methods that a study compares, by name: ours, their ablations and the baselines, all with one interface."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.ucr.baselines import BASELINES, Baseline
from neutnngen.apps.ucr.column import ColumnClustering
from neutnngen.apps.ucr.learning import Labels
from neutnngen.apps.ucr.neutnn import Settings, checked_series, fit_neutnn
from neutnngen.errors import unknown_name

Assign = Callable[[NDArray[np.floating]], Labels]


@dataclass(frozen=True)
class Method:
    """A way to cluster. fit(prepared, clusters, seed) gives the labels of the fitted series and what labels others.

    prepare: work that does not depend on the seed, from series (series, sample). refusal: why it is not run on so many series of such a
    length, or None. hardware: whether all after the encoder is what our hardware computes; else it is a baseline.
    """

    name: str
    title: str
    fit: Callable[[Any, int, int], tuple[Labels, Assign]]
    prepare: Callable[[NDArray[np.floating]], Any] = lambda values: values
    refusal: Callable[[int, int], str | None] = lambda series, length: None
    hardware: bool = True


def _neutnn(settings: Settings) -> Callable[[Any, int, int], tuple[Labels, Assign]]:
    def fit(values: Any, clusters: int, seed: int) -> tuple[Labels, Assign]:
        model = fit_neutnn(values, clusters, seed, settings)
        return model.labels, model.assign

    return fit


def _column(values: Any, clusters: int, seed: int) -> tuple[Labels, Assign]:
    model = ColumnClustering(clusters=clusters, seed=seed).fit(checked_series(values, clusters))
    return model.labels_, model.predict


def _of_baseline(method: Baseline) -> Method:
    def fit(prepared: Any, clusters: int, seed: int) -> tuple[Labels, Assign]:
        fitted = method.fit(prepared, clusters, seed)
        return fitted.labels, fitted.assign

    return Method(method.name, method.title, fit, method.prepare, method.refusal, hardware=False)


METHODS: dict[str, Method] = {
    m.name: m
    for m in (
        Method("neutnn", "NeuTNN", _neutnn(Settings())),
        Method("column", "classic column", _column),
        *(_of_baseline(b) for b in BASELINES.values()),
        Method("neutnn-1", "NeuTNN, one segment (ablation)", _neutnn(replace(Settings(), segments=1))),
    )
}
DEFAULT_METHODS = ("neutnn", "column", *BASELINES)


def method(name: str) -> Method:
    """The method of this name. Raises ConfigError for an unknown one."""
    if name not in METHODS:
        raise unknown_name("there is no clustering method of this name", name, METHODS)
    return METHODS[name]
