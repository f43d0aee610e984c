"""What a chip needs to know of a macro's timing: its model in Liberty, and the same tables for our own analysis.

Delays from the clock's rising edge to outputs, from inputs to outputs where no register is between, and setup and hold of inputs, all from
the macro's layout with its extracted wires; of both edges the worse.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neutnngen.errors import DataError
from neutnngen.flow.state import StateDelta
from neutnngen.flow.steps.common import Context, KitStep, read_block, read_parasitics, write_report
from neutnngen.timing.block_model import Arc, BlockModel, Check
from neutnngen.timing.model_file import write_block_model

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Table:
    """values: (first, second) in ns, at slews in ns (first) and loads in fF or slews of the data (second)."""

    first: Floats
    second: Floats
    values: Floats

    def at(self, first: Floats, second: Floats) -> Floats:
        """Linear between the points; beyond the table as along its edge."""
        a, b = np.clip(first, self.first[0], self.first[-1]), np.clip(second, self.second[0], self.second[-1])
        i = np.clip(np.searchsorted(self.first, a, side="right") - 1, 0, max(0, len(self.first) - 2))
        j = np.clip(np.searchsorted(self.second, b, side="right") - 1, 0, max(0, len(self.second) - 2))
        i1, j1 = np.minimum(i + 1, len(self.first) - 1), np.minimum(j + 1, len(self.second) - 1)
        u = (a - self.first[i]) / np.where(i1 > i, self.first[i1] - self.first[i], 1.0)
        v = (b - self.second[j]) / np.where(j1 > j, self.second[j1] - self.second[j], 1.0)
        z = self.values
        found = (1 - u) * ((1 - v) * z[i, j] + v * z[i, j1]) + u * ((1 - v) * z[i1, j] + v * z[i1, j1])
        return np.asarray(found, dtype=np.float64)


@dataclass(frozen=True)
class Way:
    """From the clock or an input (start) to an output: late and early delay, late slew."""

    start: str
    late: Table
    early: Table
    slew: Table


@dataclass(frozen=True)
class Interface:
    """clock: pin, "" if none. launches: ways from the clock by output; through: ways from inputs by output. setup, hold: by input, over
    slew of the clock and of the data. slew_limit: ns by input; load_limit: fF by output (inf where none is stated). wire: fF of the metal
    inside that every port leads to."""

    clock: str
    launches: Mapping[str, Way]
    through: Mapping[str, tuple[Way, ...]]
    setup: Mapping[str, Table]
    hold: Mapping[str, Table]
    slew_limit: Mapping[str, float]
    load_limit: Mapping[str, float]
    wire: Mapping[str, float]


def interface_of(model: BlockModel, wire: Mapping[str, float]) -> Interface:
    """The tables of a block's model that both edges have, the worse of them. wire: see ``Interface``."""
    clock = model.clocks[0] if model.clocks else ""
    launches: dict[str, Way] = {}
    through: dict[str, tuple[Way, ...]] = {}
    for name, arcs in model.arcs.items():
        starts: dict[str, list[Arc]] = {}
        for arc in arcs:
            if arc.sense != "falling_edge":
                starts.setdefault(arc.start, []).append(arc)
        for start, some in starts.items():
            first = model.clock_slews if start == clock else model.slews
            way = _way(start, some, first, model.loads)
            if start == clock:
                launches[name] = way
            else:
                through[name] = (*through.get(name, ()), way)

    def times(kind: str) -> dict[str, Table]:
        found = {}
        for name, checks in model.checks.items():
            values = _values([check for check in checks if check.kind == f"{kind}_rising"])
            if values:
                found[name] = Table(model.clock_slews, model.slews, np.max(values, axis=0))
        return found

    return Interface(clock, launches, through, times("setup"), times("hold"), model.slew_limit, model.load_limit, wire)


def _values(checks: list[Check]) -> list[Floats]:
    return [table for check in checks for table in check.times if table is not None]


def _way(start: str, arcs: list[Arc], first: Floats, loads: Floats) -> Way:
    # the longest way is in arcs that are not early, the shortest in those that are, or in the others where both are one
    late = [table for arc in arcs if not arc.early for table in arc.delay if table is not None]
    early = [table for arc in arcs for table in arc.delay if table is not None]
    slew = [table for arc in arcs if not arc.early for table in arc.slew if table is not None]
    return Way(
        start,
        Table(first, loads, np.max(late, axis=0)),
        Table(first, loads, np.min(early, axis=0)),
        Table(first, loads, np.max(slew, axis=0)),
    )


@dataclass(frozen=True)
class MacroModel(KitStep):
    """Liberty model of the macro, and its interface as JSON."""

    name = "model"
    version = 2
    reads = ("layout",)

    def run(self, context: Context) -> StateDelta:
        block = read_block(context, self.kit)
        path = context.folder / f"{block.name}.lib"
        parasitics = read_parasitics(context, self.kit)
        model = write_block_model(block, self.kit, path, parasitics)
        wires = {port.name: parasitics.nets[port.net].total for port in block.ports.values() if port.net in parasitics.nets}
        found = interface_of(model, wires)
        report = write_report(context.folder, "interface.json", _document(found))
        ways = sum(len(rows) for rows in found.through.values())
        summary = f"{len(found.launches)} registered outputs, {ways} ways through, {len(found.setup)} checked inputs"
        return StateDelta({"timing_model": path, "interface": report}, {}, summary)


def _document(interface: Interface) -> dict[str, Any]:
    def table(one: Table) -> list[Any]:
        return [one.first.tolist(), one.second.tolist(), one.values.tolist()]

    def way(one: Way) -> dict[str, Any]:
        return {"start": one.start, "late": table(one.late), "early": table(one.early), "slew": table(one.slew)}

    def limits(values: Mapping[str, float]) -> dict[str, float | None]:
        return {name: value if np.isfinite(value) else None for name, value in values.items()}

    return {
        "clock": interface.clock,
        "launches": {name: way(one) for name, one in interface.launches.items()},
        "through": {name: [way(one) for one in rows] for name, rows in interface.through.items()},
        "setup": {name: table(one) for name, one in interface.setup.items()},
        "hold": {name: table(one) for name, one in interface.hold.items()},
        "slew_limit": limits(interface.slew_limit),
        "load_limit": limits(interface.load_limit),
        "wire": dict(interface.wire),
    }


def read_interface(path: Path) -> Interface:
    """The interface as ``MacroModel`` wrote it. Raises DataError for a file that is none."""

    def table(rows: Any) -> Table:
        first, second, values = (np.array(row, dtype=np.float64) for row in rows)
        return Table(first, second, values)

    def way(one: Any) -> Way:
        return Way(str(one["start"]), table(one["late"]), table(one["early"]), table(one["slew"]))

    def limits(values: Any) -> dict[str, float]:
        return {str(name): np.inf if value is None else float(value) for name, value in values.items()}

    try:
        d = json.loads(path.read_text(encoding="utf-8"))
        return Interface(
            str(d["clock"]),
            {name: way(one) for name, one in d["launches"].items()},
            {name: tuple(way(one) for one in rows) for name, rows in d["through"].items()},
            {name: table(rows) for name, rows in d["setup"].items()},
            {name: table(rows) for name, rows in d["hold"].items()},
            limits(d["slew_limit"]),
            limits(d["load_limit"]),
            limits(d["wire"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"the interface of a macro cannot be read: {error!r}", got=path) from None
