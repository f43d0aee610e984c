"""GDSII of a routed DEF with KLayout's own reader, cells from the kit's library."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import klayout.db as kdb

from neutnngen.errors import ToolFailed
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.gds import INSTANCE_PROPERTY, gds_scale

_OBJECTS = ("NET", "SPNET", "PIN", "VIA")


def def_to_gds(layout: Path, kit: Kit, gds: Path) -> Path:
    """Write the GDSII of a DEF file that any tool made with the kit's LEF.

    Instance names travel as GDSII property :data:`INSTANCE_PROPERTY`, port names as texts on the ports' layers, the die as the kit's
    outline layer. Raises ToolFailed if KLayout cannot read the file or the library lacks a cell.
    """
    library = kdb.Layout()
    library.read(str(kit.cell_gds))
    gds_scale(kit, library.dbu)
    made = kdb.Layout()
    options = kdb.LoadLayoutOptions()
    options.lefdef_config = _reader(kit, library)
    try:
        made.read(str(layout), options)
    except RuntimeError as problem:
        raise ToolFailed(f"KLayout cannot read the DEF: {problem}", got=layout) from None
    empty = [cell.name for cell in made.each_cell() if cell.name in kit.masters and library.cell(cell.name) is None]
    if empty:
        raise ToolFailed("the GDSII of the library lacks a cell of the DEF", got=", ".join(sorted(empty)))
    save = kdb.SaveLayoutOptions()
    save.format = "GDS2"
    save.gds2_write_timestamps = False
    save.gds2_libname = "LIB"
    save.write_context_info = False
    gds.parent.mkdir(parents=True, exist_ok=True)
    scratch = gds.with_name(f".{gds.name}.{os.getpid()}.tmp")
    try:
        made.write(str(scratch), save)
        scratch.replace(gds)
    finally:
        scratch.unlink(missing_ok=True)
    return gds


def _reader(kit: Kit, library: Any) -> Any:
    """How KLayout reads DEF: layers by the kit's numbers, cells whole from the library."""
    config = kdb.LEFDEFReaderConfiguration()
    config.dbu = library.dbu
    config.read_lef_with_def = False
    config.lef_files = [str(path) for path in kit.lef]
    config.macro_resolution_mode = 2
    config.macro_layouts = [library]
    config.net_property_name = None
    config.pin_property_name = None
    config.instance_property_name = INSTANCE_PROPERTY
    config.produce_cell_outlines = True
    config.cell_outline_layer = "OUTLINE"
    config.produce_regions = False
    config.produce_blockages = False
    config.produce_obstructions = False
    config.produce_placement_blockages = False
    config.produce_lef_labels = False
    config.produce_labels = True
    config.labels_suffix, config.labels_datatype = ".LABEL", 0
    config.via_geometry_suffix = ""
    config.via_geometry_datatype = 0
    config.pins_suffix, config.pins_datatype = "", 0
    config.lef_pins_suffix, config.lef_pins_datatype = "", 0
    config.routing_suffix, config.routing_datatype = "", 0
    config.special_routing_suffix, config.special_routing_datatype = "", 0
    table = kdb.LayerMap()
    for layer in kit.technology.layers.values():
        number, datatype = layer.gds
        for name in (layer.name, f"{layer.name}.LABEL"):
            table.map(f"'{name}' : {number}/{datatype}")
    table.map("OUTLINE : {}/{}".format(*kit.outline_gds))
    config.layer_map = table
    config.create_other_layers = False
    return config
