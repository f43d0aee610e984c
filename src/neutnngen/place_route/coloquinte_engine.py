"""Placement by the Coloquinte engine (PyPI ``coloquinte``): an alternative to our own, selectable by name."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from neutnngen.errors import MissingTool
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block, Orientation
from neutnngen.place_route.wiring import pin_offset

GLOBAL_DENSITY = 0.8
"""Density to which cells are widened during placement, so that they spread over the core and leave room for wires. Measured on 5.5 k cells
at 65 and 75 % utilisation: routed wires 3 % shorter than with 0.95, no conflict left either way."""

WEIGHT_UNIT = 100
"""Weight of an ordinary net for the engine, which cuts weights down to whole numbers (0.99 would be 0, no net at all)."""

JITTER = 0.05

_NAMES: tuple[Orientation, ...] = ("N", "S", "FN", "FS")


def _engine() -> ModuleType:
    try:
        import coloquinte  # not for every platform
    except ImportError as error:
        raise MissingTool("the placement engine coloquinte is not installed", next_step='layout.engine = "electrostatic"') from error
    module: ModuleType = coloquinte
    return module


def _orientations(engine: ModuleType) -> dict[Orientation, Any]:
    return {name: getattr(engine.CellOrientation, name) for name in _NAMES}


@contextmanager
def _silent() -> Iterator[None]:
    """Keep the engine's own lines, which it writes past Python, out of standard output."""
    sys.stdout.flush()
    saved = os.dup(1)
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 1)
        yield
    finally:
        os.dup2(saved, 1)
        os.close(saved)
        os.close(sink)


def _circuit(block: Block, kit: Kit, net_weights: Mapping[str, float], rng: random.Random | None) -> tuple[Any, list[str]]:
    """The block as the engine sees it: instances in their order, then one fixed point for every port.

    ``rng`` varies the nets' weights by up to ``JITTER``: that is how a seed matters, since the engine's own changes small blocks little.
    """
    coloquinte = _engine()
    orientations = _orientations(coloquinte)
    instances = [i for i in block.instances.values() if i.kind != "filler"]
    ports = [p for p in block.ports.values() if p.rect is not None]
    circuit = coloquinte.Circuit(len(instances) + len(ports))
    masters = [kit.masters[i.master] for i in instances]
    circuit.cell_width = [m.width for m in masters] + [0] * len(ports)
    circuit.cell_height = [m.height for m in masters] + [0] * len(ports)
    centres = [((p.rect.x0 + p.rect.x1) // 2, (p.rect.y0 + p.rect.y1) // 2) for p in ports if p.rect is not None]
    circuit.cell_x = [i.x for i in instances] + [c[0] for c in centres]
    circuit.cell_y = [i.y for i in instances] + [c[1] for c in centres]
    circuit.cell_is_fixed = [i.fixed for i in instances] + [True] * len(ports)
    circuit.cell_is_obstruction = [True] * len(instances) + [False] * len(ports)
    circuit.cell_orientation = [orientations[i.orient] for i in instances] + [coloquinte.CellOrientation.N] * len(ports)
    circuit.cell_row_polarity = [coloquinte.CellRowPolarity.SAME] * len(instances) + [coloquinte.CellRowPolarity.ANY] * len(ports)
    site = {name: s.width for name, s in kit.technology.sites.items()}
    height = {name: s.height for name, s in kit.technology.sites.items()}
    circuit.rows = [
        coloquinte.Row(coloquinte.Rectangle(r.x, r.x + r.sites * site[r.site], r.y, r.y + height[r.site]), orientations[r.orient])
        for r in block.rows
    ]
    index = {i.name: k for k, i in enumerate(instances)}
    port_index = {p.name: len(instances) + k for k, p in enumerate(ports)}
    for net in block.nets.values():
        if net.use not in ("signal", "clock"):
            continue
        cells, xs, ys = [], [], []
        for ref in net.pins:
            if ref.instance is not None:
                x, y = pin_offset(kit.masters[block.instances[ref.instance].master], ref.pin)
                cells.append(index[ref.instance])
            elif ref.pin in port_index:
                x, y = 0, 0
                cells.append(port_index[ref.pin])
            else:
                continue
            xs.append(x)
            ys.append(y)
        if len(cells) > 1:
            weight = net_weights.get(net.name, 1.0) * (rng.uniform(1 - JITTER, 1 + JITTER) if rng is not None else 1.0)
            circuit.add_net(cells, xs, ys, max(1, round(WEIGHT_UNIT * weight)))
    return circuit, [i.name for i in instances]


def _take(block: Block, kit: Kit, circuit: Any, names: list[str], *, snap: bool) -> Block:
    """The engine's result as a new block; with ``snap`` every cell moves left to its site (widths are whole sites, so order is kept)."""
    made = block.copy()
    left = made.core.x0
    site = kit.technology.sites[kit.roles.core_site].width
    names_of = {int(value): name for name, value in _orientations(_engine()).items()}
    # each of these attributes is a whole new list
    xs, ys, orientations = circuit.cell_x, circuit.cell_y, circuit.cell_orientation
    for k, name in enumerate(names):
        instance = made.instances[name]
        if instance.fixed:
            continue
        x = int(xs[k])
        instance.x = left + (x - left) // site * site if snap else x
        instance.y = int(ys[k])
        instance.orient = names_of.get(int(orientations[k]), "N")
        instance.placed = True
    return made


def spread_by_coloquinte(block: Block, kit: Kit, seed: int, effort: int, net_weights: Mapping[str, float]) -> Block:
    """Global placement; always from the engine's own start."""
    circuit, names = _circuit(block, kit, net_weights, random.Random(seed))
    circuit.expand_cells_to_density(GLOBAL_DENSITY, 0.0)
    parameters = _engine().ColoquinteParameters(effort, seed)
    with _silent():
        circuit.place_global(parameters)
    return _take(block, kit, circuit, names, snap=False)


def legal_by_coloquinte(block: Block, kit: Kit, seed: int, effort: int, net_weights: Mapping[str, float]) -> Block | None:
    """Legal and detailed placement; None where the engine gives up. What it makes may still break rules."""
    circuit, names = _circuit(block, kit, net_weights, None)
    parameters = _engine().ColoquinteParameters(effort, seed)
    try:
        with _silent():
            circuit.legalize(parameters)
            circuit.place_detailed(parameters)
    except RuntimeError:  # all that the engine raises when cells do not fit its way
        return None
    return _take(block, kit, circuit, names, snap=True)
