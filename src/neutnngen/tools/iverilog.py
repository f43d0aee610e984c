"""Icarus Verilog: compiler ``iverilog`` and simulator ``vvp``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from neutnngen.tools.process import ToolInfo, run_tool

INSTALL = "apt-get install iverilog"
COMPILE_TIMEOUT = 600.0
IVERILOG = ToolInfo("Icarus Verilog", "iverilog", ("-V",), r"Icarus Verilog version (\d+(?:\.\d+)*)", INSTALL, at_least="11")
VVP = ToolInfo("Icarus Verilog's simulator", "vvp", ("-V",), r"runtime version (\d+(?:\.\d+)*)", INSTALL, at_least="11")


@dataclass(frozen=True)
class Message:
    """One message of the compiler. line is 0 where it names none."""

    severity: str
    file: str
    line: int
    text: str


def compile_argv(
    sources: Sequence[Path],
    output: Path,
    top: str,
    *,
    parameters: Mapping[str, int] | None = None,
    defines: Sequence[str] = (),
) -> list[str]:
    """Command line that compiles ``sources`` with ``top`` as root into ``output`` (SystemVerilog 2012).

    parameters: values of parameters of the root module. defines: macro names to define.
    """
    argv = ["iverilog", "-g2012", "-o", str(output), "-s", top]
    argv += [f"-P{top}.{name}={value}" for name, value in (parameters or {}).items()]
    argv += [f"-D{name}" for name in defines]
    return argv + [str(source) for source in sources]


def run_argv(compiled: Path, plusargs: Mapping[str, str | Path]) -> list[str]:
    """Command line that runs a compiled simulation; -n: an error ends it instead of waiting at a prompt."""
    return ["vvp", "-n", str(compiled), *(f"+{name}={value}" for name, value in plusargs.items())]


def simulate(
    sources: Sequence[Path],
    top: str,
    folder: Path,
    plusargs: Mapping[str, str | Path],
    expect: Sequence[Path],
    *,
    parameters: Mapping[str, int],
    defines: Sequence[str] = (),
    compiled: Path | None = None,
    timeout: float = 3600.0,
) -> Path:
    """Compile ``sources`` in ``folder`` and run them there; logs beside. expect: files that the run must leave. compiled: what an earlier
    call returned, to run it again. timeout: seconds of the run. Raises MissingTool and ToolFailed."""
    program = compiled
    if program is None:
        program = folder / "simulation.vvp"
        argv = compile_argv([path.resolve() for path in sources], program, top, parameters=parameters, defines=defines)
        run_tool(argv, folder, folder / "iverilog.log", COMPILE_TIMEOUT, install=INSTALL, expect=[program])
    run_tool(run_argv(program, plusargs), folder, folder / "vvp.log", timeout, install=INSTALL, expect=list(expect))
    return program


_LOCATED = re.compile(r"^(?P<file>[^:\s]+):(?P<line>\d+): (?:(?P<severity>error|warning|sorry): )?(?P<text>.*)$")
_BARE = re.compile(r"^(?P<severity>ERROR|WARNING|error|warning|sorry): (?:(?P<file>[^:\s]+):(?P<line>\d+): )?(?P<text>.*)$")


def parse_log(text: str) -> list[Message]:
    """Messages of ``iverilog`` and ``vvp`` in their order. A located line without a severity (a syntax error) is an error."""
    messages = []
    for row in text.splitlines():
        found = _LOCATED.match(row) or _BARE.match(row)
        if found:
            severity = (found["severity"] or "error").lower()
            messages.append(Message(severity, found["file"] or "", int(found["line"] or 0), found["text"]))
    return messages
