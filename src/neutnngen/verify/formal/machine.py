"""What a proof has to know about an architecture of the learning column: where things are, and how many clocks they take.

Another architecture than the one with a register per weight (weights that circulate, say) is another ``Machine``; the proofs stay.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from neutnngen.rtl.rings import RingPlan, Rings
from neutnngen.spec import MU_ONE, ColumnSpec, Design
from neutnngen.verify.formal.step import Step

WeightBits = Callable[[int, int], list[tuple[str, int]]]


@dataclass(frozen=True)
class Machine:
    """A learning column with the ports of ``column.sv.j2``.

    ratio: clocks per unit clock; spike_in is held so long. clocks: of a wave. delay: clocks from the end of the unit clock in which one
    fires to the first clock with its output high. weight: registers of a synapse (neuron, input), lowest bit first, as (name, bit), where
    they are in the cleared state. lfsr: register of the random state, with the bits of ``turned`` inverted. random: registers of random
    bits, which survive the wave boundary, as (name, "hits" or "hits_down", numbers of the draws, bit 0 first); an architecture need not
    have all. cleared: registers whose cleared value is not 0, with that value. idle: (name, bit) of registers that hold nothing; they may
    have any value. reset: clocks of rst that bring every other register to its start; 0 where the theorem about the boundary says it of
    one clock.
    """

    ratio: int
    clocks: int
    delay: int
    weight: WeightBits
    lfsr: str = "random.state"
    turned: int = 0
    random: tuple[tuple[str, str, tuple[int, ...]], ...] = ()
    cleared: tuple[tuple[str, int], ...] = ()
    idle: tuple[tuple[str, int], ...] = ()
    reset: int = 0

    def output_base(self, clock: int) -> int:
        """Outputs that are high in this clock of the wave are those whose time is less than this."""
        return max(0, (clock - self.delay) // self.ratio)

    def home(self, step: Step, neuron: int, line: int) -> list[int]:
        """Bits of state of a weight in the cleared state, lowest first."""
        return [step.place(name, bit) for name, bit in self.weight(neuron, line)]

    def survivors(self, step: Step) -> set[int]:
        """Bits of state that hold random state, random bits or nothing."""
        held = {place for name in (self.lfsr, *(name for name, _, _ in self.random)) for place in step.registers(name)}
        return held | {step.place(*known) for known in self.idle}

    def cleared_value(self, step: Step, place: int) -> int:
        """The cleared value of a bit of state that is no weight and not random."""
        for name, value in self.cleared:
            for bit, at in enumerate(step.registers(name)):
                if at == place:
                    return value >> bit & 1
        return 0


def parallel(column: ColumnSpec) -> Machine:
    """The architecture with a register per weight: a unit clock is one clock."""
    draws = range(column.draws)
    return Machine(
        1,
        column.wave_clocks,
        0,
        lambda j, i: [(f"weight_{j}_{i}", bit) for bit in range(column.w_res)],
        random=(("random.drawn", "hits", tuple(draws)), ("random.table_up.table_down.drawn_down", "hits_down", tuple(draws[5:]))),
    )


def circulating(design: Design, rings: Rings) -> Machine:
    """The architecture whose weights circulate. rings: fitted to the column. The lines that are not there have weights that mean
    nothing."""
    column, plan = design.column, RingPlan(design.column, rings)
    slots, members = rings.slots, rings.members

    def register(neuron: int, line: int) -> list[tuple[str, int]]:
        name, first = plan.register(neuron, line)
        return [(name, first + bit) for bit in range(column.w_res)]

    absent = [(j, i) for j in range(column.neurons) for i in range(column.inputs, plan.groups * slots)]
    start = (1 << plan.potential_bits) - column.threshold
    potentials = sum(start << (plan.potential_bits * k) for k in range(members))
    up, down = column.stdp.stabiliser_table(column.w_max)
    stored = [
        ("random.rising.stored", "hits", _drawn((*column.stdp.mu, *up))),
        ("random.two_tables.falling.stored", "hits_down", _drawn((0,) * 5 + tuple(down))),
    ]
    return Machine(
        slots,
        plan.clocks,
        0,
        register,
        lfsr="random.held",
        turned=design.lfsr_state,
        random=tuple(stored),
        cleared=(
            ("controller.slots.place", 1),
            ("controller.members.at", 1),
            *((f"potentials_{block}.potentials", potentials) for block in range(plan.blocks)),
        ),
        idle=tuple(known for j, i in absent for known in register(j, i)),
        reset=plan.reset_clocks,
    )


def _drawn(limits: tuple[int, ...]) -> tuple[int, ...]:
    """Draws whose bit is no constant (`drawn_bits`)."""
    return tuple(number for number, limit in enumerate(limits) if limit not in (0, MU_ONE))
