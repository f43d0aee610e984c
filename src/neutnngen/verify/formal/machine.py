"""What a proof has to know about an architecture of the learning column: where things are, and how many clocks they take.

Another architecture than the one with a register per weight (weights that circulate, say) is another ``Machine``; the proofs stay.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from neutnngen.spec import ColumnSpec
from neutnngen.verify.formal.step import Step

WeightBits = Callable[[int, int], list[tuple[str, int]]]


@dataclass(frozen=True)
class Machine:
    """A learning column with the ports of ``column.sv.j2``.

    ratio: clocks per unit clock; spike_in is held so long. clocks: of a wave. delay: clocks from the end of the unit clock in which one
    fires to the first clock with its output high. weight: registers of a synapse (neuron, input), lowest bit first, as (name, bit), where
    they are in the cleared state. lfsr: register of the random state. random: registers of random bits, which survive the wave boundary, as
    (name, "hits" or "hits_down", number of the draw in bit 0); an architecture need not have all. cleared: registers whose cleared value is
    not 0, with that value.
    """

    ratio: int
    clocks: int
    delay: int
    weight: WeightBits
    lfsr: str = "random.state"
    random: tuple[tuple[str, str, int], ...] = (
        ("random.drawn", "hits", 0),
        ("random.table_up.table_down.drawn_down", "hits_down", 5),
    )
    cleared: tuple[tuple[str, int], ...] = ()

    def output_base(self, clock: int) -> int:
        """Outputs that are high in this clock of the wave are those whose time is less than this."""
        return max(0, (clock - self.delay) // self.ratio)

    def home(self, step: Step, neuron: int, line: int) -> list[int]:
        """Bits of state of a weight in the cleared state, lowest first."""
        return [step.place(name, bit) for name, bit in self.weight(neuron, line)]

    def survivors(self, step: Step) -> set[int]:
        """Bits of state that hold random state or random bits."""
        return {place for name in (self.lfsr, *(name for name, _, _ in self.random)) for place in step.registers(name)}

    def cleared_value(self, step: Step, place: int) -> int:
        """The cleared value of a bit of state that is no weight and not random."""
        for name, value in self.cleared:
            for bit, at in enumerate(step.registers(name)):
                if at == place:
                    return value >> bit & 1
        return 0


def parallel(column: ColumnSpec) -> Machine:
    """The architecture with a register per weight: a unit clock is one clock."""
    return Machine(1, column.wave_clocks, 0, lambda j, i: [(f"weight_{j}_{i}", bit) for bit in range(column.w_res)])
