"""From a network to a chip of hard macros: harden, plan, assemble, check, measure."""

from __future__ import annotations

import json
import os
import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from neutnngen.errors import CheckFailed
from neutnngen.files import write_atomic
from neutnngen.flow.config import LayoutConfig
from neutnngen.flow.lock import run_lock
from neutnngen.flow.step import StepProgress
from neutnngen.hierarchy.check import ChipCheck, check_chip
from neutnngen.hierarchy.chip import BANK, HIGH, LOW, Chip, assemble
from neutnngen.hierarchy.chip_def import write_chip_def
from neutnngen.hierarchy.chip_report import make_report
from neutnngen.hierarchy.drive import Buffer, wire_model
from neutnngen.hierarchy.export import draw_chip, write_chip_verilog, write_layouts
from neutnngen.hierarchy.fit import bank_pins, bank_room, bank_size, choose_repeater, fit_repeaters, spread
from neutnngen.hierarchy.floorplan import free_slots, glue_slots, plan_array
from neutnngen.hierarchy.layers import chip_layers
from neutnngen.hierarchy.macro import HardMacro, harden
from neutnngen.hierarchy.netlist import GLUE, chip_netlist, macro_pins
from neutnngen.hierarchy.power import wire_power
from neutnngen.hierarchy.prove import column_activity
from neutnngen.hierarchy.timing import WireTiming, time_wires
from neutnngen.pdk.kits import load_kit
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.pin_placement import Side
from neutnngen.rtl.network import generate_network, write_glue
from neutnngen.spec import Design
from neutnngen.verify import Stimuli

BANK_SPARE = 24
"""Pin slots that a column leaves for the bank below it, at least."""
OFTEN = 20.0
"""Seconds between two messages of a step that goes on."""
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
    waves: Stimuli | None = None,
) -> BuiltChip:
    """Lay a network out as copies of hard macros in ``run_folder``; macros that are finished there are used again.

    columns: finished macros by module name, to be used instead of hardening them. waves: what the network sees, with which the power of the
    column of a network of one layer is measured (needs Icarus Verilog); none for no power.

    Raises ConfigError (no such hardware, or the macros cannot be placed), CheckFailed where the chip's file differs from its netlist or
    breaks a rule, or where a slew, load or hold time is not kept (its report is written), and whatever the flow of a macro raises.
    """
    kit = load_kit(config.kit, config.kit_folder)
    layers = chip_layers(kit)
    netlist = chip_netlist(design)
    folder = run_folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    seconds: dict[str, float] = {}
    cpu: dict[str, float] = {}
    clock = _Clock(seconds, cpu, say)
    with run_lock(folder):
        clock("RTL")
        package = generate_network(design, folder / "rtl", clock_period=config.clock_period_ns)
        glue_source = write_glue(design, folder / "rtl")
        leaves = [p for p in package.sources if p.stem not in {package.top, *netlist.macros.values()}]
        macros: dict[str, HardMacro] = dict(columns or {})
        activity: Path | None = None
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
            strong=(buffer.cell, buffer.input_pin, buffer.output_pin),
            progress=_tell(say),
        )
        clock("repeaters")
        free = free_slots(of_columns, layers)
        fitted = fit_repeaters(netlist, macros, of_columns, kit, wires, buffer, len(pins), say)
        while BANK not in macros or fitted.size > bank_size(macros[BANK]):
            clock("bank")
            # sizes in steps, so that a chip of another size often finds its bank hardened already
            steps = min(bank_room(free), -(-fitted.size // 8) * 8)
            macros[BANK] = _bank(steps, kit, buffer, config, folder / "macros" / f"bank{steps}", free, say)
            clock("repeaters")  # once more, with the bank as it has become
            fitted = fit_repeaters(netlist, macros, of_columns, kit, wires, buffer, len(pins), say, fitted)
        clock("assemble")
        drawn = fitted.planner.plan
        chip = assemble(netlist, fitted.plan, macros, kit, drawn.segments, drawn.used, bank_size(macros[BANK]), say)
        clock("files")
        out = folder / "chip"
        out.mkdir(exist_ok=True)
        files = write_layouts(chip, kit, out)
        files["def"] = write_chip_def(chip, kit, out / f"{chip.netlist.name}.def")
        files["verilog"], files["bank"] = write_chip_verilog(chip, out / f"{chip.netlist.name}.v", out / "bank_model.v")
        clock("pictures")
        files |= draw_chip(chip, kit, out, config.picture_width)
        clock("check")
        check = check_chip(chip, kit, files["gds"])
        clock("timing")
        timing = time_wires(chip, buffer, wires)
        power = None
        if activity is not None:
            table = json.loads(activity.read_text(encoding="utf-8"))
            power = wire_power(chip, timing, table, kit.voltage, config.clock_period_ns)
        clock.stop()
        report = make_report(chip, design, check, timing, power, buffer, config, kit)
        report |= {"seconds": seconds, "processor_seconds": cpu, "peak_memory_gb": _peak_memory()}
        files["report"] = write_atomic(out / "chip.json", json.dumps(report, indent=1) + "\n")
    wrong = sum(check.counts.values()) + timing.slew_violations + timing.overloads + len(timing.short)
    if wrong or chip.wiring.missing:
        raise CheckFailed(
            f"the chip has {wrong} findings",
            got="; ".join(_findings(check, timing)),
            allowed="none",
            next_step=f"read {files['report']}",
        )
    return BuiltChip(chip, check, timing, files, report, seconds)


def _with_spare(pins: int) -> int:
    """Slots for so many pins: some are lost to supply straps."""
    return pins + pins // 8 + 4


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
    ports: dict[Side, list[str]] = {"bottom": [name for name, _ in bank_pins(size)]}  # where their slots are, so that cells stand near them
    return harden(
        BANK,
        kit,
        replace(config, utilisation=min(config.utilisation, 0.5), pin_order=ports, even_pins=True),
        folder,
        netlist=netlist,
        slots=2 * size + 2,
        free=spread(free, _with_spare(2 * size + 2)),
        timed=False,
        progress=_tell(say),
    )


def _findings(check: ChipCheck, timing: WireTiming) -> list[str]:
    """The first of each kind."""
    found = [f"{f.kind}: {f.where}" for f in check.findings[:5]]
    found += [f"slew or load {factor:.2f} of its limit: {name}" for name, factor in list(timing.slow.items())[:5]]
    return found + [f"hold missed by {missing:.3f} ns: {pin.instance}/{pin.name}" for pin, missing in list(timing.short.items())[:5]]


def _tell(say: Say) -> Callable[[StepProgress], None]:
    """Says what steps end with, and every ``OFTEN`` seconds where the running one is."""
    last = [time.monotonic()]

    def tell(progress: StepProgress) -> None:
        now = time.monotonic()
        if progress.event in ("done", "reused", "failed") or (progress.event == "progress" and now - last[0] > OFTEN):
            last[0] = now
            say(f"  {progress.step}: {progress.message}")

    return tell


class _Clock:
    """Seconds of stages; cpu: of this process and of those that it waited for."""

    def __init__(self, seconds: dict[str, float], cpu: dict[str, float], say: Say) -> None:
        self._seconds, self._cpu, self._say, self._began, self._name = seconds, cpu, say, (0.0, 0.0), ""

    def __call__(self, name: str) -> None:
        self.stop()
        self._name, self._began = name, self._now()
        self._say(name)

    def stop(self) -> None:
        if self._name:
            for store, then, now in zip((self._seconds, self._cpu), self._began, self._now(), strict=True):
                store[self._name] = store.get(self._name, 0.0) + now - then
            self._name = ""

    def _now(self) -> tuple[float, float]:
        return time.perf_counter(), sum(os.times()[:4])


def _peak_memory() -> float:
    """GB, of this process and its largest child."""
    return max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1e6
