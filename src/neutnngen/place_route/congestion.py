"""How full the routing layers are, cell by cell, and pictures of it and of places that could not be routed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from neutnngen.pdk.technology import Kit, Rect
from neutnngen.place_route.block import Block
from neutnngen.place_route.route_view import flat_view

Floats = npt.NDArray[np.float64]

MOST_CELLS = 96
"""Cells along the longer side of the die, at most."""
SMALLEST = 15
"""Smallest side of a cell, in pitches of the lowest signal layer."""


@dataclass(frozen=True)
class Congestion:
    """Share of each cell's tracks that metal takes, by signal layer: arrays (rows, columns), 1 is full. side: of a cell, micrometres."""

    side_um: float
    use: dict[str, Floats]

    @property
    def worst(self) -> tuple[str, float]:
        """The fullest cell: its layer and share."""
        return max(((name, float(values.max())) for name, values in self.use.items()), key=lambda pair: pair[1])


def congestion(block: Block, kit: Kit) -> Congestion:
    """Measure a routed block; power metal counts as used. Length of metal along its layer's direction over length of tracks."""
    die = block.die
    pitch = kit.technology.layers[kit.signal_layers[0]].pitch
    side = max(SMALLEST * pitch, ceil(max(die.x1 - die.x0, die.y1 - die.y0) / MOST_CELLS))
    columns, rows = ceil((die.x1 - die.x0) / side), ceil((die.y1 - die.y0) / side)
    view = flat_view(block, kit)
    use = {}
    for name in kit.signal_layers:
        layer = kit.technology.layers[name]
        index = view.on(name)
        boxes = view.box[index[view.pin[index] < 0]]
        # metal of wires over pads of vias: what counts is tracks, so pads inside wires add nothing
        wide = np.maximum(1, np.round((np.minimum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]) + layer.spacing) / layer.pitch))
        vertical = layer.direction == "vertical"
        along, across = ((1, 3), (0, 2)) if vertical else ((0, 2), (1, 3))
        low, high = boxes[:, along[0]], boxes[:, along[1]]
        middle = (boxes[:, across[0]] + boxes[:, across[1]]) // 2
        origin = (die.y0, die.x0) if vertical else (die.x0, die.y0)
        shape = (columns, rows) if vertical else (rows, columns)
        lane = np.clip((middle - origin[1]) // side, 0, shape[0] - 1)
        filled = _spread(lane, low - origin[0], high - origin[0], wide, side, shape)
        share = filled / (side / layer.pitch * side)
        use[name] = share.T if vertical else share
    return Congestion(kit.technology.to_um(side), use)


def _spread(lane: Any, low: Any, high: Any, weight: Any, side: int, shape: tuple[int, int]) -> Floats:
    """Length of the pieces in each cell of their lane."""
    filled = np.zeros(shape)
    low, high = np.clip(low, 0, shape[1] * side), np.clip(high, 0, shape[1] * side)
    first, last = low // side, np.maximum(low // side, (high - 1) // side)
    count = (last - first + 1).astype(np.int64)
    piece = np.repeat(np.arange(len(low)), count)
    cell = first[piece] + np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    length = np.minimum(high[piece], (cell + 1) * side) - np.maximum(low[piece], cell * side)
    np.add.at(filled, (lane[piece], np.minimum(cell, shape[1] - 1)), np.maximum(length, 0) * weight[piece])
    return filled


def draw_congestion(found: Congestion, png: Path) -> Path:
    """A heat map for each signal layer; returns ``png``."""
    figure, axes, plot = _figure(len(found.use))
    for axis, (name, values) in zip(axes, found.use.items(), strict=False):
        shown = axis.imshow(values, origin="lower", vmin=0, vmax=1, cmap="inferno", interpolation="nearest")
        axis.set_title(f"{name}: mean {values.mean():.0%}, most {values.max():.0%}", fontsize=9)
        axis.set_xlabel(f"cells of {found.side_um:.3g} um", fontsize=8)
    figure.colorbar(shown, ax=list(axes), label="share of tracks used")
    figure.savefig(png, dpi=110)
    plot.close(figure)
    return png


def draw_failures(block: Block, kit: Kit, places: Sequence[tuple[str, Rect]], png: Path) -> Path:
    """The die with every failed place marked, and the surroundings of the first one; ``places``: (net, rectangle). Returns ``png``."""
    figure, (whole, near), plot = _figure(2)
    to_um = kit.technology.to_um
    die, core = block.die, block.core
    for box, colour in ((die, "black"), (core, "gray")):
        whole.add_patch(
            plot.Rectangle((to_um(box.x0), to_um(box.y0)), to_um(box.x1 - box.x0), to_um(box.y1 - box.y0), fill=False, ec=colour)
        )
    xs = [to_um((rect.x0 + rect.x1) // 2) for _, rect in places]
    ys = [to_um((rect.y0 + rect.y1) // 2) for _, rect in places]
    whole.plot(xs, ys, "rx", markersize=6)
    whole.set_xlim(to_um(die.x0), to_um(die.x1))
    whole.set_ylim(to_um(die.y0), to_um(die.y1))
    whole.set_title(f"{len(places)} places", fontsize=9)
    if places:
        _zoom(near, plot, block, kit, places)
    for axis in (whole, near):
        axis.set_aspect("equal")
        axis.set_xlabel("um", fontsize=8)
    figure.savefig(png, dpi=110)
    plot.close(figure)
    return png


def _zoom(axis: Any, plot: Any, block: Block, kit: Kit, places: Sequence[tuple[str, Rect]]) -> None:
    """Metal of the signal layers around the first place."""
    to_um = kit.technology.to_um
    net, spot = places[0]
    reach = 20 * kit.technology.layers[kit.signal_layers[0]].pitch
    x0, y0, x1, y1 = spot.x0 - reach, spot.y0 - reach, spot.x1 + reach, spot.y1 + reach
    colours = plot.get_cmap("tab10")
    for instance in block.instances.values():
        master = kit.masters[instance.master]
        if instance.x < x1 and instance.y < y1 and instance.x + master.width > x0 and instance.y + master.height > y0:
            corner, size = (to_um(instance.x), to_um(instance.y)), (to_um(master.width), to_um(master.height))
            axis.add_patch(plot.Rectangle(corner, *size, fill=False, ec="lightgray"))
    for one in block.nets.values():
        for wire in one.wires:
            box = wire.rect()
            if wire.layer in kit.signal_layers and box.x0 < x1 and box.y0 < y1 and box.x1 > x0 and box.y1 > y0:
                colour = colours(kit.signal_layers.index(wire.layer) % 10)
                corner, size = (to_um(box.x0), to_um(box.y0)), (to_um(box.x1 - box.x0), to_um(box.y1 - box.y0))
                axis.add_patch(plot.Rectangle(corner, *size, color=colour, alpha=0.8 if one.name == net else 0.3))
    corner, size = (to_um(spot.x0), to_um(spot.y0)), (to_um(spot.x1 - spot.x0), to_um(spot.y1 - spot.y0))
    axis.add_patch(plot.Rectangle(corner, *size, fill=False, ec="red", lw=2))
    axis.set_xlim(to_um(x0), to_um(x1))
    axis.set_ylim(to_um(y0), to_um(y1))
    axis.set_title(f"{net}, {spot.layer}", fontsize=9)


def _figure(count: int) -> tuple[Any, Any, Any]:
    import matplotlib as mpl  # heavy to load

    mpl.use("Agg")
    import matplotlib.pyplot as plot

    columns = min(3, count)
    figure, axes = plot.subplots(
        -(-count // columns), columns, figsize=(4.6 * columns, 4.2 * -(-count // columns)), layout="constrained", squeeze=False
    )
    for axis in axes.reshape(-1)[count:]:
        axis.axis("off")
    return figure, axes.reshape(-1)[: max(count, 1)], plot
