"""Assembly: from macros and nets to the chip's wires, as arrays of rectangles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neutnngen.hierarchy.floorplan import ArrayPlan, Bands, Placement, glue_slots, make_bands
from neutnngen.hierarchy.layers import ChipLayers
from neutnngen.hierarchy.macro import HardMacro
from neutnngen.hierarchy.netlist import GLUE, PORT, ChipNetlist, Pin
from neutnngen.hierarchy.repeaters import Node, Planner, Segment, Tile
from neutnngen.hierarchy.seats import seat_repeaters
from neutnngen.hierarchy.supply import supply_lines
from neutnngen.hierarchy.tracks import Branches, Ints, Terminals, Trunks, branches_of, density, pack, trunks_of
from neutnngen.pdk.technology import Kit, Rect

BANK = "bank"
"""Name of the macro with repeaters and constant ones and zeros."""
HIGH, LOW = "high", "low"


def bank_name(tile: Tile) -> str:
    """Instance name of a tile's bank."""
    return f"bank_{tile[0]}_{tile[1]}"


@dataclass(frozen=True)
class Wiring:
    """The chip's own nets. names: of the nets; ends: their pins (instance, pin), driver first, PORT for ports. trunk, branch: rectangles
    by net; layers of the chip. via_net, via_x, via_y: between both layers; riser_x, riser_y: stacks up from pins. port_x: by port. length:
    database units of wire by net."""

    names: tuple[str, ...]
    origins: tuple[str, ...]
    ends: tuple[tuple[Pin, ...], ...]
    vertical: Ints  # (n, 5): net, x0, y0, x1, y1
    horizontal: Ints
    vias: Ints  # (n, 3): net, x, y
    risers: Ints  # (n, 4): net, x, y, x of the pin below
    pin_rects: tuple[tuple[int, Rect], ...]  # on the pin layer, by net
    ports: dict[str, Rect]
    length: NDArray[np.float64]
    peak_rows: Ints  # most horizontal wires side by side, by row
    missing: int


@dataclass(frozen=True)
class Chip:
    """An assembled chip. repeaters: in use, by tile."""

    netlist: ChipNetlist
    plan: ArrayPlan
    bands: Bands
    placements: tuple[Placement, ...]
    macros: Mapping[str, HardMacro]
    wiring: Wiring
    repeaters: Mapping[Tile, int]
    supply: tuple[tuple[str, Rect], ...]  # metal of power and ground, by net name
    supply_vias: tuple[tuple[str, int, int], ...]  # between strap and power layer: net, x, y

    @property
    def die(self) -> tuple[int, int]:
        return self.plan.die_width, self.bands.die_height


def plan_repeaters(
    netlist: ChipNetlist,
    plan: ArrayPlan,
    macros: Mapping[str, HardMacro],
    bands: Bands,
    glue_x: int,
    reach: float,
    room: int | None,
    shares: Mapping[str, float] | None = None,
    pads: Mapping[Pin, int] | None = None,
) -> Planner:
    """Cut all nets. room: repeaters of a bank, None where it is to be found how many are needed. shares: of the reach, by net that may use
    only so much; pads: repeaters right before pins."""
    shares = shares or {}
    tiles = {tile: (float(plan.x_of(tile[1]) + plan.width / 2), float(bands.bank_y[tile[0]])) for tile in sorted(set(plan.tiles.values()))}
    last_row = max(tile[0] for tile in tiles)
    ends = {row: max(column for r, column in tiles if r == row) for row in {tile[0] for tile in tiles}}
    middles = bands.macro_y

    def tile_of(place: tuple[float, float]) -> Tile:
        row = min(last_row, max(1, int(np.searchsorted(middles, place[1], side="right")) - 1))
        if row < last_row and abs(middles[row + 1] - place[1]) < abs(middles[row] - place[1]):
            row += 1
        column = int((place[0] - plan.gap / 2) // plan.pitch)
        return row, max(0, min(ends[row], column))

    wanted = port_places(netlist, plan, macros, glue_x)

    def where(pin: Pin) -> tuple[float, float]:
        if pin.instance == PORT:
            return float(wanted[pin.name]), 0.0 if pin.name in outputs else float(bands.die_height)
        macro = macros[netlist.macros[pin.instance]]
        if pin.instance == GLUE:
            return float(glue_x + macro.pins[pin.name].x), float(bands.macro_y[0])
        row, column = plan.tiles[pin.instance]
        return float(plan.x_of(column) + macro.pins[pin.name].x), float(bands.macro_y[row])

    outputs = set(netlist.outputs)
    planner = Planner(tiles, reach, room, where, tile_of)
    for net in netlist.nets:
        clock = net.driver == Pin(PORT, "clk")
        planner.cut(net, balanced=clock, weak=net.driver.instance not in (PORT, GLUE), share=shares.get(net.name, 1.0), pads=pads)
    return planner


def port_places(netlist: ChipNetlist, plan: ArrayPlan, macros: Mapping[str, HardMacro], glue_x: int) -> dict[str, int]:
    """Where each port is best along its edge: the middle of the pins that it goes to."""
    found: dict[str, int] = {}
    for net in netlist.nets:
        pins = (net.driver, *net.sinks)
        for port in (pin for pin in pins if pin.instance == PORT):
            xs = []
            for pin in pins:
                if pin.instance == PORT:
                    continue
                base = glue_x if pin.instance == GLUE else plan.x_of(plan.tiles[pin.instance][1])
                xs.append(base + macros[netlist.macros[pin.instance]].pins[pin.name].x)
            found[port.name] = round(sum(xs) / len(xs)) if xs else plan.die_width // 2
    for name in (*netlist.inputs, *netlist.outputs):
        found.setdefault(name, plan.die_width // 2)
    return found


def place_chip_ports(names: list[str], wanted: Mapping[str, int], plan: ArrayPlan) -> dict[str, int]:
    """A track for trunks for each port, in the order of where they are wanted, each as near to that as the others allow."""
    tracks = np.concatenate([plan.trunk_tracks(column) for column in range(plan.columns)])
    order = sorted(names, key=lambda name: (wanted[name], name))
    got: dict[str, int] = {}
    at = 0
    for number, name in enumerate(order):
        last = len(tracks) - (len(order) - number)
        near = int(np.searchsorted(tracks, wanted[name]))
        at = min(last, max(at, near))
        got[name] = int(tracks[at])
        at += 1
    return got


def assemble(
    netlist: ChipNetlist,
    plan: ArrayPlan,
    macros: Mapping[str, HardMacro],
    kit: Kit,
    segments: list[Segment],
    used: Mapping[Tile, int],
    bank_size: int,
    say: Callable[[str], None] = lambda _: None,
) -> Chip:
    """Place the macros and route all nets. segments, used: of the repeaters' plan; bank_size: repeaters of a bank."""
    layers = plan.layers
    glue, bank = macros[netlist.macros[GLUE]], macros[BANK]
    tile_height = max(macros[netlist.macros[name]].height for name in plan.tiles)
    glue_column, _ = glue_slots(plan, len(glue.pins))
    glue_x = plan.x_of(glue_column)
    wanted = port_places(netlist, plan, macros, glue_x)
    # no two ports share a track, not even of different edges, as their wires may pass the whole height
    ports_x = place_chip_ports([*netlist.inputs, *netlist.outputs], wanted, plan)
    slots = np.array([bank.pins[f"a[{k}]"].x for k in range(bank_size)], dtype=np.float64)

    def pin_x(pin: Pin) -> float:
        return float(plan.x_of(plan.tiles[pin.instance][1]) + macros[netlist.macros[pin.instance]].pins[pin.name].x)

    seats = seat_repeaters(segments, pin_x, lambda tile: float(plan.x_of(tile[1])), slots)
    names, origins, ends = _nets(netlist, plan, segments, seats, bank_size)
    needed = np.zeros(plan.rows, dtype=np.int64)
    bands = make_bands(plan, tile_height, bank.height, glue.height, needed)
    say(f"{len(names):,} nets, {sum(len(e) for e in ends):,} pins")
    base = {name: (plan.x_of(tile[1]), tile) for name, tile in plan.tiles.items()}
    base |= {bank_name(tile): (plan.x_of(tile[1]), tile) for tile in set(plan.tiles.values())}
    base[GLUE] = glue_x, (0, glue_column)
    module = {**netlist.macros, **{bank_name(tile): BANK for tile in set(plan.tiles.values())}}
    outputs = set(netlist.outputs)

    net_of: list[int] = []
    x, row, column, port = [], [], [], []
    for number, pins in enumerate(ends):
        for pin in pins:
            net_of.append(number)
            if pin.instance == PORT:
                at = ports_x[pin.name]
                x.append(at)
                row.append(0 if pin.name in outputs else plan.rows - 1)
                column.append((at - plan.gap // 2) // plan.pitch)
                port.append(True)
            else:
                left, tile = base[pin.instance]
                at = left + macros[module[pin.instance]].pins[pin.name].x
                x.append(at)
                row.append(tile[0])
                column.append((at - plan.gap // 2) // plan.pitch)
                port.append(False)
    terminals = Terminals(_array(net_of), _array(x), _array(x) * 0, _array(row), _array(column), np.array(port, dtype=bool))
    trunks = trunks_of(terminals, len(names))
    trunk_x, missing = _trunk_tracks(trunks, plan)
    branches = branches_of(terminals, trunks, trunk_x, len(names))
    space = layers.h_pitch // 2 + 1
    weak = np.array([pins[0].instance not in (PORT, GLUE) and module[pins[0].instance] != BANK for pins in ends])[branches.net]

    def side_by_side(row: int) -> int:
        """Tracks that a row needs: those for branches of weak drivers are no others'."""
        parts = (np.flatnonzero((branches.row == row) & some) for some in (weak, ~weak))
        return sum(density(branches.x0[mine] - space, branches.x1[mine] + space) for mine in parts)

    needed = _array([side_by_side(row) for row in range(plan.rows)])
    bands = make_bands(plan, tile_height, bank.height, glue.height, needed)

    def y_of(pin: Pin) -> int:
        if pin.instance == PORT:
            return 0 if pin.name in outputs else bands.die_height
        tile = base[pin.instance][1]
        low = bands.bank_y if module[pin.instance] == BANK else bands.macro_y
        return int(low[tile[0]]) - layers.rise

    y = _array([y_of(pin) for pins in ends for pin in pins])
    terminals = Terminals(terminals.net, terminals.x, y, terminals.row, terminals.column, terminals.port)
    branch_y, more = _branch_tracks(branches, weak, terminals, bands, layers, space)
    wiring = _draw(
        netlist, names, origins, ends, terminals, trunks, trunk_x, branches, branch_y, bands, layers, macros, module, base, ports_x
    )
    wiring = _with(wiring, needed, missing + more)
    placements = [Placement(name, module[name], left, _macro_y(bands, module[name], tile), tile) for name, (left, tile) in base.items()]
    supply, supply_vias = supply_lines(plan, bands, placements, macros, kit)
    return Chip(netlist, plan, bands, tuple(placements), macros, wiring, used, supply, supply_vias)


def _macro_y(bands: Bands, module: str, tile: Tile) -> int:
    return int(bands.bank_y[tile[0]] if module == BANK else bands.macro_y[tile[0]])


def _nets(
    netlist: ChipNetlist, plan: ArrayPlan, segments: list[Segment], seats: Mapping[tuple[Tile, int], int], bank_size: int
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[tuple[Pin, ...], ...]]:
    """Names, nets of the network that they belong to, and pins of the chip's wires; constants of every tile come last."""
    names: list[str] = []
    origins: list[str] = []
    ends: list[tuple[Pin, ...]] = []
    parts: dict[str, int] = {}

    def pin(node: Node, output: bool) -> Pin:
        if node.pin is not None:
            return node.pin
        return Pin(bank_name(node.tile), f"{'z' if output else 'a'}[{seats[node.tile, node.number]}]")

    for segment in segments:
        number = parts.get(segment.origin, 0)
        parts[segment.origin] = number + 1
        # the wire of the net's own driver keeps its name
        names.append(segment.origin if segment.driver.pin is not None else f"{segment.origin}_part{number}")
        origins.append(segment.origin)
        ends.append((pin(segment.driver, True), *(pin(node, False) for node in segment.sinks)))
    tied: dict[tuple[Tile, int], list[Pin]] = {}
    for at, value in netlist.ties.items():
        tied.setdefault((plan.tiles[at.instance], value), []).append(at)
    taken = {(tile, seat) for (tile, _), seat in seats.items()}
    for tile in sorted(set(plan.tiles.values())):
        spare = [Pin(bank_name(tile), f"a[{k}]") for k in range(bank_size) if (tile, k) not in taken]
        for value, word in ((1, HIGH), (0, LOW)):
            sinks = [*tied.get((tile, value), []), *(spare if value == 0 else [])]
            if sinks:
                names.append(f"{word}_{tile[0]}_{tile[1]}")
                origins.append(word)
                ends.append((Pin(bank_name(tile), word), *sinks))
    return tuple(names), tuple(origins), tuple(ends)


def _trunk_tracks(trunks: Trunks, plan: ArrayPlan) -> tuple[Ints, int]:
    """x of every trunk, and how many found no track."""
    got = np.full(len(trunks.net), -1)
    missing = 0
    for column in range(plan.columns):
        mine = np.flatnonzero(trunks.column == column)
        tracks = plan.trunk_tracks(column)
        # whole rows are taken, so that where in a row a trunk begins needs no thought; a port's begins at the edge
        middle = np.full(len(mine), int(tracks[len(tracks) // 2]))
        placed, lost = pack(trunks.first[mine], trunks.last[mine], middle, tracks, trunks.fixed[mine])
        got[mine] = placed
        missing += lost
    return got, missing


def _branch_tracks(
    branches: Branches, weak: NDArray[np.bool_], terminals: Terminals, bands: Bands, layers: ChipLayers, space: int
) -> tuple[Ints, int]:
    """y of every branch, and how many found no track; near to where its pins are, those of weak drivers before all others."""
    got = np.full(len(branches.net), -1)
    missing = 0
    rows = len(bands.bottom)
    key = terminals.net * rows + terminals.row
    total = np.bincount(key, weights=terminals.y)
    count = np.bincount(key)
    mean = (total / np.maximum(count, 1))[branches.net * rows + branches.row].astype(np.int64)
    for row in range(rows):
        tracks = bands.tracks(row, layers)
        for some in (weak, ~weak):
            mine = np.flatnonzero((branches.row == row) & some)
            start, end = branches.x0[mine] - space, branches.x1[mine] + space
            own = tracks
            if some is weak and len(mine):
                # as many as lie side by side, next to their pins
                near = np.argsort(np.abs(tracks - int(np.median(mean[mine]))), kind="stable")[: density(start, end)]
                own, tracks = tracks[np.sort(near)], np.delete(tracks, near)
            placed, lost = pack(start, end, mean[mine], own)
            got[mine] = placed
            missing += lost
    return got, missing


def _draw(
    netlist: ChipNetlist,
    names: tuple[str, ...],
    origins: tuple[str, ...],
    ends: tuple[tuple[Pin, ...], ...],
    terminals: Terminals,
    trunks: Trunks,
    trunk_x: Ints,
    branches: Branches,
    branch_y: Ints,
    bands: Bands,
    layers: ChipLayers,
    macros: Mapping[str, HardMacro],
    module: Mapping[str, str],
    base: Mapping[str, tuple[int, Tile]],
    ports_x: Mapping[str, int],
) -> Wiring:
    """Rectangles and vias of all nets."""
    rows = len(bands.bottom)
    half_v, half_h = layers.vertical.width // 2, layers.horizontal.width // 2
    y_at = np.full(len(names) * rows, -1)
    y_at[branches.net * rows + branches.row] = branch_y
    x_at = np.full(len(names), -1)
    x_at[trunks.net] = trunk_x
    mine = y_at[terminals.net * rows + terminals.row]
    # stubs: from a pin to its row's branch; a pin whose row has none stands on its trunk, which then goes as far as the pin
    straight = mine < 0
    low, high = np.minimum(terminals.y, mine), np.maximum(terminals.y, mine)
    stub = ~straight
    vertical = [np.stack([terminals.net, terminals.x - half_v, low - half_v, terminals.x + half_v, high + half_v], axis=1)[stub]]
    at_trunk = x_at[terminals.net]
    vias = [np.stack([terminals.net, terminals.x, mine], axis=1)[stub]]
    # trunks: over all branches of the net, and its pins that stand on them
    bottom = np.full(len(names), np.iinfo(np.int64).max)
    top = np.full(len(names), np.iinfo(np.int64).min)
    np.minimum.at(bottom, branches.net, branch_y)
    np.maximum.at(top, branches.net, branch_y)
    on = straight | (terminals.x == at_trunk)
    np.minimum.at(bottom, terminals.net[on], terminals.y[on])
    np.maximum.at(top, terminals.net[on], terminals.y[on])
    t = trunks.net[top[trunks.net] > bottom[trunks.net]]
    vertical.append(np.stack([t, x_at[t] - half_v, bottom[t] - half_v, x_at[t] + half_v, top[t] + half_v], axis=1))
    joined = x_at[branches.net] >= 0
    vias.append(np.stack([branches.net, x_at[branches.net], branch_y], axis=1)[joined])
    horizontal = np.stack([branches.net, branches.x0 - half_h, branch_y - half_h, branches.x1 + half_h, branch_y + half_h], axis=1)
    risers, pin_rects, ports = [], [], {}
    at = 0
    for number, pins in enumerate(ends):
        for pin in pins:
            x, y = int(terminals.x[at]), int(terminals.y[at])
            at += 1
            if pin.instance == PORT:
                up = layers.vertical.width * 2
                ports[pin.name] = Rect(layers.vertical.name, x - half_v, max(0, y - up), x + half_v, min(bands.die_height, y + up))
                continue
            left, tile = base[pin.instance]
            inside = macros[module[pin.instance]].pins[pin.name].rect
            corner = _macro_y(bands, module[pin.instance], tile)
            risers.append((number, x, y))
            half = (inside.x1 - inside.x0) // 2
            px = left + (inside.x0 + inside.x1) // 2
            pin_rects.append((number, Rect(inside.layer, px - half, y - half, px + half, corner + inside.y1)))
            if px != x:
                pin_rects.append((number, Rect(inside.layer, min(px, x) - half, y - half, max(px, x) + half, y + half)))
    shapes = np.concatenate(vertical)
    length = np.zeros(len(names), dtype=np.float64)
    length += np.bincount(shapes[:, 0], weights=shapes[:, 4] - shapes[:, 2], minlength=len(names))
    length += np.bincount(horizontal[:, 0], weights=horizontal[:, 3] - horizontal[:, 1], minlength=len(names))
    none = np.zeros(rows, dtype=np.int64)
    every = np.unique(np.concatenate(vias), axis=0)
    return Wiring(names, origins, ends, shapes, horizontal, every, np.array(risers), tuple(pin_rects), ports, length, none, 0)


def _array(values: Sequence[int]) -> Ints:
    return np.array(values, dtype=np.int64)


def _with(wiring: Wiring, peak: Ints, missing: int) -> Wiring:
    return replace(wiring, peak_rows=peak, missing=missing)
