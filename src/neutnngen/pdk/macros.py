"""Hard macros beside a kit's cells: LEF at another scale and Liberty, where the public views of a set have them (TNN7)."""

from __future__ import annotations

import dataclasses
import gzip
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neutnngen.errors import ConfigError, DataError
from neutnngen.pdk.lef import read_masters
from neutnngen.pdk.liberty import Group, read_cells, read_liberty
from neutnngen.pdk.technology import Cell, Kit, Master

TNN7_SCALE = 4
"""The LEF files of TNN7 are drawn so many times larger than the cells are."""
_OPERATORS = (("*", "&"), ("+", "|"), ("!", "~"))


@dataclass(frozen=True)
class Register:
    """What Liberty says of a macro's memory. kind: "ff" or "latch". clock, data: in Verilog; of a latch, clock is its enable."""

    kind: str
    state: str
    clock: str
    data: str


@dataclass(frozen=True)
class Macro:
    """One macro. width, height: µm. cell: Liberty facts, None where the set has no Liberty of it. liberty: its file.

    functions: output to its function in Verilog, as Liberty states it; empty where it states none. timed: outputs with a delay from some
    pin. register: None of a macro without memory, as far as Liberty says.
    """

    name: str
    master: Master
    width: float
    height: float
    cell: Cell | None = None
    liberty: Path | None = None
    functions: Mapping[str, str] = dataclasses.field(default_factory=dict)
    timed: frozenset[str] = frozenset()
    register: Register | None = None

    @property
    def area(self) -> float:
        """µm², of the outline in LEF: the Liberty files carry 0."""
        return self.width * self.height

    @property
    def inputs(self) -> tuple[str, ...]:
        """Input pins by Liberty."""
        return () if self.cell is None else tuple(pin.name for pin in self.cell.pins.values() if pin.direction == "input")

    @property
    def outputs(self) -> tuple[str, ...]:
        """Output pins by Liberty."""
        return () if self.cell is None else tuple(pin.name for pin in self.cell.pins.values() if pin.direction == "output")


def verilog_expression(function: str) -> str:
    """A Liberty function in Verilog. Raises DataError for what is not made of names, brackets and the operators ! * + & |."""
    text = function
    for liberty, verilog in _OPERATORS:
        text = text.replace(liberty, verilog)
    if not re.fullmatch(r"[\w\s()&|~^]+", text):
        raise DataError("the function of a pin cannot be read", got=function)
    return text


def read_tnn7(folder: Path, kit: Kit) -> dict[str, Macro]:
    """The TNN7 macros in ``folder`` (its ``lef`` and ``lib``), lengths at the kit's scale. LEF and Liberty name some pins in
    different cases: the name is Liberty's.

    Raises ConfigError if the folder is not one of TNN7 or the kit's grid is too coarse, DataError for a file that cannot be read.
    """
    lefs, libraries = sorted(folder.glob("lef/*.lef")), sorted([*folder.glob("lib/*.lib"), *folder.glob("lib/*.lib.gz")])
    if not lefs:
        raise ConfigError("the folder holds no TNN7 macros", got=folder, allowed="a folder with lef/*.lef and lib/*.lib[.gz]")
    dbu = kit.technology.dbu
    if dbu % TNN7_SCALE:
        raise ConfigError(
            "the grid of the kit is too coarse for the macros", got=f"{dbu} units per um", allowed=f"a multiple of {TNN7_SCALE}"
        )
    found: dict[str, Macro] = {}
    for path in lefs:
        for name, master in read_masters(path, dbu // TNN7_SCALE).items():
            smaller = found.get(name)
            if smaller is None or master.width < smaller.master.width:
                um = kit.technology.to_um
                found[name] = Macro(name, master, um(master.width), um(master.height))
    for path in libraries:
        library = read_liberty(path)
        cells = read_cells(library, ())
        for group in library.each("cell"):
            if group.name in found:
                found[group.name] = _described(found[group.name], cells[group.name], group, path)
    return found


def _described(macro: Macro, cell: Cell, group: Group, path: Path) -> Macro:
    """The macro with what its Liberty says."""
    functions = {}
    timed = set()
    for pin in group.each("pin"):
        function = pin.attributes.get("function")
        if function is not None and pin.attributes.get("direction") == "output":
            functions[pin.name] = verilog_expression(function)
        if any(table.kind in ("cell_rise", "cell_fall") for timing in pin.each("timing") for table in timing.groups):
            timed.add(pin.name)
    register = None
    for kind, clock, data in (("ff", "clocked_on", "next_state"), ("latch", "enable", "data_in")):
        for memory in group.each(kind):
            words = (verilog_expression(memory.attributes[name]) for name in (clock, data))
            register = Register(kind, memory.name, *words)
    names = {name.lower(): name for name in cell.pins}
    pins = {}
    for pin_name, shape in macro.master.pins.items():
        right = names.get(pin_name.lower(), pin_name)
        direction = cell.pins[right].direction if right in cell.pins else shape.direction
        pins[right] = dataclasses.replace(shape, name=right, direction="input" if direction == "internal" else direction)
    measured = dataclasses.replace(cell, area=macro.area)
    return dataclasses.replace(
        macro,
        master=dataclasses.replace(macro.master, pins=pins),
        cell=measured,
        liberty=path,
        functions=functions,
        timed=frozenset(timed),
        register=register,
    )


def full_adder_macro(macros: Mapping[str, Macro]) -> tuple[Macro, dict[str, str]] | None:
    """The macro that is a full adder with a sum and a carry, and its pins by role; None where none is.

    Found by its functions, not by its name: of all macros without memory that have three inputs and two outputs with delays.
    """
    for macro in macros.values():
        if macro.cell is None or macro.register is not None or len(macro.inputs) != 3 or set(macro.functions) != set(macro.timed):
            continue
        tables = {name: truth_table(expression, macro.inputs) for name, expression in macro.functions.items()}
        roles = {tuple(sum(_bits(n, 3)) % 2 for n in range(8)): "s", tuple(int(sum(_bits(n, 3)) > 1) for n in range(8)): "co"}
        pins = {roles[table]: name for name, table in tables.items() if table in roles}
        if set(pins) == {"s", "co"}:
            return macro, {**dict(zip(("a", "b", "ci"), macro.inputs, strict=True)), **pins}
    return None


def _bits(number: int, count: int) -> list[int]:
    return [(number >> k) & 1 for k in range(count)]


def truth_table(expression: str, inputs: tuple[str, ...]) -> tuple[int, ...]:
    """Values of a Verilog expression of & | ^ ~ for all values of its inputs, the first input lowest. Raises DataError for other names."""
    words = set(re.findall(r"[A-Za-z_]\w*", expression))
    if words - set(inputs):
        raise DataError("a function names something that is no input", got=", ".join(sorted(words - set(inputs))))
    places = {name: f"v[{k}]" for k, name in enumerate(inputs)}
    code = compile(re.sub(r"[A-Za-z_]\w*", lambda found: places[found[0]], expression), "function", "eval")
    return tuple(eval(code, {"__builtins__": {}}, {"v": _bits(n, len(inputs))}) & 1 for n in range(1 << len(inputs)))


def with_adder(kit: Kit, macros: Mapping[str, Macro], folder: Path) -> Kit:
    """The kit with the full adder of the macros in place of its own, for synthesis, placement and routing.

    folder: gets the macro's Liberty, with the area of its LEF and without what forbids its use, and the kit's GDSII with the macro's pins
    and obstructions as its LEF draws them: the transistors are not in the public views. Raises ConfigError where no macro is a full adder.
    """
    found = full_adder_macro(macros)
    if found is None or found[0].liberty is None or found[0].cell is None:
        raise ConfigError("no macro is a full adder with delays, so none can be offered", got=", ".join(macros) or "no macro")
    macro, pins = found
    assert macro.cell is not None
    master = dataclasses.replace(macro.master, site=kit.roles.core_site, kind="core")
    return dataclasses.replace(
        kit,
        masters={**kit.masters, macro.name: master},
        cells={**kit.cells, macro.name: dataclasses.replace(macro.cell, dont_use=False)},
        liberty=(*kit.liberty, write_usable_liberty(macro, folder / f"{macro.name}.lib")),
        cell_gds=_with_abstract(kit, master, folder / "cells.gds"),
        roles=dataclasses.replace(kit.roles, full_adder=(macro.name, pins)),
    )


def _with_abstract(kit: Kit, master: Master, path: Path) -> Path:
    """The kit's GDSII with a cell of the shapes in LEF, on those layers that the technology has."""
    import klayout.db as kdb  # slow to load, and only macros need it here

    layout: Any = kdb.Layout()
    layout.read(str(kit.cell_gds))
    cell = layout.create_cell(master.name)
    scale = round(1 / (kit.technology.dbu * layout.dbu))
    shapes = [*master.obstructions, *(rect for pin in master.pins.values() for rect in pin.rects)]
    for rect in shapes:
        layer = kit.technology.layers.get(rect.layer)
        if layer is not None and layer.kind in ("routing", "cut"):
            cell.shapes(layout.layer(*layer.gds)).insert(kdb.Box(*(scale * value for value in rect[1:])))
    cell.shapes(layout.layer(*kit.outline_gds)).insert(kdb.Box(0, 0, scale * master.width, scale * master.height))
    options = kdb.SaveLayoutOptions()
    options.format = "GDS2"
    options.gds2_write_timestamps = False
    path.parent.mkdir(parents=True, exist_ok=True)
    layout.write(str(path), options)
    return path


_FORBIDS = re.compile(r"^\s*(?:dont_use|dont_touch|map_only|is_macro_cell|interface_timing)\s*:\s*\w+\s*;\s*\n", re.MULTILINE)
_AREA = re.compile(r"^(\s*)area\s*:\s*0\s*;", re.MULTILINE)


def write_usable_liberty(macro: Macro, path: Path) -> Path:
    """A macro's Liberty with the area of its LEF and without what forbids its use. Raises DataError where it has none."""
    if macro.liberty is None:
        raise DataError("the set has no Liberty of this macro", got=macro.name)
    raw = macro.liberty.read_bytes()
    text = (gzip.decompress(raw) if macro.liberty.suffix == ".gz" else raw).decode("utf-8", errors="replace")
    text = _AREA.sub(rf"\g<1>area : {macro.area:.6f};", _FORBIDS.sub("", text))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
