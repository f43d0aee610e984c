"""Figures of a layout under the names of METRICS2.1 (version 2 of the names, github.com/ieee-ceda-datc/datc-rdf-Metrics4ML).

Names that METRICS2.1 lacks follow its grammar: corner and net as a modifier at the end.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from neutnngen.flow.metric import Metric

# (our name, METRICS2.1 name, factor to its unit, unit)
NAMES: tuple[tuple[str, str, float, str], ...] = (
    ("synth_cells", "synth__design__instance__count__stdcell", 1, ""),
    ("synth_area", "synth__design__instance__area__stdcell", 1, "um2"),
    ("die_area", "design__die__area", 1, "um2"),
    ("core_area", "design__core__area", 1, "um2"),
    ("rows", "design__rows", 1, ""),
    ("cells", "design__instance__count__stdcell", 1, ""),
    ("cell_area", "design__instance__area", 1, "um2"),
    ("utilisation", "design__instance__utilization", 1, ""),
    ("fillers", "design__instance__count__class:fill_cell", 1, ""),
    ("taps", "design__instance__count__class:tap_cell", 1, ""),
    ("fanout_buffers", "design__instance__count__class:timing_repair_buffer", 1, ""),
    ("clock_buffers", "design__instance__count__class:clock_buffer", 1, ""),
    ("half_perimeter_wire_length", "route__wirelength__estimated", 1, "um"),
    ("wire_length", "route__wirelength", 1, "um"),
    ("vias", "route__vias", 1, ""),
    ("drc_violations", "route__drc_errors", 1, ""),
    ("deck_markers_unwaived", "deck__drc_errors", 1, ""),
    ("lvs_differences", "design__lvs_error__count", 1, ""),
    ("lvs_device_differences", "design__lvs_device_difference__count", 1, ""),
    ("capacitance_violations", "timing__drv__max_cap", 1, ""),
    ("slew_violations", "timing__drv__max_slew", 1, ""),
    ("clock_period", "timing__clock__period", 1, "ns"),
    ("setup_slack", "timing__setup__ws", 1, "ns"),
    ("setup_total_negative_slack", "timing__setup__tns", 1, "ns"),
    ("hold_slack", "timing__hold__ws", 1, "ns"),
    ("hold_total_negative_slack", "timing__hold__tns", 1, "ns"),
    ("clock_skew", "clock__skew__worst", 1, "ns"),
    ("clock_latency", "clock__latency__max", 1, "ns"),
    ("total_power", "power__total", 1e-6, "W"),
    ("internal_power", "power__internal__total", 1e-6, "W"),
    ("switching_power", "power__switching__total", 1e-6, "W"),
    ("leakage_power", "power__leakage__total", 1e-6, "W"),
    ("ir_drop_power", "design_powergrid__drop__worst__net:power", 1e-3, "V"),
    ("ir_drop_ground", "design_powergrid__drop__worst__net:ground", 1e-3, "V"),
    ("gate_mismatches", "simulation__gate__mismatches", 1, ""),
)


def metrics21(known: Mapping[str, Metric]) -> dict[str, dict[str, Any]]:
    """METRICS2.1 name to value, unit, kind and source, for every figure that has a name there; figures of other corners get
    ``__corner:NAME``."""
    found: dict[str, dict[str, Any]] = {}
    for ours, name, factor, unit in NAMES:
        for metric in known.values():
            end = re.fullmatch(rf"{re.escape(ours)}(?:_(\w+))?", metric.name)
            if end is None or (end[1] is not None and not name.startswith("timing__")):
                continue
            # what follows our name is a corner only if every figure of that corner is there
            if end[1] is not None and f"setup_slack_{end[1]}" not in known:
                continue
            full = name if end[1] is None else f"{name}__corner:{end[1]}"
            found[full] = {"value": metric.value * factor if factor != 1 else metric.value, "unit": unit, "kind": metric.kind}
            found[full]["source"] = metric.source
    return found
