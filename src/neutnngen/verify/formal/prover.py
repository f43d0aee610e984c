"""A theorem is a module without registers and with an output ``holds``: it is 1 for all values of the inputs, or there is a counterexample.

Yosys's SAT solver decides. What it is given is the module as flat gates, after Yosys's own simplifications.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment, FunctionLoader, StrictUndefined

from neutnngen.errors import ToolFailed
from neutnngen.tools import yosys

COMMAND_TIMEOUT = 600.0
"""Seconds that Yosys may take for all but the SAT solver."""

Outcome = Literal["proved", "refuted", "timeout"]


@dataclass(frozen=True)
class Verdict:
    """outcome; seconds that it took; values: with "refuted", the named signals of the counterexample."""

    outcome: Outcome
    seconds: float
    values: dict[str, int]


def formal_text(name: str) -> str:
    """A file of this room: a golden model, a theorem or a script."""
    return files("neutnngen.verify.formal").joinpath(*name.split("/")).read_text(encoding="utf-8")


def render(template: str, context: Mapping[str, Any]) -> str:
    """A template of this room with its gaps filled; one that is not filled is an error."""
    environment = Environment(
        loader=FunctionLoader(formal_text),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    return environment.get_template(template).render(context)


def prove(
    name: str,
    theorem: str,
    folder: Path,
    *,
    steps: Sequence[Path] = (),
    sources: Sequence[Path] = (),
    show: Sequence[str] = (),
    sweep: bool = False,
    timeout: float = 300.0,
) -> Verdict:
    """Decide whether output ``holds`` of the module ``theorem`` is 1 for all inputs.

    name: of the files in ``folder``. theorem: SystemVerilog text. steps: step functions that it uses (JSON); sources: other modules.
    show: signals of the theorem besides its inputs that a counterexample tells. sweep: let ABC merge equal nodes first, for large
    theorems of equal structure. timeout: seconds of the SAT solver.

    Raises ToolFailed if Yosys does not reach a verdict for another reason than time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    source, script, log, witness = (folder / f"{name}{end}" for end in (".sv", ".ys", ".log", "_counterexample.json"))
    source.write_text(theorem, encoding="utf-8")
    text = render(
        "scripts/prove.ys.j2",
        {
            "steps": [path.resolve() for path in steps],
            "sources": [path.resolve() for path in (*sources, source)],
            "show": list(show),
            "sweep": sweep,
            "timeout": max(1, round(timeout)),
            "witness": witness.name,
        },
    )
    script.write_text(text, encoding="utf-8")
    witness.unlink(missing_ok=True)
    began = time.perf_counter()
    yosys.run_script(Path(script.name), folder, log.resolve(), [], timeout + COMMAND_TIMEOUT)
    seconds = time.perf_counter() - began
    outcome = read_outcome(log.read_text(encoding="utf-8", errors="replace"))
    if outcome is None:
        raise ToolFailed("Yosys gave no verdict", got=log, next_step=f"read {log}")
    return Verdict(outcome, seconds, read_witness(witness.read_text(encoding="utf-8")) if outcome == "refuted" else {})


def read_outcome(log: str) -> Outcome | None:
    """The verdict in a log of Yosys's command ``sat``, None if there is none."""
    said: dict[str, Outcome] = {
        "SAT proof finished - no model found: SUCCESS!": "proved",
        "SAT proof finished - model found: FAIL!": "refuted",
        "Interrupted SAT solver: TIMEOUT!": "timeout",
    }
    found = [outcome for text, outcome in said.items() if text in log]
    return found[0] if len(found) == 1 else None


def read_witness(text: str) -> dict[str, int]:
    """Signals of a counterexample from the WaveJSON that Yosys writes: one value each."""
    values: dict[str, int] = {}
    for signal in json.loads(text)["signal"]:
        # one bit stands in "wave" itself, more in "data"; after the one moment that there is comes an end mark
        digits = str(signal["data"][0]) if signal["wave"].startswith("=") else signal["wave"][0]
        values[str(signal["name"]).lstrip("\\")] = int(re.sub("[^01]", "0", digits), 2)
    return values
