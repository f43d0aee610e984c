"""What pruning saves in cells: saved Designs before and after, in the styles that can build them. A stopped run goes on."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from neutnngen.bench.designs import OPEN, DesignRow, LimitError, find_designs, own_waves, shape_of, synthesised, time_limit
from neutnngen.bench.pieces import pieces
from neutnngen.bench.rows import read_table, write_table
from neutnngen.errors import NeutnngenError
from neutnngen.prune import Choice, Plan, narrowed, prune
from neutnngen.rtl import Rings
from neutnngen.rtl.rings import check_rings, clocks_of
from neutnngen.spec import Design, load_design

DENSE, SYNAPSES, LINES = "dense", "synapses", "lines"
WAYS: dict[str, Choice | None] = {DENSE: None, SYNAPSES: Choice("synapse", "neuron"), LINES: Choice("input", "column")}
"""What is pruned, by weight: nothing; the smallest weights of every neuron; whole input lines, and the column is built without them."""
WAVES = 64
Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class CostRow:
    """A Design in one style and one way. name: folder under the examples. way: of ``WAYS``. keep: share of synapses that was to stay.
    fingerprint: of the Design that was pruned. scope: what was synthesised. area: µm². leakage: W. power: W, see ``Mapped``. path: ns.
    clocks: of a wave. agreement: share of answers on its own waves as before. outcome: ``done``, or why not."""

    name: str
    style: str
    way: str
    keep: float
    fingerprint: str
    shape: str
    scope: str
    synapses: int
    agreement: float = 1.0
    cells: int = 0
    area: float = 0.0
    leakage: float = 0.0
    path: float = 0.0
    clocks: int = 0
    outcome: str = ""
    seconds: float = 0.0
    power: float = 0.0

    @property
    def key(self) -> tuple[str, str, str, float]:
        return self.name, self.style, self.way, 1.0 if self.way == DENSE else self.keep


@dataclass(frozen=True)
class Saving:
    """Two rows of a Design in a style. synapses, area, leakage, power: share that is saved. path: after over before. worth: area saved per
    synapse saved, both as shares; 1 where area falls as the synapses do. leak: the same of leakage."""

    before: CostRow
    after: CostRow

    @property
    def synapses(self) -> float:
        return 1 - self.after.synapses / self.before.synapses

    @property
    def area(self) -> float:
        return 1 - self.after.area / self.before.area

    @property
    def leakage(self) -> float:
        return 1 - self.after.leakage / self.before.leakage

    @property
    def power(self) -> float:
        return 1 - self.after.power / self.before.power

    @property
    def path(self) -> float:
        return self.after.path / self.before.path

    @property
    def worth(self) -> float:
        return self.area / self.synapses

    @property
    def leak(self) -> float:
        return self.leakage / self.synapses


def bench_pruning(
    examples: Path, table: Path, only: Sequence[str] = (), *, keep: float = 0.5, limit: float = 600.0, tell: Tell | None = None
) -> list[CostRow]:
    """Bring ``table`` (CSV) up to date, smallest Designs first, and return its rows of the Designs that were asked for.

    only: see ``find_designs``. limit: seconds for the synthesis of a row.
    """
    known = {row.key: row for row in read_table(table, CostRow)}
    found = sorted(((name, place, load_design(place)) for name, place in find_designs(examples, only).items()), key=lambda f: f[2].synapses)
    wanted = [(name, place, design, way, rings) for name, place, design in found for way, rings in ways(design)]
    shown = []
    for number, (name, place, design, way, rings) in enumerate(wanted):
        blank = CostRow(name, "parallel" if rings is None else "rings", way, keep, design.fingerprint(), "", "", 0)
        before = known.get(blank.key)
        if before is None or before.fingerprint != blank.fingerprint or before.outcome != "done" or not before.power:
            known[blank.key] = cost_row(blank, design, place.parent / "waves.npz", rings, limit)
            write_table(table, CostRow, known.values())
        shown.append(known[blank.key])
        if tell is not None:
            tell(number + 1, len(wanted))
    return shown


def ways(design: Design) -> list[tuple[str, Rings | None]]:
    """Ways and styles that a Design can be pruned and built in; rings need dense columns, so only whole lines can go there."""
    classic = design.network.classic is not None
    found: list[tuple[str, Rings | None]] = [(way, None) for way in WAYS if classic or way != LINES]
    try:
        check_rings(design)
    except NeutnngenError:
        return found
    return [*found, (DENSE, Rings()), (LINES, Rings())]


def cost_row(row: CostRow, design: Design, waves: Path, rings: Rings | None, limit: float) -> CostRow:
    """One row. waves: an .npz with the Design's own waves, on which the thresholds are found; random ones where it is absent."""
    began = time.perf_counter()
    choice = WAYS[row.way]
    played = own_waves(design, waves, WAVES)
    if choice is not None:
        made = prune(design, Plan(row.keep, "weight", choice), played)
        row = replace(row, agreement=made.rounds[-1].agreement or 0.0)
        design = made.design
        if row.way == LINES:
            small = narrowed(design)
            design, played = small.design, small.waves(played)
    fitted = None if rings is None else rings.fitted(design.column)
    parts = pieces(design)
    scope = "; ".join(dict.fromkeys(part.what for part in parts))
    row = replace(row, shape=shape_of(design), scope=scope, synapses=design.synapses, clocks=clocks_of(design, fitted))
    try:
        with time_limit(limit), tempfile.TemporaryDirectory(prefix="neutnngen-") as folder:
            blank = DesignRow(row.name, row.fingerprint, row.shape, row.synapses, scope)
            found = synthesised(blank, design, parts, Path(folder), fitted, played)
        row = replace(row, cells=found.cells, area=found.area, leakage=found.leakage, path=found.path, power=found.power, outcome="done")
    except LimitError:
        row = replace(row, outcome=f"{OPEN} in {limit:.0f} s")
    except NeutnngenError as problem:
        row = replace(row, outcome=str(problem).splitlines()[0])
    return replace(row, seconds=time.perf_counter() - began)


def savings(rows: Sequence[CostRow]) -> list[Saving]:
    """Every pruned row beside the dense one of its Design and style, where both are done."""
    dense = {(row.name, row.style): row for row in rows if row.way == DENSE and row.outcome == "done"}
    pruned = [row for row in rows if row.way != DENSE and row.outcome == "done" and (row.name, row.style) in dense]
    return [Saving(dense[row.name, row.style], row) for row in pruned]


HEADER = [
    "design", "style", "pruned", "synapses", "area, µm²", "leakage, µW", "power, µW", "path, ns",
    "area / synapses", "leakage / synapses", "same answers",
]  # fmt: skip


def saving_cells(one: Saving) -> list[str]:
    """Texts of a row under ``HEADER``: before → after; then by how much area and leakage fall for what the synapses do."""
    a, b = one.before, one.after
    return [
        a.name,
        a.style,
        b.way,
        f"{a.synapses:,} → {b.synapses:,} (−{100 * one.synapses:.1f} %)",
        f"{a.area:,.0f} → {b.area:,.0f} (−{100 * one.area:.1f} %)",
        f"{1e6 * a.leakage:.0f} → {1e6 * b.leakage:.0f} (−{100 * one.leakage:.1f} %)",
        f"{1e6 * a.power:,.0f} → {1e6 * b.power:,.0f} (−{100 * one.power:.1f} %)",
        f"{a.path:.2f} → {b.path:.2f}",
        f"{one.worth:.2f}",
        f"{one.leak:.2f}",
        f"{100 * b.agreement:.0f} %",
    ]
