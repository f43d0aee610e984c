"""Classic columns whose weights circulate: lines take turns at a shared head, neurons at a shared updater.

A ring is a shift register of the weights of ``slots`` lines to ``members`` neurons. It never stands still, so that a weight needs no gate
to hold it, and what reads and what changes weights exists once for many of them. One unit clock takes ``slots`` clocks. In unit clock u,
slot s, head k of a ring holds the weight of its line s to its neuron (k - u) mod ``members``; the last ``members`` unit clocks of a wave
are the update.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from neutnngen.errors import ConfigError, unknown_name
from neutnngen.rtl.scan import Place, ScanOrder
from neutnngen.rtl.structure import wave_clocks
from neutnngen.rtl.words import constant, joined, random_words
from neutnngen.spec import ColumnSpec, Design

RING_LEAVES = (
    "full_adder", "adder", "bit_count", "ring_controller", "lfsr_draw", "drawn_bits", "random_shift", "line_ring", "weight_ring",
    "synapse_response", "rule_gates", "weight_update", "potential_ring", "ring_winner",
)  # fmt: skip
SLOTS = 2
MOST_MEMBERS = 5


@dataclass(frozen=True)
class Rings:
    """slots: lines that share a head, clocks of a unit clock. members: neurons that share an updater; it divides the neurons. 0: chosen by
    ``fitted``."""

    slots: int = SLOTS
    members: int = 0

    def fitted(self, column: ColumnSpec) -> Rings:
        """With ``members`` chosen: the largest divisor of the neurons up to 5. Raises ConfigError if rings cannot do this column."""
        if not 1 <= self.slots <= 64:
            raise ConfigError("the lines that share a head of a ring are out of range", got=self.slots, allowed="1 … 64")
        divisors = [m for m in range(1, column.neurons + 1) if column.neurons % m == 0]
        members = self.members or max(m for m in divisors if m <= MOST_MEMBERS)
        if members not in divisors:
            raise ConfigError(
                "the neurons that share an updater must divide the column's neurons",
                got=f"{members} of {column.neurons}",
                allowed=", ".join(map(str, divisors)),
            )
        return Rings(self.slots, members)


STYLES = ("parallel", "rings")
"""How a classic column that learns is built: with logic at every synapse, or with weights that circulate."""


def chosen_style(style: str, slots: int = SLOTS, members: int = 0) -> Rings | None:
    """What ``generate_rtl`` takes for a style by name. Raises ConfigError for a name that is none."""
    if style not in STYLES:
        raise unknown_name("there is no such style of RTL", style, STYLES)
    return Rings(slots, members) if style == "rings" else None


def check_rings(design: Design) -> None:
    """Raise ConfigError for columns that rings cannot do: steps, ties by potential, pruned synapses."""
    column = design.column
    problems = []
    if column.response != "rnl":
        problems.append("step response (rule S3)")
    if column.tie != "lowest_index":
        problems.append("ties by the largest potential (rule D1)")
    if not design.mask.all():
        problems.append("pruned synapses")
    if problems:
        raise ConfigError(
            "this column cannot have weights that circulate",
            got=", ".join(problems),
            allowed="dense columns with ramps and the lowest index",
            next_step="choose the style parallel",
        )


@dataclass(frozen=True)
class RingPlan:
    """Where everything of a column is. column: dense. rings: fitted to it."""

    column: ColumnSpec
    rings: Rings

    @property
    def groups(self) -> int:
        """Rings of one block: groups of ``slots`` lines."""
        return -(-self.column.inputs // self.rings.slots)

    @property
    def blocks(self) -> int:
        """Blocks of ``members`` neurons, each with a ring for every group of lines."""
        return self.column.neurons // self.rings.members

    @property
    def units(self) -> int:
        """Unit clocks of a wave: a multiple of ``members``, so that every weight is at home when it ends."""
        members, column = self.rings.members, self.column
        return members * -(-(max(column.horizon, column.draws) + members) // members)

    @property
    def clocks(self) -> int:
        """Clocks of a wave."""
        return self.units * self.rings.slots

    @property
    def potential_bits(self) -> int:
        """Holds -θ … inputs - 1: one unit clock after the first neuron fires nothing drives any more (rule A1)."""
        return max((self.column.threshold - 1).bit_length(), (self.column.inputs - 1).bit_length()) + 1

    @property
    def reset_clocks(self) -> int:
        """Clocks of reset that bring every register to its start: the random state is shifted in ten bits at a time."""
        return max(self.rings.slots, -(-self.column.lfsr.width // 10))

    def _places(self) -> Iterator[Place | None]:
        slots, members, width = self.rings.slots, self.rings.members, self.column.w_res
        last_head = width * self.groups * self.blocks - 1
        for turn in range(last_head + 1):
            head, bit = divmod(last_head - turn, width)
            block, group = divmod(head, self.groups)
            for place in range(slots * members):
                unit, slot = divmod(place, slots)
                line = group * slots + slot
                yield (block * members + members - 1 - unit, line, bit) if line < self.column.inputs else None

    def order(self) -> ScanOrder:
        """``slots`` × ``members`` interleaved chains; it must be turned by whole images."""
        return ScanOrder(tuple(self._places()), (self.column.neurons, self.column.inputs))

    def register(self, neuron: int, line: int) -> tuple[str, int]:
        """The register of a weight between waves, and its lowest bit there; also of a line that is not there."""
        (block, member), (group, slot) = divmod(neuron, self.rings.members), divmod(line, self.rings.slots)
        place = member * self.rings.slots + self.rings.slots - 1 - slot
        return f"ring_{block}_{group}.weights", place * self.column.w_res

    def probe(self, neuron: int, line: int) -> str:
        """The same as SystemVerilog."""
        name, first = self.register(neuron, line)
        return f"{name}[{first}+:{self.column.w_res}]"


def clocks_of(design: Design, rings: Rings | None = None) -> int:
    """Clocks of a wave in hardware."""
    if rings is not None:
        return RingPlan(design.column, rings).clocks
    classic = design.network.classic
    return wave_clocks(design.network) if classic is None else classic.wave_clocks


def ring_context(design: Design, plan: RingPlan) -> dict[str, Any]:
    """What the template of a column with rings prints."""
    column, rings = design.column, plan.rings
    up, down = column.stdp.stabiliser_table(column.w_max)
    stdp = column.stdp
    groups = []
    for group in range(plan.groups):
        lines = range(group * rings.slots, (group + 1) * rings.slots)
        groups.append(
            {
                "index": group,
                "spikes": joined([f"spike_in[{n}]" if n < column.inputs else "1'b0" for n in lines]),
            }
        )
    return {
        "name": design.name,
        "inputs": column.inputs,
        "neurons": column.neurons,
        "synapse_count": design.synapses,
        "slots": rings.slots,
        "members": rings.members,
        "groups": groups,
        "blocks": range(plan.blocks),
        "units": plan.units,
        "clocks": plan.clocks,
        "reset_clocks": plan.reset_clocks,
        "t_in_max": column.t_in_max,
        "count_w": (plan.units - 1).bit_length(),
        "weight_w": column.w_res,
        "levels": column.w_max + 1,
        "draws": column.draws,
        "potential_w": plan.potential_bits,
        "threshold": column.threshold,
        **random_words(column.lfsr, stdp, up, down),
        "seed": constant(design.lfsr_state, column.lfsr.width),
        "same": int(up == down),
        "same_inside": int(up[1:-1] == down[1:-1]),
        "links": plan.groups * plan.blocks,
    }


def ring_hierarchy(design: Design, plan: RingPlan) -> dict[str, Any]:
    """Which instance is which part of the Design, and where its state stands."""
    column, rings = design.column, plan.rings
    synapses = [(j, i) for j in range(column.neurons) for i in range(column.inputs)]
    instances = {f"input/{i}": f"line_{i // rings.slots}" for i in range(column.inputs)}
    instances |= {f"neuron/{j}/synapse/{i}": f"ring_{j // rings.members}_{i // rings.slots}" for j, i in synapses}
    instances |= {f"neuron/{j}": f"potentials_{j // rings.members}" for j in range(column.neurons)}
    return {
        "instances": instances | {"inhibition": "inhibition", "random": "random", "controller": "controller"},
        "registers": {
            "weight of a synapse, between waves": {f"neuron/{j}/synapse/{i}": plan.probe(j, i) for j, i in synapses},
            "unit clocks since arrival of the inputs of a ring": "line_<group>.ages",
            "potentials of a block, less the threshold": "potentials_<block>.potentials",
            "winner, one-hot": "inhibition.winner",
            "random state, turned by the seed": "random.held",
            "random bits of the wave": "random.rising.stored",
            "unit clock": "controller.count",
        },
    }
