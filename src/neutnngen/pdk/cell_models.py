"""Verilog models of a kit's cells, made from what Liberty says of them: functions of outputs, flip-flops and latches.

Gates have no delay. What stores a bit is a user-defined primitive, one for all cells of a kind, so that a simulation can give every
register a delay of its own. Supply pins are left out, as netlists for simulation leave them out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from neutnngen.errors import ConfigError
from neutnngen.files import write_atomic
from neutnngen.pdk.boolean import parse_expression
from neutnngen.pdk.technology import Cell, CellPin, Kit, Memory

_PLAIN = re.compile(r"[A-Za-z_]\w*\Z")
_LETTERS = {"L": "0", "H": "1", "N": "-"}
_LITERALS = {"L": "1'b0", "H": "1'b1"}
_UNKNOWN = "1'bx"
# rows of a primitive: data, trigger, clear, preset : state : next state
_FLIP_FLOP = (
    "0 (01) ? 0 : ? : 0", "1 (01) 0 ? : ? : 1",
    "0 (0x) ? 0 : 0 : 0", "1 (0x) 0 ? : 1 : 1", "0 (x1) ? 0 : 0 : 0", "1 (x1) 0 ? : 1 : 1",
    "? (?0) 0 0 : ? : -", "? (1x) 0 0 : ? : -", "* ? 0 0 : ? : -",
    "? ? (?0) 0 : ? : -", "? ? 0 (?0) : ? : -",
)  # fmt: skip
_LATCH = ("0 1 ? 0 : ? : 0", "1 1 0 ? : ? : 1", "? 0 0 0 : ? : -", "0 x 0 0 : 0 : 0", "1 x 0 0 : 1 : 1")
_ASYNCHRONOUS = ("? ? 1 0 : ? : 0", "? ? 0 1 : ? : 1", "? ? x 0 : 0 : 0", "? ? 0 x : 1 : 1")


def write_models(kit: Kit, path: Path, cells: Iterable[str] | None = None) -> Path:
    """Write models of the kit's cells as one Verilog file; the same kit gives the same bytes.

    cells: names of cells that must be there (default: all that can be modelled). Cells whose behaviour Liberty says in another way, such
    as a table of states, are left out and named in the file's head. Raises ConfigError where ``cells`` has one of these.
    """
    wanted = list(kit.cells) if cells is None else list(dict.fromkeys(cells))
    modules, missing, primitives = [], [], {}
    for name in wanted:
        cell = kit.cells.get(name)
        if cell is None or not _known(cell):
            missing.append(name)
            continue
        modules.append(_module(cell, kit))
        if cell.memory is not None:
            primitives[_primitive_name(cell.memory)] = cell.memory
    if missing and cells is not None:
        raise ConfigError(f"kit {kit.name} does not say how these cells behave", got=", ".join(missing), allowed="function, ff or latch")
    said = f"// Left out, as the library does not state their function: {', '.join(missing)}\n" if missing else ""
    head = f"// Models of the cells of kit {kit.name}, made by neutnngen from Liberty. {kit.licence}\n{said}"
    return write_atomic(path, "\n".join([head, *(_primitive(memory) for _, memory in sorted(primitives.items())), *modules]))


def _known(cell: Cell) -> bool:
    if cell.sequential and cell.memory is None:
        return False
    return all(pin.function is not None for pin in cell.pins.values() if pin.direction == "output")


def _primitive_name(memory: Memory) -> str:
    return f"{'flip_flop' if memory.kind == 'flip-flop' else 'latch'}_{memory.both[0].lower()}"


def _primitive(memory: Memory) -> str:
    rows = [*(_FLIP_FLOP if memory.kind == "flip-flop" else _LATCH), *_ASYNCHRONOUS, f"? ? 1 1 : ? : {_LETTERS.get(memory.both[0], 'x')}"]
    lines = "\n".join(f"    {row};" for row in rows)
    ports = "data, trigger, clear, preset"
    head = f"primitive {_primitive_name(memory)} (state, {ports});\n  output state;\n  input {ports};\n  reg state;\n"
    return f"{head}  table\n{lines}\n  endtable\nendprimitive\n"


def _module(cell: Cell, kit: Kit) -> str:
    drawn = kit.masters.get(cell.name)
    supplies = set() if drawn is None else {pin.name for pin in drawn.pins.values() if pin.use in ("power", "ground")}
    pins = [pin for pin in cell.pins.values() if pin.direction != "internal" and pin.name not in supplies]
    lines = [f"  {pin.direction} {_identifier(pin.name)};" for pin in pins]
    # a state may have the name of a pin
    names = {pin.name: _identifier(pin.name) for pin in pins}
    memory = cell.memory
    if memory is not None:
        names |= {memory.state: "state_", memory.inverse: "inverse_"}
        parts = [_expression(text, names) for text in (memory.data, memory.trigger, memory.clear or "0", memory.preset or "0")]
        wires = ("data_", "trigger_", "clear_", "preset_")
        lines.append(f"  wire state_, inverse_, {', '.join(wires)};")
        lines += [f"  assign {wire} = {text};" for wire, text in zip(wires, parts, strict=True)]
        lines.append(f"  {_primitive_name(memory)} (state_, {', '.join(wires)});")
        opposite = "~state_"
        if memory.clear is not None and memory.preset is not None:
            opposite = f"(clear_ & preset_) ? {_LITERALS.get(memory.both[1], _UNKNOWN)} : ~state_"
        lines.append(f"  assign inverse_ = {opposite};")
    lines += [f"  assign {_identifier(pin.name)} = {_output(pin, names)};" for pin in pins if pin.direction == "output"]
    ports = ", ".join(_identifier(pin.name) for pin in pins)
    return "\n".join([f"module {_identifier(cell.name)} ({ports});", *lines, "endmodule\n"])


def _output(pin: CellPin, names: dict[str, str]) -> str:
    assert pin.function is not None  # _known
    value = _expression(pin.function, names)
    return value if pin.three_state is None else f"{_expression(pin.three_state, names)} ? 1'bz : {value}"


def _expression(text: str, names: dict[str, str]) -> str:
    return parse_expression(text).verilog(names)


def _identifier(name: str) -> str:
    return name if _PLAIN.match(name) else f"\\{name} "
