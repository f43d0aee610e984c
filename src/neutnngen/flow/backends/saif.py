"""Measured activity as SAIF, the form that other tools read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from neutnngen.files import write_atomic
from neutnngen.verify import NetActivity

CLOCKS = 100_000
"""Clocks that the file tells of: toggle counts are whole numbers."""
LONGEST = 2_000_000_000
_SPECIAL = re.compile(r"([^A-Za-z0-9_])")


def write_saif(activity: Mapping[str, NetActivity], top: str, clock_period: float, path: Path) -> Path:
    """Write toggles and time at 1 of every net of the module ``top``.

    activity: net, as the netlist names it, to toggles per clock and duty. clock_period: ns.
    """
    unit, duration = next(
        (unit, length)
        for unit, per_ns in (("ps", 1e3), ("ns", 1.0), ("us", 1e-3), ("ms", 1e-6))
        if (length := round(CLOCKS * clock_period * per_ns)) <= LONGEST
    )
    rows = [
        "(SAIFILE",
        '(SAIFVERSION "2.0")',
        '(DIRECTION "backward")',
        '(DESIGN "")',
        '(PROGRAM_NAME "neutnngen")',
        "(DIVIDER / )",
        f"(TIMESCALE 1 {unit})",
        f"(DURATION {duration})",
        f"(INSTANCE {_escaped(top)}",
        " (NET",
    ]
    for name, net in sorted(activity.items()):
        high = round(net.duty * duration)
        rows.append(f"  ({_escaped(name)} (T0 {duration - high}) (T1 {high}) (TX 0) (TC {round(net.toggles * CLOCKS)}) (IG 0))")
    rows += [" )", ")", ")", ""]
    return write_atomic(path, "\n".join(rows))


def _escaped(name: str) -> str:
    """Special characters with a backslash, an index at the end as it is: it may be a bit of a bus."""
    base, bracket, index = name.partition("[") if re.fullmatch(r"[A-Za-z0-9_]+\[\d+\]", name) else (name, "", "")
    return _SPECIAL.sub(r"\\\1", base) + (f"\\[{index[:-1]}\\]" if bracket else "")
