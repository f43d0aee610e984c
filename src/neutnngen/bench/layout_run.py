"""One Design from RTL to a signed-off GDSII in a process of its own, so that its memory can be told.

``python -m neutnngen.bench.layout_run FOLDER`` reads ``job.json`` in the folder and writes ``answer.json`` there.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from neutnngen.bench.designs import lines_beside
from neutnngen.errors import NeutnngenError, ToolFailed
from neutnngen.files import write_atomic
from neutnngen.flow.config import LayoutConfig
from neutnngen.flow.layout import run_layout
from neutnngen.flow.runner import read_result
from neutnngen.spec import Design, load_design
from neutnngen.tools.process import run_tool

JOB, ANSWER = "job.json", "answer.json"


@dataclass(frozen=True)
class Answer:
    """What a run of the flow gave. complete: all steps passed, else problem says why not. metrics: by name. seconds: by step, in order.

    memory: bytes, the largest of this process and of each program that it ran. processor: seconds of all of them together.
    """

    complete: bool
    problem: str = ""
    metrics: dict[str, float] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    memory: int = 0
    processor: float = 0.0


def lay_out(design: Design, waves: Any, config: LayoutConfig, folder: Path, timeout: float) -> Answer:
    """Run the flow on a Design in a process of its own; every second wave learns. A run that was stopped in ``folder`` goes on.

    Raises nothing that the flow raises: what stopped it is in the answer; what its finished steps found is there in any case.
    """
    folder.mkdir(parents=True, exist_ok=True)
    design.save(folder / "design")
    np.save(folder / "waves.npy", waves, allow_pickle=False)
    job = {"config": {name: getattr(config, name) for name in config.__dataclass_fields__}}
    write_atomic(folder / JOB, json.dumps(job, default=str, indent=1) + "\n")
    argv = [sys.executable, "-m", "neutnngen.bench.layout_run", str(folder.resolve())]
    try:
        run_tool(argv, folder, folder / "log", timeout, expect=[folder / ANSWER])
        return Answer(**json.loads((folder / ANSWER).read_text(encoding="utf-8")))
    except ToolFailed as problem:
        done = _so_far(folder)
        said = f"not finished in {timeout:.0f} s" if "took longer" in problem.what else str(problem.what)
        return Answer(False, said, *done)


def _so_far(folder: Path) -> tuple[dict[str, float], dict[str, float]]:
    """Metrics and seconds of the steps that are done."""
    if not (folder / "layout").is_dir():
        return {}, {}
    result = read_result(folder / "layout")
    return {name: float(m.value) for name, m in result.state.metrics.items()}, {step.name: step.seconds for step in result.steps}


def main() -> int:
    """Do the job of the folder in the first argument."""
    _end_with_parent()
    folder = Path(sys.argv[1])
    options = json.loads((folder / JOB).read_text(encoding="utf-8"))["config"]
    for name in ("kit_folder", "macros_folder"):
        options[name] = None if options[name] in (None, "None") else Path(options[name])
    config = LayoutConfig(**options)
    design, waves = load_design(folder / "design"), np.load(folder / "waves.npy")
    learn = np.arange(len(waves)) % 2 == 0
    enable, labels = lines_beside(design, len(waves))
    problem = ""
    try:
        run_layout(design, waves, learn, config, folder / "layout", enable=enable, labels=labels)
    except NeutnngenError as error:
        problem = error.what if error.got is None else f"{error.what}: {error.got.splitlines()[0][:120]}"
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    memory, processor = 1024 * max(one.ru_maxrss for one in used), sum(one.ru_utime + one.ru_stime for one in used)
    metrics, seconds = _so_far(folder)
    answer = {"complete": not problem, "problem": problem, "metrics": metrics, "seconds": seconds, "memory": memory, "processor": processor}
    write_atomic(folder / ANSWER, json.dumps(answer, indent=1) + "\n")
    return 0


def _end_with_parent() -> None:
    """A benchmark that is killed leaves no flow running: what the flow has finished is on disk, and the next run goes on with it."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def program_versions() -> dict[str, str]:
    """Versions of what the flow uses, for a page of figures."""
    import importlib.metadata

    from neutnngen.tools.iverilog import IVERILOG
    from neutnngen.tools.opensta import OPENSTA
    from neutnngen.tools.process import probe

    found = {name: importlib.metadata.version(name) for name in ("pyosys", "coloquinte", "klayout", "numba", "numpy", "scipy")}
    found |= {tool.name: probe(tool).version or "not installed" for tool in (OPENSTA, IVERILOG)}
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    return {"neutnngen": commit.stdout.strip() or importlib.metadata.version("neutnngen"), "Python": sys.version.split()[0], **found}


if __name__ == "__main__":
    raise SystemExit(main())
