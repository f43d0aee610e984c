"""Cells that may not stand against others: free sites beside masters whose metal comes too close to their left or right edge.

Cells of a library keep half of the spacing free at their edges, so that any two may touch. A hard macro may not, and then needs sites of
its own beside it, which fillers take later. Placement sees it as so much wider.
"""

from __future__ import annotations

import dataclasses

from neutnngen.pdk.technology import Kit, Master, Rect
from neutnngen.place_route.block import Block


def room_beside(master: Master, kit: Kit) -> tuple[int, int]:
    """Room that others leave at the left and at the right of a cell in orientation N: whole sites, in database units; mostly (0, 0).

    Supply pins join those of the neighbours and do not count.
    """
    site = kit.technology.sites[kit.roles.core_site].width
    signal = [rect for pin in master.pins.values() if pin.use not in ("power", "ground") for rect in pin.rects]
    left = right = 0
    for rect in (*master.obstructions, *signal):
        layer = kit.technology.layers.get(rect.layer)
        if layer is not None and layer.kind == "routing":
            half = -(-layer.spacing // 2)
            left, right = max(left, half - rect.x0), max(right, half - (master.width - rect.x1))
    return -(-left // site) * site, -(-right // site) * site


def with_room(kit: Kit) -> Kit:
    """The kit for placement: cells of rows that need room are so much wider. The kit itself where none does."""
    wider = {}
    for master in kit.masters.values():
        if master.site == kit.roles.core_site and (beside := room_beside(master, kit)) != (0, 0):
            wider[master.name] = _widened(master, *beside)
    return dataclasses.replace(kit, masters={**kit.masters, **wider}) if wider else kit


def _widened(master: Master, left: int, right: int) -> Master:
    def moved(rects: tuple[Rect, ...]) -> tuple[Rect, ...]:
        return tuple(rect._replace(x0=rect.x0 + left, x1=rect.x1 + left) for rect in rects)

    pins = {name: dataclasses.replace(pin, rects=moved(pin.rects)) for name, pin in master.pins.items()}
    return dataclasses.replace(master, width=master.width + left + right, pins=pins, obstructions=moved(master.obstructions))


def without_room(block: Block, kit: Kit) -> Block:
    """A block that was placed with :func:`with_room` of the kit, for the kit itself: cells' metal stays where it is."""
    return _moved(block, kit, 1)


def inside_room(block: Block, kit: Kit) -> Block:
    """The other way: a block that was placed for the kit, for :func:`with_room` of it."""
    return _moved(block, kit, -1)


def _moved(block: Block, kit: Kit, way: int) -> Block:
    beside = {name: room_beside(kit.masters[name], kit) for name in {instance.master for instance in block.instances.values()}}
    made = block.copy()
    for instance in made.instances.values():
        if kit.masters[instance.master].site == kit.roles.core_site:
            instance.x += way * beside[instance.master][instance.orient in ("FN", "S")]
    return made
