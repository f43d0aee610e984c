"""Independent rule decks of process kits: where they lie, and which of their markers are waived, with the reason."""

from __future__ import annotations

import importlib.metadata
import tomllib
from fnmatch import fnmatchcase
from importlib import resources
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from neutnngen.errors import DataError


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Waiver(_Model):
    """Markers of a rule that come from cells themselves. cells: patterns of cell names; cause: why it is no fault of the layout."""

    rule: str
    cells: tuple[str, ...]
    cause: str

    def covers(self, rule: str, cell: str) -> bool:
        return rule == self.rule and any(fnmatchcase(cell, pattern) for pattern in self.cells)


class Deck(_Model):
    """The deck of one kit. antenna_on, antenna_off: the line that switches its antenna section; antenna_instances: instances of the
    largest block with it."""

    format: Literal["neutnngen-deck"]
    version: Literal[1]
    kit: str
    distribution: str
    requirement: str
    folder: str
    drc: str
    licence: str
    antenna_on: str
    antenna_off: str
    antenna_instances: int
    waivers: tuple[Waiver, ...]

    def file(self) -> Path | None:
        """The DRC deck in the installed distribution, None where it is not installed."""
        try:
            distribution = importlib.metadata.distribution(self.distribution)
        except importlib.metadata.PackageNotFoundError:
            return None
        path = Path(str(distribution.locate_file(f"{self.folder}/{self.drc}")))
        return path.resolve() if path.is_file() else None

    def text(self, path: Path, *, antenna: bool) -> str:
        """The deck as it is run. DataError if the line of its antenna switch is not there."""
        text = path.read_text(encoding="utf-8")
        if text.count(self.antenna_on) != 1:
            raise DataError(
                "the deck has no antenna switch", got=path, allowed=self.antenna_on, next_step=f"pip install {self.requirement}"
            )
        return text if antenna else text.replace(self.antenna_on, self.antenna_off)


def find_deck(kit: str) -> Deck | None:
    """The deck of a kit, None for kits without one. DataError if its description is not legal."""
    entry = resources.files(__name__) / f"{kit}.toml"
    if not entry.is_file():
        return None
    try:
        return Deck.model_validate(tomllib.loads(entry.read_text("utf-8")))
    except (ValidationError, tomllib.TOMLDecodeError) as problem:
        raise DataError(f"the description of the deck of {kit} is not legal", got=problem, next_step="reinstall neutnngen") from problem
