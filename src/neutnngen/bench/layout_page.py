"""The table of ``bench layout`` as a page and as a picture."""

from __future__ import annotations

import io
import math
import platform
from collections.abc import Iterable
from importlib.resources import files

import numpy as np
from jinja2 import Environment, StrictUndefined
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

from neutnngen.bench.designs import RINGED
from neutnngen.bench.designs_page import ABSENT, page_table
from neutnngen.bench.layout import LayoutRow
from neutnngen.bench.layout_run import program_versions
from neutnngen.bench.plot import BLUE, ORANGE

AREA_HEADER = (
    *("design", "kit", "seed", "synapses", "laid out", "cells", "die, µm²", "µm² per synapse", "utilisation, %"),
    *("DRC", "deck", "LVS", "gates ≠", "result", "s", "processor s", "memory, MB"),
)
POWER_HEADER = (
    *(
        "design",
        "kit",
        "seed",
        "setup slack, ns",
        "hold slack, ns",
        "limits",
        "period, ns",
        "leakage, µW",
        "at 100 kHz, µW",
        "at the period, mW",
    ),
    *("clocks a sample", "µs a sample", "nJ a sample", "accuracy"),
)
WHOLE_SCOPE = "whole"


def area_cells(row: LayoutRow) -> list[str]:
    """Cells under ``AREA_HEADER``."""
    checks = [ABSENT if count < 0 else str(count) for count in (row.drc, row.deck, row.lvs, row.mismatches)]
    sizes = [ABSENT] * 4
    if row.cells:
        sizes = [f"{row.cells:,}", f"{row.area:,.0f}", f"{row.area / row.synapses:.1f}", f"{100 * row.utilisation:.0f}"]
    cost = [f"{row.seconds:,.0f}", f"{row.processor:,.0f}" if row.processor else ABSENT, f"{row.memory:,.0f}" if row.memory else ABSENT]
    return [row.name, row.kit, str(row.seed), f"{row.synapses:,}", row.scope, *sizes, *checks, row.outcome, *cost]


def power_cells(row: LayoutRow) -> list[str]:
    """Cells under ``POWER_HEADER``."""
    names = [row.name, row.kit, str(row.seed)]
    if not row.period:
        return [*names, *[ABSENT] * 7, f"{row.clocks:,}", *[ABSENT] * 2, row.accuracy or ABSENT]
    slack = [ABSENT if math.isnan(value) else f"{value:+.3f}" for value in (row.setup_slack, row.hold_slack)]
    watts = [ABSENT] * 3
    sample = [f"{row.sample_time * 1e6:.3f}", ABSENT]
    if row.power:
        watts = [f"{row.leakage * 1e6:,.2f}", f"{row.power * 1e6:,.2f}", f"{row.fast_power * 1e3:,.2f}"]
        sample[1] = f"{row.sample_energy * 1e9:,.3f}"
    return [*names, *slack, row.limits or ABSENT, f"{row.period:.3f}", *watts, f"{row.clocks:,}", *sample, row.accuracy or ABSENT]


def markdown(rows: Iterable[LayoutRow]) -> str:
    """The page, smallest Design first."""
    ordered = sorted(rows, key=lambda row: (row.synapses, row.name, row.kit, row.seed))
    text = files("neutnngen.bench").joinpath("layout_page.md.j2").read_text(encoding="utf-8")
    environment = Environment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)
    return environment.from_string(text).render(
        versions=", ".join(f"{name} {version}" for name, version in program_versions().items()),
        machine=f"{platform.machine()}, {platform.system()}",
        count=len(ordered),
        clean=sum(row.outcome == "clean" for row in ordered),
        area=page_table(AREA_HEADER, [area_cells(row) for row in ordered], 5),
        power=page_table(POWER_HEADER, [power_cells(row) for row in ordered], 3),
        growth=" ".join(sentence for _, sentence in fits(ordered)),
    )


def curves(rows: Iterable[LayoutRow]) -> dict[str, list[LayoutRow]]:
    """Clean rows of whole blocks by kit and style, where time and memory are known."""
    found: dict[str, list[LayoutRow]] = {}
    for row in sorted(rows, key=lambda one: one.synapses):
        if row.outcome == "clean" and row.scope == WHOLE_SCOPE and row.processor and row.memory:
            style = "rings" if row.name.endswith(RINGED) else "parallel"
            found.setdefault(f"{row.kit}, {style}", []).append(row)
    return found


def fits(rows: Iterable[LayoutRow]) -> list[tuple[str, str]]:
    """(curve, sentence) of how time and memory grow: the exponent of a power law through the larger half of a curve's sizes."""
    made = []
    for name, members in curves(rows).items():
        sizes = sorted({row.synapses for row in members})
        upper = [row for row in members if row.synapses >= sizes[len(sizes) // 2]]
        if len({row.synapses for row in upper}) < 2:
            continue
        x = np.log([row.synapses for row in upper])
        seconds, memory = (
            float(np.polyfit(x, np.log(values), 1)[0]) for values in ([r.processor for r in upper], [r.memory for r in upper])
        )
        span = f"{upper[0].synapses:,} to {upper[-1].synapses:,}"
        grown = f"time grows as the power {seconds:.2f} of their number, memory as the power {memory:.2f}"
        made.append((name, f"{name}: from {span} synapses, {grown}."))
    return made


def picture(rows: Iterable[LayoutRow]) -> bytes:
    """PNG: processor seconds on the left, memory on the right, against synapses, logarithmic."""
    figure = Figure(figsize=(11, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    marks = {"parallel": ("o", BLUE), "rings": ("s", ORANGE)}
    for number, (name, members) in enumerate(curves(rows).items()):
        mark, colour = marks[name.rpartition(", ")[2]]
        sizes = [row.synapses for row in members]
        style = {"color": colour, "label": name, "alpha": 0.85, "fillstyle": "full" if number < 2 else "none"}
        left.loglog(sizes, [row.processor for row in members], mark, **style)
        right.loglog(sizes, [row.memory for row in members], mark, **style)
    for axis, title in ((left, "processor seconds, RTL to checked GDSII"), (right, "memory of the largest process, MB")):
        axis.set_xlabel("synapses")
        axis.set_ylabel(title)
        axis.grid(alpha=0.3, which="both")
        for side in (axis.xaxis, axis.yaxis) if axis.lines else ():
            side.set_major_locator(LogLocator(subs=(1, 2, 5)))
            side.set_major_formatter(ScalarFormatter())
            side.set_minor_formatter(NullFormatter())
    if left.lines:
        left.legend()
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=150, metadata={"Software": None})
    return buffer.getvalue()


SHOWN_HEADER = ("design", "synapses", "cells", "µm² per synapse", "period, ns", "at 100 kHz, µW", "s", "processor s", "MB", "result")


def shown_cells(row: LayoutRow) -> list[str]:
    """Cells under ``SHOWN_HEADER``, for a terminal."""
    area, power = area_cells(row), power_cells(row)
    return [row.name, f"{row.synapses:,}", area[5], area[7], power[6], power[8], area[14], area[15], area[16], row.outcome]
