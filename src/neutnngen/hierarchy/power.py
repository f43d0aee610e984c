"""Power of a chip's own wires and repeaters, ESTIMATED, from the measured activity of the column's pins."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from neutnngen.hierarchy.chip import BANK, HIGH, LOW, Chip
from neutnngen.hierarchy.netlist import GLUE, PORT, Pin
from neutnngen.hierarchy.timing import CLOCK, WireTiming


@dataclass(frozen=True)
class WirePower:
    """uW. clock: wires and repeaters of the clock; data: of all other nets; unknown: nets of the network that no column has a pin of, which
    are left out."""

    clock: float
    data: float
    unknown: int

    @property
    def total(self) -> float:
        return self.clock + self.data


def wire_power(chip: Chip, timing: WireTiming, activity: Mapping[str, tuple[float, float]], voltage: float, period: float) -> WirePower:
    """Switching of the wires and repeaters' inputs, and power inside the repeaters. What the wires drive in macros is power of those.

    activity: changes per clock (and share of the time at 1) by pin of a column, as measured at one of them: all others are taken to be like
    it. voltage: V. period: of the clock, ns.
    """
    module = {p.instance: p.module for p in chip.placements}
    pins: dict[str, set[str]] = defaultdict(set)
    for origin, ends in zip(chip.wiring.origins, chip.wiring.ends, strict=True):
        pins[origin].update(pin.name for pin in ends if pin.instance not in (PORT, GLUE) and module[pin.instance] != BANK)
    clocks = {o for o, ends in zip(chip.wiring.origins, chip.wiring.ends, strict=True) if ends[0] == Pin(PORT, CLOCK)}
    toggles: dict[str, float] = {}
    for origin, names in pins.items():
        known = [activity[name][0] for name in names if name in activity]
        if origin in clocks:
            toggles[origin] = 2.0
        elif known:
            toggles[origin] = sum(known) / len(known)
    power = {True: 0.0, False: 0.0}
    for number, origin in enumerate(chip.wiring.origins):
        if origin in toggles:
            energy = 0.5 * float(timing.load[number]) * voltage**2 + float(timing.inside[number])
            power[origin in clocks] += energy * toggles[origin] / period
    unknown = sum(origin not in toggles and origin not in (HIGH, LOW) for origin in pins)
    return WirePower(power[True], power[False], unknown)
