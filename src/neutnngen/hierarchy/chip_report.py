"""Everything about a chip as one document."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from neutnngen.flow.config import LayoutConfig
from neutnngen.hierarchy.check import ChipCheck
from neutnngen.hierarchy.chip import Chip
from neutnngen.hierarchy.drive import Buffer
from neutnngen.hierarchy.export import instances_by_module
from neutnngen.hierarchy.netlist import GLUE
from neutnngen.hierarchy.power import WirePower
from neutnngen.hierarchy.timing import WireTiming
from neutnngen.pdk.technology import Kit
from neutnngen.rtl.structure import wave_clocks
from neutnngen.spec import Design

FORMAT = "neutnngen-chip"
VERSION = "1.1"


def make_report(
    chip: Chip,
    design: Design,
    check: ChipCheck,
    timing: WireTiming,
    wires: WirePower | None,
    buffer: Buffer,
    config: LayoutConfig,
    kit: Kit,
) -> dict[str, Any]:
    """Counts, figures with their kinds, findings. wires: power of the chip's own wires, where activity was measured."""
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
    period = max(internal, timing.period)

    columns = [m for name, m in chip.netlist.macros.items() if name != GLUE]
    power = {}
    leakage = sum(chip.macros[m].leakage * count for m, count in copies.items())
    if wires is not None and all("total_power" in chip.macros[m].metrics for m in columns):
        whole, still, slow = (
            sum(chip.macros[m].metrics[name].value for m in columns) for name in ("total_power", "leakage_power", "power_at_unit_clock")
        )
        clocks = wave_clocks(design.network)
        other = leakage / 1000 - still  # of banks and glue, uW
        share = config.unit_clock_hz * config.clock_period_ns * 1e-9
        power = {
            "columns_power": (whole / 1000, "mW", "ESTIMATED"),
            "chip_clock_power": (wires.clock / 1000, "mW", "ESTIMATED"),
            "chip_data_power": (wires.data / 1000, "mW", "ESTIMATED"),
            "chip_power": ((whole + wires.total + other) / 1000, "mW", "ESTIMATED"),
            "chip_power_at_unit_clock": ((slow + share * wires.total + other) / 1000, "mW", "ESTIMATED"),
            "nets_without_activity": (wires.unknown, "nets", "MEASURED"),
            "dynamic_energy_per_sample": ((whole - still + wires.total) * clocks * config.clock_period_ns * 1e-6, "nJ", "ESTIMATED"),
            "sample_latency_at_unit_clock": (clocks / config.unit_clock_hz * 1e3, "ms", "MEASURED"),
            "sample_latency_at_shortest_period": (clocks * period * 1e-3, "us", "ESTIMATED"),
        }

    def figure(value: float, unit: str, kind: str) -> dict[str, Any]:
        return {"value": value, "unit": unit, "kind": kind}

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
            "area_per_synapse": figure(um(width) * um(height) / design.synapses, "um2", "MEASURED"),
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
            "overloads": figure(timing.overloads, "drivers", "ESTIMATED"),
            "macro_period": figure(internal, "ns", "MEASURED"),
            "chip_period": figure(timing.period, "ns", "ESTIMATED"),
            **({"chip_hold_slack": figure(timing.hold, "ns", "ESTIMATED")} if timing.checked else {}),
            "chip_hold_violations": figure(len(timing.short), "pins", "ESTIMATED"),
            "chip_checked_inputs": figure(timing.checked, "pins", "ESTIMATED"),
            "shortest_period": figure(period, "ns", "ESTIMATED"),
            **{name: figure(*values) for name, values in power.items()},
        },
        "check": {**asdict(check), "findings": [f._asdict() for f in check.findings], "wires_without_track": chip.wiring.missing},
    }
