"""The floorplan: die, core and rows from the area of the cells (all lengths in database units)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from neutnngen.errors import ConfigError
from neutnngen.pdk.technology import Kit, Rect
from neutnngen.place_route.block import Block, Row

CLOCK_AND_BUFFERS = 1.08
"""Area that buffers, clock tree and taps add to the synthesised cells; measured 4–7 % on columns."""

MIN_ROWS = 4
PORT_TRACKS = 4
"""Tracks of the die's edge that the floorplan reserves for every port."""


@dataclass(frozen=True)
class FloorplanReport:
    """utilisation: logic area over core area. minimum: whether the legal minimum, not the utilisation, decided the size."""

    core_width_um: float
    core_height_um: float
    rows: int
    utilisation: float
    minimum: bool


def cell_area(block: Block, kit: Kit) -> int:
    """Area of all instances in square database units."""
    return sum(kit.masters[i.master].width * kit.masters[i.master].height for i in block.instances.values())


def make_floorplan(
    block: Block, kit: Kit, *, utilisation: float = 0.65, aspect: float = 1.0, margin_um: float = 2.8
) -> tuple[Block, FloorplanReport]:
    """Give the block a die, a core and rows.

    utilisation: share of the core that cells will fill. aspect: height over width. margin_um: from core to die edge. A block that is too
    small for two straps of each polarity, its ports or its widest cell gets the smallest legal core, and the report says so.
    The core's corner lies on whole rows and on even sites, so that routing tracks keep their place in every cell.
    """
    if not 0.1 <= utilisation <= 0.95:
        raise ConfigError("layout.utilisation is out of range", got=utilisation, allowed="0.1 … 0.95")
    if not 0.25 <= aspect <= 4:
        raise ConfigError("layout.aspect is out of range", got=aspect, allowed="0.25 … 4")
    if not block.instances:
        raise ConfigError("the netlist has no cells, so there is nothing to place", got=block.name)
    technology = kit.technology
    site = technology.sites[kit.roles.core_site]
    area = cell_area(block, kit) * CLOCK_AND_BUFFERS / utilisation
    wanted_width = math.sqrt(area / aspect)

    edge_layers = [technology.layers[name] for name in kit.pin_layers]
    port_run = math.ceil(len(block.ports) / 4) * PORT_TRACKS * max(layer.pitch for layer in edge_layers)
    widest = max(kit.masters[i.master].width for i in block.instances.values())
    strap_run = max((4 * width for _, width, _ in kit.straps.straps), default=0)
    least_width = max(2 * widest, port_run, 4 * strap_run)
    least_height = max(MIN_ROWS * site.height, port_run, 4 * strap_run)

    sites = 2 * math.ceil(max(wanted_width, least_width) / (2 * site.width))
    rows = max(math.ceil(area / (sites * site.width) / site.height), math.ceil(least_height / site.height))
    minimum = wanted_width < least_width or area / (sites * site.width) < least_height

    margin = max(technology.to_dbu(margin_um), site.height)
    x0 = 2 * site.width * math.ceil(margin / (2 * site.width))
    y0 = site.height * math.ceil(margin / site.height)
    width, height = sites * site.width, rows * site.height
    made = block.copy()
    made.core = Rect("", x0, y0, x0 + width, y0 + height)
    made.die = Rect("", 0, 0, 2 * x0 + width, 2 * y0 + height)
    made.rows = [Row(f"row_{i}", site.name, x0, y0 + i * site.height, "N" if i % 2 == 0 else "FS", sites) for i in range(rows)]
    report = FloorplanReport(technology.to_um(width), technology.to_um(height), rows, cell_area(block, kit) / (width * height), minimum)
    return made, report
