"""Mutants: the RTL with one line made wrong. A check that does not catch them checks nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from neutnngen.engine import ReferenceEngine
from neutnngen.errors import ConfigError, ToolFailed
from neutnngen.files import write_atomic
from neutnngen.rtl import Rings, RtlPackage, generate_rtl
from neutnngen.spec import Design
from neutnngen.verify.compare import compare
from neutnngen.verify.simulate import simulate_rtl

TOP = "{top}"
"""Stands for the top module's name in ``Mutant.file``."""


@dataclass(frozen=True)
class Mutant:
    """One wrong line: in ``file`` the text ``find``, which occurs exactly once, becomes ``put``. rule: what it breaks."""

    name: str
    file: str
    find: str
    put: str
    rule: str

    def applied(self, text: str) -> str:
        """``text`` of the file with the one change. Raises ConfigError unless ``find`` occurs exactly once."""
        times = text.count(self.find)
        if times != 1:
            raise ConfigError(f"mutant {self.name} does not fit {self.file}", got=f"{times} × {self.find!r}", allowed="1 ×")
        return text.replace(self.find, self.put)


MUTANTS = (
    Mutant("wave_one_clock_short", "wave_controller.sv", "COUNT_W'(CLOCKS - 1)", "COUNT_W'(CLOCKS - 2)", "T3"),
    Mutant("state_not_cleared", "wave_controller.sv", "rst | shift | last;", "rst | shift;", "T5"),
    Mutant("draws_while_not_learning", "wave_controller.sv", "draw   = learn & ~shift &", "draw   = ~shift &", "R11"),
    Mutant("updates_while_not_learning", "wave_controller.sv", "update = learn & ~shift & last", "update = ~shift & last", "R11"),
    Mutant("one_draw_missing", "wave_controller.sv", "COUNT_W'(DRAWS)", "COUNT_W'(DRAWS - 1)", "R7"),
    Mutant("nine_steps_per_draw", "lfsr_draw.sv", "after = chain[10]", "after = chain[9]", "R7"),
    Mutant("wrong_tap", "lfsr_draw.sv", "^(chain[k] & TAPS)", "^(chain[k] & (TAPS >> 1))", "R7"),
    Mutant("limit_included", "random_unit.sv", "(value < LIMIT", "(value <= LIMIT", "R7"),
    Mutant("nine_bits_per_draw", "lfsr_draw.sv", "chain[10][9:0]", "10'd0 | chain[10][8:0]", "R7"),
    Mutant("minus_and_backoff_swapped", "random_unit.sv", "backoff = drawn[3]", "backoff = drawn[1]", "R4"),
    Mutant(
        "stabiliser_one_level_off",
        "random_unit.sv",
        "stabilise_up = drawn[5+:LEVELS]",
        "stabilise_up = {drawn[5], drawn[STORED-1:6]}",
        "R6",
    ),
    Mutant("age_wraps", "spike_input.sv", "early ? ~&age : driving", "early | driving", "S2"),
    Mutant("late_spikes_count_as_early", "spike_input.sv", "driving = spike & ~decided", "driving = spike", "R2"),
    Mutant("ramp_compares_or_equal", "synapse_response.sv", "exceeds[0] = 1'b0", "exceeds[0] = 1'b1", "S2"),
    Mutant("search_does_not_saturate", "synapse.sv", "search & ~&weight", "search", "S1"),
    Mutant("losers_learn_as_winner", "synapse.sv", "winner ? up : search", "up | search", "R1"),
    Mutant("losers_fall_too", "synapse.sv", "fall = winner & down", "fall = down", "R2"),
    Mutant("no_borrow", "synapse.sv", "borrow[k-1] & ~weight[k-1]", "borrow[k-1] & weight[k-1]", "R2"),
    Mutant("capture_without_order", "plasticity_line.sv", "spike & early & capture", "spike & capture", "R1"),
    Mutant("minus_for_early", "plasticity_line.sv", "~early & minus", "minus", "R2"),
    Mutant("no_minimum_going_up", "plasticity_line.sv", "(minimum | stabilise_up[weight])", "stabilise_up[weight]", "R1"),
    Mutant("stabiliser_ignored_going_down", "plasticity_line.sv", "(minimum | stabilise_down[weight])", "1'b1", "R2"),
    Mutant("falls_below_zero", "plasticity_line.sv", "stabilise_down[weight]) & |weight", "stabilise_down[weight])", "S1"),
    Mutant("search_without_spike", "plasticity_line.sv", "search = spike & search_enable", "search = search_enable", "R3"),
    Mutant("threshold_exceeded", "neuron.sv", "(sum >= POTENTIAL_W", "(sum > POTENTIAL_W", "G1"),
    Mutant("one_input_missing", "neuron.sv", "i < TERMS", "i < TERMS - 1", "G1"),
    Mutant("sum_too_narrow", "neuron.sv", "else       potential <= sum", "else       potential <= sum & ~POTENTIAL_W'(8)", "A1"),
    Mutant("potential_kept", "neuron.sv", "if (clear) potential", "if (1'b0) potential", "T5"),
    Mutant("highest_index_wins", "winner_select.sv", "taken[j-1] | candidate[j-1]", "taken[j-1]", "D1"),
    Mutant("losers_fire_too", "winner_select.sv", "candidate & ~taken", "candidate", "C1"),
    Mutant("undecided", "winner_select.sv", "decided  = |winner", "decided  = winner[0]", "D1"),
    Mutant("a_line_crossed", TOP + ".sv", ".spike(spike_in[0]), .decided", ".spike(spike_in[1]), .decided", "L1"),
)
"""For a column of at least two inputs and two neurons with ramps, lowest index, and a stabiliser of one table."""


RING_MUTANTS = (
    Mutant("a_slot_early", "ring_controller.sv", "unit_end = place[SLOTS-1]", "unit_end = place[0]", "T1"),
    Mutant("update_a_unit_early", "ring_controller.sv", "(UNITS - MEMBERS))", "(UNITS - MEMBERS - 1))", "T5"),
    Mutant("one_draw_missing", "ring_controller.sv", "(count < COUNT_W'(DRAWS))", "(count < COUNT_W'(DRAWS - 1))", "R7"),
    Mutant("age_starts_at_one", "line_ring.sv", "early     = |age", "early     = arrived | (|age)", "R1"),
    Mutant("ages_kept", "line_ring.sv", "{AGE_W{~clear}} & (age", "{AGE_W{1'b1}} & (age", "T5"),
    Mutant("drives_after_the_decision", "line_ring.sv", "driving = arrived & ~decided", "driving = arrived", "D1"),
    Mutant("equal_limit_drawn", "drawn_bits.sv", "stored <= {value < limit,", "stored <= {value <= limit,", "R7"),
    Mutant("threshold_exceeded", "potential_ring.sv", "(1 << WIDTH) - THRESHOLD", "(1 << WIDTH) - THRESHOLD - 1", "G1"),
    Mutant("potentials_stay", "potential_ring.sv", "else if (unit_end) potentials", "else if (1'b0) potentials", "G1"),
    Mutant("highest_index_wins", "ring_winner.sv", "candidate & ~taken", "candidate", "C1"),
    Mutant("loser_backs_off", "rule_gates.sv", "silent_on   = update & win & backoff", "silent_on   = update & backoff", "R4"),
    Mutant("search_needs_the_stabiliser", "rule_gates.sv", "{LEVELS{minimum | ~win}}", "{LEVELS{minimum}}", "R3"),
    Mutant("falls_below_zero", "weight_update.sv", "levels_up[0] & ~down", "levels_up[0]", "S1"),
    Mutant("rises_above_the_top", "weight_update.sv", "levels_down[LEVELS-1] & down", "levels_down[LEVELS-1]", "S1"),
    Mutant("winner_only_rises", "weight_update.sv", "down = win & ~early;", "down = 1'b0;", "R2"),
    Mutant("carry_lost", "adder.sv", "if (CARRY != 0) begin : with_carry", "if (1'b0) begin : with_carry", "A1"),
)
"""The same where weights circulate, with at least two slots and two members."""


@dataclass(frozen=True)
class MutantResult:
    """caught: the check said no. survived: it said yes. invalid: the mutant did not compile or run, which proves nothing."""

    mutant: Mutant
    outcome: Literal["caught", "survived", "invalid"]
    detail: str


def mutate(package: RtlPackage, mutant: Mutant, folder: Path) -> RtlPackage:
    """A copy of the package's sources in ``folder`` with the mutant's one change. ConfigError unless its text occurs exactly once."""
    wanted = mutant.file.replace(TOP, package.top)
    if wanted not in [path.name for path in package.sources]:
        raise ConfigError(f"mutant {mutant.name}: no such file in the package", got=wanted)
    folder.mkdir(parents=True, exist_ok=True)
    copies = []
    for source in package.sources:
        text = source.read_text(encoding="utf-8")
        if source.name == wanted:
            text = mutant.applied(text)
        write_atomic(folder / source.name, text)
        copies.append(folder / source.name)
    return replace(package, folder=folder, sources=tuple(copies))


def run_mutants(
    design: Design,
    inputs: NDArray[np.uint8],
    learn: NDArray[np.bool_] | bool,
    folder: Path,
    *,
    mutants: tuple[Mutant, ...] | None = None,
    rings: Rings | None = None,
) -> list[MutantResult]:
    """Check every mutant of the design's RTL on these waves, each in a folder of its own. rings: style. mutants: default all of the style.

    Raises CheckFailed if the unchanged RTL does not pass: then no verdict on a mutant would mean anything.
    """
    expected = ReferenceEngine().run(design, inputs, learn, keep_states=True)
    package = generate_rtl(design, folder / "original", rings=rings)

    def check(candidate: RtlPackage, place: Path) -> tuple[bool, str]:
        record = simulate_rtl(candidate, design, inputs, learn, place)
        report = compare(expected, record, design, learn, engine="reference", level="rtl")
        if candidate is package:
            report.raise_if_different()
        return report.ok, report.message

    check(package, folder / "original")
    results = []
    for mutant in mutants or (MUTANTS if rings is None else RING_MUTANTS):
        place = folder / mutant.name
        try:
            ok, message = check(mutate(package, mutant, place), place)
            results.append(MutantResult(mutant, "survived" if ok else "caught", message))
        except ToolFailed as problem:
            results.append(MutantResult(mutant, "invalid", str(problem)))
    return results
