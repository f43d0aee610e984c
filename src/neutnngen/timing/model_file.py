"""The timing model of a block as a Liberty file. Its units: ns, fF, nW, square micrometres."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from neutnngen.files import write_atomic
from neutnngen.pdk.liberty import library_units, nominal_voltage, read_liberty
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block
from neutnngen.place_route.extract import Parasitics
from neutnngen.place_route.verilog_netlist import _vectors
from neutnngen.timing.block_model import BlockModel, block_model
from neutnngen.timing.library import Floats, TimingLibrary

_THRESHOLDS = (
    *(f"{kind}_threshold_pct_{edge}" for kind in ("input", "output", "slew_lower", "slew_upper") for edge in ("rise", "fall")),
    "slew_derate_from_library",
)


def write_block_model(
    block: Block, kit: Kit, path: Path, parasitics: Parasitics | None = None, library: TimingLibrary | None = None
) -> BlockModel:
    """Write the model as Liberty, and return it. Arguments and errors as of :func:`block_model`."""
    model = block_model(block, kit, parasitics, library)
    corner = "typical" if library is None else library.corner
    cells = min(kit.corners.get(corner, kit.liberty), key=lambda file: file.stat().st_size)
    head = read_liberty(cells)
    lines = [f'library ("{block.name}_{corner}") {{', "  delay_model : table_lookup;", '  time_unit : "1ns";', '  voltage_unit : "1V";']
    lines += ['  current_unit : "1mA";', '  pulling_resistance_unit : "1kohm";', '  leakage_power_unit : "1nW";']
    lines += ["  capacitive_load_unit (1, ff);", f"  nom_voltage : {nominal_voltage(head):g};"]
    lines += [f"  {name} : {head.attributes[name]};" for name in ("nom_process", "nom_temperature") if name in head.attributes]
    lines += [f"  {name} : {head.attributes[name]};" for name in _THRESHOLDS if name in head.attributes]
    limit = float(head.attributes.get("default_max_transition", "inf")) * library_units(head).time
    lines += [f"  default_max_transition : {_say(limit)};"] if np.isfinite(limit) else []
    for name, first, second, shape in _templates(model):
        lines += [f"  lu_table_template ({name}) {{", f"    variable_1 : {first};", f"    variable_2 : {second};"]
        lines += [f"    {row}" for row in _axes(*shape)] + ["  }"]
    groups = _vectors({n: p for n, p in block.ports.items() if n in model.capacitance or n in model.load_limit})
    for group in groups:
        if group.range is not None:
            high, low = group.range
            lines += [f'  type ("{group.base}_type") {{', "    base_type : array;", "    data_type : bit;"]
            lines += [f"    bit_width : {len(group.bits)};", f"    bit_from : {high};", f"    bit_to : {low};"]
            lines += [f"    downto : {'true' if high >= low else 'false'};", "  }"]
    lines += [f'  cell ("{block.name}") {{', f"    area : {_say(model.area)};", f"    cell_leakage_power : {_say(model.leakage)};"]
    lines += ["    dont_touch : true;", "    dont_use : true;", "    interface_timing : true;", "    is_macro_cell : true;"]
    lines += ['    mode_definition ("way") {', '      mode_value ("shortest") {', "      }", "    }"]
    for group in groups:
        if group.range is None:
            lines += _indent(_pin(model, group.bits[0]), 4)
        else:
            lines += [f'    bus ("{group.base}") {{', f'      bus_type : "{group.base}_type";', f"      direction : {group.direction};"]
            lines += [row for bit in group.bits for row in _indent(_pin(model, bit), 6)] + ["    }"]
    write_atomic(path, "\n".join([*lines, "  }", "}", ""]))
    return model


_Shape = tuple[Floats, Floats]


def _templates(model: BlockModel) -> Iterator[tuple[str, str, str, _Shape]]:
    load, check = ("input_net_transition", "total_output_net_capacitance"), ("related_pin_transition", "constrained_pin_transition")
    yield "launch", *load, (model.clock_slews, model.loads)
    yield "through", *load, (model.slews, model.loads)
    yield "check", *check, (model.clock_slews, model.slews)


def _say(value: float) -> str:
    return f"{value:.7g}"


def _axes(first: Floats, second: Floats) -> list[str]:
    return [f'index_{k} ("{", ".join(map(_say, axis))}");' for k, axis in ((1, first), (2, second))]


def _indent(rows: list[str], blanks: int) -> list[str]:
    return [" " * blanks + row for row in rows]


def _table(kind: str, template: str, shape: _Shape, values: Floats) -> list[str]:
    rows = ", ".join(f'"{", ".join(map(_say, row))}"' for row in values)
    return [f"    {kind} ({template}) {{", *(f"      {row}" for row in _axes(*shape)), f"      values ({rows});", "    }"]


def _pin(model: BlockModel, name: str) -> list[str]:
    shapes = {template: shape for template, _, _, shape in _templates(model)}
    rows = [f'pin ("{name}") {{', f"  direction : {model.block.ports[name].direction};"]
    if name in model.capacitance:
        rise, fall = model.capacitance[name]
        rows += [f"  capacitance : {_say(max(rise, fall))};", f"  rise_capacitance : {_say(rise)};", f"  fall_capacitance : {_say(fall)};"]
        if np.isfinite(model.slew_limit[name]):
            rows.append(f"  max_transition : {_say(model.slew_limit[name])};")
    if name in model.clocks:
        rows.append("  clock : true;")
    if np.isfinite(model.load_limit.get(name, np.inf)):
        rows.append(f"  max_capacitance : {_say(max(0.0, model.load_limit[name]))};")
    for check in model.checks.get(name, ()):
        rows += ["  timing () {", f'    related_pin : "{check.clock}";', f"    timing_type : {check.kind};"]
        for edge, times in zip(("rise", "fall"), check.times, strict=True):
            rows += [] if times is None else _table(f"{edge}_constraint", "check", shapes["check"], times)
        rows.append("  }")
    for arc in model.arcs.get(name, ()):
        launch = arc.start in model.clocks
        template = "launch" if launch else "through"
        rows += ["  timing () {", f'    related_pin : "{arc.start}";']
        rows.append(f"    timing_type : {arc.sense};" if launch else f"    timing_sense : {arc.sense};")
        rows += ["    timing_sense : non_unate;"] if launch else ["    timing_type : combinational;"]
        # OpenSTA keeps one of several arcs that differ in their tables alone, so the shortest way is a mode of its own
        rows += ["    min_delay_flag : true;", '    mode ("way", "shortest");'] if arc.early else []
        for edge, delay, slew in zip(("rise", "fall"), arc.delay, arc.slew, strict=True):
            if delay is not None and slew is not None:
                rows += _table(f"cell_{edge}", template, shapes[template], delay)
                rows += _table(f"{edge}_transition", template, shapes[template], slew)
        rows.append("  }")
    return [*rows, "}"]
