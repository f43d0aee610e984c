"""Step that writes the scripts of a back end, whether its programs are there or not."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from neutnngen.files import write_atomic
from neutnngen.flow.backends.external import RESULTS_FOLDER, Program, run_key, run_or_take
from neutnngen.flow.backends.saif import write_saif
from neutnngen.flow.backends.values import link_files, script_values
from neutnngen.flow.config import LayoutConfig
from neutnngen.flow.state import StateDelta
from neutnngen.flow.steps.common import Context, KitStep, beside, render_script, write_report
from neutnngen.verify import NetActivity

TEMPLATE_END = ".j2"
ACTIVITY = f"../{RESULTS_FOLDER}/activity.saif"
"""Where the power script finds the measured activity, seen from its folder."""


@dataclass(frozen=True)
class Scripts(KitStep):
    """All scripts of a back end, the kit's files by links beside them, and README with the commands to type.

    top: the top module. sources: names of the state's RTL files.
    """

    top: str
    sources: tuple[str, ...]
    flat: bool

    name = "scripts"
    version = 1
    options = ("utilisation", "aspect", "max_fanout", "route_iterations", "clock_period_ns")
    commands: ClassVar[tuple[str, ...]] = ()
    last: ClassVar[str] = ""  # of the scripts, that which runs after the gate simulation

    def inputs(self, config: LayoutConfig) -> Mapping[str, Any]:
        return {**super().inputs(config), "top": self.top, "sources": self.sources, "flat": self.flat}

    @abstractmethod
    def values(self, context: Context, files: Mapping[str, Any]) -> dict[str, Any]:
        """What the templates need beyond :func:`script_values`."""

    def run(self, context: Context) -> StateDelta:
        folder = context.folder
        found = link_files(self.kit, folder)
        values = script_values(self.kit, context.config, self.top) | found
        values |= self.values(context, found) | {"constraints": beside(context.file("constraints"), folder), "activity": ACTIVITY}
        # the key is that of what the scripts hold and read, whichever machine they run on
        values |= {"key": run_key(values | {"hash": self.kit_hash}, [context.file(name) for name in self.reads])}
        values |= {"power_key": run_key({"of": values["key"]}, [])}
        made = [render_script(script, folder / Path(script).name.removesuffix(TEMPLATE_END), values) for script in self.scripts]
        keys = write_report(folder, "keys.json", {"layout": values["key"], "power": values["power_key"]})
        lines = [f"# {self.top}: scripts of a back end, written by neutnngen. Type these lines in this folder, or run this file."]
        lines += ["set -e", 'cd "$(dirname "$0")"', *self.commands]
        lines += ["# Then type the neutnngen command again: it checks the results and simulates the gates. After that, for power:"]
        lines += [f"# {self.last}", ""]
        how = write_atomic(folder / "run.sh", "\n".join(lines))
        files = {"script_keys": keys, "scripts_run": how, **{f"script/{path.name}": path for path in made}}
        return StateDelta(files, {}, f"{len(made)} files in {folder.name}")


@dataclass(frozen=True)
class Power(KitStep):
    """Power with the activity that the gate simulation measured, by the back end's own program."""

    top: str
    programs: tuple[Program, ...]
    install: str

    name = "power"
    version = 1
    reads = ("script_keys", "netlist", "activity")
    options = ("clock_period_ns", "unit_clock_hz")

    @abstractmethod
    def read(self, context: Context, report: str) -> StateDelta:
        """Metrics of what the program said."""

    report_name: ClassVar[str] = ""

    def run(self, context: Context) -> StateDelta:
        table = json.loads(context.file("activity").read_text(encoding="utf-8"))
        activity = {name: NetActivity(*row) for name, row in table.items()}
        results = context.run_folder / RESULTS_FOLDER
        write_saif(activity, self.top, context.config.clock_period_ns, results / Path(ACTIVITY).name)
        key = json.loads(context.file("script_keys").read_text(encoding="utf-8"))["power"]
        scripts = context.file("script_keys").parent
        run_or_take(context, scripts, "power", key, self.programs, self.install)
        return self.read(context, (results / self.report_name).read_text(encoding="utf-8", errors="replace"))
