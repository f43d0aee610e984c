"""The routing grid: which tracks of each signal layer may be used side by side, which vias join them, what is blocked.

The grid is the product of the vertical tracks (x) of the first vertical signal layer and the horizontal tracks (y) of the first
horizontal one. A layer with wider wires uses every second (or third …) track across its direction, so that two wires on neighbouring
tracks always keep the layer's spacing. A node is ``(layer * ny + y) * nx + x``. Everything is derived from the technology's rules.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
import numpy.typing as npt

from neutnngen.errors import ConfigError
from neutnngen.pdk.technology import Kit, Layer, Rect, Technology, ViaDef
from neutnngen.place_route.block import Block, transform

Int32 = npt.NDArray[np.int32]
FREE = -1
BLOCKED = -2


@dataclass(frozen=True)
class LayerGrid:
    """One signal layer. ``across`` and ``along`` are steps in grid nodes; ``pad_*`` are half sizes of the widest metal at a node."""

    name: str
    vertical: bool
    width: int
    across: int
    along: int
    pad_along: int
    pad_across: int
    reach: int  # nodes (in steps along) that must stay empty between line ends of different nets


@dataclass(frozen=True)
class Grid:
    """Tracks of a block. ``vias[i]`` joins ``layers[i - 1]`` and ``layers[i]``; ``vias[0]`` is unused, pins choose their own.

    ``conflicts[i]``: offsets (dx, dy) in nodes at which two cuts of the layer below ``layers[i]`` are too close.
    """

    x0: int
    y0: int
    dx: int
    dy: int
    nx: int
    ny: int
    layers: tuple[LayerGrid, ...]
    vias: tuple[ViaDef | None, ...]
    conflicts: tuple[tuple[tuple[int, int], ...], ...]

    @property
    def size(self) -> int:
        return len(self.layers) * self.ny * self.nx

    def node(self, layer: int, x: int, y: int) -> int:
        return (layer * self.ny + y) * self.nx + x

    def place(self, node: int) -> tuple[int, int, int]:
        """(layer index, x, y) with x and y in database units."""
        layer, rest = divmod(int(node), self.ny * self.nx)
        y, x = divmod(rest, self.nx)
        return layer, self.x0 + x * self.dx, self.y0 + y * self.dy

    def layer_index(self, name: str) -> int | None:
        """Index of a signal layer, None for other layers."""
        return next((i for i, layer in enumerate(self.layers) if layer.name == name), None)

    def window(self, x0: float, y0: float, x1: float, y1: float) -> tuple[int, int, int, int]:
        """Columns and rows (first and one past the last) whose nodes lie in the closed rectangle."""
        left, right = ceil((x0 - self.x0) / self.dx), (x1 - self.x0) // self.dx + 1
        low, high = ceil((y0 - self.y0) / self.dy), (y1 - self.y0) // self.dy + 1
        return max(0, left), max(0, low), min(self.nx, int(right)), min(self.ny, int(high))


def required_spacing(layer: Layer, width: int, run_length: int) -> int:
    """Spacing that the LEF asks beside metal of ``width`` (the wider of the two) over ``run_length`` of parallel edge."""
    needed = layer.spacing
    for row_width, columns in layer.spacing_table:
        # the LEF reads "greater than" for width and run length; width 0 is the default row
        if width > row_width or row_width == 0:
            for length, spacing in columns:
                if run_length > length or length == 0:
                    needed = max(needed, spacing)
    return needed


def _pad(via: ViaDef, layer: str) -> tuple[int, int]:
    """Half sizes (x, y) of the via's metal on ``layer``."""
    rects = [rect for rect in via.rects if rect.layer == layer]
    return max(max(-r.x0, r.x1) for r in rects), max(max(-r.y0, r.y1) for r in rects)


def best_via(technology: Technology, lower: str, upper: str) -> ViaDef:
    """The via whose metal stands out least beside wires of both layers, then the smallest.

    Raises
    ------
    ConfigError: the technology has no via between the layers.
    """
    found = [via for via in technology.vias.values() if via.lower == lower and via.upper == upper]
    if not found:
        raise ConfigError("no via joins two signal layers", got=f"{lower}, {upper}", allowed="neighbouring layers with a via in the LEF")

    def rank(via: ViaDef) -> tuple[int, int, str]:
        beside = area = 0
        for name in (lower, upper):
            layer, (x, y) = technology.layers[name], _pad(via, name)
            beside += max(0, (x if layer.direction == "vertical" else y) - layer.width // 2)
            area += x * y
        return beside, area, via.name

    return min(found, key=rank)


def build_grid(block: Block, kit: Kit) -> Grid:
    """Tracks, vias and cut conflicts for a block."""
    technology = kit.technology
    metals = [technology.layers[name] for name in kit.signal_layers]
    first_x = next(layer for layer in metals if layer.direction == "vertical")
    first_y = next(layer for layer in metals if layer.direction == "horizontal")
    dx, dy, x0, y0 = first_x.pitch, first_y.pitch, first_x.offset, first_y.offset
    vias: list[ViaDef | None] = [None]
    vias += [best_via(technology, a, b) for a, b in zip(kit.signal_layers, kit.signal_layers[1:], strict=False)]
    pads: list[tuple[int, int]] = []
    across: list[int] = []
    for i, layer in enumerate(metals):
        near = [via for via in (vias[i], vias[i + 1] if i + 1 < len(vias) else None) if via is not None]
        sizes = [_pad(via, layer.name) for via in near]
        vertical = layer.direction == "vertical"
        half = layer.width // 2
        beside = max([half, *(s[0] if vertical else s[1] for s in sizes)])
        ends = max([half, *(s[1] if vertical else s[0] for s in sizes)])
        pads.append((ends, beside))
        across.append(ceil((2 * beside + required_spacing(layer, 2 * beside, 1 << 30)) / (dx if vertical else dy)))
    layers: list[LayerGrid] = []
    for i, layer in enumerate(metals):
        vertical = layer.direction == "vertical"
        along = min([across[j] for j in (i - 1, i + 1) if 0 <= j < len(metals)] + ([1] if i == 0 else []))
        ends, beside = pads[i]
        step = along * (dy if vertical else dx)
        reach = ceil((2 * ends + required_spacing(layer, 2 * beside, 2 * beside)) / step) - 1
        layers.append(LayerGrid(layer.name, vertical, layer.width, across[i], along, ends, beside, reach))
    die = block.die
    nx = (die.x1 - max(layer.pad_across if layer.vertical else layer.pad_along for layer in layers) - x0) // dx + 1
    ny = (die.y1 - max(layer.pad_along if layer.vertical else layer.pad_across for layer in layers) - y0) // dy + 1
    if nx < 2 or ny < 2:
        raise ConfigError("the die is smaller than two routing tracks", got=f"{die.x1 - die.x0} x {die.y1 - die.y0} database units")
    conflicts = []
    for via in vias:
        cut = technology.layers[via.cut] if via is not None else _pin_cut(technology, kit.signal_layers[0])
        conflicts.append(_cut_conflicts(cut, dx, dy) if cut is not None else ())
    return Grid(x0, y0, dx, dy, nx, ny, tuple(layers), tuple(vias), tuple(conflicts))


def _pin_cut(technology: Technology, upper: str) -> Layer | None:
    """The cut layer below the lowest signal layer."""
    return next((technology.layers[via.cut] for via in technology.vias.values() if via.upper == upper), None)


def _cut_conflicts(cut: Layer, dx: int, dy: int) -> tuple[tuple[int, int], ...]:
    reach = ceil((cut.width + cut.spacing) / min(dx, dy))
    found = []
    for i in range(-reach, reach + 1):
        for j in range(-reach, reach + 1):
            gap = (max(0, abs(i) * dx - cut.width), max(0, abs(j) * dy - cut.width))
            if (i or j) and gap[0] ** 2 + gap[1] ** 2 < cut.spacing**2:
                found.append((i, j))
    return tuple(found)


def lattice(grid: Grid) -> Int32:
    """Owner of every node, (layers, ny, nx): FREE on the tracks of each layer, BLOCKED between them."""
    owner = np.full((len(grid.layers), grid.ny, grid.nx), BLOCKED, np.int32)
    for i, layer in enumerate(grid.layers):
        if layer.vertical:
            owner[i, :: layer.along, :: layer.across] = FREE
        else:
            owner[i, :: layer.across, :: layer.along] = FREE
    return owner


def block_rect(owner: Int32, grid: Grid, technology: Technology, rect: Rect, net: int) -> None:
    """Keep other nets away from a shape on a signal layer: its nodes become ``net``'s own (BLOCKED for ``net`` < 0 or two nets)."""
    i = grid.layer_index(rect.layer)
    if i is None:
        return
    layer = grid.layers[i]
    width, length = sorted((rect.x1 - rect.x0, rect.y1 - rect.y0))
    space = required_spacing(technology.layers[rect.layer], width, length)
    half = (layer.pad_across, layer.pad_along) if layer.vertical else (layer.pad_along, layer.pad_across)
    # one unit less: exactly the spacing is allowed
    wx, wy = space + half[0] - 1, space + half[1] - 1
    left, low, right, high = grid.window(rect.x0 - wx, rect.y0 - wy, rect.x1 + wx, rect.y1 + wy)
    part = owner[i, low:high, left:right]
    if net < 0:
        part[:] = BLOCKED
    else:
        part[:] = np.where((part == FREE) | (part == net), net, BLOCKED)


def block_cut(blocked: npt.NDArray[np.uint8], grid: Grid, technology: Technology, rect: Rect) -> None:
    """Forbid vias too close to a cut that is there already."""
    cut = technology.layers[rect.layer]
    for i, via in enumerate(grid.vias):
        if (via.cut if via is not None else getattr(_pin_cut(technology, grid.layers[0].name), "name", None)) != rect.layer:
            continue
        reach = cut.spacing + cut.width // 2 - 1
        left, low, right, high = grid.window(rect.x0 - reach, rect.y0 - reach, rect.x1 + reach, rect.y1 + reach)
        blocked[i, low:high, left:right] = 1


def net_shapes(technology: Technology, wires: Iterable[Any], vias: Iterable[Any]) -> Iterable[Rect]:
    """Metal and cuts of wires and vias, in block coordinates."""
    for wire in wires:
        yield wire.rect()
    for via in vias:
        for rect in technology.vias[via.name].rects:
            yield Rect(rect.layer, via.x + rect.x0, via.y + rect.y0, via.x + rect.x1, via.y + rect.y1)


def block_fixed(grid: Grid, block: Block, kit: Kit) -> tuple[Int32, npt.NDArray[np.uint8]]:
    """Owner of every node and nodes without vias, from power, obstructions, supply and unconnected pins on signal layers."""
    technology = kit.technology
    owner = lattice(grid)
    cuts = np.zeros(owner.shape, np.uint8)
    for net in block.nets.values():
        if net.use not in ("power", "ground"):
            continue
        for rect in net_shapes(technology, net.wires, net.vias):
            if technology.layers[rect.layer].kind == "cut":
                block_cut(cuts, grid, technology, rect)
            else:
                block_rect(owner, grid, technology, rect, BLOCKED)
    used = {(ref.instance, ref.pin) for net in block.nets.values() for ref in net.pins if net.use in ("signal", "clock")}
    signal = set(kit.signal_layers)
    for instance in block.instances.values():
        master = kit.masters[instance.master]
        for rect in master.obstructions:
            if rect.layer in signal:
                block_rect(owner, grid, technology, transform(rect, master, instance), BLOCKED)
        for pin in master.pins.values():
            if (instance.name, pin.name) not in used:
                for rect in pin.rects:
                    if rect.layer in signal:
                        block_rect(owner, grid, technology, transform(rect, master, instance), BLOCKED)
    return owner, cuts
