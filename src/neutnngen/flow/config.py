"""Configuration of the flow from RTL to layout: the ``[layout]`` table."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from neutnngen.errors import ConfigError, unknown_name
from neutnngen.rtl.rings import SLOTS, Rings, chosen_style

MACRO_SETS = ("tnn7",)
# as place_route.placement and place_route.pin_placement have them, which take long to import; a test compares them
Engine = Literal["electrostatic", "coloquinte"]
Side = Literal["left", "right", "bottom", "top"]
When = Literal["auto", "on", "off"]


@dataclass(frozen=True)
class LayoutConfig:
    """What the user chooses of the physical design.

    style: of the RTL, "parallel" or "rings"; slots, members: of rings, see ``rtl.rings.Rings``.
    kit, kit_folder: process kit, and the user's folder with its files (None: the installed distribution).
    macros, macros_folder: hard macros beside the kit's cells ("tnn7", for rings), and the user's folder with their views.
    clock_period_ns: the timing target; unit_clock_hz: unit clock at which power is reported as well.
    utilisation: share of the core that cells fill; aspect: height over width. engine: of placement, "electrostatic" (our own) or
    "coloquinte". pin_sides: side of the die by port, where it matters; pin_order: ports of a side in their order, bottom to top or left
    to right; even_pins: those evenly along their side instead of near their cells. core_ring: rings of power and ground around the core.
    max_fanout: of signal nets and clock buffers. effort: of placement, 1 … 9. seed: of placement and routing.
    route_iterations: rounds of rip-up and reroute. waves: real waves of the gate simulation, half of them with learning on.
    picture_width: pixels. deck: the independent rule deck where kit and machine have one: auto (small blocks: it
    takes ten minutes for 100,000 cells), on, off. lvs_devices: the layout's transistors against the netlist where the kit describes them:
    auto (blocks that take about a minute), on, off.
    """

    style: str = "parallel"
    slots: int = SLOTS
    members: int = 0
    kit: str = "nangate45"
    kit_folder: Path | None = None
    macros: str = ""
    macros_folder: Path | None = None
    clock_period_ns: float = 4.0
    unit_clock_hz: float = 100e3
    utilisation: float = 0.65
    aspect: float = 1.0
    engine: Engine = "electrostatic"
    pin_sides: dict[str, Side] = field(default_factory=dict)
    pin_order: dict[Side, list[str]] = field(default_factory=dict)
    even_pins: bool = False
    core_ring: bool = False
    max_fanout: int = 16
    effort: int = 3
    seed: int = 0
    route_iterations: int = 60
    waves: int = 512
    picture_width: int = 1600
    deck: When = "auto"
    lvs_devices: When = "auto"

    def __post_init__(self) -> None:
        chosen_style(self.style)
        if self.macros not in ("", *MACRO_SETS):
            raise unknown_name("there are no such macros", self.macros, MACRO_SETS)
        if self.macros and (self.macros_folder is None or self.style != "rings"):
            raise ConfigError(
                "macros need their folder, and the style whose adders are cells of their own",
                got=f"layout.macros_folder = {self.macros_folder}, layout.style = {self.style}",
                allowed="a folder, and rings",
                next_step="--macros-folder DIR --style rings",
            )
        for key, when in (("deck", self.deck), ("lvs_devices", self.lvs_devices)):
            if when not in get_args(When):
                raise unknown_name(f"layout.{key} has no such value", when, get_args(When))
        limits: dict[str, tuple[float, float]] = {
            "slots": (1, 64),
            "members": (0, 1_000_000),
            "clock_period_ns": (0.01, 1e9),
            "unit_clock_hz": (1.0, 1e11),
            "utilisation": (0.1, 0.95),
            "aspect": (0.25, 4.0),
            "max_fanout": (4, 64),
            "effort": (1, 9),
            "seed": (0, 2**31 - 1),
            "route_iterations": (1, 1000),
            "waves": (2, 1_000_000),
            "picture_width": (16, 20_000),
        }
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ConfigError(f"layout.{name} is out of range", got=value, allowed=f"{low:g} … {high:g}")
        if self.engine not in get_args(Engine):
            raise unknown_name("placement engine (layout.engine)", self.engine, get_args(Engine))
        for key, sides in (("pin_sides", self.pin_sides.values()), ("pin_order", self.pin_order)):
            for side in sides:
                if side not in get_args(Side):
                    raise unknown_name(f"side of the die in layout.{key}", side, get_args(Side))
        for name in (name for side, listed in self.pin_order.items() for name in listed if self.pin_sides.get(name, side) != side):
            raise ConfigError("layout.pin_order and layout.pin_sides give a port different sides", got=name)
        listed_ports = [name for listed in self.pin_order.values() for name in listed]
        twice = next((name for name in listed_ports if listed_ports.count(name) > 1), None)
        if twice is not None:
            raise ConfigError("layout.pin_order names a port twice", got=twice, allowed="each port once")

    @property
    def port_sides(self) -> dict[str, Side]:
        """Sides of ports, those from their order too."""
        return self.pin_sides | {name: side for side, listed in self.pin_order.items() for name in listed}

    @property
    def rings(self) -> Rings | None:
        """The style as ``generate_rtl`` takes it."""
        return chosen_style(self.style, self.slots, self.members)
