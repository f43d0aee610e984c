"""What a step of the flow is: a pure function of its part of the configuration and the files it reads, in a folder of its own."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Literal, Protocol, TypeVar

from neutnngen.errors import ConfigError
from neutnngen.flow.state import State, StateDelta

C = TypeVar("C")
C_contra = TypeVar("C_contra", contravariant=True)
Event = Literal["start", "progress", "reused", "done", "failed"]


@dataclass(frozen=True)
class StepProgress:
    """What happens in a run. number counts from 1 to total; fraction is 0 … 1 or None where a step cannot say; message: one line."""

    step: str
    number: int
    total: int
    event: Event
    fraction: float | None = None
    message: str = ""


Progress = Callable[[StepProgress], None]


@dataclass(frozen=True)
class StepContext(Generic[C]):
    """What a step gets. folder: its own, empty at the start; say: reports (message, fraction)."""

    folder: Path
    run_folder: Path
    state: State
    config: C
    say: Callable[[str, float | None], None] = field(default=lambda _message, _fraction: None)

    @property
    def log(self) -> Path:
        """The step's log; several programs of one step write ``log`` with a suffix instead."""
        return self.folder / "log"

    def file(self, name: str) -> Path:
        """Absolute path of a file of the state. ConfigError if no step before this one made it."""
        if name not in self.state.files:
            raise ConfigError(f"no step before this one made the file {name!r}", allowed=", ".join(self.state.files))
        return self.run_folder / self.state.files[name]

    def record_command(self, argv: Sequence[str | Path]) -> None:
        """Note in COMMANDS what is run, so that a person can repeat it in this folder."""
        with (self.folder / "COMMANDS").open("a", encoding="utf-8") as stream:
            stream.write(shlex.join(str(word) for word in argv) + "\n")


class Step(Protocol[C_contra]):
    """One step. name: part of its folder's name; version: raise it when behaviour changes; reads: the files of the state it uses."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> int: ...

    @property
    def reads(self) -> tuple[str, ...]: ...

    def inputs(self, config: C_contra) -> Mapping[str, Any]:
        """All that the result depends on besides the files: the step's part of the configuration, kit, tool versions. JSON values."""
        ...

    def run(self, context: StepContext[Any]) -> StateDelta:
        """Do the work inside of ``context.folder``. Raises NeutnngenError; CheckFailed only after its report file is written."""
        ...
