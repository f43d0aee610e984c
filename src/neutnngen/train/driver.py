"""The learning driver: waves through an engine's session, pass after pass, in chunks between which a run can be watched and stopped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from neutnngen.engine import Result, Session, get_engine
from neutnngen.engine.checks import check_run
from neutnngen.errors import ConfigError
from neutnngen.spec import Design, NetworkSpec, NetworkState
from neutnngen.train.checkpoint import Position, load_checkpoint, run_identity, save_checkpoint
from neutnngen.train.events import Callback, ChunkEvent, EpochEvent, Progress
from neutnngen.train.plan import Order, Pass, Plan, check_settings, passes_of, wave_numbers
from neutnngen.train.records import EpochRecord, Tally, drift_of, stage_weights


class Trainable(Protocol):
    """A module that a Design can be taken from and put into."""

    def to_design(self, name: str) -> Design: ...

    def load_design(self, design: Design) -> Any: ...


@dataclass(frozen=True, eq=False)
class History:
    """What a run gave.

    design: the network with what it has learned. records: of every finished pass, one for each stage that learned in it. done, total:
    waves run and planned, over all passes. stopped: whether a callback ended the run before its end.
    """

    design: Design
    records: tuple[EpochRecord, ...]
    done: int
    total: int
    stopped: bool


@dataclass(frozen=True, eq=False)
class _Task:
    """Checked arguments. waves: (wave, input). enable: as it was given; one_hot: made from the labels. numbers: (pass, wave)."""

    network: NetworkSpec
    waves: NDArray[np.uint8]
    labels: NDArray[np.int64] | None
    enable: NDArray[np.bool_] | None
    one_hot: NDArray[np.bool_] | None
    passes: tuple[Pass, ...]
    numbers: NDArray[np.int64]

    @property
    def count(self) -> int:
        return len(self.waves)

    @property
    def total(self) -> int:
        return self.numbers.size

    def enable_in(self, current: Pass) -> NDArray[np.bool_] | None:
        """Enable lines of a pass. The labels one-hot only while a layer learns from them: a later stage must see what evaluation gives."""
        layers = self.network.layers
        supervised = any(s < len(layers) and layers[s].column.proximal.mode == "enable" for s in current.stages)
        return self.one_hot if self.enable is None and supervised else self.enable


def train(
    model: Design | Trainable,
    waves: Any,
    *,
    labels: Any = None,
    enable: Any = None,
    epochs: int = 1,
    order: Order = "given",
    seed: int = 0,
    plan: Plan = "together",
    engine: str = "auto",
    device: Any = None,
    callbacks: Sequence[Callback] = (),
    progress: Progress | None = None,
    checkpoint: Path | str | None = None,
    every: int = 1000,
    chunk: int = 256,
) -> History:
    """Let a network learn from waves, one after another (rules R1 … R12).

    Parameters
    ----------
    model: a Design, which stays as it is, or a module with ``to_design`` and ``load_design``, which has learned afterwards; if the run
        is broken off, it stands where the last whole chunk left it.
    waves: (wave, input) uint8 spike times, 0 … t_in_max or NO_SPIKE.
    labels: (wave,) integers, for rewarded layers (R9), the voter (R10) and, one-hot, for enable lines (P2) that are not given. They
        enable only in passes in which such a layer learns; a frozen one is enabled for every neuron, as in evaluation.
    enable: (wave, neuron) bool, used in every pass.
    epochs, order, seed: passes over the waves, as given or in a new permutation, seeded, for every pass.
    plan: ``together``, or ``layer_by_layer``: stage k (layers, then the voter) learns for ``epochs`` passes while all others are frozen.
    engine, device: see ``get_engine``; without ``device`` it is the module's own, the CPU for a Design.
    callbacks: called after every chunk and after every pass; see ``Callback``. progress: called after every chunk.
    checkpoint: a file that is written after every ``every`` waves, and when the run is stopped or broken off, and removed when it is
        finished. If it is there at the start, the run goes on from it and ends in the same Design and records as one never stopped.
    chunk: most waves between two calls.

    Raises ConfigError where an argument is not legal, before anything has changed, and DataError for a checkpoint that is damaged or
    belongs to another run.
    """
    check_settings(order, plan, seed, epochs=epochs, every=every, chunk=chunk)
    design = _design_of(model)
    task = _checked_task(design.network, waves, labels, enable, passes_of(design.network, plan, epochs), order, seed)
    chosen = get_engine(engine, device=_device_of(model, engine) if device is None else device)
    settings = {"epochs": epochs, "order": order, "seed": seed, "plan": plan}
    identity = {} if checkpoint is None else run_identity(design, task.waves, task.labels, task.enable, settings)
    keeper = _Keeper(None if checkpoint is None else Path(checkpoint), identity, every)
    run = _Run(task, design, keeper.load(design) or _begin(task, 0, design.state))
    with keeper.guarding(run), _updating(model, run):
        session = chosen.open(run.design)
        stopped = False
        while run.position.done < task.total and not stopped:
            event = run.advance(session, min(chunk, keeper.room(run.position.done)))
            keeper.save_if_due(run.position)
            stopped = run.tell(event, callbacks, progress)
    keeper.close(run.position, task.total)
    position = run.position
    return History(run.design, position.records, position.done, task.total, position.done < task.total)


class _Run:
    """A run between its beginning and its end. Only ``position`` changes, and by one assignment a chunk, so it is always consistent."""

    def __init__(self, task: _Task, design: Design, position: Position) -> None:
        self.task = task
        self.position = position
        self._given = design

    @property
    def design(self) -> Design:
        """As it stands now."""
        return self._given.with_state(self.position.state)

    def advance(self, session: Session, most: int) -> ChunkEvent:
        """Run at most ``most`` waves, none beyond the end of the pass."""
        task, before = self.task, self.position
        index, at = divmod(before.done, task.count)
        current, numbers = task.passes[index], task.numbers[index, at : at + most]
        result = _run_waves(task, session, current, numbers)
        labels = None if task.labels is None else task.labels[numbers]
        tallies = tuple(t.plus(stage, result, labels) for t, stage in zip(before.tallies, current.stages, strict=True))
        self.position = _moved(task, current, replace(before, done=before.done + len(numbers), state=session.state(), tallies=tallies))
        return ChunkEvent(self.position.done, task.total, current.epoch, current.stage, numbers, result)

    def tell(self, event: ChunkEvent, callbacks: Sequence[Callback], progress: Progress | None) -> bool:
        """Call everyone; whether one of them wants to stop."""
        if progress is not None:
            progress(event.done, event.total)
        events: list[ChunkEvent | EpochEvent] = [event]
        if callbacks and event.done % self.task.count == 0:
            current = self.task.passes[event.done // self.task.count - 1]
            records = self.position.records[-len(current.stages) :]
            events.append(EpochEvent(event.done, event.total, current.epoch, current.stage, records, self.design))
        answers = [callback(one) for one in events for callback in callbacks]
        return any(answer is True for answer in answers)


class _Keeper:
    """Writes the checkpoints of a run, if there are to be any."""

    def __init__(self, path: Path | None, identity: dict[str, str], every: int) -> None:
        self._path, self._identity, self._every = path, identity, every
        self._saved = 0

    def load(self, design: Design) -> Position | None:
        """The position of the file, None if there is none."""
        position = None if self._path is None else load_checkpoint(self._path, self._identity, design)
        self._saved = 0 if position is None else position.done
        return position

    def room(self, done: int) -> int:
        """Waves until the next checkpoint is due."""
        return self._every - done % self._every

    def save_if_due(self, position: Position) -> None:
        if position.done % self._every == 0:
            self._save(position)

    def _save(self, position: Position) -> None:
        if self._path is not None and position.done != self._saved:
            save_checkpoint(self._path, self._identity, position)
            self._saved = position.done

    @contextmanager
    def guarding(self, run: _Run) -> Iterator[None]:
        """Whatever breaks the run off, above all the user (KeyboardInterrupt): what has been learned is saved before it goes on up."""
        try:
            yield
        except BaseException:
            self._save(run.position)
            raise

    def close(self, position: Position, total: int) -> None:
        """A finished run leaves no checkpoint, a stopped one leaves its last position."""
        if position.done < total:
            self._save(position)
        elif self._path is not None:
            self._path.unlink(missing_ok=True)


@contextmanager
def _updating(model: Design | Trainable, run: _Run) -> Iterator[None]:
    try:
        yield
    finally:
        if not isinstance(model, Design):
            model.load_design(run.design)


def _run_waves(task: _Task, session: Session, current: Pass, numbers: NDArray[np.int64]) -> Result:
    learn = np.zeros((len(numbers), task.network.stages), dtype=bool)
    learn[:, list(current.stages)] = True
    enable = task.enable_in(current)
    return session.run(
        task.waves[numbers],
        learn,
        enable=None if enable is None else enable[numbers],
        labels=None if task.labels is None else task.labels[numbers],
        keep_layers=True,
    )


def _begin(task: _Task, index: int, state: NetworkState, records: tuple[EpochRecord, ...] = ()) -> Position:
    """At the beginning of pass ``index``, which may be the one behind the last."""
    stages = task.passes[index].stages if index < len(task.passes) else ()
    begin = {name: weights.copy() for stage in stages for name, weights, _ in stage_weights(state, stage)}
    return Position(index * task.count, state, begin, tuple(Tally.blank(task.network, stage) for stage in stages), records)


def _moved(task: _Task, current: Pass, position: Position) -> Position:
    """``position``, with its records written and the next pass begun if a pass has just ended."""
    index, at = divmod(position.done, task.count)
    if at:
        return position
    made = [
        tally.record(task.network, current.epoch, stage, task.count, drift_of(position.begin, position.state, stage))
        for tally, stage in zip(position.tallies, current.stages, strict=True)
    ]
    return _begin(task, index, position.state, (*position.records, *made))


def _design_of(model: Design | Trainable) -> Design:
    if isinstance(model, Design):
        return model
    if not (hasattr(model, "to_design") and hasattr(model, "load_design")):
        raise ConfigError(
            "this cannot be trained", got=type(model).__name__, allowed="a Design, or a module with to_design and load_design"
        )
    return model.to_design("model")


def _device_of(model: Any, engine: str) -> Any:
    """Where the buffers of a module are; the engines of the CPU take a module's state from anywhere."""
    buffers = getattr(model, "buffers", None) if engine in ("auto", "torch") else None
    first = None if buffers is None else next(iter(buffers()), None)
    return "cpu" if first is None else first.device


def _checked_task(network: NetworkSpec, waves: Any, labels: Any, enable: Any, passes: tuple[Pass, ...], order: Order, seed: int) -> _Task:
    one_hot = _one_hot(network, labels) if enable is None and network.enables and labels is not None else None
    checked = check_run(network, waves, True, one_hot if enable is None else enable, labels)
    if not len(checked):
        raise ConfigError("there are no waves to learn from", got=0, allowed="one wave or more")
    given = None if enable is None else checked.enable
    return _Task(network, checked.times, checked.labels, given, one_hot, passes, wave_numbers(len(checked), len(passes), order, seed))


def _one_hot(network: NetworkSpec, labels: Any) -> NDArray[np.bool_]:
    """(wave, neuron): the neuron of the label is enabled (rule P2)."""
    numbers = np.asarray(labels)
    if numbers.size and not (np.issubdtype(numbers.dtype, np.integer) and numbers.min() >= 0 and numbers.max() < network.enables):
        allowed = f"integers 0 … {network.enables - 1}, or enable (wave, {network.enables})"
        raise ConfigError("a label has no enable line (rule P2)", got=f"{numbers.min()} … {numbers.max()}", allowed=allowed)
    return np.asarray(numbers[..., None] == np.arange(network.enables))
