"""One clock of a design as a function without registers: (state, inputs) -> (next state, outputs).

Every proof is about this function. Yosys flattens the RTL or the netlist to gates and flip-flops; here each flip-flop becomes one bit of
``state`` and one of ``state_next``. What the RTL leaves undefined (x) becomes a free input, so that a proof holds whatever it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from neutnngen.errors import CheckFailed
from neutnngen.tools import yosys
from neutnngen.verify.formal.prover import COMMAND_TIMEOUT, render

FLIP_FLOP = "$_DFF_P_"
"""The only kind of register that may be there: rising edge, no reset or enable of its own."""


@dataclass(frozen=True)
class Step:
    """One clock of a design.

    file: JSON netlist with the module ``module``: ports ``state``, ``state_next``, ``free`` where ``undefined`` is not 0, and the design's
    own but the clock. inputs, outputs: their names and widths. names: of every bit of state, all names in the flattened design that it has,
    as (name, bit). undefined: width of ``free``. places: which bit of state a name is.
    """

    file: Path
    module: str
    inputs: dict[str, int]
    outputs: dict[str, int]
    names: tuple[tuple[tuple[str, int], ...], ...]
    undefined: int
    places: dict[tuple[str, int], int] = field(repr=False)

    @property
    def bits(self) -> int:
        """Number of flip-flops."""
        return len(self.names)

    def place(self, name: str, bit: int) -> int:
        """Which bit of state the bit of a named vector is. Raises CheckFailed if it is no register."""
        if (name, bit) not in self.places:
            raise CheckFailed("a register that the proof needs is not in the design", got=f"{name}[{bit}]", allowed="a flip-flop's name")
        return self.places[name, bit]

    def registers(self, name: str) -> list[int]:
        """The bits of state that a name covers, lowest first; empty if it is not there."""
        found = {bit: place for (alias, bit), place in self.places.items() if alias == name}
        return [found[bit] for bit in sorted(found)]

    def label(self, place: int) -> str:
        """The most telling name of a bit of state."""
        name, bit = min(self.names[place], key=_telling)
        return f"{name}[{bit}]"


def _telling(known: tuple[str, int]) -> tuple[int, int, str, int]:
    """Order of the names of a bit: those in an instance first, then the short ones."""
    name, bit = known
    return (0 if "." in name else 1, len(name), name, bit)


def build_step(
    sources: Sequence[Path],
    top: str,
    folder: Path,
    *,
    module: str = "step",
    liberty: Path | None = None,
    parameters: Mapping[str, int | str] | None = None,
    adders: bool = False,
) -> Step:
    """The step function of a design.

    sources: SystemVerilog, or a netlist of the cells in ``liberty`` (whose functions come from there). folder: gets scripts and logs.
    parameters: of the top module, other than as written. adders: sums as the trees of full adders that Yosys's synthesis makes of them.

    Raises CheckFailed if a register has a clock of its own, ToolFailed if Yosys refuses the sources.
    """
    folder.mkdir(parents=True, exist_ok=True)
    script, flat, log = folder / f"{module}.ys", folder / f"{module}_flat.json", folder / f"{module}.log"
    context = {
        "liberty": None if liberty is None else liberty.resolve(),
        "sources": [path.resolve() for path in sources],
        "top": top,
        "parameters": dict(parameters or {}),
        "adders": adders,
        "out": flat.name,
    }
    script.write_text(render("scripts/step.ys.j2", context), encoding="utf-8")
    yosys.run_script(Path(script.name), folder, log.resolve(), [flat.resolve()], COMMAND_TIMEOUT)
    document = json.loads(flat.read_text(encoding="utf-8"))
    return _evert(document["modules"][top], folder / f"{module}.json", module)


def _evert(flat: dict[str, Any], file: Path, module: str) -> Step:
    """Flip-flops turned inside out: see the head of this file."""
    clocks = {tuple(cell["connections"]["C"]) for cell in flat["cells"].values() if cell["type"] == FLIP_FLOP}
    wrong = sorted({cell["type"] for cell in flat["cells"].values() if cell["type"] != FLIP_FLOP and "DFF" in cell["type"].upper()})
    if len(clocks) > 1 or wrong:
        raise CheckFailed("a proof needs registers of one clock and one kind", got=f"{len(clocks)} clocks, {wrong}", allowed=FLIP_FLOP)
    clock = next(iter(clocks), None)
    ports = {name: port for name, port in flat["ports"].items() if tuple(port["bits"]) != clock}
    if clock is not None and len(ports) + 1 != len(flat["ports"]):
        raise CheckFailed("the registers' clock is no port of the design", got=clock)
    state = {cell["connections"]["Q"][0]: cell["connections"]["D"][0] for cell in flat["cells"].values() if cell["type"] == FLIP_FLOP}
    aliases: dict[int, list[tuple[str, int]]] = {bit: [] for bit in state}
    for name, net in flat["netnames"].items():
        for k, bit in enumerate(net["bits"]):
            if bit in aliases:
                aliases[bit].append((name, k + net.get("offset", 0)))
    state = {bit: state[bit] for bit in sorted(state, key=lambda bit: min((_telling(known) for known in aliases[bit]), default=()))}
    cells = {name: cell for name, cell in flat["cells"].items() if cell["type"] not in {FLIP_FLOP, "$scopeinfo"}}
    outputs = {name: port for name, port in ports.items() if port["direction"] == "output"}
    undefined, undriven = _free_undefined(
        cells, outputs, state, {bit for p in ports.values() if p["direction"] == "input" for bit in p["bits"]}
    )
    made = dict(ports)
    free = undefined + undriven
    own: dict[str, tuple[str, list[int]]] = {}
    if state:
        own |= {"state": ("input", list(state)), "state_next": ("output", list(state.values()))}
    if free:
        own["free"] = ("input", free)
    if own.keys() & ports.keys():
        raise CheckFailed("a port of the design has a name that the proofs use", got=sorted(own.keys() & ports.keys()))
    made.update({name: {"direction": direction, "bits": bits} for name, (direction, bits) in own.items()})
    document = {"modules": {module: {"attributes": {}, "ports": made, "cells": cells, "netnames": {}}}}
    file.write_text(json.dumps(document), encoding="utf-8")
    width = {name: len(port["bits"]) for name, port in ports.items()}
    names = tuple(tuple(sorted(aliases[bit])) for bit in state)
    return Step(
        file,
        module,
        {name: width[name] for name, port in ports.items() if port["direction"] == "input"},
        {name: width[name] for name in outputs},
        names,
        len(free),
        {known: place for place, all_names in enumerate(names) for known in all_names},
    )


def _free_undefined(cells: dict[str, Any], outputs: dict[str, Any], state: dict[int, Any], inputs: set[Any]) -> tuple[list[int], list[int]]:
    """Give every x a net of its own, in place; those nets, and nets that are read but that nothing drives."""
    drives = {"Y", "Q", "CO", "X", "AND", "OR"}
    driven: set[Any] = set(inputs) | set(state)
    read: set[Any] = set(state.values())
    for cell in cells.values():
        for pin, bits in cell["connections"].items():
            out = cell["port_directions"][pin] == "output" if "port_directions" in cell else pin in drives
            (driven if out else read).update(bits)
    for port in outputs.values():
        read.update(port["bits"])
    fresh = 1 + max((bit for bit in driven | read if isinstance(bit, int)), default=0)
    undefined: list[int] = []

    def name(bit: Any) -> Any:
        if bit not in ("x", "z"):
            return bit
        undefined.append(fresh + len(undefined))
        return undefined[-1]

    for cell in cells.values():
        cell["connections"] = {pin: [name(bit) for bit in bits] for pin, bits in cell["connections"].items()}
    for q, d in state.items():
        state[q] = name(d)
    for port in outputs.values():
        port["bits"] = [name(bit) for bit in port["bits"]]
    return undefined, sorted(bit for bit in read - driven if isinstance(bit, int))
