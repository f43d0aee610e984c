"""Designs from RTL to signed-off GDSII with what that costs. A stopped run goes on after its last row."""

from __future__ import annotations

import json
import math
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from neutnngen.bench.designs import RINGED, find_designs, own_waves, shape_of, styles
from neutnngen.bench.layout_run import Answer, lay_out, program_versions
from neutnngen.bench.pieces import piece_waves, pieces
from neutnngen.bench.rows import read_table, write_table
from neutnngen.errors import DataError
from neutnngen.flow.config import LayoutConfig
from neutnngen.rtl import Rings
from neutnngen.rtl.rings import clocks_of
from neutnngen.spec import ColumnSpec, Design, load_design

WHOLE = 7000
"""Synapses up to which a Design is laid out whole; of a larger one, a piece of every layer times their number."""
WAVES = 256
QUICK = 200
"""Synapses up to which a Design is taken with ``quick``."""
GROWTH = ((8, 4), (16, 4), (16, 8), (32, 8), (32, 16), (64, 16), (64, 32), (128, 32), (256, 32))
"""Learning columns for the curves of time and memory: inputs, neurons."""
GROWN = "growth/"
OPEN = "not finished"
DECK = ("deck_markers_unwaived",)
"""Metric of the markers of an independent deck, where the flow has one."""

Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class LayoutRow:
    """A Design's layout. Numbers that a piece stands for are times the number of pieces.

    name: folder under the examples, with the style. scope: what was laid out. seconds: of all steps; processor: seconds of all
    processors; steps: by step as JSON. memory: MB of the largest process. area: of the die, µm². drc, deck, lvs, mismatches: -1 where
    the step was not reached or is not there. slack, hold_slack, period (shortest, of paths between registers): ns. leakage, power (at
    100 kHz), fast_power (at the shortest period): W. clocks: of a sample. accuracy: of the Design in its application. outcome:
    ``clean``, or what stopped the flow. limits: see :func:`broken_limits`. limit: seconds it had. release: of this program, with the
    commit where it is known.
    """

    name: str
    kit: str
    seed: int
    fingerprint: str
    shape: str
    synapses: int
    scope: str
    clocks: int
    cells: int = 0
    cell_area: float = 0.0
    area: float = 0.0
    utilisation: float = 0.0
    wire_length: float = 0.0
    drc: int = -1
    deck: int = -1
    lvs: int = -1
    mismatches: int = -1
    setup_slack: float = math.nan
    hold_slack: float = math.nan
    period: float = 0.0
    leakage: float = 0.0
    power: float = 0.0
    fast_power: float = 0.0
    seconds: float = 0.0
    processor: float = 0.0
    steps: str = ""
    memory: float = 0.0
    accuracy: str = ""
    limits: str = ""
    outcome: str = ""
    limit: float = 0.0
    release: str = ""

    @property
    def key(self) -> str:
        """What makes a row one of its own."""
        return f"{self.name}|{self.kit}|{self.seed}"

    @property
    def sample_time(self) -> float:
        """Seconds per sample at the shortest period."""
        return self.clocks * self.period * 1e-9

    @property
    def sample_energy(self) -> float:
        """Joules per sample at the shortest period."""
        return self.fast_power * self.sample_time

    def stands(self, fingerprint: str, limit: float) -> bool:
        """Whether the row need not be made again for this Design within this limit."""
        return self.fingerprint == fingerprint and not (self.outcome.startswith(OPEN) and limit > self.limit)


@dataclass(frozen=True)
class LayoutCase:
    """A row to be made. place: of the Design, None of a grown one."""

    name: str
    design: Design
    rings: Rings | None
    place: Path | None


def layout_cases(
    examples: Path, only: Sequence[str] = (), *, quick: bool = False, growth: bool = True, smallest: bool = False
) -> list[LayoutCase]:
    """Designs under ``examples`` in all styles that they can have, then columns of growing size; small ones first. Raises DataError.

    smallest: each in the style that takes the least area.
    """
    grown = [name for name in only if name.startswith(GROWN.rstrip("/"))]
    named = [name for name in only if name not in grown]
    found: list[LayoutCase] = []
    if named or not only:
        for name, place in find_designs(examples, named).items():
            design = load_design(place)
            found += [LayoutCase(name + tail, design, rings, place) for tail, rings in _styles(design, smallest)]
    if growth and (grown or not only):
        for inputs, neurons in GROWTH:
            design = grown_column(inputs, neurons)
            found += [LayoutCase(f"{GROWN}{inputs}x{neurons}{tail}", design, rings, None) for tail, rings in _styles(design, smallest)]
        found = [
            case for case in found if case.place or not grown or any(case.name.removesuffix(RINGED) == n or n == "growth" for n in grown)
        ]
    found = [case for case in found if not quick or case.design.synapses <= QUICK]
    if not found:
        raise DataError("there is no such Design", got=", ".join(only), allowed=f"names under {examples}, {GROWN}INPUTSxNEURONS")
    return sorted(found, key=lambda case: (case.design.synapses, case.name))


def _styles(design: Design, smallest: bool) -> list[tuple[str, Rings | None]]:
    """(tail of the name, rings) of the styles to take; the last one is the smallest."""
    found = list(styles(design))
    return found[-1:] if smallest else found


def grown_column(inputs: int, neurons: int) -> Design:
    """A learning column with all its synapses and random weights."""
    spec = ColumnSpec(inputs, neurons, max(1, inputs))
    weights = np.random.default_rng(1).integers(0, spec.w_max + 1, (neurons, inputs))
    return Design.of_column(f"grown_{inputs}x{neurons}", spec, weights, np.ones((neurons, inputs), bool), 1)


def bench_layout(
    cases: Sequence[LayoutCase],
    table: Path,
    config: LayoutConfig,
    seeds: Sequence[int] = (0,),
    *,
    whole: int = WHOLE,
    keep: Path | None = None,
    limit: float = 3600.0,
    again: bool = False,
    tell: Tell | None = None,
) -> dict[str, LayoutRow]:
    """Bring ``table`` (CSV) up to date and return all its rows by key.

    config: all but style and seed. whole: see ``WHOLE``. keep: folder that keeps the runs, so that one that was stopped goes on; None: they
    are removed. limit: seconds for each layout. again: make the rows of these cases again, whatever the table holds.
    """
    known = read_rows(table)
    wanted = [(case, seed) for case in cases for seed in seeds]
    for number, (case, seed) in enumerate(wanted):
        key = f"{case.name}|{config.kit}|{seed}"
        if again or key not in known or not known[key].stands(case.design.fingerprint(), limit):
            known[key] = layout_row(case, replace(config, seed=seed), whole, keep, limit)
            write_rows(table, known)
        if tell is not None:
            tell(number + 1, len(wanted))
    return known


def layout_row(case: LayoutCase, config: LayoutConfig, whole: int, keep: Path | None, limit: float) -> LayoutRow:
    """Lay out a Design, or a piece of each of its layers."""
    design = case.design
    parts = pieces(design, whole)
    scope = "; ".join(dict.fromkeys(part.what for part in parts))
    if parts[0].layer is not None and design.network.voter is not None:
        scope += "; without its voter"
    row = LayoutRow(
        case.name,
        config.kit,
        config.seed,
        design.fingerprint(),
        shape_of(design),
        design.synapses,
        scope,
        clocks_of(design, case.rings),
        accuracy="" if case.place is None else accuracy_of(case.place),
        limit=limit,
        release=program_versions()["neutnngen"],
    )
    waves = own_waves(design, Path("none") if case.place is None else case.place.parent / "waves.npz", min(WAVES, config.waves))
    rings = case.rings
    chosen = (
        replace(config, style="parallel") if rings is None else replace(config, style="rings", slots=rings.slots, members=rings.members)
    )
    began = time.perf_counter()
    answers: list[tuple[int, Answer]] = []
    with tempfile.TemporaryDirectory(prefix="neutnngen-") as scratch:
        base = Path(scratch) if keep is None else keep / f"{case.name}_{config.kit}_{config.seed}".replace("/", "_").replace(" ", "")
        for number, part in enumerate(parts):
            left = max(1.0, limit - (time.perf_counter() - began))
            folder = base / str(number)
            answers.append((part.count, lay_out(part.design, piece_waves(design, part, waves), chosen, folder, left)))
            if not answers[-1][1].complete:
                break
    return filled(row, answers, config)


def filled(row: LayoutRow, answers: Sequence[tuple[int, Answer]], config: LayoutConfig) -> LayoutRow:
    """The row with the figures of its pieces; (count, answer) of each."""
    steps: dict[str, float] = {}
    for _, answer in answers:
        for name, seconds in answer.seconds.items():
            steps[name] = steps.get(name, 0.0) + seconds
    outcome = next((answer.problem for _, answer in answers if not answer.complete), "clean")

    def total(name: str, factor: float = 1.0) -> float:
        return sum(count * factor * answer.metrics.get(name, 0.0) for count, answer in answers)

    def worst(*names: str) -> int:
        found = [round(answer.metrics[name]) for _, answer in answers for name in names if name in answer.metrics]
        return sum(found) if found else -1

    def least(name: str) -> float:
        return min((answer.metrics[name] for _, answer in answers if name in answer.metrics), default=math.nan)

    period = max((answer.metrics.get("shortest_period", 0.0) for _, answer in answers), default=0.0)
    leakage, dynamic = total("leakage_power", 1e-6), total("total_power", 1e-6) - total("leakage_power", 1e-6)
    core = total("core_area")
    return replace(
        row,
        cells=round(total("cells")),
        cell_area=total("cell_area"),
        area=total("die_area"),
        utilisation=total("cell_area") / core if core else 0.0,
        wire_length=total("wire_length"),
        drc=worst("drc_violations"),
        deck=worst(*DECK),
        lvs=worst("lvs_differences"),
        mismatches=worst("gate_mismatches"),
        setup_slack=least("setup_slack"),
        hold_slack=least("hold_slack"),
        period=period,
        leakage=leakage,
        power=total("power_at_unit_clock", 1e-6),
        fast_power=leakage + dynamic * config.clock_period_ns / period if period else 0.0,
        seconds=sum(steps.values()),
        processor=sum(answer.processor for _, answer in answers),
        steps=json.dumps({name: round(seconds, 2) for name, seconds in steps.items()}),
        memory=max((answer.memory for _, answer in answers), default=0) / 1e6,
        limits=broken_limits([answer.metrics for _, answer in answers]),
        outcome=outcome,
    )


def broken_limits(found: Sequence[Mapping[str, float]]) -> str:
    """Which limits of the libraries and the clock the pieces of a row break, at any corner: ``kept`` if none, nothing without timing."""
    if not found or not all("setup_slack" in metrics for metrics in found):
        return ""
    broken = []
    for start, what in (
        ("setup_slack", "setup"),
        ("hold_slack", "hold"),
        ("slew_violations", "slews"),
        ("capacitance_violations", "loads"),
    ):
        for name in dict.fromkeys(key for metrics in found for key in metrics if key.startswith(start)):
            values = [metrics.get(name, 0.0) for metrics in found]
            corner = name.removeprefix(start).lstrip("_")
            where = f" ({corner})" if corner else ""
            if start.endswith("slack") and min(values) < 0:
                broken.append(f"{what}{where} {min(values):+.3f} ns")
            elif start.endswith("violations") and max(values) > 0:
                broken.append(f"{sum(values):.0f} {what}{where}")
    return "; ".join(broken) or "kept"


def accuracy_of(place: Path) -> str:
    """What the Design in a folder ``…/NAME/design`` reached in its application, by the record beside it; nothing where there is none."""
    for folder in (place.parent, place.parent.parent):
        file = folder / "expected.json"
        if not file.is_file():
            continue
        document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if folder != place.parent and "designs" not in document:
            return ""  # the record is that of the whole, and this is a part of it
        document = document.get("designs", {}).get(place.parent.name, document)
        if "scores" in document:
            return f"Rand index {document['scores']['rand']:.3f}"
        if "error" in document:
            return f"error {100 * document['error']:.2f} %"
        if "recalled" in document:
            return f"recalls {min(document['recalled'].values())} of {document['edges']} edges"
        return ""
    return ""


def read_rows(path: Path) -> dict[str, LayoutRow]:
    """Rows of an earlier run by key; none if there is no file. Raises DataError for a file of another kind."""
    return {row.key: row for row in read_table(path, LayoutRow)}


def write_rows(path: Path, rows: dict[str, LayoutRow]) -> Path:
    """As CSV, smallest Design first."""
    return write_table(path, LayoutRow, sorted(rows.values(), key=lambda one: (one.synapses, one.name, one.kit, one.seed)))
