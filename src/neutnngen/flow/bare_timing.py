"""Timing of a synthesised netlist before any layout: fan-out buffered, no wires, ideal clock."""

from __future__ import annotations

from pathlib import Path

from neutnngen.errors import ToolFailed
from neutnngen.flow.steps.common import beside, link_libraries, render_script
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block
from neutnngen.place_route.buffering import buffer_fanout
from neutnngen.place_route.verilog_netlist import read_netlist, write_netlist
from neutnngen.tools import opensta


def bare_block(netlist: Path, kit: Kit) -> Block:
    """A synthesised netlist in which nets of many sinks have the trees of buffers that the layout flow would give them.

    Without these a line that clears a thousand registers would be the longest path of every block.
    """
    return buffer_fanout(read_netlist(netlist, kit), kit)[0]


def bare_period(block: Block, constraints: Path, kit: Kit, folder: Path, period: float) -> float:
    """Shortest clock period in ns: the longest path from register to register, with the cells' own loads and without wires.

    block: see :func:`bare_block`. period: that of the constraints, ns. folder: gets script and log, made if absent. Raises ToolFailed if
    there is no such path.
    """
    folder.mkdir(parents=True, exist_ok=True)
    buffered = folder / "buffered.v"
    write_netlist(block, buffered, kit)
    values = {
        "libraries": link_libraries(kit, folder),
        "netlist": buffered.name,
        "spef": "",
        "constraints": beside(constraints, folder),
        "top": block.name,
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
