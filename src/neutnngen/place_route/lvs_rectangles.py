"""Reading a layout for :mod:`lvs` by arrays, where everything is made of rectangles."""

from __future__ import annotations

from typing import Any

import klayout.db as kdb
import numpy as np

from neutnngen.pdk.technology import Kit
from neutnngen.place_route.gds import INSTANCE_PROPERTY
from neutnngen.place_route.lvs_connect import Placed, join, turned
from neutnngen.place_route.lvs_layout import DrawnLayout, LvsFinding, middle, placement_key


def extract_rectangles(layout: Any, top: Any, kit: Kit, scale: int) -> DrawnLayout:
    """The fast way, for layouts that are made of rectangles. Raises NotRectilinear for others."""
    result = DrawnLayout({}, {}, {}, [], [])
    references = [reference for reference in top.each_inst() if reference.cell.name in kit.masters]
    names, transformations = _name_instances(references, layout.dbu, result)
    at = np.array([(t.disp.x, t.disp.y, t.angle, t.is_mirror()) for t in transformations], np.int64).reshape(-1, 4)
    cells = list(result.masters.values())
    placed = Placed(cells, at[:, 0], at[:, 1], at[:, 2], at[:, 3].astype(bool))
    labels = _labels(layout, top, kit)
    order = {name: i for i, name in enumerate(kit.technology.layers)}
    inner, group, start, of_label, several = join(layout, top, kit, scale, placed, [(order[n], x, y) for n, x, y, _ in labels])
    _place_pins(names, placed, kit, scale, layout.dbu, result)
    for _, x, y, text in labels:
        place = (round(x * layout.dbu, 6), round(y * layout.dbu, 6))
        if (None, text) in result.places:
            result.problems.append(LvsFinding("extra port", f"the label {text} appears twice", (), place))
        result.places[None, text] = place
    # disjoint pieces of one pin are one terminal, since the cell joins them inside; a label that is there twice joins nothing
    parent: dict[int, int] = {}

    def find(number: int) -> int:
        while number in parent:
            number = parent[number]
        return number

    pinned = {name: {piece for pieces in cell.pins.values() for piece in pieces} for name, cell in inner.items()}
    several_list, group_list, start_list = several.tolist(), group.tolist(), start.tolist()
    for i, (name, cell) in enumerate(zip(names, cells, strict=True)):
        first = start_list[i]
        for pin, pieces in inner[cell].pins.items():
            for piece in pieces:
                number = group_list[first + piece]
                other = result.groups.setdefault((name, pin), number)
                if other != number and (a := find(other)) != (b := find(number)):
                    parent[a] = b
        for piece in range(inner[cell].pieces):
            if piece not in pinned[cell] and several_list[group_list[first + piece]]:
                result.touched.append((name, group_list[first + piece]))
    for (_, _, _, text), number in zip(labels, of_label.tolist(), strict=True):
        if number >= 0:
            other = result.groups.setdefault((None, text), number)
            if other != number and (a := find(other)) != (b := find(number)):
                parent[a] = b
    result.groups = {terminal: find(number) for terminal, number in result.groups.items()}
    result.touched = [(owner, find(number)) for owner, number in result.touched]
    return result


def _labels(layout: Any, top: Any, kit: Kit) -> list[tuple[str, int, int, str]]:
    """Texts on metal of the top cell: (layer, x, y, text)."""
    found = []
    for layer in kit.technology.routing_layers:
        texts = sorted((s.text.x, s.text.y, s.text.string) for s in top.shapes(layout.layer(*layer.gds)).each(kdb.Shapes.STexts))
        found += [(layer.name, x, y, text) for x, y, text in texts]
    return found


def _name_instances(references: list[Any], unit: float, result: DrawnLayout) -> tuple[list[str], list[Any]]:
    """Names and placements of the cell references; what has no good name is a finding and gets one by its place."""
    names, transformations, seen = [], [], set()
    for reference in references:
        cell, trans, name = reference.cell.name, reference.trans, reference.property(INSTANCE_PROPERTY)
        key = placement_key(cell, trans, 1)
        if not isinstance(name, str) or name in result.masters or key in seen:
            box = reference.bbox().center()
            place = (box.x * unit, box.y * unit)
            why = "has no name" if not isinstance(name, str) else "is there twice" if name in result.masters else "lies on another one"
            result.problems.append(LvsFinding("extra instance", f"a reference to {cell} ({name}) {why}", (), place))
            name = f"{name}@{place[0]:.3f},{place[1]:.3f}"
        seen.add(key)
        result.masters[name] = cell
        names.append(name)
        transformations.append(trans)
    return names, transformations


def _place_pins(names: list[str], placed: Placed, kit: Kit, scale: int, unit: float, result: DrawnLayout) -> None:
    """Places of all pins of all instances, micrometres."""
    of_cell: dict[tuple[str, int, bool], list[int]] = {}
    for i, kind in enumerate(zip(placed.cells, placed.turn.tolist(), placed.mirror.tolist(), strict=True)):
        of_cell.setdefault(kind, []).append(i)
    for (cell, turn, mirror), members in of_cell.items():
        pins = [pin for pin in kit.masters[cell].pins.values() if pin.rects]
        middles = [middle(pin.rects, scale) for pin in pins]
        if not pins:
            continue
        at = turned(np.array([(m.x, m.y) for m in middles], np.int64), turn, mirror)
        index = np.array(members, np.int64)
        xs = np.round((placed.x[index][:, None] + at[None, :, 0]) * unit, 6).tolist()
        ys = np.round((placed.y[index][:, None] + at[None, :, 1]) * unit, 6).tolist()
        for i, row_x, row_y in zip(members, xs, ys, strict=True):
            for pin, x, y in zip(pins, row_x, row_y, strict=True):
                result.places[names[i], pin.name] = (x, y)
