"""A free site between cells that touch where wires could not be laid: some pairs of cells leave no legal landing on both of their pins."""

from __future__ import annotations

from collections.abc import Sequence

from neutnngen.pdk.technology import Kit, Rect
from neutnngen.place_route.abutment import inside_room, with_room, without_room
from neutnngen.place_route.block import Block, Instance
from neutnngen.place_route.hard_blocks import hard_blocks


def make_room(block: Block, kit: Kit, places: Sequence[Rect]) -> tuple[Block, int]:
    """The placed block with one free site between every two cells of a row that touch each other at one of ``places``, and how many cells
    were moved for it.

    Cells beside make way, up to the nearest free site of the row to the right or else to the left; taps, fixed cells and hard blocks stay.
    Sites that a cell needs beside it (``room_beside``) are not free. Where no site is free nothing changes. Wires are left as they are:
    route again.
    """
    wide = with_room(kit)
    made = inside_room(block, kit)
    width = {name: master.width for name, master in wide.masters.items()}
    site = kit.technology.sites[kit.roles.core_site].width
    height = kit.technology.sites[kit.roles.core_site].height
    hard = {instance.name for instance in hard_blocks(made, kit)}
    rows: dict[int, list[Instance]] = {}
    for instance in made.instances.values():
        if instance.placed and instance.name not in hard:
            rows.setdefault(instance.y, []).append(instance)
    walls: dict[int, list[tuple[int, int]]] = {}
    for row in made.rows:
        walls.setdefault(row.y, []).append((row.x, row.x + row.sites * site))
    moved: set[str] = set()
    for y, cells in sorted(rows.items()):
        cells.sort(key=lambda cell: cell.x)
        here = [rect for rect in places if rect.y0 <= y + height and rect.y1 >= y]
        for k in range(len(cells) - 1) if here else ():
            left, right = cells[k], cells[k + 1]
            edge = left.x + width[left.master]
            near = width[left.master], width[right.master]
            if edge != right.x or not any(edge - near[0] <= rect.x1 and rect.x0 <= edge + near[1] for rect in here):
                continue
            pushed = _run(cells[k + 1 :], width, site, walls.get(y, ()), 1) or _run(cells[k::-1], width, site, walls.get(y, ()), -1)
            moved.update(cell.name for cell in pushed)
    return without_room(made, kit), len(moved)


def _run(cells: Sequence[Instance], width: dict[str, int], site: int, walls: Sequence[tuple[int, int]], way: int) -> list[Instance]:
    """Move the first of ``cells`` (one after another in direction ``way`` along a row) by a site, and all that it pushes; those cells, none
    if they cannot."""
    pushed: list[Instance] = []
    for number, cell in enumerate(cells):
        if cell.fixed or cell.kind == "tap":
            return []
        pushed.append(cell)
        low, high = cell.x, cell.x + width[cell.master]
        start, end = next(((a, b) for a, b in walls if a <= low and high <= b), (low, high))
        after = cells[number + 1] if number + 1 < len(cells) else None
        if way > 0:
            free = min(end, end if after is None else after.x) - high
        else:
            free = low - max(start, start if after is None else after.x + width[after.master])
        if free >= site:
            for one in pushed:
                one.x += way * site
            return pushed
        if after is None or not start <= after.x < end:
            return []
    return []
