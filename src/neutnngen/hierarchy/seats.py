"""Which repeater of its bank stands for which of the plan: those that a column's output drives beside its pin, as such outputs are weak."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from neutnngen.hierarchy.netlist import GLUE, PORT, Pin
from neutnngen.hierarchy.repeaters import Segment, Tile


def seat_repeaters(
    segments: Sequence[Segment], where: Callable[[Pin], float], left: Callable[[Tile], float], slots: NDArray[np.float64]
) -> dict[tuple[Tile, int], int]:
    """Number in its bank of every repeater (tile, number in the plan).

    where: x of a pin of a column. left: x of a tile; slots: x of the bank's repeaters in it, ascending by their number. Repeaters behind a
    column's output take the free one nearest to it, then those before inputs of columns, then all others.
    """
    wanted: dict[Tile, dict[int, tuple[int, float]]] = defaultdict(dict)
    for segment in segments:
        source = segment.driver
        if source.pin is None:
            sinks = [where(n.pin) for n in segment.sinks if n.pin is not None and n.pin.instance not in (PORT, GLUE)]
            mean = (1, sum(sinks) / len(sinks)) if sinks else (2, left(source.tile) + float(slots.mean()))
            wanted[source.tile].setdefault(source.number, mean)
        elif source.pin.instance not in (PORT, GLUE):
            for node in segment.sinks:
                if node.pin is None:
                    wanted[node.tile][node.number] = (0, where(source.pin))
    seats: dict[tuple[Tile, int], int] = {}
    for tile, some in wanted.items():
        free = np.ones(len(slots), dtype=bool)
        for number, (_, x) in sorted(some.items(), key=lambda item: (item[1], item[0])):
            distance = np.where(free, np.abs(slots + left(tile) - x), np.inf)
            seat = int(distance.argmin())
            free[seat] = False
            seats[tile, number] = seat
    return seats
