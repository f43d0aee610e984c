"""Writing n7p: technology LEF, cell LEF, Liberty and abstract GDSII; the same model gives the same bytes."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from neutnngen.data.transfer import placed
from neutnngen.errors import DataError
from neutnngen.files import write_atomic
from neutnngen.pdk.boolean import parse_expression
from neutnngen.pdk.n7p.cells import CellPlan, all_cells
from neutnngen.pdk.n7p.layout import PIN_METAL, ROW_HEIGHT, SITE, SITE_WIDTH, abstract, metals, um, vias
from neutnngen.pdk.n7p.model import Edge, Model, Stage, energy, transition

NAME = "n7p"
NOTICE = "predictive, n7p, not a foundry or ASAP7 library"
SLEWS = (5, 10, 20, 40, 80, 160, 320)  # ps
UNIT_LOAD = 46.0
"""Largest load of an inverter of one finger, fF."""
CLOCKED = 36
"""Fins of a flip-flop that switch with its clock."""
SETUP, HOLD = (10.0, 0.05, -0.03), (4.0, -0.03, 0.05)
"""ps at no slew, and per ps of the slew of the data and of the clock."""


def generated_kit(name: str, folder: Path, model: Model | None = None) -> Path:
    """The folder with the library's files, written in ``folder`` at first use; its name holds the hash of their content.

    Raises DataError where the folder cannot be written.
    """
    texts = library_texts(model or Model())
    target = folder / f"{name}-{hashlib.sha256(repr(texts).encode()).hexdigest()[:12]}"
    if target.is_dir():
        return target

    def fill(scratch: Path) -> Path:
        for file, text in texts.items():
            write_atomic(scratch / file, text)
        return target

    try:
        return placed(target, fill, lambda: target)
    except OSError as problem:
        raise DataError(f"kit {name} cannot be written: {problem}", got=folder, allowed="a folder to write to") from None


@lru_cache(maxsize=4)
def library_texts(model: Model) -> dict[str, str]:
    """The files of the library by name: n7p_tech.lef, n7p_cells.lef and n7p_tt.lib."""
    plans = all_cells()
    shared = {"notice": NOTICE, "site": SITE, "height": um(ROW_HEIGHT)}
    technology = {"metals": metals(), "vias": vias(), "site_width": um(SITE_WIDTH), "row_height": um(ROW_HEIGHT)}
    cells = {"cells": [abstract(plan) for plan in plans], "metal": PIN_METAL}
    timed = [_cell(plan, model) for plan in plans if plan.kind != "physical"]
    liberty = {"name": NAME, "voltage": model.voltage, "slews": SLEWS, "cells": timed}
    environment = _environment()
    files = (
        ("n7p_tech.lef", "technology.lef.j2", technology),
        ("n7p_cells.lef", "cells.lef.j2", cells),
        ("n7p_tt.lib", "liberty.lib.j2", liberty),
    )
    return {file: environment.get_template(template).render({**shared, **values}) for file, template, values in files}


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("neutnngen.pdk.n7p", "."), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )


def _cell(plan: CellPlan, model: Model) -> dict[str, Any]:
    """Values of the Liberty template for one cell."""
    flop = plan.kind == "flop"
    inputs = []
    for name in plan.inputs:
        clock = flop and name == "CLK"
        checks = (
            [] if clock or not flop else [{"kind": "setup_rising", "table": _check(SETUP)}, {"kind": "hold_rising", "table": _check(HOLD)}]
        )
        spent = _number(0.5 * model.voltage**2 * model.inner * CLOCKED)
        inputs.append(
            {"name": name, "capacitance": _number(plan.capacitance(name, model)), "clock": clock, "checks": checks, "energy": spent}
        )
    chains = plan.chains or ((),)
    outputs = [_output(plan, pin, chain, model) for pin, chain in zip(plan.outputs, [*chains] * len(plan.outputs), strict=False)]
    area = plan.width * SITE_WIDTH * ROW_HEIGHT / 1e6
    return {
        "name": plan.name,
        "area": _number(area),
        "leakage": _number(plan.leakage(model)),
        "flop": flop,
        "inputs": inputs,
        "outputs": outputs,
    }


def _output(plan: CellPlan, pin: str, chain: tuple[Stage, ...], model: Model) -> dict[str, Any]:
    function = plan.outputs[pin]
    if not chain:
        return {"name": pin, "function": function, "arcs": [], "loads": []}
    resistance = (chain[-1].resistance("rise", model) + chain[-1].resistance("fall", model)) / 2
    largest = UNIT_LOAD * (model.pull_down + model.pull_up) / 2 / resistance
    loads = [_number(largest / 2**k) for k in range(len(SLEWS) - 1, -1, -1)]
    tables = _tables(chain, [float(load) for load in loads], model)
    sources = ["CLK"] if plan.kind == "flop" else plan.inputs
    arcs = [
        {"pin": source, "sense": "non_unate" if plan.kind == "flop" else sense(function, source), "tables": tables} for source in sources
    ]
    spent = energy(chain, model)
    return {"name": pin, "function": function, "arcs": arcs, "loads": loads, "energy": _number(spent), "slow_energy": _number(1.3 * spent)}


def _tables(chain: tuple[Stage, ...], loads: list[float], model: Model) -> list[tuple[str, str]]:
    edges: tuple[Edge, Edge] = ("rise", "fall")
    delays: dict[str, list[str]] = {}
    for edge in edges:
        for slew in SLEWS:
            points = [transition(chain, edge, float(slew), load, model) for load in loads]
            delays.setdefault(f"cell_{edge}", []).append(", ".join(_number(delay) for delay, _ in points))
            delays.setdefault(f"{edge}_transition", []).append(", ".join(_number(after) for _, after in points))
    return [(name, ", ".join(f'"{row}"' for row in rows)) for name, rows in delays.items()]


def sense(function: str, pin: str) -> str:
    """Liberty's timing_sense of an input in a function, from its truth table."""
    expression = parse_expression(function)
    others = [name for name in expression.names() if name != pin]
    seen = set()
    for values in product((False, True), repeat=len(others)):
        state = dict(zip(others, values, strict=True))
        low, high = (expression.evaluate({**state, pin: value}) for value in (False, True))
        if low != high:
            seen.add(high)
    return "non_unate" if len(seen) != 1 else "positive_unate" if seen == {True} else "negative_unate"


def _check(figures: tuple[float, float, float]) -> str:
    """A 2 × 2 table over the slews of data and clock."""
    base, of_data, of_clock = figures
    ends = (SLEWS[0], SLEWS[-1])
    return ", ".join('"' + ", ".join(_number(base + of_data * data + of_clock * clock) for clock in ends) + '"' for data in ends)


def _number(value: float) -> str:
    return f"{value:.5g}"
