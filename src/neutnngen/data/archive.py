"""The UCR archive: its names; and the folders on this computer that hold what was fetched, of this and of other kinds."""

from __future__ import annotations

import importlib.util
import os
import tomllib
from functools import lru_cache
from importlib import resources
from pathlib import Path

from neutnngen.errors import MissingTool

FOLDER_VARIABLE = "NEUTNNGEN_DATA"


@lru_cache(maxsize=1)
def archive_records() -> dict[str, int]:
    """The 128 sets of the archive of 2018: name and number of the Zenodo record that holds its files."""
    document = tomllib.loads((resources.files("neutnngen.data") / "ucr_archive.toml").read_text(encoding="utf-8"))
    return dict(document["records"])


def user_folder(kind: str = "ucr") -> Path:
    """Where fetched sets go and are found: $NEUTNNGEN_DATA, else ~/.cache/neutnngen and the kind. It need not exist."""
    said = os.environ.get(FOLDER_VARIABLE)
    return Path(said).expanduser() if said else cache_folder(kind)


def cache_folder(kind: str) -> Path:
    """~/.cache/neutnngen and the kind: ``ucr``, ``images`` or ``trajectories``."""
    return Path.home() / ".cache" / "neutnngen" / kind


def named_places(folder: Path | None, kind: str) -> list[Path]:
    """The folders in which a set of this kind is looked for by its name, in this order."""
    places = [user_folder(kind), cache_folder(kind)]
    if folder is not None:
        places.insert(0, folder)
    return list(dict.fromkeys(places))


def bundled_folder() -> Path:
    """The folder of data sets inside the installed ``aeon`` package (found without importing it)."""
    found = importlib.util.find_spec("aeon")
    if found is None or found.origin is None:
        raise MissingTool("the package aeon, which holds the example data sets, is not installed", next_step="pip install aeon==1.6.0")
    return Path(found.origin).parent / "datasets" / "data"


def search_path(folder: Path | None) -> list[Path]:
    """Where a set is looked for by its name, in this order; folders that do not exist are left out."""
    return [place for place in dict.fromkeys([*named_places(folder, "ucr"), bundled_folder()]) if place.is_dir()]
