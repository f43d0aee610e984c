"""TNN7 macros: what their public views say, checked by simulation, and what they cost against the same function in standard cells."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, StrictUndefined

from neutnngen.bench.mapped import leakage_of, make
from neutnngen.errors import CheckFailed
from neutnngen.files import write_atomic
from neutnngen.flow.steps.common import link_libraries
from neutnngen.flow.steps.synth import synthesise
from neutnngen.pdk.macros import Macro, full_adder_macro, read_tnn7, with_adder, write_usable_liberty
from neutnngen.pdk.technology import Kit
from neutnngen.rtl import Rings
from neutnngen.rtl.text import leaf_text
from neutnngen.spec import ColumnSpec, Design
from neutnngen.tools import iverilog, opensta

FORMAT, VERSION = "neutnngen-bench-macros", "1.0"
SLEW = 0.01
"""ns, at every input of a timed block."""
LOAD = 1.44
"""fF, at every output."""
MEMORY_STEPS = 3
"""Length of the sequences of inputs by which macros with memory are compared."""

USES = {
    "add_inv": "leaf full_adder, pin for pin: `--macros tnn7`",
    "stdp_case_gen_macro": "the case in rule_gates and weight_update, with a wrapper",
    "fsm_simple_macro": "the counter of spike_input (3 bits), with a wrapper",
    "fsm_output_macro": "none: ours compares weight and age and does not count the weight down",
    "synch_reset_b": "none: its Liberty has no delay from clock to output",
    "inhibit_pass": "none: a latch of three states; our flow has registers only",
}
"""What a macro can replace in our RTL, or why nothing."""
LEAVES = {"add_inv": "full_adder"}
"""Leaves of the RTL that a macro is, which the synthesis maps to a cell of the library by itself."""
NO_FUNCTION = "none: its Liberty states no function, so nothing can be checked"
NO_LIBERTY = "none: no Liberty in the public copy, so no function and no timing"

Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class Compared:
    """A comparison by simulation of all inputs. vectors: compared; known: of them without unknown bits; mismatches: 0 is equal."""

    vectors: int
    known: int
    mismatches: int

    @property
    def equal(self) -> bool:
        """Whether something was compared and nothing differed."""
        return self.vectors > 0 and self.known > 0 and self.mismatches == 0


@dataclass(frozen=True)
class Cost:
    """Area µm², leakage nW, longest delay ns through the block (None: cannot be timed)."""

    area: float
    leakage: float
    delay: float | None


@dataclass(frozen=True)
class MacroRow:
    """A macro against its function in cells. checked: model by Liberty against the reference; own, cells: what each costs."""

    name: str
    area: float
    liberty: bool
    function: bool
    checked: Compared | None
    own: Cost | None
    cells: Cost | None
    use: str


@dataclass(frozen=True)
class Port:
    """Bits of a port in the check's vector."""

    name: str
    low: int
    width: int


def bench_macros(folder: Path, kit: Kit, tell: Tell | None = None, *, column: tuple[int, int] = (65, 2)) -> dict[str, Any]:
    """Rows of all macros, proofs of the wrappers, and a learning column with rings without and with the adder; see ``FORMAT``.

    folder: of the TNN7 views. kit: with cells of the macros' node. Raises MissingTool, ConfigError, DataError, ToolFailed.
    """
    macros = read_tnn7(folder, kit)
    steps = len(macros) + 4
    say = tell or (lambda _done, _total: None)
    rows = []
    with tempfile.TemporaryDirectory(prefix="neutnngen-") as scratch:
        place = Path(scratch)
        for number, macro in enumerate(macros.values()):
            rows.append(macro_row(macro, kit, place / macro.name))
            say(number + 1, steps)
        wrappers = wrapper_checks(macros, place / "wrappers")
        say(len(macros) + 1, steps)
        replaced = replaced_costs(macros, kit, place / "replaced")
        say(len(macros) + 2, steps)
        columns = column_costs(macros, kit, place / "columns", column)
        say(steps, steps)
    return {
        "format": FORMAT,
        "version": VERSION,
        "kit": kit.name,
        "slew_ns": SLEW,
        "load_ff": LOAD,
        "macros": [asdict(row) for row in rows],
        "wrappers": {name: asdict(found) for name, found in wrappers.items()},
        "replaced": {name: {"cells": asdict(cells), "macro": asdict(macro)} for name, (cells, macro) in replaced.items()},
        "columns": columns,
    }


def macro_row(macro: Macro, kit: Kit, folder: Path) -> MacroRow:
    """One row: the model checked and both costs, as far as the views allow."""
    if macro.cell is None:
        return MacroRow(macro.name, macro.area, False, False, None, None, None, NO_LIBERTY)
    reference = files("neutnngen.bench").joinpath("macro_views", f"{macro.name}.v")
    if not macro.functions or not reference.is_file():
        return MacroRow(macro.name, macro.area, True, False, None, Cost(macro.area, macro.cell.leakage, None), None, NO_FUNCTION)
    own = Cost(macro.area, macro.cell.leakage, _macro_delay(macro, folder / "own") if macro.timed and not macro.register else None)
    checked = check_model(macro, folder / "check")
    cells = _cells_cost(macro, kit, folder / "cells")
    return MacroRow(macro.name, macro.area, True, True, checked, own, cells, USES.get(macro.name, NO_FUNCTION))


def macro_model(macro: Macro) -> str:
    """Verilog of a macro's behaviour as its Liberty states it."""
    functions = dict(macro.functions)
    values = {"name": macro.name, "inputs": macro.inputs, "outputs": macro.outputs, "functions": functions, "register": macro.register}
    return _render("model.v.j2", values)


def check_model(macro: Macro, folder: Path) -> Compared:
    """The model against the reference of this name, over all values of the inputs; with memory, over all sequences of them."""
    inputs, outputs = [_ports([(name, 1) for name in names]) for names in (macro.inputs, macro.outputs)]
    return compare_modules(
        (macro_model(macro), _view(f"{macro.name}.v")),
        (macro.name, f"ref_{macro.name}"),
        inputs,
        outputs,
        folder,
        steps=MEMORY_STEPS if macro.register else 1,
    )


def compare_modules(
    sources: Sequence[str],
    modules: tuple[str, str],
    inputs: Sequence[Port],
    outputs: Sequence[Port],
    folder: Path,
    *,
    steps: int = 1,
    legal: str = "1'b1",
) -> Compared:
    """Two modules with the same ports over all sequences of inputs. legal: Verilog condition on the vector ``v``. Raises ToolFailed."""
    folder.mkdir(parents=True, exist_ok=True)
    bits = sum(port.width for port in inputs)
    values = {
        "first": modules[0],
        "second": modules[1],
        "inputs": inputs,
        "outputs": outputs,
        "bits": bits,
        "out_bits": sum(port.width for port in outputs),
        "steps": steps,
        "sequences": 1 << (bits * steps),
        "legal": legal,
    }
    return _simulate([*sources, _render("check.v.j2", values)], folder)


def wrapper_checks(macros: dict[str, Macro], folder: Path) -> dict[str, Compared]:
    """Every wrapper around a macro's model against the RTL's own leaf, over all inputs; those alone whose functions are known."""
    macros = {name: macro for name, macro in macros.items() if macro.functions}
    found = {}
    if "add_inv" in macros:
        inputs, outputs = _ports([("a", 1), ("b", 1), ("ci", 1)]), _ports([("s", 1), ("co", 1)])
        sources = (macro_model(macros["add_inv"]), _view("full_adder_macro.v"), leaf_text("full_adder"))
        found["full_adder"] = compare_modules(sources, ("full_adder_macro", "full_adder"), inputs, outputs, folder / "adder")
    if "stdp_case_gen_macro" in macros:
        parts = (macro_model(macros["stdp_case_gen_macro"]), _view("weight_update_macro.v"), _view("case_leaf.v"))
        found["weight_update"] = _compare_update((*parts, leaf_text("rule_gates"), leaf_text("weight_update")), folder / "update")
    if "fsm_simple_macro" in macros:
        parts = (macro_model(macros["fsm_simple_macro"]), _view("spike_input_macro.v"), leaf_text("spike_input"))
        found["spike_input"] = _simulate([*parts, _view("spike_check.v")], folder / "spike")
    return found


def _compare_update(sources: Sequence[str], folder: Path) -> Compared:
    """The choice of the case with the move of the weight; of an early line, the spike has arrived. The tables of levels are both all
    ones or both all zeros: the macro has no part in them."""
    names = ("update", "win", "capture", "minus", "search", "backoff", "arrived", "early", "shift", "scan_in")
    inputs = _ports([*((name, 1) for name in names), ("weight", 3), ("levels", 1)])
    bit = {port.name: port.low for port in inputs}
    legal = f"!v[{bit['early']}] || v[{bit['arrived']}]"
    return compare_modules(sources, ("weight_update_macro", "case_leaf"), inputs, _ports([("back", 3)]), folder, legal=legal)


REPLACED = {
    "choice of the case": ("stdp_case_gen_macro", "choice_only", "choice_macro"),
    "spike_input": ("fsm_simple_macro", "spike_input", "spike_input_macro"),
}
"""A part of the RTL: the macro, the module in cells (a leaf, or a view of ours), the module with the macro."""


def replaced_costs(macros: dict[str, Macro], kit: Kit, folder: Path) -> dict[str, tuple[Cost, Cost]]:
    """What a part of the RTL costs in cells, and with the macro and the gates of its wrapper. Delays of parts without registers alone."""
    found = {}
    for part, (name, plain, wrapped) in REPLACED.items():
        macro = macros.get(name)
        if macro is None or macro.cell is None:
            continue
        place = _made(folder / wrapped)
        own = files("neutnngen.bench").joinpath("macro_views", f"{plain}.v").is_file()
        cells = write_atomic(place / f"{plain}.sv", _view(f"{plain}.v") if own else leaf_text(plain))
        around = write_atomic(place / f"{wrapped}.sv", _view(f"{wrapped}.v"))
        extended = with_macro(kit, macro, place / "macro.lib")
        found[part] = (
            _synthesised([cells], plain, kit, place / "plain", timed=own),
            _synthesised([around], wrapped, extended, place / "wrapped", timed=own),
        )
    return found


def with_macro(kit: Kit, macro: Macro, liberty: Path) -> Kit:
    """The kit with one macro that a netlist may instantiate; synthesis does not choose it by itself. liberty: written anew."""
    assert macro.cell is not None
    write_usable_liberty(macro, liberty)
    return dataclasses.replace(
        kit,
        masters={**kit.masters, macro.name: dataclasses.replace(macro.master, site=kit.roles.core_site)},
        cells={**kit.cells, macro.name: macro.cell},
        liberty=(*kit.liberty, liberty),
        roles=dataclasses.replace(kit.roles, dont_use=(*kit.roles.dont_use, macro.name)),
    )


def column_costs(macros: dict[str, Macro], kit: Kit, folder: Path, size: tuple[int, int]) -> list[dict[str, Any]]:
    """A learning column with rings by synthesis, with the kit's full adder and with the macro's. SYNTHESIS: no layout."""
    if full_adder_macro(macros) is None:
        return []
    spec = ColumnSpec(size[0], size[1], 2 * size[0])
    shape = (size[1], size[0])
    design = Design.of_column("column", spec, np.full(shape, spec.w_max), np.ones(shape, bool), 1)
    rings = Rings().fitted(spec)
    found = []
    for name, used in (("cells", kit), ("macro", with_adder(kit, macros, folder / "adder"))):
        made = make(design, "learning", folder / name, used, rings)
        adder = used.roles.full_adder
        count = 0 if adder is None else made.statistics.by_type.get(adder[0], (0, 0.0))[0]
        found.append(
            {
                "adder": name,
                "cell": "" if adder is None else adder[0],
                "column": f"{size[0]}×{size[1]}",
                "adders": count,
                "cells": made.statistics.cells,
                "area": made.statistics.area,
                "leakage": leakage_of(made, used) * 1e9,
            }
        )
    return found


def _cells_cost(macro: Macro, kit: Kit, folder: Path) -> Cost | None:
    """The reference of a macro in standard cells, as small as our synthesis makes it; None where it has no cells for it."""
    folder.mkdir(parents=True)
    source = write_atomic(folder / "reference.v", _view(f"{macro.name}.v"))
    try:
        plain = _synthesised([source], f"ref_{macro.name}", kit, folder / "made", timed=macro.register is None)
    except CheckFailed:
        return None  # a latch
    if macro.name not in LEAVES:
        return plain
    leaf = write_atomic(folder / "leaf.sv", leaf_text(LEAVES[macro.name]))
    source = write_atomic(folder / "around.v", _view(f"{macro.name}_leaf.v"))
    other = _synthesised([leaf, source], f"{macro.name}_leaf", kit, folder / "leaf_made", modular=True)
    return min(plain, other, key=lambda cost: cost.area)


def _synthesised(sources: Sequence[Path], top: str, kit: Kit, folder: Path, *, timed: bool = True, modular: bool = False) -> Cost:
    netlist, statistics = synthesise(kit, sources, top, folder, modular=modular)
    leakage = sum(kit.cells[name].leakage * count for name, (count, _) in statistics.by_type.items())
    place = _made(folder / "sta")
    return Cost(statistics.area, leakage, _delay(netlist, top, link_libraries(kit, place), place) if timed else None)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _macro_delay(macro: Macro, folder: Path) -> float:
    """Longest delay from an input to an output of a macro alone, ns."""
    _made(folder)
    write_usable_liberty(macro, folder / "macro.lib")
    values = {"top": "alone", "name": macro.name, "inputs": macro.inputs, "outputs": macro.outputs, "pins": (*macro.inputs, *macro.outputs)}
    netlist = write_atomic(folder / "alone.v", _render("instance.v.j2", values))
    return _delay(netlist, "alone", ["macro.lib"], folder)


def _delay(netlist: Path, top: str, libraries: Sequence[str], folder: Path) -> float:
    """ns, by OpenSTA."""
    values = {"libraries": libraries, "netlist": str(netlist.resolve()), "top": top, "slew": SLEW, "load": LOAD}
    script = write_atomic(folder / "delay.tcl", _render("delay.tcl.j2", values))
    return 100.0 - opensta.values(opensta.run_script(script.relative_to(folder), folder, folder / "sta.log"))["slack"]


def _ports(widths: Sequence[tuple[str, int]]) -> list[Port]:
    made, low = [], 0
    for name, width in widths:
        made.append(Port(name, low, width))
        low += width
    return made


def _simulate(texts: Sequence[str], folder: Path) -> Compared:
    """Run the module ``check`` of these sources."""
    _made(folder)
    sources = [write_atomic(folder / f"source_{number}.v", text) for number, text in enumerate(texts)]
    iverilog.simulate(sources, "check", folder, {}, [], parameters={})
    value = opensta.values((folder / "vvp.log").read_text(encoding="utf-8"))
    return Compared(round(value["vectors"]), round(value["known"]), round(value["mismatches"]))


def _view(name: str) -> str:
    return files("neutnngen.bench").joinpath("macro_views", name).read_text(encoding="utf-8")


def _render(name: str, values: dict[str, Any]) -> str:
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, autoescape=False)
    return environment.from_string(_view(name)).render(values)
