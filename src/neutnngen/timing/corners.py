"""Timing of one block at every corner that a kit has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block
from neutnngen.place_route.extract import Parasitics
from neutnngen.timing.engine import TimingReport, analyse
from neutnngen.timing.library import load_timing

COLUMNS = ("corner", "setup slack", "hold slack", "shortest period", "clock latency", "clock skew", "slews", "loads")
"""Head of the table of :func:`corner_row`; times in ns, violated slews and loads in pins."""


def analyse_corners(block: Block, kit: Kit, period: float, parasitics: Parasitics | None = None) -> dict[str, TimingReport]:
    """Reports by corner: typical first, then each of ``kit.corners``; wires are the same at all. Errors as of ``analyse``."""
    libraries = [load_timing(kit), *(load_timing(kit, corner) for corner in kit.corners)]
    return {library.corner: analyse(block, kit, period, parasitics, library) for library in libraries}


def corner_row(report: TimingReport) -> tuple[str, ...]:
    """A report as a row of the table; a dash where the block has no such path."""
    times = (report.setup_slack, report.hold_slack, report.shortest_period, report.latency[1], report.skew)
    told = [f"{time:.3f}" if abs(time) < float("inf") else "-" for time in times]
    return (report.corner, *told, str(len(report.slew_violations)), str(len(report.load_violations)))


def worst(reports: Mapping[str, TimingReport]) -> tuple[str, str]:
    """Corners of the worst setup and of the worst hold slack."""
    return min(reports, key=lambda c: reports[c].setup_slack), min(reports, key=lambda c: reports[c].hold_slack)


def figures(report: TimingReport) -> dict[str, Any]:
    """The numbers of a report for a document; null where the block has no such path."""
    named = {
        "setup_slack": report.setup_slack,
        "hold_slack": report.hold_slack,
        "setup_total_negative_slack": report.setup_tns,
        "hold_total_negative_slack": report.hold_tns,
        "shortest_period": report.shortest_period,
        "clock_latency": report.latency[1],
        "clock_skew": report.skew,
    }
    counts = {"slew_violations": len(report.slew_violations), "load_violations": len(report.load_violations)}
    return {**{name: value if abs(value) < float("inf") else None for name, value in named.items()}, **counts}
