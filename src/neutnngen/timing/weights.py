"""Weights of nets for placement: what is critical pulls its cells together.

Source, in its simplest form: T. Kong, "A novel net weighting algorithm for timing-driven placement", ICCAD 2002.
"""

from __future__ import annotations

from collections.abc import Mapping

from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block
from neutnngen.timing.engine import Engine, make_engine

ROOM = 0.1
"""Slack over the period from which on placement need not care for timing."""


def net_weights(
    engine: Engine, before: Mapping[str, float] | None = None, *, strongest: float = 4.0, window: float = 0.15
) -> dict[str, float]:
    """Weight by net from an analysed engine: 1 for nets with room, up to ``strongest`` on the worst path.

    window: share of the period above the worst slack within which nets count as critical. before: weights of the iteration before, of
    which half is kept, so that iterations do not swing.
    """
    slack = engine.net_slack()
    worst = min(slack.values(), default=0.0)
    width = window * engine.period
    found: dict[str, float] = {}
    for name, value in slack.items():
        critical = max(0.0, 1.0 - (value - worst) / width)
        weight = 1.0 + (strongest - 1.0) * critical**2
        found[name] = weight if before is None else 0.5 * (weight + before.get(name, 1.0))
    return {name: weight for name, weight in found.items() if weight > 1.001}


def weights_by_timing(block: Block, kit: Kit, period: float, before: Mapping[str, float] | None = None) -> dict[str, float]:
    """Weights for the next placement of a placed block; none where setup has room. Arguments and errors as of ``make_engine``."""
    engine = make_engine(block, kit, period)
    engine.update()
    if min(engine.net_slack().values(), default=period) > ROOM * period:
        return {}
    return net_weights(engine, before)
