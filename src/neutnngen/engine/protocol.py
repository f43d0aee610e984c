"""What every engine offers, and the trace that engines, RTL and gates are compared by (rule A2)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.engine.checks import Learn, Waves, check_run
from neutnngen.errors import ConfigError
from neutnngen.spec import Design, NetworkSpec, NetworkState


@dataclass(frozen=True, eq=False)
class Result:
    """What a run of waves gave.

    outputs: (wave, line) uint8, times of the network's output lines after inhibition, NO_SPIKE where none. winners: (wave,) int32: the
    voter's class, or without a voter the one output line that spikes; -1 if there is none (or, of lines, several). votes: (wave, class)
    int32, None without a voter. layers: (wave, line) of every layer before re-basing; None where not asked for.
    """

    outputs: NDArray[np.uint8]
    winners: NDArray[np.int32]
    votes: NDArray[np.int32] | None
    layers: tuple[NDArray[np.uint8], ...] | None


@dataclass(frozen=True, eq=False)
class Trace(Result):
    """A run with its end. final: the Design after the last wave. states: the state after every wave; None where not asked for."""

    final: Design
    states: tuple[NetworkState, ...] | None

    def _kept(self) -> tuple[NetworkState, ...]:
        if self.states is None:
            raise ConfigError("the run did not keep its states", allowed="run(…, keep_states=True)")
        return self.states

    @property
    def weights(self) -> NDArray[np.uint8]:
        """Of a classic column: (wave, neuron, input) weights after every wave."""
        shape = self.final.weights.shape
        kept = [state.layers[0].distal.reshape(shape) for state in self._kept()]
        return np.stack(kept) if kept else np.zeros((0, *shape), dtype=np.uint8)

    @property
    def lfsr(self) -> NDArray[np.uint64]:
        """Of a classic column: (wave,) random state after every wave."""
        return np.array([state.layers[0].lfsr[0] for state in self._kept()], dtype=np.uint64)


class Session(ABC):
    """A Design at work: ``run`` moves its state on, ``design`` reads it. The Design that it was opened with never changes."""

    def __init__(self, design: Design) -> None:
        self._opened = design

    @property
    def network(self) -> NetworkSpec:
        """The structure."""
        return self._opened.network

    def run(self, inputs: Any, learn: Learn = False, *, enable: Any = None, labels: Any = None, keep_layers: bool = False) -> Result:
        """Run waves one after another.

        inputs: (wave, input) uint8 spike times, 0 … t_in_max or NO_SPIKE. learn: one value for all, (wave,), or (wave, stage), the stages
        being the layers and then the voter (rule R11). enable: (wave, neuron) bool for rule P2; all are enabled without it. labels: (wave,)
        for rules R9 and R10. Raises ConfigError, before anything has changed, where something does not fit.
        """
        return self._run(check_run(self.network, inputs, learn, enable, labels), keep_layers)

    @abstractmethod
    def _run(self, waves: Waves, keep_layers: bool) -> Result: ...

    @abstractmethod
    def state(self) -> NetworkState:
        """The present state; its arrays are the caller's own."""

    def design(self) -> Design:
        """The Design as it stands now."""
        return self._opened.with_state(self.state())


class Engine(ABC):
    """One meaning, many engines."""

    name: str

    @abstractmethod
    def open(self, design: Design) -> Session:
        """Begin to work with a Design."""

    def run(
        self,
        design: Design,
        inputs: Any,
        learn: Learn = False,
        *,
        enable: Any = None,
        labels: Any = None,
        keep_layers: bool = False,
        keep_states: bool = False,
    ) -> Trace:
        """``Session.run`` on a Design, which is not changed. keep_states: also the state after every wave."""
        session = self.open(design)
        waves = check_run(design.network, inputs, learn, enable, labels)
        if not keep_states:
            result = session._run(waves, keep_layers)
            return Trace(result.outputs, result.winners, result.votes, result.layers, session.design(), None)
        results, states = [session._run(_part(waves, slice(0, 0)), keep_layers)], []
        for n in range(len(waves)):
            results.append(session._run(_part(waves, slice(n, n + 1)), keep_layers))
            states.append(session.state())
        joined = join_results(results)
        return Trace(joined.outputs, joined.winners, joined.votes, joined.layers, session.design(), tuple(states))


def _part(waves: Waves, rows: slice) -> Waves:
    return Waves(
        waves.times[rows],
        waves.learn[rows],
        None if waves.enable is None else waves.enable[rows],
        None if waves.labels is None else waves.labels[rows],
    )


def join_results(results: list[Result]) -> Result:
    """Runs one after another as one."""
    first = results[0]
    return Result(
        np.concatenate([r.outputs for r in results]),
        np.concatenate([r.winners for r in results]),
        None if first.votes is None else np.concatenate([r.votes for r in results if r.votes is not None]),
        None if first.layers is None else tuple(np.concatenate(parts) for parts in zip(*[r.layers or () for r in results], strict=True)),
    )
