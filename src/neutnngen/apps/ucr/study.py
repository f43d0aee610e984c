"""A study: methods × sets × seeds under one protocol, into a table that grows row by row and goes on where it was stopped."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.ucr.methods import Method, method
from neutnngen.apps.ucr.results import ResultRow, ResultTable
from neutnngen.data import SeriesSet
from neutnngen.errors import ConfigError
from neutnngen.train.events import Progress

Protocol = Literal["all", "train2test"]
PROTOCOLS: tuple[Protocol, ...] = ("all", "train2test")


@dataclass(frozen=True)
class Task:
    """One set under one protocol. fitted, labelled: (series, sample). classes: (series,) of the labelled, for scores only."""

    name: str
    fitted: NDArray[np.float64]
    labelled: NDArray[np.float64]
    classes: NDArray[np.str_]
    clusters: int
    protocol: Protocol

    @classmethod
    def of(cls, data: SeriesSet, protocol: Protocol, clusters: int | None = None) -> Task:
        """``all`` fits and labels all series; ``train2test`` fits the train part and labels the test part.

        clusters: by default as many as there are classes. Raises ConfigError for a set of one class and for a missing part.
        """
        if protocol not in PROTOCOLS:
            raise ConfigError("there is no protocol of this name", got=protocol, allowed=", ".join(PROTOCOLS))
        if data.classes < 2:
            raise ConfigError(
                f"{data.name} has one class, so no clustering of it can be scored",
                got="1 class",
                allowed="2 classes or more",
                next_step="cluster it without scores: NeuTNNClustering(n_clusters=…).fit(series).labels_",
            )
        if protocol == "train2test" and not 0 < data.train < len(data.values):
            raise ConfigError(
                f"{data.name} has no test part of its own",
                got=data.source,
                allowed="NAME_TRAIN and NAME_TEST files",
                next_step="--protocol all",
            )
        part = data if protocol == "all" else data.train_part
        other = data if protocol == "all" else data.test_part
        return cls(data.name, part.values, other.values, other.labels, data.classes if clusters is None else clusters, protocol)


def run_study(
    tasks: Sequence[Task], methods: Sequence[str], seeds: int, table: ResultTable, progress: Progress | None = None
) -> ResultTable:
    """Add to ``table`` what it lacks of tasks × methods × seeds 0 … seeds - 1. progress: called with runs done and in all.

    Every run is in the table, and in its file if it has one, as soon as it is finished. Raises ConfigError for an unknown method.
    """
    chosen = [method(name) for name in methods]
    if seeds < 1:
        raise ConfigError("the number of seeds is out of range", got=seeds, allowed="an integer ≥ 1")
    total = len(tasks) * len(chosen) * seeds
    done = 0
    tell = progress or (lambda done, total: None)
    for task in tasks:
        for one in chosen:
            missing = [s for s in range(seeds) if not table.has(task.name, one.name, task.protocol, s)]
            done += seeds - len(missing)
            for row in _runs(task, one, missing):
                table.add(row)
                done += 1
                tell(done, total)
            tell(done, total)
    return table


def _runs(task: Task, one: Method, seeds: Sequence[int]) -> Iterator[ResultRow]:
    """The rows of the seeds, each as soon as it is finished."""
    length = task.labelled.shape[1]
    runs = {s: (task.name, one.name, task.protocol, s) for s in seeds}
    reason = one.refusal(*task.fitted.shape)
    if reason is not None:
        yield from (ResultRow.not_run(run, len(task.labelled), length, task.clusters, reason) for run in runs.values())
        return
    if not runs:
        return
    start = time.perf_counter()
    prepared = one.prepare(task.fitted)
    shared = time.perf_counter() - start
    note = f"{shared:.1f} s of preparation for all seeds" if shared > 0.5 else ""
    for seed, run in runs.items():
        start = time.perf_counter()
        labels, assign = one.fit(prepared, task.clusters, seed)
        if task.protocol == "train2test":
            labels = assign(task.labelled)
        yield ResultRow.of(run, length, task.clusters, task.classes, labels, time.perf_counter() - start, note)
