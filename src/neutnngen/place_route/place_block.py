"""From a floorplanned netlist to a legal placement with buffers and clock tree: the sequence of the placement steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter

from neutnngen.errors import ConfigError
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block
from neutnngen.place_route.buffering import BufferReport, buffer_fanout, size_drivers
from neutnngen.place_route.clock_tree import ClockTreeReport, build_clock_tree
from neutnngen.place_route.fill import add_taps
from neutnngen.place_route.floorplan import cell_area
from neutnngen.place_route.hard_blocks import standard_cells
from neutnngen.place_route.pin_placement import Side, place_ports
from neutnngen.place_route.placement import Engine, check_engine, place_global, place_legal
from neutnngen.place_route.placement_arrays import total_hpwl
from neutnngen.place_route.power_ends import settle_power_ends
from neutnngen.place_route.power_grid import add_power_grid

Progress = Callable[[str], None]
Refine = Callable[[Block], Mapping[str, float] | None]
"""Weights of nets by name for one more global placement of a placed block, None to go on."""
Mend = Callable[[Block], Block]
"""A legal block with its timing repaired: other sizes, more buffers, to be made legal again."""


@dataclass(frozen=True)
class PlaceOptions:
    """seed: of the engine's start. effort: 1 … 9. max_fanout: of signal nets and of the clock tree's buffers. max_cap_ff: largest load of
    a signal net's driver that buffers should leave, None for what the drivers stand. sides: side of the die by port, where it matters;
    order: ports of a side in their order, bottom to top or left to right; even_ports: those evenly along their side, not near their cells.
    engine: of placement. net_weights: importance of nets by name, 1 where not named. core_ring: rings of power and ground around the core.
    """

    seed: int = 0
    effort: int = 3
    max_fanout: int = 16
    max_cap_ff: float | None = None
    sides: Mapping[str, Side] | None = None
    order: Mapping[Side, Sequence[str]] | None = None
    even_ports: bool = False
    engine: Engine = "electrostatic"
    net_weights: Mapping[str, float] | None = None
    core_ring: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.effort <= 9:
            raise ConfigError("layout.effort is out of range", got=self.effort, allowed="1 … 9")
        if not 4 <= self.max_fanout <= 64:
            raise ConfigError("layout.max_fanout is out of range", got=self.max_fanout, allowed="4 … 64")
        check_engine(self.engine)


@dataclass(frozen=True)
class PlaceResult:
    """hpwl_global_um: before buffers and clock tree; hpwl_um: at the end (both ESTIMATED, half-perimeters). utilisation: area of all cells,
    fixed ones too, over the core's. seconds: by step; results that differ only in them are equal."""

    block: Block
    hpwl_global_um: float
    hpwl_um: float
    utilisation: float
    buffers: BufferReport
    clock_tree: ClockTreeReport
    seconds: dict[str, float] = field(default_factory=dict, compare=False)


class _Clock:
    """Says what begins and keeps how long each step took."""

    def __init__(self, progress: Progress | None) -> None:
        self.seconds: dict[str, float] = {}
        self._progress = progress
        self._step: tuple[str, float] | None = None

    def __call__(self, step: str) -> None:
        self.stop()
        self._step = step, perf_counter()
        if self._progress is not None:
            self._progress(step)

    def stop(self) -> None:
        if self._step is not None:
            self.seconds[self._step[0]] = perf_counter() - self._step[1]
            self._step = None


def place_block(
    block: Block,
    kit: Kit,
    options: PlaceOptions | None = None,
    progress: Progress | None = None,
    *,
    refine: Refine | None = None,
    mend: Mend | None = None,
) -> PlaceResult:
    """Taps, power grid, ports, global placement, buffers, clock tree, legal and detailed placement of a floorplanned block.

    refine: asked after every global placement for the weights of a further one, which goes on from the present places (timing-driven
    placement); it ends the rounds by returning None. mend: repairs timing once the cells are legal.
    """
    options = options or PlaceOptions()
    say = clock = _Clock(progress)
    if not block.rows:
        raise ConfigError("the block has no rows", got=block.name, next_step="make_floorplan first")
    weights = options.net_weights

    def ports(of: Block) -> Block:
        return place_ports(of, kit, options.sides, order=options.order, even=options.even_ports)

    say("taps and power grid")
    current = add_power_grid(add_taps(block, kit), kit, core_ring=options.core_ring)
    say("global placement")
    # a rough placement is enough to find the ports' places: the wires of the final one come out within 0.1 %
    current = place_global(ports(current), kit, seed=options.seed, effort=1, net_weights=weights, engine=options.engine)
    current = ports(current)
    current = place_global(current, kit, seed=options.seed, effort=options.effort, net_weights=weights, engine=options.engine)
    while refine is not None and (fresh := refine(current)) is not None:
        weights = fresh
        current = place_global(
            current, kit, seed=options.seed, effort=options.effort, net_weights=weights, engine=options.engine, start="present"
        )
    hpwl_global = total_hpwl(current, kit)
    say("buffers and clock tree")
    current, buffers = buffer_fanout(current, kit, max_fanout=options.max_fanout, max_cap_ff=options.max_cap_ff)
    current, tree = build_clock_tree(current, kit, max_fanout=options.max_fanout)
    room = sum(row.sites * kit.technology.sites[row.site].width * kit.technology.sites[row.site].height for row in current.rows)
    used = sum(kit.masters[i.master].width * kit.masters[i.master].height for i in standard_cells(current, kit))
    if used > 0.98 * room:
        raise ConfigError(
            "the cells with buffers and clock tree do not fit into the core",
            got=f"{used / room:.0%}",
            allowed="at most 98 %",
            next_step="lower layout.utilisation",
        )
    say("legal and detailed placement")
    if options.engine != "coloquinte":
        # makes room for the new cells and draws their nets together: final wires 2 to 3 % shorter on columns
        current = place_global(current, kit, seed=options.seed, effort=options.effort, net_weights=weights, start="present")
    current = place_legal(current, kit, seed=options.seed, effort=options.effort, net_weights=weights, engine=options.engine)
    current, _ = size_drivers(current, kit, share=1.0)  # sizes changed only where a load became illegal; widths may change
    if mend is not None:
        say("timing repair")
        current = mend(current)
    current = place_legal(current, kit, seed=options.seed, effort=options.effort, net_weights=weights, engine=options.engine)
    current = settle_power_ends(ports(current), kit)
    clock.stop()
    area = (current.core.x1 - current.core.x0) * (current.core.y1 - current.core.y0)
    share = cell_area(current, kit) / area
    return PlaceResult(current, hpwl_global, total_hpwl(current, kit), share, buffers, tree, clock.seconds)
