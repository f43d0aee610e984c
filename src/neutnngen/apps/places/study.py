"""The benchmark of place cells, task by task and seed by seed; a study that was stopped goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from neutnngen.apps.places.explore import SETTINGS, Explored, Setting, explore
from neutnngen.apps.places.navigate import navigate_task
from neutnngen.apps.places.recall import Figures, capacity_task, recall_task
from neutnngen.apps.places.recognise import predict_task, recognise_task
from neutnngen.apps.places.results import Results, Row
from neutnngen.errors import unknown_name

Progress = Callable[[int, int], None]
"""Called with tasks done and tasks in all."""

TASKS = ("recall", "capacity", "recognise", "predict", "navigate")
TRIALS = 500
"""Of recognition, prediction and navigation, per seed and kind of noise."""


def named_setting(name: str) -> Setting:
    """Raises ConfigError for an unknown name."""
    if name not in SETTINGS:
        raise unknown_name("there is no such layer of place cells", name, list(SETTINGS))
    return SETTINGS[name]


def run_study(
    design: str, tasks: Sequence[str], seeds: int, results: Results, trials: int = TRIALS, progress: Progress | None = None
) -> None:
    """Run what is not in ``results`` yet. Every seed has worlds of its own, learned once for all of its tasks."""
    setting = named_setting(design)
    for task in tasks:
        if task not in TASKS:
            raise unknown_name("there is no such task", task, TASKS)
    total, done = len(tasks) * seeds, 0
    for seed in range(seeds):
        explored: Explored | None = None
        for task in tasks:
            if not results.done(design, task, seed):
                if explored is None and task != "capacity":
                    explored = explore(setting, seed)
                figures = list(_figures(task, setting, explored, seed, trials))
                results.add(*(Row(design, task, condition, seed, measure, value, count) for condition, measure, value, count in figures))
            done += 1
            if progress is not None:
                progress(done, total)


def _figures(task: str, setting: Setting, explored: Explored | None, seed: int, trials: int) -> Figures:
    if explored is None or task == "capacity":
        yield from capacity_task(setting, seed)
        for condition, measure, value, count in capacity_task(setting, seed, taught=False):
            yield condition, f"{measure}, not taught", value, count
        return
    rng = np.random.default_rng([seed, TASKS.index(task)])
    if task == "recall":
        yield from recall_task(explored)
    else:
        run = {"recognise": recognise_task, "predict": predict_task, "navigate": navigate_task}[task]
        yield from run(explored, trials, rng)
