"""What a repeater can do: delay and slew from the library's tables, and the longest wire that it may drive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RegularGridInterpolator

from neutnngen.errors import DataError
from neutnngen.hierarchy.layers import ChipLayers
from neutnngen.pdk.liberty import Group, library_units, read_liberty
from neutnngen.pdk.technology import Kit

LN9 = 2.2
"""10 to 90 % rise of an RC stage in time constants."""


@dataclass(frozen=True)
class Buffer:
    """A buffer of the library, over both edges the worse. input_cap, max_cap: fF. max_slew: ns. leakage: nW."""

    cell: str
    input_pin: str
    output_pin: str
    input_cap: float
    max_cap: float
    max_slew: float
    leakage: float
    _delay: RegularGridInterpolator
    _slew: RegularGridInterpolator
    _early: RegularGridInterpolator
    _energy: RegularGridInterpolator | None

    def delay(self, slew: NDArray[np.float64], load: NDArray[np.float64]) -> NDArray[np.float64]:
        """ns; beyond the table as along its edge."""
        return _read(self._delay, slew, load)

    def early(self, slew: NDArray[np.float64], load: NDArray[np.float64]) -> NDArray[np.float64]:
        """The shorter delay of both edges, ns."""
        return _read(self._early, slew, load)

    def energy(self, slew: NDArray[np.float64], load: NDArray[np.float64]) -> NDArray[np.float64]:
        """fJ inside the buffer for one change of its output, the mean of both edges; 0 where the library states none."""
        if self._energy is None:
            return np.zeros(np.broadcast_shapes(np.shape(slew), np.shape(load)))
        return _read(self._energy, slew, load)

    def slew(self, slew: NDArray[np.float64], load: NDArray[np.float64]) -> NDArray[np.float64]:
        """Output slew, ns."""
        return _read(self._slew, slew, load)


def _read(table: RegularGridInterpolator, slew: NDArray[np.float64], load: NDArray[np.float64]) -> NDArray[np.float64]:
    xs, ys = table.grid
    points = np.stack(np.broadcast_arrays(np.clip(slew, xs[0], xs[-1]), np.clip(load, ys[0], ys[-1])), axis=-1)
    return np.asarray(table(points))


@dataclass(frozen=True)
class WireModel:
    """Of the chip's wires: ohm and fF per micrometre, the mean of both layers; ohm of a stack up from a pin."""

    resistance: float
    capacitance: float
    riser: float


def wire_model(layers: ChipLayers, kit: Kit) -> WireModel:
    """A layer for which the kit states nothing counts as the highest below it that has values, its resistance by the width."""
    values = []
    order = [layer for layer in layers.technology.routing_layers if layer.capacitance > 0 and layer.resistance > 0]
    for layer in (layers.vertical, layers.horizontal):
        if layer.capacitance > 0 and layer.resistance > 0:
            values.append((layer.resistance, layer.capacitance))
        elif order:
            values.append((order[-1].resistance * order[-1].width / layer.width, order[-1].capacitance))
        else:
            raise DataError(f"process kit {kit.name} states no wire resistance and capacitance", got=layer.name)
    cuts = sum(layers.technology.layers[r.layer].resistance for r in layers.riser if layers.technology.layers[r.layer].kind == "cut")
    return WireModel(sum(v[0] for v in values) / 2, sum(v[1] for v in values) / 2, cuts)


def read_buffers(kit: Kit) -> list[Buffer]:
    """Tables of the kit's buffers, weak to strong. DataError if the library lacks one."""
    found: dict[str, Buffer] = {}
    for path in kit.liberty:
        library = read_liberty(path)
        for group in library.each("cell"):
            if group.name in kit.roles.buffers:
                found[group.name] = _buffer(library, group, kit)
        if len(found) == len(kit.roles.buffers):
            break
    absent = [cell for cell in kit.roles.buffers if cell not in found]
    if absent:
        raise DataError(f"process kit {kit.name} has no timing of its buffers", got=", ".join(absent))
    return [found[cell] for cell in kit.roles.buffers]


def _buffer(library: Group, cell: Group, kit: Kit) -> Buffer:
    units = library_units(library)
    facts = kit.cells[cell.name]
    source = next(pin for pin in facts.pins.values() if pin.direction == "input")
    sink = next(pin for pin in facts.pins.values() if pin.direction == "output")
    output = next(g for g in cell.each("pin") if g.name == sink.name)
    arc = next(output.each("timing"))
    templates = {g.name: g for kind in ("lu_table_template", "power_lut_template") for g in library.each(kind)}

    def table(parent: Group, names: tuple[str, str], unit: float, reduce: Any = np.max) -> RegularGridInterpolator:
        values = []
        for group in (g for g in parent.groups if g.kind in names):
            shape = templates.get(group.name)
            first, second = (_numbers(group, shape, f"index_{n}") for n in (1, 2))
            grid = np.array(_numbers(group, None, "values")).reshape(len(first), len(second)) * unit
            by_load = shape is not None and "capacitance" in str(shape.attributes.get("variable_1", ""))
            if by_load:
                first, second, grid = second, first, grid.T
            values.append((np.array(first) * units.time, np.array(second) * units.capacitance, grid))
        xs, ys, _ = values[0]
        return RegularGridInterpolator((xs, ys), reduce([v[2] for v in values], axis=0))

    edges = ("cell_rise", "cell_fall")
    delay, slew = table(arc, edges, units.time), table(arc, ("rise_transition", "fall_transition"), units.time)
    early = table(arc, edges, units.time, np.min)
    inside = next(output.each("internal_power"), None)
    powers = ("rise_power", "fall_power")
    stated = inside is not None and all(
        g.call("values") and len(_numbers(g, None, "values")) > 1 for g in inside.groups if g.kind in powers
    )
    energy = table(inside, powers, units.energy, np.mean) if inside is not None and stated else None
    limit = library.attributes.get("default_max_transition") or output.attributes.get("max_transition")
    max_slew = float(str(limit)) * units.time if limit is not None else float(delay.grid[0][-1])
    max_cap = sink.max_capacitance or float(delay.grid[1][-1])
    return Buffer(facts.name, source.name, sink.name, source.capacitance, max_cap, max_slew, facts.leakage, delay, slew, early, energy)


def _numbers(group: Group, template: Group | None, key: str) -> list[float]:
    words = group.call(key) or (None if template is None else template.call(key)) or ()
    return [float(word) for text in words for word in text.replace(",", " ").split()]


def longest_wire(buffer: Buffer, wires: WireModel, kit: Kit, sinks: int, share: float = 0.5) -> float:
    """Micrometres that a buffer drives with so many like itself at the end: the load within its limit, the slews at its own input and at
    the far end within this share of theirs."""
    low, high = 0.0, 1e5
    for _ in range(60):
        length = (low + high) / 2
        load = wires.capacitance * length + sinks * buffer.input_cap
        start = buffer.slew(np.array(share * buffer.max_slew), np.array(load)).item()
        elmore = wires.resistance * length * (wires.capacitance * length / 2 + sinks * buffer.input_cap) * 1e-6  # ohm fF -> ns
        end = float(np.hypot(start, LN9 * elmore))
        if load <= buffer.max_cap and end <= share * buffer.max_slew:
            low = length
        else:
            high = length
    return low
