"""Geometry of n7p: layers, vias, and abstracts whose pins can be reached from every track between the rails."""

from __future__ import annotations

from typing import Any

from neutnngen.pdk.n7p.cells import CellPlan

SITE, SITE_WIDTH, ROW_HEIGHT = "n7p_site", 54, 270  # nm
HALF_WIRE, RAIL_GAP = 9, 20  # half a wire, and the space beside a rail, whose vias stand out by 2 nm
PIN_METAL = "M1"
# name, direction, pitch, offset, width, spacing, least area (nm, nm²), (wide metal, its spacing), (size, spacing) of the cut below
_METALS = (
    ("M1", "VERTICAL", 36, 0, 18, 18, 500, None, None),
    ("M2", "HORIZONTAL", 36, 0, 18, 18, 500, None, (18, 18)),
    ("M3", "VERTICAL", 36, 9, 18, 18, 500, None, (18, 18)),
    ("M4", "HORIZONTAL", 48, 0, 24, 24, 1100, (25, 72), (18, 34)),
    ("M5", "VERTICAL", 48, 9, 24, 24, 1100, (25, 72), (24, 34)),
    ("M6", "HORIZONTAL", 64, 0, 32, 32, 1700, (33, 72), (24, 34)),
    ("M7", "VERTICAL", 64, 9, 32, 32, 1700, (33, 72), (32, 34)),
)
# half sizes (x, y) of the pad below and of the pad above; each pad alone has the least area of its layer
_PADS = (((9, 11), (14, 9)), ((14, 9), (9, 14)), ((9, 14), (23, 12)), ((23, 12), (12, 23)), ((12, 23), (27, 16)), ((27, 16), (16, 27)))


def um(length: float) -> float:
    """Nanometres as micrometres, without noise of floating point."""
    return round(length / 1000, 6)


def metals() -> list[dict[str, Any]]:
    """Values of the template of layers, bottom to top."""
    found = []
    for number, (name, direction, pitch, offset, width, spacing, area, wide, cut) in enumerate(_METALS):
        found.append(
            {
                "name": name,
                "direction": direction,
                "pitch": um(pitch),
                "offset": um(offset),
                "width": um(width),
                "spacing": um(spacing),
                "area": round(area / 1e6, 6),
                "wide": None if wide is None else um(wide[0]),
                "wide_spacing": None if wide is None else um(wide[1]),
                "cut": f"V{number}",
                "cut_width": None if cut is None else um(cut[0]),
                "cut_spacing": None if cut is None else um(cut[1]),
            }
        )
    return found


def vias() -> list[dict[str, Any]]:
    """Values of the template of vias."""
    found = []
    for number, (below, above) in enumerate(_PADS, 1):
        cut = _METALS[number][8]
        assert cut is not None
        rects = [(f"M{number}", *below), (f"V{number}", cut[0] // 2, cut[0] // 2), (f"M{number + 1}", *above)]
        found.append({"name": f"VIA{number}{number + 1}", "rects": [(layer, um(x), um(y)) for layer, x, y in rects]})
    return found


def abstract(plan: CellPlan) -> dict[str, Any]:
    """Values of the template of one cell: signal pins are bars from rail to rail in the middle of sites, spread evenly over the width."""
    width = plan.width * SITE_WIDTH
    names = [*plan.inputs, *plan.outputs]
    columns = [round(i * (plan.width - 1) / max(1, len(names) - 1)) for i in range(len(names))]
    low, high = HALF_WIRE + RAIL_GAP, ROW_HEIGHT - HALF_WIRE - RAIL_GAP

    def bar(column: int, inset: int = 0) -> list[float]:
        x = column * SITE_WIDTH + SITE_WIDTH // 2
        return [um(x - HALF_WIRE), um(low + inset), um(x + HALF_WIRE), um(high - inset)]

    pins: list[dict[str, Any]] = []
    for name, column in zip(names, columns, strict=True):
        use = "CLOCK" if plan.kind == "flop" and name == "CLK" else "SIGNAL"
        direction = "INPUT" if name in plan.inputs else "OUTPUT"
        pins.append({"name": name, "direction": direction, "use": use, "rect": bar(column)})
    for name, use, y in (("VDD", "POWER", ROW_HEIGHT), ("VSS", "GROUND", 0)):
        rect = [0.0, um(y - HALF_WIRE), um(width), um(y + HALF_WIRE)]
        pins.append({"name": name, "direction": "INOUT", "use": use, "rect": rect})
    # nets inside of cells with several stages
    inside = [column for column in range(1, plan.width - 1) if column not in columns] if plan.extra else []
    kind = (
        "CORE"
        if plan.kind in ("logic", "flop")
        else "CORE TIEHIGH"
        if "H" in plan.outputs
        else "CORE TIELOW"
        if plan.outputs
        else "CORE SPACER"
    )
    if plan.name.startswith("TAP"):
        kind = "CORE WELLTAP"
    return {"name": plan.name, "kind": kind, "width": um(width), "pins": pins, "obstructions": [bar(column, 36) for column in inside]}
