"""Static voltage drop of the supplies: rails, straps and via stacks as a network of resistors, solved for the mean currents of the cells.

A wire of length L is ``resistance * L * (default width / width)`` between the points where vias or cells meet it, a cut is its layer's
resistance. Both ends of every strap on the highest layer are held at the supply's voltage, as if pads stood there. Every cell draws its
mean power over the voltage from the power net and returns it to the ground net, at the middle of its supply pins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

from neutnngen.errors import ConfigError
from neutnngen.pdk.technology import Kit, Rect
from neutnngen.place_route.block import Block, Net, Wire, transform
from neutnngen.place_route.route_sweep import close_pairs, gaps

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
LEAST_OHM = 1e-9


@dataclass(frozen=True)
class Drop:
    """Result of one supply net.

    drops: V at each of ``instances``, which are those that draw current; worst: V, of the instance ``worst_instance``; mean: V, over
    them. pads: number of ends that are held; current: A that flows through the pads. open_metal: rectangles of the net that no resistor
    joins to a pad; open_instances: cells with current whose pin meets no metal of the net or only open metal.
    """

    net: str
    instances: tuple[str, ...]
    drops: Floats
    pads: int
    current: float
    nodes: int
    resistors: int
    open_metal: tuple[Rect, ...]
    open_instances: tuple[str, ...]

    @property
    def worst(self) -> float:
        return float(self.drops.max()) if len(self.drops) else 0.0

    @property
    def worst_instance(self) -> str:
        return self.instances[int(self.drops.argmax())] if self.instances else ""

    @property
    def mean(self) -> float:
        return float(self.drops.mean()) if len(self.drops) else 0.0


def ir_drop(block: Block, kit: Kit, power: Mapping[str, float]) -> tuple[Drop, ...]:
    """Voltage drop on the power net and rise on the ground net, in this order.

    power: instance to its mean power in W at the kit's voltage.

    Raises
    ------
    ConfigError: the block lacks a supply net or it has no straps, or an instance is unknown or has a negative power.
    """
    wrong = next((name for name, watts in power.items() if name not in block.instances or not watts >= 0), None)
    if wrong is not None:
        raise ConfigError(
            "the power of an instance cannot be used", got=f"{wrong}: {power[wrong]}", allowed="instances of the block, W >= 0"
        )
    current = {name: watts / kit.voltage for name, watts in power.items() if watts > 0}
    roles = kit.roles
    return tuple(_solve(block, kit, name, use, current) for name, use in ((roles.power_net, "power"), (roles.ground_net, "ground")))


class _Points:
    """Points on wires, each on one wire at one place along it."""

    def __init__(self, wires: list[Wire]) -> None:
        self.box = np.array([wire.rect()[1:] for wire in wires], np.int64).reshape(-1, 4)
        self.flat = np.array([wire.y0 == wire.y1 for wire in wires], bool)
        self.parts: list[tuple[Ints, Ints]] = []
        self.count = 0
        self._lonely = 0

    def add(self, wire: Ints, x: Ints, y: Ints) -> Ints:
        """Numbers of new points, at the nearest place of each wire."""
        along = np.where(self.flat[wire], x, y)
        axis = np.where(self.flat[wire], 0, 1)
        low, high = self.box[wire, axis], self.box[wire, axis + 2]
        self.parts.append((wire, np.clip(along, low, high)))
        made = np.arange(self.count, self.count + len(wire))
        self.count += len(wire)
        return made

    def lonely(self) -> int:
        """A new point on no wire."""
        self._lonely -= 1
        self.parts.append((np.array([self._lonely]), np.array([0])))
        self.count += 1
        return self.count - 1


def _solve(block: Block, kit: Kit, name: str, use: str, current: Mapping[str, float]) -> Drop:
    technology = kit.technology
    net = block.nets.get(name)
    if net is None or not net.wires:
        raise ConfigError(f"the block has no straps of {name}", got=block.name, next_step="add_power_grid first")
    wires = net.wires
    layer_of = {layer: i for i, layer in enumerate(technology.layers)}
    layer = np.array([layer_of[wire.layer] for wire in wires], np.int64)
    points = _Points(wires)
    # the ends of every wire; those of the highest straps are pads
    every = np.arange(len(wires))
    first = points.add(every, points.box[:, 0], points.box[:, 1])
    last = points.add(every, points.box[:, 2], points.box[:, 3])
    held = layer == layer.max()
    pads = np.concatenate([first[held], last[held]])
    ties: list[tuple[Ints, Ints]] = [*_overlaps(points, layer)]
    links, ohms, via_ties = _vias(net, kit, points, layer, layer_of)
    ties += via_ties
    sinks, amperes, names, loose = _sinks(block, kit, use, current, points, layer, layer_of)

    # points at the same place of a wire are one node, and so are tied points
    wire_of = np.concatenate([part[0] for part in points.parts])
    along = np.concatenate([part[1] for part in points.parts])
    order = np.lexsort((along, wire_of))
    same_wire = wire_of[order][1:] == wire_of[order][:-1]
    length = along[order][1:] - along[order][:-1]
    a, b = order[:-1][same_wire], order[1:][same_wire]
    length = length[same_wire]
    joined = [(a[length == 0], b[length == 0]), *ties]
    node = _merge(points.count, joined)
    a, b, length = a[length > 0], b[length > 0], length[length > 0]
    metals = [technology.layers[wire.layer] for wire in wires]
    per_length = np.array([m.resistance * m.width / w.width / technology.dbu for m, w in zip(metals, wires, strict=True)])
    ends = np.concatenate([np.stack([a, b]), links], axis=1)
    # a layer without resistance in the kit is as good as none
    ohm = np.maximum(np.concatenate([length * per_length[wire_of[a]], ohms]), LEAST_OHM)
    ends = node[ends]
    real = ends[0] != ends[1]
    volts, of_pads, reached = _nodal(int(node.max()) + 1, ends[:, real], ohm[real], node[pads], node[sinks], amperes)
    here = node[sinks]
    good = reached[here]
    dark = ~reached[node[first]]
    loose += [names[i] for i in np.nonzero(~good)[0]]
    return Drop(
        name,
        tuple(names[i] for i in np.nonzero(good)[0]),
        volts[here[good]],
        len(pads),
        of_pads,
        int(node.max()) + 1,
        int(real.sum()),
        tuple(wires[i].rect() for i in np.nonzero(dark)[0]),
        tuple(loose),
    )


def _overlaps(points: _Points, layer: Ints) -> list[tuple[Ints, Ints]]:
    """Wires of one layer that lie on each other are joined in the middle of what they share."""
    ties = []
    for number in np.unique(layer):
        on = np.nonzero(layer == number)[0]
        i, j = close_pairs(points.box[on], None, 0)
        i, j = on[i], on[j]
        gx, gy = gaps(points.box[i], points.box[j])
        joined = (gx <= 0) & (gy <= 0) & ((gx < 0) | (gy < 0))
        i, j = i[joined], j[joined]
        x = (np.maximum(points.box[i, 0], points.box[j, 0]) + np.minimum(points.box[i, 2], points.box[j, 2])) // 2
        y = (np.maximum(points.box[i, 1], points.box[j, 1]) + np.minimum(points.box[i, 3], points.box[j, 3])) // 2
        ties.append((points.add(i, x, y), points.add(j, x, y)))
    return ties


def _vias(net: Net, kit: Kit, points: _Points, layer: Ints, layer_of: Mapping[str, int]) -> tuple[Ints, Floats, list[tuple[Ints, Ints]]]:
    """Resistors of the cuts between points on the wires that they meet; ties where one end meets several wires or another via."""
    ends: list[list[int]] = [[], []]
    kinds: list[str] = []
    places: list[tuple[int, int]] = []
    for via in net.vias:
        definition = kit.technology.vias[via.name]
        ends[0].append(layer_of[definition.lower])
        ends[1].append(layer_of[definition.upper])
        kinds.append(definition.cut)
        places.append((via.x, via.y))
    at = np.array(places, np.int64).reshape(-1, 2)
    chosen: list[Ints] = []
    ties: list[tuple[Ints, Ints]] = []
    stacked: dict[tuple[int, int, int], int] = {}
    for side in (0, 1):
        mine = np.full(len(at), -1, np.int64)
        of_layer = np.array(ends[side], np.int64)
        for number in np.unique(of_layer):
            on, which = np.nonzero(layer == number)[0], np.nonzero(of_layer == number)[0]
            v, w = close_pairs(np.concatenate([at[which], at[which]], axis=1), points.box[on], 0)
            v, w = which[v], on[w]
            made = points.add(w, at[v, 0], at[v, 1])
            order = np.argsort(v, kind="stable")
            heads = order[np.searchsorted(v[order], v)]
            ties.append((made, made[heads]))
            mine[v[heads]] = made[heads]
        # pads that meet no wire: vias on top of each other share a point of their own
        for i in np.nonzero(mine < 0)[0].tolist():
            key = (int(of_layer[i]), int(at[i, 0]), int(at[i, 1]))
            if key not in stacked:
                stacked[key] = int(points.lonely())
            mine[i] = stacked[key]
        chosen.append(mine)
    ohms = np.array([kit.technology.layers[cut].resistance for cut in kinds], float)
    free = ohms <= 0
    ties.append((chosen[0][free], chosen[1][free]))
    return np.stack(chosen)[:, ~free], ohms[~free], ties


def _sinks(
    block: Block, kit: Kit, use: str, current: Mapping[str, float], points: _Points, layer: Ints, layer_of: Mapping[str, int]
) -> tuple[Ints, Floats, list[str], list[str]]:
    """Points where cells draw their current: (points, amperes, instances, instances whose pin meets no wire)."""
    boxes: list[tuple[int, int, int, int]] = []
    layers: list[int] = []
    owner: list[int] = []
    names = list(current)
    for i, name in enumerate(names):
        instance = block.instances[name]
        master = kit.masters[instance.master]
        for pin in master.pins.values():
            if pin.use == use:
                for rect in pin.rects:
                    placed = transform(rect, master, instance)
                    boxes.append(placed[1:])
                    layers.append(layer_of[placed.layer])
                    owner.append(i)
    box, of_layer, who = np.array(boxes, np.int64).reshape(-1, 4), np.array(layers, np.int64), np.array(owner, np.int64)
    touching, wire = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for number in np.unique(of_layer):
        on, which = np.nonzero(layer == number)[0], np.nonzero(of_layer == number)[0]
        p, w = close_pairs(box[which], points.box[on], 0)
        touching.append(which[p])
        wire.append(on[w])
    p, w = np.concatenate(touching), np.concatenate(wire)
    gx, gy = gaps(box[p], points.box[w])
    common = np.where((gx < 0) & (gy < 0), gx * gy, 0)
    # of every instance the pin shape with most in common with a wire
    order = np.lexsort((w, p, -common, who[p]))
    order = order[common[order] > 0]
    fed, start = np.unique(who[p[order]], return_index=True)
    best = order[start]
    middle = (box[p[best], :2] + box[p[best], 2:]) // 2
    made = points.add(w[best], middle[:, 0], middle[:, 1])
    lost = np.setdiff1d(np.arange(len(names)), fed)
    amperes = np.array([current[names[i]] for i in fed], dtype=np.float64)
    return made, amperes, [names[i] for i in fed], [names[i] for i in lost]


def _merge(count: int, joined: list[tuple[Ints, Ints]]) -> Ints:
    """Node of every point when the given pairs are one."""
    a, b = np.concatenate([pair[0] for pair in joined]), np.concatenate([pair[1] for pair in joined])
    links = coo_matrix((np.ones(len(a), np.int8), (a, b)), shape=(count, count))
    return np.asarray(connected_components(links, directed=False)[1], np.int64)


def _nodal(count: int, ends: Ints, ohm: Floats, pads: Ints, sinks: Ints, amperes: Floats) -> tuple[Floats, float, npt.NDArray[np.bool_]]:
    """Drop in V of every node (0 at pads), the current through the pads, and which nodes a pad reaches."""
    links = coo_matrix((np.ones(ends.shape[1], np.int8), (ends[0], ends[1])), shape=(count, count))
    part = connected_components(links, directed=False)[1]
    fed = np.zeros(int(part.max()) + 1, bool)
    fed[part[pads]] = True
    reached = fed[part]
    free = reached.copy()
    free[pads] = False
    number = np.cumsum(free) - 1
    siemens = 1 / ohm
    a, b = ends
    diagonal = np.zeros(count)
    np.add.at(diagonal, a, siemens)
    np.add.at(diagonal, b, siemens)
    inner = free[a] & free[b]
    size = int(free.sum())
    off = coo_matrix((-siemens[inner], (number[a[inner]], number[b[inner]])), shape=(size, size))
    own = coo_matrix((diagonal[free], (np.arange(size), np.arange(size))), shape=(size, size))
    load = np.zeros(count)
    np.add.at(load, sinks, amperes)
    volts = np.zeros(count)
    if size:
        matrix: Any = (own + off + off.T).tocsc()
        volts[free] = splu(matrix, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}).solve(load[free])
    held = np.zeros(count, bool)
    held[pads] = True
    into = float((siemens * (volts[b] - volts[a]) * (held[a].astype(float) - held[b])).sum()) + float(load[held].sum())
    return volts, into, reached
