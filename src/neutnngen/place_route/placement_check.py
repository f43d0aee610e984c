"""Is a placement legal? Exact, independent of the engine that made it."""

from __future__ import annotations

from dataclasses import dataclass

from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block


@dataclass(frozen=True)
class Problem:
    """rule: "unplaced", "off row", "off site", "outside", "orientation" or "overlap"; place in micrometres."""

    rule: str
    instances: tuple[str, ...]
    x_um: float
    y_um: float


def check_placement(block: Block, kit: Kit) -> list[Problem]:
    """Every violation of the rules of standard-cell placement."""
    technology = kit.technology
    found: list[Problem] = []
    rows = {row.y: row for row in block.rows}
    by_row: dict[int, list[tuple[int, int, str]]] = {}
    for instance in block.instances.values():

        def report(rule: str, *names: str, x: int = instance.x, y: int = instance.y) -> None:
            found.append(Problem(rule, names, technology.to_um(x), technology.to_um(y)))

        if not instance.placed:
            report("unplaced", instance.name)
            continue
        row = rows.get(instance.y)
        if row is None:
            report("off row", instance.name)
            continue
        width = kit.masters[instance.master].width
        site = technology.sites[row.site].width
        if (instance.x - row.x) % site:
            report("off site", instance.name)
        if instance.x < row.x or instance.x + width > row.x + row.sites * site:
            report("outside", instance.name)
        if instance.orient not in (("N", "FN") if row.orient == "N" else ("FS", "S")):
            report("orientation", instance.name)
        by_row.setdefault(instance.y, []).append((instance.x, instance.x + width, instance.name))
    for y, spans in by_row.items():
        spans.sort()
        reach, owner = spans[0][1], spans[0][2]
        for x0, x1, name in spans[1:]:
            if x0 < reach:
                found.append(Problem("overlap", (owner, name), technology.to_um(x0), technology.to_um(y)))
            if x1 > reach:
                reach, owner = x1, name
    return found
