"""Extraction, timing and power of the finished layout."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from neutnngen.errors import CheckFailed, ToolFailed
from neutnngen.flow.config import LayoutConfig
from neutnngen.flow.loads import check_loads
from neutnngen.flow.measured_power import SCRIPT, TEMPLATE, measure_power
from neutnngen.flow.metric import metrics
from neutnngen.flow.power_model import clock_port
from neutnngen.flow.state import StateDelta
from neutnngen.flow.steps.common import (
    Context,
    KitStep,
    beside,
    corner_hashes,
    link_libraries,
    read_block,
    read_parasitics,
    render_script,
    write_report,
)
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block
from neutnngen.place_route.extract import write_spef
from neutnngen.place_route.ir_drop import Drop, ir_drop
from neutnngen.place_route.ir_drop_map import draw_ir_drop
from neutnngen.tools import opensta
from neutnngen.tools.opensta import Power
from neutnngen.verify import NetActivity


@dataclass(frozen=True)
class Extract(KitStep):
    """Resistance and capacitance of every net, and the loads that follow."""

    name = "extract"
    version = 2
    reads = ("layout",)

    def run(self, context: Context) -> StateDelta:
        block = read_block(context, self.kit)
        parasitics = read_parasitics(context, self.kit)
        spef = context.folder / f"{block.name}.spef"
        write_spef(parasitics, block, self.kit, spef)
        loads = check_loads(block, self.kit, parasitics)
        coupled = sum(net.coupled for net in parasitics.nets.values())
        report = write_report(context.folder, "loads.json", {"overloads": [overload._asdict() for overload in loads.overloads]})
        numbers = metrics(
            "MEASURED",
            "extract",
            ("wire_capacitance", loads.wire_capacitance, "fF", "lower"),
            ("coupling_share", coupled / max(loads.wire_capacitance, 1e-9), "", "lower"),
            ("capacitance_violations", len(loads.overloads), "pins", "lower"),
            ("largest_fanout", loads.largest_fanout, "pins", "lower"),
        )
        share = 100 * coupled / max(loads.wire_capacitance, 1e-9)
        summary = (
            f"{loads.wire_capacitance / 1000:,.2f} pF of wires, {share:.0f} % to neighbours, {len(loads.overloads)} overloaded drivers"
        )
        return StateDelta({"spef": spef, "loads_report": report}, numbers, summary)


@dataclass(frozen=True)
class Timing(KitStep):
    """OpenSTA on netlist, parasitics and constraints, at the kit's own corner and at every other one that it has.

    Timing that is not met is a number, not an error. Wires are the same at every corner.
    """

    name = "timing"
    version = 2
    scripts = ("timing.tcl.j2",)
    reads = ("layout", "netlist", "spef", "constraints")
    options = ("clock_period_ns",)
    tools = (opensta.OPENSTA,)

    def inputs(self, config: LayoutConfig) -> Mapping[str, Any]:
        return {**super().inputs(config), "corners": corner_hashes(self.kit)}

    def run(self, context: Context) -> StateDelta:
        folder, period = context.folder, context.config.clock_period_ns
        block = read_block(context, self.kit)
        found = _analyse(context, self.kit, block, folder, context.log)
        corners: dict[str, CornerTiming] = {}
        for corner, libraries in self.kit.corners.items():
            context.say(f"corner {corner}", None)
            (folder / corner).mkdir()
            kit = replace(self.kit, liberty=libraries)
            corners[corner] = _analyse(context, kit, block, folder / corner, folder / corner / "log")
        report = write_report(
            folder,
            "timing.json",
            {
                "clock_period_ns": period,
                "setup": asdict(found.setup),
                "hold": asdict(found.hold),
                "registers": asdict(found.registers) if found.registers else None,
                "skew": asdict(found.skew) if found.skew else None,
                "slew_violations": found.slews,
                "not_constrained": found.unchecked,
                "corners": {name: _corner_document(corner) for name, corner in {"typical": found, **corners}.items()},
            },
        )
        rows: list[Any] = [
            ("clock_period", period, "ns", None),
            *_corner_rows(found, ""),
            ("critical_path_cells", found.setup.cells, "cells", "lower"),
            ("unconstrained", len(found.unchecked), "messages", "lower"),
        ]
        if found.registers is not None:
            # Paths from and to ports are left out: their share of the period is an assumption of the constraints.
            rows.append(("shortest_period", period - found.registers.slack, "ns", "lower"))
        if found.skew is not None:
            latency = max(found.skew.launch, found.skew.capture)
            rows += [("clock_skew", abs(found.skew.skew), "ns", "lower"), ("clock_latency", latency, "ns", "lower")]
        for name, other in corners.items():
            rows += _corner_rows(other, f"_{name}")
        every = [found, *corners.values()]
        met = all(one.numbers["setup_slack"] >= 0 and one.numbers["hold_slack"] >= 0 for one in every)
        sides = [_slacks("", found), *(_slacks(f"{name}: ", corner) for name, corner in corners.items())]
        summary = f"{'met' if met else 'NOT MET'} at {period:g} ns: " + "; ".join(sides)
        return StateDelta({"timing_report": report}, metrics("MEASURED", "opensta", *rows), summary)


@dataclass(frozen=True)
class CornerTiming:
    """What OpenSTA says at one corner. numbers: slacks in ns by the script's names; slews: violated limits; unchecked: messages."""

    numbers: Mapping[str, float]
    setup: opensta.TimingPath
    hold: opensta.TimingPath
    registers: opensta.TimingPath | None
    skew: opensta.ClockSkew | None
    slews: list[tuple[str, float]]
    unchecked: list[str]


def _analyse(context: Context, kit: Kit, block: Block, folder: Path, log: Path) -> CornerTiming:
    """Timing with the Liberty files of ``kit``; script and log lie in ``folder``."""
    roles = kit.roles
    script = render_script(
        Timing.scripts[0],
        folder / "timing.tcl",
        {
            "libraries": link_libraries(kit, folder),
            "netlist": beside(context.file("netlist"), folder),
            "spef": beside(context.file("spef"), folder),
            "constraints": beside(context.file("constraints"), folder),
            "top": block.name,
            "clock": clock_port(block),
            "clock_driver": roles.clock_buffers[-1],
            "driving_cell": roles.driving_cell,
            "output_load": roles.output_load,
        },
    )
    context.record_command(opensta.script_argv(beside(script, context.folder)))
    text = opensta.run_script(script.relative_to(folder), folder, log)
    setup, hold = opensta.parse_path(opensta.section(text, "setup")), opensta.parse_path(opensta.section(text, "hold"))
    if setup is None or hold is None:
        raise ToolFailed("OpenSTA found no timing path", got=log, next_step="check the constraints")
    return CornerTiming(
        opensta.values(text),
        setup,
        hold,
        opensta.parse_path(opensta.section(text, "registers")),
        opensta.parse_skew(opensta.section(text, "skew")),
        opensta.parse_slew_violations(opensta.section(text, "slew")),
        [row.strip() for row in opensta.section(text, "setup_check").splitlines() if row.strip()],
    )


def _corner_rows(corner: CornerTiming, end: str) -> list[Any]:
    """Rows of metrics whose names end with the corner's."""
    return [
        (f"setup_slack{end}", corner.numbers["setup_slack"], "ns", "higher"),
        (f"hold_slack{end}", corner.numbers["hold_slack"], "ns", "higher"),
        (f"setup_total_negative_slack{end}", corner.numbers["setup_tns"], "ns", "higher"),
        (f"hold_total_negative_slack{end}", corner.numbers["hold_tns"], "ns", "higher"),
        (f"slew_violations{end}", len(corner.slews), "pins", "lower"),
    ]


def _slacks(label: str, corner: CornerTiming) -> str:
    return f"{label}setup {corner.numbers['setup_slack']:+.3f} ns, hold {corner.numbers['hold_slack']:+.3f} ns"


def _corner_document(corner: CornerTiming) -> dict[str, Any]:
    ends = {f"{kind}_path": [path.startpoint, path.endpoint] for kind, path in (("setup", corner.setup), ("hold", corner.hold))}
    return {**corner.numbers, **ends, "slew_violations": len(corner.slews)}


@dataclass(frozen=True)
class PowerStep(KitStep):
    """OpenSTA's power with the activity that the gate simulation measured at every net."""

    name = "power"
    version = 2
    scripts = (TEMPLATE,)
    reads = ("layout", "activity")
    options = ("clock_period_ns", "unit_clock_hz")
    tools = (opensta.OPENSTA,)

    def run(self, context: Context) -> StateDelta:
        folder, config = context.folder, context.config
        block = read_block(context, self.kit)
        activity = {name: NetActivity(*pair) for name, pair in json.loads(context.file("activity").read_text(encoding="utf-8")).items()}
        context.record_command(opensta.script_argv(SCRIPT))
        wires = read_parasitics(context, self.kit)
        found = measure_power(block, self.kit, activity, folder, clock_period=config.clock_period_ns, parasitics=wires, log=context.log)
        total = found.total
        slow = at_clock(total, config.clock_period_ns, config.unit_clock_hz)
        by_instance = write_report(folder, "instance_power.json", found.by_instance)
        report = write_report(
            folder,
            "power.json",
            {
                "clock_period_ns": config.clock_period_ns,
                "unit_clock_hz": config.unit_clock_hz,
                "total_w": _watts(total),
                "at_unit_clock_w": _watts(slow),
                "groups_w": {name: _watts(power) for name, power in found.groups.items()},
                "pins_with_activity": found.matched,
                "pins_without_activity": found.missing,
                "nets_without_activity": found.unknown,
            },
        )
        numbers = metrics(
            "MEASURED",
            "opensta",
            ("total_power", total.total * 1e6, "uW", "lower"),
            ("internal_power", total.internal * 1e6, "uW", "lower"),
            ("switching_power", total.switching * 1e6, "uW", "lower"),
            ("leakage_power", total.leakage * 1e6, "uW", "lower"),
            ("clock_tree_power", found.groups["clock tree"].total * 1e6, "uW", "lower"),
            ("power_at_unit_clock", slow.total * 1e6, "uW", "lower"),
            ("pins_without_activity", found.missing, "pins", "lower"),
        )
        fast = f"{total.total * 1e6:,.1f} uW at {1000 / config.clock_period_ns:g} MHz"
        summary = f"{fast}, {slow.total * 1e6:,.2f} uW at {config.unit_clock_hz / 1000:g} kHz"
        return StateDelta({"power_report": report, "instance_power": by_instance}, numbers, summary)


@dataclass(frozen=True)
class IrDrop(KitStep):
    """Static voltage drop on the supplies at the power of the step before."""

    name = "ir_drop"
    version = 1
    reads = ("layout", "instance_power")

    def run(self, context: Context) -> StateDelta:
        block = read_block(context, self.kit)
        power = json.loads(context.file("instance_power").read_text(encoding="utf-8"))
        drops = ir_drop(block, self.kit, power)
        rows = [_drop_document(drop, self.kit) for drop in drops]
        report = write_report(context.folder, "ir_drop.json", {"voltage": self.kit.voltage, "nets": rows})
        bad = [drop for drop in drops if drop.open_metal or drop.open_instances]
        if bad:
            raise CheckFailed(
                "a supply is not connected",
                got="; ".join(f"{d.net}: {len(d.open_metal)} wires and {len(d.open_instances)} cells without a way to a pad" for d in bad),
                allowed="every rail, strap and cell is joined to the straps of the highest layer",
                next_step=f"all places: {report}",
            )
        picture = draw_ir_drop(drops, block, self.kit, context.folder / "ir_drop.png")
        named = zip(("power", "ground"), drops, strict=True)
        numbers = metrics("MEASURED", "ir_drop", *((f"ir_drop_{use}", 1e3 * drop.worst, "mV", "lower") for use, drop in named))
        share = 100 * sum(drop.worst for drop in drops) / self.kit.voltage
        summary = (
            ", ".join(f"{drop.net} {1e3 * drop.worst:.3g} mV" for drop in drops) + f": at most {share:.2g} % of {self.kit.voltage:g} V"
        )
        return StateDelta({"ir_drop_report": report, "ir_drop_map": picture}, numbers, summary)


def _drop_document(drop: Drop, kit: Kit) -> dict[str, Any]:
    um = kit.technology.to_um
    return {
        "net": drop.net,
        "worst_mv": 1e3 * drop.worst,
        "mean_mv": 1e3 * drop.mean,
        "worst_instance": drop.worst_instance,
        "pads": drop.pads,
        "current_a": drop.current,
        "nodes": drop.nodes,
        "resistors": drop.resistors,
        "open_metal_um": [[r.layer, um(r.x0), um(r.y0), um(r.x1), um(r.y1)] for r in drop.open_metal],
        "open_instances": drop.open_instances,
    }


def at_clock(power: Power, period_ns: float, frequency_hz: float) -> Power:
    """The same activity per clock at another clock: dynamic power in proportion, leakage as it is."""
    share = frequency_hz * period_ns * 1e-9
    return Power(power.internal * share, power.switching * share, power.leakage)


def _watts(power: Power) -> dict[str, float]:
    return {**asdict(power), "total": power.total}
