"""Wire length of placements: every engine that the flow offers, on the same floorplan with the same ports."""

from __future__ import annotations

import platform
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, get_args, get_type_hints

from neutnngen.bench.layout import GROWTH, grown_column
from neutnngen.flow.steps.synth import synthesise
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.floorplan import make_floorplan
from neutnngen.place_route.place_block import PlaceOptions, place_block
from neutnngen.place_route.verilog_netlist import read_netlist
from neutnngen.rtl import Rings, generate_rtl

FORMAT, VERSION = "neutnngen-bench-placement", "1.0"
CASES = GROWTH[1:7]
QUICK = GROWTH[:1]
PLAIN = "coloquinte"
"""The engine that the others are compared with."""

Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class Placed:
    """A placement. hpwl: µm of half-perimeters of all nets after legal and detailed placement, buffers and clock tree included."""

    case: str
    engine: str
    seed: int
    cells: int
    hpwl: float
    seconds: float


def engines() -> tuple[str, ...]:
    """Names of the placement engines that the flow can use, the plain one first."""
    if "engine" not in {field.name for field in fields(PlaceOptions)}:
        return (PLAIN,)
    names = tuple(str(name) for name in get_args(get_type_hints(PlaceOptions)["engine"]))
    return tuple(sorted(names, key=lambda name: name != PLAIN))


def bench_placement(
    kit: Kit, seeds: Sequence[int] = (0,), *, quick: bool = False, utilisation: float = 0.65, tell: Tell | None = None
) -> dict[str, Any]:
    """Columns with rings of growing size by every engine and seed; a document with all rows, see ``FORMAT``."""
    sizes = QUICK if quick else CASES
    names = engines()
    rows: list[Placed] = []
    total = len(sizes) * len(names) * len(seeds)
    with tempfile.TemporaryDirectory(prefix="neutnngen-") as scratch:
        for inputs, neurons in sizes:
            case = f"{inputs}×{neurons}"
            folder = Path(scratch) / case
            design = grown_column(inputs, neurons)
            package = generate_rtl(design, folder / "rtl", rings=Rings().fitted(design.column))
            netlist, _ = synthesise(kit, package.sources, package.top, folder / "cells", modular=True)
            block, _ = make_floorplan(read_netlist(netlist, kit), kit, utilisation=utilisation)
            for seed in seeds:
                for name in names:
                    chosen: dict[str, Any] = {"engine": name} if len(names) > 1 else {}
                    began = time.perf_counter()
                    made = place_block(block, kit, PlaceOptions(seed=seed, **chosen))
                    spent = time.perf_counter() - began
                    rows.append(Placed(case, name, seed, len(made.block.instances), made.hpwl_um, spent))
                    if tell is not None:
                        tell(len(rows), total)
    return {
        "format": FORMAT,
        "version": VERSION,
        "kit": kit.name,
        "utilisation": utilisation,
        "machine": platform.machine(),
        "engines": list(names),
        "rows": [asdict(row) for row in rows],
    }


HEADER = ("column with rings", "cells", "engine", "seed", "half-perimeters, µm", "against coloquinte", "s")


def table_cells(document: dict[str, Any]) -> list[list[str]]:
    """Cells under ``HEADER``."""
    plain = {(row["case"], row["seed"]): row["hpwl"] for row in document["rows"] if row["engine"] == PLAIN}
    found = []
    for row in document["rows"]:
        base = plain.get((row["case"], row["seed"]))
        ratio = "–" if base is None or row["engine"] == PLAIN else f"{100 * (row['hpwl'] / base - 1):+.1f} %"
        numbers = [f"{row['cells']:,}", row["engine"], str(row["seed"]), f"{row['hpwl']:,.0f}", ratio, f"{row['seconds']:.1f}"]
        found.append([row["case"], *numbers])
    return found
