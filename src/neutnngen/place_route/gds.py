"""GDSII out: the block as it goes to the foundry, library cells included by reference.

Layers come from the kit. Names of instances travel as GDSII property number :data:`INSTANCE_PROPERTY` of each cell reference (the number
that KLayout uses for it), so that the layout can be compared with a netlist by name. Ports carry a text with their name on the layer of
their shape; a supply net without a port carries one on its first wire of the highest layer. The same block gives the same bytes.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import klayout.db as kdb

from neutnngen.errors import ConfigError, DataError
from neutnngen.pdk.technology import Kit, Layer, Rect
from neutnngen.place_route.block import Block, Instance, Orientation

INSTANCE_PROPERTY = 1
VIA_PREFIX = "VIA_"


def write_gds(block: Block, kit: Kit, path: Path, oasis: Path | None = None) -> None:
    """Write the block and the library cells that it uses, and no other cell, as GDSII and, with ``oasis``, the same as OASIS.

    Raises
    ------
    ConfigError: an instance is not placed, or of a cell that the library's GDSII lacks, or the block has the name of a library cell.
    """
    layout = build_layout(block, kit)
    options = kdb.SaveLayoutOptions()
    options.gds2_write_timestamps = False
    options.gds2_libname = "LIB"
    options.oasis_compression_level = 2
    options.write_context_info = False
    for target, name in ((path, "GDS2"), *([] if oasis is None else [(oasis, "OASIS")])):
        options.format = name
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = target.with_name(f".{target.name}.{os.getpid()}.tmp")
        try:
            layout.write(str(scratch), options)
            scratch.replace(target)
        finally:
            scratch.unlink(missing_ok=True)


def read_gds(path: Path) -> Any:
    """The file as a ``klayout.db.Layout``. Raises DataError where it is none."""
    layout: Any = kdb.Layout()
    try:
        layout.read(str(path))
    except RuntimeError as problem:
        raise DataError(f"cannot read {path}", got=problem) from problem
    return layout


def build_layout(block: Block, kit: Kit) -> Any:
    """The block as a ``klayout.db.Layout`` in the database unit of the library's GDSII."""
    library = kdb.Layout()
    library.read(str(kit.cell_gds))
    scale = gds_scale(kit, library.dbu)
    layout = kdb.Layout()
    layout.dbu = library.dbu
    if block.name in kit.masters:
        raise ConfigError("the block has the name of a library cell", got=block.name, next_step="rename the top module")
    cells = _library_cells(block, library, layout)
    top = layout.create_cell(block.name)
    index = {layer.name: layout.layer(*layer.gds) for layer in kit.technology.layers.values()}

    def box(rect: Rect) -> Any:
        return kdb.Box(scale * rect.x0, scale * rect.y0, scale * rect.x1, scale * rect.y1)

    top.shapes(layout.layer(*kit.outline_gds)).insert(box(block.die))
    for instance in block.instances.values():
        master = kit.masters[instance.master]
        array = kdb.CellInstArray(cells[instance.master], placement(instance, scale, master.width, master.height))
        top.insert(array, layout.properties_id({INSTANCE_PROPERTY: instance.name}))
    vias: dict[str, int] = {}
    for net in block.nets.values():
        for wire in net.wires:
            top.shapes(index[wire.layer]).insert(box(wire.rect()))
        for via in net.vias:
            if via.name not in vias:
                cell = layout.create_cell(VIA_PREFIX + via.name)
                for rect in kit.technology.vias[via.name].rects:
                    cell.shapes(index[rect.layer]).insert(box(rect))
                vias[via.name] = cell.cell_index()
            top.insert(kdb.CellInstArray(vias[via.name], kdb.Trans(scale * via.x, scale * via.y)))
    for port in block.ports.values():
        if port.rect is not None:
            top.shapes(index[port.rect.layer]).insert(box(port.rect))
    for name, rect in _labels(block, kit):
        at = box(rect).center()
        top.shapes(index[rect.layer]).insert(kdb.Text(name, at.x, at.y))
    return layout


def gds_scale(kit: Kit, gds_dbu: float) -> int:
    """Database units of a GDSII file (``gds_dbu`` micrometres each) per database unit of the kit."""
    scale = 1 / (kit.technology.dbu * gds_dbu)
    if round(scale) < 1 or abs(scale - round(scale)) > 1e-6:
        raise ConfigError(
            "the GDSII grid is coarser than that of the technology LEF",
            got=f"{gds_dbu} um",
            allowed=f"a whole part of 1/{kit.technology.dbu} um",
        )
    return round(scale)


def placement(instance: Instance, scale: int, width: int, height: int) -> Any:
    """The ``klayout.db.Trans`` of an instance whose master is ``width`` by ``height`` database units."""
    turns: dict[Orientation, tuple[Any, int, int]] = {
        "N": (kdb.Trans.R0, 0, 0),
        "S": (kdb.Trans.R180, width, height),
        "FN": (kdb.Trans.M90, width, 0),
        "FS": (kdb.Trans.M0, 0, height),
    }
    turn, dx, dy = turns[instance.orient]
    return kdb.Trans(turn, scale * (instance.x + dx), scale * (instance.y + dy))


def _library_cells(block: Block, library: Any, layout: Any) -> dict[str, int]:
    """Copy the cells that the block uses, in order of name; cell name -> index."""
    loose = next((i.name for i in block.instances.values() if not i.placed), None)
    if loose is not None:
        raise ConfigError("an instance is not placed", got=loose, next_step="place the block before writing GDSII")
    cells: dict[str, int] = {}
    for name in sorted({instance.master for instance in block.instances.values()}):
        source = library.cell(name)
        if source is None:
            raise ConfigError("the GDSII of the library lacks a cell", got=name, next_step="neutnngen pdk check")
        cell = layout.create_cell(name)
        cell.copy_tree(source)
        cells[name] = cell.cell_index()
    return cells


def _labels(block: Block, kit: Kit) -> list[tuple[str, Rect]]:
    """Text and the metal that it names: every placed port, and every supply net that has none."""
    labels = [(port.name, port.rect) for port in block.ports.values() if port.rect is not None]
    named = {port.net for port in block.ports.values() if port.rect is not None}
    order: list[Layer] = list(kit.technology.layers.values())
    rank = {layer.name: i for i, layer in enumerate(order)}
    for net in block.nets.values():
        if net.use in ("power", "ground") and net.name not in named and net.wires:
            labels.append((net.name, max(net.wires, key=lambda wire: rank[wire.layer]).rect()))
    return labels
