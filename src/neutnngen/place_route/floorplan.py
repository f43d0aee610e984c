"""The floorplan: die, core and rows from the area of the cells (all lengths in database units)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from neutnngen.errors import ConfigError
from neutnngen.pdk.technology import Kit, Rect
from neutnngen.place_route.block import Block, Row
from neutnngen.place_route.hard_blocks import BlockPlace, hard_blocks, outline, place_hard_blocks, standard_cells
from neutnngen.place_route.pin_placement import Side
from neutnngen.place_route.power_grid import ring_margin

CLOCK_AND_BUFFERS = 1.08
"""Area that buffers, clock tree and taps add to the synthesised cells; measured 4–7 % on columns."""

MIN_ROWS = 4
PORT_TRACKS = 4
"""Tracks of the die's edge that the floorplan reserves for every port."""


@dataclass(frozen=True)
class FloorplanReport:
    """utilisation: logic area over core area. minimum: whether the legal minimum, not the utilisation, decided the size; limits: what
    the minimum came from, of "rows", "widest cell", "straps", "hard blocks", "ports left/right" and "ports bottom/top"."""

    core_width_um: float
    core_height_um: float
    rows: int
    utilisation: float
    minimum: bool
    limits: tuple[str, ...] = ()


def cell_area(block: Block, kit: Kit) -> int:
    """Area of all instances in square database units."""
    return sum(kit.masters[i.master].width * kit.masters[i.master].height for i in block.instances.values())


def taps_in_row(kit: Kit, length: int) -> int:
    """Well taps that a row of this length gets: at least one in every tap interval."""
    return -(-length // kit.roles.tap_interval) if kit.roles.tap is not None else 0


def _least_core(block: Block, kit: Kit, sides: Mapping[str, Side]) -> tuple[dict[str, int], dict[str, int]]:
    """Least width and least height of the core, by what asks for it."""
    technology = kit.technology
    counts = Counter(sides.values())
    free = math.ceil((len(block.ports) - len(sides)) / 4)
    vertical_edge, horizontal_edge = (PORT_TRACKS * technology.layers[name].pitch for name in kit.pin_layers)
    width = {
        "widest cell": 2 * max((kit.masters[i.master].width for i in standard_cells(block, kit)), default=0),
        "ports bottom/top": (max(counts["bottom"], counts["top"]) + free) * horizontal_edge,
    }
    height = {
        "rows": MIN_ROWS * technology.sites[kit.roles.core_site].height,
        "ports left/right": (max(counts["left"], counts["right"]) + free) * vertical_edge,
    }
    for name, wide, _ in kit.straps.straps:
        layer = technology.layers[name]
        # one strap of each polarity, and between them at least as much room for wires as they take
        needed = 4 * (wide + max([layer.spacing, *(space for _, columns in layer.spacing_table for _, space in columns)]))
        least = width if layer.direction == "vertical" else height
        least["straps"] = max(least.get("straps", 0), needed)
    return width, height


def make_floorplan(
    block: Block,
    kit: Kit,
    *,
    utilisation: float = 0.65,
    aspect: float = 1.0,
    margin_um: float | None = None,
    sides: Mapping[str, Side] | None = None,
    blocks: Mapping[str, BlockPlace] | None = None,
    halo_um: float = 1.0,
    core_ring: bool = False,
) -> tuple[Block, FloorplanReport]:
    """Give the block a die, a core and rows.

    utilisation: share of the core that cells will fill. aspect: height over width. margin_um: from core to die edge (default: two rows).
    sides: sides of ports that :func:`place_ports` will be given. blocks: places of hard blocks, which the core is made to hold, and
    halo_um: room without cells around them, see :func:`place_hard_blocks`. core_ring: leaves room for rings around the core, see
    :func:`add_power_grid`. A block that is too small for a strap of each polarity, its ports or its widest cell gets the smallest legal
    core, and the report says so. The core's corner lies on even rows and sites, so that routing tracks keep their place in every cell.

    Raises
    ------
    ConfigError: a value out of range, or no cells.
    """
    if not 0.1 <= utilisation <= 0.95:
        raise ConfigError("layout.utilisation is out of range", got=utilisation, allowed="0.1 … 0.95")
    if not 0.25 <= aspect <= 4:
        raise ConfigError("layout.aspect is out of range", got=aspect, allowed="0.25 … 4")
    if not block.instances:
        raise ConfigError("the netlist has no cells, so there is nothing to place", got=block.name)
    if margin_um is not None and not 0 <= margin_um <= 1000:
        raise ConfigError("the margin between core and die edge is out of range", got=margin_um, allowed="0 … 1000 um")
    technology = kit.technology
    site = technology.sites[kit.roles.core_site]
    standard = sum(kit.masters[i.master].width * kit.masters[i.master].height for i in standard_cells(block, kit))
    halo = technology.to_dbu(halo_um)
    hard = [outline(instance, kit, halo) for instance in hard_blocks(block, kit)]
    area = standard * CLOCK_AND_BUFFERS / utilisation + sum((r.x1 - r.x0) * (r.y1 - r.y0) for r in hard)
    wanted_width = math.sqrt(area / aspect)

    margin = 2 * site.height if margin_um is None else max(technology.to_dbu(margin_um), site.height)
    margin = max(margin, ring_margin(kit) if core_ring else 0)
    x0 = 2 * site.width * math.ceil(margin / (2 * site.width))
    # tracks repeat in every pair of rows where a row is a whole number of half tracks
    y0 = 2 * site.height * math.ceil(margin / (2 * site.height))
    least_width, least_height = _least_core(block, kit, sides or {})
    for name, place in (blocks or {}).items():
        if name in block.instances:
            master = kit.masters[block.instances[name].master]
            right, top = technology.to_dbu(place.x_um) + master.width - x0, technology.to_dbu(place.y_um) + master.height - y0
            least_width["hard blocks"] = max(least_width.get("hard blocks", 0), right + site.width)
            least_height["hard blocks"] = max(least_height.get("hard blocks", 0), top + site.height)
    across, up = max(least_width.values()), max(least_height.values())
    sites = 2 * math.ceil(max(wanted_width, across) / (2 * site.width))
    free = sites * site.width - taps_in_row(kit, sites * site.width) * (kit.masters[kit.roles.tap].width if kit.roles.tap else 0)
    rows = math.ceil(max(area / free, up) / site.height)
    limits = [name for name, length in least_width.items() if length == across > wanted_width]
    limits += [name for name, length in least_height.items() if length == up > area / free]

    width, height = sites * site.width, rows * site.height
    made = block.copy()
    made.core = Rect("", x0, y0, x0 + width, y0 + height)
    made.die = Rect("", 0, 0, 2 * x0 + width, 2 * y0 + height)
    made.rows = [Row(f"row_{i}", site.name, x0, y0 + i * site.height, "N" if i % 2 == 0 else "FS", sites) for i in range(rows)]
    if hard or blocks:
        made = place_hard_blocks(made, kit, blocks or {}, halo_um=halo_um)
    used = cell_area(block, kit) / (width * height)
    report = FloorplanReport(technology.to_um(width), technology.to_um(height), rows, used, bool(limits), tuple(dict.fromkeys(limits)))
    return made, report
