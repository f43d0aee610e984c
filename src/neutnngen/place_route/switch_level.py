"""A transistor circuit as switches (after Bryant, A Switch-Level Model and Simulator for MOS Digital Systems, IEEE Trans. Computers 1984).

A net is 0, 1 or X. It is driven by every source (supply or input) that conducting transistors join it to; a transistor whose gate is X
may conduct. A net that nothing drives keeps its charge. Strengths are not modelled: a net that is driven both ways is X.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.int8]
"""(net, case): 0, 1 or :data:`X`."""
X = 2


class Transistor(NamedTuple):
    """Kind, numbers of its nets, width and length in micrometres."""

    kind: Literal["nmos", "pmos"]
    source: int
    gate: int
    drain: int
    width: float
    length: float


@dataclass(frozen=True)
class Transistors:
    """A cell as transistors. nets: how many; pins: pin, supplies included, to the number of its net."""

    name: str
    nets: int
    pins: dict[str, int]
    devices: tuple[Transistor, ...]


class Rest(NamedTuple):
    """Where the nets of a circuit come to rest. driven: (net, case), whether a source drives it; stable: (case,)."""

    values: Values
    driven: NDArray[np.bool_]
    stable: NDArray[np.bool_]


def settle(circuit: Transistors, start: Values, sources: Iterable[int]) -> Rest:
    """Let all cases come to rest from ``start``, which holds the values of the sources too; every gate takes the same time.

    A case that comes to no rest within so many rounds as would do for a chain of all nets is not stable.
    """
    fixed = np.zeros(circuit.nets, bool)
    fixed[list(sources)] = True
    values = start.copy()
    driven = np.zeros(values.shape, bool)
    moving = np.ones(values.shape[1], bool)
    for _ in range(2 * circuit.nets + 4):
        new, driven = _round(circuit, values, fixed)
        moving = (new != values).any(axis=0)
        values = new
        if not moving.any():
            break
    return Rest(values, driven, ~moving)


def _round(circuit: Transistors, values: Values, fixed: NDArray[np.bool_]) -> tuple[Values, NDArray[Any]]:
    """Values after the transistors have switched as the gates stand now, and which nets are driven for certain."""
    shape = (4, *values.shape)  # certainly 0, certainly 1, possibly 0, possibly 1
    reach = np.zeros(shape, bool)
    for value in (0, 1):
        reach[value, fixed] = values[fixed] == value
        reach[value + 2, fixed] = values[fixed] != 1 - value
    ends = []
    for device in circuit.devices:
        gate = values[device.gate]
        sure = gate == (1 if device.kind == "nmos" else 0)
        maybe = sure | (gate == X)
        ends.append((device.source, device.drain, np.stack((sure, sure, maybe, maybe))))
    changed = True
    while changed:
        changed = False
        for one, other, on in ends:
            for a, b in ((one, other), (other, one)):
                if not fixed[b]:
                    spread = reach[:, a] & on & ~reach[:, b]
                    if spread.any():
                        reach[:, b] |= spread
                        changed = True
    sure0, sure1, maybe0, maybe1 = reach
    new = np.full(values.shape, X, np.int8)
    new[sure0 & ~maybe1] = 0
    new[sure1 & ~maybe0] = 1
    # what may be driven to the value that it has, and to no other, keeps it
    kept = ~sure0 & ~sure1 & ~(maybe0 & (values != 0)) & ~(maybe1 & (values != 1))
    new[kept] = values[kept]
    new[fixed] = values[fixed]
    return new, sure0 | sure1
