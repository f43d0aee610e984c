"""Where the macros of a chip stand: tiles in rows and columns, each a column with its bank of repeaters below, and a row for the glue."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neutnngen.hierarchy.layers import ChipLayers
from neutnngen.hierarchy.macro import SLOT_MARGIN, HardMacro, slot_count
from neutnngen.hierarchy.netlist import GLUE, ChipNetlist
from neutnngen.hierarchy.repeaters import Tile

POWER_WIDTHS = 4
"""Width of the chip's supply lines in widths of the macros' top straps."""


@dataclass(frozen=True)
class ArrayPlan:
    """The shape of the array, before its rows have their heights. rows, columns: of tiles. width: of a tile, gap: between two, where the
    supply lines are. pitch: width + gap. tiles: (row, column) of every instance but the glue; row 0 is the glue's."""

    layers: ChipLayers
    rows: int
    columns: int
    width: int
    gap: int
    power_width: int
    tiles: Mapping[str, Tile]

    @property
    def pitch(self) -> int:
        return self.width + self.gap

    @property
    def die_width(self) -> int:
        return self.columns * self.pitch + self.gap

    def x_of(self, column: int) -> int:
        """Left edge of a column of tiles."""
        return self.gap + column * self.pitch

    def trunk_tracks(self, column: int) -> NDArray[np.int64]:
        """Places of the tracks for trunks and ports of a column of tiles: all that are no pin slots."""
        layers = self.layers
        first, last = self.x_of(column) + layers.slot, self.x_of(column) + self.width - layers.slot
        x = np.arange(first, last + 1, layers.v_pitch, dtype=np.int64)
        return np.asarray(x[(x - self.x_of(column)) % layers.slot != 0], dtype=np.int64)

    def power_lines(self, gap: int) -> tuple[int, int]:
        """Middles of the ground and the power line in the gap left of a column of tiles (``columns``: the last gap)."""
        x = gap * self.pitch
        third = (self.gap - 2 * self.power_width) // 3
        return x + third + self.power_width // 2, x + self.gap - third - self.power_width // 2


@dataclass(frozen=True)
class Placement:
    """A macro on the chip. x, y: lower left corner."""

    instance: str
    module: str
    x: int
    y: int
    tile: Tile


def plan_array(netlist: ChipNetlist, macros: Mapping[str, HardMacro], layers: ChipLayers, power_strap: int, *, wider: int = 0) -> ArrayPlan:
    """A nearly square array for the columns, in the order of the network. macros: by module name, of the columns. power_strap: width of the
    macros' top straps. wider: tracks to add to every tile for trunks."""
    instances = [name for name in netlist.macros if name != GLUE]
    modules = {netlist.macros[name] for name in instances}
    widest, highest = max(macros[m].width for m in modules), max(macros[m].height for m in modules)
    slot = layers.slot
    width = -(-widest // slot) * slot + -(-wider * layers.v_pitch // slot) * slot
    columns = max(1, round(math.sqrt(len(instances) * highest / width)))
    side = math.isqrt(len(instances))
    if side * side == len(instances):
        columns = side  # as the windows of an image lie
    power_width = POWER_WIDTHS * power_strap
    space = max([layers.power.spacing, *(s for _, row in layers.power.spacing_table for _, s in row)])
    gap = -(-(2 * power_width + 3 * space) // slot) * slot
    tiles = {name: (1 + k // columns, k % columns) for k, name in enumerate(instances)}
    rows = 1 + -(-len(instances) // columns)
    return ArrayPlan(layers, rows, columns, width, gap, power_width, tiles)


def free_slots(macros: Mapping[str, HardMacro], layers: ChipLayers) -> tuple[int, ...]:
    """Pin slots that no column uses, for the banks below them."""
    count = min(slot_count(macro.width, layers) for macro in macros.values())
    used = {pin.x // layers.slot - SLOT_MARGIN for macro in macros.values() for pin in macro.pins.values()}
    return tuple(k for k in range(count) if k not in used)


def glue_slots(plan: ArrayPlan, pins: int) -> tuple[int, tuple[int, ...]]:
    """Column of tiles where the glue begins, and the slots of its lower edge for ``pins`` pins, none of them in a gap between tiles."""
    slot, per_tile = plan.layers.slot, plan.width // plan.layers.slot - 2 * SLOT_MARGIN
    tiles = min(plan.columns, -(-pins // per_tile))
    begin = (plan.columns - tiles) // 2
    slots: list[int] = []
    for k in range(plan.columns * plan.pitch // slot):
        within = ((k + SLOT_MARGIN) * slot) % plan.pitch
        if slot <= within <= plan.width - slot:
            slots.append(k)
        if len(slots) == pins:
            break
    return begin, tuple(slots)


@dataclass(frozen=True)
class Bands:
    """Heights of the rows of tiles, database units. bottom, top: of each. macro_y: of its columns or the glue; bank_y: of its banks."""

    bottom: NDArray[np.int64]
    top: NDArray[np.int64]
    macro_y: NDArray[np.int64]
    bank_y: NDArray[np.int64]

    @property
    def die_height(self) -> int:
        return int(self.top[-1])

    def tracks(self, row: int, layers: ChipLayers) -> NDArray[np.int64]:
        """Places of a row's horizontal tracks."""
        y = np.arange(self.bottom[row] + layers.h_pitch, self.top[row] - layers.h_pitch // 2, layers.h_pitch, dtype=np.int64)
        risers = np.concatenate([self.macro_y, self.bank_y])[:, None] - layers.rise
        return np.asarray(y[(np.abs(y - risers) >= layers.beside_risers).all(axis=0)])


def make_bands(plan: ArrayPlan, tile_height: int, bank_height: int, glue_height: int, needed: NDArray[np.int64]) -> Bands:
    """Heights of the rows: what stands in them, or the horizontal tracks that they need if that is more. needed: tracks by row."""
    layers = plan.layers
    zone = 2 * layers.rise + layers.h_pitch  # below a macro, for the stacks of its pins
    inner = np.full(plan.rows, bank_height + 2 * zone + tile_height)
    inner[0] = glue_height + zone
    lost = (
        2 * (2 * layers.beside_risers // layers.h_pitch + 1) if layers.beside_risers else 0
    )  # tracks at the risers of a column and its bank
    heights = np.maximum(inner, (needed + 3 + lost) * layers.h_pitch)
    heights = -(-heights // layers.h_pitch) * layers.h_pitch
    bottom = np.concatenate([[0], np.cumsum(heights)[:-1]])
    bank_y = bottom + zone
    macro_y = bank_y + bank_height + zone
    macro_y[0] = zone
    return Bands(bottom, bottom + heights, macro_y, bank_y)
