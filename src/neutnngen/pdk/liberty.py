"""Liberty reader: the whole group tree, and the facts about cells that the flow uses.

The tree keeps the text of every value; only :func:`read_cells` converts, into the units of :mod:`neutnngen.pdk.technology`.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal, NoReturn, cast

from neutnngen.errors import DataError
from neutnngen.pdk.technology import Cell, CellPin, Memory

_COMMENT = re.compile(r"/\*.*?\*/|^[ \t]*//[^\n]*", re.DOTALL | re.MULTILINE)
_STATEMENT = re.compile(
    r"""\s*(?:
        (?P<close>\})
      | (?P<empty>;)
      | (?P<name>[A-Za-z_][\w.\-]*)\s*
        (?: \( (?P<args>(?:[^()"]+|"[^"]*")*) \) \s* (?P<open>[{;])?
          | : \s* (?P<value>"[^"]*"|[^;{}\n]*?) \s* (?:;|(?=\n)|(?=\})) )
    )""",
    re.VERBOSE,
)
_NUMBER_UNIT = re.compile(r"\s*([0-9.eE+\-]+)\s*([a-zA-Z]+)")
_PREFIX = {"f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6}
_SEQUENTIAL = frozenset(("ff", "ff_bank", "latch", "latch_bank", "statetable"))


@dataclass(slots=True)
class Group:
    """One Liberty group, for example ``pin (A) { … }``.

    ``attributes`` holds simple attributes (the last one wins, quotes removed), ``complex`` the others with their arguments in order.
    """

    kind: str
    args: tuple[str, ...] = ()
    attributes: dict[str, str] = field(default_factory=dict)
    complex: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)

    @property
    def name(self) -> str:
        """First argument, or nothing."""
        return self.args[0] if self.args else ""

    def each(self, kind: str) -> Iterator[Group]:
        """The groups of one kind directly inside this one."""
        return (group for group in self.groups if group.kind == kind)

    def call(self, name: str) -> tuple[str, ...] | None:
        """Arguments of the first complex attribute of this name."""
        return next((args for key, args in self.complex if key == name), None)


@dataclass(frozen=True)
class Units:
    """Factors from the numbers of one library to ns, fF, ohm, nW, fJ and V."""

    time: float
    capacitance: float
    resistance: float
    leakage: float
    voltage: float

    @property
    def energy(self) -> float:
        """Internal energy is counted in capacitance unit times voltage unit squared."""
        return self.capacitance * self.voltage**2


def parse_liberty(text: str, source: str = "Liberty text") -> Group:
    """Parse Liberty text into its ``library`` group.

    Raises :class:`DataError` with the line number where the text is not Liberty.
    """
    # blank comments and continuations but keep every newline, so that line numbers stay right
    text = _COMMENT.sub(lambda found: "\n" * found.group().count("\n"), text).replace("\\\r\n", " \n").replace("\\\n", " \n")
    top = Group("")
    stack = [top]
    at, end = 0, len(text.rstrip())
    match = _STATEMENT.match
    while at < end:
        found = match(text, at)
        if found is None:
            _fail(source, text, at, "this is not a Liberty statement")
        at = found.end()
        close, empty, name, args, opened, value = found.groups()
        if close:
            if len(stack) == 1:
                _fail(source, text, at, "a closing brace without its opening brace")
            stack.pop()
        elif empty:
            continue
        elif args is not None:
            words = _arguments(args)
            if opened == "{":
                group = Group(name, words)
                stack[-1].groups.append(group)
                stack.append(group)
            else:
                stack[-1].complex.append((name, words))
        else:
            stack[-1].attributes[name] = value.strip('"')
    if len(stack) != 1:
        _fail(source, text, end, f"the group {stack[-1].kind} ({stack[-1].name}) is never closed")
    library = next(top.each("library"), None)
    if library is None:
        _fail(source, text, 0, "there is no library group")
    return library


def _arguments(text: str) -> tuple[str, ...]:
    """Arguments of a group or complex attribute; a quoted one keeps its commas."""
    if '"' in text:
        return tuple(found[0] or found[1] for found in re.findall(r'"([^"]*)"|([^\s,"]+)', text))
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _fail(source: str, text: str, at: int, what: str) -> NoReturn:
    at += len(text[at:]) - len(text[at:].lstrip())
    line = text.count("\n", 0, at) + 1
    got = text[at : at + 60].strip().split("\n")[0]
    raise DataError(f"{source}, line {line}: {what}", got=got or None, next_step="check that the file is a complete Liberty library")


def read_liberty(path: Path) -> Group:
    """Read and parse a Liberty file, plain or gzip. Raises :class:`DataError`."""
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8", errors="replace")
    except (OSError, EOFError) as problem:
        raise DataError(f"cannot read {path}", got=problem, next_step="check the path and its permissions") from problem
    return parse_liberty(text, path.name)


def library_units(library: Group) -> Units:
    """The units that a library states (Liberty's defaults where it states none)."""

    def unit(key: str, base: float, default: str) -> float:
        text = library.attributes.get(key, default)
        found = _NUMBER_UNIT.match(text)
        if found is None:
            raise DataError(f"library {library.name}: {key} is not a unit", got=text, allowed="a number and a unit, for example 1ns")
        return float(found[1]) * _prefix(found[2], key) / base

    load = library.call("capacitive_load_unit") or ("1", "pf")
    return Units(
        time=unit("time_unit", 1e-9, "1ns"),
        capacitance=float(load[0]) * _prefix(load[1], "capacitive_load_unit") / 1e-15,
        resistance=unit("pulling_resistance_unit", 1.0, "1kohm"),
        leakage=unit("leakage_power_unit", 1e-9, "1nW"),
        voltage=unit("voltage_unit", 1.0, "1V"),
    )


def _prefix(word: str, key: str) -> float:
    for unit in ("ohm", "s", "w", "v", "f", "a"):
        if word.lower().endswith(unit):
            letter = word[: -len(unit)]
            # mega and milli differ by case alone; every other prefix is written in either case
            factor = _PREFIX.get(letter if letter in ("M", "m") else letter.lower())
            if factor is not None:
                return factor
    raise DataError(f"{key} has an unknown unit", got=word, allowed="fF, pF, ps, ns, nW, pW, kohm, …")


def nominal_voltage(library: Group) -> float:
    """Supply voltage in V."""
    return float(library.attributes["nom_voltage"]) * library_units(library).voltage


def read_cells(library: Group, dont_use: tuple[str, ...] = ()) -> dict[str, Cell]:
    """The cells of a library in contract units.

    Parameters
    ----------
    dont_use: glob patterns of cells to mark, besides those that the library marks itself.
    """
    units = library_units(library)
    default_caps = {
        "input": float(library.attributes.get("default_input_pin_cap", "0")),
        "output": float(library.attributes.get("default_output_pin_cap", "0")),
        "inout": float(library.attributes.get("default_inout_pin_cap", "0")),
    }
    return {group.name: _cell(group, units, default_caps, dont_use) for group in library.each("cell")}


def _cell(group: Group, units: Units, default_caps: dict[str, float], dont_use: tuple[str, ...]) -> Cell:
    # libraries with supply pins list every state once for each supply
    states: dict[str, float] = {}
    for listed in group.each("leakage_power"):
        if "when" in listed.attributes:
            states[listed.attributes["when"]] = states.get(listed.attributes["when"], 0.0) + float(listed.attributes["value"])
    leakage = sum(states.values()) / len(states) if states else float(group.attributes.get("cell_leakage_power", "0"))
    clocked = " ".join(g.attributes.get("clocked_on", "") for g in group.groups if g.kind in _SEQUENTIAL)
    clocks = set(re.findall(r"\w+", clocked))
    pins: dict[str, CellPin] = {}
    for pin in pin_groups(group):
        for name in pin.args:
            pins[name] = _pin(name, pin, units, default_caps, name in clocks)
    return Cell(
        name=group.name,
        area=float(group.attributes.get("area", "0")),
        leakage=leakage * units.leakage,
        pins=pins,
        sequential=any(g.kind in _SEQUENTIAL for g in group.groups) or "clock_gating_integrated_cell" in group.attributes,
        dont_use=group.attributes.get("dont_use") == "true" or any(fnmatchcase(group.name, glob) for glob in dont_use),
        memory=_memory(group),
    )


def _memory(group: Group) -> Memory | None:
    """The one ff or latch group of a cell that stores a bit."""
    found = [g for g in group.groups if g.kind in ("ff", "latch")]
    if len(found) != 1 or len(found[0].args) != 2:
        return None
    said, flop = found[0].attributes, found[0].kind == "ff"
    trigger, data = (said.get("clocked_on"), said.get("next_state")) if flop else (said.get("enable"), said.get("data_in"))
    if trigger is None or data is None:
        return None
    both = (said.get("clear_preset_var1", "X"), said.get("clear_preset_var2", "X"))
    return Memory("flip-flop" if flop else "latch", *found[0].args, trigger, data, said.get("clear"), said.get("preset"), both)


def pin_groups(group: Group) -> Iterator[Group]:
    """Pins of a cell, those inside buses and bundles too."""
    yield from group.each("pin")
    for kind in ("bus", "bundle"):
        for bus in group.each(kind):
            yield from bus.each("pin")


def _pin(name: str, group: Group, units: Units, default_caps: dict[str, float], clocked: bool) -> CellPin:
    said = group.attributes
    direction = said.get("direction", "input")
    if direction not in ("input", "output", "inout", "internal"):
        raise DataError(f"pin {name} has an unknown direction", got=direction, allowed="input, output, inout, internal")
    limit = said.get("max_capacitance")
    return CellPin(
        name=name,
        direction=cast(Literal["input", "output", "inout", "internal"], direction),
        capacitance=float(said.get("capacitance", default_caps.get(direction, 0.0))) * units.capacitance,
        max_capacitance=None if limit is None else float(limit) * units.capacitance,
        function=said.get("function"),
        is_clock=clocked or "true" in (said.get("clock"), said.get("clock_gate_clock_pin")),
        three_state=said.get("three_state"),
    )
