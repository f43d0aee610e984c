"""Liberty's timing as arrays: every table of delay, slew and constraint in one place, arcs and checks by cell.

Units are those of :mod:`neutnngen.pdk.technology`: ns, fF. Where a pair of pins has several arcs (``when``), all are kept; analysis takes
the worst. Source of the model: Liberty user guide, NLDM.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from neutnngen.errors import ConfigError, DataError
from neutnngen.pdk.liberty import Group, Units, library_units, pin_groups, read_liberty
from neutnngen.pdk.technology import Kit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]

RISE, FALL = 0, 1
SETUP, HOLD = 0, 1
POSITIVE, NEGATIVE, BOTH, FROM_RISE, FROM_FALL = range(5)
"""How an arc's edge follows the edge at its input; the last two are arcs of registers, from one edge of the clock to both of the output."""

_SENSES = {"positive_unate": POSITIVE, "negative_unate": NEGATIVE, "non_unate": BOTH}
_LAUNCH = {"rising_edge": FROM_RISE, "falling_edge": FROM_FALL}
_CHECKS = {
    "setup_rising": (SETUP, RISE),
    "setup_falling": (SETUP, FALL),
    "hold_rising": (HOLD, RISE),
    "hold_falling": (HOLD, FALL),
}
_SLEW_AXES = ("input_net_transition", "related_pin_transition", "input_transition_time")
_OTHER_AXES = ("total_output_net_capacitance", "constrained_pin_transition")


@dataclass(frozen=True)
class Tables:
    """All tables, end to end. spans: (table, 5) int32: start and length of the first axis, of the second axis, start of the values.

    The first axis is the slew at the input (of a check: at the clock), the second the load (of a check: the slew at the data pin).
    """

    spans: Ints
    axes: Floats
    values: Floats


@dataclass(frozen=True)
class CellTiming:
    """A cell's part. pins: signal pins by name, in the order of their numbers.

    arcs: (arc, 3) int32: from pin, to pin, sense; arc_tables: (arc, 4) table of delay to rise and fall, slew of rise and fall, -1 if none.
    checks: (check, 4): data pin, clock pin, SETUP or HOLD, edge of the clock; check_tables: (check, 2) for data that rises, falls.
    capacitance: (pin, 2) fF for rise, fall. limit: ns, the largest slew at each pin; largest_load: fF, inf where none is stated.
    """

    name: str
    area: float
    pins: tuple[str, ...]
    outputs: tuple[bool, ...]
    arcs: Ints
    arc_tables: Ints
    checks: Ints
    check_tables: Ints
    capacitance: Floats
    limit: Floats
    largest_load: Floats

    @property
    def shape(self) -> tuple[Any, ...]:
        """What two cells must share to be exchanged in place: pins, arcs and checks."""
        return self.pins, self.outputs, self.arcs.tobytes(), self.checks.tobytes()


@dataclass(frozen=True)
class TimingLibrary:
    """Timing of all cells of one corner.

    step_slew: slew of an RC step over its time constant, between the library's thresholds: ln(7/3) between 30 and 70 %, ln 9 between 10
    and 90 %. tail: slews that sign-off may see over those of the tables. OpenSTA takes the first half of an edge from the table and ends
    it as an exponential; this is the geometric mean of none of that (1) and of all. MEASURED on a routed ASAP7 column: up to 1.40 at
    outputs, for 1.37 here.
    """

    tables: Tables
    cells: dict[str, CellTiming]
    corner: str
    step_slew: float
    tail: float

    def cell(self, name: str) -> CellTiming:
        """Timing of a cell. ConfigError if the library lacks it."""
        if name not in self.cells:
            raise ConfigError("the timing library has no such cell", got=name, next_step="use Liberty files of the same cells")
        return self.cells[name]

    def lookup(self, table: int, first: float, second: float) -> float:
        """A table's value, by linear interpolation (and extrapolation at its ends)."""
        from neutnngen.timing.kernel import lookup

        return float(lookup(self.tables.spans, self.tables.axes, self.tables.values, table, first, second))


def load_timing(kit: Kit, corner: str | None = None) -> TimingLibrary:
    """Timing of a kit's cells: the typical corner, or one of ``kit.corners``. Raises ConfigError for a corner that the kit lacks."""
    if corner is None:
        return read_timing(tuple(kit.liberty), "typical")
    if corner not in kit.corners:
        raise ConfigError("the kit has no such corner", got=corner, allowed=", ".join(["typical", *kit.corners]))
    return read_timing(kit.corners[corner], corner)


@lru_cache(maxsize=8)
def read_timing(paths: tuple[Path, ...], corner: str) -> TimingLibrary:
    """Timing from Liberty files, which may have different units."""
    store = _Store()
    cells: dict[str, CellTiming] = {}
    step_slew, tail = 0.0, 1.0
    for path in paths:
        library = read_liberty(path)
        for step, first_half in _step_slews(library):
            step_slew, tail = max(step_slew, step), max(tail, math.sqrt(step / (2 * first_half)))
        units = library_units(library)
        axes = {g.name: g for g in library.each("lu_table_template")}
        slew = float(library.attributes.get("default_max_transition", "inf")) * units.time
        for group in library.each("cell"):
            cells[group.name] = _cell(group, units, axes, slew, store)
    return TimingLibrary(store.tables(), cells, corner, step_slew, tail)


def _step_slews(library: Group) -> Iterator[tuple[float, float]]:
    """Slew of an RC step and the part of it up to 50 %, over the time constant, of both edges. What is left out is Liberty's default."""
    derate = float(library.attributes.get("slew_derate_from_library", 1))
    for edge in ("rise", "fall"):
        low, high = (
            float(library.attributes.get(f"slew_{which}_threshold_pct_{edge}", default)) / 100
            for which, default in (("lower", 20), ("upper", 80))
        )
        start, end = (1 - low, 1 - high) if edge == "rise" else (high, low)
        yield math.log(start / end) / derate, math.log(start / 0.5) / derate


class _Store:
    """Collects tables."""

    def __init__(self) -> None:
        self.spans: list[tuple[int, int, int, int, int]] = []
        self.axes: list[float] = []
        self.values: list[float] = []

    def add(self, group: Group | None, units: Units, templates: dict[str, Group]) -> int:
        """Number of the table, -1 for none. Axes that it does not state are its template's."""
        if group is None:
            return -1
        template = templates.get(group.name, Group("lu_table_template"))
        names = [template.attributes.get(f"variable_{k}", "") for k in (1, 2)]
        axes = [_numbers(group.call(f"index_{k}") or template.call(f"index_{k}") or ()) for k in (1, 2)]
        rows = np.array(_numbers(group.call("values") or ("0",)), np.float64) * units.time
        swap = names[0] in _OTHER_AXES or (names[0] == "" and names[1] in _SLEW_AXES)
        shape = [max(1, len(axis)) for axis in axes]
        if rows.size != shape[0] * shape[1]:
            raise DataError(f"the Liberty table {group.kind} ({group.name}) has {rows.size} values", allowed=f"{shape[0]} x {shape[1]}")
        table = rows.reshape(shape)
        if swap:
            axes, names, table = axes[::-1], names[::-1], table.T
        first = [x * units.time for x in axes[0]] or [0.0]
        load = names[1] == "total_output_net_capacitance"
        second = [x * (units.capacitance if load else units.time) for x in axes[1]] or [0.0]
        start = len(self.axes)
        self.spans.append((start, len(first), start + len(first), len(second), len(self.values)))
        self.axes += first + second
        self.values += table.ravel().tolist()
        return len(self.spans) - 1

    def tables(self) -> Tables:
        return Tables(np.array(self.spans, np.int32).reshape(-1, 5), np.array(self.axes), np.array(self.values))


def _numbers(words: Sequence[str]) -> list[float]:
    return [float(x) for word in words for x in word.replace(",", " ").split()]


def _cell(group: Group, units: Units, templates: dict[str, Group], slew: float, store: _Store) -> CellTiming:
    pins = [pin for pin in pin_groups(group) if pin.attributes.get("direction") in ("input", "output", "inout")]
    pins.sort(key=lambda pin: pin.name)
    names = tuple(pin.name for pin in pins)
    number = {name: k for k, name in enumerate(names)}
    arcs: list[tuple[int, int, int]] = []
    checks: list[tuple[int, int, int, int]] = []
    arc_tables: list[list[int]] = []
    check_tables: list[list[int]] = []
    for pin in pins:
        for timing in pin.each("timing"):
            kind = timing.attributes.get("timing_type", "combinational")
            part = {sub.kind: sub for sub in timing.groups}
            for related in timing.attributes.get("related_pin", "").split():
                if related not in number:
                    continue
                if kind in _CHECKS:
                    checks.append((number[pin.name], number[related], *_CHECKS[kind]))
                    check_tables.append([store.add(part.get(f"{edge}_constraint"), units, templates) for edge in ("rise", "fall")])
                elif kind in _LAUNCH or kind == "combinational":
                    said = timing.attributes.get("timing_sense", "non_unate")
                    arcs.append((number[related], number[pin.name], _LAUNCH.get(kind, _SENSES.get(said, BOTH))))
                    wanted = ("cell_rise", "cell_fall", "rise_transition", "fall_transition")
                    arc_tables.append([store.add(part.get(name), units, templates) for name in wanted])
    capacitance, limit, largest = [], [], []
    for pin in pins:
        said_ = pin.attributes
        plain = said_.get("capacitance", "0")
        capacitance.append([float(said_.get(f"{edge}_capacitance", plain)) * units.capacitance for edge in ("rise", "fall")])
        limit.append(min(slew, float(said_.get("max_transition", "inf")) * units.time))
        largest.append(float(said_.get("max_capacitance", "inf")) * units.capacitance)
    return CellTiming(
        group.name,
        float(group.attributes.get("area", "0")),
        names,
        tuple(pin.attributes.get("direction") == "output" for pin in pins),
        np.array(arcs, np.int32).reshape(-1, 3),
        np.array(arc_tables, np.int32).reshape(-1, 4),
        np.array(checks, np.int32).reshape(-1, 4),
        np.array(check_tables, np.int32).reshape(-1, 2),
        np.array(capacitance, np.float64).reshape(-1, 2),
        np.array(limit, np.float64),
        np.array(largest, np.float64),
    )
