"""What a network for digits is made of, in the words of its designer; ``build`` makes a Design of it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from neutnngen.apps.mnist.blueprint import PLASTICITY, ReadoutPlan
from neutnngen.errors import ConfigError, unknown_name
from neutnngen.spec import StdpSpec, check_keys

Sense = Literal["both", "sound", "image"]
Masks = Literal["dendrites", "segments", "dense"]
SENSES: tuple[Sense, ...] = get_args(Sense)
MASKS: tuple[Masks, ...] = get_args(Masks)


@dataclass(frozen=True)
class DigitsPlan:
    """A layer of columns, each on the same window of the image and of the log-mel map, and a voter on the winners of their dendrites.

    sense: what is presented. masks: which lines a segment of a network for both has synapses to. ``dendrites``: half of the dendrites see
    the image's lines only, the others the sound's, so each sense has winners of its own; ``segments``: the same for the segments of every
    dendrite, so the senses compete for it; ``dense``: every segment sees both. size, stride: of the windows, in places. dendrites: of a
    column for each sense; for both senses there are twice as many, whatever the masks. segments: of every dendrite. threshold: θ as a share
    of the largest weight times the mean number of lines that spike among those that a segment sees.
    """

    name: str
    sense: Sense = "both"
    masks: Masks = "dendrites"
    size: int = 7
    stride: int = 3
    dendrites: int = 2
    segments: int = 12
    threshold: float = 0.3
    t_res: int = 3
    w_res: int = 3
    stdp: StdpSpec = PLASTICITY
    readout: ReadoutPlan = field(default_factory=ReadoutPlan)
    passes: int = 4
    about: str = ""

    def __post_init__(self) -> None:
        for name, value, allowed in (("sense", self.sense, SENSES), ("masks", self.masks, MASKS)):
            if value not in allowed:
                raise unknown_name(f"{name} is not legal", value, allowed)
        for name, low, high in (("size", 1, 64), ("stride", 1, 64), ("dendrites", 1, 128), ("segments", 1, 4096), ("passes", 1, 10_000)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise ConfigError(f"{name} is out of range", got=value, allowed=f"an integer {low} … {high}")
        if not 0.01 <= self.threshold <= 1:
            raise ConfigError("threshold is out of range", got=self.threshold, allowed="0.01 … 1")
        if self.masks == "segments" and self.sense == "both" and self.segments < 2:
            raise ConfigError("each sense needs a segment", got=self.segments, allowed="segments ≥ 2")
        if self.readout.kind != "margin":
            raise ConfigError("digits are read by the voter of rule R14", got=self.readout.kind, allowed="margin")
        if not self.name.isidentifier() or not self.name.isascii() or self.name.startswith("_"):
            raise ConfigError("the name of a design must be usable as a module name", got=self.name, allowed="letters, digits and '_'")

    @property
    def senses(self) -> tuple[Literal["image", "sound"], ...]:
        """Those that are presented, in the order of their lines."""
        return ("image", "sound") if self.sense == "both" else (self.sense,)

    @property
    def blocks(self) -> int:
        """Kinds of segments that see other lines than each other."""
        return 1 if self.masks == "dense" else len(self.senses)

    def of(self, sense: str, masks: str = "dendrites") -> DigitsPlan:
        """The same for another sense and other masks; of a sense alone there is only one kind of masks."""
        return dataclasses.replace(self, sense=sense, masks=masks if sense == "both" else "dendrites")  # type: ignore[arg-type]


def plan_from_dict(values: dict[str, Any]) -> DigitsPlan:
    """The plan of a Design's provenance. Raises ConfigError for a key that is not legal."""
    check_keys("the plan", values, [f.name for f in dataclasses.fields(DigitsPlan)])
    made = dict(values)
    for key, kind in (("stdp", StdpSpec), ("readout", ReadoutPlan)):
        if key in made:
            check_keys(f"the plan's {key}", made[key], [f.name for f in dataclasses.fields(kind)])
            made[key] = kind(**made[key])
    return DigitsPlan(**made)


DEFAULT = "small"
CATALOGUE: dict[str, DigitsPlan] = {
    plan.name: plan
    for plan in (
        DigitsPlan("tiny", stride=7, dendrites=1, segments=8, about="16 windows of 7 × 7 places, a dendrite of 8 segments for each sense"),
        DigitsPlan("small", about="64 windows of 7 × 7 places, 2 dendrites of 12 segments for each sense"),
        DigitsPlan("large", segments=48, about="64 windows of 7 × 7 places, 2 dendrites of 48 segments for each sense; to be pruned"),
    )
}


def named_plan(name: str) -> DigitsPlan:
    """A plan by its name in the catalogue."""
    if name not in CATALOGUE:
        raise unknown_name("there is no design of this name", name, CATALOGUE)
    return CATALOGUE[name]
