"""Cells that may stand for each other: same function, same pins, same arcs, other strength."""

from __future__ import annotations

from collections import defaultdict

from neutnngen.pdk.technology import Kit
from neutnngen.timing.library import CellTiming, TimingLibrary


def families(kit: Kit, library: TimingLibrary) -> dict[str, tuple[CellTiming, ...]]:
    """For every usable cell that has others of its function: all of them, small to large. Cells marked as not to be used are left out."""
    groups: dict[object, list[CellTiming]] = defaultdict(list)
    for name, cell in kit.cells.items():
        if cell.dont_use or name not in kit.masters or name not in library.cells:
            continue
        timing = library.cells[name]
        functions = tuple(cell.pins[pin].function for pin in timing.pins)
        groups[cell.sequential, functions, timing.shape].append(timing)
    found: dict[str, tuple[CellTiming, ...]] = {}
    for members in groups.values():
        if len(members) > 1:
            ordered = tuple(sorted(members, key=lambda cell: (cell.area, cell.largest_load.max(), cell.name)))
            found |= {cell.name: ordered for cell in ordered}
    return found
