"""The power grid: rails along the rows, straps across them, and stacks of vias where equal polarities cross."""

from __future__ import annotations

from itertools import pairwise

from neutnngen.errors import ConfigError
from neutnngen.pdk.technology import Kit, Rect, Technology, ViaDef
from neutnngen.place_route.block import Block, Net, Port, Via, Wire


def add_power_grid(block: Block, kit: Kit) -> Block:
    """Add the power and the ground net with rails, straps, via stacks and one port each on the top strap layer.

    Rails lie on the row boundaries; the lowest is ground, as the cells have it in orientation N, and they alternate. Straps of a layer
    alternate between power and ground at half the kit's pitch, at least one of each.
    """
    made = block.copy()
    roles, technology = kit.roles, kit.technology
    polarity = (roles.ground_net, roles.power_net)
    nets = {roles.ground_net: Net(roles.ground_net, "ground"), roles.power_net: Net(roles.power_net, "power")}
    core = made.core
    if core.x1 <= core.x0:
        raise ConfigError("the block has no floorplan yet", got=block.name, next_step="make_floorplan first")

    height = technology.sites[roles.core_site].height
    lines: dict[str, list[tuple[str, Wire]]] = {kit.straps.rail_layer: []}
    rail_width = kit.straps.rail_width
    for i in range(len(made.rows) + 1):
        y = core.y0 + i * height
        wire = Wire(kit.straps.rail_layer, core.x0, y, core.x1, y, rail_width, 0)
        lines[kit.straps.rail_layer].append((polarity[i % 2], wire))
    for name, width, pitch in kit.straps.straps:
        lines[name] = [(polarity[i % 2], wire) for i, wire in enumerate(_straps(core, technology, name, width, pitch, rail_width // 2))]
    for on_layer in lines.values():
        for owner, wire in on_layer:
            nets[owner].wires.append(wire)

    order = [kit.straps.rail_layer, *(name for name, _, _ in kit.straps.straps)]
    for lower, upper in pairwise(order):
        for low_net, low in lines[lower]:
            for up_net, up in lines[upper]:
                if low_net == up_net:
                    _stack(nets[low_net], low, up, technology)
    for net in nets.values():
        top = next(wire for owner, wire in lines[order[-1]] if owner == net.name)
        made.ports[net.name] = Port(net.name, "inout", net.name, top.rect())
        made.nets[net.name] = net
    return made


def _straps(core: Rect, technology: Technology, layer: str, width: int, pitch: int, beyond: int) -> list[Wire]:
    """Strap centre lines across the core and ``beyond`` its edges, so that they cover the vias on the outer rails; spread evenly."""
    vertical = technology.layers[layer].direction == "vertical"
    low, high = (core.x0, core.x1) if vertical else (core.y0, core.y1)
    count = 2 * max(1, round((high - low) / pitch))
    grid = 2 * next(iter(technology.sites.values())).width if vertical else 2 * technology.routing_layers[0].pitch
    positions = [low + round((high - low) * (2 * i + 1) / (2 * count) / grid) * grid for i in range(count)]
    if vertical:
        return [Wire(layer, x, core.y0 - beyond, x, core.y1 + beyond, width, 0) for x in positions]
    return [Wire(layer, core.x0 - beyond, y, core.x1 + beyond, y, width, 0) for y in positions]


def _candidates(technology: Technology, lower: str, upper: str) -> list[ViaDef]:
    return [v for v in technology.vias.values() if v.lower == lower and v.upper == upper]


def _flat_via(technology: Technology, lower: str, upper: str) -> ViaDef:
    """The via between two layers with the least metal across the row direction, then the least metal at all."""
    found = _candidates(technology, lower, upper)
    if not found:
        raise ConfigError(f"the kit has no via between {lower} and {upper}", got=technology.name)

    def extent(via: ViaDef) -> tuple[int, int]:
        metal = [r for r in via.rects if r.layer != via.cut]
        return sum(r.y1 - r.y0 for r in metal), sum(r.x1 - r.x0 for r in metal)

    return min(found, key=extent)


def _stack(net: Net, low: Wire, up: Wire, technology: Technology) -> None:
    """Vias from ``low`` to the crossing ``up``: as many side by side as both overlap, joined by a strip of metal on the layers between."""
    names = [layer.name for layer in technology.routing_layers]
    between = names[names.index(low.layer) : names.index(up.layer) + 1]
    vias = [_flat_via(technology, a, b) for a, b in pairwise(between)]
    a, b = low.rect(), up.rect()
    x0, x1, y0, y1 = max(a.x0, b.x0), min(a.x1, b.x1), max(a.y0, b.y0), min(a.y1, b.y1)
    if x0 >= x1 or y0 >= y1:
        return
    x, y = (x0 + x1) // 2, (y0 + y1) // 2
    widest = max(max(r.x1 - r.x0 for r in via.rects) for via in vias)
    # cuts in a row: the largest cut plus its spacing apart, on the manufacturing grid
    step = max(technology.layers[v.cut].width + technology.layers[v.cut].spacing for v in vias)
    step = -(-step // (2 * technology.manufacturing_grid)) * 2 * technology.manufacturing_grid
    count = max(1, (x1 - x0 - widest) // step + 1)
    offsets = [x + (2 * k - (count - 1)) * step // 2 for k in range(count)]
    for via in vias:
        net.vias.extend(Via(via.name, position, y) for position in offsets)
    for layer, below, above in zip(between[1:-1], vias, vias[1:], strict=False):
        pads = [r for v in (below, above) for r in v.rects if r.layer == layer]
        tall = max(r.y1 - r.y0 for r in pads)
        half = max(r.x1 - r.x0 for r in pads) // 2
        net.wires.append(Wire(layer, offsets[0] - half, y, offsets[-1] + half, y, tall, 0))
