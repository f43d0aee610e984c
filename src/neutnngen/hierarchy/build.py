"""From a network to a chip of hard macros: harden, plan, assemble, check, measure."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from neutnngen.errors import CheckFailed, ConfigError
from neutnngen.files import write_atomic
from neutnngen.flow.config import LayoutConfig
from neutnngen.flow.lock import run_lock
from neutnngen.flow.step import StepProgress
from neutnngen.hierarchy.check import ChipCheck, check_chip
from neutnngen.hierarchy.chip import BANK, HIGH, LOW, Chip, assemble, plan_repeaters
from neutnngen.hierarchy.drive import Buffer, longest_wire, read_buffers, wire_model
from neutnngen.hierarchy.export import draw_chip, instances_by_module, write_chip_verilog, write_layouts
from neutnngen.hierarchy.floorplan import free_slots, glue_slots, make_bands, plan_array
from neutnngen.hierarchy.layers import chip_layers
from neutnngen.hierarchy.macro import HardMacro, MacroPin, harden
from neutnngen.hierarchy.netlist import GLUE, ChipNetlist, chip_netlist, macro_pins
from neutnngen.hierarchy.prove import Waves, column_activity
from neutnngen.hierarchy.repeaters import FANOUT
from neutnngen.hierarchy.timing import WireTiming, time_wires
from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import Kit, Rect
from neutnngen.rtl.network import generate_network, write_glue
from neutnngen.rtl.structure import wave_clocks
from neutnngen.spec import Design

FORMAT = "neutnngen-chip"
VERSION = "1.0"
BANK_SPARE = 24
"""Pin slots that a column leaves for the bank below it, at least."""
SLACK = 0.8
"""Share of the longest wire that the plan of repeaters uses: real wires make detours over the planned ones."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class BuiltChip:
    """What a chip's folder holds. seconds: by stage; those of macros are of this call, next to nothing where they were reused."""

    chip: Chip
    check: ChipCheck
    timing: WireTiming
    files: dict[str, Path]
    report: dict[str, Any]
    seconds: dict[str, float]


def build_chip(
    design: Design,
    config: LayoutConfig,
    run_folder: Path,
    say: Say = lambda _: None,
    *,
    columns: Mapping[str, HardMacro] | None = None,
    waves: Waves | None = None,
) -> BuiltChip:
    """Lay a network out as copies of hard macros in ``run_folder``; macros that are finished there are used again.

    columns: finished macros by module name, to be used instead of hardening them. waves: what the network sees, with which the power of the
    column of a network of one layer is measured (needs Icarus Verilog); none for no power.

    Raises ConfigError (no such hardware, or the macros cannot be placed), CheckFailed where the chip's file differs from its netlist or
    breaks a rule (its report is written), and whatever the flow of a macro raises.
    """
    kit = load_kit(config.kit, config.kit_folder)
    layers = chip_layers(kit)
    netlist = chip_netlist(design)
    folder = run_folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    seconds: dict[str, float] = {}
    clock = _Clock(seconds, say)
    with run_lock(folder):
        clock("RTL")
        package = generate_network(design, folder / "rtl", clock_period=config.clock_period_ns)
        glue_source = write_glue(design, folder / "rtl")
        leaves = [p for p in package.sources if p.stem not in {package.top, *netlist.macros.values()}]
        macros: dict[str, HardMacro] = dict(columns or {})
        modules = list(dict.fromkeys(m for name, m in netlist.macros.items() if name != GLUE))
        for module in modules:
            if module not in macros:
                clock(f"column {module}")
                first = next(name for name, m in netlist.macros.items() if m == module)
                slots = 2 * len(set(macro_pins(netlist, first))) + BANK_SPARE
                sources = [*leaves, folder / "rtl" / f"{module}.sv"]
                where = folder / "macros" / module
                shared: dict[str, Any] = {"sources": sources, "slots": slots, "modular": True, "progress": _tell(say)}
                macros[module] = harden(module, kit, config, where, **shared)
                if waves is not None and len(design.network.layers) == 1:
                    clock("power")
                    activity = column_activity(design, macros[module], waves, kit, folder / "power")
                    macros[module] = harden(module, kit, config, where, **shared, activity=activity)
        clock("plan")
        wires = wire_model(layers, kit)
        buffer = choose_repeater(kit, wires)
        reach = SLACK * longest_wire(buffer, wires, kit, FANOUT) * kit.technology.dbu
        strap = max(rect.y1 - rect.y0 for macro in macros.values() for _, rect in macro.straps)
        of_columns = {m: macros[m] for m in modules}
        pins = sorted(set(macro_pins(netlist, GLUE)))
        # the glue's pins have their places before it is hardened, so that the plan can count on them; those of its layout follow
        plan = plan_array(netlist, of_columns, layers, strap)
        glue_module = netlist.macros[GLUE]
        _, slots_of_glue = glue_slots(plan, _with_spare(len(pins)))
        clock("glue")
        small = replace(config, aspect=1.0)
        macros[glue_module] = harden(
            glue_module,
            kit,
            small,
            folder / "macros" / glue_module,
            sources=[*leaves, glue_source],
            slots=len(pins),
            free=slots_of_glue,
            progress=_tell(say),
        )
        clock("repeaters")
        free = free_slots(of_columns, layers)
        draft = _draft_bank(macros, free, kit, buffer)
        size = 1
        for wider in range(0, 4096, 64):
            plan = plan_array(netlist, of_columns, layers, strap, wider=wider)
            bands = _rough_bands(plan, {**macros, BANK: draft}, netlist)
            glue_x = plan.x_of(glue_slots(plan, len(pins))[0])
            room = (len(free) * 8 // 9 - 6) // 2
            planner = plan_repeaters(netlist, plan, macros, bands, glue_x, reach, room)
            size = max(1, *planner.plan.used.values()) if planner.plan.used else 1
            draft = _draft_bank(macros, free, kit, buffer, size)
            trial = assemble(netlist, plan, {**macros, BANK: draft}, kit, planner.plan.segments, planner.plan.used, size)
            if trial.wiring.missing == 0:
                break
        else:
            raise ConfigError("the chip's nets do not fit between its columns", got=f"{trial.wiring.missing} wires without a track")
        clock("bank")
        # sizes in steps, so that a chip of another size often finds its bank hardened already
        steps = min(room, -(-size // 8) * 8)
        macros[BANK] = _bank(steps, kit, buffer, config, folder / "macros" / f"bank{steps}", free, say)
        clock("assemble")
        chip = assemble(netlist, plan, macros, kit, planner.plan.segments, planner.plan.used, steps, say)
        clock("files")
        out = folder / "chip"
        out.mkdir(exist_ok=True)
        files = write_layouts(chip, kit, out)
        files["verilog"], files["bank"] = write_chip_verilog(chip, out / f"{chip.netlist.name}.v", out / "bank_model.v")
        clock("pictures")
        files |= draw_chip(chip, kit, out, config.picture_width)
        clock("check")
        check = check_chip(chip, kit, files["gds"])
        clock("timing")
        timing = time_wires(chip, buffer, wires)
        clock.stop()
        report = make_report(chip, design, check, timing, buffer, config, kit, seconds)
        files["report"] = write_atomic(out / "chip.json", json.dumps(report, indent=1) + "\n")
    if not check.clean or chip.wiring.missing:
        raise CheckFailed(
            f"the chip has {sum(check.counts.values())} findings",
            got="; ".join(f"{f.kind}: {f.where}" for f in check.findings[:5]),
            allowed="none",
            next_step=f"read {files['report']}",
        )
    return BuiltChip(chip, check, timing, files, report, seconds)


def _with_spare(pins: int) -> int:
    """Slots for so many pins: some are lost to supply straps."""
    return pins + pins // 8 + 4


def choose_repeater(kit: Kit, wires: Any) -> Buffer:
    """The buffer that drives the longest wire with a full fan-out."""
    return max(read_buffers(kit), key=lambda b: longest_wire(b, wires, kit, FANOUT))


def _rough_bands(plan: Any, macros: Mapping[str, HardMacro], netlist: ChipNetlist) -> Any:
    height = max(macros[netlist.macros[name]].height for name in plan.tiles)
    return make_bands(plan, height, macros[BANK].height, macros[netlist.macros[GLUE]].height, np.zeros(plan.rows, dtype=np.int64))


def _bank_pins(size: int) -> list[tuple[str, str]]:
    """Name and direction of a bank's pins, in the order of its slots."""
    both = [pair for k in range(size) for pair in ((f"a[{k}]", "input"), (f"z[{k}]", "output"))]
    return [*both, (HIGH, "output"), (LOW, "output")]


def _draft_bank(macros: Mapping[str, HardMacro], free: tuple[int, ...], kit: Kit, buffer: Buffer, size: int = 1) -> HardMacro:
    """A bank before it is laid out, good for a plan: pins on the first free slots, as low as a few rows."""
    layers = chip_layers(kit)
    rect = Rect(layers.pin.name, 0, 0, layers.pin.width, layers.pin.width)
    pins = {
        name: MacroPin(name, way, (free[k] + 2) * layers.slot, rect, buffer.input_cap) for k, (name, way) in enumerate(_bank_pins(size))
    }
    height = 8 * kit.technology.sites[kit.roles.core_site].height
    return HardMacro(BANK, 0, height, pins, (), Path(), 0, 0.0, 0.0, {})


def _bank(size: int, kit: Kit, buffer: Buffer, config: LayoutConfig, folder: Path, free: tuple[int, ...], say: Say) -> HardMacro:
    """A bank of repeaters and one constant 1 and 0 as a hard macro."""
    roles = kit.roles
    lines = [
        f"module {BANK} (a, z, {HIGH}, {LOW});",
        f"  input [{size - 1}:0] a;",
        f"  output [{size - 1}:0] z;",
        f"  output {HIGH}, {LOW};",
    ]
    lines += [f"  {buffer.cell} r{k} (.{buffer.input_pin}(a[{k}]), .{buffer.output_pin}(z[{k}]));" for k in range(size)]
    for name, (cell, pin) in ((HIGH, roles.tie_high), (LOW, roles.tie_low)):
        lines.append(f"  {cell} t{name} (.{pin}({name}));")
    folder.mkdir(parents=True, exist_ok=True)
    netlist = write_atomic(folder / "bank.v", "\n".join([*lines, "endmodule", ""]))
    return harden(
        BANK,
        kit,
        replace(config, utilisation=min(config.utilisation, 0.5)),
        folder,
        netlist=netlist,
        slots=2 * size + 2,
        free=free[: _with_spare(2 * size + 2)],
        timed=False,
        progress=_tell(say),
    )


def make_report(
    chip: Chip,
    design: Design,
    check: ChipCheck,
    timing: WireTiming,
    buffer: Buffer,
    config: LayoutConfig,
    kit: Kit,
    seconds: dict[str, float],
) -> dict[str, Any]:
    """Everything about the chip as one document: counts, figures with their kinds, findings."""
    um = kit.technology.to_um
    copies = instances_by_module(chip)
    width, height = chip.die
    rows = {}
    for module, count in copies.items():
        macro = chip.macros[module]
        rows[module] = {
            "copies": count,
            "width_um": um(macro.width),
            "height_um": um(macro.height),
            "cells": macro.cells,
            "cell_area_um2": macro.cell_area,
            "leakage_nw": macro.leakage,
            "pins": len(macro.pins),
            "metrics": {name: metric.as_dict() for name, metric in macro.metrics.items()},
        }
    internal = max((m.metrics["shortest_period"].value for m in chip.macros.values() if "shortest_period" in m.metrics), default=0.0)
    edges = [config.clock_period_ns * 0.8 - m.metrics["setup_slack"].value for m in chip.macros.values() if "setup_slack" in m.metrics]
    crossing = max(edges, default=0.0) + timing.worst() + timing.skew
    period = max(internal, crossing)

    columns = [m for name, m in chip.netlist.macros.items() if name != GLUE]
    power = {}
    if all("total_power" in chip.macros[m].metrics for m in columns):
        whole = [
            sum(chip.macros[m].metrics[name].value for m in columns) for name in ("total_power", "leakage_power", "power_at_unit_clock")
        ]
        clocks = wave_clocks(design.network)
        power = {
            "columns_power": (whole[0] / 1000, "mW", "MEASURED"),
            "columns_power_at_unit_clock": (whole[2] / 1000, "mW", "MEASURED"),
            "columns_dynamic_energy_per_sample": ((whole[0] - whole[1]) * clocks * config.clock_period_ns * 1e-6, "nJ", "MEASURED"),
            "sample_latency_at_unit_clock": (clocks / config.unit_clock_hz * 1e3, "ms", "MEASURED"),
            "sample_latency_at_shortest_period": (clocks * period * 1e-3, "us", "ESTIMATED"),
        }

    def figure(value: float, unit: str, kind: str) -> dict[str, Any]:
        return {"value": value, "unit": unit, "kind": kind}

    leakage = sum(chip.macros[m].leakage * count for m, count in copies.items())
    return {
        "format": FORMAT,
        "version": VERSION,
        "design": design.name,
        "fingerprint": design.fingerprint(),
        "kit": kit.name,
        "synapses": design.synapses,
        "macros": rows,
        "array": {"rows": chip.plan.rows - 1, "columns": chip.plan.columns},
        "repeater": buffer.cell,
        "figures": {
            "die_width": figure(um(width), "um", "MEASURED"),
            "die_height": figure(um(height), "um", "MEASURED"),
            "die_area": figure(um(width) * um(height) / 1e6, "mm2", "MEASURED"),
            "cell_area": figure(sum(chip.macros[m].cell_area * n for m, n in copies.items()) / 1e6, "mm2", "MEASURED"),
            "cells": figure(sum(chip.macros[m].cells * n for m, n in copies.items()), "cells", "MEASURED"),
            "chip_wire": figure(um(int(chip.wiring.length.sum())) / 1e6, "m", "MEASURED"),
            "chip_vias": figure(len(chip.wiring.vias), "vias", "MEASURED"),
            "repeaters": figure(timing.repeaters, "cells", "MEASURED"),
            "leakage": figure(leakage / 1e6, "mW", "MEASURED"),
            "chip_wire_capacitance": figure(timing.capacitance / 1000, "pF", "ESTIMATED"),
            "longest_wire_delay": figure(timing.worst(), "ns", "ESTIMATED"),
            "clock_latency": figure(timing.latency[1], "ns", "ESTIMATED"),
            "clock_skew": figure(timing.skew, "ns", "ESTIMATED"),
            "largest_slew": figure(timing.largest_slew, "ns", "ESTIMATED"),
            "slew_violations": figure(timing.slew_violations, "wires", "ESTIMATED"),
            "overloads": figure(timing.overloads, "repeaters", "ESTIMATED"),
            "macro_period": figure(internal, "ns", "MEASURED"),
            "shortest_period": figure(period, "ns", "ESTIMATED"),
            **{name: figure(*values) for name, values in power.items()},
        },
        "check": {**asdict(check), "findings": [f._asdict() for f in check.findings], "wires_without_track": chip.wiring.missing},
        "seconds": seconds,
    }


def _tell(say: Say) -> Callable[[StepProgress], None]:
    def tell(progress: StepProgress) -> None:
        if progress.event in ("done", "reused", "failed"):
            say(f"  {progress.step}: {progress.message}")

    return tell


class _Clock:
    def __init__(self, seconds: dict[str, float], say: Say) -> None:
        self._seconds, self._say, self._began, self._name = seconds, say, 0.0, ""

    def __call__(self, name: str) -> None:
        self.stop()
        self._name, self._began = name, time.perf_counter()
        self._say(name)

    def stop(self) -> None:
        if self._name:
            self._seconds[self._name] = self._seconds.get(self._name, 0.0) + time.perf_counter() - self._began
            self._name = ""
