"""The power grid: rails along the rows, straps across them, and stacks of vias where equal polarities cross."""

from __future__ import annotations

from itertools import pairwise

from neutnngen.errors import ConfigError
from neutnngen.pdk.technology import Kit, Layer, Rect, Technology, ViaDef
from neutnngen.place_route.block import Block, Net, Port, Via, Wire
from neutnngen.place_route.hard_blocks import hard_blocks, outline


def add_power_grid(block: Block, kit: Kit, *, core_ring: bool = False) -> Block:
    """Add the power and the ground net with rails, straps, via stacks and one port each on the top strap layer.

    Rails lie on the row boundaries; the lowest has the polarity of the lower edge of the kit's cells, and they alternate. Straps of a
    layer alternate between power and ground at half the kit's pitch, at least one of each. Stacks of vias stand on rails and straps only.
    Rails and straps end before hard blocks with metal of their own on that layer. core_ring: a ring of ground around the core and one of
    power around it, on the two top strap layers, joined to the straps; make_floorplan leaves room for them.

    Raises
    ------
    ConfigError: no floorplan yet, the kit lacks a via, or its cells have no supply pins along their edges.
    """
    made = block.copy()
    roles, technology = kit.roles, kit.technology
    polarity = rail_order(kit)
    nets = {roles.ground_net: Net(roles.ground_net, "ground"), roles.power_net: Net(roles.power_net, "power")}
    core = made.core
    if core.x1 <= core.x0:
        raise ConfigError("the block has no floorplan yet", got=block.name, next_step="make_floorplan first")

    height, site = technology.sites[roles.core_site].height, technology.sites[roles.core_site].width
    lines: dict[str, list[tuple[str, Wire]]] = {kit.straps.rail_layer: []}
    rail_width = kit.straps.rail_width
    for i in range((core.y1 - core.y0) // height + 1):
        y = core.y0 + i * height
        wire = Wire(kit.straps.rail_layer, core.x0, y, core.x1, y, rail_width, 0)
        lines[kit.straps.rail_layer].append((polarity[i % 2], wire))
    ringed = [name for name, _, _ in kit.straps.straps[-2:]] if core_ring else []
    if core_ring and core.x0 - made.die.x0 < ring_margin(kit):
        raise ConfigError(
            "there is no room for rings around the core",
            got=f"{technology.to_um(core.x0 - made.die.x0):g} um",
            allowed=f"at least {technology.to_um(ring_margin(kit)):g} um between core and die edge",
            next_step="make_floorplan(…, core_ring=True)",
        )
    for name, width, pitch in kit.straps.straps:
        wires = _straps(core, technology, name, width, pitch, _ring_reach(kit) if name in ringed else rail_width // 2, site)
        lines[name] = [(polarity[i % 2], wire) for i, wire in enumerate(wires)]
    for name in ringed:
        lines[name] += [(polarity[k], wire) for k in (0, 1) for wire in _ring_sides(core, kit, name, k)]
    _end_before_hard_blocks(made, kit, lines)
    for on_layer in lines.values():
        for owner, wire in on_layer:
            nets[owner].wires.append(wire)

    order = [kit.straps.rail_layer, *(name for name, _, _ in kit.straps.straps)]
    names = [layer.name for layer in technology.routing_layers]
    for lower, upper in pairwise(order):
        between = names[names.index(lower) : names.index(upper) + 1]
        vias = [_flat_via(technology, a, b) for a, b in pairwise(between)]
        for low_net, low in lines[lower]:
            for up_net, up in lines[upper]:
                if low_net == up_net:
                    _stack(nets[low_net], low, up, technology, between, vias)
    for net in nets.values():
        top = next(wire for owner, wire in lines[order[-1]] if owner == net.name)
        made.ports[net.name] = Port(net.name, "inout", net.name, top.rect())
        made.nets[net.name] = net
    return made


def _ring_step(kit: Kit) -> int:
    """From the middle of one ring to that of the next, and from the core to the middle of the inner one: width and twice the spacing."""
    technology = kit.technology
    grid = 2 * technology.manufacturing_grid
    needed = 0
    for name, width, _ in kit.straps.straps[-2:]:
        needed = max(needed, width + 2 * widest_spacing(technology.layers[name]))
    return -(-needed // grid) * grid


def _ring_reach(kit: Kit) -> int:
    """From the core to the outer edge of the outer ring."""
    return 2 * _ring_step(kit) + max(width for _, width, _ in kit.straps.straps[-2:]) // 2


def ring_margin(kit: Kit) -> int:
    """Room between core and die edge that two rings need."""
    return _ring_reach(kit) + max(widest_spacing(kit.technology.layers[name]) for name, _, _ in kit.straps.straps[-2:])


def widest_spacing(layer: Layer) -> int:
    """The largest spacing that the layer ever asks."""
    return max([layer.spacing, *(space for _, columns in layer.spacing_table for _, space in columns)])


def allowed_width(layer: Layer, width: int) -> int:
    """The smallest width that the layer's table allows and that is not below ``width``; any width where there is no table."""
    return next((allowed for allowed in layer.widths if allowed >= width), width)


def _ring_sides(core: Rect, kit: Kit, layer: str, number: int) -> list[Wire]:
    """The two sides of ring ``number`` (0: the inner) that run in the layer's direction; they reach the corners' outer edges."""
    widths = {name: width for name, width, _ in kit.straps.straps}
    away = (number + 1) * _ring_step(kit)
    beyond = away + max(widths[name] for name, _, _ in kit.straps.straps[-2:]) // 2
    if kit.technology.layers[layer].direction == "vertical":
        return [Wire(layer, x, core.y0 - beyond, x, core.y1 + beyond, widths[layer], 0) for x in (core.x0 - away, core.x1 + away)]
    return [Wire(layer, core.x0 - beyond, y, core.x1 + beyond, y, widths[layer], 0) for y in (core.y0 - away, core.y1 + away)]


def _end_before_hard_blocks(block: Block, kit: Kit, lines: dict[str, list[tuple[str, Wire]]]) -> None:
    """Cut rails and straps where a hard block has metal of its own on their layer."""
    for instance in hard_blocks(block, kit):
        master = kit.masters[instance.master]
        own = {rect.layer for rect in master.obstructions} | {rect.layer for pin in master.pins.values() for rect in pin.rects}
        for layer in own & set(lines):
            space = widest_spacing(kit.technology.layers[layer])
            hole = outline(instance, kit, space)
            kept: list[tuple[str, Wire]] = []
            for net, wire in lines[layer]:
                metal = wire.rect()
                if metal.x1 <= hole.x0 or metal.x0 >= hole.x1 or metal.y1 <= hole.y0 or metal.y0 >= hole.y1:
                    kept.append((net, wire))
                elif wire.y0 == wire.y1:
                    kept += [(net, wire._replace(x0=a, x1=b)) for a, b in ((wire.x0, hole.x0), (hole.x1, wire.x1)) if a < b]
                else:
                    kept += [(net, wire._replace(y0=a, y1=b)) for a, b in ((wire.y0, hole.y0), (hole.y1, wire.y1)) if a < b]
            lines[layer] = kept


def rail_order(kit: Kit) -> tuple[str, str]:
    """Names of the nets of the lowest and of the second rail: those of the supply pins on a cell's lower and upper edge."""
    master = kit.masters[kit.roles.flop]
    edges = {}
    for pin in master.pins.values():
        if pin.use in ("power", "ground"):
            net = kit.roles.power_net if pin.use == "power" else kit.roles.ground_net
            for rect in pin.rects:
                for edge in (0, master.height):
                    if rect.layer == kit.straps.rail_layer and rect.y0 <= edge <= rect.y1:
                        edges[edge] = net
    if len(set(edges.values())) != 2:
        raise ConfigError("the kit's cells have no power and ground pin along their edges", got=f"{kit.name}, {master.name}")
    return edges[0], edges[master.height]


def _straps(core: Rect, technology: Technology, layer: str, width: int, pitch: int, beyond: int, site: int) -> list[Wire]:
    """Strap centre lines across the core and ``beyond`` its edges, so that they cover the vias on the outer rails; spread evenly."""
    vertical = technology.layers[layer].direction == "vertical"
    low, high = (core.x0, core.x1) if vertical else (core.y0, core.y1)
    count = 2 * max(1, round((high - low) / pitch))
    grid = 2 * site if vertical else 2 * technology.routing_layers[0].pitch
    positions = [low + round((high - low) * (2 * i + 1) / (2 * count) / grid) * grid for i in range(count)]
    if vertical:
        return [Wire(layer, x, core.y0 - beyond, x, core.y1 + beyond, width, 0) for x in positions]
    return [Wire(layer, core.x0 - beyond, y, core.x1 + beyond, y, width, 0) for y in positions]


def _flat_via(technology: Technology, lower: str, upper: str) -> ViaDef:
    """The via between two layers with the least metal across the row direction, then the least metal at all."""
    found = [via for via in technology.vias.values() if via.lower == lower and via.upper == upper]
    if not found:
        raise ConfigError(f"the kit has no via between {lower} and {upper}", got=technology.name)

    def extent(via: ViaDef) -> tuple[int, int]:
        metal = [r for r in via.rects if r.layer != via.cut]
        return sum(r.y1 - r.y0 for r in metal), sum(r.x1 - r.x0 for r in metal)

    return min(found, key=extent)


def _cut(via: ViaDef, technology: Technology) -> tuple[int, int]:
    """(Size, spacing) of a via's cut. Where the kit states no spacing 1.5 times the size is assumed."""
    layer = technology.layers[via.cut]
    width = max(layer.width, *(max(r.x1 - r.x0, r.y1 - r.y0) for r in via.rects if r.layer == via.cut))
    return width, layer.spacing or -(-3 * width // 2)


def _pad(via: ViaDef, layer: str) -> tuple[int, int]:
    """Size (x, y) of a via's metal on a layer; all fixed vias are symmetric about their origin."""
    rects = [r for r in via.rects if r.layer == layer]
    return 2 * max(max(-r.x0, r.x1) for r in rects), 2 * max(max(-r.y0, r.y1) for r in rects)


def _places(low: tuple[int, int], up: tuple[int, int], pads: tuple[int, int], cut: int, step: int) -> list[int]:
    """Centres of cuts in one direction, ``step`` apart, in the middle of where two wires overlap.

    As many as fit: cuts into the overlap, the outermost pads of the two ends (``pads``) into their own wires. At least one.
    """
    start, end = max(low[0], up[0]), min(low[1], up[1])
    middle = (start + end) // 2
    rooms = [end - start - cut, 2 * min(middle - low[0], low[1] - middle) - pads[0], 2 * min(middle - up[0], up[1] - middle) - pads[1]]
    count = max(1, min(rooms) // step + 1)
    return [middle + (2 * k - (count - 1)) * step // 2 for k in range(count)]


def _stack(net: Net, low: Wire, up: Wire, technology: Technology, between: list[str], vias: list[ViaDef]) -> None:
    """Vias from ``low`` to the crossing ``up``: an array as large as fits, joined by a patch of metal on the layers ``between``."""
    a, b = low.rect(), up.rect()
    if max(a.x0, b.x0) >= min(a.x1, b.x1) or max(a.y0, b.y0) >= min(a.y1, b.y1):
        return
    cuts = [_cut(via, technology) for via in vias]
    grid = 2 * technology.manufacturing_grid
    step = -(-max(width + spacing for width, spacing in cuts) // grid) * grid
    widest = max(width for width, _ in cuts)
    first, last = _pad(vias[0], low.layer), _pad(vias[-1], up.layer)
    xs = _places((a.x0, a.x1), (b.x0, b.x1), (first[0], last[0]), widest, step)
    ys = _places((a.y0, a.y1), (b.y0, b.y1), (first[1], last[1]), widest, step)
    for via in vias:
        net.vias.extend(Via(via.name, x, y) for y in ys for x in xs)
    middle = (ys[0] + ys[-1]) // 2
    for name, below, above in zip(between[1:-1], vias, vias[1:], strict=False):
        pads = (_pad(below, name), _pad(above, name))
        tall = ys[-1] - ys[0] + max(pad[1] for pad in pads)
        half = (xs[-1] - xs[0] + max(pad[0] for pad in pads)) // 2
        centre = (xs[0] + xs[-1]) // 2
        # a patch alone must have a width that the layer allows, and the least area that it asks
        layer = technology.layers[name]
        thin = allowed_width(layer, min(tall, 2 * half))
        tall, half = max(tall, thin), max(half, -(-thin // 2))
        half = max(half, -(-layer.min_area // (tall * grid)) * grid // 2)
        net.wires.append(Wire(name, centre - half, middle, centre + half, middle, tall, 0))
