"""Floorplan, placement, routing and fill: each a step from one layout (DEF) to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from neutnngen.errors import CheckFailed
from neutnngen.flow.config import LayoutConfig
from neutnngen.flow.metric import metrics
from neutnngen.flow.state import StateDelta
from neutnngen.flow.steps.common import Context, KitStep, corner_hashes, read_block, write_report
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.abutment import with_room, without_room
from neutnngen.place_route.antenna import route_with_diodes
from neutnngen.place_route.block import Block
from neutnngen.place_route.congestion import congestion, draw_congestion, draw_failures
from neutnngen.place_route.def_file import write_def
from neutnngen.place_route.elbow_room import make_room
from neutnngen.place_route.fill import add_fillers
from neutnngen.place_route.floorplan import make_floorplan
from neutnngen.place_route.place_block import PlaceOptions, place_block
from neutnngen.place_route.placement_check import check_placement
from neutnngen.place_route.router import RouteOptions
from neutnngen.place_route.verilog_netlist import read_netlist
from neutnngen.timing.engine import analyse
from neutnngen.timing.library import load_timing
from neutnngen.timing.repair import RepairReport, repair
from neutnngen.timing.weights import weights_by_timing

SHOWN = 5
"""Places that an error message shows; its report file has all."""
ROOM_ROUNDS = 3
"""Times that cells make room where nets are stuck."""
FEW_NETS, FEW_SHARE = 20, 0.001
"""Stuck nets, and share of all nets, for which it is worth while; more of them are a matter of density."""
TIMING_ROUNDS = 2
"""Placements with weights of nets from timing, where it is tight."""


@dataclass(frozen=True)
class Floorplan(KitStep):
    """Die, core and rows for the synthesised cells."""

    name = "floorplan"
    version = 2
    reads = ("synthesis_netlist",)
    options = ("utilisation", "aspect", "pin_sides", "pin_order", "core_ring")

    def run(self, context: Context) -> StateDelta:
        netlist = read_netlist(context.file("synthesis_netlist"), self.kit)
        config = context.config
        block, report = make_floorplan(
            netlist, self.kit, utilisation=config.utilisation, aspect=config.aspect, sides=config.port_sides, core_ring=config.core_ring
        )
        layout = context.folder / "layout.def"
        write_def(block, self.kit, layout)
        um = self.kit.technology.to_um
        width, height = um(block.die.x1 - block.die.x0), um(block.die.y1 - block.die.y0)
        numbers = metrics(
            "MEASURED",
            "floorplan",
            ("die_width", width, "um", None),
            ("die_height", height, "um", None),
            ("die_area", width * height, "um2", "lower"),
            ("core_area", report.core_width_um * report.core_height_um, "um2", "lower"),
            ("rows", report.rows, "rows", None),
        )
        smallest = f", the smallest legal size (because of {', '.join(report.limits)})" if report.minimum else ""
        return StateDelta({"layout": layout}, numbers, f"die {width:.1f} x {height:.1f} um, {report.rows} rows{smallest}")


@dataclass(frozen=True)
class Place(KitStep):
    """Taps, power grid, ports, placement by timing, fan-out buffers and clock tree, repair of timing."""

    name = "place"
    version = 4
    reads = ("layout",)
    options = ("seed", "effort", "max_fanout", "clock_period_ns", "engine", "pin_sides", "pin_order", "even_pins", "core_ring")

    def inputs(self, config: LayoutConfig) -> Mapping[str, Any]:
        return {**super().inputs(config), "corners": corner_hashes(self.kit)}

    def run(self, context: Context) -> StateDelta:
        config, period = context.config, context.config.clock_period_ns
        kit = with_room(self.kit)
        options = PlaceOptions(
            seed=config.seed,
            effort=config.effort,
            max_fanout=config.max_fanout,
            sides=config.pin_sides,
            order=config.pin_order,
            even_ports=config.even_pins,
            engine=config.engine,
            core_ring=config.core_ring,
        )
        rounds: list[Mapping[str, float]] = []
        repairs: list[RepairReport] = []

        def refine(block: Block) -> Mapping[str, float] | None:
            if len(rounds) == TIMING_ROUNDS:
                return None
            rounds.append(weights_by_timing(block, kit, period, rounds[-1] if rounds else None))
            return rounds[-1] or None

        def mend(block: Block) -> Block:
            made, report = repair(block, kit, period, corners=[load_timing(kit, corner) for corner in kit.corners])
            repairs.append(report)
            return made

        say = lambda message: context.say(message, None)  # noqa: E731
        result = place_block(read_block(context, self.kit), kit, options, say, refine=refine, mend=mend)
        block = without_room(result.block, self.kit)
        _require_legal(block, self.kit, context)
        timing, repaired = analyse(block, self.kit, period), repairs[-1]
        layout = context.folder / "layout.def"
        write_def(block, self.kit, layout)
        numbers = metrics(
            "MEASURED",
            "place",
            ("placed_utilisation", result.utilisation, "", None),
            ("fanout_buffers", result.buffers.buffers, "cells", "lower"),
            ("clock_buffers", result.clock_tree.buffers, "cells", "lower"),
            ("clock_sinks", result.clock_tree.sinks, "pins", None),
            ("clock_depth", result.clock_tree.depth, "levels", "lower"),
        )
        numbers |= metrics(
            "MEASURED",
            "repair",
            ("resized_cells", repaired.resized, "cells", None),
            ("slew_buffers", repaired.buffers, "cells", "lower"),
            ("hold_buffers", repaired.hold_buffers, "cells", "lower"),
        )
        numbers |= metrics(
            "ESTIMATED",
            "place",
            ("half_perimeter_wire_length", result.hpwl_um, "um", "lower"),
            ("placed_setup_slack", timing.setup_slack, "ns", "higher"),
            ("placed_hold_slack", timing.hold_slack, "ns", "higher"),
            ("placed_clock_skew", timing.skew, "ns", "lower"),
            ("placed_clock_insertion", timing.latency[1], "ns", "lower"),
        )
        parts = {"buffers": asdict(result.buffers), "clock_tree": asdict(result.clock_tree), "repair": asdict(repaired)}
        report = write_report(context.folder, "placement.json", {**parts, "timing": asdict(timing)})
        added = result.buffers.buffers + repaired.buffers + repaired.hold_buffers
        summary = (
            f"{result.hpwl_um:,.0f} um half-perimeter, {added} buffers, {result.clock_tree.buffers} clock buffers, "
            f"setup {timing.setup_slack:+.3f} ns, hold {timing.hold_slack:+.3f} ns (ESTIMATED)"
        )
        return StateDelta({"layout": layout, "placement_report": report}, numbers, summary)


@dataclass(frozen=True)
class Route(KitStep):
    """Detailed routing of all signal and clock nets. Where few nets are stuck, cells move a site apart and all is routed anew."""

    name = "route"
    version = 3
    reads = ("layout",)
    options = ("seed", "route_iterations")

    def run(self, context: Context) -> StateDelta:
        config = context.config
        options = RouteOptions(seed=config.seed, max_iterations=config.route_iterations)

        def progress(iteration: int, conflicts: int) -> None:
            context.say(f"iteration {iteration}: {conflicts} conflicts", None)

        result = route_with_diodes(read_block(context, self.kit), self.kit, options, progress)
        moved = 0
        for _ in range(ROOM_ROUNDS):
            stuck = [rect for net in result.failed for rect in net.places]
            if not stuck or len(result.failed) > max(FEW_NETS, FEW_SHARE * len(result.block.nets)):
                break
            roomier, count = make_room(result.block, self.kit, stuck)
            if not count:
                break
            moved += count
            context.say(f"{len(result.failed)} nets are stuck: {count} cells make room, all is routed again", None)
            result = route_with_diodes(roomier, self.kit, options, progress)
        if moved:
            _require_legal(result.block, self.kit, context)
        layout = context.folder / "layout.def"
        write_def(result.block, self.kit, layout)
        if result.failed or result.overflow:
            failed = [{"net": net.net, "reason": net.reason, "places_um": _places(net.places, self.kit)} for net in result.failed]
            report = write_report(context.folder, "unrouted.json", failed)
            places = [(net.net, rect) for net in result.failed for rect in net.places]
            picture = draw_failures(result.block, self.kit, places, context.folder / "route_failures.png")
            draw_congestion(congestion(result.block, self.kit), context.folder / "congestion.png")
            raise CheckFailed(
                f"{len(result.failed)} nets could not be routed cleanly, {result.overflow} conflicts are left",
                got="; ".join(f"{net['net']} ({net['reason']}) at {net['places_um'][:1]}" for net in failed[:SHOWN]),
                allowed="no conflict",
                next_step=f"lower layout.utilisation (now {config.utilisation:g}) or raise "
                f"layout.route_iterations; all places: {report}, {picture}",
            )
        draw_congestion(congestion(result.block, self.kit), context.folder / "congestion.png")
        numbers = metrics(
            "MEASURED",
            "route",
            ("wire_length", result.wirelength_um, "um", "lower"),
            ("vias", result.vias, "vias", "lower"),
            ("route_iterations", result.iterations, "rounds", "lower"),
            ("cells_moved_for_routing", moved, "cells", "lower"),
        )
        return StateDelta({"layout": layout}, numbers, f"{result.wirelength_um:,.0f} um wire, {result.vias:,} vias, no conflict")


@dataclass(frozen=True)
class Fill(KitStep):
    """Filler cells in every gap."""

    name = "fill"
    version = 1
    reads = ("layout",)

    def run(self, context: Context) -> StateDelta:
        block = add_fillers(read_block(context, self.kit), self.kit)
        _require_legal(block, self.kit, context)
        layout = context.folder / "layout.def"
        write_def(block, self.kit, layout)
        kinds = [instance.kind for instance in block.instances.values()]
        decaps = sum(instance.master in self.kit.roles.decaps for instance in block.instances.values())
        masters = [self.kit.masters[i.master] for i in block.instances.values() if i.kind not in ("filler", "tap", "antenna")]
        area = sum(master.width * master.height for master in masters) / self.kit.technology.dbu**2
        core = (block.core.x1 - block.core.x0) * (block.core.y1 - block.core.y0) / self.kit.technology.dbu**2
        numbers = metrics(
            "MEASURED",
            "fill",
            ("cells", len(masters), "cells", "lower"),
            ("cell_area", area, "um2", "lower"),
            ("utilisation", area / core, "", None),
            ("fillers", kinds.count("filler") - decaps, "cells", None),
            ("decaps", decaps, "cells", None),
            ("taps", kinds.count("tap"), "cells", None),
        )
        said = f", of them {decaps:,} decoupling capacitors" if decaps else ""
        return StateDelta({"layout": layout}, numbers, f"{kinds.count('filler'):,} fillers{said}")


def _require_legal(block: Block, kit: Kit, context: Context) -> None:
    problems = check_placement(block, kit)
    if problems:
        report = write_report(context.folder, "illegal.json", [asdict(problem) for problem in problems])
        raise CheckFailed(
            f"the placement breaks {len(problems)} rules",
            got="; ".join(f"{p.rule}: {', '.join(p.instances)} at ({p.x_um:.3f}, {p.y_um:.3f}) um" for p in problems[:SHOWN]),
            next_step=f"all places: {report}",
        )


def _places(rects: Any, kit: Kit) -> list[list[float]]:
    um = kit.technology.to_um
    return [[um(r.x0), um(r.y0), um(r.x1), um(r.y1)] for r in rects]
