"""Marks that a cell master earns by itself: the reason to leave a violation out of the geometry check.

A violation belongs to a cell where the same rule fails in the master alone at the same place, and nothing but the cell's own metal, or
metal on top of it such as a power rail, takes part.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from neutnngen.pdk.technology import Kit, Layer, Rect
from neutnngen.place_route.block import Block, transform
from neutnngen.place_route.pin_access import covered
from neutnngen.place_route.route_view import View

Box = tuple[int, int, int, int]


def marks(boxes: list[Box], layer: Layer) -> Iterator[tuple[str, Box]]:
    """(rule, marker box) of width, spacing and area violations among rectangles of one layer, merged first."""
    import klayout.db as kdb  # heavy to load

    drawn: Any = kdb.Region()
    for x0, y0, x1, y1 in boxes:
        drawn.insert(kdb.Box(x0, y0, x1, y1))
    merged = drawn.merged()
    euclidian = kdb.Metrics.Euclidian
    checks = (
        ("width", merged.width_check(layer.width, metrics=euclidian)),
        # the two halves of a space check: together they are 20 times as fast on power rails
        ("spacing", merged.isolated_check(layer.spacing, metrics=euclidian)),
        ("spacing", merged.notch_check(layer.spacing, metrics=euclidian)),
    )
    for rule, pairs in checks:
        for pair in pairs.each():
            box = pair.bbox()
            yield rule, (box.left, box.bottom, box.right, box.top)
    if layer.min_area:
        for polygon in merged.each():
            if polygon.area() < layer.min_area:
                box = polygon.bbox()
                yield "minimum area", (box.left, box.bottom, box.right, box.top)


class OwnMarks:
    """Tells whether a marker is a cell's own; results for each master are kept."""

    def __init__(self, view: View, block: Block, kit: Kit) -> None:
        self._view, self._kit = view, kit
        self._instances = list(block.instances.values())
        self._seen: dict[tuple[str, str], list[tuple[str, Rect]]] = {}

    def explains(self, rule: str, layer: Layer, box: Box, touching: list[int]) -> bool:
        """True where the marker ``box``, touched by these rectangles of the view, is one cell's own."""
        view = self._view
        owners = {int(view.instance[i]) for i in touching}
        return any(self._explains(owner, rule, layer, box, touching) for owner in owners - {-1})

    def _explains(self, owner: int, rule: str, layer: Layer, box: Box, touching: list[int]) -> bool:
        view, instance = self._view, self._instances[owner]
        master = self._kit.masters[instance.master]
        key = (instance.master, layer.name)
        if key not in self._seen:
            shapes = (*master.obstructions, *(rect for pin in master.pins.values() for rect in pin.rects))
            found = marks([rect[1:] for rect in shapes if rect.layer == layer.name], layer)
            self._seen[key] = [(name, Rect(layer.name, *mark)) for name, mark in found]
        slack = layer.spacing
        near = (transform(mark, master, instance) for name, mark in self._seen[key] if name == rule)
        if not any(m.x0 - slack <= box[0] and m.y0 - slack <= box[1] and m.x1 + slack >= box[2] and m.y1 + slack >= box[3] for m in near):
            return False
        own = [Rect(layer.name, *view.box[i].tolist()) for i in touching if view.instance[i] == owner]
        outline = (instance.x, instance.y, instance.x + master.width, instance.y + master.height)
        for i in touching:
            if view.instance[i] == owner:
                continue
            x0, y0, x1, y1 = view.box[i].tolist()
            # what the foreign shape has near the marker, within the cell
            part = (
                max(x0, box[0] - 1, outline[0]),
                max(y0, box[1] - 1, outline[1]),
                min(x1, box[2] + 1, outline[2]),
                min(y1, box[3] + 1, outline[3]),
            )
            if part[0] < part[2] and part[1] < part[3] and not covered(Rect(layer.name, *part), own):
                return False
        return True
