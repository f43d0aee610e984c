"""Placement: global, legal, detailed, by our own engine or by Coloquinte."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, get_args

from neutnngen.errors import ConfigError, ToolFailed, unknown_name
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block
from neutnngen.place_route.coloquinte_engine import legal_by_coloquinte, spread_by_coloquinte
from neutnngen.place_route.detailed import improve
from neutnngen.place_route.electrostatic import Schedule, spread
from neutnngen.place_route.hard_blocks import blocked_places
from neutnngen.place_route.legalise import legalise
from neutnngen.place_route.placement_arrays import placement_arrays, with_places
from neutnngen.place_route.placement_check import check_placement
from neutnngen.place_route.wiring import hpwl

__all__ = ["Engine", "Start", "hpwl", "place", "place_global", "place_legal"]

Progress = Callable[[str], None]
Engine = Literal["electrostatic", "coloquinte"]
Start = Literal["fresh", "present"]

DENSITY = 0.9
"""Share of the room that cells take where they lie closest, unless the core is fuller: the rest is left to wires."""


def check_engine(engine: str) -> None:
    """ConfigError for an engine that does not exist."""
    if engine not in get_args(Engine):
        raise unknown_name("placement engine (layout.engine)", engine, get_args(Engine))


def _check(block: Block, effort: int, engine: str) -> None:
    check_engine(engine)
    if not 1 <= effort <= 9:
        raise ConfigError("layout.effort is out of range", got=effort, allowed="1 … 9")
    if not block.rows:
        raise ConfigError("the block has no rows", got=block.name, next_step="make_floorplan first")


def _schedule(effort: int) -> Schedule:
    """The field's weight grows by 22 % (effort 1) to 2.4 % (9) in an iteration, by 7.3 % at effort 3."""
    return Schedule(growth=1 + 0.22 / effort)


def place_global(
    block: Block,
    kit: Kit,
    *,
    seed: int = 0,
    effort: int = 3,
    net_weights: Mapping[str, float] | None = None,
    engine: Engine = "electrostatic",
    start: Start = "fresh",
    density: float = DENSITY,
) -> Block:
    """Spread the cells for short wires; they may still overlap. Deterministic for a seed; effort 1 … 9.

    net_weights: importance of nets by name, 1 where not named. start: "present" goes on from the cells' places, as after changed weights
    or new cells (our own engine alone). density: see ``DENSITY`` (likewise). Raises ConfigError for a bad value or a block without rows.
    """
    _check(block, effort, engine)
    if start not in get_args(Start):
        raise unknown_name("start of placement", start, get_args(Start))
    if engine == "coloquinte":
        return spread_by_coloquinte(block, kit, seed, effort, net_weights or {})
    arrays = placement_arrays(block, kit, net_weights)
    if not arrays.movable.any():
        return block.copy()
    holes = blocked_places(block, kit)
    present = start == "present"
    made = spread(arrays, block.core, holes, density=density, schedule=_schedule(effort), seed=seed, from_present=present)
    return with_places(block, arrays, made.x, made.y)


def place_legal(
    block: Block,
    kit: Kit,
    *,
    seed: int = 0,
    effort: int = 3,
    net_weights: Mapping[str, float] | None = None,
    engine: Engine = "electrostatic",
) -> Block:
    """Legal rows and sites near the present places, then detailed improvement.

    What Coloquinte leaves illegal, or gives up, :func:`legalise` repairs. ``seed`` matters to Coloquinte alone.

    Raises
    ------
    ConfigError: bad effort, no rows, or the cells do not fit.
    ToolFailed: the result is not legal all the same.
    """
    _check(block, effort, engine)
    made = legal_by_coloquinte(block, kit, seed, effort, net_weights or {}) if engine == "coloquinte" else None
    if made is None or check_placement(made, kit):
        made = improve(legalise(made or block, kit), kit, rounds=2 + 2 * effort, net_weights=net_weights)
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
    engine: Engine = "electrostatic",
    progress: Progress | None = None,
) -> Block:
    """Global, then legal and detailed placement of a floorplanned block; fixed cells stay. Arguments as of the two parts."""
    say = progress or (lambda _: None)
    say("global placement")
    made = place_global(block, kit, seed=seed, effort=effort, net_weights=net_weights, engine=engine)
    say("legal and detailed placement")
    return place_legal(made, kit, seed=seed, effort=effort, net_weights=net_weights, engine=engine)
