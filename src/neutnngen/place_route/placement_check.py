"""Is a placement legal? Exact, independent of the engine that made it."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block, Row
from neutnngen.place_route.hard_blocks import hard_blocks, outline


@dataclass(frozen=True)
class Problem:
    """rule: "unplaced", "off row", "off site", "outside", "orientation", "overlap" or "on hard block"; place in micrometres."""

    rule: str
    instances: tuple[str, ...]
    x_um: float
    y_um: float


def check_placement(block: Block, kit: Kit) -> list[Problem]:
    """Every violation of the rules of standard-cell placement."""
    technology = kit.technology
    found: list[Problem] = []
    rows: dict[int, list[Row]] = {}
    for row in sorted(block.rows, key=lambda r: (r.y, r.x)):
        rows.setdefault(row.y, []).append(row)
    starts = {y: [row.x for row in pieces] for y, pieces in rows.items()}
    hard = [(i.name, outline(i, kit)) for i in hard_blocks(block, kit) if i.placed]
    hard_masters = {block.instances[name].master for name, _ in hard}
    by_row: dict[int, list[tuple[int, int, str]]] = {}

    def report(rule: str, x: int, y: int, *names: str) -> None:
        found.append(Problem(rule, names, technology.to_um(x), technology.to_um(y)))

    for instance in block.instances.values():
        name, x, y = instance.name, instance.x, instance.y
        master = kit.masters[instance.master]
        if not instance.placed:
            report("unplaced", x, y, name)
            continue
        if hard and instance.master not in hard_masters:
            for other, rect in hard:
                if x < rect.x1 and x + master.width > rect.x0 and y < rect.y1 and y + master.height > rect.y0:
                    report("on hard block", x, y, name, other)
        if instance.master in hard_masters:
            core = block.core
            if x < core.x0 or y < core.y0 or x + master.width > core.x1 or y + master.height > core.y1:
                report("outside", x, y, name)
            for other, rect in hard[: next(k for k, (n, _) in enumerate(hard) if n == name)]:
                if x < rect.x1 and x + master.width > rect.x0 and y < rect.y1 and y + master.height > rect.y0:
                    report("overlap", x, y, other, name)
            continue
        if y not in rows:
            report("off row", x, y, name)
            continue
        row = rows[y][max(0, bisect_right(starts[y], x) - 1)]  # the piece of the row that the cell is on
        site = technology.sites[row.site].width
        if (x - row.x) % site:
            report("off site", x, y, name)
        if x < row.x or x + master.width > row.x + row.sites * site:
            report("outside", x, y, name)
        if instance.orient not in (("N", "FN") if row.orient == "N" else ("FS", "S")):
            report("orientation", x, y, name)
        by_row.setdefault(y, []).append((x, x + master.width, name))
    for y, spans in by_row.items():
        spans.sort()
        reach, owner = spans[0][1], spans[0][2]
        for x0, x1, name in spans[1:]:
            if x0 < reach:
                report("overlap", x0, y, owner, name)
            if x1 > reach:
                reach, owner = x1, name
    return found
