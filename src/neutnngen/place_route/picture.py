"""Pictures of a layout: GDSII to PNG without a display.

The palette is the project's own (dark ground, one hue per metal, upper metals lighter on top); layers that it does not know keep the
look of the kit's layer properties.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import klayout.db as kdb
import klayout.lay as klay

from neutnngen.errors import ConfigError, DataError
from neutnngen.pdk.technology import Kit

_GROUND = 0x0E1116
# fill colours from the lowest routing layer upwards, then repeated
_METALS = (0x274A86, 0xFF5D6C, 0x3DDC97, 0xFFB454, 0xC792EA, 0x56D4DD, 0xE6E27A, 0xFF8AD8, 0x9CCC65, 0xB0BEC5)
_CUT = 0xD5DBE5
_BELOW = {"poly": 0x5A2A33, "active": 0x17362E}
_OUTLINE = 0x4A5260


def render_layout(
    gds: Path,
    kit: Kit,
    png: Path,
    width: int = 1600,
    height: int | None = None,
    region: tuple[float, float, float, float] | None = None,
) -> Path:
    """Draw a GDSII file.

    Parameters
    ----------
    width, height: of the picture in pixels; without a height it follows from the shape of the region.
    region: (x0, y0, x1, y1) in micrometres, the whole die without it.

    Returns ``png``. Raises :class:`DataError` where the file is no layout, :class:`ConfigError` for an empty region or size.
    """
    view: Any = klay.LayoutView()
    try:
        view.load_layout(str(gds), False)
    except RuntimeError as problem:
        raise DataError(f"cannot read {gds}", got=problem) from problem
    cellview = view.active_cellview()
    top = cellview.cell
    if top is None:
        raise DataError(f"{gds.name} has no single top cell")
    outline = cellview.layout().find_layer(*kit.outline_gds)
    area = top.dbbox() if outline is None else top.dbbox(outline)
    box = (area if not area.empty() else top.dbbox()) if region is None else kdb.DBox(*region)
    if box.empty() or not box.width() or not box.height():
        raise ConfigError("there is nothing to draw in this region", got=region or "an empty layout", allowed="x0 < x1 and y0 < y1, in um")
    if region is None:
        margin = 0.02 * max(box.width(), box.height())
        box = box.enlarged(margin, margin)
    tall = max(1, round(width * box.height() / box.width())) if height is None else height
    if width < 1 or tall < 1 or width * tall > 200_000_000:
        raise ConfigError("a picture of this size cannot be drawn", got=f"{width} x {tall}", allowed="up to 200 million pixels")
    _dress(view, kit)
    view.max_hier()
    view.zoom_box(box)
    png.parent.mkdir(parents=True, exist_ok=True)
    scratch = png.with_name(f".{png.name}.{os.getpid()}.tmp")
    try:
        view.get_pixels_with_options(width, tall, 1, 2, 1.0, box).write_png(str(scratch))
        scratch.replace(png)
    finally:
        scratch.unlink(missing_ok=True)
    return png


def _dress(view: Any, kit: Kit) -> None:
    """Colours and order: devices below, then metals from the bottom up, cuts bright, no texts and no cell frames."""
    view.set_config("background-color", f"#{_GROUND:06x}")
    for option, value in (("grid-visible", "false"), ("text-visible", "false"), ("cell-box-visible", "false"), ("inst-visible", "false")):
        view.set_config(option, value)
    view.clear_layers()
    metals = [layer.name for layer in kit.technology.routing_layers]
    for layer in kit.technology.layers.values():
        if layer.name in metals:
            rank = metals.index(layer.name)
            _add(view, layer.gds, _METALS[rank % len(_METALS)], pattern=0 if rank < 1 else 6 if rank % 2 else 10)
        elif layer.kind == "cut":
            _add(view, layer.gds, _CUT, pattern=0)
        elif layer.name in _BELOW:
            _add(view, layer.gds, _BELOW[layer.name], pattern=0)
    _add(view, kit.outline_gds, _OUTLINE, pattern=1)


def _add(view: Any, gds: tuple[int, int], colour: int, pattern: int) -> None:
    properties: Any = klay.LayerProperties()
    properties.source_layer, properties.source_datatype = gds
    properties.fill_color = properties.frame_color = colour
    properties.dither_pattern = pattern
    properties.transparent = pattern != 0
    properties.width = 1
    view.insert_layer(view.end_layers(), properties)
