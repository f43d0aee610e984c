"""The routing lattice: the tracks of each signal layer, the stops on them where vias may stand, and what is blocked.

A layer has ``tracks`` (places across its direction) and ``stops`` (places along it: the tracks of the layers above and below). A node is
a stop on a track: ``base + track * len(stops) + stop``; nodes between tracks do not exist. Tracks need not be evenly spaced. Everything is
derived from the technology's rules and the places of the block's rows.
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

ALIGN_LOSS = 0.3
"""Share of its tracks that a layer may lose to lie on those of the layer two below: fewer stops and straight stacks are worth it."""


@dataclass(frozen=True)
class LayerGrid:
    """One signal layer. ``pad_*``: half sizes of the widest metal at a node. ``gap``: least distance of line ends of different nets.

    near_low, near_high: for each stop, the first and last stop that a line end there keeps other nets from.
    least: shortest wire that has the layer's minimum area, end to end; 0 where there is none. base: number of the first node.
    """

    name: str
    vertical: bool
    width: int
    tracks: Int32
    stops: Int32
    base: int
    pad_along: int
    pad_across: int
    gap: int
    near_low: Int32
    near_high: Int32
    least: int

    @property
    def size(self) -> int:
        return len(self.tracks) * len(self.stops)

    def node(self, track: int, stop: int) -> int:
        return self.base + track * len(self.stops) + stop


@dataclass(frozen=True)
class Grid:
    """``vias[i]`` joins ``layers[i - 1]`` and ``layers[i]``; ``vias[0]`` is unused, pins choose their own.

    ``cuts[i]``: (size, spacing) of the cut layer below ``layers[i]``; (0, 0) where there is none.
    """

    layers: tuple[LayerGrid, ...]
    vias: tuple[ViaDef | None, ...]
    cuts: tuple[tuple[int, int], ...]

    @property
    def size(self) -> int:
        return self.layers[-1].base + self.layers[-1].size

    def layer_of(self, node: int) -> int:
        return next(i for i, layer in enumerate(self.layers) if node < layer.base + layer.size)

    def place(self, node: int) -> tuple[int, int, int]:
        """(layer index, x, y) with x and y in database units."""
        index = self.layer_of(int(node))
        layer = self.layers[index]
        track, stop = divmod(int(node) - layer.base, len(layer.stops))
        across, along = int(layer.tracks[track]), int(layer.stops[stop])
        return (index, across, along) if layer.vertical else (index, along, across)

    def layer_index(self, name: str) -> int | None:
        """Index of a signal layer, None for other layers."""
        return next((i for i, layer in enumerate(self.layers) if layer.name == name), None)


def window(layer: LayerGrid, x0: int, y0: int, x1: int, y1: int) -> tuple[int, int, int, int]:
    """(first track, one past the last, first stop, one past the last) of a layer in a closed rectangle."""
    across, along = ((x0, x1), (y0, y1)) if layer.vertical else ((y0, y1), (x0, x1))
    return (
        int(np.searchsorted(layer.tracks, across[0])),
        int(np.searchsorted(layer.tracks, across[1], "right")),
        int(np.searchsorted(layer.stops, along[0])),
        int(np.searchsorted(layer.stops, along[1], "right")),
    )


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


def via_pad(via: ViaDef, layer: str) -> tuple[int, int]:
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
            layer, (x, y) = technology.layers[name], via_pad(via, name)
            beside += max(0, (x if layer.direction == "vertical" else y) - layer.width // 2)
            area += 4 * x * y
        return beside, area, via.name

    return min(found, key=rank)


def build_grid(block: Block, kit: Kit) -> Grid:
    """Tracks, stops and vias for a block.

    Raises
    ------
    ConfigError: fewer than two signal layers, no via between neighbours, or a die without room for two tracks of a layer.
    """
    technology = kit.technology
    metals = [technology.layers[name] for name in kit.signal_layers]
    vias: list[ViaDef | None] = [None]
    vias += [best_via(technology, a, b) for a, b in zip(kit.signal_layers, kit.signal_layers[1:], strict=False)]
    pads = [_pads(metals, vias, i) for i in range(len(metals))]
    tracks: list[Int32] = []
    for i, layer in enumerate(metals):
        beside = pads[i][1]
        step = 2 * beside + required_spacing(layer, 2 * beside, 1 << 30)
        tracks.append(_tracks(layer, step, beside, tracks[i - 2] if i > 1 else None, block, kit))
    layers: list[LayerGrid] = []
    base = 0
    for i, layer in enumerate(metals):
        others = [tracks[j] for j in (i - 1, i + 1) if 0 <= j < len(metals)]
        if i == 0:
            others.append(_pin_columns(layer, block, kit))
        low, high = (block.die.y0, block.die.y1) if layer.direction == "vertical" else (block.die.x0, block.die.x1)
        ends, beside = pads[i]
        stops = np.unique(np.concatenate(others))
        stops = stops[(stops >= low + ends) & (stops <= high - ends)].astype(np.int32)
        gap = max(required_spacing(layer, 2 * beside, 2 * beside), layer.end_to_end)
        # the nearest stop at which another line may end: exactly the spacing is allowed
        near_low = np.searchsorted(stops, stops - (2 * ends + gap) + 1).astype(np.int32)
        near_high = (np.searchsorted(stops, stops + (2 * ends + gap)) - 1).astype(np.int32)
        fine = technology.manufacturing_grid
        least = -(-layer.min_area // (layer.width * fine)) * fine
        made = LayerGrid(
            layer.name, layer.direction == "vertical", layer.width, tracks[i], stops, base, ends, beside, gap, near_low, near_high, least
        )
        if len(tracks[i]) < 2 or len(stops) < 2:
            size = f"{block.die.x1 - block.die.x0} x {block.die.y1 - block.die.y0} database units"
            raise ConfigError("the die is smaller than two routing tracks", got=f"{size}, {layer.name}")
        layers.append(made)
        base += made.size
    cuts = []
    for i in range(len(metals)):
        via = vias[i]
        cut = technology.layers[via.cut] if via is not None else pin_cut(technology, kit.signal_layers[0])
        cuts.append((0, 0) if cut is None else (_cut_size(technology, cut.name), cut.spacing))
    return Grid(tuple(layers), tuple(vias), tuple(cuts))


def _pads(metals: list[Layer], vias: list[ViaDef | None], i: int) -> tuple[int, int]:
    """Half sizes along and across of the widest metal at nodes of layer ``i``."""
    layer = metals[i]
    near = [via for via in (vias[i], vias[i + 1] if i + 1 < len(vias) else None) if via is not None]
    sizes = [via_pad(via, layer.name) for via in near]
    vertical, half = layer.direction == "vertical", layer.width // 2
    return max([half, *(s[vertical] for s in sizes)]), max([half, *(s[not vertical] for s in sizes)])


def _tracks(layer: Layer, step: int, beside: int, below: Int32 | None, block: Block, kit: Kit) -> Int32:
    """Track positions: those of the layer two below where that costs few of them, its own otherwise and on layers with ports."""
    vertical, die = layer.direction == "vertical", block.die
    low, high = (die.x0 + beside, die.x1 - beside) if vertical else (die.y0 + beside, die.y1 - beside)
    row = kit.technology.sites[kit.roles.core_site].height
    if layer.edge_pitch and not vertical:
        # tracks repeat with the rows of cells: a wider step on both sides of every rail
        inside = np.arange(layer.edge_pitch, row - layer.edge_pitch + 1, layer.pitch)
        first = (block.core.y0 - low) // row + 1
        own = np.unique((block.core.y0 + np.arange(-first, (high - block.core.y0) // row + 1)[:, None] * row + inside[None, :]).reshape(-1))
    else:
        pitch = layer.pitch * max(1, ceil(step / layer.pitch))
        own = np.arange(layer.offset, high + 1, pitch)
    own = own[(own >= low) & (own <= high)]
    # ports lie on their layers' own tracks
    if below is not None and layer.name not in kit.pin_layers:
        aligned = _thin(below[(below >= low) & (below <= high)], step)
        if len(aligned) >= (1 - ALIGN_LOSS) * len(own):
            return aligned
    return own.astype(np.int32)


def _thin(places: Int32, step: int) -> Int32:
    """As many of the places, from the first one on, as keep ``step`` between each other."""
    kept, last = [], -(1 << 40)
    for place in places.tolist():
        if place >= last + step:
            kept.append(place)
            last = place
    return np.array(kept, np.int32)


def _pin_columns(layer: Layer, block: Block, kit: Kit) -> Int32:
    """Stops of the lowest signal layer in the middle between sites, where cells of finer pitch than the tracks have their pins."""
    site = kit.technology.sites[kit.roles.core_site]
    if layer.direction == "vertical" or any(layer.pitch >= site.width for layer in kit.technology.routing_layers[:2]):
        return np.empty(0, np.int32)
    return np.arange(block.core.x0 % site.width + site.width // 2, block.die.x1, site.width).astype(np.int32)


def pin_cut(technology: Technology, upper: str) -> Layer | None:
    """The cut layer below the lowest signal layer."""
    return next((technology.layers[via.cut] for via in technology.vias.values() if via.upper == upper), None)


def _cut_size(technology: Technology, cut: str) -> int:
    """The longer side of the cuts that fixed vias have on this layer."""
    return max(max(r.x1 - r.x0, r.y1 - r.y0) for via in technology.vias.values() for r in via.rects if r.layer == cut)


def block_rect(owner: Int32, grid: Grid, technology: Technology, rect: Rect, net: int, *, corners: bool = True) -> None:
    """Keep other nets away from a shape on a signal layer: its nodes become ``net``'s own (BLOCKED for ``net`` < 0 or two nets).

    corners: of a shape of no net, keep ends of wires from its corners as well. Not needed for cells' metal that lies as a wire on a track
    would: :mod:`route_ends` sees to its ends, and the tracks beside it stay open (a pin between two such shapes could not be entered).
    """
    i = grid.layer_index(rect.layer)
    if i is None:
        return
    layer, metal = grid.layers[i], technology.layers[rect.layer]
    width, length = sorted((rect.x1 - rect.x0, rect.y1 - rect.y0))
    space = required_spacing(metal, width, length)
    # one unit less: exactly the spacing is allowed; the corner of a line's end on a further track may face that of a fixed shape
    beside = max(space, metal.corner_spacing if net < 0 and (corners or not _as_wire(layer, rect)) else 0)
    across, along = beside + layer.pad_across - 1, max(space, layer.gap) + layer.pad_along - 1
    wx, wy = (across, along) if layer.vertical else (along, across)
    t0, t1, k0, k1 = window(layer, rect.x0 - wx, rect.y0 - wy, rect.x1 + wx, rect.y1 + wy)
    part = owner[layer.base : layer.base + layer.size].reshape(len(layer.tracks), len(layer.stops))[t0:t1, k0:k1]
    part[:] = BLOCKED if net < 0 else np.where((part == FREE) | (part == net), net, BLOCKED)


def _as_wire(layer: LayerGrid, rect: Rect) -> bool:
    """Whether a shape covers what a wire on one of the tracks would."""
    low, high = (rect.x0, rect.x1) if layer.vertical else (rect.y0, rect.y1)
    track = int(np.searchsorted(layer.tracks, (low + high) // 2))
    return high - low == layer.width and track < len(layer.tracks) and low + high == 2 * int(layer.tracks[track])


def block_cut(blocked: npt.NDArray[np.uint8], grid: Grid, technology: Technology, rect: Rect) -> None:
    """Forbid vias too close to a cut that is there already."""
    for i, via in enumerate(grid.vias):
        cut = technology.layers[via.cut] if via is not None else pin_cut(technology, grid.layers[0].name)
        if cut is None or cut.name != rect.layer:
            continue
        layer, reach = grid.layers[i], grid.cuts[i][1] + grid.cuts[i][0] // 2 - 1
        t0, t1, k0, k1 = window(layer, rect.x0 - reach, rect.y0 - reach, rect.x1 + reach, rect.y1 + reach)
        blocked[layer.base : layer.base + layer.size].reshape(len(layer.tracks), len(layer.stops))[t0:t1, k0:k1] = 1


def net_shapes(technology: Technology, wires: Iterable[Any], vias: Iterable[Any]) -> Iterable[Rect]:
    """Metal and cuts of wires and vias, in block coordinates."""
    for wire in wires:
        yield wire.rect()
    for via in vias:
        for rect in technology.vias[via.name].rects:
            yield Rect(rect.layer, via.x + rect.x0, via.y + rect.y0, via.x + rect.x1, via.y + rect.y1)


def block_fixed(grid: Grid, block: Block, kit: Kit) -> tuple[Int32, npt.NDArray[np.uint8]]:
    """Owner of every node and nodes without a via below, from power, obstructions, supply and unconnected pins on signal layers."""
    technology = kit.technology
    owner = np.full(grid.size, FREE, np.int32)
    cuts = np.zeros(grid.size, np.uint8)
    for net in block.nets.values():
        if net.use not in ("power", "ground"):
            continue
        for rect in net_shapes(technology, net.wires, net.vias):
            if technology.layers[rect.layer].kind == "cut":
                block_cut(cuts, grid, technology, rect)
            else:
                block_rect(owner, grid, technology, rect, BLOCKED)
    used = {(ref.instance, ref.pin) for net in block.nets.values() for ref in net.pins if net.use in ("signal", "clock")}
    cut_below = pin_cut(technology, kit.signal_layers[0])
    signal = {*kit.signal_layers, *([cut_below.name] if cut_below else [])}
    fixed: dict[str, list[tuple[str | None, Rect]]] = {}  # by master: (pin, shape) on layers that matter
    for instance in block.instances.values():
        master = kit.masters[instance.master]
        if instance.master not in fixed:
            shapes: list[tuple[str | None, Rect]] = [(None, rect) for rect in master.obstructions if rect.layer in signal]
            shapes += [(pin.name, rect) for pin in master.pins.values() for rect in pin.rects if rect.layer in signal]
            fixed[instance.master] = shapes
        for pin, rect in fixed[instance.master]:
            here = transform(rect, master, instance)
            if technology.layers[rect.layer].kind == "cut":
                block_cut(cuts, grid, technology, here)
            elif pin is None or (instance.name, pin) not in used:
                block_rect(owner, grid, technology, here, BLOCKED, corners=False)
    return owner, cuts
