"""Power and ground of a chip: lines in the gaps between tiles, and the macros' straps led to them."""

from __future__ import annotations

from collections.abc import Mapping

from neutnngen.hierarchy.floorplan import ArrayPlan, Bands, Placement
from neutnngen.hierarchy.macro import HardMacro
from neutnngen.hierarchy.netlist import GLUE
from neutnngen.pdk.technology import Kit, Rect


def supply_lines(
    plan: ArrayPlan, bands: Bands, placements: list[Placement], macros: Mapping[str, HardMacro], kit: Kit
) -> tuple[tuple[tuple[str, Rect], ...], tuple[tuple[str, int, int], ...]]:
    """Metal by net, and vias between strap and power layer (net, x, y)."""
    layers, roles = plan.layers, kit.roles
    half = plan.power_width // 2
    metal: list[tuple[str, Rect]] = []
    vias: list[tuple[str, int, int]] = []
    glue = next(p for p in placements if p.instance == GLUE)
    width = macros[glue.module].width
    for gap in range(plan.columns + 1):
        for net, x in zip((roles.ground_net, roles.power_net), plan.power_lines(gap), strict=True):
            covered = glue.x <= x + half and x - half <= glue.x + width
            start = int(bands.bottom[1]) if covered else 0
            metal.append((net, Rect(layers.power.name, x - half, start, x + half, bands.die_height)))
    via = layers.power_via
    cut = layers.technology.layers[via.cut]
    pad = max(max(r.x1, r.y1) for r in via.rects)
    step = max(cut.width + cut.spacing, 2 * pad)
    for placed in placements:
        macro = macros[placed.module]
        gap = (placed.x - plan.gap) // plan.pitch
        lines = dict(zip((roles.ground_net, roles.power_net), plan.power_lines(gap), strict=True))
        for net, strap in macro.straps:
            y0, y1 = placed.y + strap.y0, placed.y + strap.y1
            x = lines[net]
            metal.append((net, Rect(layers.strap.name, x - half, y0, placed.x + strap.x0, y1)))
            count = max(1, (plan.power_width - 2 * pad) // step + 1)
            middle = (y0 + y1) // 2
            vias += [(net, x + (2 * k - (count - 1)) * step // 2, middle) for k in range(count)]
    return tuple(metal), tuple(vias)
