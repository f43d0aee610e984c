"""How far a predictive node lies from the one that it stands for: the same columns in cells of both, and two of them laid out."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from neutnngen.bench.mapped import map_design
from neutnngen.bench.silicon import Case, column_design
from neutnngen.flow.config import LayoutConfig
from neutnngen.flow.layout import run_layout
from neutnngen.pdk.technology import Kit
from neutnngen.rtl import Rings
from neutnngen.spec import Design
from neutnngen.tools import yosys
from neutnngen.verify import Stimuli, random_waves

FORMAT, VERSION = "neutnngen-bench-nodes", 1
CASES = (
    Case(8, 4, "learning"),
    Case(16, 4, "learning"),
    Case(24, 2, "learning"),
    Case(24, 2, "learning", Rings(2, 2)),
    Case(32, 4, "learning", Rings(2, 4)),
    Case(65, 2, "learning"),
    Case(65, 2, "learning", Rings(2, 2)),
    Case(96, 2, "learning", Rings(2, 2)),
    Case(65, 2, "frozen"),
    Case(16, 4, "frozen"),
)
QUICK = 5
"""Cases that take less than a minute, of synthesis alone."""
LAYOUTS = (Case(24, 2, "learning"), Case(65, 2, "learning", Rings(2, 2)))
WAVES = 128
FIGURES = ("area", "sequential", "leakage", "path", "power")
"""Of synthesis: see ``Mapped``."""
MEASURED = ("cell_area", "die_area", "wire_length", "shortest_period", "total_power", "leakage_power", "clock_tree_power")
"""Metrics of a layout that are compared."""

Tell = Callable[[int, int], None]


def bench_nodes(
    reference: Kit, predicted: Kit, folders: Mapping[str, Path | None], quick: bool = False, tell: Tell | None = None
) -> dict[str, Any]:
    """Compare two kits on the same columns; JSON values: cases with the figures of both kits and their ratio, layouts likewise, and over
    the cases the mean of each ratio less one ("bias") and the mean of its magnitude ("distance").

    folders: the user's folder of each kit, by name. quick: synthesis of the small columns alone. Raises what synthesis and layout raise.
    """
    cases, layouts = (CASES[:QUICK], ()) if quick else (CASES, LAYOUTS)
    done: list[dict[str, Any]] = []
    for case in cases:
        figures: dict[str, dict[str, float]] = {}
        for kit in (reference, predicted):
            with tempfile.TemporaryDirectory(prefix="neutnngen-") as name:
                design = column_design(case.inputs, case.neurons)
                mapped = map_design(design, Path(name), case.kind, case.rings, kit, _stimuli(design, case.kind == "learning"))
            figures[kit.name] = {key: float(value) for key, value in asdict(mapped).items()}
        done.append(_row(case, figures, FIGURES, reference, predicted))
        _count(tell, len(done), cases, layouts)
    laid: list[dict[str, Any]] = []
    for case in layouts:
        found = {kit.name: _laid_out(case, kit, folders.get(kit.name)) for kit in (reference, predicted)}
        laid.append(_row(case, found, MEASURED, reference, predicted))
        _count(tell, len(done) + len(laid), cases, layouts)
    return {
        "format": FORMAT,
        "version": VERSION,
        "reference": reference.name,
        "predicted": predicted.name,
        "notice": predicted.source,
        "yosys": yosys.require(),
        "cases": done,
        "layouts": laid,
        "summary": {**_summary(done, FIGURES), **{f"layout_{name}": value for name, value in _summary(laid, MEASURED).items()}},
    }


def _count(tell: Tell | None, done: int, *parts: tuple[Case, ...]) -> None:
    if tell is not None:
        tell(done, sum(map(len, parts)))


def _row(case: Case, figures: dict[str, dict[str, float]], names: tuple[str, ...], reference: Kit, predicted: Kit) -> dict[str, Any]:
    ratios = {name: figures[predicted.name][name] / figures[reference.name][name] for name in names if figures[reference.name].get(name)}
    return {"column": f"{case.inputs}×{case.neurons}", "kind": case.kind, "style": case.style, "figures": figures, "ratio": ratios}


def _summary(rows: list[dict[str, Any]], names: tuple[str, ...]) -> dict[str, dict[str, float]]:
    found = {}
    for name in names:
        off = [row["ratio"][name] - 1 for row in rows if name in row["ratio"]]
        if off:
            found[name] = {"bias": fmean(off), "distance": fmean(map(abs, off))}
    return found


def _stimuli(design: Design, learning: bool = True) -> Stimuli:
    """Random waves, every second one learning where the hardware can."""
    return Stimuli(random_waves(design.column, WAVES, 3, silent=0.3), (np.arange(WAVES) % 2 == 0) & learning)


def _laid_out(case: Case, kit: Kit, folder: Path | None) -> dict[str, float]:
    """The metrics of a layout at 1 ns."""
    design = column_design(case.inputs, case.neurons)
    waves = _stimuli(design)
    ringed = {} if case.rings is None else {"style": "rings", "slots": case.rings.slots, "members": case.rings.members}
    config = LayoutConfig(kit=kit.name, kit_folder=folder, clock_period_ns=1.0, waves=WAVES, **ringed)  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory(prefix="neutnngen-") as name:
        result = run_layout(design, waves.inputs, waves.learn, config, Path(name))
    return {key: metric.value for key, metric in result.state.metrics.items() if key in MEASURED}
