"""The layout data base of one block: what DEF holds, as plain Python objects.

Every physical step is a function ``(Block, Kit, options) -> Block`` (or a result that holds a new Block). A step works on
``block.copy()`` and leaves its argument as it was. Lengths are integer database units of the kit's technology.
Iteration order of every dictionary is meaningful (it is the file order), so results are deterministic.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from neutnngen.pdk.technology import Master, Rect

Orientation = Literal["N", "S", "FN", "FS"]
InstanceKind = Literal["logic", "buffer", "clock", "tie", "tap", "filler", "antenna"]
NetUse = Literal["signal", "clock", "power", "ground"]


class PinRef(NamedTuple):
    """A pin of an instance, or a port of the block when ``instance`` is None."""

    instance: str | None
    pin: str


class Wire(NamedTuple):
    """A straight wire on its centre line, ``(x0, y0) <= (x1, y1)``, horizontal or vertical.

    ``extend`` is how far metal goes beyond both ends: half the width for signal wires (as DEF means it), 0 for power straps.
    """

    layer: str
    x0: int
    y0: int
    x1: int
    y1: int
    width: int
    extend: int

    def rect(self) -> Rect:
        """The metal of this wire."""
        half = self.width // 2
        if self.y0 == self.y1 and (self.x0 != self.x1 or self.extend == half):
            return Rect(self.layer, self.x0 - self.extend, self.y0 - half, self.x1 + self.extend, self.y1 + half)
        return Rect(self.layer, self.x0 - half, self.y0 - self.extend, self.x1 + half, self.y1 + self.extend)


class Via(NamedTuple):
    """A via of the technology, placed at ``(x, y)``."""

    name: str
    x: int
    y: int


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keeps the garbage collector still while many objects are made: it would look at all of them again and again."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


@dataclass
class Instance:
    """A placed (or not yet placed) cell. ``(x, y)`` is the lower left corner of its outline after orientation."""

    name: str
    master: str
    x: int = 0
    y: int = 0
    orient: Orientation = "N"
    placed: bool = False
    fixed: bool = False
    kind: InstanceKind = "logic"


@dataclass
class Port:
    """A pin of the block itself; ``rect`` is absolute and None until pins are placed."""

    name: str
    direction: Literal["input", "output", "inout"]
    net: str
    rect: Rect | None = None


@dataclass
class Net:
    """A net; for power and ground ``pins`` may be empty: every instance's supply pin is meant."""

    name: str
    use: NetUse = "signal"
    pins: list[PinRef] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)
    vias: list[Via] = field(default_factory=list)


class Row(NamedTuple):
    name: str
    site: str
    x: int
    y: int
    orient: Orientation
    sites: int


@dataclass
class Block:
    name: str
    die: Rect  # layer ""
    core: Rect  # layer "", the rows fill it
    rows: list[Row] = field(default_factory=list)
    instances: dict[str, Instance] = field(default_factory=dict)
    ports: dict[str, Port] = field(default_factory=dict)
    nets: dict[str, Net] = field(default_factory=dict)

    def copy(self) -> Block:
        """A copy that shares nothing mutable."""
        with collector_paused():
            instances = {n: Instance(i.name, i.master, i.x, i.y, i.orient, i.placed, i.fixed, i.kind) for n, i in self.instances.items()}
            ports = {n: Port(p.name, p.direction, p.net, p.rect) for n, p in self.ports.items()}
            nets = {n: Net(net.name, net.use, net.pins.copy(), net.wires.copy(), net.vias.copy()) for n, net in self.nets.items()}
        return Block(self.name, self.die, self.core, list(self.rows), instances, ports, nets)


def transform(rect: Rect, master: Master, instance: Instance) -> Rect:
    """A rectangle of ``master`` in block coordinates."""
    x0, y0, x1, y1 = rect.x0, rect.y0, rect.x1, rect.y1
    if instance.orient in ("FN", "S"):
        x0, x1 = master.width - x1, master.width - x0
    if instance.orient in ("FS", "S"):
        y0, y1 = master.height - y1, master.height - y0
    return Rect(rect.layer, instance.x + x0, instance.y + y0, instance.x + x1, instance.y + y1)
