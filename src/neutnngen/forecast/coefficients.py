"""The measured numbers that a forecast counts with, from ``coefficients.toml`` (made by ``scripts/fit_silicon.py``)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from neutnngen.errors import DataError

FORMAT = "neutnngen-silicon"
VERSION = 1


@dataclass(frozen=True)
class Coefficients:
    """area, leakage, energy: of one unit of each feature (um2, W, J per sample), registers apart. energy: learning off.

    cells: (area in um2, leakage in W) of a library cell. register_clock: J of a clocked flip-flop and its share of the clock tree per
    clock. composed_clock: J per um2 of combinational cells and clock. rom_registers: by weight bits, flip-flops that Yosys adds at the
    table of limits. errors: leave-one-out errors in per cent. measured: one row for each column that was built. source: what made them.
    """

    area: Mapping[str, float]
    leakage: Mapping[str, float]
    energy: Mapping[str, float]
    cells: Mapping[str, tuple[float, float]]
    register_clock: float
    composed_clock: float
    rom_registers: Mapping[int, int]
    errors: Mapping[str, float]
    measured: tuple[Mapping[str, Any], ...]
    source: str


@cache
def load_coefficients() -> Coefficients:
    """The coefficients of NanGate45. Raises DataError if the file of the package cannot be read as what it should be."""
    return parse_coefficients((files("neutnngen.forecast") / "coefficients.toml").read_text(encoding="utf-8"))


def parse_coefficients(text: str) -> Coefficients:
    """Coefficients from TOML text. Raises DataError if it is not that."""
    try:
        document = tomllib.loads(text)
        if (document["format"], document["version"]) != (FORMAT, VERSION):
            raise ValueError(f"{document['format']} version {document['version']}")
        return Coefficients(
            area=document["area"],
            leakage=document["leakage"],
            energy=document["energy"],
            cells={name: (float(cell["area"]), float(cell["leakage"])) for name, cell in document["cells"].items()},
            register_clock=float(document["clock"]["register"]),
            composed_clock=float(document["clock"]["composed"]),
            rom_registers={int(bits): int(count) for bits, count in document["rom_registers"].items()},
            errors=document["errors"],
            measured=tuple(document["measured"]),
            source=str(document["source"]),
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as problem:
        raise DataError(
            "the coefficients of the forecast cannot be read",
            got=repr(problem),
            allowed=f"{FORMAT} version {VERSION}",
            next_step="reinstall neutnngen, or run scripts/fit_silicon.py",
        ) from problem
