"""Cells that may stand for each other: same function, same pins, same arcs, other strength."""

from __future__ import annotations

from neutnngen.pdk.technology import Kit
from neutnngen.place_route.buffering import strengths
from neutnngen.timing.library import CellTiming, TimingLibrary


def families(kit: Kit, library: TimingLibrary) -> dict[str, tuple[CellTiming, ...]]:
    """For every usable cell that has others of its function: all of them, weak to strong."""
    found: dict[str, tuple[CellTiming, ...]] = {}
    for name, group in strengths(kit).items():
        timing = library.cells.get(name)
        members = [library.cells[other] for other in group if other in library.cells]
        alike = tuple(member for member in members if timing is not None and member.shape == timing.shape)
        if len(alike) > 1 and timing in alike:
            found[name] = alike
    return found
