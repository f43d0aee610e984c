"""Timing of a synthesised netlist before any layout: fan-out buffered, no wires, ideal clock."""

from __future__ import annotations

from pathlib import Path

from neutnngen.errors import ToolFailed
from neutnngen.flow.steps.common import beside, link_libraries, render_script
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.buffering import buffer_fanout
from neutnngen.place_route.verilog_netlist import read_netlist, write_netlist
from neutnngen.tools import opensta


def bare_period(netlist: Path, constraints: Path, top: str, kit: Kit, folder: Path, period: float) -> float:
    """Shortest clock period in ns: the longest path from register to register, with the cells' own loads and without wires.

    Nets of many sinks get the trees of buffers that the layout flow would give them, or else a line that clears a thousand registers would
    be the longest path of every block.

    period: that of the constraints, ns. folder: gets script and log, made if absent. Raises ToolFailed if there is no such path.
    """
    folder.mkdir(parents=True, exist_ok=True)
    block, _ = buffer_fanout(read_netlist(netlist, kit), kit)
    buffered = folder / "buffered.v"
    write_netlist(block, buffered, kit)
    values = {
        "libraries": link_libraries(kit, folder),
        "netlist": buffered.name,
        "spef": "",
        "constraints": beside(constraints, folder),
        "top": top,
        "clock": "clk",
        "clock_driver": kit.roles.clock_buffers[-1],
        "driving_cell": kit.roles.driving_cell,
        "output_load": kit.roles.output_load,
    }
    script = render_script("timing.tcl.j2", folder / "timing.tcl", values)
    text = opensta.run_script(script.relative_to(folder), folder, folder / "sta.log")
    path = opensta.parse_path(opensta.section(text, "registers"))
    if path is None:
        raise ToolFailed("OpenSTA found no path between registers", got=folder / "sta.log")
    return period - path.slack
