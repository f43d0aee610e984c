"""Pictures of the stages of a layout, drawn from the block: floorplan, cells, clock tree, power grid and the critical path."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from neutnngen.files import write_atomic
from neutnngen.pdk.technology import Kit, Rect
from neutnngen.place_route.block import Block, Instance, Net

GROUND, INK, FAINT = "#0e1116", "#d5dbe5", "#2b3340"
KINDS = {
    "logic": "#3f74c9",
    "register": "#ffb454",
    "buffer": "#3ddc97",
    "clock buffer": "#ff5d6c",
    "tie": "#c792ea",
    "tap or antenna": "#6f7a88",
    "filler": "#222a35",
}
LEVELS = ("#ff5d6c", "#ffb454", "#e6e27a", "#3ddc97", "#56d4dd", "#c792ea", "#ff8ad8", "#9cc665")
SUPPLIES = ("#ff5d6c", "#56a8dd")
NAMED_PORTS = 40
NAME_LINE = 0.018
"""Height of a line of text as a share of the larger side of the die."""
_Box = tuple[int, int, int, int]


class _Canvas:
    """A picture of the die in micrometres."""

    def __init__(self, block: Block, kit: Kit, title: str, inches: float = 7.5) -> None:
        from matplotlib.figure import Figure  # slow to load

        self.um = 1 / kit.technology.dbu
        die = block.die
        wide, tall = (die.x1 - die.x0) * self.um, (die.y1 - die.y0) * self.um
        self.figure = Figure(figsize=(inches, inches * min(2.0, max(0.5, tall / wide)) + 0.8), facecolor=GROUND, layout="constrained")
        self.axes: Any = self.figure.subplots()
        self.axes.set_facecolor(GROUND)
        self.axes.set_xlim(die.x0 * self.um - 0.02 * wide, die.x1 * self.um + 0.02 * wide)
        self.axes.set_ylim(die.y0 * self.um - 0.02 * tall, die.y1 * self.um + 0.02 * tall)
        self.axes.set_aspect("equal")
        self.axes.tick_params(colors=INK, labelsize=7)
        for spine in self.axes.spines.values():
            spine.set_color(FAINT)
        self.axes.set_title(title, color=INK, fontsize=10)
        self.axes.set_xlabel("um", color=INK, fontsize=8)
        self.boxes([tuple(die[1:])], "none", edge=INK)

    def boxes(self, boxes: Sequence[Any], colour: str, edge: str = "none", label: str | None = None, alpha: float = 1.0) -> None:
        """Rectangles in database units."""
        from matplotlib.collections import PolyCollection

        if len(boxes):
            b = np.array(boxes, float) * self.um
            corners = np.stack([b[:, [0, 1]], b[:, [2, 1]], b[:, [2, 3]], b[:, [0, 3]]], axis=1)
            self.axes.add_collection(PolyCollection(list(corners), facecolors=colour, edgecolors=edge, linewidths=0.6, alpha=alpha))
        if label is not None:
            self.axes.plot([], [], "s", color=colour, label=label)

    def lines(self, lines: Sequence[Any], colour: str, width: float, label: str | None = None) -> None:
        """Straight lines (x0, y0, x1, y1) in database units."""
        from matplotlib.collections import LineCollection

        if len(lines):
            ends = (np.array(lines, float) * self.um).reshape(-1, 2, 2)
            self.axes.add_collection(LineCollection(list(ends), colors=colour, linewidths=width, capstyle="projecting"))
        if label is not None:
            self.axes.plot([], [], "-", color=colour, label=label)

    def text(self, x: int, y: int, words: str, **style: Any) -> None:
        self.axes.text(x * self.um, y * self.um, words, color=INK, fontsize=6, **style)

    def save(self, png: Path) -> Path:
        handles, _ = self.axes.get_legend_handles_labels()
        if handles:
            legend = self.figure.legend(loc="outside lower center", ncols=4, fontsize=8, facecolor=GROUND, edgecolor=FAINT)
            for words in legend.get_texts():
                words.set_color(INK)
        buffer = BytesIO()
        self.figure.savefig(buffer, format="png", dpi=150, metadata={"Software": None})
        return write_atomic(png, buffer.getvalue())


def _outline(instance: Instance, kit: Kit) -> _Box:
    master = kit.masters[instance.master]
    return instance.x, instance.y, instance.x + master.width, instance.y + master.height


def _kind(instance: Instance, kit: Kit) -> str:
    named = {"buffer": "buffer", "clock": "clock buffer", "tie": "tie", "tap": "tap or antenna", "antenna": "tap or antenna"}
    if instance.kind == "filler":
        return "filler"
    cell = kit.cells.get(instance.master)
    return named.get(instance.kind) or ("register" if cell is not None and cell.sequential else "logic")


def _background(canvas: _Canvas, block: Block, kit: Kit) -> None:
    """All cells with a function, faint."""
    canvas.boxes([_outline(i, kit) for i in block.instances.values() if i.placed and i.kind not in ("filler", "tap")], FAINT)


def draw_floorplan(block: Block, kit: Kit, png: Path) -> Path:
    """Die, rows and ports."""
    canvas = _Canvas(block, kit, f"{block.name}: floorplan, {len(block.rows)} rows, {len(block.ports)} ports")
    for parity, colour in ((0, "#1c2430"), (1, "#242e3c")):
        rows = [row for k, row in enumerate(block.rows) if k % 2 == parity]
        site = kit.technology.sites
        canvas.boxes([(r.x, r.y, r.x + r.sites * site[r.site].width, r.y + site[r.site].height) for r in rows], colour)
    signal = [p for p in block.ports.values() if p.rect is not None and block.nets[p.net].use not in ("power", "ground")]
    least = 0.008 * (block.die.x1 - block.die.x0)
    for direction, colour in (("input", "#3ddc97"), ("output", "#ffb454")):
        ports = [port for port in signal if port.direction == direction]
        canvas.boxes([_grown(port.rect, least) for port in ports if port.rect is not None], colour, label=f"{len(ports)} {direction}s")
    if len(signal) <= NAMED_PORTS:
        for name, rect in _with_room_for_names([(port.name, port.rect) for port in signal if port.rect is not None], block.die):
            _name_port(canvas, name, rect, block.die)
    return canvas.save(png)


def _with_room_for_names(ports: Sequence[tuple[str, Rect]], die: Rect) -> list[tuple[str, Rect]]:
    """Those of ``ports`` whose names can be read: along a side each lies a line of text away from the named one before it."""
    line = NAME_LINE * max(die.x1 - die.x0, die.y1 - die.y0)
    found: list[tuple[str, Rect]] = []
    latest: dict[tuple[bool, bool], int] = {}
    for name, rect in sorted(ports, key=lambda port: (port[1].x0 + port[1].y0, port[0])):
        side = beside, _ = _side(rect, die)
        at = rect.y0 if beside else rect.x0
        if side not in latest or at - latest[side] >= line:
            latest[side] = at
            found.append((name, rect))
    return found


def _side(rect: Rect, die: Rect) -> tuple[bool, bool]:
    """Whether a port is on the left or right side, and whether on the right or upper one."""
    beside = rect.x0 <= die.x0 or rect.x1 >= die.x1
    return beside, rect.x1 >= die.x1 if beside else rect.y1 >= die.y1


def _name_port(canvas: _Canvas, name: str, rect: Rect, die: Rect) -> None:
    """The name of a port into the die, from the port's side on: outside are title and axes."""
    beside, last = _side(rect, die)
    x = rect.x0 if beside and last else rect.x1 if beside else (rect.x0 + rect.x1) // 2
    y = (rect.y0 + rect.y1) // 2 if beside else rect.y0 if last else rect.y1
    side: dict[str, Any] = {"ha": "right" if last else "left", "va": "center", "rotation_mode": "anchor"}
    canvas.text(x, y, f" {name} ", rotation=0 if beside else 60, **side)


def _grown(rect: Rect, least: float) -> tuple[float, float, float, float]:
    x, y = (rect.x0 + rect.x1) / 2, (rect.y0 + rect.y1) / 2
    dx, dy = max(least, rect.x1 - rect.x0) / 2, max(least, rect.y1 - rect.y0) / 2
    return x - dx, y - dy, x + dx, y + dy


def draw_cells(block: Block, kit: Kit, png: Path) -> Path:
    """Placed cells, coloured by what they are."""
    groups: dict[str, list[_Box]] = {kind: [] for kind in KINDS}
    for instance in block.instances.values():
        if instance.placed:
            groups[_kind(instance, kit)].append(_outline(instance, kit))
    count = sum(len(boxes) for kind, boxes in groups.items() if kind not in ("filler", "tap or antenna"))
    canvas = _Canvas(block, kit, f"{block.name}: {count:,} cells")
    for kind, boxes in groups.items():
        if boxes:
            canvas.boxes(boxes, KINDS[kind], edge=GROUND if len(boxes) < 3000 else "none", label=f"{len(boxes):,} {kind}")
    return canvas.save(png)


def draw_clock_tree(block: Block, kit: Kit, png: Path) -> Path:
    """Wires of the clock nets, coloured by their level in the tree, over faint cells."""
    levels = clock_levels(block, kit)
    canvas = _Canvas(block, kit, f"{block.name}: clock tree, {len(levels)} nets, {max(levels.values(), default=-1) + 1} levels")
    _background(canvas, block, kit)
    for level in sorted(set(levels.values()), reverse=True):  # the trunk lies on top
        nets = [block.nets[name] for name, at in levels.items() if at == level]
        width = (2.0 if level == 0 else 1.5 if level == 1 else 1.0) * min(1.0, 1.5 / max(1.0, len(nets) / 100) ** 0.5)
        canvas.lines(_wires(nets, block, kit), LEVELS[level % len(LEVELS)], width, label=f"level {level}: {len(nets)} nets")
    buffers = [_outline(i, kit) for i in block.instances.values() if i.kind == "clock"]
    canvas.boxes(buffers, "#ffffff", label=f"{len(buffers)} clock buffers")
    return canvas.save(png)


def clock_levels(block: Block, kit: Kit) -> dict[str, int]:
    """Level of every clock net: 0 for those that a port or nothing drives, one more behind every cell."""
    clocks = {name: net for name, net in block.nets.items() if net.use == "clock"}
    drives: dict[str, str] = {}
    reads: dict[str, list[str]] = {}
    for name, net in clocks.items():
        for ref in net.pins:
            if ref.instance is None:
                continue
            pin = kit.masters[block.instances[ref.instance].master].pins[ref.pin]
            if pin.direction == "output":
                drives[name] = ref.instance
            else:
                reads.setdefault(ref.instance, []).append(name)
    levels: dict[str, int] = {}

    def level(name: str) -> int:
        chain = []
        while name not in levels:
            chain.append(name)
            above = reads.get(drives.get(name, ""), [])
            if not above or above[0] in chain:
                levels[chain.pop()] = 0
                break
            name = above[0]
        for below in reversed(chain):
            levels[below] = levels[reads[drives[below]][0]] + 1
        return levels[name]

    for name in clocks:
        level(name)
    return levels


def _wires(nets: Iterable[Net], block: Block, kit: Kit) -> list[tuple[float, float, float, float]]:
    """Centre lines of the wires of nets; of a net without wires, lines from its first pin to all others."""
    lines: list[tuple[float, float, float, float]] = []
    for net in nets:
        if net.wires:
            lines += [(w.x0, w.y0, w.x1, w.y1) for w in net.wires]
            continue
        places = []
        for ref in net.pins:
            rect = block.ports[ref.pin].rect if ref.instance is None else Rect("", *_outline(block.instances[ref.instance], kit))
            if rect is not None:
                places.append(((rect.x0 + rect.x1) / 2, (rect.y0 + rect.y1) / 2))
        lines += [(*places[0], *place) for place in places[1:]]
    return lines


def draw_power_grid(block: Block, kit: Kit, png: Path) -> Path:
    """Rails and straps of both supplies, wide metal in its true size."""
    roles = kit.roles
    nets = [block.nets[name] for name in (roles.power_net, roles.ground_net) if name in block.nets]
    canvas = _Canvas(block, kit, f"{block.name}: power grid")
    named = {kit.straps.rail_layer, *(layer for layer, _, _ in kit.straps.straps)}
    for net, colour in zip(nets, SUPPLIES, strict=False):
        lines = [wire for wire in net.wires if wire.layer in named]
        canvas.lines([(w.x0, w.y0, w.x1, w.y1) for w in lines if w.layer == kit.straps.rail_layer], colour, 0.4)
        straps = [w.rect()[1:] for w in lines if w.layer != kit.straps.rail_layer]
        canvas.boxes(straps, colour, label=f"{net.name}: {len(lines)} lines, {len(net.vias):,} vias", alpha=0.8)
    return canvas.save(png)


def draw_path(block: Block, kit: Kit, pins: Sequence[str], title: str, png: Path) -> Path:
    """A timing path over faint cells: its cells and the whole nets between them. pins: "instance/pin" or a port, in their order."""
    canvas = _Canvas(block, kit, title)
    _background(canvas, block, kit)
    names = [pin.replace("\\", "") for pin in pins]
    on_path = [name.rpartition("/")[0] for name in names]
    cells = list(dict.fromkeys(name for name in on_path if name in block.instances))
    wanted = set(names)
    nets = []
    for net in block.nets.values():
        if net.use in ("power", "ground"):
            continue
        here = [ref for ref in net.pins if (ref.pin if ref.instance is None else f"{ref.instance}/{ref.pin}") in wanted]
        if len(here) > 1:
            nets.append(net)
    clocks = [net for net in nets if net.use == "clock"]
    canvas.lines(_wires(clocks, block, kit), "#7b8696", 0.9, label=f"{len(clocks)} clock nets")
    canvas.lines(_wires([net for net in nets if net.use != "clock"], block, kit), "#56d4dd", 1.2, label=f"{len(nets) - len(clocks)} nets")
    canvas.boxes([_outline(block.instances[name], kit) for name in cells], "#ffb454", label=f"{len(cells)} cells")
    data = [name for name in cells if block.instances[name].kind != "clock"]
    marked = zip(data[:1] + data[-1:], ("start", "end"), strict=False)
    ends = [(_outline(block.instances[name], kit), f"{mark}: {name}") for name, mark in marked]
    for (box, words), above in zip(sorted(ends, key=lambda end: -end[0][3]), (True, False), strict=False):
        canvas.text(box[2], box[3] if above else box[1], words, va="bottom" if above else "top")  # apart even where the cells touch
    return canvas.save(png)
