"""Hard blocks in a floorplan: given places, rows cut around them with a halo, and where cells may not be because of them.

A hard block is an instance whose master is of LEF class "block". It is placed by the user (or stays where it is fixed), never by the
placement engines.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from neutnngen.errors import ConfigError, nearest
from neutnngen.pdk.technology import Kit, Master, Rect
from neutnngen.place_route.block import Block, Instance, Orientation, Row


class BlockPlace(NamedTuple):
    """Lower left corner of a hard block in micrometres, and its orientation."""

    x_um: float
    y_um: float
    orient: Orientation = "N"


def is_hard(master: Master) -> bool:
    """Whether a master is a hard block."""
    return master.kind.split(maxsplit=1)[0] == "block" if master.kind else False


def hard_blocks(block: Block, kit: Kit) -> list[Instance]:
    """The block's hard blocks in the order of its instances."""
    hard = {name for name, master in kit.masters.items() if is_hard(master)}
    return [i for i in block.instances.values() if i.master in hard] if hard else []


def standard_cells(block: Block, kit: Kit) -> list[Instance]:
    """All other instances."""
    hard = {name for name, master in kit.masters.items() if is_hard(master)}
    return [i for i in block.instances.values() if i.master not in hard]


def outline(instance: Instance, kit: Kit, halo: int = 0) -> Rect:
    """The outline of an instance, grown by ``halo`` on every side."""
    master = kit.masters[instance.master]
    return Rect("", instance.x - halo, instance.y - halo, instance.x + master.width + halo, instance.y + master.height + halo)


def place_hard_blocks(block: Block, kit: Kit, places: Mapping[str, BlockPlace], *, halo_um: float = 1.0) -> Block:
    """Fix hard blocks at their places and cut the rows around them.

    places: by instance; hard blocks that are fixed already may be left out. Places snap to sites and row boundaries. halo_um: room
    without cells around every hard block.

    Raises
    ------
    ConfigError: an unknown instance, one that is no hard block or has no place, one that leaves the core, or two that overlap.
    """
    if halo_um < 0:
        raise ConfigError("the halo of hard blocks is out of range", got=halo_um, allowed="at least 0 um")
    made = block.copy()
    technology = kit.technology
    site = technology.sites[kit.roles.core_site]
    hard = {i.name: i for i in hard_blocks(made, kit)}
    for name, place in places.items():
        if name not in hard:
            close = nearest(name, hard)
            raise ConfigError("a place is given for what is no hard block", got=name, allowed=f"did you mean {close}?" if close else None)
        instance = hard[name]
        instance.x = made.core.x0 + round((technology.to_dbu(place.x_um) - made.core.x0) / site.width) * site.width
        instance.y = made.core.y0 + round((technology.to_dbu(place.y_um) - made.core.y0) / site.height) * site.height
        instance.orient, instance.placed, instance.fixed = place.orient, True, True
    for instance in hard.values():
        rect = outline(instance, kit)
        if not (instance.placed and instance.fixed):
            raise ConfigError("a hard block has no place", got=instance.name, next_step="give it one")
        core = made.core
        if rect.x0 < core.x0 or rect.y0 < core.y0 or rect.x1 > core.x1 or rect.y1 > core.y1:
            um = technology.to_um
            room = f"({um(core.x0):g}, {um(core.y0):g}) … ({um(core.x1):g}, {um(core.y1):g}) um"
            raise ConfigError(f"hard block {instance.name} leaves the core", got=f"at ({um(rect.x0):g}, {um(rect.y0):g}) um", allowed=room)
    rects = [(i.name, outline(i, kit)) for i in hard.values()]
    for k, (name, a) in enumerate(rects):
        for other, b in rects[:k]:
            if a.x0 < b.x1 and b.x0 < a.x1 and a.y0 < b.y1 and b.y0 < a.y1:
                raise ConfigError("two hard blocks overlap", got=f"{other} and {name}")
    halo = technology.to_dbu(halo_um)
    made.rows = cut_rows(made.rows, [outline(i, kit, halo) for i in hard.values()], kit)
    return made


def cut_rows(rows: list[Row], holes: list[Rect], kit: Kit) -> list[Row]:
    """Rows without what lies in the holes; pieces keep their row's sites, and get its name with a number."""
    made: list[Row] = []
    for row in rows:
        site = kit.technology.sites[row.site]
        spans = sorted((h.x0, h.x1) for h in holes if h.y0 < row.y + site.height and h.y1 > row.y)
        at, end = row.x, row.x + row.sites * site.width
        pieces = []
        for x0, x1 in [*spans, (end, end)]:
            until = row.x + max(0, min(x0, end) - row.x) // site.width * site.width
            if until > at:
                pieces.append((at, until))
            at = max(at, row.x - (row.x - x1) // site.width * site.width)
        if pieces == [(row.x, end)]:
            made.append(row)
        else:
            made += [Row(f"{row.name}_{k}", row.site, x0, row.y, row.orient, (x1 - x0) // site.width) for k, (x0, x1) in enumerate(pieces)]
    return made


def blocked_places(block: Block, kit: Kit) -> list[Rect]:
    """Rectangles of the core without rows: halos around hard blocks (their own outlines too), where cells have no room."""
    core = block.core
    by_y: dict[int, list[tuple[int, int]]] = {}
    height = 0
    for row in block.rows:
        site = kit.technology.sites[row.site]
        height = site.height
        by_y.setdefault(row.y, []).append((row.x, row.x + row.sites * site.width))
    found = []
    for y in range(core.y0, core.y1, height) if height else ():
        at = core.x0
        for x0, x1 in [*sorted(by_y.get(y, ())), (core.x1, core.x1)]:
            if x0 > at:
                found.append(Rect("", at, y, x0, min(y + height, core.y1)))
            at = max(at, x1)
    return found
