"""The two layers on which a chip's own wires run, above all that its macros use, and the stacks of vias that lead up to them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from neutnngen.errors import ConfigError
from neutnngen.pdk.technology import Kit, Layer, Rect, Technology, ViaDef

PIN_STRIDE = 2
"""Every so many vertical tracks one may hold a pin of a macro; those between are for trunks."""


@dataclass(frozen=True)
class ChipLayers:
    """vertical, horizontal: layers of the chip's wires, with their width. via: between them. strap: top supply layer of the macros; power:
    the vertical layer right above it, for the chip's supply lines between macros. pin: layer of the macros' pins. Lengths are database
    units."""

    technology: Technology
    vertical: Layer
    horizontal: Layer
    via: ViaDef
    strap: Layer
    power: Layer
    pin: Layer

    @property
    def power_via(self) -> ViaDef:
        """From the macros' top straps to the chip's supply lines."""
        return small_via(self.technology, self.strap.name, self.power.name)

    @property
    def v_pitch(self) -> int:
        """Distance of vertical tracks: wires with a via on each beside the other."""
        return _pitch(self.vertical, self.via, across=0)

    @property
    def h_pitch(self) -> int:
        """The same for horizontal ones."""
        return _pitch(self.horizontal, self.via, across=1)

    @property
    def slot(self) -> int:
        """Distance of pins of a macro: a multiple of the vertical pitch that keeps their stacks of vias apart."""
        wide = max(r.x1 - r.x0 for r in self.riser) + max(widest_spacing(self.technology.layers[r.layer]) for r in self.riser)
        return max(PIN_STRIDE, -(-wide // self.v_pitch)) * self.v_pitch

    @cached_property
    def riser(self) -> tuple[Rect, ...]:
        """Metal and cuts from the pin layer to the vertical layer, about (0, 0); what lies between has the least area that is legal."""
        return stack(self.technology, self.pin.name, self.vertical.name)

    @property
    def beside_risers(self) -> int:
        """How far from the middle of risers the middle of a horizontal wire keeps; 0 where risers end below its layer."""
        high = [r.y1 for r in self.riser if r.layer == self.horizontal.name]
        return max(high) + widest_spacing(self.horizontal) + self.horizontal.width // 2 if high else 0

    @property
    def rise(self) -> int:
        """How far below a macro's edge the middle of a riser lies, so that it keeps every spacing to what is inside."""
        far = max(r.y1 + widest_spacing(self.technology.layers[r.layer]) for r in self.riser if r.layer in self._metals)
        grid = 2 * self.technology.manufacturing_grid
        return -(-far // grid) * grid

    @property
    def _metals(self) -> set[str]:
        return {layer.name for layer in self.technology.routing_layers}


def chip_layers(kit: Kit) -> ChipLayers:
    """The layers for a kit: the lowest two above all that its macros use. ConfigError if the technology has none."""
    technology = kit.technology
    order = [layer.name for layer in technology.routing_layers]
    used = max(order.index(name) for name in (*kit.signal_layers, *(name for name, _, _ in kit.straps.straps)))
    strap = technology.layers[kit.straps.straps[-1][0]]
    above = technology.routing_layers[used + 1 : used + 3]
    pin = technology.layers[kit.pin_layers[1]]
    power = technology.routing_layers[order.index(strap.name) + 1]
    if len(above) < 2 or above[0].direction == above[1].direction or strap.direction != "horizontal" or power.direction != "vertical":
        raise ConfigError(
            f"process kit {kit.name} has no two layers above its blocks for a chip's wires",
            got=", ".join(layer.name for layer in above) or "none",
            allowed="a horizontal and a vertical one, and horizontal top straps",
            next_step="lay the network out as one block: neutnngen layout",
        )
    vertical = next(_widened(layer, *kit.chip_wires) for layer in above if layer.direction == "vertical")
    horizontal = next(_widened(layer, *kit.chip_wires) for layer in above if layer.direction == "horizontal")
    return ChipLayers(technology, vertical, horizontal, small_via(technology, above[0].name, above[1].name), strap, power, pin)


def _widened(layer: Layer, width: int, pitch: int) -> Layer:
    return replace(layer, width=width * layer.width, pitch=pitch * layer.pitch, resistance=layer.resistance / width)


def small_via(technology: Technology, lower: str, upper: str) -> ViaDef:
    """The via between two neighbouring layers with the least metal. ConfigError if there is none."""
    found = [via for via in technology.vias.values() if via.lower == lower and via.upper == upper]
    if not found:
        raise ConfigError(f"the kit has no via between {lower} and {upper}", got=technology.name)
    return min(found, key=lambda via: sum((r.x1 - r.x0) * (r.y1 - r.y0) for r in via.rects))


def stack(technology: Technology, lower: str, upper: str) -> tuple[Rect, ...]:
    """Vias from one layer to a higher one at (0, 0), with a patch on each layer between that has the layer's least area."""
    names = [layer.name for layer in technology.routing_layers]
    between = names[names.index(lower) : names.index(upper) + 1]
    shapes = [rect for a, b in pairwise(between) for rect in small_via(technology, a, b).rects]
    for name in between:
        layer = technology.layers[name]
        pads = [r for r in shapes if r.layer == name]
        x, y = max(r.x1 for r in pads), max(r.y1 for r in pads)
        grid = technology.manufacturing_grid
        # pads are symmetric about the middle; what is missing in area is added along the layer's direction
        if layer.min_area > 4 * x * y:
            if layer.direction == "horizontal":
                x = -(-layer.min_area // (4 * y * grid)) * grid
            else:
                y = -(-layer.min_area // (4 * x * grid)) * grid
        shapes.append(Rect(name, -x, -y, x, y))
    return tuple(dict.fromkeys(shapes))


def widest_spacing(layer: Layer) -> int:
    """The largest spacing that the layer ever asks of wires up to twice its default width."""
    rows = [space for width, row in layer.spacing_table for _, space in row if width <= layer.width]
    return max([layer.spacing, *rows])


def _pitch(layer: Layer, via: ViaDef, across: int) -> int:
    pads = [r for r in via.rects if r.layer == layer.name]
    wide = max([layer.width, *(2 * (r.x1 if across == 0 else r.y1) for r in pads)])
    return max(layer.pitch, wide + widest_spacing(layer))
