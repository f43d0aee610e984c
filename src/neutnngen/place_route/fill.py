"""Cells without function: well taps before placement, fillers after it."""

from __future__ import annotations

from neutnngen.errors import ConfigError
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block, Instance
from neutnngen.place_route.floorplan import taps_in_row


def add_taps(block: Block, kit: Kit) -> Block:
    """Put fixed well taps into every row: at its left end and then at least once per tap interval, staggered from row to row."""
    made = block.copy()
    roles = kit.roles
    if roles.tap is None:
        return made
    width = kit.masters[roles.tap].width
    for i, row in enumerate(made.rows):
        site = kit.technology.sites[row.site].width
        length = row.sites * site
        if length < width:
            continue  # a piece of a row beside a hard block, too narrow for any cell
        count = taps_in_row(kit, length)
        pitch = length // count // site * site
        start = 0 if i % 2 == 0 else max(0, pitch // 2 // site * site)
        for k in range(count):
            x = row.x + min(start + k * pitch, length - width)
            name = f"tap_{i}_{k}"
            made.instances[name] = Instance(name, roles.tap, x, row.y, row.orient, placed=True, fixed=True, kind="tap")
    return made


def add_fillers(block: Block, kit: Kit) -> Block:
    """Fill every gap of every row with the widest fillers and decoupling capacitors that fit, so that rails and wells are continuous."""
    made = block.copy()
    fillers = sorted(((kit.masters[name].width, name) for name in (*kit.roles.fillers, *kit.roles.decaps)), reverse=True)
    number = 0
    spans: dict[int, list[tuple[int, int]]] = {}
    for instance in block.instances.values():
        spans.setdefault(instance.y, []).append((instance.x, instance.x + kit.masters[instance.master].width))
    for row in made.rows:
        site = kit.technology.sites[row.site].width
        at = row.x
        end = row.x + row.sites * site
        inside = (span for span in spans.get(row.y, ()) if span[1] > row.x and span[0] < end)
        for x0, x1 in [*sorted(inside), (end, 0)]:
            while at < x0:
                fitting = next(((w, n) for w, n in fillers if w <= x0 - at), None)
                if fitting is None:
                    raise ConfigError("a gap between cells is narrower than any filler", got=f"{x0 - at} at x = {at}, {row.name}")
                name = f"fill_{number}"
                number += 1
                made.instances[name] = Instance(name, fitting[1], at, row.y, row.orient, placed=True, fixed=True, kind="filler")
                at += fitting[0]
            at = max(at, x1)
    return made
