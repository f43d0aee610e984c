"""GDSII of cells as their LEF abstract shows them: outline, pins with their names, obstructions; for libraries that come without GDSII."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from neutnngen.errors import DataError
from neutnngen.pdk.technology import Master, Rect, Technology

VERSION = 1


def write_abstract(technology: Technology, masters: dict[str, Master], outline: tuple[int, int], library: str, path: Path) -> Path:
    """Write one GDSII cell for each master, in the technology's database unit; same input, same bytes.

    library: name of the GDSII library.
    """
    import klayout.db as kdb  # slow to load, and most kits come with GDSII

    layout: Any = kdb.Layout()
    layout.dbu = 1 / technology.dbu

    def box(rect: Rect) -> Any:
        return kdb.Box(rect.x0, rect.y0, rect.x1, rect.y1)

    for master in masters.values():
        cell = layout.create_cell(master.name)
        cell.shapes(layout.layer(*outline)).insert(kdb.Box(0, 0, master.width, master.height))
        for rect in master.obstructions:
            cell.shapes(layout.layer(*technology.layers[rect.layer].gds)).insert(box(rect))
        for pin in master.pins.values():
            for number, rect in enumerate(pin.rects):
                shapes = cell.shapes(layout.layer(*technology.layers[rect.layer].gds))
                shapes.insert(box(rect))
                if not number:
                    shapes.insert(kdb.Text(pin.name, box(rect).center().x, box(rect).center().y))
    options = kdb.SaveLayoutOptions()
    options.format = "GDS2"
    options.gds2_write_timestamps = False
    options.gds2_libname = library
    options.write_context_info = False
    scratch = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        layout.write(str(scratch), options)
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
    return path


def drawn_abstract(technology: Technology, masters: dict[str, Master], outline: tuple[int, int], source: str, folder: Path) -> Path:
    """The abstract GDSII of a library, drawn into ``folder`` at first use and kept under a name of its content.

    Raises DataError where the folder cannot be written.
    """
    content = repr((VERSION, technology.dbu, technology.layers, masters, outline, source))
    path = folder / f"{technology.name}_abstract_{hashlib.sha256(content.encode()).hexdigest()[:16]}.gds"
    if path.is_file():
        return path
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return write_abstract(technology, masters, outline, f"{technology.name}_ABSTRACT", path)
    except OSError as problem:
        raise DataError(f"the abstract of the cells cannot be written: {problem}", got=folder, allowed="a folder to write to") from None
