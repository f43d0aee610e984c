"""Learning columns laid out with the kit's full adder and with that of the macros: what the exchange does after routing. MEASURED."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from neutnngen.bench.designs_page import ABSENT
from neutnngen.bench.layout import GROWN, LayoutCase, LayoutRow, grown_column, layout_cases, layout_row
from neutnngen.errors import DataError
from neutnngen.flow.config import MACRO_SETS, LayoutConfig
from neutnngen.rtl import Rings

HEADER = (
    *("column", "full adder of", "checks", "cells", "cell area, µm²", "die, µm²", "wire, mm"),
    *("leakage, nW", "shortest period, ns", "power at 100 kHz, nW"),
)


def macro_layout_cases(names: Sequence[str], examples: Path) -> list[LayoutCase]:
    """Columns with rings: ``INPUTSxNEURONS`` grown, or names of saved Designs. Raises DataError for others."""
    found = []
    for name in names:
        if size := re.fullmatch(r"(\d+)x(\d+)", name):
            design = grown_column(int(size[1]), int(size[2]))
            classic = design.network.classic
            assert classic is not None
            found.append(LayoutCase(f"{GROWN}{name}", design, Rings().fitted(classic), None))
            continue
        ringed = [case for case in layout_cases(examples, [name], growth=False) if case.rings is not None]
        if not ringed:
            raise DataError("this Design has no rings, and only their adders are cells of their own", got=name, allowed="a classic column")
        found += ringed
    return found


def macro_layouts(
    cases: Sequence[LayoutCase],
    macros_folder: Path,
    config: LayoutConfig,
    *,
    keep: Path | None = None,
    limit: float = 3600.0,
    tell: Callable[[int, int], None] | None = None,
) -> list[dict[str, Any]]:
    """Two rows of each case: ``with`` is "cells" or "macros", the rest are the fields of a layout's row.

    keep: folder that keeps the runs, so that one that was stopped goes on. limit: seconds for each layout.
    """
    found = []
    for number, case in enumerate(cases):
        plain = replace(config, style="rings")
        for half, (kind, used) in enumerate(
            (("cells", plain), ("macros", replace(plain, macros=MACRO_SETS[0], macros_folder=macros_folder.resolve())))
        ):
            row = layout_row(case, used, case.design.synapses, None if keep is None else keep / kind, limit)
            found.append({"with": kind, **asdict(row)})
            if tell is not None:
                tell(2 * number + half + 1, 2 * len(cases))
    return found


def layout_cells(rows: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Rows under ``HEADER``."""
    return [_cells(row["with"], LayoutRow(**{name: value for name, value in row.items() if name != "with"})) for row in rows]


def _cells(kind: str, row: LayoutRow) -> list[str]:
    if row.outcome != "clean":
        return [row.name, kind, row.outcome, *([ABSENT] * (len(HEADER) - 3))]
    return [
        row.name,
        kind,
        f"all passed: DRC {row.drc}, LVS {row.lvs}, gates {row.mismatches}",
        f"{row.cells:,}",
        f"{row.cell_area:.2f}",
        f"{row.area:.1f}",
        f"{row.wire_length / 1e3:.3f}",
        f"{row.leakage * 1e9:.1f}",
        f"{row.period:.3f}",
        f"{row.power * 1e9:.1f}",
    ]
