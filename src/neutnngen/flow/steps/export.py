"""GDSII, OASIS, final netlist, DEF and abstract, and the pictures."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from neutnngen.flow.metric import metrics
from neutnngen.flow.state import StateDelta
from neutnngen.flow.steps.common import Context, KitStep, read_block
from neutnngen.place_route import stage_pictures
from neutnngen.place_route.block import Block
from neutnngen.place_route.def_file import write_def
from neutnngen.place_route.gds import write_gds
from neutnngen.place_route.lef_abstract import abstract, write_lef
from neutnngen.place_route.picture import render_layout
from neutnngen.place_route.verilog_netlist import write_netlist

ZOOM = 12.0
"""Row heights that the enlarged part of the layout shows."""


@dataclass(frozen=True)
class Export(KitStep):
    """What leaves the flow: GDSII and OASIS, DEF, LEF abstract, the netlist for simulation and one with supplies."""

    name = "gds"
    version = 2
    reads = ("layout",)

    def run(self, context: Context) -> StateDelta:
        block = read_block(context, self.kit)
        ends = (("gds", ".gds"), ("oasis", ".oas"), ("def", ".def"), ("lef", ".lef"), ("netlist", ".v"))
        made = {name: context.folder / f"{block.name}{end}" for name, end in ends}
        powered = context.folder / f"{block.name}_powered.v"
        write_gds(block, self.kit, made["gds"], made["oasis"])
        write_def(block, self.kit, made["def"])
        write_lef(abstract(block, self.kit), self.kit, made["lef"])
        write_netlist(block, made["netlist"], self.kit)
        write_netlist(block, powered, self.kit, power=True)
        size, small = (made[name].stat().st_size for name in ("gds", "oasis"))
        numbers = metrics("MEASURED", "gds", ("gds_size", size, "bytes", None), ("oasis_size", small, "bytes", None))
        return StateDelta(
            {**made, "powered_netlist": powered}, numbers, f"{made['gds'].name}, {size / 1e6:.2f} MB ({small / 1e6:.2f} as OASIS)"
        )


@dataclass(frozen=True)
class WholePicture(KitStep):
    """A finished layout as one picture, for back ends whose stages are not ours."""

    name = "picture"
    version = 1
    reads = ("gds",)
    options = ("picture_width",)

    def run(self, context: Context) -> StateDelta:
        width = context.config.picture_width
        png = render_layout(context.file("gds"), self.kit, context.folder / "layout.png", width=width)
        return StateDelta({"picture": png}, summary=f"{png.name}, {width} pixels wide")


@dataclass(frozen=True)
class Picture(KitStep):
    """The layout as pictures: whole, enlarged, and stage by stage."""

    name = "picture"
    version = 2
    reads = ("gds", "layout", "timing_report")
    options = ("picture_width",)

    def run(self, context: Context) -> StateDelta:
        folder, gds, width = context.folder, context.file("gds"), context.config.picture_width
        block = read_block(context, self.kit)
        pictures = {
            "picture_floorplan": stage_pictures.draw_floorplan(block, self.kit, folder / "floorplan.png"),
            "picture_power_grid": stage_pictures.draw_power_grid(block, self.kit, folder / "power_grid.png"),
            "picture_cells": stage_pictures.draw_cells(block, self.kit, folder / "cells.png"),
            "picture_clock_tree": stage_pictures.draw_clock_tree(block, self.kit, folder / "clock_tree.png"),
        }
        timing = json.loads(context.file("timing_report").read_text(encoding="utf-8"))
        path = timing["registers"] or timing["setup"]
        title = f"{block.name}: longest path, {path['arrival']:.3f} ns, slack {path['slack']:+.3f} ns"
        pins = [point["pin"] for point in path["points"]]
        pictures["picture_path"] = stage_pictures.draw_path(block, self.kit, pins, title, folder / "critical_path.png")
        pictures["picture_zoom"] = render_layout(gds, self.kit, folder / "zoom.png", width=width, region=self._middle(block))
        pictures["picture"] = render_layout(gds, self.kit, folder / "layout.png", width=width)
        return StateDelta(pictures, summary=f"{len(pictures)} pictures, {Path(pictures['picture']).name} {width} pixels wide")

    def _middle(self, block: Block) -> tuple[float, float, float, float]:
        """A square in the middle of the core, micrometres."""
        technology, core = self.kit.technology, block.core
        height = technology.sites[self.kit.roles.core_site].height
        half = min(ZOOM * height, core.x1 - core.x0, core.y1 - core.y0) / 2 / technology.dbu
        x, y = (core.x0 + core.x1) / 2 / technology.dbu, (core.y0 + core.y1) / 2 / technology.dbu
        return x - half, y - half, x + half, y + half
