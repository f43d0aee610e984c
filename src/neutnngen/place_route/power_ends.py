"""Ends of power metal beside metal of cells: where the two face each other at a slant and are too close, the power metal is lengthened.

The power grid is drawn before the cells have their places; patches of its via stacks lie on the rows' boundaries, where no signal runs.
"""

from __future__ import annotations

import numpy as np

from neutnngen.pdk.technology import Kit, Layer, Rect
from neutnngen.place_route.block import Block, Wire, transform
from neutnngen.place_route.hard_blocks import standard_cells
from neutnngen.place_route.route_ends import slant
from neutnngen.place_route.route_sweep import close_pairs

PASSES = 4


def settle_power_ends(block: Block, kit: Kit) -> Block:
    """The block with its patches of power metal on signal layers lengthened past ends of cells' metal that they would be too close to.

    On layers with rules for line ends or corners only; a patch runs side by side with such metal afterwards, at the distance that it had.
    """
    made = block.copy()
    for name in kit.signal_layers:
        layer = kit.technology.layers[name]
        reach = slant(layer, layer.spacing)
        cells = np.array(_cell_metal(made, kit, name), np.int64).reshape(-1, 4)
        if not reach or not len(cells):
            continue
        for _ in range(PASSES):
            if not _lengthen(made, layer, cells, reach, kit.technology.manufacturing_grid):
                break
    return made


def _cell_metal(block: Block, kit: Kit, layer: str) -> list[tuple[int, ...]]:
    shapes: dict[str, list[Rect]] = {}
    found: list[tuple[int, ...]] = []
    for instance in standard_cells(block, kit):
        master = kit.masters[instance.master]
        if instance.master not in shapes:
            rects = (*master.obstructions, *(rect for pin in master.pins.values() for rect in pin.rects))
            shapes[instance.master] = [rect for rect in rects if rect.layer == layer]
        found += [transform(rect, master, instance)[1:] for rect in shapes[instance.master]]
    return found


def _lengthen(block: Block, layer: Layer, cells: np.ndarray[tuple[int, int], np.dtype[np.int64]], reach: int, step: int) -> bool:
    """One pass over all patches; True where one became longer."""
    along = 1 if layer.direction == "vertical" else 0
    owners = [
        (net, k) for net in block.nets.values() if net.use in ("power", "ground") for k, w in enumerate(net.wires) if w.layer == layer.name
    ]
    boxes = np.array([net.wires[k].rect()[1:] for net, k in owners], np.int64).reshape(-1, 4)
    changed = False
    for i, j in zip(*(part.tolist() for part in close_pairs(boxes, cells, reach)), strict=True):
        net, k = owners[i]
        box, cell = net.wires[k].rect()[1:], cells[j].tolist()
        lateral = max(cell[1 - along] - box[3 - along], box[1 - along] - cell[3 - along])
        needed = slant(layer, lateral) if lateral >= layer.spacing else 0
        if 0 <= cell[along] - box[2 + along] < needed:
            net.wires[k] = _stretched(net.wires[k], along, 0, cell[along] - box[2 + along] + step)
            changed = True
        elif 0 <= box[along] - cell[2 + along] < needed:
            net.wires[k] = _stretched(net.wires[k], along, box[along] - cell[2 + along] + step, 0)
            changed = True
    return changed


def _stretched(wire: Wire, along: int, low: int, high: int) -> Wire:
    if along:
        return wire._replace(y0=wire.y0 - low, y1=wire.y1 + high)
    return wire._replace(x0=wire.x0 - low, x1=wire.x1 + high)
