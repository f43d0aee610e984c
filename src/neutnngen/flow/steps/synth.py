"""Synthesis: RTL to a flat netlist of library cells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from neutnngen.errors import CheckFailed, ToolFailed
from neutnngen.flow.config import LayoutConfig
from neutnngen.flow.metric import metrics
from neutnngen.flow.state import StateDelta
from neutnngen.flow.steps.common import Context, KitStep, beside, link_library, render_script, write_report
from neutnngen.place_route.canonical import canonical
from neutnngen.place_route.verilog_netlist import read_netlist, write_netlist
from neutnngen.tools import yosys


@dataclass(frozen=True)
class Synth(KitStep):
    """Yosys with ABC. sources: names of the state's RTL files in reading order; top: the top module.

    Full adders are not mapped to the library's adder cells: on a 24 × 2 column that cost 0.4 to 4 % more area than leaving the sums to ABC.
    """

    sources: tuple[str, ...]
    top: str

    name = "synth"
    version = 2
    scripts = ("synth.ys.j2",)

    @property
    def reads(self) -> tuple[str, ...]:
        return self.sources

    def inputs(self, config: LayoutConfig) -> Mapping[str, Any]:
        return {**super().inputs(config), "tools": {"Yosys": yosys.version()}, "top": self.top, "sources": self.sources}

    def run(self, context: Context) -> StateDelta:
        folder, roles = context.folder, self.kit.roles
        mapped, statistics = folder / "yosys.v", folder / "statistics.json"
        script = render_script(
            self.scripts[0],
            folder / "synth.ys",
            {
                "liberty": link_library(self.kit, folder),
                "sources": [beside(context.file(name), folder) for name in self.sources],
                "top": self.top,
                "dont_use": roles.dont_use,
                "tie_high": " ".join(roles.tie_high),
                "tie_low": " ".join(roles.tie_low),
                "statistics": statistics.name,
                "netlist": mapped.name,
            },
        )
        context.record_command(["python", *yosys.script_argv(script.relative_to(folder))[1:]])
        try:
            yosys.run_script(script.relative_to(folder), folder, context.log, [mapped, statistics])
        except ToolFailed as problem:
            latches = inferred_latches(context.log.read_text(encoding="utf-8", errors="replace")) if context.log.is_file() else []
            if latches:
                raise CheckFailed(
                    "the RTL infers latches", got=", ".join(latches), allowed="registers only: give every signal a value on every path"
                ) from None
            raise problem
        netlist = folder / "netlist.v"
        write_netlist(canonical(read_netlist(mapped, self.kit), self.kit), netlist, self.kit)
        made = yosys.parse_statistics(statistics.read_text(encoding="utf-8"))
        report = write_report(folder, "cells.json", asdict(made))
        numbers = metrics(
            "SYNTHESIS",
            "yosys",
            ("synth_cells", made.cells, "cells", "lower"),
            ("synth_area", made.area, "um2", "lower"),
            ("synth_sequential_area", made.sequential_area, "um2", "lower"),
        )
        return StateDelta(
            {"synthesis_netlist": netlist, "cells_report": report}, numbers, f"{made.cells:,} cells, {made.area:,.0f} um2 (SYNTHESIS)"
        )


def inferred_latches(log: str) -> list[str]:
    """Signals for which Yosys's log reports an inferred latch."""
    return list(dict.fromkeys(name.replace("\\", "") for name in re.findall(r"Latch inferred for signal `([^']+)'", log)))
