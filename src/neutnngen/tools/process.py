"""Running external programs: one way for all tool wrappers.

A program that is absent is MissingTool with the line that installs it; one that fails is ToolFailed with its log's path and last lines.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from neutnngen.errors import MissingTool, ToolFailed

LOG_TAIL = 12
"""Lines of a log that an error shows."""


@dataclass(frozen=True)
class ToolInfo:
    """An external program: how to find it, ask its version and install it.

    version_pattern: regular expression whose first group is the version in the output of ``version_argv``. at_least, below: allowed
    range, either end may be None.
    """

    name: str
    program: str
    version_argv: tuple[str, ...]
    version_pattern: str
    install: str
    at_least: str | None = None
    below: str | None = None

    @property
    def allowed(self) -> str:
        """The allowed range in words."""
        parts = [f"at least {self.at_least}" if self.at_least else "", f"below {self.below}" if self.below else ""]
        return ", ".join(part for part in parts if part) or "any version"


@dataclass(frozen=True)
class Probe:
    """What was found of a tool: path and version are None where it is absent or does not say."""

    tool: ToolInfo
    path: Path | None
    version: str | None
    usable: bool


@dataclass(frozen=True)
class ToolRun:
    """A program that ran and returned ``returncode``; its output is in ``log``."""

    argv: tuple[str, ...]
    returncode: int
    log: Path
    seconds: float

    def text(self) -> str:
        """What the program printed, standard error included."""
        return self.log.read_text(encoding="utf-8", errors="replace")


def version_key(version: str) -> tuple[int, ...]:
    """Numbers of a version, for comparison: ``"11.0 (stable)"`` is (11, 0)."""
    head = re.match(r"\d+(?:\.\d+)*", version.strip())
    return tuple(int(part) for part in head[0].split(".")) if head else ()


def in_range(version: str, tool: ToolInfo) -> bool:
    """Whether the tool's allowed range holds this version."""
    key = version_key(version)
    if tool.at_least is not None and key < version_key(tool.at_least):
        return False
    return tool.below is None or key < version_key(tool.below)


def find_program(program: str) -> Path | None:
    """The program's path as the shell would find it, else None."""
    found = shutil.which(program)
    return Path(found) if found else None


def probe(tool: ToolInfo) -> Probe:
    """Find a tool and ask its version. Never raises: what is missing is in the answer."""
    path = find_program(tool.program)
    if path is None:
        return Probe(tool, None, None, usable=False)
    try:
        answer = subprocess.run([str(path), *tool.version_argv], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return Probe(tool, path, None, usable=False)
    found = re.search(tool.version_pattern, answer.stdout + answer.stderr)
    version = found[1] if found else None
    return Probe(tool, path, version, usable=version is not None and in_range(version, tool))


def require(tool: ToolInfo) -> Path:
    """Path of a usable tool; MissingTool with the installation line if it is absent or its version is not allowed."""
    result = probe(tool)
    if result.path is None:
        raise MissingTool(f"{tool.name} is not installed", got=f"no {tool.program!r} on PATH", allowed=tool.allowed, next_step=tool.install)
    if not result.usable:
        raise MissingTool(
            f"{tool.name} has a version that is not supported",
            got=result.version or "unknown",
            allowed=tool.allowed,
            next_step=tool.install,
        )
    return result.path


def log_tail(log: Path, lines: int = LOG_TAIL) -> str:
    """The last lines of a log."""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


def run_tool(
    argv: Sequence[str | Path],
    cwd: Path,
    log: Path,
    timeout: float,
    *,
    env: Mapping[str, str] | None = None,
    install: str | None = None,
    expect: Sequence[Path] = (),
) -> ToolRun:
    """Run a program to its end, with standard output and error in ``log``.

    argv: the program first. timeout: seconds; the program and its children are stopped afterwards. env: additions to the
    environment. install: how to install the program, for the error. expect: files that the program must write; older ones are
    removed first, so that a file that is there was written by this run.

    Raises MissingTool if the program is absent; ToolFailed if it fails, takes too long or leaves out an expected file.
    """
    words = tuple(str(word) for word in argv)
    if shutil.which(words[0]) is None:
        raise MissingTool(f"the program {words[0]!r} is not installed", next_step=install)
    for path in expect:
        path.unlink(missing_ok=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    with log.open("wb") as sink:
        process = subprocess.Popen(
            words,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            start_new_session=True,
        )
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            _stop(process)
            raise _failed(words, log, f"took longer than {timeout:g} s and was stopped") from None
        except BaseException:
            _stop(process)
            raise
    if code != 0:
        raise _failed(words, log, f"was ended by signal {-code}" if code < 0 else f"returned {code}")
    for path in expect:
        if not path.is_file():
            raise _failed(words, log, f"did not write {path}")
    return ToolRun(words, code, log, time.monotonic() - start)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a program with its children: it leads its own process group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _failed(argv: tuple[str, ...], log: Path, what: str) -> ToolFailed:
    tail = log_tail(log)
    said = f"{log}\n{tail}" if tail else f"{log} (empty)"
    return ToolFailed(f"{Path(argv[0]).name} {what}", got=said, next_step=f"read {log}")
