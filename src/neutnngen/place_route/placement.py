"""Placement by the Coloquinte engine: global, legal, detailed."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import coloquinte

from neutnngen.errors import ConfigError, ToolFailed
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block, Orientation
from neutnngen.place_route.legalise import legalise
from neutnngen.place_route.placement_check import check_placement
from neutnngen.place_route.wiring import hpwl, pin_offset

__all__ = ["hpwl", "place", "place_global", "place_legal"]

Progress = Callable[[str], None]

GLOBAL_DENSITY = 0.8
"""Density to which cells are widened during placement, so that they spread over the core and leave room for wires. Measured on 5.5 k cells
at 65 and 75 % utilisation: routed wires 3 % shorter than with 0.95, no conflict left either way."""

WEIGHT_UNIT = 100
"""Weight of an ordinary net for the engine, which cuts weights down to whole numbers (0.99 would be 0, no net at all)."""

JITTER = 0.05

_ORIENTATIONS: dict[Orientation, coloquinte.CellOrientation] = {
    "N": coloquinte.CellOrientation.N,
    "S": coloquinte.CellOrientation.S,
    "FN": coloquinte.CellOrientation.FN,
    "FS": coloquinte.CellOrientation.FS,
}
_NAMES = {int(value): key for key, value in _ORIENTATIONS.items()}


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


def _check(block: Block, effort: int) -> None:
    if not 1 <= effort <= 9:
        raise ConfigError("layout.effort is out of range", got=effort, allowed="1 … 9")
    if not block.rows:
        raise ConfigError("the block has no rows", got=block.name, next_step="make_floorplan first")


def _circuit(block: Block, kit: Kit, net_weights: Mapping[str, float], rng: random.Random | None) -> tuple[coloquinte.Circuit, list[str]]:
    """The block as the engine sees it: instances in their order, then one fixed point for every port.

    ``rng`` varies the nets' weights by up to ``JITTER``: that is how a seed matters, since the engine's own changes small blocks little.
    """
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
    circuit.cell_orientation = [_ORIENTATIONS[i.orient] for i in instances] + [coloquinte.CellOrientation.N] * len(ports)
    circuit.cell_row_polarity = [coloquinte.CellRowPolarity.SAME] * len(instances) + [coloquinte.CellRowPolarity.ANY] * len(ports)
    site = {name: s.width for name, s in kit.technology.sites.items()}
    height = {name: s.height for name, s in kit.technology.sites.items()}
    circuit.rows = [
        coloquinte.Row(coloquinte.Rectangle(r.x, r.x + r.sites * site[r.site], r.y, r.y + height[r.site]), _ORIENTATIONS[r.orient])
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


def _take(block: Block, kit: Kit, circuit: coloquinte.Circuit, names: list[str], *, snap: bool) -> Block:
    """The engine's result as a new block; with ``snap`` every cell moves left to its site (widths are whole sites, so order is kept)."""
    made = block.copy()
    left = made.core.x0
    site = kit.technology.sites[kit.roles.core_site].width
    # each of these attributes is a whole new list
    xs, ys, orientations = circuit.cell_x, circuit.cell_y, circuit.cell_orientation
    for k, name in enumerate(names):
        instance = made.instances[name]
        if instance.fixed:
            continue
        x = int(xs[k])
        instance.x = left + (x - left) // site * site if snap else x
        instance.y = int(ys[k])
        instance.orient = _NAMES.get(int(orientations[k]), "N")
        instance.placed = True
    return made


def place_global(block: Block, kit: Kit, *, seed: int = 0, effort: int = 3, net_weights: Mapping[str, float] | None = None) -> Block:
    """Spread the cells for short wires; they may still overlap. Deterministic for a seed; effort 1 … 9.

    net_weights: importance of nets by name, 1 where not named. Raises ConfigError for a bad effort or a block without rows.
    """
    _check(block, effort)
    circuit, names = _circuit(block, kit, net_weights or {}, random.Random(seed))
    circuit.expand_cells_to_density(GLOBAL_DENSITY, 0.0)
    parameters = coloquinte.ColoquinteParameters(effort, seed)
    with _silent():
        circuit.place_global(parameters)
    return _take(block, kit, circuit, names, snap=False)


def place_legal(block: Block, kit: Kit, *, seed: int = 0, effort: int = 3, net_weights: Mapping[str, float] | None = None) -> Block:
    """Legal rows and sites near the present places, then detailed improvement.

    What the engine leaves illegal, or gives up, :func:`legalise` repairs.

    Raises
    ------
    ConfigError: bad effort, no rows, or the cells do not fit.
    ToolFailed: the result is not legal all the same.
    """
    _check(block, effort)
    circuit, names = _circuit(block, kit, net_weights or {}, None)
    parameters = coloquinte.ColoquinteParameters(effort, seed)
    try:
        with _silent():
            circuit.legalize(parameters)
            circuit.place_detailed(parameters)
        made = _take(block, kit, circuit, names, snap=True)
    except RuntimeError:  # all that the engine raises when cells do not fit its way
        made = legalise(block, kit)
    if check_placement(made, kit):
        made = legalise(made, kit)
    problems = check_placement(made, kit)
    if problems:
        raise ToolFailed(
            f"the placement is not legal in {len(problems)} places",
            got=problems[0],
            allowed="cells on sites and rows, without overlap",
            next_step="lower layout.utilisation",
        )
    return made


def place(
    block: Block,
    kit: Kit,
    *,
    seed: int = 0,
    effort: int = 3,
    net_weights: Mapping[str, float] | None = None,
    progress: Progress | None = None,
) -> Block:
    """Global, then legal and detailed placement of a floorplanned block; fixed cells stay. Arguments as of the two parts."""
    say = progress or (lambda _: None)
    say("global placement")
    spread = place_global(block, kit, seed=seed, effort=effort, net_weights=net_weights)
    say("legal and detailed placement")
    return place_legal(spread, kit, seed=seed, effort=effort, net_weights=net_weights)
