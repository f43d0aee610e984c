"""A flow of toy steps, and a driver that kills it at every write and removal. Run as a program, so that it may fork and die."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neutnngen.flow import runner
from neutnngen.flow.metric import metrics
from neutnngen.flow.runner import Flow, FlowResult
from neutnngen.flow.state import StateDelta
from neutnngen.flow.step import StepContext, StepProgress

Config = Mapping[str, int]


@dataclass(frozen=True)
class Grow:
    """Writes its input files joined, its name and its option. ``action`` is called in between."""

    name: str
    reads: tuple[str, ...]
    makes: str
    version: int = 1
    action: Callable[[StepContext[Config]], None] | None = None

    def inputs(self, config: Config) -> Mapping[str, Any]:
        return {"value": config.get(self.name, 0)}

    def run(self, context: StepContext[Config]) -> StateDelta:
        out = context.folder / self.makes
        text = "".join(context.file(name).read_text() for name in self.reads)
        runner.write_atomic(out, text)
        if self.action is not None:
            self.action(context)
        value = context.config.get(self.name, 0)
        runner.write_atomic(out, f"{text}{self.name}={value};")
        return StateDelta({self.makes: out}, metrics("MEASURED", "toy", (f"{self.name}_length", len(text), "characters", None)), "grown")


STEPS = (Grow("seed", ("start",), "a"), Grow("stem", ("a",), "b"), Grow("leaf", ("a", "b"), "c"))


def run(
    folder: Path, config: Config, steps: tuple[Grow, ...] = STEPS, events: list[StepProgress] | None = None, **options: Any
) -> FlowResult:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "start.txt").write_text("start;")
    return Flow(steps).run(folder, config, {"start": folder / "start.txt"}, None if events is None else events.append, **options)


def kill_at(number: int) -> None:
    """Make this process die by SIGKILL at its ``number``-th write or removal, with half of the bytes written."""
    seen = 0
    write, unlink = runner.write_atomic, Path.unlink

    def due() -> bool:
        nonlocal seen
        seen += 1
        return seen == number

    def write_half(path: Path, content: str | bytes) -> Path:
        if due():
            path.write_bytes((content.encode() if isinstance(content, str) else content)[: len(content) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return write(path, content)

    def remove(self: Path, missing_ok: bool = False) -> None:
        if due():
            os.kill(os.getpid(), signal.SIGKILL)
        unlink(self, missing_ok)

    def remove_tree(folder: Path) -> None:
        for path in sorted(folder.iterdir()):
            remove(path)
        folder.rmdir()

    runner.write_atomic = write_half  # type: ignore[attr-defined]
    Path.unlink = remove  # type: ignore[method-assign]
    runner.shutil.rmtree = remove_tree  # type: ignore[attr-defined]


def in_child(work: Callable[[], object]) -> int:
    """Run ``work`` in a forked process; its exit status, negative for a signal."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def tree(folder: Path) -> dict[str, str]:
    """All files of a run but the clocks and the lock."""
    skip = {"runtime", ".lock"}
    return {str(p.relative_to(folder)): p.read_text() for p in sorted(folder.rglob("*")) if p.is_file() and p.name not in skip}


def main(work: Path) -> dict[str, Any]:
    """Kill a first run, and a run with a changed option, at every point; each must end like the run that nobody stopped."""
    different: list[str] = []
    points = 0
    for label, first in (("new", None), ("changed", {"seed": 1, "stem": 1})):
        config = {"seed": 1, "stem": 2}
        whole = work / f"{label}-whole"
        in_child(lambda whole=whole, config=config: run(whole, config))
        wanted = tree(whole)
        assert wanted
        for number in range(1, 1000):
            folder = work / f"{label}-{number}"
            if first is not None:
                in_child(lambda folder=folder, first=first: run(folder, first))
            code = in_child(lambda folder=folder, config=config, number=number: (kill_at(number), run(folder, config)))
            if code == 0:
                break
            points += 1
            if code != -signal.SIGKILL:
                different.append(f"{folder.name}: {code}")
            code = in_child(lambda folder=folder, config=config: run(folder, config))
            if code != 0 or tree(folder) != wanted:
                different.append(folder.name)
            shutil.rmtree(folder)
    return {"points": points, "different": different}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
