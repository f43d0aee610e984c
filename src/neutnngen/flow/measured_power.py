"""OpenSTA's power of a block, from the activity that a simulation measured at every net."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from neutnngen.errors import ToolFailed
from neutnngen.files import write_atomic
from neutnngen.flow.power_model import PREFIX, drive_inputs, group_power, move_parasitics, pin_activity
from neutnngen.flow.steps.common import link_libraries, render_script
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block
from neutnngen.place_route.extract import Parasitics, write_spef
from neutnngen.place_route.verilog_netlist import write_netlist
from neutnngen.tools import opensta
from neutnngen.tools.opensta import Power, total_power
from neutnngen.verify import Activity

SCRIPT, TEMPLATE = "power.tcl", "power.tcl.j2"
CLOSURE = 1e-3
"""Relative difference that is allowed between the sum over the instances and OpenSTA's own total."""


@dataclass(frozen=True)
class BlockPower:
    """groups: see ``group_power``. by_instance: W of every instance of the block, physical cells with their leakage. matched, missing: pins
    with and without an activity. unknown: nets without one."""

    groups: Mapping[str, Power]
    by_instance: Mapping[str, float]
    matched: int
    missing: int
    unknown: tuple[str, ...]

    @property
    def total(self) -> Power:
        return total_power(self.groups.values())


def measure_power(
    block: Block,
    kit: Kit,
    activity: Activity,
    folder: Path,
    *,
    clock_period: float,
    parasitics: Parasitics | None = None,
    log: Path | None = None,
) -> BlockPower:
    """Power at a clock of this period, ns.

    activity: by net of the block. parasitics: of its wires; without them the clock has ideal edges, as there is no tree yet.
    folder: exists; gets script, netlist and, if no other is named, the log. Raises MissingTool, ToolFailed.
    """
    harness = drive_inputs(block, kit)
    pins = pin_activity(harness, kit, activity)
    table = write_atomic(folder / "activity.tsv", "".join(f"{p}\t{a.toggles:.9g}\t{a.duty:.9g}\n" for p, a in pins.table.items()))
    netlist, spef, log = folder / "harness.v", folder / "harness.spef", log or folder / "power.log"
    write_netlist(harness.block, netlist, kit)
    if parasitics is not None:
        write_spef(move_parasitics(parasitics, harness), harness.block, kit, spef)
    values = {
        "libraries": link_libraries(kit, folder),
        "netlist": netlist.name,
        "spef": "" if parasitics is None else spef.name,
        "activity": table.name,
        "top": block.name,
        "clocks": (harness.clock, harness.harness_clock),
        "harness_prefix": PREFIX,
        "clock_period": clock_period,
        "clock_driver": kit.roles.clock_buffers[-1],
        "output_load": kit.roles.output_load,
    }
    script = render_script(TEMPLATE, folder / SCRIPT, values)
    text = opensta.run_script(script.relative_to(folder), folder, log)
    found = opensta.values(text)
    powers = opensta.parse_instance_power(opensta.section(text, "instances"))
    absent = [i.name for i in harness.block.instances.values() if i.kind not in ("tap", "filler") and i.name not in powers]
    whole, parts = opensta.parse_total_power(opensta.section(text, "total")), total_power(powers.values())
    if absent or abs(whole.total - parts.total) > CLOSURE * whole.total:
        raise ToolFailed(
            "OpenSTA's power by instance does not add up to its total",
            got=f"{parts.total:.4e} of {whole.total:.4e} W, {len(absent)} instances without power",
            next_step=f"read {log}",
        )
    by_instance = {name: powers[name].total for name in block.instances if name in powers}
    physical = [i for i in block.instances.values() if i.name not in powers and i.master in kit.cells]
    by_instance |= {i.name: kit.cells[i.master].leakage * 1e-9 for i in physical}
    counts = (int(found["matched"]), int(found["missing"]))
    return BlockPower(group_power(block, kit, powers), by_instance, *counts, pins.unknown)
