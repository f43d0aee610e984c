"""Scripts for OpenROAD, Genus and Innovus run by a plain Tcl interpreter in which every command of the tool records its arguments.

A command or an option that the tables do not list is an error. The tables hold those that the tools' manuals describe and our scripts use:
``-name`` takes a value, ``-name!`` takes none; then the allowed number of other arguments.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

OPENROAD = """
read_lef 1 1
read_liberty 1 1
read_verilog 1 1
link_design 1 1
set_cmd_units -time -capacitance -resistance -distance 0 0
read_sdc 1 1
set_driving_cell -lib_cell 1 1
set_load 2 2
set_max_fanout 2 2
set_dont_use 1 1
unset_dont_use 1 1
set_layer_rc -layer -resistance -capacitance 0 0
set_wire_rc -signal! -clock! -layer 0 0
initialize_floorplan -utilization -aspect_ratio -core_space -site 0 0
make_tracks -x_offset -x_pitch -y_offset -y_pitch 1 1
tapcell -tapcell_master -distance 0 0
add_global_connection -net -pin_pattern -power! -ground! 0 0
global_connect 0 0
set_voltage_domain -name -power -ground 0 0
define_pdn_grid -name -voltage_domains -pins 0 0
add_pdn_stripe -grid -layer -width -pitch -offset -followpins! 0 0
add_pdn_connect -grid -layers 0 0
pdngen 0 0
set_routing_layers -signal -clock 0 0
global_placement -density -skip_io! -timing_driven! -routability_driven! 0 0
place_pins -hor_layers -ver_layers 0 0
estimate_parasitics -placement! -global_routing! -spef_file 0 0
repair_design 0 0
detailed_placement 0 0
clock_tree_synthesis -root_buf -buf_list -sink_clustering_enable! 0 0
set_propagated_clock 1 1
repair_timing -setup! -hold! 0 0
optimize_mirroring 0 0
check_placement -verbose! 0 0
pin_access 0 0
global_route -guide_file -congestion_iterations -verbose! 0 0
repair_antennas 0 1
detailed_route -output_drc -output_maze -bottom_routing_layer -top_routing_layer -verbose 0 0
filler_placement 1 1
check_antennas -report_file 0 0
define_process_corner -ext_model_index 1 1
extract_parasitics -ext_model_file 0 0
write_spef 1 1
read_spef 1 1
worst_slack -max! -min! 0 0
total_negative_slack -max! -min! 0 0
find_timing_paths -path_delay -from -to 0 0
get_property 2 2
report_checks -path_delay -format -fields -digits 0 0
report_clock_skew -setup! -hold! 0 0
report_check_types -max_slew! -max_capacitance! -max_fanout! -violators! 0 0
report_design_area 0 0
report_cell_usage 0 0
ord::get_die_area 0 0
ord::get_core_area 0 0
write_def 1 1
write_verilog 1 1
write_db 1 1
read_saif -scope 1 1
report_activity_annotation -report_unannotated! 0 0
report_power -digits 0 0
all_inputs -no_clocks! 0 0
all_outputs 0 0
all_clocks 0 0
all_registers -clock_pins! -data_pins! 0 0
get_ports 1 1
current_design 0 0
"""

GENUS = """
read_libs 1 1
read_physical -lef 0 0
set_time_unit -nanoseconds 0 0
set_load_unit -picofarads 0 0
read_hdl -sv! 1 1
elaborate 1 1
check_design -unresolved! 0 0
read_sdc 1 1
set_db 2 3
get_db 2 2
ungroup -all! -flatten! 0 0
syn_generic 0 0
syn_map 0 0
syn_opt 0 0
report_qor 0 2
report_area 0 2
report_gates 0 2
report_timing -max_paths 0 2
report_power 0 2
check_timing_intent -verbose! 0 2
write_hdl 0 2
write_sdc 0 2
"""

MMMC = """
create_library_set -name -timing 0 0
create_rc_corner -name -T 0 0
create_delay_corner -name -library_set -rc_corner 0 0
create_constraint_mode -name -sdc_files 0 0
create_analysis_view -name -constraint_mode -delay_corner 0 0
set_analysis_view -setup -hold 0 0
"""

SDC = """
create_clock -name -period 1 1
set_input_delay -clock 2 2
set_output_delay -clock 2 2
set_driving_cell -lib_cell 1 1
set_load 2 2
set_max_fanout 2 2
remove_from_collection 2 2
all_inputs 0 0
all_outputs 0 0
get_ports 1 1
current_design 0 0
"""

INNOVUS = """
setLibraryUnit -time -cap 0 0
init_design 0 0
setDesignMode -process -bottomRoutingLayer -topRoutingLayer 0 0
setDontUse 2 2
globalNetConnect -type -pin -inst 1 1
floorPlan -site -r 5 5
addWellTap -cell -cellInterval -prefix 0 0
addRing -nets -type -follow -layer -width -spacing -offset 0 0
addStripe -nets -layer -direction -width -spacing -set_to_set_distance -start_offset 0 0
sroute -nets -connect -corePinTarget -layerChangeRange -allowJogging 0 0
setPinConstraint -cell -side -layer 0 0
setPlaceMode -place_global_place_io_pins 0 0
setOptMode -maxFanout 0 0
place_opt_design 0 0
setTieHiLoMode -cell -maxFanout 0 0
addTieHiLo 0 0
set_ccopt_property 2 2
create_ccopt_clock_tree_spec -file 0 0
ccopt_design 0 0
optDesign -postCTS! -postRoute! -hold! -setup! 0 0
setNanoRouteMode -routeWithTimingDriven -routeWithSiDriven -routeInsertAntennaDiode -routeAntennaCellName 0 0
routeDesign -globalDetail! 0 0
setExtractRCMode -engine -effortLevel 0 0
setAnalysisMode -analysisType -cppr 0 0
addFiller -cell -prefix 0 0
ecoRoute 0 0
verify_drc -limit -report 0 0
verifyConnectivity -type -error -report 0 0
verifyProcessAntenna -error -report 0 0
checkPlace 1 1
extractRC 0 0
rcOut -spef -rc_corner 0 0
report_timing -late! -early! -view -max_paths -from -to 0 2
timeDesign -postRoute! -hold! -expandedViews! -outDir -prefix 0 0
report_ccopt_skew_groups -file 0 0
report_constraint -drv_violation_type -all_violators! 0 2
summaryReport -noHtml! -outfile 0 0
dbGet -p2! 1 2
all_registers -clock_pins! -data_pins! 0 0
saveNetlist 1 1
defOut -routing! 1 1
streamOut -mapFile -merge -units -mode -attachInstanceName 1 1
saveDesign 1 1
restoreDesign 2 2
set_power_analysis_mode -reset! -method -analysis_view -create_binary_db -write_static_currents 0 0
read_activity_file -reset! -format -scope 0 1
set_power_output_dir 1 1
report_power -outfile 0 0
"""


@dataclass(frozen=True)
class Call:
    """A command as it was called. options: name without dash to its value, "" for a switch. rest: other arguments."""

    name: str
    options: dict[str, str]
    rest: tuple[str, ...]


@dataclass
class Recorder:
    """What a script did."""

    calls: list[Call] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)

    def all(self, name: str) -> list[Call]:
        return [call for call in self.calls if call.name == name]

    def one(self, name: str) -> Call:
        found = self.all(name)
        assert len(found) == 1, (name, found)
        return found[0]


def table(text: str) -> dict[str, tuple[set[str], set[str], int, int]]:
    """Command to (options with a value, switches, least and most other arguments)."""
    made = {}
    for line in text.split("\n"):
        if line:
            name, *words = line.split()
            options = words[:-2]
            valued = {o[1:] for o in options if not o.endswith("!")}
            made[name] = (valued, {o[1:-1] for o in options if o.endswith("!")}, int(words[-2]), int(words[-1]))
    return made


Answer = Callable[[Call], str | None]


def play(script: Path, tools: str, answer: Answer | None = None, variables: dict[str, str] | None = None) -> Recorder:
    """Run a script in its folder; ``answer`` gives what a command returns. Skips where Python comes without Tcl. Raises TclError."""
    tkinter = pytest.importorskip("tkinter", reason="this Python has no Tcl interpreter (python3-tk)")
    tcl: Any = tkinter.Tcl()
    made = Recorder()
    made.calls = []

    def stub(name: str, rules: tuple[set[str], set[str], int, int]) -> Callable[..., str]:
        valued, switches, least, most = rules

        def call(*words: object) -> str:
            arguments = [str(tcl.call("join", tcl.call("list", word))) if isinstance(word, tuple) else str(word) for word in words]
            options: dict[str, str] = {}
            rest: list[str] = []
            while arguments:
                word = arguments.pop(0)
                if word[:1] == "-" and word[1:] in switches:
                    options[word[1:]] = ""
                elif word[:1] == "-" and word[1:] in valued:
                    if not arguments:
                        raise ValueError(f"{name} {word} lacks its value")
                    options[word[1:]] = arguments.pop(0).strip()
                elif word[:1] == "-" and not word[1:2].isdigit():
                    raise ValueError(f"{name} has no option {word}")
                else:
                    rest.append(word.strip())
            if not least <= len(rest) <= most:
                raise ValueError(f"{name} takes {least} to {most} arguments, not {rest}")
            record = Call(name, options, tuple(rest))
            made.calls.append(record)
            said = answer(record) if answer is not None else None
            return f"<{name}>" if said is None else said

        return call

    tcl.eval("rename puts tcl_puts; namespace eval ord {}; proc exit {args} {}")

    def puts(*words: object) -> None:
        if len(words) == 1:
            made.printed.append(str(words[0]))
        else:
            tcl.call("tcl_puts", *words)

    tcl.createcommand("puts", puts)
    for name, rules in table(tools).items():
        tcl.createcommand(name, stub(name, rules))
    for name, value in (variables or {}).items():
        tcl.setvar(name, value)
    before = Path.cwd()
    os.chdir(script.parent)
    try:
        tcl.eval(script.read_text(encoding="utf-8"))
    finally:
        os.chdir(before)
    return made
