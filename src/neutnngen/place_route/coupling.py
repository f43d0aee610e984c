"""How much of a wire's capacitance goes to the wires beside it.

The kit knows one capacitance for each layer, ground and neighbours together. Of it, the share :data:`SHARE` goes to the two sides when
both neighbours stand at the layer's smallest spacing, half to each; at a spacing of s it is that times (smallest spacing / s). A neighbour
counts up to the distance where one more wire would fit between. The share is an assumption (plate and fringe capacitance of wires that
are about as high as wide), not a value of the kit; a net's whole capacitance does not depend on it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neutnngen.pdk.technology import Kit
from neutnngen.place_route.route_sweep import close_pairs

SHARE = 0.6
Ints = npt.NDArray[np.int64]


class Piece(NamedTuple):
    """A straight piece of wire between two nodes of its net, on its centre line; (x0, y0) is the end at ``first``."""

    layer: str
    x0: int
    y0: int
    x1: int
    y1: int
    width: int
    net: int
    first: int
    second: int


def couple(pieces: list[Piece], kit: Kit, names: list[str]) -> dict[str, tuple[tuple[int, str, int, float], ...]]:
    """Net to its couplings (node, other net, node there, fF); every one is there from both sides. names: of the nets by number."""
    by_layer: dict[str, list[tuple[int, ...]]] = {}
    for piece in pieces:
        by_layer.setdefault(piece.layer, []).append(piece[1:])
    parts = [_on_layer(np.array(rows, np.int64), name, kit) for name, rows in by_layer.items()]
    if not parts:
        return {}
    keys = np.concatenate([key for key, _ in parts])
    value = np.concatenate([amount for _, amount in parts])
    both = np.concatenate([keys, keys[:, [2, 3, 0, 1]]])
    unique, where = np.unique(both, axis=0, return_inverse=True)
    total = np.bincount(where.reshape(-1), np.concatenate([value, value]), len(unique))
    found: dict[str, list[tuple[int, str, int, float]]] = {}
    for (net, node, other, there), amount in zip(unique.tolist(), total.tolist(), strict=True):
        found.setdefault(names[net], []).append((node, names[other], there, amount))
    return {name: tuple(entries) for name, entries in found.items()}


def _on_layer(rows: Ints, name: str, kit: Kit) -> tuple[Ints, npt.NDArray[np.float64]]:
    """Pairs (net, node, net, node) and fF. rows: x0 y0 x1 y1 width net first second; half of a run's coupling is at either end."""
    layer, dbu = kit.technology.layers[name], kit.technology.dbu
    flat = rows[:, 1] == rows[:, 3]
    half = rows[:, 4] // 2
    box = np.stack([rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3]], axis=1)
    box[flat, 1] -= half[flat]
    box[flat, 3] += half[flat]
    box[~flat, 0] -= half[~flat]
    box[~flat, 2] += half[~flat]
    reach = 2 * layer.spacing + layer.width
    keys, values = [np.empty((0, 4), np.int64)], [np.empty(0)]
    for along, of_axis in ((0, flat), (1, ~flat)):
        index = np.nonzero(of_axis)[0]
        i, j = close_pairs(box[index], None, reach - 1)
        i, j = index[i], index[j]
        across = 1 - along
        run = np.minimum(box[i, along + 2], box[j, along + 2]) - np.maximum(box[i, along], box[j, along])
        gap = np.maximum(box[i, across], box[j, across]) - np.minimum(box[i, across + 2], box[j, across + 2])
        good = (run > 0) & (gap > 0) & (gap < reach) & (rows[i, 5] != rows[j, 5])
        i, j, run, gap = i[good], j[good], run[good], gap[good]
        per_um = SHARE / 2 * layer.capacitance * np.minimum(1.0, layer.spacing / gap)
        amount = per_um * run / dbu / 2
        for end in (6, 7):
            keys.append(np.stack([rows[i, 5], rows[i, end], rows[j, 5], rows[j, end]], axis=1))
            values.append(amount)
    return np.concatenate(keys), np.concatenate(values)
