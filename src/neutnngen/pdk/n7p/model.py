"""The compact model: fins and stages of a gate become delays, slews, energies, leakage and input capacitance.

A stage is a switch: a resistance that falls with its fins and rises with its stack, and the capacitance of its own drains beside the load.
Delay = slope * resistance * load + share of the input's slew + a constant; the slew of the output is that of the same RC, together with a
part of the input's. Cells of several stages are chains of them. Units: ps, fF, kohm (so that kohm * fF = ps), fJ, pW.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Edge = Literal["rise", "fall"]
OTHER: dict[Edge, Edge] = {"rise": "fall", "fall": "rise"}
FINS = 3
"""Fins of a finger, of each polarity."""


@dataclass(frozen=True)
class Model:
    """Figures of the process, calibrated on published ones of a 7 nm predictive kit (docs/nodes.md).

    pull_down, pull_up: delay per load of a finger of FINS fins, ps/fF. stack_*: further share of it for each further device in series.
    slew_*: 10-90 % slew over that delay. gate, drain: fF per fin. carry: share of the input's slew in delay; keep: in the output's slew.
    constant: ps per stage. leak: pW per fin. leak_stack: factor for each further device in series.
    leak_inside: factor for fingers inside of a cell, which drive little and stand in deep stacks. voltage: V.
    inner, outer: fF per fin that switch inside of a cell, of stages before the last and of the last one.
    """

    pull_down: float = 3.23
    pull_up: float = 3.94
    stack_down: float = 0.765
    stack_up: float = 0.97
    slew_down: float = 2.03
    slew_up: float = 2.18
    gate: float = 0.1
    drain: float = 0.09
    carry: float = 0.25
    keep: float = 0.3
    constant: float = 1.0
    leak: float = 8.0
    leak_stack: float = 0.56
    leak_inside: float = 0.1
    voltage: float = 0.7
    inner: float = 0.04
    outer: float = 0.025


@dataclass(frozen=True)
class Stage:
    """``gates`` pairs of devices with ``down`` and ``up`` fins each; at most ``series_down`` and ``series_up`` of them in series."""

    gates: int
    down: int
    up: int
    series_down: int = 1
    series_up: int = 1

    @property
    def fingers(self) -> int:
        return self.gates * max(math.ceil(self.down / FINS), math.ceil(self.up / FINS))

    def resistance(self, edge: Edge, model: Model) -> float:
        """Delay per load of its output's edge, ps/fF."""
        if edge == "fall":
            return model.pull_down * FINS / self.down * (1 + model.stack_down * (self.series_down - 1))
        return model.pull_up * FINS / self.up * (1 + model.stack_up * (self.series_up - 1))

    def drain(self, model: Model) -> float:
        """Capacitance of its own on its output: the devices beside it, those in series once."""
        return model.drain * (self.down * self.gates / self.series_down + self.up * self.gates / self.series_up)

    def gate(self, model: Model) -> float:
        """Capacitance of one of its inputs."""
        return model.gate * (self.down + self.up)

    def leakage(self, model: Model) -> float:
        """Mean over its states."""
        series = max(self.series_down, self.series_up)
        return model.leak * self.gates * (self.down + self.up) * model.leak_stack ** (series - 1)


def transition(chain: tuple[Stage, ...], edge: Edge, slew: float, load: float, model: Model) -> tuple[float, float]:
    """(delay, slew) of the last stage's output ``edge`` behind an input of this slew; every stage inverts."""
    edges: list[Edge] = [edge]
    for _ in chain[1:]:
        edges.insert(0, OTHER[edges[0]])
    delay = 0.0
    for number, (stage, out) in enumerate(zip(chain, edges, strict=True)):
        beyond = load if number + 1 == len(chain) else chain[number + 1].gate(model)
        charge = stage.resistance(out, model) * (stage.drain(model) + beyond)
        delay += charge + model.carry * slew + model.constant
        slew = math.hypot((model.slew_down if out == "fall" else model.slew_up) * charge, model.keep * slew)
    return delay, slew


def energy(chain: tuple[Stage, ...], model: Model) -> float:
    """Energy inside of the cell for one edge of its output."""
    switched = sum(model.inner * stage.gates * (stage.down + stage.up) for stage in chain[:-1]) + model.inner * (
        chain[-1].down + chain[-1].up if len(chain) > 1 else 0
    )
    switched += model.outer * chain[-1].gates * (chain[-1].down + chain[-1].up)
    return 0.5 * model.voltage**2 * switched
