"""Speed of a full layer of place cells on one core: questions and observations a second, in one call each and many in a call.

The yardstick is the same layer in plain NumPy (gather the lines that spike, add their ramps, look for the first clock at the threshold). It
is checked to give equal answers (rule A2), and timed in rounds that alternate with ours.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.apps.places.explore import FULL_SETTING, Explored, explore
from neutnngen.apps.places.frame import Frame
from neutnngen.apps.places.memory import WAVES, EdgeMemory
from neutnngen.apps.places.sizes import LABELS, UNKNOWN
from neutnngen.apps.places.world import sights
from neutnngen.bench.engine_speed import machine
from neutnngen.errors import CheckFailed
from neutnngen.spec import NO_SPIKE, Design

FORMAT, VERSION = "neutnngen-bench-places", "1.0"
MISSING = "environment"
"""The label that the questions ask for."""

Tell = Callable[[int, int], None]


class PlainLayer:
    """The yardstick: the columns of a layer whose inputs are one-hot buses, in NumPy."""

    def __init__(self, design: Design) -> None:
        spec = design.network.layers[0].column
        self.threshold, self.horizon = spec.threshold, spec.horizon
        self.columns = [
            (np.concatenate([layer.distal[0], layer.proximal[0]], axis=-1).transpose(3, 0, 1, 2).copy(), layer.distal.shape[1])
            for layer in design.state.layers
        ]

    def run(self, waves: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """(wave, line) output times; every spike of the waves is at 0."""
        outputs = []
        for weights, neurons in self.columns:
            rows = np.full((len(waves), neurons), NO_SPIKE, dtype=np.uint8)
            for n, wave in enumerate(waves):
                seen = weights[wave == 0]
                for t in range(self.horizon):
                    fired = (np.minimum(seen, t + 1).sum(axis=0) >= self.threshold).any(axis=(1, 2))
                    if fired.any():
                        rows[n, fired] = t
                        break
            outputs.append(rows)
        return np.concatenate(outputs, axis=1)


def bench_places(quick: bool = False, tell: Tell | None = None) -> dict[str, Any]:
    """Measure; JSON values with format, version, machine and cases: name, what a second counts, rate of the median round, and where there
    is a yardstick its rate and the ratio. quick: fewer rounds and questions. Raises CheckFailed if yardstick and layer differ."""
    rounds, count = (3, 100) if quick else (7, 1000)
    explored = explore(FULL_SETTING, 0)
    questions = explored.edges.copy()
    questions[:, LABELS.index(MISSING)] = UNKNOWN
    waves = np.resize(explored.setting.sizes.waves(questions), (count, explored.setting.sizes.lines))
    memory, few = explored.frame.memory, waves[: count // 10]
    plain = PlainLayer(memory.design())
    outputs = memory.outputs(few)
    if not np.array_equal(plain.run(few), outputs):
        raise CheckFailed("the layer differs from the yardstick", next_step="report it: neutnngen bench places --json")
    cases: list[tuple[str, str, int, Callable[[], Any], Callable[[], Any] | None]] = [
        (f"recall, {count} questions in a call", "questions", count, lambda: memory.outputs(waves), lambda: plain.run(few)),
        ("recall, one question in a call", "questions", len(few), lambda: _singly(memory, few), lambda: plain.run(few)),
        (f"learn, all edges in a call, {WAVES} waves each", "edges", len(explored.edges), lambda: _learn(explored), None),
        ("a robot that explores: one edge for each observation", "observations", explored.observations, lambda: _frame(explored, 1), None),
        (
            "a robot that explores: edges to all features seen before",
            "observations",
            explored.observations,
            lambda: _frame(explored, 15),
            None,
        ),
        (
            "a robot that recognises: one edge for each observation",
            "observations",
            len(few),
            lambda: _recognise(explored, len(few), 0),
            None,
        ),
    ]
    done: list[dict[str, Any]] = []
    for number, (name, unit, amount, ours, yardstick) in enumerate(cases, 1):
        ours()
        seconds: dict[str, list[float]] = {"layer": [], "yardstick": []}
        for _ in range(rounds):
            seconds["layer"].append(_timed(ours))
            if yardstick is not None:
                seconds["yardstick"].append(_timed(yardstick))
        entry: dict[str, Any] = {"case": name, "unit": unit, "per_second": amount / statistics.median(seconds["layer"]), "seconds": seconds}
        if yardstick is not None:
            entry["yardstick_per_second"] = len(few) / statistics.median(seconds["yardstick"])
            entry["ratio"] = entry["per_second"] / entry["yardstick_per_second"]
        done.append(entry)
        if tell is not None:
            tell(number, len(cases))
    facts = {"synapses": explored.setting.sizes.synapses, "edges": len(explored.edges), "rounds": rounds}
    return {"format": FORMAT, "version": VERSION, "machine": machine(), **facts, "cases": done}


def _timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _singly(memory: EdgeMemory, waves: NDArray[np.uint8]) -> None:
    for n in range(len(waves)):
        memory.outputs(waves[n : n + 1])


def _learn(explored: Explored) -> None:
    """The edges are known: the layer learns them again, which costs the same and changes little."""
    explored.frame.memory.store(explored.edges)


def _frame(explored: Explored, span: int) -> None:
    """Learn all that was explored from the beginning, along the edges that the explorer walked."""
    frame = Frame(explored.setting.sizes, span=span)
    for environment, world in enumerate(explored.worlds):
        frame.enter()
        for sight in sights(world, explored.ways[environment]):
            frame.observe(*sight)


def _recognise(explored: Explored, count: int, tolerance: int) -> None:
    """Walk along the first edges, put down at each."""
    frame = explored.frame
    before, frame.tolerance = frame.tolerance, tolerance
    for dx, dy, _, tail, head in explored.edges[:count].tolist():
        frame.drop()
        frame.observe(tail)
        frame.observe(head, (dx, dy))
    frame.tolerance = before
