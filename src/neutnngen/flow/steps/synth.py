"""Synthesis: RTL to a flat netlist of library cells."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from neutnngen.errors import CheckFailed, ToolFailed
from neutnngen.flow.config import LayoutConfig
from neutnngen.flow.metric import metrics
from neutnngen.flow.state import State, StateDelta
from neutnngen.flow.step import StepContext
from neutnngen.flow.steps.common import Context, KitStep, beside, link_libraries, render_script, write_report
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.canonical import canonical
from neutnngen.place_route.verilog_netlist import read_netlist, write_netlist
from neutnngen.rtl.rings import Rings
from neutnngen.spec import Design
from neutnngen.tools import yosys

FLAT = 2_000
"""Synapses up to which a Design of the style parallel is synthesised flat: beyond, ABC takes tens of minutes, and minutes by modules."""


def by_modules(design: Design, rings: Rings | None) -> bool:
    """Whether a Design's modules are mapped one by one, see :class:`Synth`."""
    return rings is not None or design.synapses > FLAT


@dataclass(frozen=True)
class Synth(KitStep):
    """Yosys with ABC. sources: names of the state's RTL files in reading order; top: the top module.

    modular: map every module by itself, the RTL's full adders to the library's, and put the parts together afterwards: for columns with
    rings, whose parts are many and equal (65 × 2: 6 % less area than flat, and seconds instead of minutes at 270 × 25). Columns of the
    style parallel get 5 % larger by it; flat, with full adders mapped, a 24 × 2 column gets 0.4 to 4 % larger than with the sums left to
    ABC.
    """

    sources: tuple[str, ...]
    top: str
    modular: bool = False

    name = "synth"
    version = 3
    scripts = ("synth.ys.j2", "area_abc.j2", "full_adder.v.j2")

    @property
    def reads(self) -> tuple[str, ...]:
        return self.sources

    def inputs(self, config: LayoutConfig) -> Mapping[str, Any]:
        own = {"tools": {"Yosys": yosys.version()}, "top": self.top, "sources": self.sources, "modular": self.modular}
        return {**super().inputs(config), **own}

    def run(self, context: Context) -> StateDelta:
        folder, roles = context.folder, self.kit.roles
        mapped, statistics = folder / "yosys.v", folder / "statistics.json"
        adder = self._map_adder(folder) if self.modular else None
        abc = render_script(self.scripts[1], folder / "area.abc", {}) if self.modular else None
        script = render_script(
            self.scripts[0],
            folder / "synth.ys",
            {
                "libraries": link_libraries(self.kit, folder),
                "sources": [beside(context.file(name), folder) for name in self.sources],
                "top": self.top,
                "modular": self.modular,
                "adder": None if adder is None else adder.name,
                "abc": None if abc is None else abc.name,
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

    def _map_adder(self, folder: Path) -> Path | None:
        """A Yosys map from the RTL's full adder to the library's, if it has one."""
        adder = self.kit.roles.full_adder
        return None if adder is None else render_script(self.scripts[2], folder / "full_adder.v", {"cell": adder[0], "pins": adder[1]})


def synthesise(kit: Kit, sources: Sequence[Path], top: str, folder: Path, *, modular: bool = False) -> tuple[Path, yosys.Statistics]:
    """Netlist and statistics of RTL files outside a flow; folder: gets all that the step writes, in ``synth``. Errors as of the step."""
    names = tuple(path.name for path in sources)
    step = folder / "synth"
    step.mkdir(parents=True)
    state = State({name: PurePosixPath(path.resolve()) for name, path in zip(names, sources, strict=True)})
    made = Synth(kit, "", names, top, modular).run(StepContext(step, folder, state, LayoutConfig()))
    return made.files["synthesis_netlist"], yosys.parse_statistics((step / "statistics.json").read_text(encoding="utf-8"))


def inferred_latches(log: str) -> list[str]:
    """Signals for which Yosys's log reports an inferred latch."""
    return list(dict.fromkeys(name.replace("\\", "") for name in re.findall(r"Latch inferred for signal `([^']+)'", log)))
