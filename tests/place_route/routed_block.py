"""Small blocks made by code: real cells in rows, nets between near pins, ports and the kit's power grid."""

from __future__ import annotations

import random
from math import sqrt

from neutnngen.pdk.technology import Kit, Rect
from neutnngen.place_route.block import Block, Instance, Net, PinRef, Port, Row
from neutnngen.place_route.fill import add_fillers
from neutnngen.place_route.power_grid import add_power_grid
from neutnngen.place_route.router import route

CELLS = ("INV_X1", "NAND2_X1", "NAND2_X1", "NOR2_X1", "AOI21_X1", "OAI21_X1", "XOR2_X1", "DFF_X1", "FA_X1", "MUX2_X1", "NAND4_X1")


def placed_block(kit: Kit, cells: int, seed: int = 0, utilisation: float = 0.65) -> Block:
    chance = random.Random(seed)
    site, row_height = 380, 2800
    masters = [chance.choice(CELLS) for _ in range(cells)]
    widths = [kit.masters[name].width // site for name in masters]
    rows = max(2, round(sqrt(sum(widths) * site / utilisation / row_height)))
    columns = max(60, round(sum(widths) / utilisation / rows) + 8)
    x0, y0 = 10 * site, 2 * row_height
    x1, y1 = x0 + columns * site, y0 + rows * row_height
    block = Block("small", Rect("", 0, 0, x1 + x0, y1 + y0), Rect("", x0, y0, x1, y1))
    per_row: list[list[int]] = [[] for _ in range(rows)]
    for i in sorted(range(cells), key=lambda i: -widths[i]):
        min(per_row, key=lambda row: sum(widths[j] for j in row)).append(i)
    for r, members in enumerate(per_row):
        orient = ("N", "FN") if r % 2 == 0 else ("FS", "S")
        block.rows.append(Row(f"row{r}", kit.roles.core_site, x0, y0 + r * row_height, orient[0], columns))
        chance.shuffle(members)
        free = columns - sum(widths[i] for i in members)
        gaps = sorted(chance.randrange(free + 1) for _ in members)
        used = 0
        for gap, i in zip(gaps, members, strict=True):
            x = x0 + (gap + used) * site
            block.instances[f"u{i}"] = Instance(f"u{i}", masters[i], x, y0 + r * row_height, chance.choice(orient), True)
            used += widths[i]
    pins: dict[str, list[PinRef]] = {"input": [], "output": []}
    for instance in block.instances.values():
        for pin in kit.masters[instance.master].pins.values():
            if pin.use in ("signal", "clock"):
                pins[pin.direction].append(PinRef(instance.name, pin.name))
    for ref in pins["input"]:
        here = block.instances[str(ref.instance)]

        def away(other: PinRef, here: Instance = here) -> float:
            there = block.instances[str(other.instance)]
            return abs(here.x - there.x) + abs(here.y - there.y) + chance.random() * 40000

        driver = min(pins["output"], key=away)
        name = f"n_{driver.instance}_{driver.pin}"
        block.nets.setdefault(name, Net(name, "signal", [driver])).pins.append(ref)
    for i, net in enumerate(list(block.nets.values())[::7]):
        y = 140 + 280 * (20 + 5 * i)
        if y + 280 > block.die.y1:
            break
        block.ports[f"p[{i}]"] = Port(f"p[{i}]", "output", net.name, Rect("metal3", 0, y - 70, 280, y + 70))
        net.pins.append(PinRef(None, f"p[{i}]"))
    return add_power_grid(block, kit)


def finished_block(kit: Kit, cells: int) -> Block:
    """The same routed, with a tap in every row and fillers in every gap."""
    tap = kit.roles.tap
    assert tap is not None
    made = route(placed_block(kit, cells), kit).block
    wide = kit.masters[tap].width
    gaps = [i for i in add_fillers(made, kit).instances.values() if i.kind == "filler" and kit.masters[i.master].width >= wide]
    for row in made.rows:
        gap = next(i for i in gaps if i.y == row.y)
        made.instances[f"tap_{row.name}"] = Instance(f"tap_{row.name}", tap, gap.x, gap.y, row.orient, True, kind="tap")
    return add_fillers(made, kit)
