"""Running steps in order, each in a folder of its own, so that a run that was stopped at any instant goes on where it was.

A step is finished when its folder holds ``state_out.json``, which is written last and holds the hash of all that the step depends on and
the hashes of the files that it made. It is used again if both still agree; else it and all later steps run again from empty folders.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Generic, TypeVar

from neutnngen.errors import ConfigError, DataError, NeutnngenError, ToolFailed, nearest
from neutnngen.files import write_atomic
from neutnngen.flow.lock import run_lock
from neutnngen.flow.state import State, StateDelta, file_hash, state_from_dict
from neutnngen.flow.step import Event, Progress, Step, StepContext, StepProgress

C = TypeVar("C")
FORMAT = "neutnngen-step"
VERSION = "1.0"
_FOLDER = re.compile(r"\d\d-[a-z0-9_]+\Z")


class Interrupted(NeutnngenError):
    """The user stopped the run; finished steps are kept."""

    code = "interrupted"
    exit_code = 130


@dataclass(frozen=True)
class StepOutcome:
    """A step of a run. seconds: of the work itself, also where its result was reused."""

    name: str
    folder: Path
    reused: bool
    seconds: float
    summary: str


@dataclass(frozen=True)
class FlowResult:
    """complete: the last step of the flow is done. steps: those that are done, in order."""

    run_folder: Path
    state: State
    steps: tuple[StepOutcome, ...]
    complete: bool

    def path(self, name: str) -> Path:
        """Path of a file of the state. ConfigError names the files that there are."""
        if name not in self.state.files:
            raise ConfigError("the run has no such file", got=name, allowed=", ".join(self.state.files))
        return self.run_folder / self.state.files[name]


@dataclass(frozen=True)
class _Finished:
    """What a step folder holds of a finished step."""

    state: State
    seconds: float
    summary: str


@dataclass(frozen=True)
class Flow(Generic[C]):
    """Steps in their order. Names must differ: they are the names of the folders."""

    steps: Sequence[Step[C]]

    def __post_init__(self) -> None:
        names = [step.name for step in self.steps]
        if len(set(names)) != len(names) or not all(_FOLDER.match(f"00-{name}") for name in names):
            raise ConfigError("names of steps must differ and be made of a-z, 0-9 and _", got=", ".join(names))

    def run(
        self,
        run_folder: Path,
        config: C,
        initial: Mapping[str, Path],
        progress: Progress | None = None,
        *,
        stop_after: str | None = None,
        resume_line: str | None = None,
        locked: bool = False,
    ) -> FlowResult:
        """Run what is not yet done.

        initial: name to a file in ``run_folder``. stop_after: name of the last step to do. resume_line: the command that goes on, for
        the message after Ctrl-C. locked: the caller holds :func:`run_lock` already.

        Raises ConfigError if the folder is in use, Interrupted after Ctrl-C or a termination signal, and whatever a step raises.
        """
        names = [step.name for step in self.steps]
        if stop_after is not None and stop_after not in names:
            close = nearest(stop_after, names)
            raise ConfigError(
                "no step has this name", got=stop_after, allowed=", ".join(names), next_step=f"use {close!r}" if close else None
            )
        run_folder = run_folder.resolve()
        with nullcontext() if locked else run_lock(run_folder), _termination_as_interrupt():
            try:
                return self._run(run_folder, config, initial, progress or (lambda _: None), stop_after)
            except KeyboardInterrupt:
                raise Interrupted(
                    "stopped; the steps that are done are kept", next_step=resume_line or "run the same command again"
                ) from None

    def _run(self, run_folder: Path, config: C, initial: Mapping[str, Path], progress: Progress, stop_after: str | None) -> FlowResult:
        state = State({name: _relative(path, run_folder) for name, path in initial.items()})
        outcomes: list[StepOutcome] = []
        fresh = False
        for number, step in enumerate(self.steps, 1):
            folder = run_folder / f"{number:02}-{step.name}"
            inputs = dict(step.inputs(config))
            key = _key(step, inputs, state, run_folder)
            done = None if fresh else _finished(folder, key, state, run_folder)

            def tell(event: Event, message: str = "", fraction: float | None = None, step: Step[C] = step, number: int = number) -> None:
                progress(StepProgress(step.name, number, len(self.steps), event, fraction, message))

            if done is not None:
                state = done.state
                tell("reused", done.summary)
                outcomes.append(StepOutcome(step.name, folder, True, done.seconds, done.summary))
            else:
                if not fresh:
                    _wipe(run_folder, number, {step.name for step in self.steps})
                    fresh = True
                tell("start")
                _prepare(folder, inputs, state)
                start = time.monotonic()
                say = lambda message, fraction=None, tell=tell: tell("progress", message, fraction)  # noqa: E731
                try:
                    delta = step.run(StepContext(folder, run_folder, state, config, say))
                    state = _finish(folder, step, key, state, delta, run_folder, time.monotonic() - start)
                except NeutnngenError as problem:
                    tell("failed", problem.what)
                    raise
                except BaseException as problem:
                    tell("failed", type(problem).__name__)
                    raise
                tell("done", delta.summary)
                outcomes.append(StepOutcome(step.name, folder, False, time.monotonic() - start, delta.summary))
            if step.name == stop_after:
                return FlowResult(run_folder, state, tuple(outcomes), number == len(self.steps))
        return FlowResult(run_folder, state, tuple(outcomes), True)


def read_result(run_folder: Path) -> FlowResult:
    """What the finished steps of a run folder hold, without running anything. complete is False: only the flow knows its last step."""
    run_folder = run_folder.resolve()
    state = State()
    outcomes: list[StepOutcome] = []
    for folder in sorted(f for f in run_folder.glob("*") if f.is_dir() and _FOLDER.match(f.name)):
        try:
            document = json.loads((folder / "state_out.json").read_text(encoding="utf-8"))
            added = state_from_dict(document)
            summary = str(document["summary"])
        except (OSError, ValueError, KeyError, DataError):
            break  # not finished; what comes after it is not of this run
        state = state.with_files(added.files, added.metrics)
        outcomes.append(StepOutcome(folder.name[3:], folder, True, _seconds(folder), summary))
    return FlowResult(run_folder, state, tuple(outcomes), False)


def _relative(path: Path, run_folder: Path) -> PurePosixPath:
    absolute = path if path.is_absolute() else run_folder / path
    if not absolute.resolve().is_relative_to(run_folder):
        raise ConfigError("a file of the run lies outside of its folder", got=path, allowed=f"paths in {run_folder}")
    return PurePosixPath(absolute.resolve().relative_to(run_folder).as_posix())


def _json(document: Any) -> str:
    return json.dumps(document, indent=1) + "\n"


def _key(step: Step[Any], inputs: Mapping[str, Any], state: State, run_folder: Path) -> str:
    """Hash of all that the step's result depends on. DataError if a file that it reads is not there."""
    files = {}
    for name in step.reads:
        if name not in state.files:
            raise ConfigError(f"step {step.name} reads a file that no step before it makes", got=name, allowed=", ".join(state.files))
        path = run_folder / state.files[name]
        if not path.is_file():
            raise DataError(f"step {step.name} reads a file that is not there", got=path)
        files[name] = file_hash(path)
    document = {"step": step.name, "version": step.version, "inputs": inputs, "files": files}
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _finished(folder: Path, key: str, before: State, run_folder: Path) -> _Finished | None:
    """The finished step in ``folder``, None unless it is whole and depends on the same things."""
    try:
        document = json.loads((folder / "state_out.json").read_text(encoding="utf-8"))
        if document["format"] != FORMAT or _major(document["version"]) != _major(VERSION) or document["key"] != key:
            return None
        added = state_from_dict(document)
        sealed: dict[str, str] = document["hashes"]
        if sealed.keys() != added.files.keys():
            return None
        if any(file_hash(run_folder / path) != sealed[name] for name, path in added.files.items()):
            return None
        return _Finished(before.with_files(added.files, added.metrics), _seconds(folder), str(document["summary"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, DataError):
        return None  # half-written or damaged: it is made again


def _major(version: object) -> str:
    return str(version).partition(".")[0]


def _seconds(folder: Path) -> float:
    with suppress(OSError, ValueError):
        return float((folder / "runtime").read_text(encoding="ascii").split()[0])
    return 0.0


def _wipe(run_folder: Path, number: int, names: set[str]) -> None:
    """Remove the folders of this step and all later ones; each stops being a finished one first. Folders of other origin stay."""
    for folder in sorted(run_folder.iterdir(), reverse=True):
        if folder.is_symlink() or not folder.is_dir() or not _FOLDER.match(folder.name) or int(folder.name[:2]) < number:
            continue
        if folder.name[3:] in names or (folder / "state_in.json").is_file():
            (folder / "state_out.json").unlink(missing_ok=True)
            shutil.rmtree(folder)


def _prepare(folder: Path, inputs: Mapping[str, Any], state: State) -> None:
    folder.mkdir()
    write_atomic(folder / "config.json", _json(inputs))
    write_atomic(folder / "state_in.json", _json(state.as_dict()))


def _finish(folder: Path, step: Step[Any], key: str, before: State, delta: StateDelta, run_folder: Path, seconds: float) -> State:
    """Seal the step: its result becomes final with the last write."""
    for name, path in delta.files.items():
        if not path.is_file():
            raise ToolFailed(f"step {step.name} did not write its file {name!r}", got=path, next_step=f"read {folder / 'log'}")
        if not path.resolve().is_relative_to(folder):
            raise ConfigError(f"step {step.name} wrote outside of its folder", got=path, allowed=folder)
    files = {name: _relative(path, run_folder) for name, path in delta.files.items()}
    write_atomic(folder / "runtime", f"{seconds:.3f} s\n")
    document = {
        "format": FORMAT,
        "version": VERSION,
        "step": step.name,
        "step_version": step.version,
        "key": key,
        "summary": delta.summary,
        "hashes": {name: file_hash(run_folder / path) for name, path in files.items()},
        **State(files, delta.metrics).as_dict(),
    }
    write_atomic(folder / "state_out.json", _json(document))
    return before.with_files(files, delta.metrics)


@contextmanager
def _termination_as_interrupt() -> Iterator[None]:
    """A termination signal ends the run as Ctrl-C does. Only the main thread may set handlers; elsewhere nothing changes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt
