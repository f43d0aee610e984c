"""What the scripts of every back end are filled with: kit and configuration in micrometres, nanoseconds and names of files beside them."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from neutnngen.errors import ConfigError
from neutnngen.flow.config import LayoutConfig
from neutnngen.flow.steps.common import link_libraries
from neutnngen.pdk.technology import Kit

RESULTS = "../results"
"""Where scripts write to, seen from their own folder: it stays when steps run again, so a run by hand on another machine counts."""
MARGIN_UM = 2.8
"""From core to die edge, as in the embedded floorplan."""
DENSITY_ABOVE = 0.1
"""By how much the placer's target density is above the utilisation."""


def link_files(kit: Kit, folder: Path) -> dict[str, Any]:
    """Links to the kit's files in ``folder`` under plain names; what is compressed is written anew.

    The dictionary has ``libraries``, ``corner_libraries`` (corner -> file), ``lefs`` and ``cell_gds``. Raises ConfigError for a kit
    without its LEF paths.
    """
    if not kit.lef:
        raise ConfigError("the kit does not say where its LEF files lie", got=kit.name)
    names = ["technology.lef", "cells.lef"] if len(kit.lef) == 2 else [f"lef_{number}.lef" for number in range(len(kit.lef))]
    return {
        "libraries": link_libraries(kit, folder),
        "corner_libraries": {corner: _corner_links(corner, paths, folder) for corner, paths in kit.corners.items()},
        "lefs": [_link(path, folder / name) for path, name in zip(kit.lef, names, strict=True)],
        "cell_gds": _link(kit.cell_gds, folder / "cells.gds"),
    }


def _corner_links(corner: str, paths: Sequence[Path], folder: Path) -> list[str]:
    ends = [""] if len(paths) == 1 else [f"_{number}" for number in range(len(paths))]
    return [_link(path, folder / f"cells_{corner}{end}.lib") for end, path in zip(ends, paths, strict=True)]


def _link(path: Path, link: Path) -> str:
    if path.suffix == ".gz":
        link.write_bytes(gzip.decompress(path.read_bytes()))
    else:
        link.unlink(missing_ok=True)
        link.symlink_to(path.resolve())
    return link.name


def script_values(kit: Kit, config: LayoutConfig, top: str, clock: str = "clk") -> dict[str, Any]:
    """Values for the templates that do not depend on where files lie."""
    technology, roles = kit.technology, kit.roles
    um = technology.to_um
    straps = []
    for name, width, pitch in kit.straps.straps:
        layer = technology.layers[name]
        straps.append(
            {
                "layer": name,
                "direction": layer.direction,
                "width": um(width),
                "pitch": um(pitch),
                "spacing": um(pitch // 2 - width),
                "offset": um(pitch // 4),
            }
        )
    chain = [kit.straps.rail_layer, *(strap["layer"] for strap in straps)]
    margin = max(MARGIN_UM, um(technology.sites[roles.core_site].height))
    ring = _ring(kit)
    return {
        "top": top,
        "kit": kit.name,
        "clock": clock,
        "results": RESULTS,
        "dbu": technology.dbu,
        "site": roles.core_site,
        "utilisation": config.utilisation,
        "utilisation_percent": round(100 * config.utilisation, 6),
        "density": round(min(0.95, config.utilisation + DENSITY_ABOVE), 6),
        "aspect": config.aspect,
        "margin": margin,
        "max_fanout": config.max_fanout,
        "route_iterations": config.route_iterations,
        "power": {"net": roles.power_net, "pin": _supply_pin(kit, "power")},
        "ground": {"net": roles.ground_net, "pin": _supply_pin(kit, "ground")},
        "rail": {"layer": kit.straps.rail_layer, "width": um(kit.straps.rail_width)},
        "straps": straps,
        "strap_pairs": list(pairwise(chain)),
        "ring": ring,
        "ring_margin": margin if ring is None else round(max(margin, ring["span"]), 6),
        "signal_layers": list(kit.signal_layers),
        "pin_layers": list(kit.pin_layers),
        "tracks": [
            {"layer": layer.name, "offset": um(layer.offset), "pitch": um(layer.pitch)}
            for layer in technology.routing_layers
            if layer.pitch
        ],
        # kiloohm and fF per micrometre
        "wires": [
            {"layer": layer.name, "resistance": f"{layer.resistance / 1000:.4e}", "capacitance": f"{layer.capacitance:.4e}"}
            for layer in technology.routing_layers
            if layer.resistance > 0
        ],
        "signal_rc_layer": kit.signal_layers[min(1, len(kit.signal_layers) - 1)],
        "clock_rc_layer": kit.signal_layers[len(kit.signal_layers) // 2],
        "tap": None
        if roles.tap is None
        else {"cell": roles.tap, "distance": um(roles.tap_interval // 2), "interval": um(roles.tap_interval)},
        "clock_buffers": list(roles.clock_buffers),
        "clock_driver": roles.clock_buffers[-1],
        "inverters": list(roles.inverters),
        "driving_cell": roles.driving_cell,
        "output_load": roles.output_load,
        "output_load_pf": round(roles.output_load / 1000, 9),
        "tie_cells": [roles.tie_high[0], roles.tie_low[0]],
        "fillers": sorted((*roles.fillers, *roles.decaps), key=lambda name: -kit.masters[name].width),
        "antenna": roles.antenna,
        "dont_use": list(roles.dont_use),
        "process_nm": _process_nm(kit),
        "outline": list(kit.outline_gds),
    }


def _supply_pin(kit: Kit, use: str) -> str:
    """The cells' own name of the supply pin."""
    found = next((pin.name for pin in kit.masters[kit.roles.flop].pins.values() if pin.use == use), None)
    if found is None:
        raise ConfigError(f"the kit's register has no {use} pin", got=f"{kit.name}, {kit.roles.flop}")
    return found


def _ring(kit: Kit) -> dict[str, Any] | None:
    """A ring on the highest layers of either direction; None where the kit has wires of one direction alone. span: width that it takes."""
    layers = kit.technology.layers
    names = [*kit.signal_layers, *(name for name, _, _ in kit.straps.straps)]
    highest: dict[str, str] = {layers[name].direction: name for name in names}
    if len(highest) < 2:
        return None
    width = max(width for _, width, _ in kit.straps.straps)
    space = max(max([layers[name].spacing, *(s for _, row in layers[name].spacing_table for _, s in row)]) for name in highest.values())
    um = kit.technology.to_um
    return {**highest, "width": um(width), "spacing": um(space), "offset": um(space), "span": um(3 * space + 2 * width)}


def _process_nm(kit: Kit) -> int:
    """The node in nanometres: the number in the kit's name, as Innovus wants to know it."""
    digits = "".join(c if c.isdigit() else " " for c in kit.name).split()
    return int(digits[-1]) if digits else 90
