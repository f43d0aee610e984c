"""GDSII, final netlist and DEF, and the picture."""

from __future__ import annotations

from dataclasses import dataclass

from neutnngen.flow.metric import metrics
from neutnngen.flow.state import StateDelta
from neutnngen.flow.steps.common import Context, KitStep, read_block
from neutnngen.place_route.def_file import write_def
from neutnngen.place_route.gds import write_gds
from neutnngen.place_route.picture import render_layout
from neutnngen.place_route.verilog_netlist import write_netlist


@dataclass(frozen=True)
class Export(KitStep):
    """What leaves the flow: GDSII, DEF, the netlist for simulation and one with supplies."""

    name = "gds"
    version = 1
    reads = ("layout",)

    def run(self, context: Context) -> StateDelta:
        block = read_block(context, self.kit)
        folder = context.folder
        made = {name: folder / f"{block.name}{end}" for name, end in (("gds", ".gds"), ("def", ".def"), ("netlist", ".v"))}
        powered = folder / f"{block.name}_powered.v"
        write_gds(block, self.kit, made["gds"])
        write_def(block, self.kit, made["def"])
        write_netlist(block, made["netlist"], self.kit)
        write_netlist(block, powered, self.kit, power=True)
        size = made["gds"].stat().st_size
        numbers = metrics("MEASURED", "gds", ("gds_size", size, "bytes", None))
        return StateDelta({**made, "powered_netlist": powered}, numbers, f"{made['gds'].name}, {size / 1e6:.2f} MB")


@dataclass(frozen=True)
class Picture(KitStep):
    """The layout as a picture."""

    name = "picture"
    version = 1
    reads = ("gds",)
    options = ("picture_width",)

    def run(self, context: Context) -> StateDelta:
        png = render_layout(context.file("gds"), self.kit, context.folder / "layout.png", width=context.config.picture_width)
        return StateDelta({"picture": png}, summary=f"{png.name}, {context.config.picture_width} pixels wide")
